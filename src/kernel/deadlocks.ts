import type { DeadlockMember } from './events.ts';
import type { Family } from './family.ts';
import type { Pid } from './ids.ts';
import type { KernelState } from './kernel-state.ts';
import type { LeaveReason } from './named-locks.ts';
import type { Process } from './process.ts';
import { failed } from './syscall-handler.ts';
import { deadlockAt } from './wait-for-graph.ts';

/** Takes a process out of the queue that it waits in. */
export interface WaitQueues {
  leave(process: Process, why: LeaveReason): void;
}

/**
 * Finds deadlocks among processes when they close: when a wait begins that another process alone can end, and when one ends that others may have
 * waited for. Such a wait is that
 * - for a lock: for its owner;
 * - for a child, or any child: for these;
 * - for a message: for any process that may send one, which is all of its run. While a process of another run lives that may send to all runs, or when
 *   nobody else lives in the run, the message may come from outside;
 * - for a semaphore: for any process of its run, for none other knows it.
 * All other waits end by the world: with a time limit, for a time, a tool, a person, storage. A tool call that waits for resources waits for calls, not for
 * their processes, and these end by themselves; who waits for budget or memory waits for model calls, and for windows that roll. Nor does anything
 * wait for a signal or for a process that the world is still to start: these are help from outside.
 */
export class Deadlocks {
  private readonly state: KernelState;
  private queues!: WaitQueues;
  /** Runs of which a member ended and those that are left all wait. */
  private readonly suspects = new Set<Family>();

  constructor(state: KernelState) {
    this.state = state;
  }

  connect(queues: WaitQueues): void {
    this.queues = queues;
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
    for (const other of state.families) if (other.waiting > 0) this.suspects.add(other);
  }

  /** When all that this input did to processes is done: one that ended may have taken others along. */
  settle(): void {
    if (this.suspects.size === 0) return;
    for (const family of this.suspects)
      if (family.alive > 0 && family.waiting === family.alive) this.lookAt(family.node);
    this.suspects.clear();
  }

  private lookAt(node: number): void {
    const { state } = this;
    const members = deadlockAt(node, (at) => this.wakersOf(at))
      .filter((at) => at > 0)
      .map((pid) => state.processes[pid]!);
    // Also where there are none.
    if (members.every(({ isDeadlocked }) => isDeadlocked)) return;
    const deadlock = { isOver: false };
    for (const member of members) member.deadlock = deadlock;
    const victim = state.options.deadlocks === 'resolve' ? victimOf(members) : undefined;
    const told = members.map((member) => this.memberOf(member));
    state.out.emit({ type: 'deadlock.detected', members: told, victim: victim?.pid ?? 0 });
    if (victim !== undefined) this.fail(victim, told);
  }

  /** Its syscall fails; what it holds it keeps, for its program to give back. */
  private fail(victim: Process, members: readonly DeadlockMember[]): void {
    this.queues.leave(victim, 'deadlock');
    const circle = members.map(({ pid, on, what }) => `${pid} (${on}${what === '' ? '' : ` ${what}`})`);
    this.state.deliver(
      victim,
      failed('DEADLOCK', `nobody of these goes on unless another does: process ${circle.join(', ')}`),
    );
  }

  private wakersOf(node: number): readonly number[] | undefined {
    if (node > 0) return this.wakersOfProcess(this.state.processes[node]!);
    const family = this.state.families[-1 - node]!;
    return family.waiting === family.alive ? family.members().map(({ pid }) => pid) : undefined;
  }

  private wakersOfProcess(process: Process): readonly number[] | undefined {
    if (!process.waitsForOthers) return undefined;
    const { pending, family } = process;
    switch (pending?.kind) {
      case 'lock': {
        const { owner } = pending.lock;
        // Free, for one that is suspended, or of a process that is still to be restored.
        return owner === 0 || this.state.processes[owner] === undefined ? undefined : [owner];
      }
      case 'wait':
        return pending.pid === 0 ? process.children!.map(({ pid }) => pid) : [pending.pid];
      case 'semaphore':
        return pending.semaphore.count > 0 ? undefined : [family.node];
      case 'receive':
        return family.alive === 1 || this.state.openRuns > (family.sendsToAll > 0 ? 1 : 0)
          ? undefined
          : [family.node];
      default:
        return undefined;
    }
  }

  private memberOf({ pid, pending, waitingOn: on, children }: Process): DeadlockMember {
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

function hasLimit({ pending }: Process): boolean {
  switch (pending?.kind) {
    case 'lock':
    case 'semaphore':
    case 'receive':
      return pending.timer !== undefined;
    default:
      return false;
  }
}

/** The least urgent, by its own priority; of several the youngest, which has the highest pid: it has done least. */
function victimOf(members: readonly Process[]): Process {
  return members.reduce((victim, other) => {
    const order = victim.priority - other.priority || victim.pid - other.pid;
    return order < 0 ? other : victim;
  });
}
