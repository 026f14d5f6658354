import { assert } from '../../base/assert.ts';
import { MostlySortedQueue } from '../../base/mostly-sorted-queue.ts';
import type { Pid } from '../../kernel/ids.ts';
import { KeptPlaces } from './kept-places.ts';

/** A ready process: its key, and its place among those of the same key. */
type SavedPlace = readonly [pid: number, key: number, tie: number];

export interface SavedReadyQueue {
  readonly sequence: number;
  readonly front: number;
  readonly ready: readonly SavedPlace[];
}

/**
 * Ready processes by a key that is constant while they are ready, smallest first; equals in the order in which they became ready, but for those that
 * are put before their equals. One that was picked and could not start stands where it stood.
 *
 * Cost: O(log n) for add, pop and remove, O(1) while keys come in ascending order.
 */
export class ReadyQueue {
  private readonly queue = new MostlySortedQueue();
  private readonly places = new KeptPlaces();
  private sequence = 0;
  private front = 0;

  get size(): number {
    return this.queue.size;
  }

  /** `pid` is ready since `sinceUs`; `key` is not NaN. True: it stands first. */
  add(pid: Pid, key: number, sinceUs: number, isBeforeEquals = false): boolean {
    const place = this.places.kept(pid, sinceUs) ?? (isBeforeEquals ? --this.front : this.sequence++);
    this.places.give(pid, sinceUs, place);
    this.queue.push(pid, key, place);
    return this.queue.peek() === pid;
  }

  /** `pid` has run, or has ended: when it is ready next, it comes after its equals. */
  ran(pid: Pid): void {
    this.places.giveUp(pid);
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

  /** One that is here gets another key and keeps its place among equals. */
  rekey(pid: Pid, key: number): void {
    const tie = this.queue.tieOf(pid);
    this.queue.remove(pid);
    this.queue.push(pid, key, tie);
  }

  /** In pid order. */
  save(): SavedReadyQueue {
    const { queue, sequence, front } = this;
    const pids = [...queue.ids()].sort((a, b) => a - b);
    return { sequence, front, ready: pids.map((pid) => [pid, queue.keyOf(pid), queue.tieOf(pid)]) };
  }

  load({ sequence, front, ready }: SavedReadyQueue): void {
    assert(this.queue.size === 0, 'load into a policy that is in use');
    this.sequence = sequence;
    this.front = front;
    for (const [pid, key, tie] of ready) this.queue.push(pid, key, tie);
  }
}
