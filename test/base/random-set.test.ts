import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { RandomSet } from '../../src/base/random-set.ts';
import { rngFor } from '../../src/base/rng.ts';

test('agrees with a set, whatever is drawn in between', () => {
  const step = fc.record({ what: fc.constantFrom('toggle', 'toggle', 'draw'), id: fc.nat({ max: 50 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const set = new RandomSet(3);
      const model = new Set<number>();
      const rng = rngFor(1, 'draws');
      for (const { what, id } of steps) {
        if (what === 'draw') {
          const drawn = Array.from({ length: set.size }, (_, count) => set.draw(rng, set.size - count));
          expect(new Set(drawn)).toEqual(model);
        } else if (model.delete(id)) set.remove(id);
        else {
          model.add(id);
          set.add(id);
        }
        set.checkInvariants();
        expect(new Set(set.ids())).toEqual(model);
        expect([set.size, set.has(id)]).toEqual([model.size, model.has(id)]);
      }
    }),
    { seed: 1, numRuns: 100 },
  );
});

test('every pair is drawn equally often', () => {
  const set = new RandomSet();
  const rng = rngFor(1, 'pairs');
  for (let id = 0; id < 5; id++) set.add(id);
  const counts = new Map<string, number>();
  for (let round = 0; round < 20_000; round++) {
    const pair = `${set.draw(rng, 5)} ${set.draw(rng, 4)}`;
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  expect(counts.size).toBe(20);
  // 1,000 expected of each, with a standard deviation of 31.
  for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(125);
});

test('what would corrupt the set is an assertion', () => {
  const set = new RandomSet();
  set.add(3);
  expect(() => set.add(3)).toThrow('id 3');
  expect(() => set.add(-1)).toThrow('id -1');
  expect(() => set.add(1.5)).toThrow('id 1.5');
  expect(() => set.add(2 ** 30)).toThrow('id 1073741824');
  expect(() => set.remove(4)).toThrow('id 4');
  expect(() => set.remove(9_999)).toThrow('id 9999');
  expect(() => set.draw(rngFor(1, 'draws'), 2)).toThrow('draw of 2');
  set.checkInvariants();
});
