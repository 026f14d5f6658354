import { expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import type { PageId } from '../../../src/kernel/ids.ts';
import { RisingHeap } from '../../../src/policies/paging/rising-heap.ts';
import { ArrayPages } from '../../support/page-view.ts';

/** Pages 1 to the number of keys; ties by page id. */
function heapOf(keys: number[]): RisingHeap {
  const context = { capacity: 10, unit: 'pages', rng: rngFor(1, 'paging'), pages: new ArrayPages() } as const;
  const heap = new RisingHeap({ key: (page) => keys[page - 1]!, tie: (page) => page }, context);
  keys.forEach((_, at) => heap.push((at + 1) as PageId));
  return heap;
}
const all = (): boolean => true;

test('a rising heap finds the lowest of ranks that rose without a word', () => {
  const keys = [1, 2, 3, 3];
  const heap = heapOf(keys);
  keys[0] = 5;
  keys[1] = 4;
  heap.checkInvariants(4);
  expect([1, 2, 3, 4, 5].map(() => heap.pop(all, false))).toEqual([3, 4, 2, 1, undefined]);
});

test('a rising heap looks once in a load at what is not eligible, unless it is told that it changed', () => {
  const heap = heapOf([1, 2, 3, 4]);
  const looked: number[] = [];
  const only = (allowed: number) => (page: PageId) => {
    looked.push(page);
    return page === allowed;
  };
  expect(heap.pop(only(2), false)).toBe(2);
  expect(heap.pop(only(3), true)).toBe(3);
  expect(looked).toEqual([1, 2, 3]);
  expect(heap.pop(only(1), true)).toBeUndefined();
  heap.changed(1 as PageId);
  expect(heap.pop(only(1), true)).toBe(1);
  expect(heap.pop(only(9), false)).toBeUndefined();
  expect(heap.size).toBe(1);
  expect(heap.pop(only(4), false)).toBe(4);
});

test('a rising heap lets go of a page that it has put aside', () => {
  const heap = heapOf([1, 2]);
  expect(heap.pop(() => false, false)).toBeUndefined();
  heap.remove(1 as PageId);
  expect([heap.has(1 as PageId), heap.has(2 as PageId)]).toEqual([false, true]);
  expect(() => heap.remove(1 as PageId)).toThrow('page 1 was removed');
  heap.checkInvariants(1);
});

test('a rank that falls is noticed', () => {
  const keys = [1, 2];
  const heap = heapOf(keys);
  keys[1] = 1.5;
  expect(() => heap.checkInvariants(2)).toThrow('the rank of page 2 fell');
});

test('a rising heap gives up nothing whose rank is not below that of the limit, as it is now', () => {
  const keys = [1, 2, 3, 3, 3];
  const heap = heapOf(keys);
  const limit = 4 as PageId;
  heap.remove(limit);
  keys[0] = 4;
  expect([1, 2, 3].map(() => heap.pop(all, false, limit))).toEqual([2, 3, undefined]);
  expect([1, 2].map(() => heap.pop(all, false))).toEqual([5, 1]);
});
