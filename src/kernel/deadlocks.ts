import type { Engine } from './engine.ts';
import type { DeadlockMember } from './events.ts';
import type { Family } from './family.ts';
import type { KernelErrorCode } from './errors.ts';
import type { Pid } from './ids.ts';
import type { KernelState } from './kernel-state.ts';
import type { LeaveReason } from './named-locks.ts';
import { numberFor, type Process } from './process.ts';
import { failed } from './syscall-handler.ts';
import { isMemoryWait, memoryWaitOf, pinnersOf } from './memory-waits.ts';
import { deadlockAt, type Wait } from './wait-for-graph.ts';

/** Takes a process out of the queue that it waits in; where that is for a model call, this fails. */
export interface WaitQueues {
  leave(process: Process, why: LeaveReason): void;
  refuseCall(process: Process, code: KernelErrorCode, message: string): void;
}

/** Who lets a call go on that waits for budget. */
export interface BudgetHolders {
  /** Any one of these; undefined: time may do it, or it is its turn. */
  holdersFor(process: Process): readonly Pid[] | undefined;
}

/**
 * Finds deadlocks among processes when they close: when a wait begins that another process alone can end, and when one ends that others may have
 * waited for. Such a wait is that
 * - for a lock: for its owner;
 * - for a child, or any child: for these;
 * - for a message: for any process that may send one, which is all of its run. While a process of another run lives that may send to all runs, or when
 *   nobody else lives in the run, the message may come from outside;
 * - for a semaphore: for any process of its run, for none other knows it;
 * - for memory, beside calls that run: for enough of those that have pinned what is in its way. Looked at when no call runs on its engine, which comes soon, for the
 *   first that waits for memory is not overtaken while one does;
 * - for budget that no window will give back: for any one of those whose calls hold it. As these wait for nobody but for memory, it is looked at where somebody does.
 * All other waits end by the world: with a time limit, for a time, a tool, a person, storage. A tool call that waits for resources waits for calls, not for
 * their processes, and these end by themselves. Nor does anything wait for a signal or for a process that the world is still to start: these are help from outside.
 */
export class Deadlocks {
  private readonly state: KernelState;
  private queues!: WaitQueues;
  private budgets!: BudgetHolders;
  /** Runs of which a member ended and those that are left all wait. */
  private readonly suspects = new Set<Family>();

  constructor(state: KernelState) {
    this.state = state;
  }

  connect(queues: WaitQueues, budgets: BudgetHolders): void {
    this.queues = queues;
    this.budgets = budgets;
  }

  /** `process` has begun to wait for others, unless its wait has a time limit. */
  begins(process: Process): void {
    if (hasLimit(process)) return;
    process.waitsForOthers = true;
    process.family.waiting++;
    this.lookAt(process.pid);
  }

  ended({ family, capabilities }: Process): void {
    const { state } = this;
    if (family.alive > 0 && family.waiting === family.alive) this.suspects.add(family);
    if (capabilities.send !== 'all' || --family.sendsToAll > 0 || --state.openRuns > 1) return;
    // Who is left waits for messages of its own run alone.
    for (const other of state.families)
      if (other !== undefined && other.waiting > 0) this.suspects.add(other);
  }

  /** When all that this input did to processes is done: one that ended may have taken others along. */
  settle(): void {
    if (this.suspects.size === 0) return;
    for (const family of this.suspects)
      if (family.alive > 0 && family.waiting === family.alive) this.lookAt(family.node);
    this.suspects.clear();
  }

  /** When the cores have got what they can: who waits for memory where no call runs may wait for processes. */
  settleMemory(): void {
    for (const engine of this.state.engines) {
      if (!engine.hasStarved) continue;
      engine.hasStarved = false;
      // Nobody's pins are in the way for good while those that have them go on.
      if (!pinnersOf(engine).some((pid) => this.isHeldUp(this.state.processes[pid]!))) continue;
      for (const pid of waitersInOrder(engine)) this.lookAt(pid);
    }
  }

  private lookAt(node: number): void {
    const { state } = this;
    const members = deadlockAt(node, (at) => this.waitOf(at))
      .filter((at) => at > 0)
      .map((pid) => state.processes[pid]!);
    if (members.length === 0) return;
    const deadlock = { isOver: false };
    for (const member of members) member.deadlock = deadlock;
    const victim = state.options.deadlocks === 'resolve' ? victimOf(members) : undefined;
    const told = members.map((member) => this.memberOf(member, members));
    state.out.emit({ type: 'deadlock.detected', members: told, victim: victim?.pid ?? 0 });
    if (victim !== undefined) this.fail(victim, members, told);
  }

