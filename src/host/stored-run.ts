/** What storage has of a run that is not over, gathered so that a kernel can go on with it. */
import { currentBranch } from '../kernel/branches.ts';
import type { Pid } from '../kernel/ids.ts';
import type { RestoreInput } from '../kernel/inputs.ts';
import { recoveryInput, type HistoryReader } from '../kernel/recovery.ts';
import type { LedgerRecord, RunStarted } from '../kernel/records.ts';
import type { ProcessAddress, StorageManager } from '../kernel/storage.ts';

export interface StoredRun {
  /** What restores its unfinished processes. */
  readonly restore: RestoreInput;
  /** What it reserved and used so far, for the options of the kernel. */
  readonly ledger: readonly LedgerRecord[];
  /** The texts of its prompts, by hash. */
  readonly texts: ReadonlyMap<string, string>;
}

/** Of one branch, that with which the run goes on if nothing else is said. Undefined: there is no such run, or all of its processes have ended. Throws KernelError as the storage does. */
export async function readStoredRun(
  storage: StorageManager,
  run: string,
  branch?: string,
): Promise<StoredRun | undefined> {
  const branches = await storage.branches(run);
  const chosen = branch ?? currentBranch(branches);
  const reader = await readerOf(storage, { run, branch: chosen, branches });
  const restore = recoveryInput(reader, run, () => chosen);
  if (restore === undefined) return undefined;
  const ledger = (await storage.ledger()).filter((record) => record.run === run);
  return { restore, ledger, texts: await storage.pages(hashesOf(restore)) };
}

/** All of the branch, for a caller that doesn't wait. */
async function readerOf(
  storage: StorageManager,
  {
    run,
    branch,
    branches,
  }: { readonly run: string; readonly branch: string; readonly branches: readonly RunStarted[] },
): Promise<HistoryReader> {
  const [processes, ends, history, runs] = await Promise.all([
    storage.processes(run, { branch }),
    storage.ends(run, { branch }),
    storage.history(run, { branch }),
    storage.runs(),
  ]);
  const unfinished = processes.filter(({ end }) => end === undefined);
  const each = async <Value>(
    read: (address: ProcessAddress) => Promise<Value>,
  ): Promise<(address: ProcessAddress) => Value> => {
    const values = new Map<Pid, Value>();
    for (const address of unfinished) values.set(address.pid, await read(address));
    return ({ pid }) => values.get(pid)!;
  };
  return {
    runs: () => runs.filter((one) => one.run === run),
    branches: () => [...branches],
    processes: () => [...processes],
    ends: () => [...ends],
    history: (_, filter) =>
      filter?.pid === undefined ? [...history] : history.filter(({ pid }) => pid === filter.pid),
    journal: await each(async (address) => [...(await storage.journal(address))]),
    lastCheckpoint: await each((address) => storage.lastCheckpoint(address)),
  };
}

/** Of all contents that a restored prompt may hold: those of the checkpoint, and of what came behind it. */
export function hashesOf({ processes }: RestoreInput): readonly string[] {
  const hashes = new Set<string>();
  for (const { checkpoint, history } of processes) {
    for (const { hash } of checkpoint?.prompt ?? []) if (hash !== '') hashes.add(hash);
    for (const { kind, result } of history) {
      if (kind !== 'think' || !result.ok) continue;
      const { content } = result.value as { readonly content?: { readonly hash: string } };
      if (content !== undefined) hashes.add(content.hash);
    }
  }
  return [...hashes];
}
