import { assert } from '../base/assert.ts';
import type { Deadlocks } from './deadlocks.ts';
import type { Family } from './family.ts';
import type { RestoredSemaphore } from './inputs.ts';
import type { KernelState } from './kernel-state.ts';
import type { LeaveReason } from './named-locks.ts';
import { dueUs, type Process } from './process.ts';
import { bad, failed, isDuration, longestWaitUs, type Result } from './syscall-handler.ts';
import type { Counted, Opened, SemOpen, SemPost, SemWait } from './syscalls.ts';

export interface Semaphore {
  readonly name: string;
  count: number;
  /** In the order in which they asked. While the count is above 0 these are suspended. */
  readonly waiters: Set<Process>;
}

/** As POSIX has it on most systems: no count rises above. */
const mostCount = 2_147_483_647;

/**
 * Counting semaphores as syscalls, known by name within a run, for as long as one of its processes lives. They have no owner: whoever knows one
 * may post, so that only within a run, whose members are known, it can be told that nobody is left to post. First come, first served; what is posted goes to
 * the first waiter at once. A suspended process is passed over and keeps its place.
 */
export class Semaphores {
  private readonly state: KernelState;
  private readonly deadlocks: Deadlocks;

  constructor(state: KernelState, deadlocks: Deadlocks) {
    this.state = state;
    this.deadlocks = deadlocks;
  }

  open(process: Process, { semaphore: name, count }: SemOpen): Result {
    if (!isCount(count)) return bad('count', count, `an integer from 0 to ${mostCount}`);
    const semaphores = (process.family.semaphores ??= new Map());
    const known = semaphores.get(name);
    const value: Opened = { semaphore: name, count: known?.count ?? count, isNew: known === undefined };
    if (known === undefined) {
      semaphores.set(name, { name, count, waiters: new Set() });
      this.state.out.emit({ type: 'semaphore.opened', pid: process.pid, semaphore: name, count });
    }
    return { ok: true, value };
  }

  wait(process: Process, { semaphore: name, timeoutUs }: SemWait): Result | undefined {
    const { state } = this;
    if (timeoutUs !== undefined && !isDuration(timeoutUs))
      return bad('timeoutUs', timeoutUs, `an integer from 0 to ${longestWaitUs} (µs)`);
    const semaphore = process.family.semaphores?.get(name);
    if (semaphore === undefined) return unknown(process, name);
    if (semaphore.count > 0) return { ok: true, value: this.take(process, semaphore) };
    if (timeoutUs === 0) return notInTime(semaphore);
    const timer =
      timeoutUs === undefined
        ? undefined
        : state.timers.set({ kind: 'lock', process }, dueUs(process, state.nowUs, timeoutUs));
    process.pending = { kind: 'semaphore', semaphore, timer };
    semaphore.waiters.add(process);
    state.wait(process, 'lock');
    state.out.emit({ type: 'semaphore.queued', pid: process.pid, semaphore: name });
    this.deadlocks.begins(process);
    return undefined;
  }

  post(process: Process, { semaphore: name }: SemPost): Result {
    const semaphore = process.family.semaphores?.get(name);
    if (semaphore === undefined) return unknown(process, name);
    if (semaphore.count === mostCount) return bad('semaphore', name, `one whose count is below ${mostCount}`);
    const count = ++semaphore.count;
    this.state.out.emit({ type: 'semaphore.posted', pid: process.pid, semaphore: name, count });
    this.handOut(semaphore);
    const value: Counted = { semaphore: name, count: semaphore.count };
    return { ok: true, value };
  }

  /** `process`, which waits for it, waits no more. */
  leave(process: Process, { waiters, name }: Semaphore, why: LeaveReason): void {
    waiters.delete(process);
    process.pending = undefined;
    this.state.out.emit({ type: 'semaphore.withdrawn', pid: process.pid, semaphore: name, why });
  }

  timedOut(process: Process, semaphore: Semaphore): void {
    this.leave(process, semaphore, 'timeout');
    this.state.deliver(process, notInTime(semaphore));
  }

  /** A process that waits for it is suspended no more. */
  continued(semaphore: Semaphore): void {
    if (semaphore.count > 0) this.handOut(semaphore);
  }

  /** As the run's histories tell them. */
  restore(run: string, family: Family, restored: readonly RestoredSemaphore[]): void {
    for (const { semaphore: name, count } of restored) {
      (family.semaphores ??= new Map()).set(name, { name, count, waiters: new Set() });
      this.state.out.emit({ type: 'semaphore.restored', run, semaphore: name, count });
    }
  }

  checkInvariants(): void {
    for (const family of this.state.runs.values())
      for (const { name, count, waiters } of family.semaphores?.values() ?? []) {
        assert(isCount(count), () => `semaphore "${name}" counts ${count}`);
        for (const { pid, state, pending } of waiters) {
          assert(
            pending?.kind === 'semaphore' && pending.semaphore.name === name,
            () => `process ${pid} stands in the queue of semaphore "${name}" and does not wait for it`,
          );
          assert(
            count === 0 || state === 'suspended',
            () => `process ${pid} waits for semaphore "${name}", whose count is ${count}`,
          );
        }
      }
  }

  private take(process: Process, semaphore: Semaphore): Counted {
    const count = --semaphore.count;
    const { name } = semaphore;
    this.state.out.emit({ type: 'semaphore.taken', pid: process.pid, semaphore: name, count });
    return { semaphore: name, count };
  }

  /** What is there goes to those that wait, as long as one of them is not suspended. */
  private handOut(semaphore: Semaphore): void {
    for (const waiter of semaphore.waiters) {
      if (semaphore.count === 0) return;
      if (waiter.state === 'suspended') continue;
      const { pending } = waiter;
      if (pending?.kind === 'semaphore' && pending.timer !== undefined)
        this.state.timers.clear(pending.timer);
      semaphore.waiters.delete(waiter);
      this.state.deliver(waiter, { ok: true, value: this.take(waiter, semaphore) });
    }
  }
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0 && value <= mostCount;

const notInTime = ({ name }: Semaphore): Result =>
  failed('TIMEOUT', `semaphore "${name}": nothing was posted`);

const unknown = ({ run, family }: Process, name: string): Result =>
  failed(
    'UNKNOWN_SEMAPHORE',
    `semaphore: "${name}" is not open in run ${run}; allowed: ${[...(family.semaphores?.keys() ?? [])].join(', ') || 'none, because none is open'}`,
  );
