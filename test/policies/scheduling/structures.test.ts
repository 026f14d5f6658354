/** The structures under the policies against whole scans: tournament of response ratios, tree of eligible processes, tickets, virtual times. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { EligibleTree } from '../../../src/policies/scheduling/eligible-tree.ts';
import { ResponseRatios } from '../../../src/policies/scheduling/response-ratios.ts';
import { TicketTree } from '../../../src/policies/scheduling/ticket-tree.ts';
import { RunningStretches, VirtualTimes } from '../../../src/policies/scheduling/virtual-time.ts';
import { seedCount } from '../../support/seeds.ts';

const step = fc.record({
  what: fc.constantFrom('add', 'add', 'add', 'first', 'first', 'remove'),
  id: fc.integer({ min: 1, max: 60 }),
  us: fc.constantFrom(0, 1, 1, 7, 1_000, 123_456_789),
  length: fc.constantFrom(1, 2, 3, 5, 1_000, 1_000_001, 999_999_999_999, 999_999_999_998),
});
const steps = fc.array(step, { minLength: 30, maxLength: 150 });

test('response ratios: the first is the one that a scan with big integers finds', () => {
  let found = 0;
  fc.assert(
    fc.property(steps, fc.constantFrom(0, 2 ** 51), (list, startUs) => {
      const ratios = new ResponseRatios();
      const ready = new Map<number, { sinceUs: number; length: number; order: number }>();
      let nowUs = startUs;
      for (const [order, { what, id, us, length }] of list.entries()) {
        nowUs += us;
        if (what === 'add' && !ready.has(id)) {
          ratios.add(id, nowUs, length, order);
          ready.set(id, { sinceUs: nowUs, length, order });
        } else if (what === 'remove') expect(ratios.remove(id)).toBe(ready.delete(id));
        else if (what === 'first') {
          const [best] = [...ready].sort(([, a], [, b]) => {
            const left = BigInt(nowUs - a.sinceUs) * BigInt(b.length);
            const right = BigInt(nowUs - b.sinceUs) * BigInt(a.length);
            return left === right ? a.order - b.order : left > right ? -1 : 1;
          });
          const first = ratios.first(nowUs);
          expect(first).toBe(best?.[0] ?? -1);
          expect(ratios.firstByScan(nowUs)).toBe(first);
          if (first < 0) continue;
          found++;
          if (id % 2 === 0) {
            ratios.remove(first);
            ready.delete(first);
          }
        }
        expect(ratios.size).toBe(ready.size);
      }
    }),
    { seed: 1, numRuns: seedCount(200, 20_000) },
  );
  expect(found).toBeGreaterThan(2_000);
});

test('response ratios: two that differ by less than a double can tell are told apart', () => {
  // Fibonacci numbers: F54 / F55 and F55 / F56 differ as little as fractions of that size can, and F55² rounds to the same as F54 · F56.
  const [f54, f55, f56] = [86_267_571_272, 139_583_862_445, 225_851_433_717];
  expect(f55 * f55).toBe(f54 * f56);
  expect(BigInt(f55) * BigInt(f55) - BigInt(f54) * BigInt(f56)).toBe(1n);
  for (const [first, second] of [
    [1, 2],
    [2, 1],
  ] as const) {
    const ratios = new ResponseRatios();
    const nowUs = 1e15;
    ratios.add(1, nowUs - f55, f56, first);
    ratios.add(2, nowUs - f54, f55, second);
    // 55 / 56 is larger than 54 / 55: F55 · F55 > F54 · F56.
    expect(ratios.first(nowUs)).toBe(1);
  }
});

test('eligible tree: the earliest deadline up to a time, and the smallest time, as a scan finds them', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          isAdd: fc.boolean(),
          id: fc.integer({ min: 1, max: 40 }),
          time: fc.integer({ min: -5, max: 12 }),
          deadline: fc.integer({ min: 0, max: 12 }),
        }),
        { minLength: 10, maxLength: 120 },
      ),
      (list) => {
        const tree = new EligibleTree();
        const places = new Map<number, { time: number; deadline: number; sequence: number }>();
        for (const [sequence, { isAdd, id, time, deadline }] of list.entries()) {
          if (isAdd && !places.has(id)) {
            tree.add(id, { time, deadline, sequence });
            places.set(id, { time, deadline, sequence });
          } else if (!isAdd) expect(tree.remove(id)).toBe(places.delete(id));
          tree.checkInvariants();
          const all = [...places];
          const [eligible] = all
            .filter(([, place]) => place.time <= time)
            .sort(([, a], [, b]) => a.deadline - b.deadline || a.sequence - b.sequence);
          expect(tree.firstUpTo(time)).toBe(eligible?.[0] ?? 0);
          const [first] = all.sort(([, a], [, b]) => a.time - b.time || a.sequence - b.sequence);
          expect(tree.firstInTime()).toBe(first?.[0] ?? 0);
          expect(tree.pids()).toEqual([...places.keys()].sort((a, b) => a - b));
        }
      },
    ),
    { seed: 2, numRuns: seedCount(150, 10_000) },
  );
});

test('tickets: every number has the holder that counting finds', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 0, max: 4 })), { maxLength: 40 }),
      (list) => {
        const tree = new TicketTree();
        const tickets = new Map<number, number>();
        for (const [id, count] of list) {
          tree.set(id, count);
          tickets.set(id, count);
        }
        const held = [...tickets]
          .sort(([a], [b]) => a - b)
          .flatMap(([id, count]) => Array.from({ length: count }, () => id));
        expect(tree.size).toBe(held.length);
        expect(held.map((_, ticket) => tree.holder(ticket))).toEqual(held);
        expect(tree.count).toBe(new Set(held).size);
      },
    ),
    { seed: 3, numRuns: seedCount(200, 10_000) },
  );
});

test('virtual times: many small additions are one large one, exactly', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 1e9 }), { maxLength: 30 }),
      fc.constantFrom(1, 3, 7, 1024, 999_983, 1e9),
      (parts, share) => {
        const times = new VirtualTimes();
        for (const us of parts) times.add(1, us, share);
        const all = BigInt(parts.reduce((sum, us) => sum + us, 0)) * 1024n;
        expect(BigInt(times.get(1))).toBe(all / BigInt(share));
        expect(BigInt(times.rest.get(1))).toBe(all % BigInt(share));
      },
    ),
    { seed: 4, numRuns: seedCount(200, 10_000) },
  );
});

test('running stretches: how many there are, and how long each is', () => {
  const running = new RunningStretches();
  running.begin(1, 0);
  running.begin(2, 10);
  expect([running.size, running.lengthUs(1, 15), running.has(3)]).toEqual([2, 15, false]);
  running.begin(1, 12);
  running.end(3);
  expect([running.lengthUs(1, 15), running.lengthUs(2, 15)]).toEqual([3, 5]);
  running.end(2);
  running.end(2);
  expect([running.size, running.lengthUs(1, 15)]).toEqual([1, 3]);
});
