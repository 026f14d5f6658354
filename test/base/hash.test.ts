import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { combineHash, hash32, hash53, hashIntegers, mix32 } from '../../src/base/hash.ts';

const isHash53 = (hash: number): boolean => Number.isSafeInteger(hash) && hash >= 0;

test('hash32 is MurmurHash3 x86_32: published values of texts whose UTF-16 bytes are the published input', () => {
  expect(hash32('', 0)).toBe(0);
  expect(hash32('', 1)).toBe(0x514e28b7);
  expect(hash32('', 0xffffffff)).toBe(0x81f16f39);
  expect(hash32('\u6574\u7473')).toBe(0xba6bd213); // the bytes of "test"
  expect(hash32('\u6574\u7473', 0x9747b28c)).toBe(0x704b81dc);
  expect(hash32('\uffff\uffff')).toBe(0x76293b50);
  expect(hash32('\u4321\u8765')).toBe(0xf55b516b);
  expect(hash32('\u4321')).toBe(0xa0f7b07a);
});

test('all texts that differ a little have other hashes', () => {
  const texts = Array.from({ length: 200_000 }, (_, index) => `page/${index}`);
  expect(new Set(texts.map((text) => hash53(text))).size).toBe(texts.length);
  expect(new Set(Array.from({ length: 1000 }, (_, seed) => hash53('a', seed))).size).toBe(1000);
  expect(hash53('ab')).not.toBe(hash53('ba'));
  expect(hash53('a\0')).not.toBe(hash53('a'));
});

test('hashes are integers below 2^53 for whatever text and integers', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.maxSafeInteger(), fc.maxSafeInteger(), (text, a, b) => {
      expect(isHash53(hash53(text, a))).toBe(true);
      expect(isHash53(combineHash(a, b))).toBe(true);
      expect(isHash53(hashIntegers([a, b]))).toBe(true);
      expect(combineHash(a, b)).toBe(combineHash(a, b));
      if (a !== b) expect(combineHash(a, b)).not.toBe(combineHash(b, a));
    }),
    { seed: 1, numRuns: 500 },
  );
});

test('small neighbouring integers never collide when combined, in either half', () => {
  const seen = new Set<number>();
  for (let a = -200; a < 200; a++) for (let b = -200; b < 200; b++) seen.add(combineHash(a, b));
  for (let a = 1; a <= 200; a++)
    for (let b = 0; b < 200; b++) seen.add(combineHash(a * 2 ** 32, b * 2 ** 33));
  expect(seen.size).toBe(160_000 + 40_000);
});

test('one changed bit changes about half of the bits', () => {
  let changed = 0;
  let count = 0;
  for (let value = 1; value < 500; value++) {
    for (let bit = 0; bit < 31; bit++) {
      changed += bits(combineHash(7, value), combineHash(7, value ^ (1 << bit)));
      changed += bits(combineHash(value, 7), combineHash(value ^ (1 << bit), 7));
      changed += bits(hash53(String(value)), hash53(String(value ^ (1 << bit))));
      count += 3;
    }
  }
  expect(changed / count / 53).toBeGreaterThan(0.495);
  expect(changed / count / 53).toBeLessThan(0.505);
});

test('a sequence of integers: order and length count', () => {
  const hashes = [[], [0], [0, 0], [1, 2], [2, 1], [1, 2, 0]].map((values) => hashIntegers(values));
  expect(new Set(hashes).size).toBe(hashes.length);
  expect(hashIntegers(new Set([1, 2]))).toBe(hashIntegers([1, 2]));
  expect(hashIntegers([1, 2], 1)).not.toBe(hashIntegers([1, 2], 2));
});

test('mix32 is a bijection, here on 2^17 neighbours', () => {
  const seen = new Set<number>();
  for (let value = 0; value < 1 << 17; value++) seen.add(mix32(value));
  expect(seen.size).toBe(1 << 17);
});

function bits(a: number, b: number): number {
  let count = 0;
  for (let both = BigInt(a) ^ BigInt(b); both > 0n; both >>= 1n) count += Number(both & 1n);
  return count;
}
