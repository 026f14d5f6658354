/**
 * Recorded ids (64 bits) to dense ones: 1, 2, … in order of first appearance, so that everything behind can keep its state in columns by id.
 *
 * Shape: ids below 2^22 (block numbers, ids that are dense already) index a table directly. The others are in a table with open addressing and linear
 * probing, at most half full, that holds dense ids; the recorded ones are in a column by dense id, where those that come often lie close together.
 * Ids are translated in batches: all look-ups of a batch begin before the first is decided, so that their cache misses overlap (half the time).
 * Memory: 4 to 8 bytes for each number up to the largest direct id, at most 16 MiB; 16 to 32 bytes for each other id.
 */
import { assert } from '../../base/assert.ts';

/** Ids that `translate` takes at once. */
export const batchIds = 256;

const DIRECT_IDS = 1 << 22;
const SMALLEST_DIRECT = 4_096;
const SMALLEST_SLOTS = 4_096;
const MOST_IDS = 0x0fffffff;
const DIRECT = -1;

export class DenseIds {
  /** How many different ids there were. */
  count = 0;
  private direct = new Int32Array(SMALLEST_DIRECT); // [recorded id] dense id, or 0
  private slots = new Int32Array(SMALLEST_SLOTS); // [slot] dense id, or 0
  private keys = new Int32Array(SMALLEST_SLOTS + 2); // [2 × dense id] low half, [2 × dense id + 1] high half
  private readonly homes = new Int32Array(batchIds); // [in batch] slot where the search begins, or DIRECT
  private readonly likely = new Int32Array(batchIds); // [in batch] what is in that slot

  /**
   * The first `count` recorded ids, `highs` × 2^32 + `lows` (32-bit integers, signed), to `dense` from `at` on. `count`: at most `batchIds`.
   */
  translate(lows: Int32Array, highs: Int32Array, count: number, dense: Int32Array, at: number): void {
    assert(this.count + count < MOST_IDS, () => `more than ${MOST_IDS} different ids`);
    while (2 * (this.count + count) > this.slots.length) this.grow();
    const areDirect = this.beginSearch(lows, highs, count);
    const { direct, homes } = this;
    if (areDirect) {
      for (let index = 0; index < count; index++) dense[at + index] = this.directId(direct, lows[index]!);
      return;
    }
    for (let index = 0; index < count; index++) {
      const home = homes[index]!;
      const low = lows[index]!;
      dense[at + index] =
        home === DIRECT ? this.directId(direct, low) : this.searchedId(home, low, highs[index]!);
    }
  }

  /** Loads what the searches will look at first, and makes room for direct ids. Returns whether all ids are direct. */
  private beginSearch(lows: Int32Array, highs: Int32Array, count: number): boolean {
    const { homes, likely, slots, keys } = this;
    const mask = slots.length - 1;
    let searched = 0;
    let bits = 0;
    for (let index = 0; index < count; index++) {
      const low = lows[index]!;
      const high = highs[index]!;
      if (high === 0 && low >= 0 && low < DIRECT_IDS) {
        homes[index] = DIRECT;
        bits |= low;
        continue;
      }
      const home = spread(low, high) & mask;
      homes[index] = home;
      likely[searched++] = slots[home]!;
    }
    if (bits >= this.direct.length) this.widen(bits);
    let loaded = 0;
    for (let index = 0; index < searched; index++) loaded |= keys[2 * likely[index]!]!;
    likely[0] = loaded; // or the loop would do nothing, and might not run
    return searched === 0;
  }

  private directId(direct: Int32Array, low: number): number {
    const found = direct[low]!;
    return found === 0 ? (direct[low] = ++this.count) : found;
  }

  private searchedId(home: number, low: number, high: number): number {
    const { slots, keys } = this;
    const mask = slots.length - 1;
    for (let slot = home; ; slot = (slot + 1) & mask) {
      const found = slots[slot]!;
      if (found === 0) return this.insert(slot, low, high);
      if (keys[2 * found] === low && keys[2 * found + 1] === high) return found;
    }
  }

  private insert(slot: number, low: number, high: number): number {
    const id = ++this.count;
    this.slots[slot] = id;
    this.keys[2 * id] = low;
    this.keys[2 * id + 1] = high;
    return id;
  }

  /** Room for direct ids that have no other bits. */
  private widen(bits: number): void {
    const longer = new Int32Array(1 << (32 - Math.clz32(bits)));
    longer.set(this.direct);
    this.direct = longer;
  }

  private grow(): void {
    const { slots, keys } = this;
    const longer = new Int32Array(2 * slots.length);
    const mask = longer.length - 1;
    this.keys = new Int32Array(longer.length + 2);
    this.keys.set(keys);
    for (const id of slots) {
      if (id === 0) continue;
      let slot = spread(keys[2 * id]!, keys[2 * id + 1]!) & mask;
      while (longer[slot] !== 0) slot = (slot + 1) & mask;
      longer[slot] = id;
    }
    this.slots = longer;
  }
}

/** Ids come as runs, as multiples of a block size, as hashes: every bit must reach the lowest ones. */
function spread(low: number, high: number): number {
  let mixed = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
