/** Shorthands of the budget tests. */
import type { BudgetAmounts, BudgetLimit, BudgetWindow } from '../../src/kernel/budget-limits.ts';
import type { Reservation } from '../../src/kernel/budgets.ts';
import { BudgetTree } from '../../src/kernel/budgets.ts';

export const total: BudgetWindow = { kind: 'total' };
export const fixed = (lengthUs: number): BudgetWindow => ({ kind: 'fixed', lengthUs });
export const sliding = (lengthUs: number): BudgetWindow => ({ kind: 'sliding', lengthUs });
export const tokens = (amount: number, window: BudgetWindow): BudgetLimit => ({
  resource: 'tokens',
  amount,
  window,
});
export const ask = (amounts: Partial<BudgetAmounts>): BudgetAmounts => ({
  tokens: 0,
  calls: 0,
  microDollars: 0,
  coreUs: 0,
  ...amounts,
});

/** A tree of one node, with shorthands for tokens. */
export function one(...limits: BudgetLimit[]) {
  const tree = new BudgetTree([{ name: 'one', limits }]);
  return {
    tree,
    take: (amount: number, nowUs: number): Reservation => taken(tree, 0, amount, nowUs),
    asks: (amount: number, nowUs: number) => tree.reserve(0, ask({ tokens: amount }), nowUs, 1),
    settle: (ticket: Reservation, used: number, nowUs: number) =>
      tree.settle(ticket, ask({ tokens: used }), nowUs),
    usage: (nowUs: number) => usageOf(tree, 0, nowUs),
  };
}

export function taken(tree: BudgetTree, node: number, amount: number, nowUs: number, seq = 1): Reservation {
  const result = tree.reserve(node, ask({ tokens: amount }), nowUs, seq);
  if (result.kind !== 'reserved') throw new Error(`${amount} at ${nowUs}: ${JSON.stringify(result)}`);
  return result.reservation;
}

/** [used, reserved] of the node's first limit. */
export function usageOf(tree: BudgetTree, node: number, nowUs: number): readonly [number, number] {
  const { used, reserved } = tree.usage(node, nowUs)[0]!;
  return [used, reserved];
}
