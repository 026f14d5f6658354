/**
 * A kinetic tournament: ready calls, and which of them has the highest response ratio, (time ready + length) / length, at an instant that only moves
 * forward. Every ratio is a straight line in time, so that of two calls the shorter one overtakes at most once: each match of the tournament knows until
 * when its winner stands, and only matches whose time is over are played again.
 *
 * Source: J. Basch, L. J. Guibas and J. Hershberger, "Data structures for mobile data", 1997 (kinetic tournaments).
 * Ratios are compared exactly, as products of integers. Equals: the one with the smaller sequence number.
 * Cost: O(log n) matches for add and remove, and for each overtaking on the way to the top; an overtaking is noticed when somebody asks.
 */
import { assert } from '../../base/assert.ts';
import { moved, rowsFor } from '../columns.ts';

const EMPTY = -1;
const SMALLEST_CAPACITY = 16;

export class ResponseRatios {
  // By slot.
  private pidOf = new Int32Array(SMALLEST_CAPACITY).fill(EMPTY);
  private sinceUs = new Float64Array(SMALLEST_CAPACITY);
  private lengthUs = new Float64Array(SMALLEST_CAPACITY);
  private sequence = new Float64Array(SMALLEST_CAPACITY);
  // By node: node 1 is the final, node n is played by the winners of 2n and 2n + 1, slots are nodes from `capacity` on.
  private winner = new Int32Array(2 * SMALLEST_CAPACITY).fill(EMPTY);
  private standsUntilUs = new Float64Array(2 * SMALLEST_CAPACITY).fill(Infinity);
  private slotOf = new Int32Array(SMALLEST_CAPACITY).fill(EMPTY); // [pid]
  private readonly free: number[] = [];
  private count = 0;
  private nowUs = 0;

  get size(): number {
    return this.count;
  }

  has(pid: number): boolean {
    return pid < this.slotOf.length && this.slotOf[pid] !== EMPTY;
  }

  /** `lengthUs` > 0; times and lengths are integers. */
  add(pid: number, sinceUs: number, lengthUs: number, sequence: number): void {
    if (pid >= this.slotOf.length) this.growPids(pid);
    if (this.slotOf[pid] !== EMPTY) assert(false, `add of id ${pid}, which is ready`);
    if (this.count === this.pidOf.length) this.grow();
    const slot = this.free.pop() ?? this.count;
    this.count++;
    this.slotOf[pid] = slot;
    this.pidOf[slot] = pid;
    this.sinceUs[slot] = sinceUs;
    this.lengthUs[slot] = lengthUs;
    this.sequence[slot] = sequence;
    this.winner[this.pidOf.length + slot] = slot;
    this.playUpFrom(slot);
  }

  /** False: it was not here. */
  remove(pid: number): boolean {
    if (!this.has(pid)) return false;
    const slot = this.slotOf[pid]!;
    this.slotOf[pid] = EMPTY;
    this.count--;
    this.free.push(slot);
    this.pidOf[slot] = EMPTY;
    this.winner[this.pidOf.length + slot] = EMPTY;
    this.playUpFrom(slot);
    return true;
  }

  /** The pid with the highest ratio; -1: nobody is ready. Time does not go back: an earlier instant counts as the last one. */
  first(nowUs: number): number {
    if (nowUs > this.nowUs) this.nowUs = nowUs;
    this.replay(1);
    const slot = this.winner[1]!;
    return slot === EMPTY ? EMPTY : this.pidOf[slot]!;
  }

  // For explanations, of which the tournament hears nothing. `pid` is here.

  waitedUs(pid: number, nowUs: number): number {
    return Math.max(0, nowUs - this.sinceUs[this.slotOf[pid]!]!);
  }
  lengthOf(pid: number): number {
    return this.lengthUs[this.slotOf[pid]!]!;
  }
  /** As `first`. O(n). */
  firstByScan(nowUs: number): number {
    let best = EMPTY;
    for (const [slot, pid] of this.pidOf.entries())
      if (pid !== EMPTY && (best === EMPTY || this.isAhead(slot, best, nowUs))) best = slot;
    return best === EMPTY ? EMPTY : this.pidOf[best]!;
  }

  /** Rows [pid, sinceUs, lengthUs, sequence] in pid order. */
  rows(): number[][] {
    const rows: number[][] = [];
    for (const [pid, slot] of this.slotOf.entries())
      if (slot !== EMPTY) rows.push([pid, this.sinceUs[slot]!, this.lengthUs[slot]!, this.sequence[slot]!]);
    return rows;
  }

