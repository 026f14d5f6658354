/** Scheduling policies as twins that anyone can check by reading: lists, whole scans, and exact fractions of big integers. */
import type { Rng } from '../../../src/base/rng.ts';
import type {
  Charge,
  CreateSchedulingPolicy,
  ProcessView,
  SchedulingPolicy,
} from '../../../src/kernel/contracts.ts';
import type { CoreId, Pid } from '../../../src/kernel/ids.ts';
import type {
  EdfOptions,
  LotteryOptions,
  MlfqOptions,
  StaticPriorityOptions,
} from '../../../src/policies/index.ts';

interface Ready {
  readonly pid: Pid;
  readonly sinceUs: number;
  readonly order: number;
}

/** A list of the ready; what differs is who is taken. */
abstract class Naive implements SchedulingPolicy {
  readonly name = 'naive';
  protected readonly processes: ProcessView;
  protected list: Ready[] = [];
  protected order = 0;

  constructor(processes: ProcessView) {
    this.processes = processes;
  }
  ready(pid: Pid, sinceUs: number): void {
    this.list.push({ pid, sinceUs, order: this.order++ });
  }
  pick(_core: CoreId, nowUs: number): Pid | undefined {
    const best = this.best(nowUs)?.pid;
    this.list = this.list.filter(({ pid }) => pid !== best);
    return best;
  }
  waiting(pid: Pid, _nowUs: number): void {
    this.list = this.list.filter((one) => one.pid !== pid);
  }
  exited(pid: Pid, nowUs: number): void {
    this.waiting(pid, nowUs);
  }
  slice(_pid: Pid): number {
    return Infinity;
  }
  protected best(nowUs: number): Ready | undefined {
    return this.list.toSorted((a, b) => this.compare(a, b, nowUs) || a.order - b.order)[0];
  }
  protected compare(_a: Ready, _b: Ready, _nowUs: number): number {
    return 0;
  }
}

class NaiveShortest extends Naive {
  readonly shouldPreempt?: (pid: Pid, nowUs: number) => number;
  constructor(processes: ProcessView, isPreemptive: boolean) {
    super(processes);
    const left = (pid: Pid, nowUs: number): number => processes.burstLeftUs(pid, nowUs);
    if (isPreemptive)
      this.shouldPreempt = (pid, nowUs) =>
        this.list.some((one) => left(one.pid, nowUs) < left(pid, nowUs)) ? nowUs : Infinity;
  }
  protected override compare(a: Ready, b: Ready, nowUs: number): number {
    return this.processes.burstLeftUs(a.pid, nowUs) - this.processes.burstLeftUs(b.pid, nowUs);
  }
}

class NaivePriorities extends Naive {
  readonly shouldPreempt?: (pid: Pid, nowUs: number) => number;
  private readonly sliceUs: number;
  constructor(processes: ProcessView, { isPreemptive, sliceUs }: StaticPriorityOptions) {
    super(processes);
    this.sliceUs = sliceUs;
    if (isPreemptive)
      this.shouldPreempt = (pid, nowUs) =>
        this.list.some((one) => processes.priority(one.pid) < processes.priority(pid)) ? nowUs : Infinity;
  }
  override slice(): number {
    return this.sliceUs;
  }
  protected override compare(a: Ready, b: Ready): number {
    return this.processes.priority(a.pid) - this.processes.priority(b.pid);
  }
}

class NaiveDeadlines extends Naive {
  private readonly options: EdfOptions;
  private readonly callSince = new Map<Pid, number>();
  constructor(processes: ProcessView, options: EdfOptions) {
    super(processes);
    this.options = options;
  }
  override ready(pid: Pid, sinceUs: number): void {
    super.ready(pid, sinceUs);
    if (!this.callSince.has(pid)) this.callSince.set(pid, sinceUs);
  }
  override waiting(pid: Pid, nowUs: number): void {
    super.waiting(pid, nowUs);
    this.callSince.delete(pid);
  }
  shouldPreempt(pid: Pid, nowUs: number): number {
    return this.list.some((one) => this.due(one.pid) < this.due(pid)) ? nowUs : Infinity;
  }
  protected override compare(a: Ready, b: Ready): number {
    const [one, other] = [this.due(a.pid), this.due(b.pid)];
    return one === other ? 0 : one - other;
  }
  private due(pid: Pid): number {
    const own = this.processes.deadlineUs(pid);
    if (own < Infinity) return own;
    const level = this.options.classes.find((one) => this.processes.priority(pid) <= one.upToPriority);
    return level === undefined ? Infinity : this.callSince.get(pid)! + level.withinUs;
  }
}

