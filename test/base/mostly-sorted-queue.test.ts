import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { KeyedHeap } from '../../src/base/heap.ts';
import { MostlySortedQueue } from '../../src/base/mostly-sorted-queue.ts';

test('an empty queue has no minimum, and a key that no time reaches', () => {
  const queue = new MostlySortedQueue();
  expect([queue.size, queue.peek(), queue.popMin(), queue.peekKey()]).toEqual([0, -1, -1, Infinity]);
  expect([queue.has(0), queue.has(-1), queue.has(1_000_000), queue.remove(5)]).toEqual(
    Array.from({ length: 4 }, () => false),
  );
});

test('what comes out of order leaves in order', () => {
  const queue = new MostlySortedQueue();
  [10, 20, 30, 5, 25, 25, 40].forEach((key, id) => queue.push(id, key, id));
  expect(queue.remove(2)).toBe(true);
  expect(Array.from({ length: 7 }, () => queue.popMin())).toEqual([3, 0, 1, 4, 5, 6, -1]);
});

test('equal keys leave in the order of their ties, on whichever side they stand', () => {
  const queue = new MostlySortedQueue();
  for (const tie of [5, 3, 9, 1, 7, 0, 8, 2, 6, 4]) queue.push(tie + 100, 42, tie);
  const order = Array.from({ length: 10 }, () => queue.popMin());
  expect(order).toEqual([100, 101, 102, 103, 104, 105, 106, 107, 108, 109]);
});

test('what would corrupt the queue is an assertion, and changes nothing', () => {
  const queue = new MostlySortedQueue();
  queue.push(3, 1, 1); // in the line
  queue.push(4, 0, 1); // in the heap
  expect(() => queue.push(3, 2, 2)).toThrow('push of id 3, which is in the queue');
  expect(() => queue.push(3, 0, 2)).toThrow('push of id 3, which is in the queue');
  expect(() => queue.push(4, 2, 2)).toThrow('push of id 4, which is in the queue');
  expect(() => queue.push(-1, 2, 2)).toThrow('id -1');
  expect(() => queue.push(2.5, 2, 2)).toThrow('id 2.5');
  expect(() => queue.push(2 ** 31, 2, 2)).toThrow('id 2147483648');
  expect(() => queue.push(5, NaN, 2)).toThrow('key NaN');
  expect(() => queue.push(5, 2, NaN)).toThrow('tie NaN');
  expect(() => queue.keyOf(5)).toThrow('id 5');
  expect(() => queue.tieOf(5)).toThrow('id 5');
  queue.checkInvariants();
  expect([...queue.ids()]).toEqual([3, 4]);
});

test('a fixed number of entries going round needs no more memory than they do', () => {
  const queue = new MostlySortedQueue();
  for (let id = 0; id < 10; id++) queue.push(id, id, id);
  for (let turn = 10; turn < 1000; turn++) {
    const id = queue.popMin();
    expect(id).toBe(turn % 10);
    queue.push(id, turn, turn);
  }
  queue.checkInvariants();
  expect(queue['rowIds'].length).toBe(16);
});

test('removals from the middle do not make the line grow', () => {
  const queue = new MostlySortedQueue();
  queue.push(0, 0, 0);
  for (let turn = 1; turn < 1000; turn++) {
    queue.push(turn, turn, turn);
    if (turn > 2) expect(queue.remove(turn - 1)).toBe(true);
  }
  queue.checkInvariants();
  expect([queue.size, queue['rowIds'].length]).toEqual([3, 16]);
  expect(Array.from({ length: 3 }, () => queue.popMin())).toEqual([0, 1, 999]);
});

test('any sequence of operations agrees with a heap', () => {
  const id = fc.nat({ max: 60 });
  // Mostly later than what came before, often equal to it, sometimes earlier.
  const rise = fc.oneof(fc.constantFrom(0, 1, 2), fc.integer({ min: -30, max: 3 }));
  const operation = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('push'), id, rise, tie: fc.integer({ max: 9 }) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('pop') }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('remove'), id }) },
  );
  const operations = fc.array(operation, { maxLength: 400, size: 'max' });
  fc.assert(
    fc.property(operations, (list) => {
      const queue = new MostlySortedQueue();
      const heap = new KeyedHeap();
      let key = 0;
      let count = 0;
      for (const step of list as { do: string; id: number; rise: number; tie: number }[]) {
        if (step.do === 'pop') expect(queue.popMin()).toBe(heap.popMin());
        else if (step.do === 'remove') expect(queue.remove(step.id)).toBe(heap.remove(step.id));
        else if (!heap.has(step.id)) {
          key += step.rise;
          // A tie that no other entry has makes the order total.
          const tie = step.tie * 1000 + count++;
          queue.push(step.id, key, tie);
          heap.push(step.id, key, tie);
        }
        expect([queue.size, queue.peek(), queue.peekKey()]).toEqual([heap.size, heap.peek(), heap.peekKey()]);
        queue.checkInvariants();
      }
      expect(new Set(queue.ids())).toEqual(new Set(heap.ids()));
      for (const one of heap.ids())
        expect([queue.has(one), queue.keyOf(one), queue.tieOf(one)]).toEqual([
          true,
          heap.keyOf(one),
          heap.tieOf(one),
        ]);
      const rest = Array.from({ length: heap.size }, () => heap.popMin());
      expect(Array.from(rest, () => queue.popMin())).toEqual(rest);
    }),
    { seed: 1, numRuns: 150 },
  );
});
