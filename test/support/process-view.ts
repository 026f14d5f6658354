import { rngFor } from '../../src/base/rng.ts';
import type { ProcessView, SchedulingContext } from '../../src/kernel/contracts.ts';
import type { CoreId, Pid } from '../../src/kernel/ids.ts';

export const pid = (id: number): Pid => id as Pid;
export const core = (id: number): CoreId => id as CoreId;

/** What scheduling policies see of processes, over plain arrays by pid: a test writes the figures. */
export class ArrayProcesses implements ProcessView {
  readonly priorities: number[] = [];
  readonly nodes: number[] = [];
  readonly shares: number[] = [];
  /** When the hourly window of a budget node rolls, by node. */
  readonly rolls: number[] = [];
  /** When the window rolls for a process, by pid: as with limits that slide. Goes before `rolls`. */
  readonly ownRolls: number[] = [];

  priority(of: Pid): number {
    return this.priorities[of] ?? 50;
  }
  name(of: Pid): string {
    return `agent-${of}`;
  }
  parent(): 0 {
    return 0;
  }
  quotaNode(of: Pid): number {
    return this.nodes[of] ?? -1;
  }
  quotaShare(of: Pid): number {
    return this.shares[of] ?? 0;
  }
  quotaRollsUs(of: Pid): number {
    return this.ownRolls[of] ?? this.rolls[this.quotaNode(of)] ?? Infinity;
  }
  coreUs(): number {
    return 0;
  }

  context(): SchedulingContext {
    return { capacity: 1, unit: 'cores', rng: rngFor(1, 'scheduling'), processes: this };
  }
}
