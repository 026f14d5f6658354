/** A promise of every run without a crash in it: what the audit log says that acts cost is what the processes have used. */
import { assert } from '../../src/base/assert.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { MemoryStore } from '../../src/kernel/memory-store.ts';

/** By run: micro-dollars of all its acts. */
export function auditedCosts(store: MemoryStore): ReadonlyMap<string, number> {
  return new Map(
    store
      .runs()
      .map(({ run }) => [run, store.audit(run).reduce((sum, { record }) => sum + record.microDollars, 0)]),
  );
}

/** `before`: what earlier kernels had audited. Throws AssertionError. */
export function checkAuditedCosts(
  kernel: Kernel,
  store: MemoryStore,
  before: ReadonlyMap<string, number> = new Map(),
): void {
  if (!kernel.options.records) return;
  const { processes } = kernel.snapshot();
  for (const [run, audited] of auditedCosts(store)) {
    const own = processes.filter((process) => process.run === run);
    const used = own.reduce((sum, { usage }) => sum + usage.microDollars, 0);
    const told = audited - (before.get(run) ?? 0);
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