class NaiveRatios extends Naive {
  protected override compare(a: Ready, b: Ready, nowUs: number): number {
    const length = (one: Ready): bigint => BigInt(this.processes.burstLeftUs(one.pid, nowUs));
    const waited = (one: Ready): bigint => BigInt(nowUs - one.sinceUs);
    return Number(waited(b) * length(a) - waited(a) * length(b));
  }
}

/** The queues of the book as lists of their own, and a boost that moves everybody. */
class NaiveQueues extends Naive {
  private readonly options: MlfqOptions;
  private readonly queues: Pid[][];
  private readonly place = new Map<
    Pid,
    { level: number; usedUs: number; sinceUs: number; isRunning: boolean }
  >();
  private readonly lastStretch = new Map<Pid, number>();
  private readonly turns = new Map<Pid, number>();
  constructor(processes: ProcessView, options: MlfqOptions) {
    super(processes);
    this.options = options;
    this.queues = Array.from({ length: options.queues }, () => []);
  }
  override ready(pid: Pid, sinceUs: number): void {
    this.advance(sinceUs);
    const { options, processes } = this;
    const isKnown = this.place.has(pid);
    const place = this.place.get(pid) ?? { level: 0, usedUs: 0, sinceUs, isRunning: false };
    const isNewCall = processes.burstLeftUs(pid, sinceUs) === processes.burstUs(pid);
    const stretch = this.lastStretch.get(pid) ?? 0;
    this.lastStretch.delete(pid);
    if (!isNewCall && options.demotion === 'slice' && stretch >= this.at(options.slicesUs, place.level))
      place.level = Math.min(place.level + 1, options.queues - 1);
    if (isNewCall && options.allotmentOnWait === 'reset') place.usedUs = 0;
    place.isRunning = false;
    this.place.set(pid, place);
    const queue = this.queues[place.level]!;
    if (isNewCall && isKnown && options.wokenTo === 'head') queue.unshift(pid);
    else queue.push(pid);
  }
  override pick(_core: CoreId, nowUs: number): Pid | undefined {
    this.advance(nowUs);
    const pid = this.queues.find((queue) => queue.length > 0)?.shift();
    if (pid === undefined) return undefined;
    Object.assign(this.place.get(pid)!, { sinceUs: nowUs, isRunning: true });
    this.turns.set(pid, this.turn(pid));
    return pid;
  }
  charge(pid: Pid, { coreUs }: Charge, nowUs: number): void {
    this.advance(nowUs);
    this.lastStretch.set(pid, coreUs);
    this.place.get(pid)!.isRunning = false;
  }
  override waiting(pid: Pid, nowUs: number): void {
    this.advance(nowUs);
    for (const [level, queue] of this.queues.entries())
      this.queues[level] = queue.filter((one) => one !== pid);
  }
  override exited(pid: Pid, nowUs: number): void {
    this.waiting(pid, nowUs);
    this.place.delete(pid);
  }
  /** Decided at the dispatch: one that goes on because nobody was ready at its end gets another of the same length. */
  override slice(pid: Pid): number {
    return this.turns.get(pid)!;
  }
  private turn(pid: Pid): number {
    const { level, usedUs } = this.place.get(pid)!;
    const sliceUs = this.at(this.options.slicesUs, level);
    if (this.options.demotion === 'slice' || level === this.options.queues - 1) return sliceUs;
    return Math.min(sliceUs, this.at(this.options.allotmentsUs, level) - usedUs);
  }
  /** Whoever stands in a higher queue now; the driver asks at every instant. */
  shouldPreempt(pid: Pid, nowUs: number): number {
    if (!this.options.isPreemptive) return Infinity;
    this.advance(nowUs);
    const { level } = this.place.get(pid)!;
    return this.queues.slice(0, level).some((queue) => queue.length > 0)
      ? nowUs
      : this.options.demotion === 'slice'
        ? Infinity
        : nowUs + 1;
  }
  /** Moves microsecond by microsecond: the running use up their allotments, boosts happen. */
  private atUs = 0;
  private advance(nowUs: number): void {
    const { options } = this;
    while (this.atUs < nowUs) {
      this.atUs++;
      if (options.demotion === 'allotment')
        for (const place of this.place.values()) {
          if (!place.isRunning) continue;
          place.usedUs++;
          if (place.level === options.queues - 1) place.usedUs = 0;
          else if (place.usedUs === this.at(options.allotmentsUs, place.level)) {
            place.level++;
            place.usedUs = 0;
          }
        }
      if (this.atUs % options.boostUs !== 0) continue;
      this.queues[0] = this.queues.flat();
      for (let level = 1; level < options.queues; level++) this.queues[level] = [];
      for (const place of this.place.values()) Object.assign(place, { level: 0, usedUs: 0 });
    }
  }
  private at(list: readonly number[], level: number): number {
    return list[Math.min(level, list.length - 1)]!;
  }
}

