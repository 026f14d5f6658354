/** One trace per paging policy, worked out by hand. */
import { expect, test } from 'vitest';

import type { CreatePagingPolicy } from '../../../src/kernel/contracts.ts';
import type { PageId } from '../../../src/kernel/ids.ts';
import { pagingPolicies } from '../../../src/policies/index.ts';
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
