/** Whose share of an hourly token limit is how large: every token counts in the window that it was reserved in, and no longer. */
import { expect, test } from 'vitest';

import { hourUs, type BudgetNodeSpec } from '../../src/kernel/budget-limits.ts';
import { BudgetTree, type Reservation } from '../../src/kernel/budgets.ts';
import type { Process } from '../../src/kernel/process.ts';
import { QuotaShares } from '../../src/kernel/quota-shares.ts';

const MINUTE = 60_000_000;

function sharesOf(kind: 'fixed' | 'sliding') {
  const team: BudgetNodeSpec = {
    name: 'team',
    limits: [{ resource: 'tokens', amount: 100_000, window: { kind, lengthUs: hourUs } }],
  };
  const budgets = new BudgetTree([team]);
  let seq = 0;
  const shares = new QuotaShares(budgets);
  const process = () =>
    ({
      budget: 0,
      quota: undefined,
      call: undefined,
    }) as unknown as Process;
  const other = { calls: 1, microDollars: 0, coreUs: 0 };
  const reserve = (at: number, tokens: number): Reservation => {
    const result = budgets.reserve(0, { tokens, ...other }, at * MINUTE, ++seq);
    if (result.kind !== 'reserved') throw new Error(`${tokens} tokens did not fit: ${result.kind}`);
    return result.reservation;
  };
  const settle = (one: Process, reservation: Reservation, at: number, tokens: number): void => {
    budgets.settle(reservation, { tokens, ...other }, at * MINUTE);
    shares.count(one, reservation, tokens, at * MINUTE);
  };
  const share = (one: Process, at: number) => shares.share(one, at * MINUTE);
  const rolls = (one: Process, at: number) => shares.rollsUs(one, at * MINUTE) / MINUTE;
  return { process, reserve, settle, share, rolls };
}

test('sliding: a share lasts an hour from its use, whatever of others leaves the window', () => {
  const { process, reserve, settle, share, rolls } = sharesOf('sliding');
  const [large, colleague] = [process(), process()];
  settle(colleague, reserve(0, 100), 0, 100);
  settle(large, reserve(55, 50_000), 55, 50_000);
  expect(share(colleague, 59)).toBe(0.001);
  expect([share(colleague, 60), rolls(large, 60)]).toEqual([0, 115]);
  for (const at of [60, 70, 110, 114]) expect(share(large, at)).toBe(0.5);
  expect(share(large, 115)).toBe(0);
});

test('sliding: uses leave one by one', () => {
  const { process, reserve, settle, share, rolls } = sharesOf('sliding');
  const one = process();
  settle(one, reserve(10, 10_000), 20, 10_000);
  settle(one, reserve(30, 30_000), 31, 30_000);
  expect([69, 70, 89].map((at) => share(one, at))).toEqual([0.4, 0.3, 0.3]);
  expect([rolls(one, 89), share(one, 90)]).toEqual([90, 0]);
});

test('fixed: what was reserved in the last window is no use of this one, but for what went beyond', () => {
  const { process, reserve, settle, share, rolls } = sharesOf('fixed');
  const [early, late, over] = [process(), process(), process()];
  settle(early, reserve(10, 20_000), 11, 20_000);
  const reserved = [reserve(58, 40_000), reserve(59, 40_000)] as const;
  expect([share(early, 59), share(early, 60)]).toEqual([0.2, 0]);
  settle(late, reserved[0], 61, 40_000);
  settle(over, reserved[1], 61, 41_000);
  expect([share(late, 61), share(over, 61)]).toEqual([0, 0.01]);
  expect([rolls(late, 61), rolls(over, 61), share(over, 120)]).toEqual([120, 120, 0]);
});
