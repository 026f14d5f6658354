/** One branch of a stored run, read whole: to be shown, compared, cut. */
import { storedSteps, writesUnderWay, type StoredStep } from '../agents/traces/stored-steps.ts';
import { currentBranch } from '../kernel/branches.ts';
import { invalid } from '../kernel/errors.ts';
import type { LedgerRecord, RunStarted } from '../kernel/records.ts';
import type { BranchRecord, StorageManager } from '../kernel/storage.ts';

export interface StoredBranch {
  readonly run: string;
  readonly branch: string;
  readonly started: RunStarted;
  /** How all branches of the run were started, in order. */
  readonly branches: readonly RunStarted[];
  /** The branch with which the run goes on if nothing else is said. */
  readonly current: string;
  readonly records: readonly BranchRecord[];
  readonly steps: readonly StoredStep[];
  /** Writes that have begun, of batches without a result. */
  readonly underWay: readonly StoredStep[];
  /** Of the run: its branches share it. */
  readonly ledger: readonly LedgerRecord[];
}

/** `branch`: default the current one. Throws KernelError INVALID_ARGUMENT where there is no such run or branch, and as the storage does. */
export async function readBranch(
  storage: StorageManager,
  run: string,
  branch?: string,
): Promise<StoredBranch> {
  const branches = await storage.branches(run);
  const started = chosenBranch(run, branches, branch);
  const [records, ledger] = await Promise.all([
    storage.records(run, started.branch),
    storage.ledger({ run }),
  ]);
  return {
    run,
    branch: started.branch,
    started,
    branches,
    current: currentBranch(branches),
    records,
    steps: storedSteps(records, ledger),
    underWay: writesUnderWay(records),
    ledger,
  };
}

/** Throws KernelError INVALID_ARGUMENT where there is no such run or branch. */
export function chosenBranch(
  run: string,
  branches: readonly RunStarted[],
  branch = currentBranch(branches),
): RunStarted {
  if (branches.length === 0) throw invalid('run', run, 'a run of this store');
  const started = branches.find((one) => one.branch === branch);
  if (started === undefined) throw invalid('branch', branch, branches.map((one) => one.branch).join(', '));
  return started;
}
