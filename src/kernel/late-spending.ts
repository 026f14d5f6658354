/**
 * What runs spent before this kernel came to know of them, booked in a running kernel: at nodes that are new all of it, at the others what they do not have yet. A run's ledger is always told
 * from its start and in its order, so that a count for each run says how far it is booked.
 */
import type { LimitAccount, Reserved } from './budget-accounts.ts';
import { createAccount } from './budget-nodes.ts';
import type { BudgetTree } from './budgets.ts';
import { reservationKey } from './past-spending.ts';
import type { LedgerRecord } from './records.ts';

interface LateBooking {
  readonly budgets: BudgetTree;
  readonly ledger: readonly LedgerRecord[];
  /** The node of the tree that a record names. */
  readonly nodeOf: (record: LedgerRecord) => number;
  /** How many records of the run are booked. */
  readonly bookedOf: (run: string) => number;
  readonly fresh: ReadonlySet<number>;
  readonly nowUs: number;
}

/** Amounts of windows that are over are over; totals are whole; a call without a known end counts in full, as after a crash. */
export function bookLate({ budgets, ledger, nodeOf, bookedOf, fresh, nowUs }: LateBooking): void {
  const counts = new Map<string, number>();
  const late = ledger.map((record) => {
    const count = (counts.get(record.run) ?? 0) + 1;
    counts.set(record.run, count);
    return { record, isBooked: count <= bookedOf(record.run) };
  });
  const past = new Map<number, readonly LimitAccount[]>();
  const open = new Map<string, { readonly reserved: Reserved; readonly accounts: readonly LimitAccount[] }>();
  // Those of several kernels may alternate.
  for (const { record, isBooked } of late.toSorted((one, other) => one.record.atUs - other.record.atUs)) {
    const key = reservationKey(record);
    if (record.what === 'reserved') {
      const accounts: LimitAccount[] = [];
      for (let node = nodeOf(record); node >= 0; node = budgets.parentOf(node)) {
        if (isBooked && !fresh.has(node)) continue;
        let own = past.get(node);
        if (own === undefined) {
          own = budgets.accountsAt(node).map(({ limit }) => createAccount(limit));
          past.set(node, own);
        }
        accounts.push(...own);
      }
      for (const account of accounts) account.grant(record);
      open.set(key, { reserved: record, accounts });
      continue;
    }
    const granted = open.get(key);
    open.delete(key);
    for (const account of granted?.accounts ?? []) account.settle(granted!.reserved, record, record.atUs);
  }
  for (const [node, accounts] of past)
    for (const [at, account] of budgets.accountsAt(node).entries()) account.absorb(accounts[at]!, nowUs);
  const highest = ledger.reduce((most, { seq }) => Math.max(most, seq), 0);
  budgets.numberFrom(highest + 1);
}
