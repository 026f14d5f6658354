/**
 * Priority with aging, preemption and a share of the quota: the default scheduling policy.
 *
 * Order: by priority × 6 s + the instant since which it is ready, smallest first, ties in the order of becoming ready. At any one
 * instant this is the order of the aged priorities, priority - time ready / 6 s, but the key is constant while a process
 * is ready, so that a heap suffices.
 * Preemption: a running process keeps the aged priority it was dispatched with; it makes way at the instant from which a
 * ready one's is better by more than 10, and at the end of its slice.
 * Quota: one that used over 30 % of its nearest hourly limit while others of that budget node are ready is preempted
 * once, and ranks behind them until the window rolls (quota-queue.ts).
 *
 * Source: the design, section 5, AgentScheduler.
 * Departs from it: one that went over its share between two stretches on a core has made way already: it ranks behind
 * from then on, and is not preempted again.
 * Cost: O(log n) for ready and pick, O(1) for slice and mostly for shouldPreempt (quota-queue.ts tells the exceptions).
 */
import { assert } from '../../base/assert.ts';
import type {
  Charge,
  CreateSchedulingPolicy,
  ProcessView,
  SchedulingPolicy,
} from '../../kernel/contracts.ts';
import type { CoreId, Json, Pid } from '../../kernel/ids.ts';
import { moved, rowsFor } from '../columns.ts';
import { labelOf, spelledTime } from './explanations.ts';
import { QuotaQueue } from './quota-queue.ts';
import { ReadyOrder, type SavedReadyOrder } from './ready-order.ts';

export interface PriorityOptions {
  /** µs of being ready that are worth one point of priority; > 0. */
  readonly agingUsPerPoint: number;
  /** Points by which a ready process must be better, strictly more, to preempt; >= 0. */
  readonly gap: number;
  /** Longest run before another ready process gets the core, µs; > 0, Infinity for no limit. */
  readonly sliceUs: number;
  /** Share of the nearest hourly limit above which a process ranks behind the others of the node; > 0. */
  readonly quotaShare: number;
}

/** The source system's: one point in 6 s, gap 10, slice 60 s, 30 % of the quota. */
export const priorityDefaults: PriorityOptions = {
  agingUsPerPoint: 6_000_000,
  gap: 10,
  sliceUs: 60_000_000,
  quotaShare: 0.3,
};

export function priorityWith(options: PriorityOptions): CreateSchedulingPolicy {
  const { agingUsPerPoint, gap, sliceUs, quotaShare } = options;
  assert(
    agingUsPerPoint > 0 && agingUsPerPoint < Infinity,
    `agingUsPerPoint ${agingUsPerPoint}: must be > 0`,
  );
  assert(gap >= 0 && gap < Infinity, `gap ${gap}: must be >= 0`);
  assert(sliceUs > 0, `sliceUs ${sliceUs}: must be > 0`);
  assert(quotaShare > 0, `quotaShare ${quotaShare}: must be > 0`);
  return ({ processes }) => new Priority(options, processes);
}

export const priority: CreateSchedulingPolicy = priorityWith(priorityDefaults);

class Priority implements SchedulingPolicy {
  readonly name = 'priority';
  private readonly processes: ProcessView;
  private readonly agingUs: number;
  private readonly gapUs: number;
  private readonly sliceUs: number;
  private readonly quotaShare: number;
  private readonly queue = new QuotaQueue();
  private readonly order = new ReadyOrder();
  // By pid.
  private priority = new Float64Array(0); // as of when it was ready or reprioritized
  private aged = new Float64Array(0); // aged priority it was dispatched with, in µs (× agingUs); NaN unless it runs
  private overUntilUs = new Float64Array(0); // over its share of the window that ends here; 0: not
  private behindUntilUs = new Float64Array(0); // the same, once it ranks behind
  private isCharged = new Uint8Array(0); // used something since its share was looked at

