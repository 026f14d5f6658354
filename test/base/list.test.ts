import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { LinkedIds, NONE } from '../../src/base/list.ts';

test('any sequence of operations agrees with an array', () => {
  const names = [
    'pushFront',
    'pushBack',
    'insertAfter',
    'insertBefore',
    'remove',
    'moveToFront',
    'moveToBack',
    'popFront',
    'popBack',
  ] as const;
  const operation = fc.record({
    name: fc.constantFrom(...names),
    id: fc.nat({ max: 40 }),
    at: fc.nat({ max: 1000 }),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 300, size: 'max' }), (operations) => {
      const list = new LinkedIds();
      let model: number[] = [];
      for (const { name, id, at } of operations) {
        const without = model.filter((other) => other !== id);
        const isPresent = without.length < model.length;
        const anchor = model[at % Math.max(1, model.length)];
        if (name === 'popFront') {
          expect(list.popFront()).toBe(model.shift() ?? NONE);
        } else if (name === 'popBack') {
          expect(list.popBack()).toBe(model.pop() ?? NONE);
        } else if (name === 'remove') {
          expect(list.remove(id)).toBe(isPresent);
          model = without;
        } else if (name === 'moveToFront' || name === 'moveToBack') {
          if (!isPresent) {
            expect(() => list[name](id)).toThrow(`id ${id} is not in the list`);
            continue;
          }
          list[name](id);
          model = name === 'moveToFront' ? [id, ...without] : [...without, id];
        } else if (isPresent) {
          expect(() => list.pushBack(id)).toThrow(`id ${id} is in the list already`);
        } else if (name === 'pushFront') {
          list.pushFront(id);
          model.unshift(id);
        } else if (name === 'pushBack') {
          list.pushBack(id);
          model.push(id);
        } else if (anchor === undefined) {
          expect(() => list[name](0, id)).toThrow('id 0 is not in the list');
        } else {
          list[name](anchor, id);
          model.splice(model.indexOf(anchor) + (name === 'insertAfter' ? 1 : 0), 0, id);
        }
        expect([list.size, list.head, list.tail]).toEqual([
          model.length,
          model[0] ?? NONE,
          model.at(-1) ?? NONE,
        ]);
      }
      list.checkInvariants();
      expect([...list.ids()]).toEqual(model);
      model.forEach((id, index) => {
        expect(list.has(id)).toBe(true);
        expect([list.previous(id), list.next(id)]).toEqual([
          model[index - 1] ?? NONE,
          model[index + 1] ?? NONE,
        ]);
      });
      list.clear();
      list.checkInvariants();
      expect([list.size, list.head, list.tail]).toEqual([0, NONE, NONE]);
    }),
    { seed: 1, numRuns: 120 },
  );
});

test('ids far apart grow the columns, and nothing gets lost', () => {
  const list = new LinkedIds();
  for (const id of [0, 15, 16, 100_000, 17]) list.pushBack(id);
  list.checkInvariants();
  expect([...list.ids()]).toEqual([0, 15, 16, 100_000, 17]);
  expect(list.has(99_999)).toBe(false);
  expect(list.has(1_000_000)).toBe(false);
});

test('the id just yielded may be removed', () => {
  const list = new LinkedIds();
  for (let id = 0; id < 10; id++) list.pushBack(id);
  for (const id of list.ids()) if (id % 2 === 0) list.remove(id);
  expect([...list.ids()]).toEqual([1, 3, 5, 7, 9]);
});

test('ids that are no small integers are an assertion', () => {
  const list = new LinkedIds();
  for (const id of [-1, 0.5, NaN, 2 ** 31]) expect(() => list.pushBack(id)).toThrow(`id ${id}`);
  expect(() => list.next(3)).toThrow('id 3 is not in the list');
  expect(() => list.previous(3)).toThrow('id 3 is not in the list');
});
