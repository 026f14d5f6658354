import { Ring } from '../base/ring.ts';
import type { Reserved } from './budget-accounts.ts';
import { hourUs } from './budget-limits.ts';
import type { BudgetTree } from './budgets.ts';
import type { Spending } from './past-spending.ts';
import type { Process } from './process.ts';

/** What one process has used of its nearest hourly token limit. */
export interface QuotaShare {
  tokens: number;
  /** When they must be looked at again, µs; 0: now. */
  endsUs: number;
  /** Of a sliding window: what is to leave it, by the instant at which it was reserved. */
  readonly uses: Ring<QuotaUse> | undefined;
}

interface QuotaUse {
  readonly atUs: number;
  readonly tokens: number;
}

/**
 * What each process has used by itself of its nearest hourly token limit, in the window as it is now: what the quota rule of a scheduling policy looks
 * at. Tokens are booked to the window that they were reserved in, as in the node's own account, so that no share outlives its window.
 */
export class QuotaShares {
  private readonly budgets: BudgetTree;

  constructor(budgets: BudgetTree) {
    this.budgets = budgets;
  }

  /** A call was settled. */
  count(process: Process, reserved: Reserved, tokens: number, nowUs: number): void {
    const { budgets } = this;
    if (budgets.quotaNode(process.budget) < 0 || tokens === 0) return;
    const isSliding = budgets.quotaKind(process.budget) === 'sliding';
    process.quota ??= { tokens: 0, endsUs: 0, uses: isSliding ? new Ring<QuotaUse>() : undefined };
    const { quota } = process;
    if (nowUs >= quota.endsUs) roll(quota, nowUs);
    if (quota.uses !== undefined) {
      if (reserved.atUs + hourUs <= nowUs) return;
      quota.uses.push({ atUs: reserved.atUs, tokens });
      quota.endsUs = quota.uses.peek()!.atUs + hourUs;
    } else {
      quota.endsUs = budgets.rollsUs(process.budget, nowUs);
      // Reserved in a window that is over: only what went beyond the reservation is this window's.
      const isOver = reserved.atUs < quota.endsUs - hourUs;
      tokens = isOver ? Math.max(0, tokens - reserved.tokens) : tokens;
    }
    quota.tokens += tokens;
  }

  /** Counts what `process` had spent before a crash, as far as it belongs to the window as it is now. */
  recount(process: Process, past: readonly Spending[], nowUs: number): void {
    const { budgets } = this;
    const isSliding = budgets.quotaKind(process.budget) === 'sliding';
    const startUs = isSliding ? 0 : budgets.rollsUs(process.budget, nowUs) - hourUs;
    for (const { reserved, settled } of past)
      if (settled.atUs >= startUs) this.count(process, reserved, settled.tokens, nowUs);
  }

  /** 0 to 1 and beyond, the running call included: it may go over its share before it ends. 0 when there is no limit. */
  share(process: Process, nowUs: number): number {
    const node = this.budgets.quotaNode(process.budget);
    if (node < 0) return 0;
    const { quota } = process;
    if (quota !== undefined && nowUs >= quota.endsUs) roll(quota, nowUs);
    return ((quota?.tokens ?? 0) + unsettledTokens(process)) / this.budgets.quotaLimit(node);
  }

  /** When that share can next fall by itself, µs: the window rolls, or something of the process leaves it. Infinity when there is no limit. */
  rollsUs({ budget, quota }: Process, nowUs: number): number {
    if (this.budgets.quotaNode(budget) < 0) return Infinity;
    if (quota !== undefined && nowUs >= quota.endsUs) roll(quota, nowUs);
    const endsUs = quota?.endsUs ?? 0;
    return endsUs > nowUs ? endsUs : this.budgets.rollsUs(budget, nowUs);
  }
}

/** What was used of windows that are over leaves. */
function roll(quota: QuotaShare, nowUs: number): void {
  const { uses } = quota;
  if (uses === undefined) {
    quota.tokens = 0;
    return;
  }
  let first = uses.peek();
  for (; first !== undefined && first.atUs + hourUs <= nowUs; first = uses.peek())
    quota.tokens -= uses.shift()!.tokens;
  quota.endsUs = first === undefined ? 0 : first.atUs + hourUs;
}

/** What the call of `process` has used and not settled yet. */
function unsettledTokens({ call }: Process): number {
  if (call === undefined || call.stretches === call.settledStretches) return 0;
  return call.tokensIn + call.tokensOut - call.settledOut;
}
