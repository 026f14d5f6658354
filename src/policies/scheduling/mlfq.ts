/**
 * Multi-level feedback queue: several queues, the highest first; who uses up its time there sinks, and from time to time all rise again.
 *
 * Source: R. H. and A. C. Arpaci-Dusseau, "Operating Systems: Three Easy Pieces", chapter 8, after F. J. Corbató and others, "An experimental
 * time-sharing system", 1962. Its rules:
 *   1. A process of a higher queue runs before one of a lower queue, and preempts it.
 *   2. Those of one queue take turns, a slice of that queue at a time.
 *   3. A process enters at the topmost queue.
 *   4. Once it has used its allotment of a queue, in however many pieces, it sinks one queue.
 *   5. Every `boostUs` all processes rise to the topmost queue, those of higher queues first, each with a new allotment.
 * `allotmentOnWait: 'reset'` is the rule 4 that the book begins with and which can be gamed. `demotion: 'slice'` is the textbooks' feedback scheduling
 * (W. Stallings): who loses the core at the end of its slice sinks; without others it goes on where it is.
 * Departs from it: one that is preempted goes to the back of its queue. One that load control keeps out before its call begins comes back as from a wait. The restoring of its context counts as use of the allotment. One that goes on
 * because nobody was ready at the end of its turn gets turns of the same length until it makes way.
 * Cost: O(log n); a boost costs nothing, for what stood in queues before it is told by its key.
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

export interface MlfqOptions {
  /** 1 to 1,000,000. */
  readonly queues: number;
  /** Longest turn in each queue, µs, topmost first; the last holds for the queues below it. Integers > 0, or Infinity. */
  readonly slicesUs: readonly number[];
  /** Core time in each queue until a process sinks, in the same way. For `demotion: 'allotment'`. */
  readonly allotmentsUs: readonly number[];
  /** Time between two boosts, µs, counted from 0; an integer > 0, Infinity: none. */
  readonly boostUs: number;
  readonly demotion: 'allotment' | 'slice';
  /** What a process has used of its allotment when it asks for its next call: kept, or forgotten. */
  readonly allotmentOnWait: 'keep' | 'reset';
  /** Where in its queue one goes that comes back from a wait: that asks for its next call. One that was stopped, for whatever reason, goes to the tail. */
  readonly wokenTo: 'tail' | 'head';
  /** Rule 1 also while a slice lasts. */
  readonly isPreemptive: boolean;
}

/** Five queues with slices of 2, 4, 8, 16 and 32 s, two slices until a process sinks, a boost every 10 min; keep, tail, preemptive. */
export const mlfqDefaults: MlfqOptions = {
  queues: 5,
  slicesUs: [2_000_000, 4_000_000, 8_000_000, 16_000_000, 32_000_000],
  allotmentsUs: [4_000_000, 8_000_000, 16_000_000, 32_000_000, 64_000_000],
  boostUs: 600_000_000,
  demotion: 'allotment',
  allotmentOnWait: 'keep',
  wokenTo: 'tail',
  isPreemptive: true,
};

const mostQueues = 1_000_000;

export function mlfqWith(options: MlfqOptions): CreateSchedulingPolicy {
  const { queues, slicesUs, allotmentsUs, boostUs } = options;
  assert(
    Number.isInteger(queues) && queues >= 1 && queues <= mostQueues,
    `queues ${queues}: must be an integer from 1 to ${mostQueues}`,
  );
  for (const [name, list] of Object.entries({ slicesUs, allotmentsUs })) {
    const isAllowed =
      list.length > 0 && list.every((us) => us === Infinity || (Number.isInteger(us) && us > 0));
    assert(isAllowed, `${name} ${list.join()}: must be at least one integer > 0, or Infinity`);
  }
  assert(
    boostUs === Infinity || (Number.isInteger(boostUs) && boostUs > 0),
    `boostUs ${boostUs}: must be an integer > 0, or Infinity`,
  );
  return ({ processes }) => new MultiLevelFeedbackQueue(options, processes);
}

export const mlfq: CreateSchedulingPolicy = mlfqWith(mlfqDefaults);

