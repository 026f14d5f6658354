/** How a run of a store stands. */
import { currentBranch } from '../../kernel/branches.ts';
import type { Outcome } from '../../kernel/process-state.ts';
import type { RunSummary, StorageManager, StoredProcess } from '../../kernel/storage.ts';
import { isGone, shownWorker } from './worker-name.ts';

/** `parked`: it was stopped so that it can go on; `interrupted`: its program died; `pruned`: only what it spent and its audit log are left. */
export type RunState = Outcome | 'running' | 'parked' | 'interrupted' | 'pruned';

export interface StandingRun {
  readonly state: RunState;
  /** Who drives it, for people; undefined: nobody. */
  readonly by: string | undefined;
  /** Of the branch with which it goes on. */
  readonly processes: readonly StoredProcess[];
  readonly branch: string;
}

/** `nowUs`: by which leases end. */
export async function standingOf(
  storage: StorageManager,
  { run, prunedUs, lease }: RunSummary,
  nowUs: number,
): Promise<StandingRun> {
  const branch = currentBranch(await storage.branches(run));
  const processes = await storage.processes(run, { branch });
  const [root] = processes;
  const nobody = { by: undefined, processes, branch };
  if (prunedUs !== undefined || root === undefined) return { ...nobody, state: 'pruned' };
  const alive = processes.filter(({ end }) => end === undefined);
  if (alive.length === 0) return { ...nobody, state: root.end!.outcome };
  if (isDriven({ lease }, nowUs)) return { ...nobody, state: 'running', by: shownWorker(lease!.holder) };
  const { pid } = alive[0]!;
  const signals = (await storage.journal({ run, branch, pid })).filter(({ type }) => type === 'signal.sent');
  const last = signals.at(-1);
  const isParked = last?.type === 'signal.sent' && last.signal === 'stop';
  return { ...nobody, state: isParked ? 'parked' : 'interrupted' };
}

/** Somebody has it, as far as this machine can tell. */
export function isDriven(
  { lease }: { readonly lease?: RunSummary['lease'] | undefined },
  nowUs: number,
): boolean {
  return lease !== undefined && lease.untilUs > nowUs && !isGone(lease.holder);
}
