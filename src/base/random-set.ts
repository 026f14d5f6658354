/**
 * A set of small ids from which random members are drawn, with or without replacement: what sampled eviction is made of.
 *
 * Shape: the members stand in a row, the last added last; the place of one that leaves is taken by the last. A draw without replacement moves what it
 * drew behind the rest, so that which ids a stream of chance draws depends on the order of calls only, and can be followed by hand.
 * Cost: O(1) for every call but `ids` and `checkInvariants`. Memory: 4 bytes for each member, up to 8 while it grows, and 4 for each possible id.
 *
 * Source of drawing without replacement: R. Durstenfeld, "Algorithm 235: random permutation", 1964, stopped when enough is drawn.
 */
import { assert } from './assert.ts';
import type { Rng } from './rng.ts';

const SMALLEST_CAPACITY = 16;
const LARGEST_ID = 0x3fff_ffff;
const ABSENT = -1;

export class RandomSet {
  private row = new Int32Array(SMALLEST_CAPACITY); // [place] an id
  private places: Int32Array; // [id] its place, or ABSENT
  private count = 0;

  /** `largestId`: where known, the column by id need not grow. */
  constructor(largestId = 0) {
    this.places = new Int32Array(largestId + 1).fill(ABSENT);
  }

  get size(): number {
    return this.count;
  }

  has(id: number): boolean {
    return id >= 0 && id < this.places.length && this.places[id] !== ABSENT;
  }

  /** Adds an id that is not a member. Ids are integers in 0..2^30-1. */
  add(id: number): void {
    if (!(id < this.places.length)) this.growPlaces(id);
    if (this.places[id] !== ABSENT) refusePresent(id);
    if (this.count === this.row.length) this.growRow();
    this.row[this.count] = id;
    this.places[id] = this.count++;
  }

  /** Takes a member out. */
  remove(id: number): void {
    const { row, places } = this;
    const place = places[id];
    if (place === undefined || place === ABSENT) refuseAbsent(id);
    const last = row[--this.count]!;
    row[place] = last;
    places[last] = place;
    places[id] = ABSENT;
  }

  /**
   * Draws one of the first `rest` members and moves it behind the others of these: called with `size`, `size - 1` and so on, it draws without
   * replacement. `rest` is an integer in 1..size.
   */
  draw(rng: Rng, rest: number): number {
    const { row, places } = this;
    if (!(rest <= this.count)) assert(false, `draw of ${rest} members, there are ${this.count}`);
    const place = rng.integer(rest);
    const id = row[place]!;
    const last = row[rest - 1]!;
    row[place] = last;
    places[last] = place;
    row[rest - 1] = id;
    places[id] = rest - 1;
    return id;
  }

  /** In the order of the row. */
  *ids(): IterableIterator<number> {
    for (let place = 0; place < this.count; place++) yield this.row[place]!;
  }

  /** Compares the row with the places. */
  checkInvariants(): void {
    for (let place = 0; place < this.count; place++) {
      const id = this.row[place]!;
      assert(this.places[id] === place, () => `id ${id} stands at ${place}, not ${this.places[id]}`);
    }
    const present = this.places.reduce((sum, place) => sum + (place === ABSENT ? 0 : 1), 0);
    assert(present === this.count, () => `${present} ids have a place, ${this.count} stand in the row`);
  }

  private growRow(): void {
    const row = new Int32Array(2 * this.row.length);
    row.set(this.row);
    this.row = row;
  }

  private growPlaces(id: number): void {
    const isAllowed = Number.isInteger(id) && id >= 0 && id <= LARGEST_ID;
    assert(isAllowed, () => `id ${id}: ids of a set are integers in 0..${LARGEST_ID}`);
    const places = new Int32Array(Math.max(id + 1, 2 * this.places.length)).fill(ABSENT);
    places.set(this.places);
    this.places = places;
  }
}

// Apart, so that the calls they guard stay small.
function refuseAbsent(id: number): never {
  assert(false, `id ${id} is not in the set`);
}
function refusePresent(id: number): never {
  assert(false, `id ${id} is in the set, or no id`);
}