class MultiLevelFeedbackQueue implements SchedulingPolicy {
  readonly name = 'mlfq';
  readonly shouldPreempt?: (pid: Pid, nowUs: number) => number;
  private readonly options: MlfqOptions;
  private readonly processes: ProcessView;
  /**
   * Key: boosts so far × number of queues + queue. Who was queued before a boost is in the topmost queue since then and stands before all that came there
   * later, in the order of the queues it left.
   */
  private readonly queue = new ReadyQueue();
  // By pid, as of its boost.
  private readonly level = new NumberByPid();
  private readonly usedUs = new NumberByPid(); // of the allotment of its level
  private readonly boost = new NumberByPid(); // number of boosts it has seen
  private readonly stretchUs = new NumberByPid(); // length of its last stretch on a core
  private readonly dispatchedUs = new NumberByPid(); // begin of the stretch under way
  private readonly isKnown = new NumberByPid(); // 1: it has been ready before
  private readonly columns = [
    this.level,
    this.usedUs,
    this.boost,
    this.stretchUs,
    this.dispatchedUs,
    this.isKnown,
  ];

  constructor(options: MlfqOptions, processes: ProcessView) {
    this.options = options;
    this.processes = processes;
    if (options.isPreemptive) this.shouldPreempt = (pid, nowUs) => this.dueUs(pid, nowUs);
  }

  ready(pid: Pid, sinceUs: number): boolean {
    const { options, processes, queue } = this;
    this.rise(pid, sinceUs);
    const isWoken = !processes.isUnderWay(pid);
    if (
      !isWoken &&
      options.demotion === 'slice' &&
      this.stretchUs.get(pid) >= this.sliceOf(this.level.get(pid))
    )
      this.level.set(pid, Math.min(this.level.get(pid) + 1, options.queues - 1));
    if (isWoken && options.allotmentOnWait === 'reset') this.usedUs.set(pid, 0);
    const isFirst = isWoken && options.wokenTo === 'head' && this.isKnown.get(pid) === 1;
    this.stretchUs.set(pid, 0);
    this.isKnown.set(pid, 1);
    const ownKey = this.keyFor(pid, this.level.get(pid));
    // The head of the topmost queue is before those that a boost put there.
    const key = isFirst && this.level.get(pid) === 0 ? Math.min(ownKey, queue.firstKey()) : ownKey;
    return queue.add(pid, key, sinceUs, isFirst) && this.shouldPreempt !== undefined;
  }

  pick(_core: CoreId, nowUs: number): Pid | undefined {
    const pid = this.queue.pop();
    if (pid === undefined) return undefined;
    this.rise(pid, nowUs);
    this.dispatchedUs.set(pid, nowUs);
    return pid;
  }

  charge(pid: Pid, { coreUs }: Charge, nowUs: number): void {
    const { queue, options } = this;
    queue.used(pid);
    this.stretchUs.set(pid, this.stretchUs.get(pid) + coreUs);
    this.rise(pid, nowUs);
    if (options.demotion === 'slice') return;
    // What it used before the boost is forgotten.
    const countedUs = Math.min(coreUs, nowUs - this.boostedUs(nowUs));
    const { level, usedUs } = this.sunk(this.level.get(pid), this.usedUs.get(pid) + countedUs);
    this.level.set(pid, level);
    this.usedUs.set(pid, usedUs);
    // A ready one is told what it used in an earlier life.
    if (queue.has(pid)) queue.rekey(pid, this.keyFor(pid, level));
  }

  waiting(pid: Pid): void {
    this.queue.remove(pid);
  }

  exited(pid: Pid): void {
    this.queue.forget(pid);
    for (const column of this.columns) column.set(pid, 0);
  }

  slice(pid: Pid): number {
    const level = this.level.get(pid);
    const sliceUs = this.sliceOf(level);
    if (this.options.demotion === 'slice' || level === this.options.queues - 1) return sliceUs;
    return Math.min(sliceUs, this.allotmentOf(level) - this.usedUs.get(pid));
  }

