/** The two kinds of object of a budget tree: its nodes, and the tickets for what is reserved. */
import { FixedAccount } from './budget-accounts.ts';
import type { LimitAccount, Reserved } from './budget-accounts.ts';
import { hourUs } from './budget-limits.ts';
import type { BudgetAmounts, BudgetLimit, BudgetNodeSpec } from './budget-limits.ts';
import type { CheaperModel, ExhaustionRule } from './budget-rules.ts';
import { SlidingAccount } from './budget-sliding.ts';
import type { BudgetWaiters } from './budget-waiters.ts';

export class BudgetNode {
  readonly index: number;
  readonly name: string;
  readonly spec: BudgetNodeSpec;
  readonly rule: ExhaustionRule;
  readonly cheaper: CheaperModel | undefined;
  readonly isPaced: boolean;
  parent: BudgetNode | undefined = undefined;
  accounts: readonly LimitAccount[];
  /** Place in `accounts` of the smallest token limit of an hour; -1. */
  readonly quotaPlace: number;
  /** Made for the first waiter: most nodes never have one. */
  waiters: BudgetWaiters | undefined = undefined;
  /** Kept beside `waiters`, because every reservation looks at it; Infinity when nobody waits. */
  firstWaiterSeq = Infinity;

  constructor(index: number, spec: BudgetNodeSpec) {
    const { name, limits = [], whenExhausted = 'wait', degradeTo } = spec;
    this.index = index;
    this.spec = spec;
    this.name = name;
    this.rule = whenExhausted;
    this.cheaper = degradeTo;
    this.isPaced = whenExhausted === 'throttle';
    this.accounts = limits.map(createAccount);
    this.quotaPlace = placeOfQuota(limits);
  }
}

/** What was reserved at `own` and above. It is its own ReserveResult, so that a reservation makes one object. */
export class Ticket implements Reserved {
  readonly kind = 'reserved';
  readonly seq: number;
  readonly own: BudgetNode;
  readonly tokens: number;
  readonly calls: number;
  readonly microDollars: number;
  readonly coreUs: number;
  readonly atUs: number;
  isOpen = true;
  // The tree's list of open reservations.
  previous: Ticket | undefined = undefined;
  next: Ticket | undefined = undefined;

  constructor(seq: number, own: BudgetNode, amounts: BudgetAmounts, atUs: number) {
    this.seq = seq;
    this.own = own;
    this.tokens = amounts.tokens;
    this.calls = amounts.calls;
    this.microDollars = amounts.microDollars;
    this.coreUs = amounts.coreUs;
    this.atUs = atUs;
  }

  get node(): number {
    return this.own.index;
  }

  get reservation(): Ticket {
    return this;
  }
}

export function createAccount(limit: BudgetLimit): LimitAccount {
  return limit.window.kind === 'sliding' ? new SlidingAccount(limit) : new FixedAccount(limit);
}

function placeOfQuota(limits: readonly BudgetLimit[]): number {
  let found = -1;
  limits.forEach(({ resource, amount, window }, place) => {
    if (resource !== 'tokens' || window.kind === 'total' || window.lengthUs !== hourUs) return;
    if (found === -1 || amount < limits[found]!.amount) found = place;
  });
  return found;
}
