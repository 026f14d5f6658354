/** What was used of each budget, counted from the ledger alone, over all lives of a kernel. */
import type { BudgetLimit, BudgetNodeSpec } from '../../../src/kernel/budget-limits.ts';
import type { LedgerRecord } from '../../../src/kernel/records.ts';

/**
 * Throws when more is used in a window of a node than its limit, but for what was told as overrun (by node and resource). What has no known end counts as it was reserved. Sliding windows are left to the
 * kernel's own count.
 */
export function checkSpending(
  ledger: readonly LedgerRecord[],
  budgets: readonly BudgetNodeSpec[],
  overruns: ReadonlyMap<string, number>,
): void {
  const nodes = new Map(budgets.map((node) => [node.name, node]));
  const used = new Map<string, number>();
  for (const record of lastOfEach(ledger))
    for (let node = nodes.get(record.node); node !== undefined; node = nodes.get(node.parent ?? ''))
      for (const [index, limit] of (node.limits ?? []).entries()) {
        const window = windowOf(limit, record);
        if (window === undefined) continue;
        const key = `${node.name} ${index} ${window}`;
        const amount = (used.get(key) ?? 0) + record[limit.resource];
        used.set(key, amount);
        const most = limit.amount + (overruns.get(`${node.name} ${limit.resource}`) ?? 0);
        if (amount > most)
          throw new Error(`budget ${node.name}: ${amount} ${limit.resource} are used, allowed: ${most}`);
      }
}

/** A settlement takes the place of its reservation. */
function lastOfEach(ledger: readonly LedgerRecord[]): Iterable<LedgerRecord> {
  const last = new Map<string, LedgerRecord>();
  for (const record of ledger) {
    const { run, pid, n, reservedUs, seq } = record;
    last.set(`${run} ${pid} ${n} ${reservedUs} ${seq}`, record);
  }
  return last.values();
}

/** The number of the window that it was reserved in. */
function windowOf({ window }: BudgetLimit, { reservedUs }: LedgerRecord): number | undefined {
  if (window.kind === 'sliding') return undefined;
  return window.kind === 'total' ? 0 : Math.floor(reservedUs / window.lengthUs);
}