  explain(pid: Pid, nowUs: number): string {
    const { queue, processes, options } = this;
    const { queues, boostUs, demotion } = options;
    const first = queue.first();
    const rules = [
      `a higher queue ${options.isPreemptive ? 'preempts' : 'goes first'}`,
      'turns within a queue',
      demotion === 'slice' ? 'who loses the core at the end of its slice sinks' : 'a used allotment sinks',
      ...(boostUs < Infinity ? [`all rise at ${spelledTime(this.boostedUs(nowUs) + boostUs)}`] : []),
    ];
    return standing(processes, {
      pid,
      isReady: queue.has(pid),
      first,
      size: queue.size,
      keyOf: (one) => {
        const level = this.levelOfKey(queue.keyOf(one), nowUs);
        const isAllotted = demotion === 'allotment' && level < queues - 1;
        const usedUs = this.boost.get(one) < this.boostsBy(nowUs) ? 0 : this.usedUs.get(one);
        const allotment = isAllotted
          ? `, ${spelledTime(usedUs)} of its ${spelledTime(this.allotmentOf(level))} used`
          : '';
        return `queue ${level + 1} of ${queues}${allotment}`;
      },
      rule: rules.join(', '),
    });
  }

  save(): Json {
    return { queue: this.queue.save() as unknown as Json, processes: savedColumns(this.columns) };
  }

  load(state: Json): void {
    const { queue, processes } = state as unknown as { queue: SavedReadyQueue; processes: number[][] };
    this.queue.load(queue);
    loadColumns(this.columns, processes);
  }

  /** When running `pid` stands in a lower queue than the first that is ready, or when the next boost makes it worth asking again. */
  private dueUs(pid: Pid, nowUs: number): number {
    if (this.queue.size === 0) return Infinity;
    const { queues, boostUs, demotion } = this.options;
    const readyLevel = this.levelOfKey(this.queue.firstKey(), nowUs);
    // Nothing is noted here: what the stretch under way uses is counted from where it began.
    const isBoosted = this.boost.get(pid) < this.boostsBy(nowUs);
    const notedLevel = isBoosted ? 0 : this.level.get(pid);
    const countedUs = nowUs - Math.max(this.dispatchedUs.get(pid), this.boostedUs(nowUs));
    const { level: runningLevel, usedUs } =
      demotion === 'slice'
        ? { level: notedLevel, usedUs: 0 }
        : this.sunk(notedLevel, (isBoosted ? 0 : this.usedUs.get(pid)) + countedUs);
    if (readyLevel < runningLevel) return nowUs;
    if (demotion === 'slice') return Infinity;
    const nextBoostUs = boostUs === Infinity ? Infinity : this.boostedUs(nowUs) + boostUs;
    if (readyLevel === queues - 1) return nextBoostUs;
    let sinksUs = nowUs - usedUs;
    for (let level = runningLevel; level <= readyLevel && sinksUs < nextBoostUs; level++)
      sinksUs += this.allotmentOf(level);
    return Math.min(sinksUs, nextBoostUs);
  }

  /** Where one is that has used so much of the allotment of `level`. */
  private sunk(level: number, usedUs: number): { readonly level: number; readonly usedUs: number } {
    const lowest = this.options.queues - 1;
    while (level < lowest && usedUs >= this.allotmentOf(level)) usedUs -= this.allotmentOf(level++);
    return { level, usedUs: level === lowest ? 0 : usedUs };
  }

  /** To the topmost queue, if there was a boost since `pid` was last looked at. */
  private rise(pid: Pid, nowUs: number): void {
    const boosts = this.boostsBy(nowUs);
    if (boosts <= this.boost.get(pid)) return;
    this.boost.set(pid, boosts);
    this.level.set(pid, 0);
    this.usedUs.set(pid, 0);
  }

  private boostsBy(nowUs: number): number {
    return Math.floor(nowUs / this.options.boostUs);
  }

  /** When the last boost was, µs. */
  private boostedUs(nowUs: number): number {
    const boosts = this.boostsBy(nowUs);
    return boosts === 0 ? 0 : boosts * this.options.boostUs;
  }

  private levelOfKey(key: number, nowUs: number): number {
    const { queues } = this.options;
    return Math.floor(key / queues) < this.boostsBy(nowUs) ? 0 : key % queues;
  }

  private keyFor(pid: Pid, level: number): number {
    return this.boost.get(pid) * this.options.queues + level;
  }

  private sliceOf(level: number): number {
    return ofLevel(this.options.slicesUs, level);
  }

  private allotmentOf(level: number): number {
    return ofLevel(this.options.allotmentsUs, level);
  }
}

function ofLevel(list: readonly number[], level: number): number {
  return level < list.length ? list[level]! : list.at(-1)!;
}
