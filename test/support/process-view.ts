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
  // By pid; one that is missing has the default.
  readonly parents: (Pid | 0)[] = [];
  readonly runs: number[] = [];
  readonly clients: number[] = [];
  readonly ticketsOf: number[] = [];
  readonly weights: number[] = [];
  readonly deadlines: number[] = [];
  readonly expectations: number[] = [];
  readonly bursts: number[] = [];
  readonly lefts: number[] = [];
  readonly underWay: boolean[] = [];
  readonly ended: boolean[] = [];
  readonly prompts: number[] = [];
  readonly outputs: number[] = [];

  priority(of: Pid): number {
    return this.priorities[of] ?? 50;
  }
  name(of: Pid): string {
    return `agent-${of}`;
  }
  parent(of: Pid): Pid | 0 {
    return this.parents[of] ?? 0;
  }
  /** Each its own, unless told. */
  run(of: Pid): number {
    return this.runs[of] ?? of;
  }
  client(of: Pid): number {
    return this.clients[of] ?? this.run(of);
  }
  tickets(of: Pid): number {
    return this.ticketsOf[of] ?? 100;
  }
  weight(of: Pid): number {
    return this.weights[of] ?? 1;
  }
  deadlineUs(of: Pid): number {
    return this.deadlines[of] ?? Infinity;
  }
  spawnedUs(): number {
    return 0;
  }
  expectedCoreUs(of: Pid): number {
    return this.expectations[of] ?? NaN;
  }
  expectedTokenSeconds(of: Pid): number {
    return this.expectations[of] ?? NaN;
  }
  burstUs(of: Pid): number {
    return this.bursts[of] ?? 1_000_000;
  }
  burstLeftUs(of: Pid): number {
    return this.lefts[of] ?? this.burstUs(of);
  }
  /** Unless told, when something of its call is done. */
  isUnderWay(of: Pid): boolean {
    return this.underWay[of] ?? this.burstLeftUs(of) < this.burstUs(of);
  }
  hasEnded(of: Pid): boolean {
    return this.ended[of] ?? false;
  }
  promptTokens(of: Pid): number {
    return this.prompts[of] ?? 0;
  }
  maxOutputTokens(of: Pid): number {
    return this.outputs[of] ?? 1;
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
  /** At once, whenever it was dispatched. */
  sliceBeginsUs(): number {
    return 0;
  }

  context(): SchedulingContext {
    return {
      capacity: 1,
      unit: 'cores',
      memoryTokens: 100_000,
      rng: rngFor(1, 'scheduling'),
      processes: this,
    };
  }
}
