/**
 * Binned queues by attained service: what `plas` and `atlas` have in common. They differ in whose service a call starts with.
 *
 * A call enters the queue whose bin holds its priority, the service that went before it, and is demoted when its own service brings it into the next bin; inside a queue,
 * first come, first served. Bins double: [0, q), [q, 2q), [2q, 4q), …, and the last has no end. A ready call in a better queue preempts at once.
 * Against starvation: a call is promoted to the first queue when its program has waited β times as long as it has been served.
 *
 * Source: M. Luo et al., "Autellix: An Efficient Serving Engine for LLM Agents as General Programs", 2025 (arXiv 2502.13965), section 4.
 * Departs from it: what a program was served and waited counts from its last promotion, and one that was not served since is not starving; after a promotion a call has one
 * slice of the first queue and then stands in its own bin again.
 */
import { assert } from '../../base/assert.ts';
import { KeyedHeap } from '../../base/heap.ts';
import { KeyedHeaps } from '../../base/keyed-heaps.ts';
import type { Charge, ProcessView, SchedulingPolicy } from '../../kernel/contracts.ts';
import type { CoreId, Json, Pid } from '../../kernel/ids.ts';
import { moved, rowsFor } from '../columns.ts';
import { labelOf, spelledTime } from './explanations.ts';
import { ReadyOrder, type SavedReadyOrder } from './ready-order.ts';

export interface AttainedServiceOptions {
  /** How many queues, integer, 1 to 30. */
  readonly queues: number;
  /** End of the first bin, µs; integer > 0. */
  readonly firstBinUs: number;
  /** β: times its service that a program may wait before a call of it is promoted; > 0, Infinity: no promotion. */
  readonly starvationRatio: number;
}

/** Eight queues, the first of 2 s (a short call of a mid-sized model), β = 100: higher than the number of programs that usually share a core, so that it is for the starving. The paper leaves all three to the operator. */
export const attainedServiceDefaults: AttainedServiceOptions = {
  queues: 8,
  firstBinUs: 2_000_000,
  starvationRatio: 100,
};

export function checkAttainedService({ queues, firstBinUs, starvationRatio }: AttainedServiceOptions): void {
  assert(Number.isInteger(queues) && queues >= 1 && queues <= 30, `queues ${queues}: must be 1 to 30`);
  assert(Number.isSafeInteger(firstBinUs) && firstBinUs > 0, `firstBinUs ${firstBinUs}: must be > 0`);
  const lastBinUs = firstBinUs * (1 << (queues - 1));
  assert(Number.isSafeInteger(lastBinUs), `firstBinUs ${firstBinUs}: its ${queues} bins are too long`);
  assert(starvationRatio > 0, `starvationRatio ${starvationRatio}: must be > 0`);
}

/** Whose service a call starts with, µs. */
export interface PriorService {
  /** A call of `pid` was asked for. */
  before(pid: Pid): number;
  /** It got this much. */
  served(pid: Pid, us: number): void;
  exited(pid: Pid): void;
  /** The last process of the run has ended. */
  runEnded?(run: number): void;
  save(): Json;
  load(state: Json): void;
}

/** What a program, which is a run, has had and waited since its last promotion, µs. */
interface Program {
  promotedUs: number;
  servedUs: number;
  /** Of waits that are over. */
  waitedUs: number;
}

export class AttainedService implements SchedulingPolicy {
  readonly name: string;
  private readonly processes: ProcessView;
  private readonly options: AttainedServiceOptions;
  private readonly prior: PriorService;
  private readonly order = new ReadyOrder();
  /** Ready calls by queue, then by when they became ready. */
  private readonly queue = new KeyedHeap();
  /** By run: the same but those of the first queue, in the order in which they became ready, which is that in which they are to be promoted. */
  private readonly lower = new KeyedHeaps();
  /** Runs, by the instant at which the first of those is promoted, then by when it became ready. */
  private readonly starving = new KeyedHeap();
  private readonly programs = new Map<number, Program>();
  // By pid.
  private service = new Float64Array(0); // its call's priority: the service before it and its own, µs
  private asks = new Uint8Array(0); // 1: it is ready or runs
  private isPromoted = new Uint8Array(0);
  // Of the last time that it was picked: when, and what its program was told then that it waited, µs.
  private pickedUs = new Float64Array(0);
  private toldUs = new Float64Array(0);

  constructor(name: string, options: AttainedServiceOptions, processes: ProcessView, prior: PriorService) {
    this.name = name;
    this.options = options;
    this.processes = processes;
    this.prior = prior;
  }

  ready(pid: Pid, sinceUs: number): boolean {
    const { queue } = this;
    if (pid >= this.service.length) this.grow(pid);
    const run = this.runOf(pid);
    if (this.order.readySinceUs(pid) === sinceUs) this.takeBack(pid, run);
    else {
      this.isPromoted[pid] = 0;
      if (this.asks[pid] === 0) this.service[pid] = this.prior.before(pid);
    }
    this.asks[pid] = 1;
    const level = this.levelOf(pid);
    const number = this.order.take(pid, sinceUs);
    queue.push(pid, level, number);
    if (level > 0) {
      this.lower.push(run, pid, number, 0);
      this.watch(run);
    }
    return queue.peek() === pid || level > 0;
  }

