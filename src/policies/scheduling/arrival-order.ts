import type { ProcessView, SchedulingPolicy } from '../../kernel/contracts.ts';
import type { CoreId, Json, Pid } from '../../kernel/ids.ts';
import { spelledTime, standing } from './explanations.ts';
import { ReadyQueue, type SavedReadyQueue } from './ready-queue.ts';

/** All are equals. */
const KEY = 0;

/**
 * First ready, first picked; nobody is preempted before its slice ends. What `fifo` and `round-robin` have in common: they differ in the slice alone.
 *
 * Cost: O(1) while processes become ready one after another; O(log n) for one that comes back to a place that it had.
 */
export class ArrivalOrder implements SchedulingPolicy {
  readonly name: string;
  private readonly sliceUs: number;
  private readonly processes: ProcessView;
  private readonly queue = new ReadyQueue();

  constructor(name: string, sliceUs: number, processes: ProcessView) {
    this.name = name;
    this.sliceUs = sliceUs;
    this.processes = processes;
  }

  ready(pid: Pid, sinceUs: number): void {
    this.queue.add(pid, KEY, sinceUs);
  }

  pick(_core: CoreId): Pid | undefined {
    return this.queue.pop();
  }

  charge(pid: Pid): void {
    this.queue.used(pid);
  }

  waiting(pid: Pid): void {
    this.queue.remove(pid);
  }

  exited(pid: Pid): void {
    this.queue.forget(pid);
  }

  slice(): number {
    return this.sliceUs;
  }

  explain(pid: Pid): string {
    const { queue, processes, sliceUs } = this;
    const slice = sliceUs === Infinity ? 'to its end' : `for ${spelledTime(sliceUs)}`;
    return standing(processes, {
      pid,
      isReady: queue.has(pid),
      first: queue.first(),
      size: queue.size,
      rule: `in the order of becoming ready, ${slice}`,
    });
  }

  save(): Json {
    return this.queue.save() as unknown as Json;
  }

  load(state: Json): void {
    this.queue.load(state as unknown as SavedReadyQueue);
  }
}
