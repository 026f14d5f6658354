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

test('arc: ghosts move the target, and the target chooses the list', () => {
  const memory = run(pagingPolicies.arc, 3, [1, 2, 1, 3, 4, 2, 5, 1, 3, 2, 6, 5, 4, 3, 1] as PageId[]);
  // T1 | T2 | B1 | B2, p after the load of
  // 4: 3 4 | 1 | 2 |, 0          2: 4 | 1 2 | 3 |, 1        5: 4 5 | 2 | 3 | 1, 1     1: 5 | 2 1 | 3 4 |, 0
  // 3: 5 | 1 3 | 4 | 2, 1        2: | 1 3 2 | 4 5 |, 0      6: 6 | 3 2 | 4 5 | 1, 0   5: 6 | 2 5 | 4 | 1 3, 1
  // 4, a step of 2: 6 | 5 4 | | 1 3 2, 3      3: 6 | 4 3 | | 1 2 5, 2      1, |T1| = p = 1 and it comes from B2: | 4 3 1 | 6 | 2 5, 1
  expect(memory.victims).toEqual([2, 3, 1, 4, 2, 5, 1, 3, 2, 5, 6]);
  expect(memory.misses).toBe(14);
});

test('slru: hits lift, what is too much cools down a segment', () => {
  const memory = run(pagingPolicies.slru, 8, [1, 2, 3, 4, 5, 6, 7, 8, 1, 9, 5, 10, 8, 6, 11] as PageId[]);
  // 1 2 | 3 4 | 5 6 | 7 8. A hit on 1: 2 3 | 4 1. 9 for 2: 3 9. On 5: 6 7 | 8 5. 10 for 3: 9 10. On 8, in the highest: 5 8. On 6: 7 5 | 8 6. 11 for 9.
  expect(memory.victims).toEqual([2, 3, 9]);
  expect(memory.misses).toBe(11);
});

test('slru: a hit can push pages out of the lowest segment, which had too many', () => {
  const memory = run(pagingPolicies.slru, 7, [1, 2, 3, 4, 5, 6, 7, 5, 8] as PageId[]);
  // 1 5 6 7 | 2 | 3 | 4. A hit on 5: 2 cools down, and 1, 6 and 7 must leave. Then 8 fits.
  expect(memory.victims).toEqual([1, 6, 7]);
  expect(memory.misses).toBe(8);
});

test('slru: what was pushed out is a victim when it may leave, or goes up again', () => {
  const memory = run(pagingPolicies.slru, 7, [1, 2, 3, 4, 5, 6, 7] as PageId[]);
  for (const page of [1, 6] as PageId[]) memory.pinned.add(page);
  memory.request(5 as PageId, 10);
  expect(memory.victims).toEqual([7]);
  // 1, then 6, wait below the lowest segment. A hit on 6 takes it back into that, from which 2 is pushed out.
  memory.request(6 as PageId, 11);
  expect(memory.victims).toEqual([7, 2]);
  memory.unpin(1 as PageId);
  expect(memory.policy.shed!(memory.isEligible)).toBe(1);
});

test('slru: says at which capacities it runs', () => {
  expect(() => new ResidentSet(pagingPolicies.slru, 3)).toThrow(
    'capacity: 3 is not allowed; allowed: 4 or more for slru, which divides it by 4',
  );
  const memory = new ResidentSet(pagingPolicies.slru, 8, 'size');
  // A segment has room for 2.
  memory.request(1 as PageId, 0, 3);
  memory.request(2 as PageId, 1, 2);
  expect([...memory.resident]).toEqual([2]);
});

test('two-q: only what is missed while it is remembered enters the main queue', () => {
  const memory = run(pagingPolicies['two-q'], 4, [1, 2, 3, 4, 1, 5, 1, 2, 1, 6, 3, 7, 2] as PageId[]);
  // A1in | A1out | Am. The first hit on 1 does nothing. 5: 2 3 4 5 | 1 |   1: 3 4 5 | 2 | 1   2: 4 5 | 3 | 1 2   A hit on 1: 2 1
  // 6: 5 6 | 3 4 | 2 1   3: 6 | 4 5 | 2 1 3   7, A1in within its share: 6 7 | 4 5 | 1 3   2, not remembered: 7 2 | 5 6 | 1 3
  expect(memory.victims).toEqual([1, 2, 3, 4, 5, 2, 6]);
  expect(memory.misses).toBe(11);
});

test('s3-fifo: two touches or a ghost lead to the main queue, where a touch is another round', () => {
  const trace = [1, 2, 3, 4, 5, 1, 1, 2, 6, 2, 3, 4, 5, 1, 7, 2] as PageId[];
  const memory = run(pagingPolicies['s3-fifo'], 5, trace);
  // Small | main | ghosts. 1 is touched twice, 2 once. 6: 3 4 5 6 | 1 | 2   2: 4 5 6 | 1 2 | 3   3: 5 6 | 1 2 3 | 4   4: 6 | 1 2 3 4 | 5
  // 5: | 1 2 3 4 5 | 6   1 is touched. 7, small is empty: 7 | 3 4 5 1 | 6   2, which main has forgotten: 2 | 3 4 5 1 | 6 7
  expect(memory.victims).toEqual([2, 3, 4, 5, 6, 2, 7]);
  expect(memory.misses).toBe(12);
});

test('car: two clocks, and the target moves after the replacement', () => {
  const memory = run(pagingPolicies.car, 3, [1, 2, 3, 1, 4, 2, 5, 4, 1, 6, 2, 7] as PageId[]);
  // T1 | T2 | B1 | B2, p after the load of
  // 4, the hand sends 1 to T2: 3 4 | 1 | 2 |, 0    2: 4 | 1 2 | 3 |, 1    5: 5 | 1 2 | 3 4 |, 1    4: | 1 2 4 | 3 5 |, 2
  // 6, the hand of T2 spares 1: 6 | 4 1 | 3 5 | 2, 2    2: 6 | 1 2 | 3 5 | 4, 1    7, and 3 is forgotten: 7 | 1 2 | 5 6 | 4, 1
  expect(memory.victims).toEqual([2, 3, 4, 5, 2, 4, 6]);
  expect(memory.misses).toBe(10);
});

test('clock-pro: tests decide between hot and cold, and how many may be cold', () => {
  const trace = [1, 2, 3, 4, 5, 4, 1, 6, 1, 7, 8, 2, 4, 7, 9] as PageId[];
  const memory = run(pagingPolicies['clock-pro'], 4, trace);
  // From HAND_hot on: h hot, c cold, t cold on test, - on test and not resident; then the share of cold pages.
  // 4: 1h 2h 3h 4t, 1   5: 1h 2h 3h 4- 5t   4, back on its test: 3h 5- 4h 1c 2c, 2   1 is touched. 6, and 1 is on test: 3h 5- 4h 1t 6t
  // 1 is touched. 7, 1 turns hot, 3 cold, 5 passes its test: 4h 6- 1h 3c 7t, 3 and back to 2   8: 4h 6- 1h 7t 8t   2: 4h 6- 1h 7- 8t 2t
  // 4 is touched. 7 is hot; 4 is spared, 6 passes its test, 1 turns cold, 8 and 2 pass theirs: 7h 4h 1c 2c, 1   9 takes the oldest cold page.
  expect(memory.victims).toEqual([4, 5, 2, 6, 3, 7, 8, 1]);
  expect(memory.misses).toBe(12);
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
