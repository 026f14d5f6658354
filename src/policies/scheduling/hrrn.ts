/**
 * Highest response ratio next: of the ready calls the one with the highest (time ready + length) / length, until it ends. Short calls go first, but a
 * long one gains with every second that it waits, and nobody starves.
 *
 * Source: P. Brinch Hansen, "An analysis of response ratio scheduling", 1971.
 * The length is known in virtual time; live it is the longest that the answer can take. Equals go in the order of becoming ready.
 * Cost: see response-ratios.ts; O(log n) matches a decision, and one more path for each overtaking among the ready.
 */
import { assert } from '../../base/assert.ts';
import type { CreateSchedulingPolicy, ProcessView, SchedulingPolicy } from '../../kernel/contracts.ts';
import type { CoreId, Json, Pid } from '../../kernel/ids.ts';
import { rounded, spelledTime, standing } from './explanations.ts';
import { ReadyOrder, type SavedReadyOrder } from './ready-order.ts';
import { ResponseRatios } from './response-ratios.ts';

export const hrrn: CreateSchedulingPolicy = ({ processes }) => new HighestResponseRatioNext(processes);

class HighestResponseRatioNext implements SchedulingPolicy {
  readonly name = 'hrrn';
  private readonly processes: ProcessView;
  private readonly ratios = new ResponseRatios();
  private readonly order = new ReadyOrder();

  constructor(processes: ProcessView) {
    this.processes = processes;
  }

  ready(pid: Pid, sinceUs: number): boolean {
    // What takes no time has an infinite ratio; 1 µs is as good.
    const lengthUs = Math.max(1, this.processes.burstLeftUs(pid, sinceUs));
    this.ratios.add(pid, sinceUs, lengthUs, this.order.take(pid, sinceUs));
    return false;
  }

  pick(_core: CoreId, nowUs: number): Pid | undefined {
    const pid = this.ratios.first(nowUs);
    if (pid < 0) return undefined;
    this.ratios.remove(pid);
    return pid as Pid;
  }

  charge(pid: Pid): void {
    if (!this.ratios.has(pid)) this.order.forget(pid);
  }

  waiting(pid: Pid): void {
    this.ratios.remove(pid);
  }

  exited(pid: Pid): void {
    this.ratios.remove(pid);
    this.order.forget(pid);
  }

  slice(): number {
    return Infinity;
  }

  explain(pid: Pid, nowUs: number): string {
    const { ratios } = this;
    const first = ratios.firstByScan(nowUs);
    return standing(this.processes, {
      pid,
      isReady: ratios.has(pid),
      first: first < 0 ? undefined : (first as Pid),
      size: ratios.size,
      keyOf: (one) => {
        const [waitedUs, lengthUs] = [ratios.waitedUs(one, nowUs), ratios.lengthOf(one)];
        const ratio = rounded((waitedUs + lengthUs) / lengthUs);
        return `response ratio (${spelledTime(waitedUs)} + ${spelledTime(lengthUs)}) / ${spelledTime(lengthUs)} = ${ratio}`;
      },
      rule: 'the highest ratio first, to its end',
    });
  }

  save(): Json {
    return { order: this.order.save() as unknown as Json, ready: this.ratios.rows() };
  }

  load(state: Json): void {
    assert(this.ratios.size === 0, 'load into a policy that is in use');
    const { order, ready } = state as unknown as { order: SavedReadyOrder; ready: readonly number[][] };
    this.order.load(order);
    for (const [pid = 0, sinceUs = 0, lengthUs = 0] of ready)
      this.ratios.add(pid, sinceUs, lengthUs, this.order.of(pid as Pid));
  }
}
