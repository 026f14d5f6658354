/** Throttled nodes: when the tree lets the next call start. By hand, and against a naive count over all reservations. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { BudgetLimit } from '../../src/kernel/budget-limits.ts';
import { BudgetTree, type Reservation } from '../../src/kernel/budgets.ts';
import { seedCount } from '../support/seeds.ts';
import { ask, fixed, sliding, tokens, total } from './budget-support.ts';

const paced = (...limits: BudgetLimit[]) =>
  new BudgetTree([{ name: 'one', limits, whenExhausted: 'throttle' }]);
const asks = (tree: BudgetTree, amount: number, nowUs: number) =>
  tree.reserve(0, ask({ tokens: amount }), nowUs, 1);
const waitsUntil = (retryAtUs: number) => ({ kind: 'waits', node: 0, retryAtUs });

test('fixed windows: each begins with an empty bucket, and debt counts', () => {
  const tree = paced(tokens(100, fixed(1000)));
  const first = asks(tree, 20, 2500);
  expect(first.kind).toBe('reserved');
  expect(asks(tree, 10, 2500).kind).toBe('reserved'); // half of the window has passed
  expect(asks(tree, 30, 2500).kind).toBe('reserved');
  expect(asks(tree, 1, 2500)).toEqual(waitsUntil(2600));
  expect(asks(tree, 1, 2600).kind).toBe('reserved');
  // Above the reservation by 50: 111 are booked, 11 of them to the next window.
  if (first.kind === 'reserved') tree.settle(first.reservation, ask({ tokens: 70 }), 2700);
  expect(asks(tree, 1, 2700)).toEqual(waitsUntil(3110));
  expect(asks(tree, 1, 3109)).toEqual(waitsUntil(3110));
  expect(tree.whyNot(0, ask({ tokens: 1 }), 3109)).toEqual({ kind: 'pace', untilUs: 3110 });
  expect(asks(tree, 1, 3110).kind).toBe('reserved');
});

test('sliding windows: the bucket saves nothing up, and debt counts', () => {
  const tree = paced(tokens(100, sliding(1000)));
  expect(asks(tree, 10, 0).kind).toBe('reserved');
  expect(asks(tree, 10, 99)).toEqual(waitsUntil(100));
  const second = asks(tree, 10, 400);
  expect(second.kind).toBe('reserved');
  // Not at 200, though since 0 only 20 were asked for.
  expect(asks(tree, 10, 400)).toEqual(waitsUntil(500));
  if (second.kind === 'reserved') tree.settle(second.reservation, ask({ tokens: 30 }), 450);
  // What it used above its reservation came at 450.
  expect(asks(tree, 10, 450)).toEqual(waitsUntil(700));
});

test('a total has no rate; what asks for nothing is not paced; the latest of several limits counts', () => {
  const tree = paced(tokens(100, total), tokens(100, fixed(1000)), tokens(50, fixed(10_000)));
  expect(asks(tree, 40, 0).kind).toBe('reserved');
  expect(asks(tree, 0, 0).kind).toBe('reserved');
  expect(asks(tree, 5, 0)).toEqual(waitsUntil(8000));
});

test('why a call waits: spent, reserved, paced, or not its turn', () => {
  const tree = paced(tokens(100, fixed(1000)));
  const why = (amount: number, nowUs: number) => tree.whyNot(0, ask({ tokens: amount }), nowUs);
  const first = asks(tree, 60, 0);
  expect(why(41, 0)).toEqual({ kind: 'reserved' });
  expect(why(40, 0)).toEqual({ kind: 'pace', untilUs: 600 });
  expect(why(40, 600)).toEqual({ kind: 'turn' });
  if (first.kind === 'reserved') tree.settle(first.reservation, ask({ tokens: 60 }), 600);
  expect(why(41, 600)).toEqual({ kind: 'spent', resource: 'tokens', asked: 41 });
});

// ---- Against a naive count ---------------------------------------------------------------------------------------------

interface Booked {
  readonly atUs: number;
  held: number;
  readonly ticket: Reservation;
}

/** From when on the next call may start, by definition: a fraction of a µs included. */
function naivePacedUs(booked: readonly Booked[], limit: BudgetLimit, nowUs: number): number {
  const { amount, window } = limit;
  if (window.kind === 'total') return 0;
  const { lengthUs } = window;
  const sum = (list: readonly Booked[]) => list.reduce((total, { held }) => total + held, 0);
  if (window.kind === 'fixed') {
    const startUs = nowUs - (nowUs % lengthUs);
    const held = sum(booked.filter(({ atUs }) => atUs >= startUs));
    return held === 0 ? 0 : startUs + (held * lengthUs) / amount;
  }
  const inside = booked.filter(({ atUs, held }) => atUs + lengthUs > nowUs && held > 0);
  const ends = inside.map(
    ({ atUs }) => atUs + (sum(inside.filter((other) => other.atUs >= atUs)) * lengthUs) / amount,
  );
  return Math.max(0, ...ends);
}

