/** `npm run client`: writes the operations and types of the typed client anew, from the OpenAPI document that the server serves. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { projectRoot } from '../support/source.ts';
import { clientText } from './client-text.ts';

writeFileSync(join(projectRoot, 'src/client/api.ts'), await clientText());
