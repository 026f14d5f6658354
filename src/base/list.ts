/**
 * A doubly linked list of small integer ids (pages, extents, processes) in two columns: LRU and FIFO orders, rings of
 * a clock. An id is in the list at most once. Every operation is O(1) but `clear`, `ids` and `checkInvariants`.
 * Memory: 8 bytes per possible id, none per entry.
 */
import { assert } from './assert.ts';

/** What `head`, `tail`, `after` and `before` return where there is no id. */
export const NONE = -1;

const ABSENT = -2; // in the `nextOf` column: the id is not in the list
const SMALLEST_CAPACITY = 16;
const LARGEST_ID = 0x3fffffff;

export class LinkedIds {
  private nextOf = new Int32Array(SMALLEST_CAPACITY).fill(ABSENT); // [id] the id behind it, NONE at the tail, or ABSENT
  private previousOf = new Int32Array(SMALLEST_CAPACITY).fill(NONE); // [id] the id before it, NONE at the head
  private first = NONE;
  private last = NONE;
  private count = 0;

  /** How many ids are in the list. */
  get size(): number {
    return this.count;
  }

  /** The first id, or NONE. */
  get head(): number {
    return this.first;
  }

  /** The last id, or NONE. */
  get tail(): number {
    return this.last;
  }

  has(id: number): boolean {
    return id >= 0 && id < this.nextOf.length && this.nextOf[id] !== ABSENT;
  }

  /** The id behind this one (which is in the list), or NONE. */
  next(id: number): number {
    this.checkPresent(id);
    return this.nextOf[id]!;
  }

  /** The id before this one (which is in the list), or NONE. */
  previous(id: number): number {
    this.checkPresent(id);
    return this.previousOf[id]!;
  }

  /** Adds an id that is not in the list, as the first. Ids are integers in 0..2^30-1. */
  pushFront(id: number): void {
    this.checkAbsent(id);
    this.link(id, NONE, this.first);
  }

  /** Adds an id that is not in the list, as the last. */
  pushBack(id: number): void {
    this.checkAbsent(id);
    this.link(id, this.last, NONE);
  }

  /** Adds an id that is not in the list, right behind `anchor`, which is. */
  insertAfter(anchor: number, id: number): void {
    this.checkPresent(anchor);
    this.checkAbsent(id);
    this.link(id, anchor, this.nextOf[anchor]!);
  }

  /** Adds an id that is not in the list, right before `anchor`, which is. */
  insertBefore(anchor: number, id: number): void {
    this.checkPresent(anchor);
    this.checkAbsent(id);
    this.link(id, this.previousOf[anchor]!, anchor);
  }

  /** Takes an id out; false when it was not in the list. */
  remove(id: number): boolean {
    if (!this.has(id)) return false;
    this.unlink(id);
    return true;
  }

  /** Makes an id that is in the list the first. */
  moveToFront(id: number): void {
    this.checkPresent(id);
    if (this.first === id) return;
    this.unlink(id);
    this.link(id, NONE, this.first);
  }

  /** Makes an id that is in the list the last. */
  moveToBack(id: number): void {
    this.checkPresent(id);
    if (this.last === id) return;
    this.unlink(id);
    this.link(id, this.last, NONE);
  }

  /** Removes and returns the first id, or NONE. */
  popFront(): number {
    const id = this.first;
    if (id !== NONE) this.unlink(id);
    return id;
  }

  /** Removes and returns the last id, or NONE. */
  popBack(): number {
    const id = this.last;
    if (id !== NONE) this.unlink(id);
    return id;
  }

  /** Empties the list; keeps its memory. O(size). */
  clear(): void {
    while (this.first !== NONE) this.unlink(this.first);
  }

  /** First to last. The id just yielded may be removed meanwhile; nothing else may change. */
  *ids(): IterableIterator<number> {
    for (let id = this.first; id !== NONE;) {
      const next = this.nextOf[id]!;
      yield id;
      id = next;
    }
  }

  /** Walks the list and compares it with its backward links, its ends and its size. */
  checkInvariants(): void {
    let previous = NONE;
    let walked = 0;
    for (const id of this.ids()) {
      assert(this.has(id), () => `id ${id} is linked but not in the list`);
      assert(
        this.previousOf[id] === previous,
        () => `before ${id} comes ${previous}, not ${this.previousOf[id]}`,
      );
      previous = id;
      walked++;
      assert(walked <= this.count, () => `more than ${this.count} ids are linked: a cycle`);
    }
    assert(this.last === previous, () => `the walk ends at ${previous}, the tail is ${this.last}`);
    const present = this.nextOf.reduce((sum, next) => sum + (next === ABSENT ? 0 : 1), 0);
    assert(walked === this.count, () => `${walked} ids are linked, the size is ${this.count}`);
    assert(present === this.count, () => `${present} ids are marked as present, the size is ${this.count}`);
  }

  private link(id: number, before: number, behind: number): void {
    this.previousOf[id] = before;
    this.nextOf[id] = behind;
    if (before === NONE) this.first = id;
    else this.nextOf[before] = id;
    if (behind === NONE) this.last = id;
    else this.previousOf[behind] = id;
    this.count++;
  }

  private unlink(id: number): void {
    const before = this.previousOf[id]!;
    const behind = this.nextOf[id]!;
    if (before === NONE) this.first = behind;
    else this.nextOf[before] = behind;
    if (behind === NONE) this.last = before;
    else this.previousOf[behind] = before;
    this.nextOf[id] = ABSENT;
    this.count--;
  }

  private checkPresent(id: number): void {
    assert(this.has(id), () => `id ${id} is not in the list`);
  }

  private checkAbsent(id: number): void {
    const isAllowed = (id | 0) === id && id >= 0 && id <= LARGEST_ID;
    assert(isAllowed, () => `id ${id}: ids of a list are integers in 0..${LARGEST_ID}`);
    if (id >= this.nextOf.length) this.grow(id);
    assert(this.nextOf[id] === ABSENT, () => `id ${id} is in the list already`);
  }

  private grow(id: number): void {
    const from = this.nextOf.length;
    let capacity = from;
    while (capacity <= id) capacity *= 2;
    const nextOf = new Int32Array(capacity).fill(ABSENT, from);
    nextOf.set(this.nextOf);
    const previousOf = new Int32Array(capacity).fill(NONE, from);
    previousOf.set(this.previousOf);
    this.nextOf = nextOf;
    this.previousOf = previousOf;
  }
}