  private playUpFrom(slot: number): void {
    const { winner, standsUntilUs } = this;
    for (let node = (this.pidOf.length + slot) >> 1; node >= 1; node >>= 1) {
      const before = winner[node]!;
      const untilUs = standsUntilUs[node]!;
      this.play(node);
      // Another than who changed wins as before, and for as long: nothing further up is different.
      if (before !== slot && winner[node] === before && standsUntilUs[node] === untilUs) return;
    }
  }

  /** Plays again what is over, from the bottom up. */
  private replay(node: number): void {
    if (node >= this.pidOf.length || this.standsUntilUs[node]! > this.nowUs) return;
    this.replay(2 * node);
    this.replay(2 * node + 1);
    this.play(node);
  }

  private play(node: number): void {
    const { winner, standsUntilUs, nowUs } = this;
    const left = winner[2 * node]!;
    const right = winner[2 * node + 1]!;
    let untilUs = Math.min(standsUntilUs[2 * node]!, standsUntilUs[2 * node + 1]!);
    if (left === EMPTY || right === EMPTY) winner[node] = left === EMPTY ? right : left;
    else {
      const isLeft = this.isAhead(left, right, nowUs);
      winner[node] = isLeft ? left : right;
      const overtakenUs = isLeft ? this.overtakenUs(left, right) : this.overtakenUs(right, left);
      untilUs = Math.min(untilUs, overtakenUs);
    }
    standsUntilUs[node] = untilUs;
  }

  /** (nowUs - sinceUs) / lengthUs is larger, or the same and it came first. */
  private isAhead(one: number, other: number, nowUs: number): boolean {
    const { sinceUs, lengthUs, sequence } = this;
    const sign = comparedProducts(
      nowUs - sinceUs[one]!,
      lengthUs[other]!,
      nowUs - sinceUs[other]!,
      lengthUs[one]!,
    );
    return sign === 0 ? sequence[one]! < sequence[other]! : sign > 0;
  }

  /** An instant after now up to which `ahead` is not overtaken by `behind`: the very one, or a little earlier. */
  private overtakenUs(ahead: number, behind: number): number {
    const { sinceUs, lengthUs, nowUs } = this;
    const rate = lengthUs[ahead]! - lengthUs[behind]!;
    if (rate <= 0) return Infinity;
    const left = (nowUs - sinceUs[ahead]!) * lengthUs[behind]!;
    const right = (nowUs - sinceUs[behind]!) * lengthUs[ahead]!;
    const error = Math.max(Math.abs(left), Math.abs(right)) * ROUNDING;
    return nowUs + Math.max(1, Math.floor(((left - right - error) / rate) * (1 - ROUNDING)));
  }

  private grow(): void {
    const before = this.pidOf.length;
    const rows = this.rows();
    this.pidOf = new Int32Array(2 * before).fill(EMPTY);
    this.sinceUs = new Float64Array(2 * before);
    this.lengthUs = new Float64Array(2 * before);
    this.sequence = new Float64Array(2 * before);
    this.winner = new Int32Array(4 * before).fill(EMPTY);
    this.standsUntilUs = new Float64Array(4 * before).fill(Infinity);
    this.slotOf.fill(EMPTY);
    this.free.length = 0;
    this.count = 0;
    for (const [pid = 0, sinceUs = 0, lengthUs = 0, sequence = 0] of rows)
      this.add(pid, sinceUs, lengthUs, sequence);
  }

  private growPids(pid: number): void {
    const before = this.slotOf.length;
    this.slotOf = moved(this.slotOf, new Int32Array(rowsFor(pid, before))).fill(EMPTY, before);
  }
}

/** Above the relative error of a product of two rounded doubles and of what follows from it. */
const ROUNDING = 3.5e-15;

/** The sign of a·b - c·d, exactly; all are integers. */
function comparedProducts(a: number, b: number, c: number, d: number): number {
  const left = a * b;
  const right = c * d;
  // Rounding keeps the order: only what is rounded to the same may differ.
  if (left !== right || Number.isSafeInteger(left)) return left - right;
  const exact = BigInt(a) * BigInt(b) - BigInt(c) * BigInt(d);
  return exact < 0n ? -1 : exact > 0n ? 1 : 0;
}
