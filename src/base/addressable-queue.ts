/**
 * A queue of small ids from which any of them can leave, and go to the back again: FIFO and LRU orders, the ring of a clock, ghosts.
 *
 * Shape: an array in queue order with holes where ids have left, and a column from id to slot. The array is written at its end only; when the end is
 * reached, what is left is pushed together, or moved to an array of twice the length if that would leave less than half of it free. The column is made
 * when an id is first looked up: who only adds at the back and takes by slot, as FIFO does, never pays for it, and then touches memory in order.
 * Cost: amortised O(1) for all but the inserts (the distance to the nearest hole), `ids` and `checkInvariants`; O(size) for the first look-up.
 * Memory: at most 16 bytes for each id in the queue or expected, with the column 4 for each possible id.
 *
 * `cursor` is a place in the queue that lasts when ids are added and pushed together: the hand of a clock, or the border between two parts.
 */
import { assert } from './assert.ts';

const SMALLEST_CAPACITY = 16;
const LARGEST_ID = 0x3fff_ffff;
const HOLE = 0;
const ABSENT = -1;

/** The slot of nothing: before the first and behind the last id. */
export const NO_SLOT = -1;

export interface AddressableQueueOptions {
  /** About how many ids will be in the queue, where known: its array then need not grow. */
  readonly expectedSize?: number;
}

export class AddressableQueue {
  private slots: Int32Array; // [slot] an id, or HOLE
  private places: Int32Array | undefined; // [id] its slot, or ABSENT
  private largestId: number;
  /** Before this slot there are holes only; from `end` on nothing has been written yet. */
  private start = 0;
  private end = 0;
  private count = 0;
  /**
   * A slot up to the one behind the last, holding an id or a hole, or NO_SLOT: what is before it stays before it, and the rest behind. An id that is
   * inserted right before it is behind it.
   */
  cursor = NO_SLOT;

  /** `largestId`: where known, the column by id need not grow. */
  constructor(largestId = 0, { expectedSize = 0 }: AddressableQueueOptions = {}) {
    this.largestId = largestId;
    this.slots = new Int32Array(Math.max(SMALLEST_CAPACITY, 4 * expectedSize));
  }

  /** How many ids are in the queue. */
  get size(): number {
    return this.count;
  }

  has(id: number): boolean {
    const { places = this.index() } = this;
    return id > 0 && id < places.length && places[id] !== ABSENT;
  }

  /** The first id; 0: the queue is empty. */
  head(): number {
    const slot = this.firstSlot();
    return slot === NO_SLOT ? 0 : this.slots[slot]!;
  }

  /** Adds an id that is not in the queue, as the last. Ids are integers in 1..2^30-1. */
  pushBack(id: number): void {
    if (this.end === this.slots.length) this.makeRoom();
    this.enter(this.end, id);
    this.end++;
  }

  /** Takes an id out. */
  remove(id: number): void {
    this.removeAt(this.slotOf(id));
  }

  /** Makes an id of the queue its last. */
  moveToBack(id: number): void {
    const slot = this.slotOf(id);
    this.slots[slot] = HOLE;
    if (this.end === this.slots.length) this.makeRoom();
    this.slots[this.end] = id;
    this.places![id] = this.end++;
  }

  /** Removes the first id and returns it; 0: the queue is empty. */
  popFront(): number {
    const slot = this.firstSlot();
    if (slot === NO_SLOT) return 0;
    const id = this.slots[slot]!;
    this.removeAt(slot);
    this.start = slot + 1;
    return id;
  }

  // Slots: to walk along the queue. They hold until an id is added or moved.

  firstSlot(): number {
    const { slots, end } = this;
    let slot = this.start;
    while (slot < end && slots[slot] === HOLE) slot++;
    this.start = slot;
    return slot < end ? slot : NO_SLOT;
  }

  /** The slot of the id behind this slot. */
  nextSlot(slot: number): number {
    return this.slotFrom(slot + 1);
  }

  /** The slot of the first id in or behind this slot. */
  slotFrom(slot: number): number {
    const { slots, end } = this;
    let next = slot;
    while (next < end && slots[next] === HOLE) next++;
    return next < end ? next : NO_SLOT;
  }

  /** The id in a slot. */
  at(slot: number): number {
    return this.slots[slot]!;
  }

  /** The slot of an id that is in the queue. */
  slotOf(id: number): number {
    const { places = this.index() } = this;
    const slot = places[id];
    if (slot === undefined || slot === ABSENT) refuseAbsent(id);
    return slot;
  }

  /** Takes out the id in a slot that is not a hole. */
  removeAt(slot: number): void {
    const id = this.slots[slot]!;
    if (!(id > HOLE)) assert(false, `slot ${slot} holds no id`);
    this.slots[slot] = HOLE;
    if (this.places !== undefined) this.places[id] = ABSENT;
    this.count--;
  }

  /** Puts an id that is not in the queue into the slot that another or the same id has just left. */
  fill(slot: number, id: number): void {
    assert(this.slots[slot] === HOLE, () => `slot ${slot} holds id ${this.slots[slot]}`);
    this.enter(slot, id);
    if (slot < this.start) this.start = slot;
  }

