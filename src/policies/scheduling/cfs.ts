/**
 * Completely fair scheduler: every process has a virtual run time, which rises by the core time that it uses divided by its weight; the smallest runs
 * next, for its share of a period in which everybody has a turn.
 *
 * Source: I. Molnár's scheduler of Linux 2.6.23 to 6.5 (kernel/sched/fair.c): `sched_latency` shared by weight, no slice below the minimal granularity;
 * a newcomer begins one slice behind the smallest virtual run time, a sleeper comes back at most half a period before it; at its wake-up it preempts who
 * is ahead of it by more than the wake-up granularity, and a tick preempts who is ahead of the first by more than its slice.
 * Departs from it: all cores of an engine have one queue (shares and the period count them all), the tick comes at the very instant, and there are no
 * groups, no buddies and no proxies: who holds a lock runs by its own weight, whoever waits for it. The smallest virtual run time of several running ones is that of the one that was furthest behind when it began.
 * Cost: O(log n) for ready, pick and waiting, O(1) for the rest.
 */
import { assert } from '../../base/assert.ts';
import { KeyedHeap } from '../../base/heap.ts';
import type {
  Charge,
  CreateSchedulingPolicy,
  ProcessView,
  SchedulingContext,
  SchedulingPolicy,
} from '../../kernel/contracts.ts';
import type { CoreId, Json, Pid } from '../../kernel/ids.ts';
import { loadColumns, NumberByPid, savedColumns } from './by-pid.ts';
import { rounded, spelledTime, standing } from './explanations.ts';
import { ReadyQueue, type SavedReadyQueue } from './ready-queue.ts';
import { loadOf, RunningStretches, VirtualTimes, weightScale } from './virtual-time.ts';

export interface CfsOptions {
  /** The period in which all ready processes have a turn, while they are few, µs; an integer > 0. */
  readonly latencyUs: number;
  /** The shortest slice, µs; an integer > 0. */
  readonly minGranularityUs: number;
  /** By how much of its own virtual time a woken one must be behind to preempt, µs; an integer >= 0. */
  readonly wakeupGranularityUs: number;
}

/** Those of Linux times 10,000: 60 s, 7.5 s, 10 s. */
export const cfsDefaults: CfsOptions = {
  latencyUs: 60_000_000,
  minGranularityUs: 7_500_000,
  wakeupGranularityUs: 10_000_000,
};

export function cfsWith(options: CfsOptions): CreateSchedulingPolicy {
  for (const [name, us] of Object.entries(options)) {
    const least = name === 'wakeupGranularityUs' ? 0 : 1;
    assert(Number.isSafeInteger(us) && us >= least, `${name} ${us}: must be an integer >= ${least}`);
  }
  return (context) => new CompletelyFair(options, context);
}

export const cfs: CreateSchedulingPolicy = cfsWith(cfsDefaults);

class CompletelyFair implements SchedulingPolicy {
  readonly name = 'cfs';
  private readonly options: CfsOptions;
  private readonly cores: number;
  private readonly processes: ProcessView;
  /** Key: virtual run time. */
  private readonly queue = new ReadyQueue();
  private readonly times = new VirtualTimes();
  private readonly running = new RunningStretches();
  /** Who runs, by virtual run time at its dispatch. */
  private readonly runningTimes = new KeyedHeap();
  // By pid.
  private readonly isKnown = new NumberByPid(); // 1: it has been ready before
  private readonly isActive = new NumberByPid(); // 1: ready or running
  private readonly wokenUs = new NumberByPid(); // when it last came from a wait or was new, µs
  private readonly columns = [
    this.times.units,
    this.times.rest,
    this.running.beganUs,
    this.isKnown,
    this.isActive,
    this.wokenUs,
  ];
  /** Never falls. */
  private minTime = 0;
  // Of the active ones.
  private count = 0;
  private totalLoad = 0;
  private nowUs = 0;

  constructor(options: CfsOptions, { capacity, processes }: SchedulingContext) {
    this.options = options;
    this.cores = capacity;
    this.processes = processes;
  }

  ready(pid: Pid, sinceUs: number): boolean {
    this.moveTo(sinceUs);
    this.stopped(pid);
    const joins = this.isActive.get(pid) === 0;
    if (joins) this.join(pid);
    // One more makes the slices of those that run shorter, wherever it stands.
    return this.queue.add(pid, this.times.get(pid), sinceUs) || joins;
  }

  pick(_core: CoreId, nowUs: number): Pid | undefined {
    this.moveTo(nowUs);
    const pid = this.queue.pop();
    if (pid === undefined) return undefined;
    this.running.begin(pid, nowUs);
    this.runningTimes.push(pid, this.times.get(pid), pid);
    return pid;
  }

  charge(pid: Pid, { coreUs }: Charge, nowUs: number): void {
    const { queue, times, running } = this;
    queue.used(pid);
    times.add(pid, coreUs, this.loadOf(pid));
    if (queue.has(pid)) queue.rekey(pid, times.get(pid));
    else if (coreUs > 0 && running.has(pid)) {
      running.begin(pid, nowUs);
      this.runningTimes.update(pid, times.get(pid), pid);
    }
    this.moveTo(nowUs);
  }

