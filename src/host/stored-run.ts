/** What storage has of a run that is not over, gathered so that a kernel can go on with it. */
import { currentBranch } from '../kernel/branches.ts';
import type { RestoreInput } from '../kernel/inputs.ts';
import type { Reading } from '../kernel/reading.ts';
import { recovering } from '../kernel/recovery.ts';
import type { LedgerRecord } from '../kernel/records.ts';
import type { StorageManager } from '../kernel/storage.ts';

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
  const restore = await readFrom(storage, recovering({ run, runs: [run], branchOf: () => chosen }));
  if (restore === undefined) return undefined;
  const ledger = await storage.ledger({ run });
  return { restore, ledger, texts: await storage.pages(hashesOf(restore)) };
}

/** What recovery reads, one after the other. */
async function readFrom<Result>(storage: StorageManager, reading: Reading<Result>): Promise<Result> {
  for (let step = reading.next(); ; step = reading.next(await step.value(storage)))
    if (step.done === true) return step.value;
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
