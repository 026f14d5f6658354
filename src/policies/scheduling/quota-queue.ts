/**
 * Ready processes by (key, tie), smallest first, where some stand behind the others of their budget node: such a one is
 * not seen while another of its node, which does not stand behind, is ready; against all the rest it ranks by its key.
 * When its window rolls, it stands behind nobody.
 *
 * Shape: a queue of all that can be picked. Those that stand behind are also on a list of their node; while the node has
 * others ready they are held: out of it, and in `rolls`, ordered by the end of their demotion.
 * Cost: O(log n) for each call, plus the length of one such list, and firstBetterUs looks at all that are held when a
 * demotion ends before the instant it would answer. The shares of one limit sum to about 1, so that no
 * more than 1 / quotaShare processes of a node can stand behind: three by default.
 */
import { KeyedHeap } from '../../base/heap.ts';
import { MostlySortedQueue } from '../../base/mostly-sorted-queue.ts';
import { moved, rowsFor } from '../columns.ts';

const NONE = -1;

export class QuotaQueue {
  private readonly pickable = new MostlySortedQueue();
  private readonly rolls = new KeyedHeap();
  // By pid, meaningful while it is in the queue.
  private node = new Int32Array(0);
  private untilUs = new Float64Array(0); // stands behind before this instant; 0: behind nobody
  private heldKey = new Float64Array(0); // its place among the pickable, while it is held
  private heldTie = new Float64Array(0);
  private next = new Int32Array(0); // the list of its node; 0 ends it, for pids count from 1
  private previous = new Int32Array(0);
  // By node.
  private others = new Int32Array(0); // ready and behind nobody
  private behind = new Int32Array(0); // first of the list

  get size(): number {
    return this.pickable.size + this.rolls.size;
  }

  has(pid: number): boolean {
    return this.pickable.has(pid) || this.rolls.has(pid);
  }

  /** The first that can be picked; -1 when there is none. */
  first(): number {
    return this.pickable.peek();
  }

  /** The smallest key among those that can be picked; Infinity when there is none. */
  firstKey(): number {
    return this.pickable.peekKey();
  }

  /** Whether any process of the node is in the queue. */
  hasAny(node: number): boolean {
    return node !== NONE && node < this.others.length && (this.others[node]! > 0 || this.behind[node]! !== 0);
  }

  /** `node` -1: none. `untilUs` 0: it stands behind nobody. */
  add(pid: number, key: number, tie: number, node: number, untilUs: number): void {
    if (pid >= this.node.length) this.growPids(pid);
    if (node >= this.others.length) this.growNodes(node);
    this.node[pid] = node;
    this.untilUs[pid] = untilUs;
    if (node === NONE) {
      this.pickable.push(pid, key, tie);
    } else if (untilUs > 0) {
      this.link(pid, node);
      if (this.others[node]! > 0) this.hold(pid, key, tie);
      else this.pickable.push(pid, key, tie);
    } else {
      this.pickable.push(pid, key, tie);
      if (this.others[node]!++ === 0 && this.behind[node] !== 0) this.holdAll(node);
    }
  }

  /** Removes and returns the first that can be picked; -1 when there is none. */
  pop(): number {
    const pid = this.pickable.popMin();
    if (pid >= 0 && this.node[pid]! !== NONE) this.left(pid);
    return pid;
  }

  /** False: it was not here. */
  remove(pid: number): boolean {
    const isHere = this.pickable.remove(pid) || this.rolls.remove(pid);
    if (isHere && this.node[pid]! !== NONE) this.left(pid);
    return isHere;
  }

  /** `pid`, which is here, stands behind the others of its node from now until `untilUs`, or (0) behind nobody. */
  demote(pid: number, untilUs: number): void {
    const key = this.keyOf(pid);
    const tie = this.tieOf(pid);
    this.remove(pid);
    this.add(pid, key, tie, this.node[pid]!, untilUs);
  }

  /** Gives `pid`, which is here, another key, and the place that it asks for. */
  rekey(pid: number, key: number): void {
    const tie = this.tieOf(pid);
    const untilUs = this.untilUs[pid]!;
    this.remove(pid);
    this.add(pid, key, tie, this.node[pid]!, untilUs);
  }

  /** Ends the demotions that are over by now, as far as they matter. To be called first whenever time may have passed. */
  release(nowUs: number): void {
    while (this.rolls.peekKey() <= nowUs) this.demote(this.rolls.peek(), 0);
    // One that was not held may stand behind the first since its own demotion ended.
    for (
      let first = this.pickable.peek();
      first >= 0 && this.untilUs[first]! > 0;
      first = this.pickable.peek()
    ) {
      if (!this.releaseNode(this.node[first]!, nowUs)) return;
    }
  }

  /**
   * The first instant t, an integer, at which one of the queue has `key - t < boundUs` and stands no longer behind one
   * that runs (`node` and `standsBehind` tell of it) or is ready; Infinity when the queue is empty.
   */
  firstBetterUs(boundUs: number, node: number, standsBehind: boolean): number {
    let atUs = betterUs(this.firstAgainst(node, standsBehind), boundUs);
    if (!standsBehind) {
      for (let pid = this.firstBehind(node); pid !== 0; pid = this.next[pid]!) {
        atUs = this.afterRollUs(pid, atUs, boundUs);
      }
    }
    if (this.rolls.peekKey() < atUs) {
      for (const pid of this.rolls.ids()) atUs = this.afterRollUs(pid, atUs, boundUs);
    }
    return atUs;
  }