  constructor(options: PriorityOptions, processes: ProcessView) {
    this.processes = processes;
    this.agingUs = options.agingUsPerPoint;
    this.gapUs = options.gap * options.agingUsPerPoint;
    this.sliceUs = options.sliceUs;
    this.quotaShare = options.quotaShare;
  }

  ready(pid: Pid, sinceUs: number): boolean {
    const { queue } = this;
    if (pid >= this.aged.length) this.grow(pid);
    this.aged[pid] = NaN;
    const node = this.processes.quotaNode(pid);
    const untilUs = this.isOver(pid, node, sinceUs) ? this.overUntilUs[pid]! : 0;
    this.behindUntilUs[pid] = untilUs;
    const priority = this.processes.priority(pid);
    this.priority[pid] = priority;
    queue.add(pid, priority * this.agingUs + sinceUs, this.order.take(pid, sinceUs), node, untilUs);
    // With a quota, being ready can matter to another of the node even from the last place.
    return node >= 0 || queue.first() === pid;
  }

  pick(_core: CoreId, nowUs: number): Pid | undefined {
    const { queue } = this;
    queue.release(nowUs);
    const key = queue.firstKey();
    const pid = queue.pop();
    if (pid < 0) return undefined;
    this.aged[pid] = key - nowUs;
    return pid as Pid;
  }

  /** Only notes it: the kernel may settle the usage after it told of it. */
  charge(pid: Pid, _charge: Charge, nowUs: number): void {
    if (pid >= this.aged.length) assert(false, `charge for pid ${pid}, which was never ready`);
    this.isCharged[pid] = 1;
    if (!this.queue.has(pid)) return this.order.forget(pid);
    if (!this.isOver(pid, this.processes.quotaNode(pid), nowUs)) return;
    this.behindUntilUs[pid] = this.overUntilUs[pid]!;
    this.queue.demote(pid, this.overUntilUs[pid]!);
  }

  waiting(pid: Pid): void {
    this.queue.remove(pid);
    this.aged[pid] = NaN;
  }

  exited(pid: Pid): void {
    this.waiting(pid);
    this.overUntilUs[pid] = 0;
    this.behindUntilUs[pid] = 0;
    this.isCharged[pid] = 0;
    this.order.forget(pid);
  }

  /** Queued or running: it stands where it would if it had had this priority from the start. */
  reprioritized(pid: Pid): void {
    const priority = this.processes.priority(pid);
    const byUs = (priority - this.priority[pid]!) * this.agingUs;
    this.priority[pid] = priority;
    if (this.queue.has(pid)) this.queue.rekey(pid, this.queue.keyOf(pid) + byUs);
    else this.aged[pid]! += byUs;
  }

  shouldPreempt(pid: Pid, nowUs: number): number {
    const { queue } = this;
    const aged = this.aged[pid]!;
    if (aged !== aged) assert(false, `shouldPreempt for pid ${pid}, which was not picked`);
    queue.release(nowUs);
    const node = this.processes.quotaNode(pid);
    const isOver = this.isOver(pid, node, nowUs);
    const standsBehind = isOver && this.behindUntilUs[pid] === this.overUntilUs[pid];
    if (isOver && !standsBehind && queue.hasAny(node)) return nowUs;
    return queue.firstBetterUs(aged - this.gapUs, node, standsBehind);
  }

  slice(): number {
    return this.sliceUs;
  }

  explain(pid: Pid, nowUs: number): string {
    const { queue, agingUs } = this;
    const base = this.processes.priority(pid);
    const name = `${labelOf(this.processes, pid)} of priority ${base}`;
    const overUntilUs = this.overUntilUs[pid] ?? 0;
    const over =
      overUntilUs > nowUs
        ? `; over its share of the quota, behind its node's others until ${spelledTime(overUntilUs)}`
        : '';
    const aged = this.aged[pid] ?? NaN;
    if (aged === aged) {
      const bound = points(aged - this.gapUs, agingUs);
      return `${name} runs with aged priority ${points(aged, agingUs)}; preempted by one better than ${bound}${over}`;
    }
    if (!queue.has(pid)) return `${name} is not ready${over}`;
    const key = queue.keyOf(pid);
    const readyUs = nowUs - (key - base * agingUs);
    const best = points(queue.firstKey() - nowUs, agingUs);
    return (
      `${name} is ready for ${spelledTime(readyUs)}: aged priority ${points(key - nowUs, agingUs)}, ` +
      `the first of ${queue.size} ready has ${best}${over}`
    );
  }

