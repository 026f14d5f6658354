import { assert } from '../../base/assert.ts';
import { MostlySortedQueue } from '../../base/mostly-sorted-queue.ts';
import type { Pid } from '../../kernel/ids.ts';
import { ReadyOrder, type SavedReadyOrder } from './ready-order.ts';

export interface SavedReadyQueue {
  readonly order: SavedReadyOrder;
  /** In pid order; null stands for a key of Infinity, which JSON has not. */
  readonly ready: readonly (readonly [pid: number, key: number | null])[];
}

/**
 * Ready processes by a key that is constant while they are ready, smallest first; equals in the order in which they became ready (ready-order.ts), but for those that
 * are put before their equals.
 *
 * Cost: O(log n) for add, pop and remove, O(1) while keys come in ascending order.
 */
export class ReadyQueue {
  private readonly queue = new MostlySortedQueue();
  private readonly order = new ReadyOrder();

  get size(): number {
    return this.queue.size;
  }

  /** `pid` is ready since `sinceUs`; `key` is not NaN. True: it stands first. */
  add(pid: Pid, key: number, sinceUs: number, isBeforeEquals = false): boolean {
    this.queue.push(pid, key, this.order.take(pid, sinceUs, isBeforeEquals));
    return this.queue.peek() === pid;
  }

  pop(): Pid | undefined {
    const pid = this.queue.popMin();
    return pid < 0 ? undefined : (pid as Pid);
  }

  first(): Pid | undefined {
    const pid = this.queue.peek();
    return pid < 0 ? undefined : (pid as Pid);
  }

  /** Infinity when nobody is ready. */
  firstKey(): number {
    return this.queue.peekKey();
  }

  has(pid: Pid): boolean {
    return this.queue.has(pid);
  }

  /** Of one that is here. */
  keyOf(pid: Pid): number {
    return this.queue.keyOf(pid);
  }

  /** One that is not here stays away. */
  remove(pid: Pid): void {
    this.queue.remove(pid);
  }

  /** `pid` was charged with the use of a core: it comes behind its equals when it is ready again. One that is here was told what it used in an earlier life, and keeps its place. */
  used(pid: Pid): void {
    if (!this.queue.has(pid)) this.order.forget(pid);
  }

  /** It has ended. */
  forget(pid: Pid): void {
    this.queue.remove(pid);
    this.order.forget(pid);
  }

  /** One that is here gets another key and keeps its place among equals. */
  rekey(pid: Pid, key: number): void {
    const tie = this.queue.tieOf(pid);
    this.queue.remove(pid);
    this.queue.push(pid, key, tie);
  }

  save(): SavedReadyQueue {
    const { queue, order } = this;
    const pids = [...queue.ids()].sort((a, b) => a - b);
    return {
      order: order.save(),
      ready: pids.map((pid) => [pid, queue.keyOf(pid) === Infinity ? null : queue.keyOf(pid)]),
    };
  }

  load({ order, ready }: SavedReadyQueue): void {
    assert(this.queue.size === 0, 'load into a policy that is in use');
    this.order.load(order);
    for (const [pid, key] of ready) this.queue.push(pid, key ?? Infinity, this.order.of(pid as Pid));
  }
}
