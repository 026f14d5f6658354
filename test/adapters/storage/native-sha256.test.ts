import { expect, test } from 'vitest';

import { NativeTextHash, nativeSha256 } from '../../../src/adapters/storage/native-sha256.ts';
import { sha256Hex } from '../../../src/base/sha256.ts';

test('whatever the text, at once or in parts, the hash is the one that runs everywhere', () => {
  const texts = ['', 'abc', 'ä€😀', 'lone \ud800 and \udc00', 'x'.repeat(100_000)];
  for (const text of texts) expect(nativeSha256(text)).toBe(sha256Hex(text));
  const parts = new NativeTextHash();
  for (const text of texts) parts.update(text);
  expect(parts.digestHex()).toBe(sha256Hex(texts.join('')));
});