class NaiveLottery extends Naive {
  private readonly options: LotteryOptions;
  private readonly rng: Rng;
  private readonly used = new Map<Pid, number>();
  constructor(processes: ProcessView, rng: Rng, options: LotteryOptions) {
    super(processes);
    this.rng = rng;
    this.options = options;
  }
  protected override best(): Ready | undefined {
    const held = this.list
      .map((one) => ({ one, tickets: this.tickets(one.pid) }))
      .toSorted((a, b) => a.one.pid - b.one.pid);
    const all = held.reduce((sum, { tickets }) => sum + tickets, 0);
    if (all === 0) return undefined;
    let ticket = this.rng.integer(all);
    for (const { one, tickets } of held) {
      if (ticket < tickets) return one;
      ticket -= tickets;
    }
    throw new Error('nobody holds the ticket');
  }
  charge(pid: Pid, { coreUs }: Charge): void {
    if (coreUs > 0) this.used.set(pid, coreUs);
  }
  override slice(): number {
    return this.options.sliceUs;
  }
  private tickets(pid: Pid): number {
    const own = this.processes.tickets(pid);
    const part = (this.used.get(pid) ?? Infinity) / this.options.sliceUs;
    if (!this.options.compensates || part >= 1) return own;
    return Math.min(1000 * own, Math.floor((own * this.options.sliceUs) / this.used.get(pid)!));
  }
}

/** Processes that never leave before they end: passes are exact fractions, compared over the product of their tickets. */
class NaiveStride extends Naive {
  private readonly sliceUs: number;
  private readonly serviceUs = new Map<Pid, number>();
  constructor(processes: ProcessView, sliceUs: number) {
    super(processes);
    this.sliceUs = sliceUs;
  }
  charge(pid: Pid, { coreUs }: Charge): void {
    this.serviceUs.set(pid, (this.serviceUs.get(pid) ?? 0) + coreUs);
  }
  override slice(): number {
    return this.sliceUs;
  }
  protected override compare(a: Ready, b: Ready): number {
    // (slice + service) / tickets, in units of 1/1024 µs, rounded down as the policy's.
    const pass = ({ pid }: Ready): bigint =>
      (BigInt(this.sliceUs + (this.serviceUs.get(pid) ?? 0)) * 1024n) / BigInt(this.processes.tickets(pid));
    return Number(pass(a) - pass(b));
  }
}

export const naive = {
  sjf: ({ processes }) => new NaiveShortest(processes, false),
  srtf: ({ processes }) => new NaiveShortest(processes, true),
  hrrn: ({ processes }) => new NaiveRatios(processes),
} satisfies Record<string, CreateSchedulingPolicy>;

export const naivePriorities =
  (options: StaticPriorityOptions): CreateSchedulingPolicy =>
  ({ processes }) =>
    new NaivePriorities(processes, options);
export const naiveEdf =
  (options: EdfOptions): CreateSchedulingPolicy =>
  ({ processes }) =>
    new NaiveDeadlines(processes, options);
export const naiveMlfq =
  (options: MlfqOptions): CreateSchedulingPolicy =>
  ({ processes }) =>
    new NaiveQueues(processes, options);
export const naiveLottery =
  (options: LotteryOptions): CreateSchedulingPolicy =>
  ({ processes, rng }) =>
    new NaiveLottery(processes, rng, options);
export const naiveStride =
  (sliceUs: number): CreateSchedulingPolicy =>
  ({ processes }) =>
    new NaiveStride(processes, sliceUs);
