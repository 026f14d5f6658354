import { assert } from '../base/assert.ts';
import type { Deadlocks } from './deadlocks.ts';
import { invalid } from './errors.ts';
import type { Family } from './family.ts';
import type { Pid } from './ids.ts';
import type { RestoredLock, RestoreInput } from './inputs.ts';
import type { KernelState } from './kernel-state.ts';
import { numbersOf } from './pid-namespaces.ts';
import type { PriorityInheritance } from './priority-inheritance.ts';
import { dueUs, nameFor, type Process } from './process.ts';
import { bad, failed, isDuration, longestWaitUs, type Result } from './syscall-handler.ts';
import type { Acquire, Acquired, Release, Released } from './syscalls.ts';

/** A lock that somebody holds or waits for, or whose last owner ended with it; others have no entry. */
export interface NamedLock {
  readonly name: string;
  /** From 1; another lock may have it when this one has no entry any more. */
  readonly number: number;
  /** 0: it is free. A process that is still to be restored keeps what it held. */
  owner: Pid | 0;
  /** Of the last time that somebody got it. */
  token: number;
  /** Its last owner ended without releasing it; whoever gets it next is told so. */
  ownerEnded: boolean;
  /** In the order in which they asked. While it is free these are suspended. */
  readonly waiters: Set<Process>;
}

/** Why somebody leaves a queue without having got what it waited for. */
export type LeaveReason = 'timeout' | 'deadlock' | 'ended';

/**
 * Locks for mutual exclusion as syscalls, known by name to all processes of the kernel. First come, first served: nobody starves, and what an
 * urgent waiter loses to those before it is bounded, since with priority inheritance they run as urgently as it. A lock that is released is handed to its
 * next owner at once. A suspended process is passed over and keeps its place: who is stopped takes nothing.
 *
 * Not the lock table of the tools: that gives a call all its keys at once and knows no owner that asks for one lock after another, which is
 * what makes deadlocks and priority inversion possible.
 *
 * Cost: O(1) for acquire and release, and what the priorities take (priority-inheritance.ts); suspended waiters are passed over one by one.
 */
export class NamedLocks {
  private readonly state: KernelState;
  private readonly inheritance: PriorityInheritance;
  private readonly deadlocks: Deadlocks;
  private readonly locks = new Map<string, NamedLock>();
  private lastToken = 0;
  /** Numbers that no lock has. */
  private readonly freeNumbers: number[] = [];
  private lastNumber = 0;

  constructor(state: KernelState, inheritance: PriorityInheritance, deadlocks: Deadlocks) {
    this.state = state;
    this.inheritance = inheritance;
    this.deadlocks = deadlocks;
  }

  acquire(process: Process, { lock: name, timeoutUs }: Acquire): Result | undefined {
    const { state } = this;
    if (timeoutUs !== undefined && !isDuration(timeoutUs))
      return bad('timeoutUs', timeoutUs, `an integer from 0 to ${longestWaitUs} (µs)`);
    const lock = this.locks.get(name) ?? this.entry(name);
    if (lock.owner === 0) return { ok: true, value: this.give(lock, process) };
    if (lock.owner === process.pid)
      return failed('DEADLOCK', `lock: "${name}" is held by process ${process.runPid} itself`);
    if (timeoutUs === 0) return this.notInTime(process, lock);
    const timer =
      timeoutUs === undefined
        ? undefined
        : state.timers.set({ kind: 'lock', process }, dueUs(process, state.nowUs, timeoutUs));
    process.pending = { kind: 'lock', lock, timer };
    lock.waiters.add(process);
    state.wait(process, 'lock');
    state.out.emit({ type: 'lock.queued', pid: process.pid, lock: name, owner: lock.owner });
    this.inheritance.lend(process, lock);
    this.deadlocks.begins(process);
    return undefined;
  }

  release(process: Process, { lock: name }: Release): Result {
    const lock = this.locks.get(name);
    if (lock === undefined || lock.owner !== process.pid)
      return failed(
        'NOT_OWNER',
        `lock: "${name}" is not held by process ${process.runPid}; allowed: ${namesOf(process.locks)}`,
      );
    const value: Released = { lock: name, token: lock.token };
    this.free(lock, process, false);
    this.inheritance.settle(process);
    return { ok: true, value };
  }

  /** The process ends: what it holds goes to others, who are told. */
  releaseAll(process: Process): void {
    for (const lock of process.locks ?? []) this.free(lock, process, true);
  }

