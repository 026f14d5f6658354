/** A promise of every life of a kernel: what the ledger tells is what its budgets and its processes have used. */
import { assert } from '../../src/base/assert.ts';
import type { BudgetTree } from '../../src/kernel/budgets.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { MemoryStore } from '../../src/kernel/memory-store.ts';
import { countUsage, PastSpending, reservationKey } from '../../src/kernel/past-spending.ts';
import type { Usage } from '../../src/kernel/process.ts';
import { restoredBudgets } from '../../src/kernel/recovery.ts';

/** By node, for each limit: used and reserved, together. */
export function heldAt(budgets: BudgetTree, nowUs: number): readonly (readonly number[])[] {
  return Array.from({ length: budgets.size }, (_, node) =>
    budgets.usage(node, nowUs).map(({ used, reserved }) => used + reserved),
  );
}

/** Throws AssertionError when a crash now would change what the budgets hold, or has changed what a process has used. */
export function checkBooked(kernel: Kernel, store: Pick<MemoryStore, 'ledger'>): void {
  const { budgets: nodes, ledger: before, records } = kernel.options;
  if (!records) return;
  const { nowUs } = kernel;
  const ledger = store.ledger();
  const held = JSON.stringify(heldAt(kernel['state'].budgets, nowUs));
  const told = JSON.stringify(heldAt(restoredBudgets(nodes, ledger), nowUs));
  assert(held === told, () => `the budgets hold ${held}, the ledger says ${told}`);
  const past = new PastSpending(ledger);
  const interrupted = new Set(before.map(reservationKey));
  for (const process of kernel['state'].processes) {
    if (process === undefined) continue;
    const { pid, usage } = process;
    const isOver = past
      .of(process)
      // What is reserved in this life is no use yet.
      .filter(({ reserved, settled }) => reserved !== settled || interrupted.has(reservationKey(reserved)));
    const counted: Usage = { ...usage, ...nothing };
    countUsage({ usage: counted }, isOver);
    // Time on a core counts while it passes.
    for (const field of ['tokensIn', 'tokensCached', 'tokensOut', 'microDollars'] as const)
      assert(
        usage[field] === counted[field],
        () => `process ${pid}: ${field}: used ${usage[field]}, the ledger says ${counted[field]}`,
      );
  }
}

const nothing = { tokensIn: 0, tokensCached: 0, tokensOut: 0, calls: 0, coreUs: 0, microDollars: 0 };
