import { Ring } from '../base/ring.ts';
import type { Reserved } from './budget-accounts.ts';
import { hourUs } from './budget-limits.ts';
import type { BudgetTree } from './budgets.ts';
import type { Process } from './process.ts';

/** Tokens that a process used of a sliding window, by the instant at which they were reserved. */
export interface QuotaUse {
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
    if (nowUs >= process.quotaEndsUs) this.roll(process, nowUs);
    if (budgets.quotaKind(process.budget) === 'sliding') {
      if (reserved.atUs + hourUs <= nowUs) return;
      process.quotaUses ??= new Ring<QuotaUse>();
      process.quotaUses.push({ atUs: reserved.atUs, tokens });
      process.quotaEndsUs = process.quotaUses.peek()!.atUs + hourUs;
    } else {
      process.quotaEndsUs = budgets.rollsUs(process.budget, nowUs);
      // Reserved in a window that is over: only what went beyond the reservation is this window's.
      const isOver = reserved.atUs < process.quotaEndsUs - hourUs;
      tokens = isOver ? Math.max(0, tokens - reserved.tokens) : tokens;
    }
    process.quotaTokens += tokens;
  }

  /** 0 to 1 and beyond, the running call included: it may go over its share before it ends. 0 when there is no limit. */
  share(process: Process, nowUs: number): number {
    const node = this.budgets.quotaNode(process.budget);
    if (node < 0) return 0;
    if (nowUs >= process.quotaEndsUs) this.roll(process, nowUs);
    return (process.quotaTokens + unsettledTokens(process)) / this.budgets.quotaLimit(node);
  }

  /** When that share can next fall by itself, µs: the window rolls, or something of the process leaves it. Infinity when there is no limit. */
  rollsUs(process: Process, nowUs: number): number {
    if (this.budgets.quotaNode(process.budget) < 0) return Infinity;
    if (nowUs >= process.quotaEndsUs) this.roll(process, nowUs);
    return process.quotaEndsUs > nowUs ? process.quotaEndsUs : this.budgets.rollsUs(process.budget, nowUs);
  }

  private roll(process: Process, nowUs: number): void {
    const { quotaUses } = process;
    if (quotaUses === undefined) {
      process.quotaTokens = 0;
      return;
    }
    let first = quotaUses.peek();
    for (; first !== undefined && first.atUs + hourUs <= nowUs; first = quotaUses.peek())
      process.quotaTokens -= quotaUses.shift()!.tokens;
    process.quotaEndsUs = first === undefined ? 0 : first.atUs + hourUs;
  }
}

/** What the call of `process` has used and not settled yet. */
function unsettledTokens({ call }: Process): number {
  if (call === undefined || call.stretches === call.settledStretches) return 0;
  return call.tokensIn + call.tokensOut - call.settledOut;
}
