/**
 * An addressable min-heap of small integer ids (pids, extents, timer ids) in typed-array columns.
 *
 * Entries are ordered by (key, tie), both doubles; callers pass a sequence number or the id as `tie`, so that the
 * order is total and never heap luck. An id is in the heap at most once and can be found, moved and removed.
 *
 * Shape: 4-ary. A row of the columns `keys`, `ties`, `rowIds` is a place in the heap, so that a sift compares neighbours
 * in memory; `places` leads from an id to its row. A sift moves a hole and writes the entry once, at the end.
 * Cost: O(log size) for push, popMin, remove and update, O(1) for the rest. Memory: 20 bytes per place, 4 per possible id.
 *
 * Sources: D. B. Johnson, "Priority queues with update and finding minimum spanning trees", 1975 (d-ary heaps);
 * A. LaMarca and R. E. Ladner, "The influence of caches on the performance of heaps", 1996 (why four children).
 */
import { assert } from './assert.ts';

const ABSENT = -1;
const ROOT = 0;
const SMALLEST_CAPACITY = 16;
const LARGEST_ID = 0x3fffffff;

/**
 * Above this row all columns stay in the cache and a wrongly predicted branch is the cost: the smallest child is
 * found without branches. Below it a load from memory is the cost, and predicted branches let the loads overlap.
 */
const CACHED_ROWS = 8192;

export class KeyedHeap {
  private keys: Float64Array; // [row]
  private ties: Float64Array; // [row]
  private rowIds: Int32Array; // [row]
  private places: Int32Array; // [id] its row, or ABSENT
  private count = 0;

  /** The largest id, and how many will be in it at once: where known, its columns need not grow. */
  constructor(largestId: number = SMALLEST_CAPACITY - 1, rows: number = SMALLEST_CAPACITY) {
    assert(
      rows >= 1 && largestId >= 1,
      () => `a heap for ${rows} ids up to ${largestId}: allowed: 1 or more`,
    );
    this.keys = new Float64Array(rows);
    this.ties = new Float64Array(rows);
    this.rowIds = new Int32Array(rows);
    this.places = new Int32Array(largestId + 1).fill(ABSENT);
  }

  /** How many ids are in the heap. */
  get size(): number {
    return this.count;
  }

  /** Adds an id that is not in the heap. Ids are integers in 0..2^30-1; `key` and `tie` are not NaN. */
  push(id: number, key: number, tie: number): void {
    this.checkKey(id, key, tie);
    if (id >= this.places.length) this.growPlaces(id);
    // The hot calls write their assertions so: nothing is made for a message that is not wanted.
    if (this.places[id] !== ABSENT) assert(false, `push of id ${id}, which is in the heap`);
    if (this.count === this.rowIds.length) this.growRows();
    this.siftUp(this.count++, id, key, tie);
  }

  /** Removes the smallest entry and returns its id, or -1 when the heap is empty. */
  popMin(): number {
    if (this.count === 0) return ABSENT;
    const id = this.rowIds[ROOT]!;
    this.places[id] = ABSENT;
    const last = --this.count;
    if (last > ROOT) this.siftDown(ROOT, this.rowIds[last]!, this.keys[last]!, this.ties[last]!);
    return id;
  }

  /** The id of the smallest entry, or -1 when the heap is empty. */
  peek(): number {
    return this.count === 0 ? ABSENT : this.rowIds[ROOT]!;
  }

  /** The key of the smallest entry, or Infinity when the heap is empty (so that `peekKey() <= now` ends a loop). */
  peekKey(): number {
    return this.count === 0 ? Infinity : this.keys[ROOT]!;
  }

  has(id: number): boolean {
    return id >= 0 && id < this.places.length && this.places[id] !== ABSENT;
  }

  /** The key of an id that is in the heap. */
  keyOf(id: number): number {
    assert(this.has(id), () => `keyOf id ${id}, which is not in the heap`);
    return this.keys[this.places[id]!]!;
  }

  /** The tie of an id that is in the heap. */
  tieOf(id: number): number {
    assert(this.has(id), () => `tieOf id ${id}, which is not in the heap`);
    return this.ties[this.places[id]!]!;
  }

  /** Removes an id wherever it is; false when it was not in the heap. */
  remove(id: number): boolean {
    if (this.count === 0 || !this.has(id)) return false;
    const row = this.places[id]!;
    this.places[id] = ABSENT;
    const last = --this.count;
    if (row !== last) this.place(row, this.rowIds[last]!, this.keys[last]!, this.ties[last]!);
    return true;
  }

  /** Gives an id that is in the heap another key, larger or smaller. */
  update(id: number, key: number, tie: number): void {
    this.checkKey(id, key, tie);
    if (!this.has(id)) assert(false, `update of id ${id}, which is not in the heap`);
    this.place(this.places[id]!, id, key, tie);
  }

  /** Empties the heap; keeps its memory. O(size). */
  clear(): void {
    for (let row = 0; row < this.count; row++) this.places[this.rowIds[row]!] = ABSENT;
    this.count = 0;
  }

  /** The ids in heap order, which is no useful order beyond the first: for tests, saving and listing. */
  *ids(): IterableIterator<number> {
    for (let row = 0; row < this.count; row++) yield this.rowIds[row]!;
  }

