import { assert } from '../../base/assert.ts';
import { LinkedLists } from '../../base/linked-lists.ts';
import type { ProcessView, SchedulingPolicy } from '../../kernel/contracts.ts';
import type { CoreId, Json, Pid } from '../../kernel/ids.ts';
import { ReadyOrder } from './ready-order.ts';

const QUEUE = 0;

/**
 * First ready, first picked; nobody is preempted before its slice ends. What `fifo` and `round-robin` have in common:
 * they differ in the slice alone. Every call is O(1), also for a process that leaves from the middle of the queue.
 */
export class ArrivalOrder implements SchedulingPolicy {
  readonly name: string;
  private readonly sliceUs: number;
  private readonly processes: ProcessView;
  private readonly lists = new LinkedLists(1);
  private readonly order = new ReadyOrder();

  constructor(name: string, sliceUs: number, processes: ProcessView) {
    this.name = name;
    this.sliceUs = sliceUs;
    this.processes = processes;
  }

  ready(pid: Pid, sinceUs: number): void {
    const { order, lists } = this;
    const isPutBack = order.readySinceUs(pid) === sinceUs;
    order.take(pid, sinceUs);
    if (isPutBack) order.insert(lists, QUEUE, pid);
    else lists.pushBack(QUEUE, pid);
  }

  pick(_core: CoreId): Pid | undefined {
    const pid = this.lists.head(QUEUE);
    if (pid <= 0) return undefined;
    this.lists.remove(QUEUE, pid);
    return pid as Pid;
  }

  charge(pid: Pid): void {
    if (!this.lists.has(pid)) this.order.forget(pid);
  }

  waiting(pid: Pid): void {
    if (this.lists.has(pid)) this.lists.remove(QUEUE, pid);
  }

  exited(pid: Pid): void {
    this.waiting(pid);
    this.order.forget(pid);
  }

  slice(): number {
    return this.sliceUs;
  }

  explain(pid: Pid): string {
    const name = this.label(pid);
    const slice = this.sliceUs === Infinity ? 'no slice' : `slice ${(this.sliceUs / 1e6).toFixed(1)} s`;
    if (!this.lists.has(pid)) return `${name} is not ready; ${slice}`;
    const before = this.lists.previous(pid);
    const place = before <= 0 ? 'is the first' : `comes after ${this.label(before as Pid)}`;
    return `${name} ${place} of ${this.lists.size(QUEUE)} ready, in order of becoming ready; ${slice}`;
  }

  save(): Json {
    return { queue: [...this.lists.ids(QUEUE)], order: this.order.save() };
  }

  load(state: Json): void {
    assert(this.lists.size(QUEUE) === 0, 'load into a policy that is in use');
    const { queue, order } = state as unknown as { readonly queue: readonly number[]; readonly order: Json };
    this.lists.load([queue]);
    this.order.load(order);
  }

  private label(pid: Pid): string {
    return `${this.processes.name(pid)} (pid ${pid})`;
  }
}
