/** A promise of every life of a kernel: what the audit log says that acts cost is what the processes have used. */
import { assert } from '../../src/base/assert.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { MemoryStore } from '../../src/kernel/memory-store.ts';
import { PastSpending } from '../../src/kernel/past-spending.ts';

/** Micro-dollars of a run before a life of its kernel: of all its acts, and what the processes that go on had used by then. */
interface PastCosts {
  readonly audited: number;
  readonly used: number;
}

/** By run. */
export function pastCosts(store: MemoryStore): ReadonlyMap<string, PastCosts> {
  const past = new PastSpending(store.ledger());
  return new Map(
    store.runs().map(({ run }) => {
      const used = store
        .processes(run)
        .filter(({ end }) => end === undefined)
        .flatMap((process) => past.of(process))
        .reduce((sum, { settled }) => sum + settled.microDollars, 0);
      return [run, { audited: auditedCosts(store, run), used }];
    }),
  );
}

const auditedCosts = (store: MemoryStore, run: string): number =>
  store.audit(run).reduce((sum, { record }) => sum + record.microDollars, 0);

/** `before`: of the lives before. Throws AssertionError. */
export function checkAuditedCosts(
  kernel: Kernel,
  store: MemoryStore,
  before: ReadonlyMap<string, PastCosts> = new Map(),
): void {
  if (!kernel.options.records) return;
  const { processes } = kernel.snapshot();
  for (const { run } of store.runs()) {
    const past = before.get(run) ?? { audited: 0, used: 0 };
    const own = processes.filter((process) => process.run === run);
    // Of those that this life did not come to restore nothing is used in it.
    if (own.length === 0) continue;
    const used = own.reduce((sum, { usage }) => sum + usage.microDollars, 0) - past.used;
    const told = auditedCosts(store, run) - past.audited;
    // The stretches of a call that has not ended are used, and will be told at its end.
    const isOpen = own.some(
      ({ state, waitingOn }) =>
        state === 'ready' ||
        state === 'running' ||
        state === 'suspended' ||
        waitingOn === 'budget' ||
        waitingOn === 'memory',
    );
    assert(
      isOpen ? told <= used : told === used,
      () => `run ${run}: the audit log tells of ${told} micro-dollars, its processes used ${used}`,
    );
  }
}
