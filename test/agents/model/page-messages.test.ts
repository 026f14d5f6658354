import { expect, test } from 'vitest';

import { pageOf } from '../../../src/agents/model/messages.ts';
import { PageMessages } from '../../../src/agents/model/page-messages.ts';

test('a page is read once: every prompt has the same message', () => {
  const pages = new PageMessages();
  pages.add('h', pageOf({ role: 'assistant', text: 'yes' }));
  pages.add('plain', 'a recorded block');
  const message = pages.of('h');
  expect(message).toEqual({ role: 'assistant', text: 'yes' });
  expect(pages.of('h')).toBe(message);
  expect(pages.of('plain')).toEqual({ role: 'user', text: 'a recorded block' });
  expect(pages.of('unknown')).toBeUndefined();
});
