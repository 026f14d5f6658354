/**
 * Earliest eligible virtual deadline first: virtual time moves as fast as one process would be served that had everybody's weight. Who has been served no
 * more than its share is eligible; of the eligible the one whose present request should end first gets the core, for one request.
 *
 * Source: I. Stoica and H. Abdel-Wahab, "Earliest eligible virtual deadline first: a flexible and accurate mechanism for proportional share resource
 * allocation", 1995. All lags sum to 0: when a process leaves that is owed time, the virtual time of the others moves; it comes back with its lag (the first
 * strategy of the paper, `lagOnWait: 'keep'`) or without (the second, `'forget'`). One that had more than its share leaves only once the others have caught
 * up (the third; else a stream of short processes would leave its debts to those that stay). On one core nobody lags by more than one request, ahead or behind.
 * Departs from it: who holds a lock runs by its own weight, whoever waits for it; a process is eligible by its lag now and not by that at the begin of its request, which differs for one that was stopped during it
 * (as in Linux since 6.6). On several cores it can be that none of the ready is eligible: then the one with the largest lag is taken.
 * Cost: O(log n) for ready, pick and waiting, O(1) for the rest.
 */
import { assert } from '../../base/assert.ts';
import { KeyedHeap } from '../../base/heap.ts';
import type {
  Charge,
  CreateSchedulingPolicy,
  ProcessView,
  SchedulingPolicy,
} from '../../kernel/contracts.ts';
import type { CoreId, Json, Pid } from '../../kernel/ids.ts';
import { loadColumns, NumberByPid, savedColumns } from './by-pid.ts';
import { EligibleTree } from './eligible-tree.ts';
import { rounded, spelledTime, standing } from './explanations.ts';
import { ReadyOrder, type SavedReadyOrder } from './ready-order.ts';
import { loadOf, RunningStretches, unitsPerUs, VirtualTimes } from './virtual-time.ts';

export interface EevdfOptions {
  /** Length of a request, and longest run before another ready process gets the core, µs; an integer > 0. */
  readonly sliceUs: number;
  /** What becomes of the lag of a process that leaves, when it comes back. */
  readonly lagOnWait: 'keep' | 'forget';
}

/** 10 s, keep. */
export const eevdfDefaults: EevdfOptions = { sliceUs: 10_000_000, lagOnWait: 'keep' };

export function eevdfWith(options: EevdfOptions): CreateSchedulingPolicy {
  const { sliceUs } = options;
  assert(Number.isSafeInteger(sliceUs) && sliceUs > 0, `sliceUs ${sliceUs}: must be an integer > 0`);
  return ({ processes }) => new EarliestEligible(options, processes);
}

export const eevdf: CreateSchedulingPolicy = eevdfWith(eevdfDefaults);

class EarliestEligible implements SchedulingPolicy {
  readonly name = 'eevdf';
  private readonly options: EevdfOptions;
  private readonly processes: ProcessView;
  private readonly tree = new EligibleTree();
  private readonly times = new VirtualTimes();
  private readonly running = new RunningStretches();
  // By pid.
  private readonly deadline = new NumberByPid(); // virtual, of an active one's request
  private readonly lag = new NumberByPid(); // of one that left: core time that it is owed, µs × unitsPerUs
  private readonly share = new NumberByPid(); // of an active one: ready, running or leaving; 0: it is none
  private readonly isGone = new NumberByPid(); // 1: it has exited, and is leaving
  private readonly columns = [
    this.times.units,
    this.times.rest,
    this.running.beganUs,
    this.deadline,
    this.lag,
    this.share,
    this.isGone,
  ];
  /** Who wants to leave and had more than its share, by virtual time. */
  private readonly leaving = new KeyedHeap();
  private readonly order = new ReadyOrder();
  /**
   * The virtual time is `base` + `sum` / `load`, where `sum` is that of the active ones' virtual times less `base`, each times its load, and `load` that of
   * their loads: their mean. Stretches under way count up to `nowUs`. All of these are integers, and `sum` stays below `load`, so that no lag gets lost.
   */
  private base = 0;
  private sum = 0;
  private totalLoad = 0;
  private nowUs = 0;

