import { assert } from '../base/assert.ts';
import { KeyedHeaps } from '../base/keyed-heaps.ts';
import type { Pid } from './ids.ts';
import type { KernelState } from './kernel-state.ts';
import type { NamedLock } from './named-locks.ts';
import type { Process } from './process.ts';

/**
 * Priority inheritance: who holds a lock is scheduled as urgently as the most urgent one that waits for it, directly or through the holders of other
 * locks; so that nobody of a priority in between keeps both from running. What is lent ends with the lock, and with the wait. Off with
 * `lockProtocol: 'none'`.
 *
 * Source: L. Sha, R. Rajkumar and J. P. Lehoczky, "Priority Inheritance Protocols: An Approach to Real-Time Synchronization", 1990.
 * Departs from it: queues of locks are first come, first served, not by priority; holding several locks is allowed in any order.
 * Shape: of each lock its waiters by priority, and of each process its locks by that of their most urgent waiter.
 * Cost: O(log n) for a wait that begins or ends and for a lock that is given or freed, n waiters and locks, for each holder whose priority changes with it; a holder that
 * waits for a lock itself is first looked up along the holders that it waits for.
 */
export class PriorityInheritance {
  private readonly state: KernelState;
  private readonly isOn: boolean;
  /** By number of the lock: who waits for it, by priority. */
  private readonly waiters = new KeyedHeaps();
  /** By owner: its locks that somebody waits for, by the priority of the most urgent one. */
  private readonly wanted = new KeyedHeaps();

  constructor(state: KernelState) {
    this.state = state;
    this.isOn = state.options.lockProtocol === 'inheritance';
  }

  /** `waiter` begins to wait for `lock`: its owner, and those that this one waits for, run at least as urgently. */
  lend(waiter: Process, lock: NamedLock): void {
    if (!this.isOn) return;
    const { effectivePriority: lent } = waiter;
    this.enter(waiter, lock);
    for (let owner = this.ownerOf(lock); owner !== undefined; owner = this.waitsFor(owner)) {
      if (owner.effectivePriority <= lent) return;
      this.set(owner, lent);
    }
  }

  /** `waiter` waits for `lock` no more. What its owner was lent is found anew by `settle`. */
  left(waiter: Process, lock: NamedLock): void {
    if (!this.isOn) return;
    this.waiters.remove(lock.number, waiter.pid);
    this.note(lock);
  }

  /** `lock` has an owner from now on. */
  given(lock: NamedLock): void {
    if (this.isOn) this.note(lock);
  }

  /** `owner` has `lock` no more. */
  freed(lock: NamedLock, owner: Pid): void {
    if (this.wanted.has(lock.number)) this.wanted.remove(owner, lock.number);
  }

  /** The locks of `process`, or those who wait for them, have changed: its priority, and what it lends, is found anew. */
  settle(process: Process): void {
    if (!this.isOn) return;
    const circle = this.circleFrom(process);
    for (let at: Process | undefined = process; at !== undefined; at = this.waitsFor(at)) {
      if (circle?.has(at) === true) return this.settleCircle(circle);
      const priority = this.mostUrgent(at);
      if (priority === at.effectivePriority) return;
      this.set(at, priority);
    }
  }

  checkInvariants(): void {
    for (const process of this.state.processes) {
      if (process === undefined || process.state === 'terminated') continue;
      const { pid, effectivePriority } = process;
      const expected = this.isOn ? mostUrgentOf(process, new Set()) : process.priority;
      assert(
        effectivePriority === expected,
        () => `process ${pid} runs with priority ${effectivePriority}, not ${expected}`,
      );
      for (const lock of process.locks ?? []) {
        const most = Math.min(...[...lock.waiters].map((waiter) => waiter.effectivePriority));
        const known = this.waiters.peekKey(lock.number);
        assert(!this.isOn || known === most, () => `lock "${lock.name}": ${known} waits, not ${most}`);
      }
    }
  }

  /** Of `process` and those who wait for its locks, with what these have been lent themselves. */
  private mostUrgent({ pid, priority }: Process): number {
    return Math.min(priority, this.wanted.peekKey(pid));
  }

  private enter({ pid, effectivePriority }: Process, lock: NamedLock): void {
    this.waiters.push(lock.number, pid, effectivePriority, pid);
    this.note(lock);
  }

  /** Who waits for `lock`, or owns it, has changed. */
  private note({ number, owner }: NamedLock): void {
    if (owner === 0) return;
    const { wanted } = this;
    const key = this.waiters.peekKey(number);
    if (wanted.has(number)) {
      if (wanted.keyOf(number) === key) return;
      wanted.remove(owner, number);
    }
    if (this.waiters.peek(number) !== 0) wanted.push(owner, number, key, number);
  }

  /** In a deadlock each waits for each: all are as urgent as the most urgent of them and of those who wait for them. */
  private settleCircle(circle: ReadonlySet<Process>): void {
    // What they lend each other does not count.
    for (const member of circle) this.left(member, lockOf(member)!);
    let priority = Infinity;
    for (const member of circle) priority = Math.min(priority, this.mostUrgent(member));
    for (const member of circle) this.enter(member, lockOf(member)!);
    for (const member of circle) if (member.effectivePriority !== priority) this.set(member, priority);
  }

  /** Those that wait for each other in a circle, if `process` waits for them. */
  private circleFrom(process: Process): ReadonlySet<Process> | undefined {
    const seen = new Set<Process>();
    let at: Process | undefined = process;
    for (; at !== undefined && !seen.has(at); at = this.waitsFor(at)) seen.add(at);
    if (at === undefined) return undefined;
    // From the first that was come by twice on.
    const circle = new Set<Process>();
    for (; !circle.has(at); at = this.waitsFor(at)!) circle.add(at);
    return circle;
  }

  private waitsFor(process: Process): Process | undefined {
    const lock = lockOf(process);
    return lock === undefined ? undefined : this.ownerOf(lock);
  }

  private ownerOf({ owner }: NamedLock): Process | undefined {
    return owner === 0 ? undefined : this.state.processes[owner];
  }

  private set(process: Process, priority: number): void {
    const { state } = this;
    const { pid, engine } = process;
    process.effectivePriority = priority;
    const lock = lockOf(process);
    if (lock !== undefined) {
      this.waiters.remove(lock.number, pid);
      this.enter(process, lock);
    }
    if (priority < process.priority) state.out.emit({ type: 'process.boosted', pid, priority });
    else state.out.emit({ type: 'process.unboosted', pid, priority });
    if (!process.queued && process.core === -1) return;
    engine.policy.reprioritized(pid, state.nowUs);
    engine.queue.hasNews = true;
  }
}

/** That it waits for. */
function lockOf({ pending }: Process): NamedLock | undefined {
  return pending?.kind === 'lock' ? pending.lock : undefined;
}

/** As `mostUrgent`, from the processes' own priorities alone. */
function mostUrgentOf(process: Process, seen: Set<Process>): number {
  seen.add(process);
  let { priority } = process;
  for (const { waiters } of process.locks ?? [])
    for (const waiter of waiters)
      if (!seen.has(waiter)) priority = Math.min(priority, mostUrgentOf(waiter, seen));
  return priority;
}
