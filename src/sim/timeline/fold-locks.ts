/** What an event of a lock or of a semaphore changes of the state. */
import type { KernelEvent } from '../../kernel/events.ts';
import { none, processOf, runOf, type EventOf } from './folded-parts.ts';
import type { FoldedLock, FoldedSemaphore, FoldedState } from './folded-state.ts';

type LockEventType = Extract<KernelEvent['type'], `lock.${string}` | `semaphore.${string}`>;

export function changeLocks(state: FoldedState, event: EventOf<LockEventType>): void {
  switch (event.type) {
    case 'lock.queued': {
      processOf(state, event.pid).waitingFor = event.lock;
      const lock = lockOf(state, event.lock);
      lock.waiters = [...lock.waiters, event.pid];
      return;
    }
    case 'lock.acquired': {
      const lock = lockOf(state, event.lock);
      lock.owner = event.pid;
      lock.token = event.token;
      lock.ownerEnded = false;
      lock.waiters = lock.waiters.filter((pid) => pid !== event.pid);
      const process = processOf(state, event.pid);
      process.locks = [...process.locks, event.lock];
      return;
    }
    case 'lock.released': {
      const lock = lockOf(state, event.lock);
      lock.owner = 0;
      lock.ownerEnded = event.ownerEnded;
      const process = processOf(state, event.pid);
      process.locks = process.locks.filter((name) => name !== event.lock);
      return dropUnused(state, lock);
    }
    case 'lock.withdrawn': {
      const lock = lockOf(state, event.lock);
      lock.waiters = lock.waiters.filter((pid) => pid !== event.pid);
      return dropUnused(state, lock);
    }
    case 'lock.restored': {
      const lock = lockOf(state, event.lock);
      lock.owner = event.owner;
      lock.token = event.token;
      lock.ownerEnded = event.owner === 0;
      const owner = state.processes.get(event.owner);
      if (owner !== undefined) processOf(state, event.owner).locks = [...owner.locks, event.lock];
      return;
    }
    case 'lock.kept': {
      const lock = lockOf(state, event.lock);
      if (state.processes.get(lock.owner) !== undefined) {
        const before = processOf(state, lock.owner);
        before.locks = before.locks.filter((name) => name !== event.lock);
      }
      lock.owner = event.owner;
      lock.token = event.token;
      return dropUnused(state, lock);
    }
    case 'semaphore.opened':
    case 'semaphore.posted':
      semaphoreOf(state, runNameOf(state, event.pid), event.semaphore).count = event.count;
      return;
    case 'semaphore.restored':
      semaphoreOf(state, event.run, event.semaphore).count = event.count;
      return;
    case 'semaphore.queued': {
      processOf(state, event.pid).waitingFor = event.semaphore;
      const semaphore = semaphoreOf(state, runNameOf(state, event.pid), event.semaphore);
      semaphore.waiters = [...semaphore.waiters, event.pid];
      return;
    }
    case 'semaphore.taken':
    case 'semaphore.withdrawn': {
      const semaphore = semaphoreOf(state, runNameOf(state, event.pid), event.semaphore);
      semaphore.waiters = semaphore.waiters.filter((pid) => pid !== event.pid);
      if (event.type === 'semaphore.taken') semaphore.count = event.count;
      return;
    }
    default:
      return event satisfies never;
  }
}

const runNameOf = (state: FoldedState, pid: number): string => processOf(state, pid).spawned.run;

function lockOf(state: FoldedState, name: string): FoldedLock {
  const number = state.numberOf(lockKey(name));
  if (state.locks.get(number) === undefined)
    state.locks.set(number, { name, owner: 0, token: 0, ownerEnded: false, waiters: none });
  return state.locks.edit(number);
}

/** Nobody holds it, waits for it, or is to be told that its owner ended. */
function dropUnused(state: FoldedState, lock: FoldedLock): void {
  if (lock.owner === 0 && !lock.ownerEnded && lock.waiters.length === 0)
    state.locks.delete(state.numberOf(lockKey(lock.name)));
}

const lockKey = (name: string): string => `lock ${name}`;

function semaphoreOf(state: FoldedState, run: string, name: string): FoldedSemaphore {
  const number = state.numberOf(`semaphore ${JSON.stringify([run, name])}`);
  if (state.semaphores.get(number) === undefined) {
    state.semaphores.set(number, { run, name, count: 0, waiters: none });
    const owner = runOf(state, run);
    owner.semaphores = [...owner.semaphores, number];
  }
  return state.semaphores.edit(number);
}
