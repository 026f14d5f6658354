/**
 * Recorded ids (64 bits) to dense ones: 1, 2, … in order of first appearance, so that everything behind can keep its state in columns by id.
 *
 * Shape: ids below 2^22 (block numbers, ids that are dense already) index a table directly. The others are in one open-addressing table with linear
 * probing, at most half full; a slot has the low half of the recorded id beside the dense one, so that a look-up loads one line of memory, and the high
 * half, by dense id, confirms it.
 * Cost: some 20 ns a reference for direct ids and 70 for others, at a million ids (the time of a cache miss). Memory: 16 MiB for direct ids, touched
 * where used, and 24 to 48 bytes for each other id.
 */
import { assert } from '../../base/assert.ts';
import { moved, rowsFor } from '../../policies/columns.ts';

const DIRECT_IDS = 1 << 22;
const SMALLEST_SLOTS = 1_024;
const MOST_IDS = 0x1fffffff;

export class DenseIds {
  /** How many different ids there were. */
  count = 0;
  private readonly direct = new Int32Array(DIRECT_IDS); // [recorded id] dense id, or 0
  private slots = new Int32Array(2 * SMALLEST_SLOTS); // [2 × slot] low half, [2 × slot + 1] dense id, or 0
  private mask = SMALLEST_SLOTS - 1;
  private used = 0; // slots
  private highs = new Int32Array(SMALLEST_SLOTS); // [dense id] high half

  /** The dense id of the recorded id `high` × 2^32 + `low`; the halves are 32-bit integers, signed or not. */
  idOf(low: number, high: number): number {
    const lowWord = low | 0;
    const highWord = high | 0;
    if (highWord === 0 && lowWord >= 0 && lowWord < DIRECT_IDS) {
      const found = this.direct[lowWord]!;
      return found === 0 ? (this.direct[lowWord] = this.next()) : found;
    }
    const { slots, mask, highs } = this;
    for (let slot = spread(lowWord, highWord) & mask; ; slot = (slot + 1) & mask) {
      const found = slots[2 * slot + 1]!;
      if (found === 0) return this.insert(slot, lowWord, highWord);
      if (slots[2 * slot] === lowWord && highs[found] === highWord) return found;
    }
  }

  private next(): number {
    assert(this.count < MOST_IDS, () => `more than ${MOST_IDS} different ids`);
    return ++this.count;
  }

  private insert(slot: number, low: number, high: number): number {
    const id = this.next();
    this.slots[2 * slot] = low;
    this.slots[2 * slot + 1] = id;
    if (id >= this.highs.length)
      this.highs = moved(this.highs, new Int32Array(rowsFor(id, this.highs.length)));
    this.highs[id] = high;
    if (2 * ++this.used > this.mask) this.grow();
    return id;
  }

  private grow(): void {
    const { slots, highs } = this;
    const mask = 2 * this.mask + 1;
    const longer = new Int32Array(2 * (mask + 1));
    for (let at = 0; at < slots.length; at += 2) {
      const id = slots[at + 1]!;
      if (id === 0) continue;
      const low = slots[at]!;
      let slot = spread(low, highs[id]!) & mask;
      while (longer[2 * slot + 1] !== 0) slot = (slot + 1) & mask;
      longer[2 * slot] = low;
      longer[2 * slot + 1] = id;
    }
    this.slots = longer;
    this.mask = mask;
  }
}

/** Ids come as runs, as multiples of a block size, as hashes: every bit must reach the lowest ones. */
function spread(low: number, high: number): number {
  let mixed = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
