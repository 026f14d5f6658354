import { checkOf, type Check, type Checker, type EventOf } from './checker.ts';

/** What can be seen of one lock. */
interface Lock {
  readonly name: string;
  /** 0: it is free. */
  owner: number;
  token: number;
  ownerEnded: boolean;
  /** In the order in which they asked. */
  readonly queue: Set<number>;
}

/**
 * A lock has one owner at a time, who alone releases it, at its end at the latest. While it is free nobody waits for it but who is suspended; it goes to the first
 * that is not. Whoever gets it is told whether the owner before ended with it.
 */
export function namedLocks(): Checker {
  const check: Check = checkOf('named-locks');
  const locks = new Map<string, Lock>();
  /** By pid: the locks that it holds, and the one that it waits for. */
  const held = new Map<number, Set<string>>();
  const waitsFor = new Map<number, string>();
  const suspended = new Set<number>();
  /** Free, with a queue, in the present instant. */
  const free = new Map<Lock, Parameters<Check>[1]>();
  let lastToken = 0;
  let atUs = 0;

  function lockOf(name: string): Lock {
    let lock = locks.get(name);
    if (lock === undefined)
      locks.set(name, (lock = { name, owner: 0, token: 0, ownerEnded: false, queue: new Set() }));
    return lock;
  }

  /** The first in the queue that could take the lock. */
  function firstOf({ queue }: Lock): number | undefined {
    for (const pid of queue) if (!suspended.has(pid)) return pid;
    return undefined;
  }

  function closeInstant(): void {
    for (const [lock, event] of free) {
      const first = firstOf(lock);
      check(
        lock.owner !== 0 || first === undefined,
        event,
        () => `process ${first} waits for lock "${lock.name}", which is free`,
      );
    }
    free.clear();
  }

  function leavesQueue(event: EventOf<'lock.acquired' | 'lock.withdrawn'>, lock: Lock): boolean {
    waitsFor.delete(event.pid);
    return lock.queue.delete(event.pid);
  }

  return {
    name: 'named-locks',
    promise:
      'A lock has one owner at a time; it is handed on first come, first served, and never lost with its owner.',
    every(event) {
      if (event.atUs !== atUs && free.size > 0) closeInstant();
      atUs = event.atUs;
    },
    on: {
      'lock.restored': (event) => {
        const { lock: name, owner, token } = event;
        const lock = lockOf(name);
        check(
          lock.owner === 0,
          event,
          () => `lock "${name}" of process ${owner} is held by process ${lock.owner}`,
        );
        Object.assign(lock, { owner, token, ownerEnded: owner === 0 });
        lastToken = Math.max(lastToken, token);
        if (owner !== 0) add(held, owner, name);
      },
      'lock.kept': (event) => {
        const { lock: name, owner, token } = event;
        const lock = lockOf(name);
        check(lock.owner !== 0, event, () => `lock "${name}" is kept, and nobody had it`);
        held.get(lock.owner)?.delete(name);
        Object.assign(lock, { owner, token });
        if (owner !== 0) add(held, owner, name);
        else if (lock.queue.size > 0) free.set(lock, event);
      },
      'lock.queued': (event) => {
        const { pid, lock: name, owner } = event;
        const lock = lockOf(name);
        check(
          lock.owner === owner && owner !== 0 && owner !== pid,
          event,
          () => `process ${pid} waits for lock "${name}" of process ${owner}, its owner is ${lock.owner}`,
        );
        check(
          !waitsFor.has(pid),
          event,
          () => `process ${pid} waits for lock "${waitsFor.get(pid)}" already`,
        );
        waitsFor.set(pid, name);
        lock.queue.add(pid);
      },
      'lock.acquired': (event) => {
        const { pid, lock: name, token, ownerEnded } = event;
        const lock = lockOf(name);
        const first = firstOf(lock);
        check(lock.owner === 0, event, () => `process ${pid} gets lock "${name}" of process ${lock.owner}`);
        check(
          first === undefined || first === pid,
          event,
          () => `process ${pid} gets lock "${name}", but process ${first} has waited longer`,
        );
        check(token > lastToken, event, () => `token ${token} comes after ${lastToken}`);
        check(
          ownerEnded === lock.ownerEnded,
          event,
          () => `process ${pid} is told that the owner before it ended: ${ownerEnded}`,
        );
        leavesQueue(event, lock);
        Object.assign(lock, { owner: pid, token, ownerEnded: false });
        lastToken = token;
        add(held, pid, name);
      },
      'lock.released': (event) => {
        const { pid, lock: name, token, ownerEnded } = event;
        const lock = lockOf(name);
        check(
          lock.owner === pid && lock.token === token,
          event,
          () => `process ${pid} releases lock "${name}" (${token}) of process ${lock.owner} (${lock.token})`,
        );
        Object.assign(lock, { owner: 0, ownerEnded });
        held.get(pid)?.delete(name);
        if (lock.queue.size > 0) free.set(lock, event);
      },
      'lock.withdrawn': (event) => {
        const { pid, lock: name } = event;
        check(
          leavesQueue(event, lockOf(name)),
          event,
          () => `process ${pid} does not wait for lock "${name}" any more, and did not before`,
        );
      },
      'process.suspended': ({ pid }) => void suspended.add(pid),
      'process.continued': (event) => {
        suspended.delete(event.pid);
        const lock = locks.get(waitsFor.get(event.pid) ?? '');
        if (lock !== undefined) free.set(lock, event);
      },
      'process.terminated': (event) => {
        const { pid } = event;
        const names = [...(held.get(pid) ?? [])];
        check(names.length === 0, event, () => `process ${pid} ends with lock "${names[0]}"`);
        check(
          !waitsFor.has(pid),
          event,
          () => `process ${pid} ends and waits for lock "${waitsFor.get(pid)}"`,
        );
        held.delete(pid);
        suspended.delete(pid);
      },
    },
    finish: closeInstant,
  };
}

function add(sets: Map<number, Set<string>>, pid: number, name: string): void {
  const set = sets.get(pid);
  if (set === undefined) sets.set(pid, new Set([name]));
  else set.add(name);
}
