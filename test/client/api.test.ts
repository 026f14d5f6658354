import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { projectRoot } from '../support/source.ts';
import { clientText } from './client-text.ts';

test('the client is that of the document: `npm run client` changes nothing', async () => {
  expect(readFileSync(join(projectRoot, 'src/client/api.ts'), 'utf8')).toBe(await clientText());
});