  constructor(options: EevdfOptions, processes: ProcessView) {
    this.options = options;
    this.processes = processes;
  }

  ready(pid: Pid, sinceUs: number): boolean {
    this.moveTo(sinceUs);
    this.stopped(pid);
    if (this.share.get(pid) === 0) this.join(pid);
    else if (this.leaving.remove(pid)) this.request(pid);
    else if (this.times.get(pid) >= this.deadline.get(pid)) this.request(pid);
    this.enqueue(pid, this.order.take(pid, sinceUs));
    return false;
  }

  pick(_core: CoreId, nowUs: number): Pid | undefined {
    this.moveTo(nowUs);
    const pid = this.chosen(nowUs);
    if (pid === undefined) return undefined;
    this.tree.remove(pid);
    this.running.begin(pid, this.nowUs);
    return pid;
  }

  charge(pid: Pid, { coreUs }: Charge, nowUs: number): void {
    const { times, running, tree } = this;
    const isRunning = running.has(pid);
    if (!tree.has(pid)) this.order.forget(pid);
    if (coreUs === 0) return;
    this.moveTo(nowUs);
    this.stopped(pid);
    times.add(pid, coreUs, this.share.get(pid));
    this.sum += coreUs * unitsPerUs;
    this.normalise();
    if (isRunning) running.begin(pid, this.nowUs);
    if (!tree.has(pid)) return;
    // It is told what it used in an earlier life.
    tree.remove(pid);
    this.request(pid);
    this.enqueue(pid, this.order.of(pid));
  }

  waiting(pid: Pid, nowUs: number): void {
    this.moveTo(nowUs);
    this.stopped(pid);
    this.tree.remove(pid);
    if (this.share.get(pid) === 0 || this.leaving.has(pid)) return;
    if (this.lagOf(pid, this.nowUs) < 0) this.leaving.push(pid, this.times.get(pid), pid);
    else this.leave(pid, this.lagOf(pid, this.nowUs));
  }

  exited(pid: Pid, nowUs: number): void {
    this.waiting(pid, nowUs);
    this.order.forget(pid);
    if (this.leaving.has(pid)) this.isGone.set(pid, 1);
    else this.forget(pid);
  }

  slice(): number {
    return this.options.sliceUs;
  }

  explain(pid: Pid, nowUs: number): string {
    const { tree, processes, deadline } = this;
    return standing(processes, {
      pid,
      isReady: tree.has(pid),
      first: this.chosen(nowUs),
      size: tree.size,
      keyOf: (one) => {
        const isEligible = this.times.get(one) <= this.virtualTime(nowUs);
        const lag = spelledTime(this.lagOf(one, nowUs) / unitsPerUs);
        const weight = rounded(processes.weight(one));
        return `virtual deadline ${spelledTime(deadline.get(one))}, lag ${lag}${isEligible ? '' : ', not eligible'} (weight ${weight})`;
      },
      rule: `the earliest virtual deadline of those that are owed their share first, for ${spelledTime(this.options.sliceUs)}`,
    });
  }

  save(): Json {
    const { tree, columns, order, base, sum, totalLoad, nowUs } = this;
    return {
      order: order.save() as unknown as Json,
      ready: tree.pids() as Pid[],
      leaving: [...this.leaving.ids()].sort((a, b) => a - b),
      processes: savedColumns(columns),
      all: [base, sum, totalLoad, nowUs],
    };
  }

  load(state: Json): void {
    assert(this.tree.size === 0, 'load into a policy that is in use');
    const { order, ready, leaving, processes, all } = state as unknown as SavedEevdf;
    loadColumns(this.columns, processes);
    this.running.recount();
    this.order.load(order);
    [this.base, this.sum, this.totalLoad, this.nowUs] = all;
    for (const pid of ready) this.enqueue(pid, this.order.of(pid));
    for (const pid of leaving) this.leaving.push(pid, this.times.get(pid), pid);
  }

