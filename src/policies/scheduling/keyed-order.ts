import type { ProcessView, SchedulingPolicy } from '../../kernel/contracts.ts';
import type { CoreId, Json, Pid } from '../../kernel/ids.ts';
import { standing } from './explanations.ts';
import { ReadyQueue, type SavedReadyQueue } from './ready-queue.ts';

export interface KeyedOrderOptions {
  readonly name: string;
  /** What orders the ready: smallest first, never NaN, constant from here on until it is picked. */
  readonly keyOf: (pid: Pid, sinceUs: number) => number;
  /** The key of running `pid` as it is now: a ready one with a smaller key preempts it at once. Undefined: nobody is preempted. */
  readonly runningKey?: ((pid: Pid, nowUs: number) => number) | undefined;
  readonly sliceUs: number;
  /** A key in words, and the rule. */
  readonly spelled: (key: number) => string;
  readonly rule: string;
}

/**
 * Ready processes by a key that never changes while they wait, equals in the order of becoming ready: what `sjf` and `srtf` have in common. A running
 * one's key may only fall while it runs, so that whom nobody preempts at once is preempted by nobody later.
 *
 * Cost: O(log n) for ready, pick and waiting, O(1) for the rest.
 */
export class KeyedOrder implements SchedulingPolicy {
  readonly name: string;
  readonly shouldPreempt?: (pid: Pid, nowUs: number) => number;
  private readonly options: KeyedOrderOptions;
  private readonly processes: ProcessView;
  private readonly queue = new ReadyQueue();

  constructor(options: KeyedOrderOptions, processes: ProcessView) {
    this.name = options.name;
    this.options = options;
    this.processes = processes;
    const { runningKey } = options;
    if (runningKey !== undefined)
      this.shouldPreempt = (pid, nowUs) =>
        this.queue.firstKey() < runningKey(pid, nowUs) ? nowUs : Infinity;
  }

  ready(pid: Pid, sinceUs: number): boolean {
    const standsFirst = this.queue.add(pid, this.options.keyOf(pid, sinceUs), sinceUs);
    return standsFirst && this.shouldPreempt !== undefined;
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
    return this.options.sliceUs;
  }

  explain(pid: Pid): string {
    const { queue, processes } = this;
    const { spelled, rule } = this.options;
    return standing(processes, {
      pid,
      isReady: queue.has(pid),
      first: queue.first(),
      size: queue.size,
      keyOf: (one) => spelled(queue.keyOf(one)),
      rule,
    });
  }

  save(): Json {
    return this.queue.save() as unknown as Json;
  }

  load(state: Json): void {
    this.queue.load(state as unknown as SavedReadyQueue);
  }
}
