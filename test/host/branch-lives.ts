/** Branches of runs in virtual time: what a store holds of one, and whether two of them tell the same. */
import { storedSteps, writesUnderWay } from '../../src/agents/traces/stored-steps.ts';
import { planBranch, type BranchPlan, type BranchRequest } from '../../src/host/branches.ts';
import type { StoredBranch } from '../../src/host/stored-branch.ts';
import { currentBranch } from '../../src/kernel/branches.ts';
import type { MemoryStore } from '../../src/kernel/memory-store.ts';
import type { BranchRecord } from '../../src/kernel/storage.ts';

const run = 'run-1';

export function branchOf(store: MemoryStore, branch?: string): StoredBranch {
  const branches = store.branches(run);
  const current = currentBranch(branches);
  const chosen = branch ?? current;
  const records = store.records(run, chosen);
  const ledger = store.ledger();
  return {
    run,
    branch: chosen,
    started: branches.find((one) => one.branch === chosen)!,
    branches,
    current,
    records,
    steps: storedSteps(records, ledger),
    underWay: writesUnderWay(records),
    ledger,
  };
}

export function make(
  store: MemoryStore,
  request: BranchRequest,
  { from, atUs = 0 }: { readonly from?: string; readonly atUs?: number } = {},
): BranchPlan {
  const plan = planBranch(branchOf(store, from), request, atUs);
  store.append(plan.records);
  return plan;
}

/** What a branch tells, without its name, its times, and what a cold context memory costs. Checkpoints are left out: a branch begins with one of each process. */
export function toldBy(store: MemoryStore, branch: string): readonly unknown[] {
  return store.records(run, branch).flatMap((record) => (record.type === 'checkpoint' ? [] : [told(record)]));
}

/** The last checkpoint of each process: its whole state. */
export function savedBy(store: MemoryStore, branch: string): readonly unknown[] {
  return store.processes(run, { branch }).map(({ pid }) => {
    const { n, state, tip, nextPage, random } = store.lastCheckpoint({ run, branch, pid }) ?? {};
    return { pid, n, state, tip, nextPage, random };
  });
}

function told(record: BranchRecord): unknown {
  const { branch: _, atUs: _at, ...rest } = record;
  return JSON.parse(JSON.stringify(rest), (key, value: unknown) =>
    key === 'tokensCached' || key === 'atUs' ? undefined : value,
  );
}
