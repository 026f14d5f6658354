import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { packJson, referencesIn, unpackJson } from '../../../src/adapters/storage/packed-json.ts';
import { wellKnownWords } from '../../../src/adapters/storage/well-known-words.ts';
import { sha256Hex } from '../../../src/base/sha256.ts';

const texts = new Map<string, string>();
const refer = (text: string): string | undefined => {
  if (!text.startsWith('long')) return undefined;
  const hash = sha256Hex(text);
  texts.set(hash, text);
  return hash;
};
const again = (value: unknown): unknown => unpackJson(packJson(value, refer), (hash) => texts.get(hash)!);

const digits = Array.from({ length: 16 }, (_, digit) => digit.toString(16));
const anyHash = fc.string({ minLength: 64, maxLength: 64, unit: fc.constantFrom(...digits) });
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 100 }),
  // Lone surrogates, too.
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 80 })
    .map((codes) => String.fromCharCode(...codes)),
  fc.constantFrom(...wellKnownWords),
  anyHash,
  fc.tuple(fc.string(), anyHash, fc.string()).map((parts) => parts.join('')),
  fc.string({ maxLength: 20 }).map((text) => `long ${text}`),
);
const { json } = fc.letrec((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    fc.maxSafeInteger(),
    anyText,
    fc.array(tie('json'), { maxLength: 20 }),
    fc.dictionary(anyText, tie('json'), { maxKeys: 20 }),
  ),
}));

test('what is read is what was written, with its members in their order', () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(JSON.stringify(again(value))).toBe(JSON.stringify(value));
    }),
    { seed: 1, numRuns: 1_000 },
  );
});

test('members that are undefined are left out, and a member named __proto__ is one', () => {
  expect(again({ a: undefined, b: 1 })).toEqual({ b: 1 });
  const value: unknown = JSON.parse('{"__proto__": {"a": 1}, "b": 2}');
  expect(JSON.stringify(again(value))).toBe('{"__proto__":{"a":1},"b":2}');
});

test('integers of all sizes, and numbers at their limits', () => {
  const values = [0, 15, 16, 127, 128, 2 ** 31, 2 ** 53 - 1, 2 ** 53, -1, -(2 ** 53), 0.1, 5e-324, 1.7e308];
  expect(again(values)).toEqual(values);
});

test('it takes few bytes: a word one, a hash 33, a small integer one', () => {
  const hash = 'ab'.repeat(32);
  expect(packJson('tokensIn')).toHaveLength(1);
  expect(packJson(hash)).toHaveLength(33);
  expect(packJson(15)).toHaveLength(1);
  expect(packJson({ ok: true, value: 7 })).toHaveLength(5);
  expect(packJson(`prompt/${hash}/12`)).toHaveLength(1 + 1 + 32 + 4);
});

test('the hashes that it refers to are told', () => {
  const value = { a: 'long one', b: ['long two', { c: 'short' }] };
  expect(referencesIn(packJson(value, refer))).toEqual([sha256Hex('long one'), sha256Hex('long two')]);
});

test('bytes that are no packed JSON are told', () => {
  for (const bytes of [[], [0x0f], [0x06, 5, 65], [0xff], [0x01, 0x01], [0x60 + 2, 0]])
    expect(() => unpackJson(Uint8Array.from(bytes))).toThrow('a row holds bytes that are no packed JSON');
});

test('words are as stored databases know them', () => {
  expect(wellKnownWords.length).toBeLessThanOrEqual(128);
  expect(new Set(wellKnownWords).size).toBe(wellKnownWords.length);
  // Words may be added at the end: then this is the hash of those before.
  expect(sha256Hex(wellKnownWords.slice(0, 109).join('\n'))).toBe(
    'dbf5a3808d984e3a58ca2e8851f2689c6aab2fde1ac0ab3755213827143f03fe',
  );
});
