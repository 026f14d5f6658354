import { expect, test } from 'vitest';

import { BitSet } from '../../src/base/bit-set.ts';

test('agrees with a set, at the edges of words too', () => {
  const bits = new BitSet(96);
  const model = new Set<number>();
  for (const id of [0, 31, 32, 63, 64, 96, 5, 31]) {
    bits.add(id);
    model.add(id);
  }
  for (const id of [31, 64, 7]) {
    bits.delete(id);
    model.delete(id);
  }
  for (let id = 0; id <= 96; id++) expect(bits.has(id)).toBe(model.has(id));
});

test('grows to what is added', () => {
  const bits = new BitSet();
  for (const id of [3, 40, 1000]) bits.add(id);
  bits.delete(5000);
  expect([3, 40, 1000, 41, 5000].map((id) => bits.has(id))).toEqual([true, true, true, false, false]);
});