const limits = fc.record({
  resource: fc.constant('tokens' as const),
  amount: fc.integer({ min: 5, max: 60 }),
  window: fc.record({
    kind: fc.constantFrom('fixed' as const, 'sliding' as const),
    lengthUs: fc.integer({ min: 5, max: 500 }),
  }),
});
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ ask: fc.integer({ min: 1, max: 20 }) }) },
    { weight: 2, arbitrary: fc.record({ pass: fc.integer({ min: 1, max: 80 }) }) },
    { weight: 2, arbitrary: fc.record({ settle: fc.nat({ max: 99 }), share: fc.nat({ max: 4 }) }) },
  ),
  { minLength: 5, maxLength: 60, size: 'max' },
);

test('a paced call starts when it is due and never before, and waits at the limit for less than its own time', () => {
  const seen = { reserved: 0, paced: 0, full: 0 };
  fc.assert(
    fc.property(limits, steps, (limit, all) => {
      const tree = paced(limit);
      const open: Booked[] = [];
      const booked: Booked[] = [];
      let nowUs = 0;
      for (const step of all) {
        if ('pass' in step) nowUs += step.pass;
        else if ('settle' in step) {
          const [one] = open.splice(step.settle % Math.max(1, open.length), 1);
          if (one === undefined) continue;
          one.held = Math.floor((one.held * step.share) / 4);
          tree.settle(one.ticket, ask({ tokens: one.held }), nowUs);
        } else {
          const pacedUs = naivePacedUs(booked, limit, nowUs);
          const result = asks(tree, step.ask, nowUs);
          if (result.kind === 'reserved') {
            seen.reserved++;
            expect(pacedUs).toBeLessThanOrEqual(nowUs);
            const one = { atUs: nowUs, held: step.ask, ticket: result.reservation };
            open.push(one);
            booked.push(one);
          } else if (result.kind === 'waits') {
            const { amount, window } = limit;
            const ownUs = (step.ask * window.lengthUs) / amount;
            expect(result.retryAtUs).toBeGreaterThan(nowUs);
            if (pacedUs > nowUs) {
              seen.paced++;
              expect(result.retryAtUs).toBeGreaterThanOrEqual(pacedUs);
            } else {
              seen.full++;
              // It fits not yet; the fixed window is over, or enough has slid out, before it would be paid for.
              expect(result.retryAtUs).toBeLessThan(nowUs + ownUs + 1);
            }
          }
        }
        tree.checkInvariants(nowUs);
      }
    }),
    { seed: 20263, numRuns: seedCount(400, 20_000) },
  );
  for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(100);
});

test('all that waits for its pace is served, and the windows fill', () => {
  fc.assert(
    fc.property(
      limits,
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 40 }),
      (limit, all) => {
        const tree = paced(limit);
        let nowUs = 0;
        for (const amount of all) {
          let result = asks(tree, amount, nowUs);
          while (result.kind === 'waits') {
            nowUs = result.retryAtUs;
            result = asks(tree, amount, nowUs);
          }
          expect(result.kind).toBe('reserved');
        }
        // What is asked for without a break takes the time in which the limit pays for it, and the rest of each window that one call does not fit into.
        const { amount, window } = limit;
        const asked = all.reduce((sum, one) => sum + one, 0);
        const windows = asked / (amount - 4) + 1;
        expect(nowUs).toBeLessThanOrEqual(windows * window.lengthUs + all.length);
      },
    ),
    { seed: 20264, numRuns: seedCount(200, 5_000) },
  );
});
