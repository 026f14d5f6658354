import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { utf8Text } from '../../src/base/utf8.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

test('any bytes become the text that the platform makes of them', () => {
  const text = fc.string({ unit: 'binary', maxLength: 50 }).map((one) => new TextEncoder().encode(one));
  const torn = fc
    .array(
      fc.constantFrom(
        0x41,
        0x7f,
        0x80,
        0xbf,
        0xc0,
        0xc2,
        0xe0,
        0xa0,
        0xed,
        0x9f,
        0xef,
        0xf0,
        0x90,
        0xf4,
        0x8f,
        0xf5,
        0xff,
      ),
      {
        maxLength: 12,
      },
    )
    .map((bytes) => Uint8Array.from(bytes));
  fc.assert(
    fc.property(fc.oneof(text, torn, fc.uint8Array({ maxLength: 30 })), (bytes) => {
      expect(utf8Text(bytes)).toBe(decoder.decode(bytes));
    }),
    { seed: 1, numRuns: 2_000 },
  );
});

test('a long text is whole', () => {
  const text = 'ä€😀a'.repeat(5_000);
  expect(utf8Text(new TextEncoder().encode(text))).toBe(text);
});
