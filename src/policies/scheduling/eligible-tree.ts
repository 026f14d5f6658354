/**
 * Ready processes ordered by virtual time, each with a virtual deadline: the earliest deadline among those whose time is not after a given one.
 *
 * Shape: a treap by (time, sequence) in columns by pid, each node with the earliest (deadline, sequence) below it. The heap priorities are a hash of the
 * pid, so that the shape, and nothing else, depends on them.
 * Source: R. Seidel and C. R. Aragon, "Randomized search trees", 1996; the search is that of I. Stoica and H. Abdel-Wahab, "Earliest eligible virtual
 * deadline first", 1995, appendix.
 * Cost: O(log n) expected for add, remove and the search. Memory: 52 bytes for each possible pid.
 */
import { assert } from '../../base/assert.ts';
import { mix32 } from '../../base/hash.ts';
import { moved, rowsFor } from '../columns.ts';

/** Pids count from 1. */
const NONE = 0;

export interface EligiblePlace {
  readonly time: number;
  readonly deadline: number;
  readonly sequence: number;
}

export class EligibleTree {
  // By pid.
  private time = new Float64Array(0);
  private deadline = new Float64Array(0);
  private sequence = new Float64Array(0);
  private left = new Int32Array(0);
  private right = new Int32Array(0);
  private earliest = new Int32Array(0); // of the node and what is below it, by (deadline, sequence)
  private isIn = new Uint8Array(0);
  private root = NONE;
  private count = 0;

  get size(): number {
    return this.count;
  }

  has(pid: number): boolean {
    return pid < this.isIn.length && this.isIn[pid] === 1;
  }

  add(pid: number, { time, deadline, sequence }: EligiblePlace): void {
    if (pid >= this.time.length) this.grow(pid);
    if (this.isIn[pid] === 1) assert(false, `add of id ${pid}, which is ready`);
    this.isIn[pid] = 1;
    this.count++;
    this.time[pid] = time;
    this.deadline[pid] = deadline;
    this.sequence[pid] = sequence;
    this.left[pid] = NONE;
    this.right[pid] = NONE;
    this.earliest[pid] = pid;
    this.root = this.insert(this.root, pid);
  }

  /** False: it was not here. */
  remove(pid: number): boolean {
    if (!this.has(pid)) return false;
    this.isIn[pid] = 0;
    this.count--;
    this.root = this.erase(this.root, pid);
    return true;
  }

  /** The earliest deadline among those whose time is at most `time`; 0: there is none. */
  firstUpTo(time: number): number {
    let best = NONE;
    let node = this.root;
    while (node !== NONE) {
      if (this.time[node]! > time) {
        node = this.left[node]!;
        continue;
      }
      // Everything to the left is eligible, too.
      best = this.earlier(best, this.earlier(node, this.earliestBelow(this.left[node]!)));
      node = this.right[node]!;
    }
    return best;
  }

  /** The smallest time; 0: nobody is here. */
  firstInTime(): number {
    let node = this.root;
    while (node !== NONE && this.left[node] !== NONE) node = this.left[node]!;
    return node;
  }

  /** In pid order. */
  pids(): number[] {
    const pids: number[] = [];
    for (const [pid, isIn] of this.isIn.entries()) if (isIn === 1) pids.push(pid);
    return pids;
  }

  /** Recounts from scratch: order in time, heap order, and the earliest deadlines. O(n). */
  checkInvariants(): void {
    let walked = 0;
    const check = (node: number): number => {
      if (node === NONE) return NONE;
      walked++;
      const [left, right] = [this.left[node]!, this.right[node]!];
      assert(left === NONE || this.isBefore(left, node), () => `${left} is left of ${node}`);
      assert(right === NONE || this.isBefore(node, right), () => `${right} is right of ${node}`);
      for (const child of [left, right])
        assert(
          child === NONE || heapPriority(child) <= heapPriority(node),
          () => `${child} is below ${node}`,
        );
      const best = this.earlier(node, this.earlier(check(left), check(right)));
      assert(
        this.earliest[node] === best,
        () => `earliest of ${node} is ${this.earliest[node]}, not ${best}`,
      );
      return best;
    };
    check(this.root);
    assert(walked === this.count, () => `${walked} nodes, ${this.count} are ready`);
  }

  private insert(node: number, pid: number): number {
    if (node === NONE) return pid;
    if (heapPriority(pid) > heapPriority(node)) {
      this.split(node, pid);
      return this.renewed(pid);
    }
    if (this.isBefore(pid, node)) this.left[node] = this.insert(this.left[node]!, pid);
    else this.right[node] = this.insert(this.right[node]!, pid);
    return this.renewed(node);
  }

  /** The tree below `node` in two: what is before `pid` to its left, what is behind it to its right. */
  private split(node: number, pid: number): void {
    if (node === NONE) {
      this.left[pid] = NONE;
      this.right[pid] = NONE;
    } else if (this.isBefore(node, pid)) {
      this.split(this.right[node]!, pid);
      this.right[node] = this.left[pid]!;
      this.left[pid] = this.renewed(node);
    } else {
      this.split(this.left[node]!, pid);
      this.left[node] = this.right[pid]!;
      this.right[pid] = this.renewed(node);
    }
  }

  private erase(node: number, pid: number): number {
    if (node === pid) return this.joined(this.left[pid]!, this.right[pid]!);
    if (this.isBefore(pid, node)) this.left[node] = this.erase(this.left[node]!, pid);
    else this.right[node] = this.erase(this.right[node]!, pid);
    return this.renewed(node);
  }

  /** All of `before` is before all of `behind`. */
  private joined(before: number, behind: number): number {
    if (before === NONE) return behind;
    if (behind === NONE) return before;
    if (heapPriority(before) > heapPriority(behind)) {
      this.right[before] = this.joined(this.right[before]!, behind);
      return this.renewed(before);
    }
    this.left[behind] = this.joined(before, this.left[behind]!);
    return this.renewed(behind);
  }

  private renewed(node: number): number {
    const below = this.earlier(this.earliestBelow(this.left[node]!), this.earliestBelow(this.right[node]!));
    this.earliest[node] = this.earlier(node, below);
    return node;
  }

  private earliestBelow(node: number): number {
    return node === NONE ? NONE : this.earliest[node]!;
  }

  private earlier(one: number, other: number): number {
    if (one === NONE || other === NONE) return one === NONE ? other : one;
    const difference = this.deadline[one]! - this.deadline[other]!;
    if (difference !== 0) return difference < 0 ? one : other;
    return this.sequence[one]! <= this.sequence[other]! ? one : other;
  }

  private isBefore(one: number, other: number): boolean {
    const difference = this.time[one]! - this.time[other]!;
    return difference === 0 ? this.sequence[one]! < this.sequence[other]! : difference < 0;
  }

  private grow(pid: number): void {
    const rows = rowsFor(pid, this.time.length);
    this.time = moved(this.time, new Float64Array(rows));
    this.deadline = moved(this.deadline, new Float64Array(rows));
    this.sequence = moved(this.sequence, new Float64Array(rows));
    this.left = moved(this.left, new Int32Array(rows));
    this.right = moved(this.right, new Int32Array(rows));
    this.earliest = moved(this.earliest, new Int32Array(rows));
    this.isIn = moved(this.isIn, new Uint8Array(rows));
  }
}

/** A bijection of 32 bits: no two pids are alike. */
function heapPriority(pid: number): number {
  return mix32(pid) >>> 0;
}
