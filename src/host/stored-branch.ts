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
  if (branches.length === 0) throw invalid('run', run, 'a run of this store');
  const current = currentBranch(branches);
  const chosen = branch ?? current;
  const started = branches.find((one) => one.branch === chosen);
  if (started === undefined) throw invalid('branch', chosen, branches.map((one) => one.branch).join(', '));
  const [records, all] = await Promise.all([storage.records(run, chosen), storage.ledger()]);
  const ledger = all.filter((record) => record.run === run);
  return {
    run,
    branch: chosen,
    started,
    branches,
    current,
    records,
    steps: storedSteps(records, ledger),
    underWay: writesUnderWay(records),
    ledger,
  };
}