  save(): Json {
    const processes: number[][] = [];
    for (let pid = 0; pid < this.aged.length; pid++) {
      const aged = this.aged[pid]!;
      const runs = aged === aged ? 1 : 0;
      const isCharged = this.isCharged[pid]!;
      const overUntilUs = this.overUntilUs[pid]!;
      if (runs + isCharged + overUntilUs === 0) continue;
      processes.push([pid, runs, runs === 1 ? aged : 0, overUntilUs, this.behindUntilUs[pid]!, isCharged]);
    }
    return { order: this.order.save() as unknown as Json, ready: this.queue.rows(), processes };
  }

  load(state: Json): void {
    assert(this.queue.size === 0, 'load into a policy that is in use');
    const { order, ready, processes } = state as unknown as SavedPriority;
    this.order.load(order);
    for (const [pid, key, tie, node, untilUs] of ready) {
      if (pid >= this.aged.length) this.grow(pid);
      this.priority[pid] = this.processes.priority(pid as Pid);
      this.queue.add(pid, key, tie, node, untilUs);
    }
    for (const [pid, runs, aged, overUntilUs, behindUntilUs, isCharged] of processes) {
      if (pid >= this.aged.length) this.grow(pid);
      if (runs === 1) this.priority[pid] = this.processes.priority(pid as Pid);
      this.aged[pid] = runs === 1 ? aged : NaN;
      this.overUntilUs[pid] = overUntilUs;
      this.behindUntilUs[pid] = behindUntilUs;
      this.isCharged[pid] = isCharged;
    }
  }

  /** Whether it went over its share in a window that has not rolled yet; what it gets back does not undo it. */
  private isOver(pid: Pid, node: number, nowUs: number): boolean {
    if (this.overUntilUs[pid]! > nowUs) return true;
    if (this.isCharged[pid] === 0) return false;
    this.isCharged[pid] = 0;
    if (node < 0 || this.processes.quotaShare(pid, nowUs) <= this.quotaShare) return false;
    // A window without an end is one that ends after all time: JSON has no Infinity.
    const untilUs = Math.min(this.processes.quotaRollsUs(pid, nowUs), Number.MAX_SAFE_INTEGER);
    this.overUntilUs[pid] = untilUs;
    return untilUs > nowUs;
  }

  private grow(pid: number): void {
    const before = this.aged.length;
    const rows = rowsFor(pid, before);
    this.priority = moved(this.priority, new Float64Array(rows));
    this.aged = moved(this.aged, new Float64Array(rows)).fill(NaN, before);
    this.overUntilUs = moved(this.overUntilUs, new Float64Array(rows));
    this.behindUntilUs = moved(this.behindUntilUs, new Float64Array(rows));
    this.isCharged = moved(this.isCharged, new Uint8Array(rows));
  }
}

interface SavedPriority {
  readonly order: SavedReadyOrder;
  readonly ready: readonly (readonly [
    pid: number,
    key: number,
    tie: number,
    node: number,
    untilUs: number,
  ])[];
  readonly processes: readonly SavedProcess[];
}

/** Of a process that runs, is over its share or was charged; `runs` and `isCharged` are 0 or 1. */
type SavedProcess = readonly [
  pid: number,
  runs: number,
  aged: number,
  overUntilUs: number,
  behindUntilUs: number,
  isCharged: number,
];

function points(agedUs: number, agingUs: number): string {
  return (agedUs / agingUs).toFixed(1);
}
