/** One trace per paging policy, worked out by hand. */
import { expect, test } from 'vitest';

import type { CreatePagingPolicy } from '../../../src/kernel/contracts.ts';
import type { PageId } from '../../../src/kernel/ids.ts';
import { pagingPolicies } from '../../../src/policies/index.ts';
import { evictionKey } from '../../../src/policies/paging/importance-lru.ts';
import { ArrayPages } from '../../support/page-view.ts';
import { ResidentSet } from '../../support/resident-set.ts';
import { rngFor } from '../../../src/base/rng.ts';

const hourUs = 3_600_000_000;
const beladysTrace = [1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5] as PageId[];

function run(create: CreatePagingPolicy, capacity: number, trace: readonly PageId[]): ResidentSet {
  const memory = new ResidentSet(create, capacity);
  trace.forEach((page, at) => void memory.request(page, at));
  return memory;
}

test("fifo: Belady's anomaly: 9 misses with 3 pages, 10 with 4", () => {
  const small = run(pagingPolicies.fifo, 3, beladysTrace);
  expect(small.misses).toBe(9);
  // 1 2 3 | 4 for 1, 1 for 2, 2 for 3, 5 for 4; 1 and 2 hit; 3 for 1, 4 for 2; 5 hits.
  expect(small.victims).toEqual([1, 2, 3, 4, 1, 2]);
  const large = run(pagingPolicies.fifo, 4, beladysTrace);
  expect(large.misses).toBe(10);
  // 1 2 3 4; 1 and 2 hit | 5 for 1, 1 for 2, 2 for 3, 3 for 4, 4 for 5, 5 for 1.
  expect(large.victims).toEqual([1, 2, 3, 4, 5, 1]);
});

test('lru: a touch saves a page, and more memory never misses more', () => {
  const small = run(pagingPolicies.lru, 3, beladysTrace);
  expect(small.misses).toBe(10);
  // 1 2 3 | 4 for 1, 1 for 2, 2 for 3, 5 for 4; 1 and 2 hit; 3 for 5, 4 for 1, 5 for 2.
  expect(small.victims).toEqual([1, 2, 3, 4, 5, 1, 2]);
  const large = run(pagingPolicies.lru, 4, beladysTrace);
  expect(large.misses).toBe(8);
  // 1 2 3 4; 1 and 2 hit | 5 for 3; 1 and 2 hit; 3 for 4, 4 for 5, 5 for 1.
  expect(large.victims).toEqual([3, 4, 5, 1]);
});

/** A hit on 1 before the first eviction, one on 3 before the second. */
const withTwoHits = [1, 2, 3, 1, 4, 3, 5, 2] as PageId[];

test('clock: a page loaded without its bit has no second chance, a touched one goes round again', () => {
  const memory = run(pagingPolicies.clock, 3, withTwoHits);
  // 4: the hand clears 1 and passes, takes 2; ring 3 1 4. 5: clears 3, takes 1; ring 4 3 5. 2: takes 4.
  expect(memory.victims).toEqual([2, 1, 4]);
  expect(memory.misses).toBe(6);
});

test('sieve: what is spared keeps its place, and the hand stays where it took a page', () => {
  const memory = run(pagingPolicies.sieve, 3, withTwoHits);
  // Oldest first. 4: the hand clears 1, takes 2, rests on 3: 1 3 4. 5: clears 3, takes 4, the newest: 1 3 5. 2: begins at 1 again.
  expect(memory.victims).toEqual([2, 4, 1]);
  expect(memory.misses).toBe(6);
});

test('importance-lru: idle time, accesses and importance against each other', () => {
  const pages = new ArrayPages();
  const policy = pagingPolicies['importance-lru']({
    capacity: 5,
    unit: 'pages',
    rng: rngFor(1, 'paging'),
    pages,
  });
  const figures: [page: number, accesses: number, importance: number, lastAccessUs: number, key: number][] = [
    [1, 1, 0.5, 0, 0], //            0.15 - 0.15 - 0
    [2, 1, 0.5, hourUs / 4, -0.1], // 0.15 - 0.15 - 0.1: a quarter of an hour younger
    [3, 1, 1.0, 0, -0.15], //        0.15 - 0.3  - 0: more important
    [4, 2, 0.5, 0, -0.05], //        0.1  - 0.15 - 0: used more often
    [5, 1, 0.5, 0, 0], //            as page 1: the lower page goes first
  ];
  for (const [page, accesses, importance, lastAccessUs, key] of figures) {
    pages.set(page as PageId, { accesses, importance, lastAccessUs });
    policy.admit(page as PageId, lastAccessUs);
    expect(evictionKey(accesses, importance, lastAccessUs)).toBeCloseTo(key, 12);
  }
  const order = Array.from({ length: 5 }, () => policy.evict(1, () => true));
  expect(order).toEqual([1, 5, 4, 2, 3]);
});

test('importance-lru: a touch lowers the key without a word, a fall of importance raises it with one', () => {
  const memory = run(pagingPolicies['importance-lru'], 4, [1, 2, 3, 4] as PageId[]);
  const { pages, policy } = memory;
  memory.request(1 as PageId, hourUs);
  expect(memory.evict()).toBe(2);
  pages.importances[4] = 0.4;
  policy.changed!(4 as PageId);
  expect(memory.evict()).toBe(4);
  pages.importances[3] = 1;
  policy.changed!(3 as PageId);
  // Page 3: 0.15 - 0.3 - 0; page 1: 0.1 - 0.15 - 0.4.
  expect(memory.evict()).toBe(3);
  pages.importances[1] = 0;
  expect(() => policy.checkInvariants!(1)).toThrow('rose without notice');
});