  private chosen(nowUs: number): Pid | undefined {
    const { tree } = this;
    if (tree.size === 0) return undefined;
    return (tree.firstUpTo(this.virtualTime(nowUs)) || tree.firstInTime()) as Pid;
  }

  private join(pid: Pid): void {
    const { times, lag } = this;
    const load = loadOf(this.processes.weight(pid));
    const owed = this.options.lagOnWait === 'keep' ? Math.floor(lag.get(pid) / load) : 0;
    const time = this.virtualTime(this.nowUs) - owed;
    times.set(pid, time);
    lag.set(pid, 0);
    this.share.set(pid, load);
    this.sum += load * (time - this.base);
    this.totalLoad += load;
    this.normalise();
    this.request(pid);
  }

  private leave(pid: number, lag: number): void {
    const { times } = this;
    const load = this.share.get(pid);
    this.sum -= load * (times.get(pid) - this.base) + times.rest.get(pid);
    this.totalLoad -= load;
    this.normalise();
    if (this.isGone.get(pid) === 1) return this.forget(pid);
    this.lag.set(pid, lag);
    this.share.set(pid, 0);
    this.deadline.set(pid, 0);
    times.set(pid, 0);
  }

  private forget(pid: number): void {
    for (const column of this.columns) column.set(pid, 0);
  }

  /** Its next request begins where it is. */
  private request(pid: Pid): void {
    this.deadline.set(pid, this.times.after(pid, this.options.sliceUs, this.share.get(pid)));
  }

  private enqueue(pid: Pid, sequence: number): void {
    this.tree.add(pid, { time: this.times.get(pid), deadline: this.deadline.get(pid), sequence });
  }

  /** Core time that active `pid` is owed, µs × unitsPerUs; less than 0: it had more than its share. */
  private lagOf(pid: Pid, nowUs: number): number {
    const load = this.share.get(pid);
    const { times, running } = this;
    const atUs = Math.max(nowUs, this.nowUs);
    const inStretch = running.has(pid) ? running.lengthUs(pid, atUs) * unitsPerUs : 0;
    const whole = load * (this.base - times.get(pid)) - times.rest.get(pid) - inStretch;
    return whole + Math.floor(load * (this.aheadOfBase(nowUs) / this.totalLoad));
  }

  /** Rounded down. */
  private virtualTime(nowUs: number): number {
    if (this.totalLoad === 0) return this.base;
    return this.base + Math.floor(this.aheadOfBase(nowUs) / this.totalLoad);
  }

  /** `sum` as it will be at `nowUs`, if nothing else happens until then. */
  private aheadOfBase(nowUs: number): number {
    return this.sum + this.running.size * Math.max(0, nowUs - this.nowUs) * unitsPerUs;
  }

  /** `pid` runs no more: its stretch counts as what it is charged with. */
  private stopped(pid: Pid): void {
    const { running } = this;
    if (running.has(pid)) this.sum -= running.lengthUs(pid, this.nowUs) * unitsPerUs;
    running.end(pid);
  }

  /** Keeps `sum` small. */
  private normalise(): void {
    if (this.totalLoad === 0) {
      // It is 0, but for what was rounded where lags are beyond 2^53.
      this.sum = 0;
      return;
    }
    const whole = Math.floor(this.sum / this.totalLoad);
    this.base += whole;
    this.sum -= whole * this.totalLoad;
  }

  /** An instant that is over counts as now. Whom the others have caught up with leaves as if it had at that very moment. */
  private moveTo(nowUs: number): void {
    if (nowUs > this.nowUs) {
      this.sum = this.aheadOfBase(nowUs);
      this.nowUs = nowUs;
      this.normalise();
    }
    const { leaving } = this;
    while (leaving.peekKey() <= this.virtualTime(this.nowUs)) this.leave(leaving.popMin(), 0);
  }
}

interface SavedEevdf {
  readonly order: SavedReadyOrder;
  readonly ready: readonly Pid[];
  readonly leaving: readonly number[];
  readonly processes: readonly number[][];
  readonly all: [base: number, sum: number, totalLoad: number, nowUs: number];
}