  waiting(pid: Pid, nowUs: number): void {
    this.moveTo(nowUs);
    this.stopped(pid);
    this.queue.remove(pid);
    if (this.isActive.get(pid) === 0) return;
    this.isActive.set(pid, 0);
    this.count--;
    this.totalLoad -= this.loadOf(pid);
  }

  exited(pid: Pid, nowUs: number): void {
    this.waiting(pid, nowUs);
    this.queue.forget(pid);
    for (const column of this.columns) column.set(pid, 0);
  }

  /** Its share of a period, at least the minimal granularity. */
  slice(pid: Pid): number {
    const { latencyUs, minGranularityUs } = this.options;
    const turns = Math.ceil(Math.max(1, this.count) / this.cores);
    const periodUs = Math.max(latencyUs, turns * minGranularityUs);
    const share = Math.min(1, (this.cores * this.loadOf(pid)) / this.totalLoad);
    return Math.max(minGranularityUs, Math.floor(periodUs * share));
  }

  shouldPreempt(pid: Pid, nowUs: number): number {
    const { queue, options } = this;
    const first = queue.first();
    if (first === undefined) return Infinity;
    const beganUs = nowUs - this.running.lengthUs(pid, nowUs);
    const load = this.loadOf(pid);
    const behind = this.times.get(pid) - queue.firstKey();
    const granularity = (options.wakeupGranularityUs * weightScale) / this.loadOf(first);
    const isWakeUp = this.wokenUs.get(first) === nowUs;
    if (isWakeUp && behind + ((nowUs - beganUs) * weightScale) / load > granularity) return nowUs;
    // The tick: ahead of the first by more than its slice, and not before the minimal granularity. Of that, too, bringing its context back is no use: those who
    // drive each other's contexts out would never get anywhere.
    const aheadUs = beganUs + Math.floor(((this.slice(pid) - behind) * load) / weightScale) + 1;
    const beginsUs = Math.max(beganUs, this.processes.sliceBeginsUs(pid));
    const dueUs = Math.max(beginsUs + options.minGranularityUs, aheadUs);
    return Number.isSafeInteger(dueUs) ? dueUs : Infinity;
  }

  explain(pid: Pid): string {
    const { queue, processes, times } = this;
    return standing(processes, {
      pid,
      isReady: queue.has(pid),
      first: queue.first(),
      size: queue.size,
      keyOf: (one) => {
        const weight = processes.weight(one);
        return `virtual run time ${spelledTime(times.get(one))} (weight ${rounded(weight)})`;
      },
      rule: `the smallest first; everybody within ${spelledTime(this.options.latencyUs)}, each at least ${spelledTime(this.options.minGranularityUs)}`,
    });
  }

  save(): Json {
    const { minTime, count, totalLoad, nowUs } = this;
    return {
      queue: this.queue.save() as unknown as Json,
      processes: savedColumns(this.columns),
      running: [...this.runningTimes.ids()]
        .sort((a, b) => a - b)
        .map((pid) => [pid, this.runningTimes.keyOf(pid)]),
      all: [minTime, count, totalLoad, nowUs],
    };
  }

  load(state: Json): void {
    const { queue, processes, running, all } = state as unknown as SavedCfs;
    this.queue.load(queue);
    loadColumns(this.columns, processes);
    this.running.recount();
    for (const [pid = 0, key = 0] of running) this.runningTimes.push(pid, key, pid);
    [this.minTime, this.count, this.totalLoad, this.nowUs] = all;
  }

  /** New ones begin one slice behind, sleepers come back half a period before the smallest at most. */
  private join(pid: Pid): void {
    const { times } = this;
    this.isActive.set(pid, 1);
    // One that was stopped has not slept, whatever it had to wait for since.
    if (!this.processes.isUnderWay(pid)) this.wokenUs.set(pid, this.nowUs);
    this.count++;
    this.totalLoad += this.loadOf(pid);
    if (this.isKnown.get(pid) === 1) {
      const earliest = this.minTime - Math.floor(this.options.latencyUs / 2);
      if (times.get(pid) < earliest) times.set(pid, earliest);
      return;
    }
    this.isKnown.set(pid, 1);
    times.set(pid, this.minTime);
    times.add(pid, this.slice(pid), this.loadOf(pid));
  }
  private stopped(pid: Pid): void {
    this.running.end(pid);
    this.runningTimes.remove(pid);
  }

  /** The smallest virtual run time follows those of the active ones. An instant that is over counts as now. */
  private moveTo(nowUs: number): void {
    if (nowUs > this.nowUs) this.nowUs = nowUs;
    const behindMost = this.runningTimes.peek();
    const running =
      behindMost < 0
        ? Infinity
        : this.times.get(behindMost) +
          Math.floor(
            (this.running.lengthUs(behindMost, this.nowUs) * weightScale) / this.loadOf(behindMost as Pid),
          );
    const smallest = Math.min(this.queue.firstKey(), running);
    if (smallest < Infinity && smallest > this.minTime) this.minTime = smallest;
  }

  private loadOf(pid: Pid): number {
    return loadOf(this.processes.weight(pid));
  }
}

interface SavedCfs {
  readonly queue: SavedReadyQueue;
  readonly processes: readonly number[][];
  readonly running: readonly number[][];
  readonly all: [minTime: number, count: number, totalLoad: number, nowUs: number];
}
