/**
 * What agents whose code is data will do: how many steps of its workflow each of them is from its next model call. The agents of a run are one workflow; a step is a model
 * call, and agents that run side by side take their steps at the same time, so that one that waits for another is as far from its call as that one is from its end (the
 * critical path). Tools, people, sleep and locks take no step; a message that is waited for takes one, whoever sends it.
 *
 * Source: the agent step graph of Z. Pan et al., "KVFlow", arXiv 2507.07400, section 3, whose steps to execution are the largest over all that an agent waits for. There a client
 * sends them with each request; here the programs tell where they are.
 */
import type { PlanView } from '../kernel/contracts.ts';
import type { Pid } from '../kernel/ids.ts';
import type { AgentSpec, AgentStep } from './steps.ts';

/** Where an agent is. */
export interface Position {
  readonly steps: readonly AgentStep[];
  /** The step under way. */
  next: number;
  /** Pids of the children it has spawned, by key. */
  readonly children: Readonly<Record<string, number>>;
}

/** Of one kernel; a kernel whose inputs are fed again needs one of its own. */
export class Workflow implements PlanView {
  /** Of agents that have begun and not ended. */
  private readonly positions = new Map<number, Position>();
  private readonly lengths = new WeakMap<AgentSpec, number>();

  /** The agent begins, or goes on after a crash; from then on it moves `position.next` itself. */
  enter(pid: Pid, position: Position): void {
    this.positions.set(pid, position);
  }

  leave(pid: Pid): void {
    this.positions.delete(pid);
  }

  /** Infinity, too, of a process that runs no steps: nothing is known of it. */
  stepsToCall(user: Pid): number {
    const position = this.positions.get(user);
    if (position === undefined) return Infinity;
    if (position.steps[position.next]?.op === 'think') return 0;
    return 1 + this.walk(position, false);
  }

  /** Steps until the next call begins (Infinity: never), or until the end. */
  private walk({ steps, next, children }: Position, isToEnd: boolean): number {
    let taken = 0;
    let spawned: Map<string, { readonly agent: AgentSpec; readonly at: number }> | undefined;
    for (let at = next; at < steps.length; at++) {
      const step = steps[at]!;
      switch (step.op) {
        case 'think':
          if (!isToEnd) return taken;
          taken++;
          break;
        case 'receive':
          taken++;
          break;
        case 'spawn':
          spawned ??= new Map();
          spawned.set(step.key, { agent: step.agent, at: taken });
          break;
        case 'wait': {
          const child = spawned?.get(step.key);
          const end =
            child === undefined ? this.toEnd(children[step.key]) : child.at + this.lengthOf(child.agent);
          taken = Math.max(taken, end);
          break;
        }
        default:
      }
    }
    return isToEnd ? taken : Infinity;
  }

  private toEnd(child: number | undefined): number {
    const position = child === undefined ? undefined : this.positions.get(child);
    return position === undefined ? 0 : this.walk(position, true);
  }

  /** Steps from its beginning to its end. */
  private lengthOf(agent: AgentSpec): number {
    let length = this.lengths.get(agent);
    if (length === undefined) {
      length = this.walk({ steps: agent.steps, next: 0, children: {} }, true);
      this.lengths.set(agent, length);
    }
    return length;
  }
}
