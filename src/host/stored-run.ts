/** What storage has of a run that is not over, gathered so that a kernel can go on with it. */
import type { RestoreInput } from '../kernel/inputs.ts';
import { recoveryInput, type HistoryReader } from '../kernel/recovery.ts';
import type { LedgerRecord } from '../kernel/records.ts';
import type { ProcessAddress, StorageManager } from '../kernel/storage.ts';

export interface StoredRun {
  /** What restores its unfinished processes. */
  readonly restore: RestoreInput;
  /** What it reserved and used so far, for the options of the kernel. */
  readonly ledger: readonly LedgerRecord[];
  /** The texts of its prompts, by hash. */
  readonly texts: ReadonlyMap<string, string>;
}

/** Undefined: there is no such run, or all of its processes have ended. Throws KernelError as the storage does. */
export async function readStoredRun(storage: StorageManager, run: string): Promise<StoredRun | undefined> {
  const reader = await readerOf(storage, run);
  const restore = recoveryInput(reader, run);
  if (restore === undefined) return undefined;
  const ledger = (await storage.ledger()).filter((record) => record.run === run);
  return { restore, ledger, texts: await storage.pages(hashesOf(restore)) };
}

/** All of the run, for a caller that doesn't wait. */
async function readerOf(storage: StorageManager, run: string): Promise<HistoryReader> {
  const [processes, ends, history, runs] = await Promise.all([
    storage.processes(run),
    storage.ends(run),
    storage.history(run),
    storage.runs(),
  ]);
  const unfinished = processes.filter(({ end }) => end === undefined);
  const each = async <Value>(
    read: (address: ProcessAddress) => Promise<Value>,
  ): Promise<(address: ProcessAddress) => Value> => {
    const values = new Map<string, Value>();
    for (const address of unfinished) values.set(keyOf(address), await read(address));
    return (address) => values.get(keyOf(address))!;
  };
  return {
    runs: () => runs.filter((one) => one.run === run),
    processes: () => [...processes],
    ends: () => [...ends],
    history: (_, filter) =>
      history.filter(
        (record) =>
          (filter?.branch === undefined || record.branch === filter.branch) &&
          (filter?.pid === undefined || record.pid === filter.pid),
      ),
    journal: await each(async (address) => [...(await storage.journal(address))]),
    lastCheckpoint: await each((address) => storage.lastCheckpoint(address)),
  };
}

const keyOf = ({ branch, pid }: ProcessAddress): string => `${pid} ${branch}`;

/** Of all contents that a restored prompt may hold: those of the checkpoint, and of what came behind it. */
function hashesOf({ processes }: RestoreInput): readonly string[] {
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