  /** Rows [pid, key, tie, node, untilUs] in pid order: what `add` needs to build the same queue. */
  rows(): number[][] {
    const pids = [...this.pickable.ids(), ...this.rolls.ids()].sort((a, b) => a - b);
    return pids.map((pid) => [pid, this.keyOf(pid), this.tieOf(pid), this.node[pid]!, this.untilUs[pid]!]);
  }

  keyOf(pid: number): number {
    return this.pickable.has(pid) ? this.pickable.keyOf(pid) : this.heldKey[pid]!;
  }

  private tieOf(pid: number): number {
    return this.pickable.has(pid) ? this.pickable.tieOf(pid) : this.heldTie[pid]!;
  }

  /** The smallest key but for those that stand behind a running process of `node`. */
  private firstAgainst(node: number, standsBehind: boolean): number {
    const { pickable } = this;
    const first = pickable.peek();
    if (
      first < 0 ||
      standsBehind ||
      node === NONE ||
      this.node[first] !== node ||
      this.untilUs[first] === 0
    ) {
      return pickable.peekKey();
    }
    // Others of the node are not ready, else it would be held: all on the list are pickable.
    for (let pid = this.behind[node]!; pid !== 0; pid = this.next[pid]!) {
      this.heldKey[pid] = pickable.keyOf(pid);
      this.heldTie[pid] = pickable.tieOf(pid);
      pickable.remove(pid);
    }
    const key = pickable.peekKey();
    for (let pid = this.behind[node]!; pid !== 0; pid = this.next[pid]!) {
      pickable.push(pid, this.heldKey[pid]!, this.heldTie[pid]!);
    }
    return key;
  }

  private afterRollUs(pid: number, atUs: number, boundUs: number): number {
    return Math.min(atUs, Math.max(this.untilUs[pid]!, betterUs(this.keyOf(pid), boundUs)));
  }

  /** False: no demotion of the node's processes is over. */
  private releaseNode(node: number, nowUs: number): boolean {
    let isAny = false;
    let pid = this.behind[node]!;
    while (pid !== 0) {
      const next = this.next[pid]!;
      if (this.untilUs[pid]! <= nowUs) {
        this.demote(pid, 0);
        isAny = true;
      }
      pid = next;
    }
    return isAny;
  }

  private firstBehind(node: number): number {
    return node === NONE || node >= this.behind.length ? 0 : this.behind[node]!;
  }

  private hold(pid: number, key: number, tie: number): void {
    this.heldKey[pid] = key;
    this.heldTie[pid] = tie;
    this.rolls.push(pid, this.untilUs[pid]!, pid);
  }

  private holdAll(node: number): void {
    for (let pid = this.behind[node]!; pid !== 0; pid = this.next[pid]!) {
      const key = this.pickable.keyOf(pid);
      const tie = this.pickable.tieOf(pid);
      this.pickable.remove(pid);
      this.hold(pid, key, tie);
    }
  }

  /** `pid`, which has a node, is neither pickable nor in rolls: its node is told. */
  private left(pid: number): void {
    const node = this.node[pid]!;
    if (this.untilUs[pid]! > 0) this.unlink(pid, node);
    else if (--this.others[node]! === 0 && this.behind[node] !== 0) this.letIn(node);
  }

  /** No other is ready any more: those that stand behind can be picked. */
  private letIn(node: number): void {
    for (let pid = this.behind[node]!; pid !== 0; pid = this.next[pid]!) {
      this.rolls.remove(pid);
      this.pickable.push(pid, this.heldKey[pid]!, this.heldTie[pid]!);
    }
  }

  private link(pid: number, node: number): void {
    const first = this.behind[node]!;
    this.previous[pid] = 0;
    this.next[pid] = first;
    if (first !== 0) this.previous[first] = pid;
    this.behind[node] = pid;
  }

  private unlink(pid: number, node: number): void {
    const previous = this.previous[pid]!;
    const next = this.next[pid]!;
    if (previous === 0) this.behind[node] = next;
    else this.next[previous] = next;
    if (next !== 0) this.previous[next] = previous;
  }

  private growPids(pid: number): void {
    const rows = rowsFor(pid, this.node.length);
    this.node = moved(this.node, new Int32Array(rows));
    this.untilUs = moved(this.untilUs, new Float64Array(rows));
    this.heldKey = moved(this.heldKey, new Float64Array(rows));
    this.heldTie = moved(this.heldTie, new Float64Array(rows));
    this.next = moved(this.next, new Int32Array(rows));
    this.previous = moved(this.previous, new Int32Array(rows));
  }

  private growNodes(node: number): void {
    const rows = rowsFor(node, this.others.length);
    this.others = moved(this.others, new Int32Array(rows));
    this.behind = moved(this.behind, new Int32Array(rows));
  }
}

/** The first integer t for which `key - t < boundUs`. */
function betterUs(key: number, boundUs: number): number {
  return Math.floor(key - boundUs) + 1;
}