  pick(_core: CoreId, nowUs: number): Pid | undefined {
    this.promote(nowUs);
    const pid = this.queue.peek() as Pid;
    if (pid < 0) return undefined;
    this.leave(pid, nowUs);
    return pid;
  }

  charge(pid: Pid, { coreUs }: Charge): void {
    if (pid >= this.service.length) assert(false, `charge for pid ${pid}, which was never ready`);
    const { queue, order } = this;
    const isReady = queue.has(pid);
    if (!isReady) order.forget(pid);
    // It is told of progress inside a stretch, too.
    if (coreUs === 0) return;
    this.service[pid]! += coreUs;
    this.isPromoted[pid] = 0;
    this.prior.served(pid, coreUs);
    const run = this.runOf(pid);
    // After a crash, of what it had before.
    if (isReady) {
      const level = this.levelOf(pid);
      queue.update(pid, level, order.of(pid));
      if (level > 0 && !this.lower.has(pid)) this.lower.push(run, pid, order.of(pid), 0);
    }
    this.programs.get(run)!.servedUs += coreUs;
    this.watch(run);
  }

  waiting(pid: Pid, nowUs: number): void {
    if (this.queue.has(pid)) this.leave(pid, nowUs);
    if (pid >= this.service.length) return;
    this.asks[pid] = 0;
  }

  exited(pid: Pid, nowUs: number): void {
    this.waiting(pid, nowUs);
    this.order.forget(pid);
    this.prior.exited(pid);
  }

  runEnded(run: number): void {
    this.programs.delete(run);
    this.prior.runEnded?.(run);
  }

  shouldPreempt(pid: Pid, nowUs: number): number {
    this.promote(nowUs);
    const level = this.levelOf(pid);
    if (this.queue.peekKey() < level) return nowUs;
    return level === 0 ? Infinity : this.starving.peekKey();
  }

  /** Until its own service brings it into the next bin. */
  slice(pid: Pid): number {
    const { queues, firstBinUs } = this.options;
    if (this.isPromoted[pid] === 1) return firstBinUs;
    const level = this.levelOf(pid);
    return level === queues - 1 ? Infinity : Math.max(1, firstBinUs * (1 << level) - this.service[pid]!);
  }

  explain(pid: Pid, nowUs: number): string {
    const { queue } = this;
    const us = this.service[pid] ?? 0;
    const name = labelOf(this.processes, pid);
    if (this.asks[pid] !== 1) return `${name} asks for no core`;
    const level = this.levelOf(pid);
    const promoted = this.isPromoted[pid] === 1 ? ', promoted: its program waited too long' : '';
    const place = `queue ${level + 1} of ${this.options.queues}${promoted}, attained service ${spelledTime(us)}`;
    if (!queue.has(pid)) return `${name} runs in ${place}`;
    const first = queue.peek() as Pid;
    if (first === pid) return `${name} is the first of ${queue.size} ready: ${place}`;
    const behind =
      queue.peekKey() < level
        ? `behind ${labelOf(this.processes, first)} of queue ${queue.peekKey() + 1}`
        : 'behind earlier ones';
    const promotedUs = this.lower.has(pid) ? this.promotedUs(pid, this.runOf(pid)) : Infinity;
    const soon =
      promotedUs < Infinity ? `; promoted in ${spelledTime(promotedUs - nowUs)} at the latest` : '';
    return `${name} stands ${behind}: ${place}${soon}`;
  }

  save(): Json {
    const processes: number[][] = [];
    for (let pid = 0; pid < this.service.length; pid++) {
      // Of one that does neither, and whose place is kept, too.
      if (this.asks[pid] === 0 && Number.isNaN(this.order.readySinceUs(pid as Pid))) continue;
      const row = [this.service, this.asks, this.isPromoted, this.pickedUs, this.toldUs];
      processes.push([pid, this.queue.has(pid) ? 1 : 0, ...row.map((column) => column[pid]!)]);
    }
    const programs: number[][] = [];
    for (const [run, program] of this.programs)
      programs.push([run, program.promotedUs, program.servedUs, program.waitedUs]);
    const order = this.order.save() as unknown as Json;
    return { processes, programs, order, prior: this.prior.save() };
  }

