/**
 * Fixed priorities: the smallest number runs first, equals in the order of becoming ready. `priority-nonpreemptive` lets whoever runs finish its call;
 * `priority-preemptive` takes the core away at once for a smaller number, and lets equals take turns when it has a slice.
 *
 * Source: the textbooks' priority scheduling; the head of the level for whom a better one preempts, with the rest of its slice, is POSIX.1 SCHED_RR.
 * Who has a large number may starve: `priority` is the one that ages.
 * Departs from POSIX: bringing its context back counts as use of the slice that it keeps.
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
import { spelledTime, standing } from './explanations.ts';
import { ReadyQueue, type SavedReadyQueue } from './ready-queue.ts';

export interface StaticPriorityOptions {
  /** A smaller number takes the core away at once. */
  readonly isPreemptive: boolean;
  /** Longest run before another ready process gets the core, µs; > 0, Infinity: until its call ends. */
  readonly sliceUs: number;
  /** Where one goes that is taken off its core before its slice ended: behind its equals, or before them with the rest of its slice. */
  readonly preemptedTo: 'tail' | 'head';
}

/** No slices; a preempted process goes behind its equals. */
export const staticPriorityDefaults: StaticPriorityOptions = {
  isPreemptive: true,
  sliceUs: Infinity,
  preemptedTo: 'tail',
};

/** Named `priority-preemptive` or `priority-nonpreemptive`. */
export function staticPriorityWith(options: StaticPriorityOptions): CreateSchedulingPolicy {
  assert(options.sliceUs > 0, `sliceUs ${options.sliceUs}: must be > 0`);
  return ({ processes }) => new StaticPriority(options, processes);
}

export const priorityPreemptive: CreateSchedulingPolicy = staticPriorityWith(staticPriorityDefaults);
export const priorityNonpreemptive: CreateSchedulingPolicy = staticPriorityWith({
  ...staticPriorityDefaults,
  isPreemptive: false,
});

class StaticPriority implements SchedulingPolicy {
  readonly name: string;
  readonly shouldPreempt?: (pid: Pid, nowUs: number) => number;
  private readonly options: StaticPriorityOptions;
  private readonly processes: ProcessView;
  private readonly queue = new ReadyQueue();
  /** µs of its slice that it has used, of those that keep the rest. */
  private readonly usedUs = new NumberByPid();

  constructor(options: StaticPriorityOptions, processes: ProcessView) {
    const { isPreemptive } = options;
    this.name = isPreemptive ? 'priority-preemptive' : 'priority-nonpreemptive';
    this.options = options;
    this.processes = processes;
    if (isPreemptive)
      this.shouldPreempt = (pid, nowUs) =>
        this.queue.firstKey() < processes.priority(pid) ? nowUs : Infinity;
  }

  ready(pid: Pid, sinceUs: number): boolean {
    const { queue, processes } = this;
    const keepsPlace = this.options.preemptedTo === 'head' && this.isInSlice(pid);
    if (!keepsPlace) this.usedUs.set(pid, 0);
    return queue.add(pid, processes.priority(pid), sinceUs, keepsPlace) && this.shouldPreempt !== undefined;
  }

  pick(_core: CoreId): Pid | undefined {
    return this.queue.pop();
  }

  charge(pid: Pid, { coreUs }: Charge): void {
    this.queue.used(pid);
    // What a ready process is charged with, it used in an earlier life.
    if (this.options.preemptedTo === 'tail' || this.queue.has(pid)) return;
    this.usedUs.set(pid, this.usedUs.get(pid) + coreUs);
  }

  waiting(pid: Pid): void {
    this.queue.remove(pid);
  }

  exited(pid: Pid): void {
    this.queue.forget(pid);
    this.usedUs.set(pid, 0);
  }

  /** It keeps its place among equals; of one that runs the priority is looked up when it matters. */
  reprioritized(pid: Pid): void {
    if (this.queue.has(pid)) this.queue.rekey(pid, this.processes.priority(pid));
  }

  slice(pid: Pid): number {
    const leftUs = this.options.sliceUs - this.usedUs.get(pid);
    return leftUs > 0 ? leftUs : this.options.sliceUs;
  }

  explain(pid: Pid): string {
    const { queue, processes } = this;
    const { isPreemptive, sliceUs } = this.options;
    const turns = sliceUs === Infinity ? '' : `, equals by turns of ${spelledTime(sliceUs)}`;
    return standing(processes, {
      pid,
      isReady: queue.has(pid),
      first: queue.first(),
      size: queue.size,
      keyOf: (one) => `priority ${queue.keyOf(one)}`,
      rule: `the smallest number first${turns}${isPreemptive ? '; a smaller one preempts' : ''}`,
    });
  }

  save(): Json {
    return { queue: this.queue.save() as unknown as Json, used: savedColumns([this.usedUs]) };
  }

  load(state: Json): void {
    const { queue, used } = state as unknown as { queue: SavedReadyQueue; used: number[][] };
    this.queue.load(queue);
    loadColumns([this.usedUs], used);
  }

  /** Its call was stopped before its slice was over. */
  private isInSlice(pid: Pid): boolean {
    return this.usedUs.get(pid) < this.options.sliceUs && this.processes.isUnderWay(pid);
  }
}
