/**
 * Who held which lock, and what semaphores counted, when the crash came: read from histories. Each result names its lock or semaphore, and tokens rise, so
 * that no order of records between processes is needed; and a lock that changes hands does so in one step, whose records are durable together.
 */
import type { Pid } from './ids.ts';
import type { RestoredLock, RestoredSemaphore, RestoreInput } from './inputs.ts';
import type { HistoryRecord } from './records.ts';
import { read, type ChosenBranches, type Reading } from './reading.ts';
import type { Acquired, Counted, Opened, Released } from './syscalls.ts';

/** Syscalls whose results tell of locks, and of semaphores. */
const lockKinds: readonly string[] = ['acquire', 'release'];
export const semaphoreKinds: readonly string[] = ['semOpen', 'semPost', 'semWait'];

export type LocksOfAll = Pick<RestoreInput, 'locks' | 'lastToken'>;

/** The locks of these runs, by what the chosen branch of each tells: the same for each run that is restored. */
export function* readingLocks(runs: readonly string[], branchOf: ChosenBranches): Reading<LocksOfAll> {
  const last = new Map<string, { owner: Pid; token: number; run: string }>();
  const released = new Set<number>();
  let lastToken = 0;
  for (const run of runs) {
    const results = yield* read((store) => store.history(run, { branch: branchOf(run), kinds: lockKinds }));
    for (const { kind, result, pid } of results) {
      if (!result.ok) continue;
      if (kind === 'release') {
        released.add((result.value as unknown as Released).token);
        continue;
      }
      const { lock, token } = result.value as unknown as Acquired;
      lastToken = Math.max(lastToken, token);
      if (token > (last.get(lock)?.token ?? 0)) last.set(lock, { owner: pid, token, run });
    }
  }
  // In the order in which their owners got them.
  const held = [...last]
    .filter(([, { token }]) => !released.has(token))
    .sort(([, a], [, b]) => a.token - b.token);
  const locks: RestoredLock[] = [];
  for (const [lock, { owner, token, run }] of held) {
    const processes = yield* read((store) => store.processes(run, { branch: branchOf(run) }));
    const process = processes.find(({ pid }) => pid === owner);
    locks.push(process?.end === undefined ? { lock, owner, run, token } : { lock, owner: 0, token });
  }
  return { locks, lastToken };
}

/** The semaphores of one run, by all that its processes did, those that have ended included. */
export function semaphoresOf(histories: readonly HistoryRecord[]): RestoredSemaphore[] {
  const counts = new Map<string, number>();
  const add = (name: string, change: number): void => void counts.set(name, (counts.get(name) ?? 0) + change);
  for (const { kind, result } of histories) {
    if (!result.ok) continue;
    if (kind === 'semOpen') {
      const { semaphore, count, isNew } = result.value as unknown as Opened;
      if (isNew) add(semaphore, count);
    } else if (kind === 'semPost') add((result.value as unknown as Counted).semaphore, 1);
    else if (kind === 'semWait') add((result.value as unknown as Counted).semaphore, -1);
  }
  return [...counts].map(([semaphore, count]) => ({ semaphore, count }));
}