  load(state: Json): void {
    assert(this.queue.size === 0, 'load into a policy that is in use');
    const { processes, programs, order, prior } = state as unknown as SavedAttainedService;
    this.order.load(order);
    this.prior.load(prior);
    for (const [run, promotedUs, servedUs, waitedUs] of programs)
      this.programs.set(run, { promotedUs, servedUs, waitedUs });
    const ready: Pid[] = [];
    for (const [pid, isReady, us, asks, isPromoted, pickedUs, toldUs] of processes) {
      if (pid >= this.service.length) this.grow(pid);
      this.service[pid] = us;
      this.asks[pid] = asks;
      this.isPromoted[pid] = isPromoted;
      this.pickedUs[pid] = pickedUs;
      this.toldUs[pid] = toldUs;
      if (isReady === 1) ready.push(pid as Pid);
    }
    for (const pid of ready) {
      const level = this.levelOf(pid);
      this.queue.push(pid, level, this.order.of(pid));
      const run = this.runOf(pid);
      if (level === 0) continue;
      this.lower.push(run, pid, this.order.of(pid), 0);
      this.watch(run);
    }
  }

  private levelOf(pid: number): number {
    if (this.isPromoted[pid] === 1) return 0;
    const { queues, firstBinUs } = this.options;
    const us = this.service[pid]!;
    let level = 0;
    for (let endUs = firstBinUs; us >= endUs && level < queues - 1; endUs *= 2) level++;
    return level;
  }

  /** Notes when the first call of the run is to be promoted; what changes that changes it for the run's other calls alike. */
  private watch(run: number): void {
    const { starving, order } = this;
    const first = this.lower.peek(run) as Pid;
    const atUs = first > 0 ? this.promotedUs(first, run) : Infinity;
    if (atUs === Infinity) starving.remove(run);
    else if (starving.has(run)) starving.update(run, atUs, order.of(first));
    else starving.push(run, atUs, order.of(first));
  }

  /** Once what its program waited, its own wait under way included, is β times what that was served. Infinity: not at all. */
  private promotedUs(pid: Pid, run: number): number {
    const program = this.programs.get(run)!;
    const { servedUs, waitedUs } = program;
    if (servedUs === 0) return Infinity;
    const atUs = Math.ceil(
      this.waitsSinceUs(pid, program) + this.options.starvationRatio * servedUs - waitedUs,
    );
    return Number.isSafeInteger(atUs) ? atUs : Infinity;
  }

  private promote(nowUs: number): void {
    const { starving, queue, order, lower } = this;
    while (starving.peekKey() <= nowUs) {
      const run = starving.popMin();
      const pid = lower.peek(run) as Pid;
      lower.remove(run, pid);
      this.isPromoted[pid] = 1;
      queue.update(pid, 0, order.of(pid));
      // What it waited is made good: the count begins anew, for the program's other calls, too.
      const program = this.programs.get(run)!;
      program.promotedUs = nowUs;
      program.servedUs = 0;
      program.waitedUs = 0;
    }
  }

  /** Since when the wait of ready `pid` counts, µs. */
  private waitsSinceUs(pid: Pid, { promotedUs }: Program): number {
    return Math.max(this.order.readySinceUs(pid), promotedUs);
  }

  /** It leaves the queue; what it waited there counts for its program. */
  private leave(pid: Pid, nowUs: number): void {
    const run = this.runOf(pid);
    this.queue.remove(pid);
    if (this.lower.has(pid)) this.lower.remove(run, pid);
    const program = this.programs.get(run)!;
    const waitedUs = Math.max(0, nowUs - this.waitsSinceUs(pid, program));
    program.waitedUs += waitedUs;
    this.pickedUs[pid] = nowUs;
    this.toldUs[pid] = waitedUs;
    this.watch(run);
  }

  /** It is ready since the same instant as before: its wait goes on, and was not over when it was picked. */
  private takeBack(pid: Pid, run: number): void {
    const program = this.programs.get(run)!;
    if (program.promotedUs > this.pickedUs[pid]!) return;
    program.waitedUs = Math.max(0, program.waitedUs - this.toldUs[pid]!);
    this.toldUs[pid] = 0;
  }

  /** Its run, which has a program from then on. */
  private runOf(pid: Pid): number {
    const run = this.processes.run(pid);
    if (!this.programs.has(run)) this.programs.set(run, { promotedUs: 0, servedUs: 0, waitedUs: 0 });
    return run;
  }

  private grow(pid: number): void {
    const rows = rowsFor(pid, this.service.length);
    this.service = moved(this.service, new Float64Array(rows));
    this.asks = moved(this.asks, new Uint8Array(rows));
    this.isPromoted = moved(this.isPromoted, new Uint8Array(rows));
    this.pickedUs = moved(this.pickedUs, new Float64Array(rows));
    this.toldUs = moved(this.toldUs, new Float64Array(rows));
  }
}

interface SavedAttainedService {
  readonly processes: readonly (readonly [
    pid: number,
    isReady: number,
    us: number,
    asks: number,
    isPromoted: number,
    pickedUs: number,
    toldUs: number,
  ])[];
  readonly programs: readonly (readonly [
    run: number,
    promotedUs: number,
    servedUs: number,
    waitedUs: number,
  ])[];
  readonly order: SavedReadyOrder;
  readonly prior: Json;
}