  /** The process leaves the kernel without ending: what it holds is kept for it, as for one that is still to be restored. */
  keepFor(process: Process): void {
    const { state } = this;
    for (const lock of process.locks ?? []) {
      this.inheritance.freed(lock, process.pid);
      lock.owner = state.pids.await(process.run, process.runPid);
      state.out.emit({ type: 'lock.kept', lock: lock.name, owner: lock.owner, token: lock.token });
      this.inheritance.given(lock);
    }
    process.locks = undefined;
  }

  /** `process`, which waits for a lock, waits for it no more. */
  leave(process: Process, lock: NamedLock, why: LeaveReason): void {
    lock.waiters.delete(process);
    this.inheritance.left(process, lock);
    process.pending = undefined;
    this.state.out.emit({ type: 'lock.withdrawn', pid: process.pid, lock: lock.name, why });
    const owner = lock.owner === 0 ? undefined : this.state.processes[lock.owner];
    if (owner !== undefined) this.inheritance.settle(owner);
    this.forget(lock);
  }

  /** The time that `process` was ready to wait is over. */
  timedOut(process: Process, lock: NamedLock): void {
    this.leave(process, lock, 'timeout');
    this.state.deliver(process, this.notInTime(process, lock));
  }

  /** `process`, which waits for it, is suspended no more. */
  continued(lock: NamedLock): void {
    if (lock.owner === 0) this.handOver(lock);
  }

  // ---- Restoring -----------------------------------------------------------------------------------------------------

  /** A process is not restored while another has a lock that it believes to hold. Throws KernelError INVALID_ARGUMENT. */
  checkRestore(input: RestoreInput): void {
    const { pids } = this.state;
    const numbers = numbersOf(input);
    const isPlain = pids.isFree(numbers);
    const own = new Set<number>(input.processes.map(({ started }) => started.pid));
    for (const { lock: name, owner, run } of input.locks) {
      if (owner === 0 || !own.has(owner) || (run ?? numbers.run) !== numbers.run) continue;
      const holder = this.locks.get(name)?.owner ?? 0;
      if (holder !== 0 && holder !== (pids.awaitedOf(numbers.run, owner) ?? (isPlain ? owner : 0)))
        throw invalid(
          'lock',
          name,
          `a lock that process ${owner} can have back (process ${holder} holds it)`,
        );
    }
  }

  /**
   * Locks of before a crash: of all runs, for what a process of a run that is still to be restored holds must not be given to others. What this
   * kernel has come to know since it began is not older than what storage tells.
   */
  restore(input: RestoreInput, family: Family): void {
    const { locks, lastToken, processes } = input;
    const { state } = this;
    const isFirst = this.lastToken === 0;
    const { run } = processes[0]!.started;
    for (const restored of locks) {
      const { lock: name, token } = restored;
      // Of a run that is here this kernel knows better what it holds.
      if (restored.run !== undefined && restored.run !== run && state.runs.has(restored.run)) continue;
      const owner = this.ownerHere(restored, run, family);
      const isNews = owner === 0 ? isFirst : state.processes[owner] === undefined;
      const known = this.locks.get(name);
      // It was kept for it, and may have been given back and got again elsewhere.
      if (known !== undefined && owner !== 0 && known.owner === owner)
        known.token = Math.max(known.token, token);
      if (!isNews || (known !== undefined && known.owner !== 0)) continue;
      const lock = known ?? this.entry(name);
      lock.owner = owner;
      lock.token = token;
      lock.ownerEnded = owner === 0;
      this.inheritance.given(lock);
      this.state.out.emit({ type: 'lock.restored', lock: name, owner, token });
    }
    this.lastToken = Math.max(this.lastToken, lastToken);
    this.freeKept(input, family);
  }

  /** What was kept for processes of the run, and they have given back elsewhere, is free. */
  private freeKept(input: RestoreInput, { namespace }: Family): void {
    const { run, taken } = numbersOf(input);
    const held = new Set<string>();
    for (const { lock, owner, run: of = run } of input.locks) if (owner !== 0 && of === run) held.add(lock);
    const isOfRun = (pid: Pid): boolean =>
      namespace === undefined ? taken.includes(pid) : namespace.has(pid);
    for (const lock of this.locks.values()) {
      const { owner, name } = lock;
      if (owner === 0 || held.has(name) || this.state.processes[owner] !== undefined || !isOfRun(owner))
        continue;
      this.inheritance.freed(lock, owner);
      lock.owner = 0;
      this.state.out.emit({ type: 'lock.kept', lock: name, owner: 0, token: lock.token });
      this.handOver(lock);
      this.forget(lock);
    }
  }

  /** Its pid here, if need be kept for it. `run` is the one that is restored, `family` its processes. */
  private ownerHere({ owner, run: of }: RestoredLock, run: string, family: Family): Pid | 0 {
    if (owner === 0 || of === undefined || of === run) return this.state.pidHere(family, owner);
    return this.state.pids.await(of, owner);
  }

