import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { LinkedLists } from '../../src/base/linked-lists.ts';

test('any sequence of operations agrees with arrays', () => {
  const names = [
    'pushFront',
    'pushBack',
    'insertAfter',
    'insertBefore',
    'remove',
    'moveToFront',
    'moveToBack',
    'transfer',
  ] as const;
  const operation = fc.record({
    name: fc.constantFrom(...names),
    list: fc.nat({ max: 2 }),
    id: fc.integer({ min: 1, max: 40 }),
    at: fc.nat({ max: 1000 }),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }),
      fc.array(operation, { maxLength: 300, size: 'max' }),
      (count, operations) => {
        const lists = new LinkedLists(count);
        const models: number[][] = Array.from({ length: count }, () => []);
        for (const { name, list: drawn, id, at } of operations) {
          const list = drawn % count;
          const model = models[list]!;
          const own = models.findIndex((ids) => ids.includes(id));
          const place = model[at % Math.max(1, model.length)];
          expect(lists.has(id)).toBe(own >= 0);
          if (name === 'remove') {
            if (own < 0) expect(() => lists.remove(list, id)).toThrow(`id ${id} is not in the list`);
            else {
              lists.remove(own, id);
              models[own]!.splice(models[own]!.indexOf(id), 1);
            }
          } else if (name === 'transfer') {
            if (own < 0) expect(() => lists.transfer(0, list, id)).toThrow(`id ${id} is not in the list`);
            else {
              lists.transfer(own, list, id);
              models[own]!.splice(models[own]!.indexOf(id), 1);
              model.push(id);
            }
          } else if (name === 'moveToFront' || name === 'moveToBack') {
            if (own < 0) expect(() => lists[name](list, id)).toThrow(`id ${id} is not in the list`);
            else if (own === list) {
              lists[name](list, id);
              model.splice(model.indexOf(id), 1);
              if (name === 'moveToFront') model.unshift(id);
              else model.push(id);
            }
          } else if (own >= 0) {
            expect(() => lists.pushBack(list, id)).toThrow(`id ${id} is in a list already`);
          } else if (name === 'pushFront' || name === 'pushBack') {
            lists[name](list, id);
            if (name === 'pushFront') model.unshift(id);
            else model.push(id);
          } else if (place === undefined) {
            expect(() => lists[name](list, 99, id)).toThrow('id 99 is not in the list');
          } else {
            lists[name](list, place, id);
            model.splice(model.indexOf(place) + (name === 'insertAfter' ? 1 : 0), 0, id);
          }
          expect([lists.size(list), noneOr(lists.head(list)), noneOr(lists.tail(list))]).toEqual([
            model.length,
            model[0] ?? 0,
            model.at(-1) ?? 0,
          ]);
        }
        lists.checkInvariants();
        expect(lists.save()).toEqual(models);
        for (const model of models)
          for (const [index, id] of model.entries())
            expect([noneOr(lists.previous(id)), noneOr(lists.next(id))]).toEqual([
              model[index - 1] ?? 0,
              model[index + 1] ?? 0,
            ]);
        const copy = new LinkedLists(count);
        copy.load(lists.save());
        copy.checkInvariants();
        expect(copy.save()).toEqual(models);
      },
    ),
    { seed: 1, numRuns: 150 },
  );
});

/** Where there is no id the answer is 0 or less. */
const noneOr = (id: number): number => Math.max(0, id);

test('ids far apart grow the columns, and nothing gets lost', () => {
  const lists = new LinkedLists(2);
  for (const id of [1, 15, 16, 100_000, 17]) lists.pushBack(id % 2, id);
  lists.checkInvariants();
  expect(lists.save()).toEqual([
    [16, 100_000],
    [1, 15, 17],
  ]);
  expect([100_000, 99_999, 1_000_000, 0, -1].map((id) => lists.has(id))).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});

test('lists that are added are empty, and the others keep what they hold', () => {
  const lists = new LinkedLists(2);
  for (const id of [1, 15, 16, 40, 17]) lists.pushBack(id % 2, id);
  lists.addLists(3);
  expect(lists.lists).toBe(5);
  lists.checkInvariants();
  expect(lists.save()).toEqual([[16, 40], [1, 15, 17], [], [], []]);
  lists.remove(1, 15);
  lists.pushBack(4, 15);
  lists.pushFront(3, 200);
  lists.moveToFront(0, 40);
  lists.checkInvariants();
  expect(lists.save()).toEqual([[40, 16], [1, 17], [], [200], [15]]);
});

test('the id just yielded may be removed', () => {
  const lists = new LinkedLists(1);
  for (let id = 1; id <= 10; id++) lists.pushBack(0, id);
  for (const id of lists.ids(0)) if (id % 2 === 0) lists.remove(0, id);
  expect([...lists.ids(0)]).toEqual([1, 3, 5, 7, 9]);
});

test('ids that are no small positive integers are an assertion', () => {
  const lists = new LinkedLists(1);
  for (const id of [0, -1, 0.5, NaN, 2 ** 31]) expect(() => lists.pushBack(0, id)).toThrow(`id ${id}`);
  lists.checkInvariants();
  expect(() => lists.next(3)).toThrow('id 3 is not in the list');
  expect(() => lists.previous(3)).toThrow('id 3 is not in the list');
  expect(() => new LinkedLists(0)).toThrow('0 lists');
});

test('the wrong list is found by the recount', () => {
  const lists = new LinkedLists(2);
  lists.pushBack(0, 1);
  lists.remove(1, 1);
  expect(() => lists.checkInvariants()).toThrow('its size is 1');
});
