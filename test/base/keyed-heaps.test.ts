import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { KeyedHeaps } from '../../src/base/keyed-heaps.ts';
import { seedCount } from '../support/seeds.ts';

const step = fc.record({
  isPush: fc.boolean(),
  heap: fc.integer({ min: -1, max: 2 }),
  id: fc.integer({ min: 1, max: 40 }),
  key: fc.constantFrom(0, 1, 2, 2.5, Infinity),
});

test('the first of each heap is the one that a scan finds, whatever is taken out', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 200 }), (steps) => {
      const heaps = new KeyedHeaps();
      const entries = new Map<number, { heap: number; key: number; tie: number }>();
      for (const [tie, { isPush, heap, id, key }] of steps.entries()) {
        const known = entries.get(id);
        if (isPush && known === undefined) {
          heaps.push(heap, id, key, -tie);
          entries.set(id, { heap, key, tie: -tie });
        } else if (!isPush && known !== undefined) {
          heaps.remove(known.heap, id);
          entries.delete(id);
        }
        expect(heaps.has(id)).toBe(entries.has(id));
        expect(heaps.count).toBe(new Set([...entries.values()].map((one) => one.heap)).size);
        for (let each = -1; each <= 2; each++) {
          const [first] = [...entries]
            .filter(([, one]) => one.heap === each)
            .sort(([, a], [, b]) => (a.key === b.key ? a.tie - b.tie : a.key - b.key));
          expect(heaps.peek(each)).toBe(first?.[0] ?? 0);
          expect(heaps.peekKey(each)).toBe(first?.[1].key ?? Infinity);
        }
      }
    }),
    { seed: 1, numRuns: seedCount(100, 10_000) },
  );
});

test('a long line of ids is taken out in order, without a deep recursion', () => {
  const heaps = new KeyedHeaps();
  const count = 100_000;
  for (let id = count; id >= 1; id--) heaps.push(7, id, (id * 7919) % count, id);
  for (let key = 0; key < count; key++) {
    expect(heaps.peekKey(7)).toBe(key);
    heaps.remove(7, heaps.peek(7));
  }
  expect(heaps.count).toBe(0);
});

test('what is no id, no key, or in a heap already is refused', () => {
  const heaps = new KeyedHeaps();
  heaps.push(0, 1, 5, 0);
  expect(() => heaps.push(1, 1, 5, 0)).toThrow('id 1, which is in a heap');
  for (const id of [0, -1, 2 ** 30]) expect(() => heaps.push(0, id, 5, 0)).toThrow(`id ${id}`);
  expect(() => heaps.push(0, 2, NaN, 0)).toThrow('key NaN');
  expect(() => heaps.remove(0, 2)).toThrow('id 2, which is in no heap');
});
