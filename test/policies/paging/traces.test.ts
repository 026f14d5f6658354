/** One trace per paging policy, worked out by hand. */
import { expect, test } from 'vitest';

import type { CreatePagingPolicy } from '../../../src/kernel/contracts.ts';
import type { PageId } from '../../../src/kernel/ids.ts';
import { lruKWith, pagingPolicies, wTinyLfuWith } from '../../../src/policies/index.ts';
import { evictionKey } from '../../../src/policies/paging/importance-lru.ts';
import { ListedFuture } from '../../support/future-view.ts';
import { ArrayPages } from '../../support/page-view.ts';
import { ResidentSet } from '../../support/resident-set.ts';
import { rngFor } from '../../../src/base/rng.ts';

const hourUs = 3_600_000_000;
const beladysTrace = [1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5] as PageId[];

function run(create: CreatePagingPolicy, capacity: number, trace: readonly PageId[]): ResidentSet {
  const memory = new ResidentSet(create, capacity, 'pages', new ListedFuture(trace));
  trace.forEach((page, at) => void memory.request(page, at));
  return memory;
}

/** A policy whose chance draws these numbers in turn. */
function drawing(create: CreatePagingPolicy, draws: readonly number[]): CreatePagingPolicy {
  return (context) => {
    const left = [...draws];
    const rng = rngFor(1, 'trace');
    rng.next = () => left.shift()!;
    return create({ ...context, rng });
  };
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

test('mru: keeps the head of a loop', () => {
  const memory = run(pagingPolicies.mru, 3, [1, 2, 3, 4, 1, 2, 3, 4] as PageId[]);
  // 1 2 3 | 4 for 3; 1 and 2 hit; 3 for 2; 4 hits.
  expect(memory.victims).toEqual([3, 2]);
  expect(memory.misses).toBe(5);
});

test('random: the stream of chance points into the row of pages', () => {
  const pages = [1, 2, 3, 4, 5] as PageId[];
  const memory = run(pagingPolicies.random, 5, pages);
  const rng = rngFor(1, 'paging');
  memory.pinned.add(pages[rng.integer(5)]!);
  const row = pages.toSpliced(pages.indexOf([...memory.pinned][0]!), 1, 5 as PageId).slice(0, 4);
  expect(memory.evict()).toBe(row[rng.integer(4)]);
});

test('lfu: counts, then the oldest last use; what an evicted page was used before is forgotten', () => {
  const memory = run(pagingPolicies.lfu, 3, [1, 1, 2, 3, 3, 2, 4, 2, 1, 5, 4, 4] as PageId[]);
  // 1 twice, 3 twice, 2 twice, last uses in this order | 4 for 1; 2 hits, thrice; 1 anew for 4, which was used once; 5 for 1; 4 for 5.
  expect(memory.victims).toEqual([1, 4, 1, 5]);
  // 4 was used twice since it came back, 3 twice too, but longer ago.
  expect([memory.evict(), memory.evict(), memory.evict()]).toEqual([3, 4, 2]);
});

test('lfu-da: what was popular once leaves in the end', () => {
  const trace = [1, 1, 1, 2, 3, 4, 5, 6] as PageId[];
  // Key of 1: 3. Keys of 2 and 3: 1; 4 comes for 2, L = 1, key 2; 5 for 3, key 2; 6 for 4, L = 2, key 3.
  const memory = run(pagingPolicies['lfu-da'], 3, trace);
  expect(memory.victims).toEqual([2, 3, 4]);
  // 5 has key 2, 1 and 6 have 3, the last use of 1 is older.
  expect([memory.evict(), memory.evict(), memory.evict()]).toEqual([5, 1, 6]);
});

test('gdsf: a large page must be used more often than a small one to stay', () => {
  const memory = new ResidentSet(pagingPolicies.gdsf, 10, 'size');
  const requests: [page: number, size: number][] = [
    [1, 8], // 125,000
    [2, 2], // 500,000
    [1, 8], // 250,000
    [1, 8], // 375,000
    [3, 1], // 1 leaves, L = 375,000: 1,375,000
    [4, 8], // 2 leaves for it, L = 500,000: 625,000
    [5, 1], // 1,500,000
    [6, 1], // 4 leaves, L = 625,000
  ];
  requests.forEach(([page, size], at) => void memory.request(page as PageId, at, size));
  expect(memory.victims).toEqual([1, 2, 4]);
});

test('hyperbolic: a rate of use must be earned as a page ages', () => {
  const memory = run(pagingPolicies.hyperbolic, 3, [1, 1, 1, 2, 3, 3, 4] as PageId[]);
  // At the load of 4, the 7th: 1 has 3 uses in 6 references, the present one included; 2 has 1 in 3; 3 has 2 in 2.
  expect(memory.victims).toEqual([2]);
  // Now: 1 has 3 in 7, 3 has 2 in 3, 4 has 1 in 1.
  expect([memory.evict(), memory.evict(), memory.evict()]).toEqual([1, 3, 4]);
});

test('lhd: while it knows nothing, by class and age', () => {
  const memory = run(pagingPolicies.lhd, 3, [1, 1, 2, 3, 4] as PageId[]);
  // At the load of 4: 1, hit at age 1, is of a class 13 times as good as that of 2 and 3, but of age 3; 2 is of age 2 and leaves.
  expect(memory.victims).toEqual([2]);
});

test('opt: the farthest next use leaves, never used again before all', () => {
  const small = run(pagingPolicies.opt, 3, beladysTrace);
  expect(small.misses).toBe(7);
  // 1 2 3 | 4 for 3 (next at 9, 4 is no candidate yet); 1 and 2 hit; 5 for 4; 1 and 2 hit, not used again; 3 for 1, 4 for 2; 5 hits.
  expect(small.victims).toEqual([3, 4, 1, 2]);
  expect(run(pagingPolicies.opt, 4, beladysTrace).misses).toBe(6);
});

test('opt: without a recorded trace there is no future', () => {
  const { future: _, ...context } = new ResidentSet(pagingPolicies.lru, 3).newContext();
  expect(() => pagingPolicies.opt(context)).toThrow('paging: "opt" is not allowed; allowed: ');
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

test('lirs: a page used again while it is in the stack takes the place of the least recent LIR page', () => {
  // Capacity 5: three LIR pages, two in the queue. S from its bottom, LIR pages negated; Q, next victim first.
  const memory = run(pagingPolicies.lirs, 5, [1, 2, 3, 4, 5] as PageId[]);
  expect(memory.policy.save!()).toEqual({ stack: [-1, -2, -3, 4, 5], queue: [4, 5], latest: 5 });
  // 6 is new: 4 leaves, but stays in S. 4 comes back: 5 leaves; 4 becomes LIR, 1 is demoted, the bottom is 2.
  for (const [at, page] of [6, 4].entries()) memory.request(page as PageId, 5 + at);
  expect(memory.victims).toEqual([4, 5]);
  expect(memory.policy.save!()).toEqual({ stack: [-2, -3, 5, 6, -4], queue: [6, 1], latest: 4 });
  // 2 and 3 are used: 5 and 6, below them, are pruned. 1 is queued and not in S: it stays HIR, and comes last in both.
  for (const [at, page] of [2, 3, 6, 1, 1].entries()) memory.request(page as PageId, 7 + at);
  expect(memory.policy.save!()).toEqual({ stack: [-4, -2, -3, 6, 1], queue: [6, 1], latest: 1 });
  // 1 is now in S: another use that does not follow its last one makes it LIR, and demotes 4.
  for (const [at, page] of [3, 1].entries()) memory.request(page as PageId, 12 + at);
  expect(memory.policy.save!()).toEqual({ stack: [-2, 6, -3, -1], queue: [6, 4], latest: 1 });
  expect(memory.misses).toBe(7);
});

test('lirs: a loop larger than memory keeps all but the queue, where lru keeps nothing', () => {
  const loop = Array.from({ length: 1_000 }, (_, at) => (1 + (at % 20)) as PageId);
  // 8 LIR pages hit in each of the 49 rounds after the first; the other 12 pass through the queue.
  expect(run(pagingPolicies.lirs, 10, loop).misses).toBe(1_000 - 8 * 49);
  expect(run(pagingPolicies.lru, 10, loop).misses).toBe(1_000);
});

test('lirs: needs three pages', () => {
  expect(() => run(pagingPolicies.lirs, 2, [])).toThrow(
    'capacity: 2 is not allowed; allowed: 3 or more for lirs',
  );
});

test('w-tinylfu: the page that falls out of the window stays if it was used more often than the coldest in probation', () => {
  const lists = ({ policy }: ResidentSet): unknown => (policy.save!() as { lists: unknown }).lists;
  // Capacity 5: a window of 1, of the other 4 at most 3 protected. Window, probation and protected segment, coldest first, behind an empty list.
  const memory = run(pagingPolicies['w-tinylfu'], 5, [1, 2, 3, 4, 5, 1, 2] as PageId[]);
  expect(lists(memory)).toEqual([[], [5], [3, 4], [1, 2]]);
  // 6: 5 and 3 were used once each: 5 leaves. 5: so do 6 and 3: 6 leaves. 6: 5 was used twice, 3 once: 3 leaves.
  for (const [at, page] of [6, 5, 6].entries()) memory.request(page as PageId, 7 + at);
  expect(memory.victims).toEqual([5, 6, 3]);
  expect(lists(memory)).toEqual([[], [6], [4, 5], [1, 2]]);
  // 4 and 5 are used: four pages would be protected, so 1 goes back to probation.
  for (const [at, page] of [4, 5].entries()) memory.request(page as PageId, 10 + at);
  expect(lists(memory)).toEqual([[], [6], [1], [2, 4, 5]]);
});

test('w-tinylfu: with a doorkeeper the first use in a sample counts as one all the same', () => {
  const memory = run(wTinyLfuWith({ doorkeeper: true }), 5, [1, 2, 3, 4, 5, 1, 2, 6, 5, 6] as PageId[]);
  expect(memory.victims).toEqual([5, 6, 3]);
});

test('lru-k: the page whose last use but one is longest ago leaves, those used once before all', () => {
  // At 1 to 6: 1 1 2 2 3 1. Uses but one: 1 at 2, 2 at 3, 3 never.
  const memory = run(pagingPolicies['lru-k'], 3, [1, 1, 2, 2, 3, 1] as PageId[]);
  // 4 at 7 for 3; 5 at 8 for 4, used once; 4 at 9 for 5, its history is kept: its last use but one was at 7. Then 1 (2), 2 (3), 4 (7) leave.
  for (const [at, page] of [4, 5, 4].entries()) memory.request(page as PageId, 6 + at);
  expect(memory.victims).toEqual([3, 4, 5]);
  expect([memory.evict(), memory.evict(), memory.evict()]).toEqual([1, 2, 4]);
});

test('lru-k: uses that follow each other within the correlated period count as one, and keep the page', () => {
  // At 1 to 5: 1 1 1 2 2, a period of 2. Both pages have one use that counts; 2 is within its period, 1 is not.
  const memory = run(lruKWith({ correlatedUses: 2 }), 3, [1, 1, 1, 2, 2] as PageId[]);
  expect(memory.evict()).toBe(1);
  // 3 at 6; 2 at 7 is within 2 of 5; 3 at 8, too. All are within their periods: lru among those used once.
  for (const [at, page] of [3, 2, 3].entries()) memory.request(page as PageId, 5 + at);
  expect([memory.evict(), memory.evict()]).toEqual([2, 3]);
});

test('lru-k: a history is void when its page comes back too late', () => {
  // Two pages, histories for 2 uses: 1 leaves at 3 and comes back at 4, 3 uses after its last one, as if it were new: 3 was used later.
  const late = run(lruKWith({ retainedTurns: 1 }), 2, [1, 2, 3, 1, 3] as PageId[]);
  expect(late.victims).toEqual([1, 2]);
  expect(late.evict()).toBe(1);
  // With a longer one, both were used twice: 1 first at 1, 3 at 3.
  const early = run(lruKWith({ retainedTurns: 2 }), 2, [1, 2, 3, 1, 3, 4] as PageId[]);
  expect(early.victims).toEqual([1, 2, 1]);
});

test('lecar: the other expert gains when a victim comes back, by what is left of the regret', () => {
  const weight = ({ policy }: ResidentSet): number => (policy.save!() as { lruWeight: number }).lruWeight;
  // For 3, lfu is drawn: it evicts 2, used once; lru would have evicted 1.
  const memory = run(drawing(pagingPolicies.lecar, [0.6, 0.505, 0.6]), 2, [1, 1, 2, 3] as PageId[]);
  expect(memory.victims).toEqual([2]);
  expect(weight(memory)).toBe(0.5);
  // 2 is back one use later, memory has 2 pages: regret 0.005^(1/2), factor e^(0.45 × 0.0707) = 1.0323; 0.51617 of 1.01617. 0.505 draws lru now: 1 leaves.
  memory.request(2 as PageId, 4);
  expect(memory.victims).toEqual([2, 1]);
  expect(weight(memory)).toBeCloseTo(0.507954, 6);
  // 1 is back as soon: the weights are as they were. lfu is drawn: 3 was used once, 2, with its history, twice.
  memory.request(1 as PageId, 5);
  expect(memory.victims).toEqual([2, 1, 3]);
  expect(weight(memory)).toBeCloseTo(0.5, 6);
});

test('cacheus: two parts, two experts, and a victim that comes back', () => {
  // Drawn: the rate, 0.5005; then the experts. Memory fills: 1, 2 and 3 are in the reused part, 4 passes. No hit: the rate goes back by its square, to 0.25.
  const create = drawing(pagingPolicies.cacheus, [0.5, 0.4, 0.4, 0.46]);
  const memory = run(create, 4, [1, 2, 3, 4] as PageId[]);
  // 5: SR-LRU names 4, and CR-LFU the latest of those used once, 4 too: it stands in no history. 2 is reused. 5 is: 1 is demoted.
  // 6: SR-LRU, drawn, names 1; CR-LFU would name 3.
  for (const [at, page] of [5, 2, 5, 6].entries()) memory.request(page as PageId, 4 + at);
  expect(memory.victims).toEqual([4, 1]);
  const { rows } = memory.policy.save!() as { rows: readonly number[][] };
  // Status (1 reused, 2 + 8 passing and new, 3 history of SR-LRU), page, count, last use.
  expect(rows).toEqual([
    [1, 3, 1, 3],
    [1, 2, 2, 6],
    [1, 5, 2, 7],
    [10, 6, 1, 8],
    [3, 1, 1, 1],
  ]);
  // Half of the last four uses were hits, none before: the rate's last move, down by 0.2505, was good, and it goes on by 0.25 × 0.2505, to 0.1874.
  // 1 is back: SR-LRU keeps 0.5 e^-0.1874 of 0.5 + that: 0.4533. 0.46 draws CR-LFU: 6, as SR-LRU. 1 is reused, 3 demoted.
  memory.request(1 as PageId, 8);
  expect(memory.victims).toEqual([4, 1, 6]);
  const after = memory.policy.save!() as { rows: readonly number[][]; lruWeight: number };
  expect(after.lruWeight).toBeCloseTo(0.4533, 4);
  // 3 is used, which was demoted: the reused part may grow no further than to 3 of 4 pages, so 2 is demoted for it.
  expect(after.rows).toEqual([
    [1, 2, 2, 6],
    [1, 5, 2, 7],
    [1, 1, 2, 9],
    [18, 3, 1, 3],
  ]);
  memory.request(3 as PageId, 9);
  const last = memory.policy.save!() as { rows: readonly number[][] };
  expect(last.rows).toEqual([
    [1, 5, 2, 7],
    [1, 1, 2, 9],
    [1, 3, 2, 10],
    [18, 2, 2, 6],
  ]);
});
