/** LHD learns too slowly for short traces to show it: here with few ages and short intervals. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { PageId } from '../../../src/kernel/ids.ts';
import { pagingPolicies } from '../../../src/policies/index.ts';
import { lhdWith } from '../../../src/policies/paging/lhd.ts';
import { HitDensities } from '../../../src/policies/paging/lhd-densities.ts';
import { ResidentSet, seededTrace } from '../../support/resident-set.ts';
import { seedCount } from '../../support/seeds.ts';
import { inLockstep } from './lockstep.ts';
import { lhd as naiveLhd } from './naive/lhd.ts';

test('chooses the victims of its naive twin while steps change and explorers stay', () => {
  const options = fc.record({
    sample: fc.integer({ min: 1, max: 8 }),
    ages: fc.constantFrom(4, 16, 64, 256),
    shortestInterval: fc.integer({ min: 1, max: 40 }),
    longestInterval: fc.integer({ min: 40, max: 80 }),
  });
  fc.assert(
    fc.property(options, fc.integer({ min: 100, max: 300 }), fc.nat(), (given, capacity, seed) => {
      const memory = new ResidentSet(inLockstep(lhdWith(given), naiveLhd(given)), capacity, 'size');
      for (const [at, drawn] of seededTrace(seed, 500, 60).entries()) {
        // A third of the way there are few pages, so that smaller steps fit.
        const isNarrow = at >= 200 && at < 360;
        if (at === 200) for (const resident of [...memory.resident].slice(2)) memory.remove(resident);
        const page = (isNarrow ? 1 + (drawn % 3) : drawn) as PageId;
        memory.request(page, at, 1 + ((page * 7) % 30));
        if (at % 50 === 0) memory.policy.checkInvariants!(memory.resident.size);
      }
    }),
    { seed: 1, numRuns: seedCount(60, 3_000) },
  );
});

test('densities: what is left of the hits by what is left of the time', () => {
  const densities = new HitDensities(4);
  // Of class 0: 2 hits at age 1, 2 evictions at age 2, all weighing 0.9 after the reconfiguration.
  for (let count = 0; count < 2; count++) {
    densities.addHit(Infinity, 1);
    densities.addEviction(Infinity, 2);
  }
  expect(densities.densityOf(Infinity, 2)).toBe(1 / 3);
  densities.reconfigure(0);
  // From age 1 on: 2 of 4 are hit, after 1 step; the others take 2.
  const known = [0, 1, 2, 3].map((age) => densities.densityOf(Infinity, age));
  expect(known[0]).toBeCloseTo(2 / (2 * 2 + 2 * 3), 7);
  expect(known[1]).toBeCloseTo(2 / (2 * 1 + 2 * 2), 7);
  expect(known.slice(2)).toEqual([0, 0]);
  // 16 pages need ages up to 1,024: steps of 256 references.
  densities.reconfigure(16);
  expect([255, 256, 767, 5_000].map((references) => densities.ageOf(references))).toEqual([0, 1, 2, 3]);
  expect(densities.densityOf(Infinity, 0)).toBeCloseTo(2 / 4, 7);
});

test('learns that a loop longer than memory is best kept in part, which LRU never hits', () => {
  const misses = (create: typeof pagingPolicies.lru): number => {
    const memory = new ResidentSet(create, 80);
    for (let at = 0; at < 6_000; at++) memory.request(((at % 100) + 1) as PageId, at);
    return memory.misses;
  };
  expect(misses(pagingPolicies.lru)).toBe(6_000);
  const learning = lhdWith({ sample: 64, ages: 256, shortestInterval: 256, longestInterval: 256 });
  expect(misses(learning)).toBeLessThan(3_000);
});