  /** `process`, of the run that is restored, is back, and holds what it held. */
  giveBack(process: Process, restored: readonly RestoredLock[], run: string): void {
    for (const { lock: name, owner, run: of = run } of restored) {
      if (owner !== process.runPid || of !== run) continue;
      (process.locks ??= new Set()).add(this.locks.get(name)!);
    }
    if (process.locks !== undefined) this.inheritance.settle(process);
  }

  // ---- For tests and snapshots ---------------------------------------------------------------------------------------

  all(): Iterable<NamedLock> {
    return this.locks.values();
  }

  checkInvariants(): void {
    const { processes } = this.state;
    for (const [name, { owner, ownerEnded, waiters }] of this.locks) {
      assert(owner !== 0 || ownerEnded || waiters.size > 0, () => `lock "${name}" has an entry for nothing`);
      assert(
        owner === 0 || !ownerEnded,
        () => `lock "${name}" of process ${owner} is said to be left behind`,
      );
      const holder = owner === 0 ? undefined : processes[owner];
      assert(holder?.state !== 'terminated', () => `lock "${name}" is held by process ${owner}, which ended`);
      for (const { pid, state, pending } of waiters) {
        assert(
          pending?.kind === 'lock' && pending.lock.name === name,
          () => `process ${pid} stands in the queue of lock "${name}" and does not wait for it`,
        );
        assert(
          owner !== 0 || state === 'suspended',
          () => `process ${pid} waits for lock "${name}", which is free`,
        );
      }
    }
    for (const process of processes)
      for (const { name, owner } of process?.locks ?? [])
        assert(
          owner === process!.pid,
          () => `process ${process!.pid} has lock "${name}" of process ${owner}`,
        );
    this.inheritance.checkInvariants();
  }

  // ---- Owners --------------------------------------------------------------------------------------------------------

  private entry(name: string): NamedLock {
    const number = this.freeNumbers.pop() ?? ++this.lastNumber;
    const lock: NamedLock = { name, number, owner: 0, token: 0, ownerEnded: false, waiters: new Set() };
    this.locks.set(name, lock);
    return lock;
  }

  private give(lock: NamedLock, process: Process): Acquired {
    const { ownerEnded, name } = lock;
    const token = ++this.lastToken;
    lock.owner = process.pid;
    lock.token = token;
    lock.ownerEnded = false;
    (process.locks ??= new Set()).add(lock);
    this.state.out.emit({ type: 'lock.acquired', pid: process.pid, lock: name, token, ownerEnded });
    if (lock.waiters.size > 0) {
      this.inheritance.given(lock);
      this.inheritance.settle(process);
    }
    return { lock: name, token, ownerEnded };
  }

  private free(lock: NamedLock, process: Process, ownerEnded: boolean): void {
    const { name, token } = lock;
    process.locks!.delete(lock);
    this.inheritance.freed(lock, process.pid);
    lock.owner = 0;
    lock.ownerEnded = ownerEnded;
    this.state.out.emit({ type: 'lock.released', pid: process.pid, lock: name, token, ownerEnded });
    this.handOver(lock);
    this.forget(lock);
  }

  private notInTime(process: Process, { name, owner }: NamedLock): Result {
    const holder = this.state.processes[owner];
    const who = holder === undefined ? `process ${owner}` : nameFor(process, holder);
    return failed(
      'TIMEOUT',
      owner === 0 ? `lock "${name}": not in time` : `lock "${name}" is held by ${who}`,
    );
  }

  /** To the first that waits and is not suspended. */
  private handOver(lock: NamedLock): void {
    for (const waiter of lock.waiters) {
      if (waiter.state === 'suspended') continue;
      const { pending } = waiter;
      if (pending?.kind === 'lock' && pending.timer !== undefined) this.state.timers.clear(pending.timer);
      lock.waiters.delete(waiter);
      this.inheritance.left(waiter, lock);
      waiter.pending = undefined;
      this.state.deliver(waiter, { ok: true, value: this.give(lock, waiter) });
      return;
    }
  }

  private forget(lock: NamedLock): void {
    if (
      lock.owner === 0 &&
      !lock.ownerEnded &&
      lock.waiters.size === 0 &&
      this.locks.get(lock.name) === lock
    ) {
      this.locks.delete(lock.name);
      this.freeNumbers.push(lock.number);
    }
  }
}

function namesOf(locks: ReadonlySet<NamedLock> | undefined): string {
  if (locks === undefined || locks.size === 0) return 'none, because it holds none';
  return [...locks].map(({ name }) => `"${name}"`).join(', ');
}
