import { assert } from '../base/assert.ts';
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
 */
export class PriorityInheritance {
  private readonly state: KernelState;
  private readonly isOn: boolean;

  constructor(state: KernelState) {
    this.state = state;
    this.isOn = state.options.lockProtocol === 'inheritance';
  }

  /** `waiter` begins to wait for `lock`: its owner, and those that this one waits for, run at least as urgently. */
  lend(waiter: Process, lock: NamedLock): void {
    if (!this.isOn) return;
    const { effectivePriority: lent } = waiter;
    for (let owner = this.ownerOf(lock); owner !== undefined; owner = this.waitsFor(owner)) {
      if (owner.effectivePriority <= lent) return;
      this.set(owner, lent);
    }
  }

  /** The locks of `process`, or those who wait for them, have changed: its priority, and what it lends, is found anew. */
  settle(process: Process): void {
    if (!this.isOn) return;
    for (let at: Process | undefined = process; at !== undefined; at = this.waitsFor(at)) {
      const circle = this.circleOf(at);
      if (circle !== undefined) return this.settleCircle(circle);
      const priority = mostUrgent(at);
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
    }
  }

  /** In a deadlock each waits for each: all are as urgent as the most urgent of them and of those who wait for them. */
  private settleCircle(circle: ReadonlySet<Process>): void {
    let priority = Infinity;
    for (const member of circle)
      priority = Math.min(
        priority,
        mostUrgent(member, (waiter) => !circle.has(waiter)),
      );
    for (const member of circle) if (member.effectivePriority !== priority) this.set(member, priority);
  }

  /** Everybody that `process` waits for, if it is among them. */
  private circleOf(process: Process): ReadonlySet<Process> | undefined {
    if (process.pending?.kind !== 'lock') return undefined;
    const seen = new Set<Process>();
    for (let at = this.waitsFor(process); at !== undefined && !seen.has(at); at = this.waitsFor(at))
      seen.add(at);
    return seen.has(process) ? seen : undefined;
  }

  private waitsFor({ pending }: Process): Process | undefined {
    return pending?.kind === 'lock' ? this.ownerOf(pending.lock) : undefined;
  }

  private ownerOf({ owner }: NamedLock): Process | undefined {
    return owner === 0 ? undefined : this.state.processes[owner];
  }

  private set(process: Process, priority: number): void {
    const { state } = this;
    const { pid, engine } = process;
    process.effectivePriority = priority;
    if (priority < process.priority) state.out.emit({ type: 'process.boosted', pid, priority });
    else state.out.emit({ type: 'process.unboosted', pid, priority });
    if (!process.queued && process.core === -1) return;
    engine.policy.reprioritized(pid, state.nowUs);
    engine.queue.hasNews = true;
  }
}

/** Of `process` and those who wait for its locks, with what these have been lent themselves. */
function mostUrgent(process: Process, counts: (waiter: Process) => boolean = () => true): number {
  let { priority } = process;
  for (const { waiters } of process.locks ?? [])
    for (const waiter of waiters)
      if (waiter.effectivePriority < priority && counts(waiter)) priority = waiter.effectivePriority;
  return priority;
}

/** The same from the processes' own priorities alone. */
function mostUrgentOf(process: Process, seen: Set<Process>): number {
  seen.add(process);
  let { priority } = process;
  for (const { waiters } of process.locks ?? [])
    for (const waiter of waiters)
      if (!seen.has(waiter)) priority = Math.min(priority, mostUrgentOf(waiter, seen));
  return priority;
}
