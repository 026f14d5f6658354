import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { AddressableQueue, NO_SLOT } from '../../src/base/addressable-queue.ts';
import { seedCount } from '../support/seeds.ts';

const names = [
  ...(['pushBack', 'pushBack', 'pushBack', 'pushBack', 'moveToBack', 'moveToBack', 'remove'] as const),
  ...(['popFront', 'insertAfter', 'insertBefore', 'leaveAndFill', 'walk'] as const),
];
const operation = fc.record({
  name: fc.constantFrom(...names),
  id: fc.integer({ min: 1, max: 60 }),
  at: fc.nat({ max: 1000 }),
});

for (const isIndexed of [true, false])
  test(`any sequence of operations agrees with an array${isIndexed ? '' : ', also before ids are looked up'}`, () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 300, size: 'max' }), (operations) => {
        const queue = new AddressableQueue();
        const model: number[] = [];
        if (isIndexed) expect(queue.has(1)).toBe(false);
        for (const { name, id, at } of operations) {
          const index = model.indexOf(id);
          const isIn = index >= 0;
          const place = model[at % Math.max(1, model.length)];
          if (name === 'pushBack') {
            if (isIn) continue;
            queue.pushBack(id);
            model.push(id);
          } else if (name === 'popFront') expect(queue.popFront()).toBe(model.shift() ?? 0);
          else if (name === 'walk') expect([...queue.ids()]).toEqual(model);
          else if (!isIndexed) continue;
          else if (name === 'remove' || name === 'moveToBack') {
            if (!isIn) {
              expect(() => queue[name](id)).toThrow(`id ${id} is not in the queue`);
              continue;
            }
            queue[name](id);
            model.splice(index, 1);
            if (name === 'moveToBack') model.push(id);
          } else if (isIn) expect(() => queue.pushBack(id)).toThrow(`id ${id} is in the queue already`);
          else if (place === undefined) expect(() => queue.insertAfter(99, id)).toThrow('id 99');
          else if (name === 'leaveAndFill') {
            const slot = queue.slotOf(place);
            queue.removeAt(slot);
            queue.fill(slot, id);
            model[model.indexOf(place)] = id;
          } else {
            queue[name](place, id);
            model.splice(model.indexOf(place) + (name === 'insertAfter' ? 1 : 0), 0, id);
          }
          expect([queue.size, queue.head()]).toEqual([model.length, model[0] ?? 0]);
        }
        queue.checkInvariants();
        expect([...queue.ids()]).toEqual(model);
        for (let id = 1; id <= 61; id++) expect(queue.has(id)).toBe(model.includes(id));
        queue.checkInvariants();
      }),
      { seed: 1, numRuns: seedCount(150, 10_000) },
    );
  });

test('the cursor follows the id in its slot, however ids are added', () => {
  fc.assert(
    fc.property(fc.array(operation, { minLength: 100, maxLength: 300, size: 'max' }), (operations) => {
      const queue = new AddressableQueue();
      for (const id of [61, 62, 63]) queue.pushBack(id);
      queue.cursor = queue.slotOf(62);
      for (const { name, id } of operations) {
        if (queue.has(id)) queue.remove(id);
        else if (name === 'insertAfter' || name === 'insertBefore') queue[name](62, id);
        else queue.pushBack(id);
        expect(queue.at(queue.cursor)).toBe(62);
      }
    }),
    { seed: 2, numRuns: seedCount(50, 5000) },
  );
});

test('its array stays within four slots for each id', () => {
  const queue = new AddressableQueue();
  for (let id = 1; id <= 1000; id++) queue.pushBack(id);
  for (let round = 0; round < 10_000; round++) {
    queue.moveToBack(1 + ((round * 7) % 1000));
    if (queue.nextSlot(queue.firstSlot()) === NO_SLOT) throw new Error('one id is left');
    expect(queue.slotOf(1 + ((round * 7) % 1000))).toBeLessThan(4096);
  }
  queue.checkInvariants();
});

test('ids that are no positive integers are an assertion', () => {
  const queue = new AddressableQueue();
  expect(queue.has(1)).toBe(false);
  for (const id of [0, -1, 2 ** 31]) expect(() => queue.pushBack(id)).toThrow(`id ${id}`);
  expect(() => queue.removeAt(0)).toThrow('slot 0');
  queue.checkInvariants();
});
