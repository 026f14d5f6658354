/**
 * Stride: every process has a pass, which rises by the core time that it uses divided by its tickets; the smallest pass runs next, for a slice. What
 * lottery gives in the mean, this gives at any time: two that are always ready are never further apart than one slice from their shares.
 *
 * Source: C. A. Waldspurger and W. E. Weihl, "Stride scheduling: deterministic proportional-share resource management", MIT/LCS/TM-528, 1995, with the
 * dynamic rules of its section 3: the global pass is that of a process that has all tickets of the active ones; who leaves takes along what its pass is
 * ahead of it or behind, and comes back with that.
 * Departs from it: no tickets are transferred to who holds a lock (priorities, which the kernel lends, count for nothing here); the stride is not rounded (virtual-time.ts), and on several cores the global pass moves by what all of them serve.
 * Cost: O(log n) for ready, pick and waiting, O(1) for the rest.
 */
import { assert } from '../../base/assert.ts';
import type {
  Charge,
  CreateSchedulingPolicy,
  ProcessView,
  SchedulingPolicy,
} from '../../kernel/contracts.ts';
import type { CoreId, Json, Pid } from '../../kernel/ids.ts';
import { loadColumns, NumberByPid, savedColumns } from './by-pid.ts';
import { rounded, spelledTime, standing } from './explanations.ts';
import { ReadyQueue, type SavedReadyQueue } from './ready-queue.ts';
import { unitsPerUs, VirtualTimes } from './virtual-time.ts';

export interface StrideOptions {
  /** Longest run before another ready process gets the core, µs; an integer > 0. */
  readonly sliceUs: number;
}

/** 10 s. */
export const strideDefaults: StrideOptions = { sliceUs: 10_000_000 };

export function strideWith({ sliceUs }: StrideOptions): CreateSchedulingPolicy {
  assert(Number.isInteger(sliceUs) && sliceUs > 0, `sliceUs ${sliceUs}: must be an integer > 0`);
  return ({ processes }) => new Stride(sliceUs, processes);
}

export const stride: CreateSchedulingPolicy = strideWith(strideDefaults);

class Stride implements SchedulingPolicy {
  readonly name = 'stride';
  private readonly sliceUs: number;
  private readonly processes: ProcessView;
  /** Key: the pass, in units. */
  private readonly queue = new ReadyQueue();
  /** Of active processes (ready or running) the pass; of the others, how far it was ahead of the global pass when they left. */
  private readonly passes = new VirtualTimes();
  // 1, by pid.
  private readonly isKnown = new NumberByPid();
  private readonly isActive = new NumberByPid();
  private readonly isRunning = new NumberByPid();
  private readonly columns = [
    this.passes.units,
    this.passes.rest,
    this.isKnown,
    this.isActive,
    this.isRunning,
  ];
  private globalPass = 0;
  /** What the last division left over of it, in units × tickets. */
  private globalRest = 0;
  /** Of the active ones. */
  private tickets = 0;
  private running = 0;
  private nowUs = 0;

  constructor(sliceUs: number, processes: ProcessView) {
    this.sliceUs = sliceUs;
    this.processes = processes;
  }

  ready(pid: Pid, sinceUs: number): boolean {
    this.moveTo(sinceUs);
    this.stopped(pid);
    if (this.isActive.get(pid) === 0) this.join(pid);
    this.queue.add(pid, this.passes.get(pid), sinceUs);
    return false;
  }

  pick(_core: CoreId, nowUs: number): Pid | undefined {
    this.moveTo(nowUs);
    const pid = this.queue.pop();
    if (pid === undefined) return undefined;
    this.isRunning.set(pid, 1);
    this.running++;
    return pid;
  }

  charge(pid: Pid, { coreUs }: Charge): void {
    this.passes.add(pid, coreUs, this.processes.tickets(pid));
    this.queue.used(pid);
    if (this.queue.has(pid)) this.queue.rekey(pid, this.passes.get(pid));
  }

  waiting(pid: Pid, nowUs: number): void {
    this.moveTo(nowUs);
    this.stopped(pid);
    this.queue.remove(pid);
    if (this.isActive.get(pid) === 1) this.leave(pid);
  }

  exited(pid: Pid, nowUs: number): void {
    this.waiting(pid, nowUs);
    this.queue.forget(pid);
    for (const column of this.columns) column.set(pid, 0);
  }

  slice(): number {
    return this.sliceUs;
  }

  explain(pid: Pid): string {
    const { queue, processes, passes, globalPass } = this;
    return standing(processes, {
      pid,
      isReady: queue.has(pid),
      first: queue.first(),
      size: queue.size,
      keyOf: (one) => {
        const ahead = passes.get(one) - globalPass;
        const where =
          ahead < 0 ? `${rounded(-ahead / unitsPerUs)} behind` : `${rounded(ahead / unitsPerUs)} ahead of`;
        const tickets = processes.tickets(one);
        return `pass ${rounded(passes.get(one) / unitsPerUs)} (µs per ticket, ${where} the global pass; ${tickets} tickets)`;
      },
      rule: `the smallest pass first, for ${spelledTime(this.sliceUs)}`,
    });
  }

  save(): Json {
    const { globalPass, globalRest, tickets, running, nowUs } = this;
    return {
      queue: this.queue.save() as unknown as Json,
      processes: savedColumns(this.columns),
      global: [globalPass, globalRest, tickets, running, nowUs],
    };
  }

  load(state: Json): void {
    const { queue, processes, global } = state as unknown as SavedStride;
    this.queue.load(queue);
    loadColumns(this.columns, processes);
    [this.globalPass, this.globalRest, this.tickets, this.running, this.nowUs] = global;
  }

  /** A newcomer stands one slice ahead, as after its first. */
  private join(pid: Pid): void {
    const { passes } = this;
    const tickets = this.processes.tickets(pid);
    if (this.isKnown.get(pid) === 0) passes.add(pid, this.sliceUs, tickets);
    this.isKnown.set(pid, 1);
    this.isActive.set(pid, 1);
    passes.units.set(pid, passes.get(pid) + this.globalPass);
    this.setTickets(this.tickets + tickets);
  }

  private leave(pid: Pid): void {
    const { passes } = this;
    this.isActive.set(pid, 0);
    passes.units.set(pid, passes.get(pid) - this.globalPass);
    this.setTickets(this.tickets - this.processes.tickets(pid));
  }

  private stopped(pid: Pid): void {
    this.running -= this.isRunning.get(pid);
    this.isRunning.set(pid, 0);
  }

  /** The global pass moves by what the running ones were served since it was last looked at. Time that is over counts as now. */
  private moveTo(nowUs: number): void {
    if (nowUs <= this.nowUs) return;
    const servedUs = this.running * (nowUs - this.nowUs);
    this.nowUs = nowUs;
    if (servedUs === 0) return;
    const { tickets } = this;
    const whole = Math.floor(servedUs / tickets);
    const left = (servedUs - whole * tickets) * unitsPerUs + this.globalRest;
    const more = Math.floor(left / tickets);
    this.globalPass += whole * unitsPerUs + more;
    this.globalRest = left - more * tickets;
  }

  private setTickets(tickets: number): void {
    this.globalRest = tickets === 0 ? 0 : Math.floor((this.globalRest / this.tickets || 0) * tickets);
    this.tickets = tickets;
  }
}

interface SavedStride {
  readonly queue: SavedReadyQueue;
  readonly processes: readonly number[][];
  readonly global: [globalPass: number, globalRest: number, tickets: number, running: number, nowUs: number];
}
