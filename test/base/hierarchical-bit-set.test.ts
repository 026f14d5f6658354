import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { HierarchicalBitSet } from '../../src/base/hierarchical-bit-set.ts';

test('an empty set has no largest element', () => {
  const set = new HierarchicalBitSet();
  expect([set.largest(), set.largestBelow(0), set.largestBelow(31), set.has(1_000)]).toEqual([
    -1,
    -1,
    -1,
    false,
  ]);
});

test('grows by several levels at once, from nothing and from something', () => {
  for (const first of [undefined, 0, 31, 40]) {
    const set = new HierarchicalBitSet();
    if (first !== undefined) set.add(first);
    set.add(10_000_000);
    set.checkInvariants();
    expect(set.largest()).toBe(10_000_000);
    expect(set.largestBelow(10_000_000)).toBe(first ?? -1);
    set.delete(10_000_000);
    set.checkInvariants();
    expect(set.largest()).toBe(first ?? -1);
  }
});

test('what is no possible element is an assertion', () => {
  const set = new HierarchicalBitSet();
  expect(() => set.add(-1)).toThrow('element -1');
  expect(() => set.add(2 ** 31 - 1)).toThrow('element 2147483647');
  expect(() => set.add(32.5)).toThrow('element 32.5');
  expect(set.largest()).toBe(-1);
});

test('any sequence of operations agrees with a sorted array', () => {
  // Near and far, so that words are shared and levels are skipped.
  const element = fc.oneof(fc.nat({ max: 70 }), fc.nat({ max: 40_000 }));
  const step = fc.record({ isAdded: fc.boolean(), element });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const set = new HierarchicalBitSet();
      const model = new Set<number>();
      for (const { isAdded, element: one } of steps) {
        if (isAdded) set.add(one);
        else if (model.has(one)) set.delete(one);
        if (isAdded) model.add(one);
        else model.delete(one);
      }
      set.checkInvariants();
      const expected = [...model].sort((a, b) => b - a);
      const found: number[] = [];
      for (let at = set.largest(); at >= 0; at = set.largestBelow(at)) found.push(at);
      expect(found).toEqual(expected);
      for (const { element: one } of steps) {
        expect(set.has(one)).toBe(model.has(one));
        expect(set.largestBelow(one)).toBe(expected.find((other) => other < one) ?? -1);
      }
    }),
    { seed: 1, numRuns: 200 },
  );
});