  /** Recounts from scratch: order between parents and children, and that rows and places name each other. O(ids). */
  checkInvariants(): void {
    const { keys, ties, rowIds, places, count } = this;
    for (let row = 0; row < count; row++) {
      const id = rowIds[row]!;
      assert(places[id] === row, () => `id ${id} is in row ${row} but its place is ${places[id]}`);
      if (row === ROOT) continue;
      const parent = (row - 1) >> 2;
      const isOrdered =
        keys[parent]! < keys[row]! || (keys[parent] === keys[row] && ties[parent]! <= ties[row]!);
      assert(
        isOrdered,
        () => `row ${row} (${keys[row]}, ${ties[row]}) is smaller than its parent, row ${parent}`,
      );
    }
    const present = places.reduce((sum, row) => sum + (row === ABSENT ? 0 : 1), 0);
    assert(present === count, () => `${present} ids have a place, ${count} rows are used`);
  }

  /** Puts an entry where `row` is a hole, in the direction that its key asks for. */
  private place(row: number, id: number, key: number, tie: number): void {
    const parent = (row - 1) >> 2;
    const isSmaller =
      row > ROOT && (key < this.keys[parent]! || (key === this.keys[parent]! && tie < this.ties[parent]!));
    if (isSmaller) this.siftUp(row, id, key, tie);
    else this.siftDown(row, id, key, tie);
  }

  private siftUp(hole: number, id: number, key: number, tie: number): void {
    const { keys, ties, rowIds, places } = this;
    while (hole > ROOT) {
      const parent = (hole - 1) >> 2;
      const parentKey = keys[parent]!;
      if (parentKey < key || (parentKey === key && ties[parent]! <= tie)) break;
      const parentId = rowIds[parent]!;
      keys[hole] = parentKey;
      ties[hole] = ties[parent]!;
      rowIds[hole] = parentId;
      places[parentId] = hole;
      hole = parent;
    }
    keys[hole] = key;
    ties[hole] = tie;
    rowIds[hole] = id;
    places[id] = hole;
  }

  private siftDown(hole: number, id: number, key: number, tie: number): void {
    const { keys, ties, rowIds, places, count } = this;
    for (let first = 4 * hole + 1; first < count; first = 4 * hole + 1) {
      let child = first;
      if (first + 4 > count) {
        for (let other = first + 1; other < count; other++) {
          if (keys[other]! < keys[child]! || (keys[other] === keys[child] && ties[other]! < ties[child]!)) {
            child = other;
          }
        }
      } else if (first < CACHED_ROWS) {
        // Two pairs and a final; `+(a < b)` and bitwise operators compile to comparisons without a jump.
        const key0 = keys[first]!;
        const key1 = keys[first + 1]!;
        const key2 = keys[first + 2]!;
        const key3 = keys[first + 3]!;
        const left = first + (+(key1 < key0) | (+(key1 === key0) & +(ties[first + 1]! < ties[first]!)));
        const right =
          first + 2 + (+(key3 < key2) | (+(key3 === key2) & +(ties[first + 3]! < ties[first + 2]!)));
        const leftKey = keys[left]!;
        const rightKey = keys[right]!;
        const isRight = +(rightKey < leftKey) | (+(rightKey === leftKey) & +(ties[right]! < ties[left]!));
        child = left + (right - left) * isRight;
      } else {
        let childKey = keys[first]!;
        const key1 = keys[first + 1]!;
        if (key1 < childKey || (key1 === childKey && ties[first + 1]! < ties[child]!)) {
          child = first + 1;
          childKey = key1;
        }
        const key2 = keys[first + 2]!;
        if (key2 < childKey || (key2 === childKey && ties[first + 2]! < ties[child]!)) {
          child = first + 2;
          childKey = key2;
        }
        const key3 = keys[first + 3]!;
        if (key3 < childKey || (key3 === childKey && ties[first + 3]! < ties[child]!)) child = first + 3;
      }
      const childKey = keys[child]!;
      const childTie = ties[child]!;
      if (childKey > key || (childKey === key && childTie >= tie)) break;
      const childId = rowIds[child]!;
      keys[hole] = childKey;
      ties[hole] = childTie;
      rowIds[hole] = childId;
      places[childId] = hole;
      hole = child;
    }
    keys[hole] = key;
    ties[hole] = tie;
    rowIds[hole] = id;
    places[id] = hole;
  }

  private checkKey(id: number, key: number, tie: number): void {
    const isAllowed = (id | 0) === id && id >= 0 && id <= LARGEST_ID && key === key && tie === tie;
    if (!isAllowed)
      assert(false, `id ${id}, key ${key}, tie ${tie}: an id in 0..${LARGEST_ID}, and keys that are numbers`);
  }

  private growRows(): void {
    const capacity = this.rowIds.length * 2;
    this.keys = grown(this.keys, new Float64Array(capacity));
    this.ties = grown(this.ties, new Float64Array(capacity));
    this.rowIds = grown(this.rowIds, new Int32Array(capacity));
  }

  private growPlaces(id: number): void {
    let capacity = this.places.length;
    while (capacity <= id) capacity *= 2;
    this.places = grown(this.places, new Int32Array(capacity).fill(ABSENT));
  }
}

function grown<Column extends Float64Array | Int32Array>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}
