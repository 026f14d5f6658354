import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { Ring } from '../../src/base/ring.ts';

test('any sequence of operations agrees with an array', () => {
  const operation = fc.oneof(
    { weight: 5, arbitrary: fc.constant('push') },
    { weight: 3, arbitrary: fc.constant('shift') },
    { weight: 2, arbitrary: fc.constant('pop') },
    { weight: 1, arbitrary: fc.constant('read') },
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 300, size: 'max' }), (operations) => {
      const ring = new Ring<number>();
      const model: number[] = [];
      operations.forEach((name, item) => {
        if (name === 'push') {
          ring.push(item);
          model.push(item);
        } else if (name === 'shift') {
          expect(ring.shift()).toBe(model.shift());
        } else if (name === 'pop') {
          expect(ring.pop()).toBe(model.pop());
        } else {
          expect([...ring]).toEqual(model);
          expect(model.map((_, index) => ring.at(index))).toEqual(model);
        }
        expect(ring.length).toBe(model.length);
        expect(ring.peek()).toBe(model[0]);
      });
      expect([...ring]).toEqual(model);
    }),
    { seed: 1, numRuns: 120 },
  );
});

test('a ring starts with the items given, grows past any size, and empties', () => {
  const ring = new Ring([1, 2, 3]);
  for (let item = 4; item <= 10_000; item++) ring.push(item);
  expect(ring.length).toBe(10_000);
  expect(ring.shift()).toBe(1);
  expect(ring.at(0)).toBe(2);
  expect(ring.at(9_998)).toBe(10_000);
  ring.clear();
  expect([ring.length, ring.peek(), ring.shift(), ring.pop()]).toEqual([0, undefined, undefined, undefined]);
  ring.push(7);
  expect([...ring]).toEqual([7]);
});

test('a million items through a short queue cost no growing memory and no moving', () => {
  const ring = new Ring<number>();
  let sum = 0;
  for (let item = 0; item < 1_000_000; item++) {
    ring.push(item);
    if (item >= 10) sum += ring.shift()!;
  }
  expect(ring.length).toBe(10);
  expect(sum).toBe((999_989 * 999_990) / 2);
});

test('an item that left can be collected', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const ring = new Ring<object>();
  const left = Array.from({ length: 4 }, () => {
    const item = {};
    ring.push(item);
    return new WeakRef(item);
  });
  ring.shift();
  ring.pop();
  await new Promise((resolve) => setImmediate(resolve)); // a WeakRef holds its target until the job ends
  collect();
  expect(left.map((reference) => reference.deref() !== undefined)).toEqual([false, true, true, false]);
  expect(ring.length).toBe(2);
});

test('an index outside is an assertion', () => {
  const ring = new Ring([1]);
  expect(() => ring.at(1)).toThrow('index 1 of 1 items');
  expect(() => ring.at(-1)).toThrow('index -1');
  expect(() => ring.at(0.5)).toThrow('index 0.5');
});
