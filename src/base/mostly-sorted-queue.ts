/**
 * An addressable priority queue of small integer ids for entries that mostly come in order: a ready queue, where who comes later mostly
 * stands further back. Order, ids and keys are those of KeyedHeap, and so is every answer; only the cost differs.
 *
 * Shape: an entry that is not smaller than the last of the line is appended to the line, a ring of rows in ascending order; any other goes
 * into a heap. The first is the smaller of the two fronts. What leaves the line other than from its ends leaves a gap there.
 * Cost: O(1) while entries come in order, O(log size) for those that do not. Memory: 20 bytes for each place, 4 for each possible id, and
 * the heap's own.
 */
import { assert } from './assert.ts';
import { KeyedHeap } from './heap.ts';

const ABSENT = -1;
const SMALLEST_CAPACITY = 16;

export class MostlySortedQueue {
  private readonly heap = new KeyedHeap();
  // The line: `length` rows from row `first` on, gaps included, in a ring. Neither its first nor its last row is a gap.
  private keys = new Float64Array(SMALLEST_CAPACITY); // [row]
  private ties = new Float64Array(SMALLEST_CAPACITY); // [row]
  private rowIds = new Int32Array(SMALLEST_CAPACITY); // [row] the id, or ABSENT: a gap
  private rows = new Int32Array(SMALLEST_CAPACITY).fill(ABSENT); // [id] its row, or ABSENT: not in the line
  private first = 0;
  private length = 0;
  private gaps = 0;

  /** How many ids are in the queue. */
  get size(): number {
    return this.length - this.gaps + this.heap.size;
  }

  /** Adds an id that is not in the queue. Ids are integers in 0..2^30-1; `key` and `tie` are not NaN. */
  push(id: number, key: number, tie: number): void {
    const isLast = this.length === 0 || !this.isBefore(key, tie, this.first + this.length - 1);
    // The heap refuses what is no id and no key.
    if (!isLast || !(id >= 0) || key !== key || tie !== tie) return this.pushApart(id, key, tie);
    if (id >= this.rows.length) this.growIds(id);
    if (this.rows[id] !== ABSENT || this.heap.has(id))
      assert(false, `push of id ${id}, which is in the queue`);
    if (this.length === this.rowIds.length) this.makeRows();
    const row = (this.first + this.length++) & (this.rowIds.length - 1);
    this.keys[row] = key;
    this.ties[row] = tie;
    this.rowIds[row] = id;
    this.rows[id] = row;
  }

  /** Removes the smallest entry and returns its id, or -1 when the queue is empty. */
  popMin(): number {
    if (!this.isLineFirst()) return this.heap.popMin();
    const id = this.rowIds[this.first]!;
    this.rows[id] = ABSENT;
    this.dropFirst();
    return id;
  }

  /** The id of the smallest entry, or -1 when the queue is empty. */
  peek(): number {
    return this.isLineFirst() ? this.rowIds[this.first]! : this.heap.peek();
  }

  /** The key of the smallest entry, or Infinity when the queue is empty. */
  peekKey(): number {
    return this.isLineFirst() ? this.keys[this.first]! : this.heap.peekKey();
  }

  has(id: number): boolean {
    return this.isInLine(id) || this.heap.has(id);
  }

  /** The key of an id that is in the queue. */
  keyOf(id: number): number {
    return this.isInLine(id) ? this.keys[this.rows[id]!]! : this.heap.keyOf(id);
  }

  /** The tie of an id that is in the queue. */
  tieOf(id: number): number {
    return this.isInLine(id) ? this.ties[this.rows[id]!]! : this.heap.tieOf(id);
  }

  /** Removes an id wherever it is; false when it was not in the queue. */
  remove(id: number): boolean {
    if (!this.isInLine(id)) return this.heap.remove(id);
    const row = this.rows[id]!;
    this.rows[id] = ABSENT;
    const mask = this.rowIds.length - 1;
    if (row === this.first) this.dropFirst();
    else {
      this.rowIds[row] = ABSENT;
      this.gaps++;
      while (this.rowIds[(this.first + this.length - 1) & mask] === ABSENT) {
        this.length--;
        this.gaps--;
      }
    }
    return true;
  }

