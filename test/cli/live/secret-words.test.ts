/** Names that look like those of secrets, and those that only speak of one. */
import { expect, test } from 'vitest';

import { looksSecret, secretWords } from '../../../src/cli/live/secret-words.ts';

test('a name holds a secret by any of its words, however they are put together', () => {
  for (const name of [
    'key',
    'OPENAI_API_KEY',
    'OPENAI_API_KEY_2',
    'apikey',
    'x-apikey-prod',
    'TOKEN_OF_TOOLS',
    'GITHUB_TOKEN',
    'accessToken',
    'db-password-old',
    'Authorization',
    'AWS_CREDENTIALS',
    'client_secret',
    'PASSPHRASE',
  ])
    expect(looksSecret(name), name).toBe(true);
});

test('a name that says something of a secret, or of tokens that a model counts, holds none', () => {
  for (const name of [
    'TOKEN_LIMIT',
    'max-tokens',
    'windowTokens',
    'OAUTH_TOKEN_URL',
    'PASSWORD_FILE',
    'keyVariable',
    'KEYBOARD',
    'key-bindings',
    'monkey',
    'TOKENIZERS_PARALLELISM',
    'PATH',
    '',
  ])
    expect(looksSecret(name), name).toBe(false);
});

test('of the words of a command, those behind such a name are secret', () => {
  const words = ['serve', '--token-of-tools', 'abc', '--token-limit', '9', 'accessToken=x', 'http://a/?q=1'];
  expect(secretWords(words)).toEqual([false, false, true, false, false, true, true]);
});
