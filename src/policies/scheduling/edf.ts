/**
 * Earliest deadline first: of the ready, the one whose deadline comes first; an earlier one preempts at once.
 *
 * Source: C. L. Liu and J. W. Layland, "Scheduling algorithms for multiprogramming in a hard-real-time environment", 1973; M. L. Dertouzos, "Control
 * robotics: the procedural control of physical processes", 1974: on one core it meets every deadline whenever any order does.
 * Departs from it: a process without a deadline has a service level instead. Each of its calls should end within the time of the first class that takes
 * its priority, counted from when the call became ready; one that no class takes comes last. A priority that it inherits counts for its class, at once;
 * deadlines are not inherited.
 * On several cores, or when there is too much to do, deadlines are missed, and it does not choose well which.
 */
import { assert } from '../../base/assert.ts';
import type { CreateSchedulingPolicy, ProcessView, SchedulingPolicy } from '../../kernel/contracts.ts';
import type { CoreId, Json, Pid } from '../../kernel/ids.ts';
import { loadColumns, NumberByPid, savedColumns } from './by-pid.ts';
import { spelledTime, standing } from './explanations.ts';
import { ReadyQueue, type SavedReadyQueue } from './ready-queue.ts';

export interface ServiceClass {
  readonly name: string;
  /** It takes processes of this priority and smaller ones. */
  readonly upToPriority: number;
  /** A call should end so long after it became ready, µs; > 0. */
  readonly withinUs: number;
}

export interface EdfOptions {
  /** An earlier deadline takes the core away at once. */
  readonly isPreemptive: boolean;
  /** Of processes without a deadline, by ascending `upToPriority`. */
  readonly classes: readonly ServiceClass[];
}

/** Preemptive; interactive (priority up to 29) 10 s, standard (up to 69) 60 s, batch 600 s. */
export const edfDefaults: EdfOptions = {
  isPreemptive: true,
  classes: [
    { name: 'interactive', upToPriority: 29, withinUs: 10_000_000 },
    { name: 'standard', upToPriority: 69, withinUs: 60_000_000 },
    { name: 'batch', upToPriority: 100, withinUs: 600_000_000 },
  ],
};

export function edfWith(options: EdfOptions): CreateSchedulingPolicy {
  let before = -Infinity;
  for (const { name, upToPriority, withinUs } of options.classes) {
    assert(upToPriority > before, `class ${name}, upToPriority ${upToPriority}: must be > ${before}`);
    assert(withinUs > 0, `class ${name}, withinUs ${withinUs}: must be > 0`);
    before = upToPriority;
  }
  return ({ processes }) => new EarliestDeadlineFirst(options, processes);
}

export const edf: CreateSchedulingPolicy = edfWith(edfDefaults);

class EarliestDeadlineFirst implements SchedulingPolicy {
  readonly name = 'edf';
  readonly shouldPreempt?: (pid: Pid, nowUs: number) => number;
  private readonly options: EdfOptions;
  private readonly processes: ProcessView;
  private readonly queue = new ReadyQueue();
  /** By pid: since when it has asked for the call that it asks for or that runs, µs. */
  private readonly askedUs = new NumberByPid();

  constructor(options: EdfOptions, processes: ProcessView) {
    this.options = options;
    this.processes = processes;
    if (options.isPreemptive)
      this.shouldPreempt = (pid, nowUs) => (this.queue.firstKey() < this.dueUs(pid) ? nowUs : Infinity);
  }

  ready(pid: Pid, sinceUs: number): boolean {
    // One that was stopped goes on with the same call.
    if (!this.processes.isUnderWay(pid)) this.askedUs.set(pid, sinceUs);
    return this.queue.add(pid, this.dueUs(pid), sinceUs) && this.shouldPreempt !== undefined;
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
    this.askedUs.set(pid, 0);
  }

  /** Of one that runs the class is looked up when it matters. */
  reprioritized(pid: Pid): void {
    if (this.queue.has(pid)) this.queue.rekey(pid, this.dueUs(pid));
  }

  slice(): number {
    return Infinity;
  }

  explain(pid: Pid, nowUs: number): string {
    const { queue, processes } = this;
    return standing(processes, {
      pid,
      isReady: queue.has(pid),
      first: queue.first(),
      size: queue.size,
      keyOf: (one) => this.spelled(one, nowUs),
      rule: `the earliest deadline first${this.options.isPreemptive ? '; an earlier one preempts' : ''}`,
    });
  }

  save(): Json {
    return { queue: this.queue.save() as unknown as Json, asked: savedColumns([this.askedUs]) };
  }

  load(state: Json): void {
    const { queue, asked } = state as unknown as { queue: SavedReadyQueue; asked: number[][] };
    this.queue.load(queue);
    loadColumns([this.askedUs], asked);
  }

  /** The deadline of its call, µs; Infinity: none. */
  private dueUs(pid: Pid): number {
    const ownUs = this.processes.deadlineUs(pid);
    return ownUs < Infinity ? ownUs : this.askedUs.get(pid) + (this.classOf(pid)?.withinUs ?? Infinity);
  }

  private classOf(pid: Pid): ServiceClass | undefined {
    const priority = this.processes.priority(pid);
    return this.options.classes.find(({ upToPriority }) => priority <= upToPriority);
  }

  private spelled(pid: Pid, nowUs: number): string {
    const dueUs = this.dueUs(pid);
    if (dueUs === Infinity) return 'no deadline';
    const leftUs = dueUs - nowUs;
    const when = leftUs < 0 ? `missed ${spelledTime(-leftUs)} ago` : `in ${spelledTime(leftUs)}`;
    const level = this.processes.deadlineUs(pid) < Infinity ? undefined : this.classOf(pid);
    return `its deadline${level === undefined ? '' : ` as ${level.name}`} at ${spelledTime(dueUs)}, ${when}`;
  }
}