  /** The ids in no useful order: for tests, saving and listing. */
  *ids(): IterableIterator<number> {
    for (let step = 0; step < this.length; step++) {
      const id = this.rowIds[(this.first + step) & (this.rowIds.length - 1)]!;
      if (id !== ABSENT) yield id;
    }
    yield* this.heap.ids();
  }

  /** Recounts from scratch: the line's order, its ends and gaps, and that rows and ids name each other. O(ids). */
  checkInvariants(): void {
    this.heap.checkInvariants();
    const { keys, ties, rowIds, rows, first, length } = this;
    let gaps = 0;
    for (let step = 0; step < length; step++) {
      const row = (first + step) & (rowIds.length - 1);
      const id = rowIds[row]!;
      const isEnd = step === 0 || step === length - 1;
      assert(id !== ABSENT || !isEnd, () => `row ${row}, an end of the line, is a gap`);
      assert(id === ABSENT || rows[id] === row, () => `id ${id} is in row ${row} but named in ${rows[id]}`);
      assert(id === ABSENT || !this.heap.has(id), () => `id ${id} is in the line and in the heap`);
      if (id === ABSENT) gaps++;
      const next = (row + 1) & (rowIds.length - 1);
      const isOrdered = step === length - 1 || !this.isBefore(keys[next]!, ties[next]!, row);
      assert(isOrdered, () => `row ${next} is smaller than row ${row} before it`);
    }
    assert(gaps === this.gaps, () => `${gaps} gaps in the line, ${this.gaps} counted`);
    const present = rows.reduce((sum, row) => sum + (row === ABSENT ? 0 : 1), 0);
    assert(present === length - gaps, () => `${present} ids have a row, ${length - gaps} rows are used`);
  }

  private isInLine(id: number): boolean {
    return id >= 0 && id < this.rows.length && this.rows[id] !== ABSENT;
  }

  /** The line's first is the first of all. */
  private isLineFirst(): boolean {
    const { heap } = this;
    if (this.length === 0 || heap.size === 0) return this.length > 0;
    // Most keys differ: the tie is looked up only when they don't.
    const key = heap.peekKey();
    const lineKey = this.keys[this.first]!;
    return lineKey < key || (lineKey === key && !this.isBefore(key, heap.tieOf(heap.peek()), this.first));
  }

  /** Is (key, tie) smaller than what stands in `place`, a row that may have gone round the ring? */
  private isBefore(key: number, tie: number, place: number): boolean {
    const row = place & (this.rowIds.length - 1);
    const other = this.keys[row]!;
    return key < other || (key === other && tie < this.ties[row]!);
  }

  private pushApart(id: number, key: number, tie: number): void {
    if (this.isInLine(id)) assert(false, `push of id ${id}, which is in the queue`);
    this.heap.push(id, key, tie);
  }

  /** The first row leaves the line, and the gaps behind it. */
  private dropFirst(): void {
    const mask = this.rowIds.length - 1;
    this.first = (this.first + 1) & mask;
    this.length--;
    while (this.gaps > 0 && this.rowIds[this.first] === ABSENT) {
      this.first = (this.first + 1) & mask;
      this.length--;
      this.gaps--;
    }
  }

  /** The ring is full: its rows move together, into one of twice the size unless half of them are gaps. */
  private makeRows(): void {
    const { keys, ties, rowIds, first, length } = this;
    const capacity = this.gaps * 2 >= length ? length : length * 2;
    this.keys = new Float64Array(capacity);
    this.ties = new Float64Array(capacity);
    this.rowIds = new Int32Array(capacity);
    let row = 0;
    for (let step = 0; step < length; step++) {
      const from = (first + step) & (length - 1);
      const id = rowIds[from]!;
      if (id === ABSENT) continue;
      this.keys[row] = keys[from]!;
      this.ties[row] = ties[from]!;
      this.rowIds[row] = id;
      this.rows[id] = row++;
    }
    this.first = 0;
    this.length = row;
    this.gaps = 0;
  }

  private growIds(id: number): void {
    assert((id | 0) === id && id <= 0x3fffffff, `id ${id}: allowed: an integer in 0..2^30-1`);
    const before = this.rows;
    let capacity = before.length;
    while (capacity <= id) capacity *= 2;
    this.rows = new Int32Array(capacity).fill(ABSENT);
    this.rows.set(before);
  }
}
