/** Context memory against a naive model of single pages: the same faults, the same victims in the same order, the same pages resident. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { seedCount } from '../support/seeds.ts';
import { MemoryPair, tables, type Step } from './memory-pair.ts';
import type { NaiveOptions } from './naive-memory.ts';

const table = fc.nat({ max: tables - 1 });
const nth = fc.nat({ max: 30 });
const importance = fc.constantFrom(0, 0.3, 0.5, 0.7, 1);
const room = fc.nat({ max: 8 });
const count = fc.integer({ min: 1, max: 8 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constant('append' as const),
      table,
      space: fc.constantFrom(0, 2, 3),
      first: fc.nat({ max: 10 }),
      count,
      importance,
      pinned: fc.constantFrom(false, false, false, true),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('own' as const),
      table,
      count: fc.integer({ min: 1, max: 3 }),
      tokens: fc.integer({ min: 1, max: 5 }),
    }),
  },
  {
    weight: 14,
    arbitrary: fc.record({
      op: fc.constantFrom('begin' as const, 'call' as const, 'call' as const, 'answer' as const),
      table,
      room,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constantFrom(
        'end' as const,
        'end' as const,
        'end' as const,
        'end' as const,
        'release' as const,
        'bypass' as const,
      ),
      table,
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constantFrom(
        'touch' as const,
        'touch' as const,
        'pin' as const,
        'unpin' as const,
        'truncate' as const,
      ),
      table,
      nth,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constantFrom('drop' as const, 'free' as const),
      table,
      nth,
      count: fc.integer({ min: 1, max: 6 }),
      stride: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('importance' as const), table, nth, importance }) },
);

const options: fc.Arbitrary<NaiveOptions> = fc.record({
  capacity: fc.integer({ min: 5, max: 60 }),
  residency: fc.constantFrom('independent', 'prefix'),
  victims: fc.constantFrom('any', 'leaf'),
  paging: fc.constantFrom('importance-lru', 'lru', 'fifo'),
});

test('the same faults, victims and resident pages as a naive model of single pages', () => {
  fc.assert(
    fc.property(options, fc.array(step, { minLength: 1, maxLength: 120, size: 'max' }), (given, steps) => {
      const pair = new MemoryPair(given);
      for (const each of steps) {
        const { real, naive } = pair.run(each);
        expect(real, JSON.stringify(each)).toEqual(naive);
      }
    }),
    { numRuns: seedCount(300, 30_000), seed: 1 },
  );
});

test('independent residency has no leaves: of a run that was used together the lowest page leaves first', () => {
  const pair = new MemoryPair({ capacity: 4, residency: 'independent', victims: 'leaf', paging: 'lru' });
  const content = { op: 'append', space: 0, count: 3, importance: 0.5, pinned: false } as const;
  const steps: readonly Step[] = [
    { ...content, table: 0, first: 0 },
    { op: 'call', table: 0, room: 0 },
    { ...content, table: 1, first: 5 },
    { op: 'call', table: 1, room: 0 },
  ];
  const told = steps.map((each) => pair.run(each));
  for (const { real, naive } of told) expect(real).toEqual(naive);
  expect(told.at(-1)!.real.evicted).toEqual([1, 2]);
});