  /** Adds an id that is not in the queue, right behind `place`, which is. */
  insertAfter(place: number, id: number): void {
    this.slotOf(place);
    if (this.end === this.slots.length) this.makeRoom();
    const slot = this.slotOf(place) + 1;
    // What stands between here and the next hole moves one on; the slot at the end counts as one.
    let hole = slot;
    while (hole < this.end && this.slots[hole] !== HOLE) hole++;
    if (hole === this.end) this.end++;
    for (let to = hole; to > slot; to--) {
      const moved = this.slots[to - 1]!;
      this.slots[to] = moved;
      this.places![moved] = to;
    }
    if (this.cursor >= slot && this.cursor < hole) this.cursor++;
    this.slots[slot] = HOLE;
    this.fill(slot, id);
  }

  /** Adds an id that is not in the queue, right before `place`, which is. */
  insertBefore(place: number, id: number): void {
    this.insertAfter(place, id);
    const [before, behind] = [this.slotOf(place), this.slotOf(id)];
    this.slots[before] = id;
    this.slots[behind] = place;
    this.places![id] = before;
    this.places![place] = behind;
    if (this.cursor === before) this.cursor = behind;
  }

  /** First to last. The id just yielded may be removed meanwhile; nothing else may change. */
  *ids(): IterableIterator<number> {
    for (let slot = this.firstSlot(); slot !== NO_SLOT; slot = this.nextSlot(slot)) yield this.slots[slot]!;
  }

  /** Walks the array and compares it with the places and the count. */
  checkInvariants(): void {
    let walked = 0;
    for (let slot = 0; slot < this.slots.length; slot++) {
      const id = this.slots[slot]!;
      if (id === HOLE) continue;
      assert(slot >= this.start && slot < this.end, () => `id ${id} in slot ${slot} is outside of the queue`);
      if (this.places !== undefined)
        assert(this.places[id] === slot, `id ${id} is in slot ${slot}, not ${this.places[id]}`);
      walked++;
    }
    if (this.places !== undefined) {
      const present = this.places.reduce((sum, slot) => sum + (slot === ABSENT ? 0 : 1), 0);
      assert(present === walked, () => `${present} ids have a place, ${walked} are in a slot`);
    }
    assert(walked === this.count, () => `${walked} ids are in the queue, its size is ${this.count}`);
  }

  private enter(slot: number, id: number): void {
    const { places } = this;
    if (places === undefined) {
      if (!(id > 0)) refusePresent(id);
    } else if (id >= places.length) this.growPlaces(id);
    else if (places[id] !== ABSENT || id === 0) refusePresent(id);
    this.slots[slot] = id;
    if (this.places !== undefined) this.places[id] = slot;
    this.count++;
  }

  /** Pushes the ids together, in a longer array if fewer than half of the slots would be free. */
  private makeRoom(): void {
    const { slots, places, end, cursor } = this;
    const to = 2 * this.count > slots.length ? new Int32Array(2 * slots.length) : slots;
    let movedCursor = cursor < this.start ? Math.min(cursor, 0) : NO_SLOT;
    let next = 0;
    for (let slot = this.start; slot < end; slot++) {
      const id = slots[slot]!;
      if (slot === cursor) movedCursor = next;
      // Without a branch on holes, which no processor can foresee: a hole is written too, and then written over.
      to[next] = id;
      if (places !== undefined) places[id] = next;
      next += (0 - id) >>> 31;
    }
    if (places !== undefined) places[HOLE] = ABSENT;
    if (cursor === end) movedCursor = next;
    to.fill(HOLE, next, end);
    this.slots = to;
    this.start = 0;
    this.end = next;
    this.cursor = movedCursor;
  }

  private growPlaces(id: number): void {
    assert(isId(id), () => `id ${id}: ids of a queue are integers in 1..${LARGEST_ID}`);
    this.largestId = Math.max(id, 2 * this.largestId);
    const places = new Int32Array(this.largestId + 1).fill(ABSENT);
    places.set(this.places!);
    this.places = places;
  }

  /** The column from id to slot, made now. */
  private index(): Int32Array {
    const { slots } = this;
    for (let slot = this.start; slot < this.end; slot++)
      this.largestId = Math.max(this.largestId, slots[slot]!);
    const places = new Int32Array(this.largestId + 1).fill(ABSENT);
    for (let slot = this.start; slot < this.end; slot++)
      if (slots[slot] !== HOLE) places[slots[slot]!] = slot;
    this.places = places;
    return places;
  }
}

const isId = (id: number): boolean => Number.isInteger(id) && id >= 1 && id <= LARGEST_ID;

// Apart, so that the calls they guard stay small.
function refuseAbsent(id: number): never {
  assert(false, `id ${id} is not in the queue`);
}
function refusePresent(id: number): never {
  assert(
    false,
    isId(id)
      ? `id ${id} is in the queue already`
      : `id ${id}: ids of a queue are integers in 1..${LARGEST_ID}`,
  );
}
