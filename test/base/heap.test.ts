import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { KeyedHeap } from '../../src/base/heap.ts';
import { rngFor } from '../../src/base/rng.ts';

interface Entry {
  readonly id: number;
  readonly key: number;
  readonly tie: number;
}

const byKeyThenTie = (a: Entry, b: Entry): number => a.key - b.key || a.tie - b.tie;

test('an empty heap has no minimum, and a key that no time reaches', () => {
  const heap = new KeyedHeap();
  expect([heap.size, heap.peek(), heap.popMin(), heap.peekKey()]).toEqual([0, -1, -1, Infinity]);
  expect(heap.has(0)).toBe(false);
  expect(heap.has(-1)).toBe(false);
  expect(heap.has(1_000_000)).toBe(false);
  expect(heap.remove(5)).toBe(false);
});

test('equal keys leave in the order of their ties', () => {
  const heap = new KeyedHeap();
  for (const tie of [5, 3, 9, 1, 7, 0, 8, 2, 6, 4]) heap.push(tie + 100, 42, tie);
  const order = Array.from({ length: 10 }, () => heap.popMin());
  expect(order).toEqual([100, 101, 102, 103, 104, 105, 106, 107, 108, 109]);
});

test('infinite, negative and tiny keys are keys like others', () => {
  const heap = new KeyedHeap();
  const keys = [Infinity, 5e-324, -Infinity, -1, 0, 1.5];
  keys.forEach((key, id) => heap.push(id, key, id));
  expect(Array.from(keys, () => keys[heap.popMin()])).toEqual([-Infinity, -1, 0, 5e-324, 1.5, Infinity]);
});

test('a heap that was told its size holds what it was told, and more', () => {
  const heap = new KeyedHeap(4, 3);
  expect([heap.has(4), heap.has(5), heap.remove(5)]).toEqual([false, false, false]);
  for (const id of [4, 2, 1]) heap.push(id, id, 0);
  for (const id of [0, 5, 40]) heap.push(id, id, 0);
  heap.checkInvariants();
  expect(Array.from({ length: 7 }, () => heap.popMin())).toEqual([0, 1, 2, 4, 5, 40, -1]);
  expect(() => new KeyedHeap(0)).toThrow('up to 0');
});

test('what would corrupt the heap is an assertion', () => {
  const heap = new KeyedHeap();
  heap.push(3, 1, 1);
  expect(() => heap.push(3, 2, 2)).toThrow('push of id 3, which is in the heap');
  expect(() => heap.push(-1, 2, 2)).toThrow('id -1');
  expect(() => heap.push(1.5, 2, 2)).toThrow('id 1.5');
  expect(() => heap.push(2 ** 31, 2, 2)).toThrow('id 2147483648');
  expect(() => heap.push(4, NaN, 2)).toThrow('key NaN');
  expect(() => heap.push(4, 2, NaN)).toThrow('tie NaN');
  expect(() => heap.update(4, 2, 2)).toThrow('update of id 4');
  expect(() => heap.update(3, NaN, 2)).toThrow('key NaN');
  expect(() => heap.keyOf(4)).toThrow('id 4');
  expect(() => heap.tieOf(4)).toThrow('id 4');
  heap.checkInvariants();
  expect([...heap.ids()]).toEqual([3]);
});

test('any sequence of operations agrees with a sorted array', () => {
  const id = fc.nat({ max: 90 });
  // Few keys and few ties: equality is the hard case.
  const key = fc.integer({ min: -3, max: 3 });
  const tie = fc.integer({ min: 0, max: 1000 });
  const operation = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('put'), id, key, tie }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('pop') }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('remove'), id }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('keyOf'), id }) },
  );
  const operations = fc.array(operation, { maxLength: 400, size: 'max' });
  fc.assert(
    fc.property(operations, fc.boolean(), (list, clears) => {
      const heap = new KeyedHeap();
      const model = new Map<number, Entry>();
      const smallest = (): Entry | undefined => [...model.values()].sort(byKeyThenTie)[0];
      let count = 0;
      for (const step of list as { do: string; id: number; key: number; tie: number }[]) {
        // A tie that no other entry has makes the expected order total.
        const uniqueTie = step.tie * 1000 + count++;
        if (step.do === 'put') {
          if (model.has(step.id)) heap.update(step.id, step.key, uniqueTie);
          else heap.push(step.id, step.key, uniqueTie);
          model.set(step.id, { id: step.id, key: step.key, tie: uniqueTie });
        } else if (step.do === 'pop') {
          const expected = smallest();
          expect(heap.popMin()).toBe(expected?.id ?? -1);
          if (expected !== undefined) model.delete(expected.id);
        } else if (step.do === 'remove') {
          expect(heap.remove(step.id)).toBe(model.delete(step.id));
        } else if (model.has(step.id)) {
          expect([heap.keyOf(step.id), heap.tieOf(step.id)]).toEqual([
            model.get(step.id)!.key,
            model.get(step.id)!.tie,
          ]);
        } else {
          expect(heap.has(step.id)).toBe(false);
        }
        expect(heap.size).toBe(model.size);
        expect(heap.peek()).toBe(smallest()?.id ?? -1);
        expect(heap.peekKey()).toBe(smallest()?.key ?? Infinity);
      }
      heap.checkInvariants();
      expect(new Set(heap.ids())).toEqual(new Set(model.keys()));
      if (clears) {
        heap.clear();
        heap.checkInvariants();
        expect([heap.size, heap.peek()]).toEqual([0, -1]);
        heap.push(90, 1, 1);
        expect(heap.popMin()).toBe(90);
      }
      const rest = [...model.values()].sort(byKeyThenTie).map((entry) => entry.id);
      if (!clears) expect(Array.from(rest, () => heap.popMin())).toEqual(rest);
    }),
    { seed: 1, numRuns: 100 },
  );
});

test('50,000 entries leave sorted: rows beyond the cached ones too, with many equal keys', () => {
  for (const keyCount of [40, 1_000_000]) {
    const rng = rngFor(1, `heap ${keyCount}`);
    const entries = Array.from({ length: 50_000 }, (_, id) => ({
      id,
      key: rng.integer(keyCount),
      tie: rng.uint32(),
    }));
    const heap = new KeyedHeap();
    for (const { id, key, tie } of entries) heap.push(id, key, tie);
    // Every third moves, every tenth leaves.
    const moved = entries
      .map((entry) => (entry.id % 3 === 0 ? { ...entry, key: rng.integer(keyCount) } : entry))
      .filter((entry) => entry.id % 10 !== 0);
    for (const { id, key, tie } of moved) if (id % 3 === 0) heap.update(id, key, tie);
    for (const { id } of entries) if (id % 10 === 0) expect(heap.remove(id)).toBe(true);
    heap.checkInvariants();
    const expected = moved.sort((a, b) => byKeyThenTie(a, b) || a.id - b.id).map((entry) => entry.id);
    expect(Array.from(expected, () => heap.popMin())).toEqual(expected);
    expect(heap.size).toBe(0);
  }
});

test('with a largest id, known beforehand, and beyond it', () => {
  const heap = new KeyedHeap(2);
  for (const id of [2, 0, 40, 3]) heap.push(id, id, 0);
  heap.checkInvariants();
  expect(Array.from({ length: 5 }, () => heap.popMin())).toEqual([0, 2, 3, 40, -1]);
});