  /** Its syscall fails; what it holds it keeps, for its program to give back. */
  private fail(victim: Process, members: readonly Process[], told: readonly DeadlockMember[]): void {
    const circle = told.map(({ on, what }, index) => {
      const number = numberFor(victim, members[index]!);
      return `${number === 0 ? 'of another run' : number} (${on}${what === '' ? '' : ` ${what}`})`;
    });
    const message = `nobody of these goes on unless another does: process ${circle.join(', ')}`;
    if (victim.call !== undefined) return this.queues.refuseCall(victim, 'DEADLOCK', message);
    this.queues.leave(victim, 'deadlock');
    this.state.deliver(victim, failed('DEADLOCK', message));
  }

  private waitOf(node: number): Wait {
    const { state } = this;
    if (node > 0) return this.waitOfProcess(state.processes[node]!);
    const family = state.families[-1 - node]!;
    return this.isAllHeldUp(family) ? family.members().map(({ pid }) => pid) : undefined;
  }

  private isAllHeldUp(family: Family): boolean {
    if (family.waiting === family.alive) return true;
    return this.hasStarved() && family.members().every((member) => this.isHeldUp(member));
  }

  /** By processes, perhaps: how many of them is not looked at. */
  private isHeldUp(process: Process): boolean {
    return process.waitsForOthers || isMemoryWait(process) || isBudgetWait(process);
  }

  private hasStarved(): boolean {
    return this.state.engines.some(({ isStarved }) => isStarved);
  }

  private waitOfProcess(process: Process): Wait {
    // A deadlock that was told is to be resolved: who waits for a member goes on then.
    if (process.isDeadlocked) return undefined;
    if (!process.waitsForOthers) {
      // Who asks the usual question pays for no more than this.
      if (process.call === undefined || process.state !== 'waiting' || !this.hasStarved()) return undefined;
      if (isMemoryWait(process)) return memoryWaitOf(process, this.state);
      return isBudgetWait(process) ? this.budgets.holdersFor(process) : undefined;
    }
    const { pending, family } = process;
    switch (pending?.kind) {
      case 'lock': {
        const { owner } = pending.lock;
        // Free, for one that is suspended, or of a process that is still to be restored.
        return owner === 0 || this.state.processes[owner] === undefined ? undefined : [owner];
      }
      case 'wait': {
        const children = pending.pid === 0 ? process.children!.map(({ pid }) => pid) : [pending.pid];
        if (!pending.orMessage) return children;
        return this.maySendFromOutside(family) ? undefined : [...children, family.node];
      }
      case 'semaphore':
        return pending.semaphore.count > 0 ? undefined : [family.node];
      case 'receive':
        return family.alive === 1 || this.maySendFromOutside(family) ? undefined : [family.node];
      default:
        return undefined;
    }
  }

  private maySendFromOutside({ sendsToAll }: Family): boolean {
    return this.state.openRuns > (sendsToAll > 0 ? 1 : 0);
  }

  private memberOf(process: Process, members: readonly Process[]): DeadlockMember {
    const { pid, pending, waitingOn: on, children, call } = process;
    if (call !== undefined) {
      const wait = isMemoryWait(process)
        ? memoryWaitOf(process, this.state).wakers
        : this.budgets.holdersFor(process)!;
      const waitsFor = members.filter((other) => wait.includes(other.pid)).map((other) => other.pid);
      return { pid, on, what: call.waitsAt === -1 ? '' : this.state.budgets.nameOf(call.waitsAt), waitsFor };
    }
    switch (pending?.kind) {
      case 'lock':
        return { pid, on, what: pending.lock.name, waitsFor: [pending.lock.owner as Pid] };
      case 'semaphore':
        return { pid, on, what: pending.semaphore.name, waitsFor: [] };
      case 'wait':
        return {
          pid,
          on,
          what: '',
          waitsFor: pending.pid === 0 ? children!.map((child) => child.pid) : [pending.pid],
        };
      default:
        return { pid, on, what: '', waitsFor: [] };
    }
  }
}

function isBudgetWait({ state, waitingOn, call }: Process): boolean {
  return state === 'waiting' && waitingOn === 'budget' && call !== undefined && call.waitsAt !== -1;
}

function waitersInOrder({ memoryWaiters }: Engine): number[] {
  return [...memoryWaiters.ids()].sort((a, b) => memoryWaiters.keyOf(a) - memoryWaiters.keyOf(b));
}

function hasLimit({ pending }: Process): boolean {
  switch (pending?.kind) {
    case 'lock':
    case 'semaphore':
    case 'receive':
    case 'wait':
      return pending.timer !== undefined;
    default:
      return false;
  }
}

/**
 * The least urgent, by its own priority; of several the youngest, which has the highest pid: it has done least. Who is suspended could give nothing
 * back before it is continued, and is spared where another is not.
 */
function victimOf(members: readonly Process[]): Process {
  const atWork = members.filter(({ state }) => state !== 'suspended');
  return (atWork.length > 0 ? atWork : members).reduce((victim, other) => {
    const order = victim.priority - other.priority || victim.pid - other.pid;
    return order < 0 ? other : victim;
  });
}
