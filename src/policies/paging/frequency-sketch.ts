/**
 * How often a page was used lately, estimated in eight bytes for each page that memory holds, however many pages there are: a count-min sketch
 * of 4-bit counters, all halved once in a sample of uses.
 *
 * Sources: G. Cormode, S. Muthukrishnan, "An improved data stream summary: the count-min sketch and its applications", 2005; aging and the doorkeeper:
 * G. Einziger, R. Friedman, B. Manes, "TinyLFU: a highly efficient cache admission policy", ACM ToS 13(4), 2017, and as there, a use raises only the
 * smallest of a page's counters; blocks: F. Putze, P. Sanders, J. Singler, "Cache-, hash- and space-efficient Bloom filters", 2009.
 * The four counters of a page, one in each row, lie in one block of 64 bytes, chosen there by its hash. Eight pages of neighbouring ids share a block: they tend
 * to be used together. The table grows with the pages that memory holds; it doubles by a copy of itself, which leaves every estimate as it was.
 * Cost: O(1), but each halving walks the table.
 */
import { assert } from '../../base/assert.ts';
import type { Json } from '../../kernel/ids.ts';

export interface FrequencySketchOptions {
  /** How many pages memory is known to hold; where it isn't known, `hold` tells later. */
  readonly pages: number;
  /** A Bloom filter takes the first use of a page in each sample, so that pages used once don't fill the counters. */
  readonly doorkeeper: boolean;
}

const BLOCK_SHIFT = 3;
const PAGES_PER_BLOCK = 1 << BLOCK_SHIFT;
/** A counter's largest value. */
const LARGEST_COUNT = 15;
/** A sample is this many uses for each page that memory holds. */
const USES_PER_PAGE = 10;
const WORDS_PER_BLOCK = 16;
const DOORS_PER_BLOCK = 8;
/** Of each of the eight counters in a word, what a shift by one leaves of it. */
const HALVES = 0x7777_7777;

export class FrequencySketch {
  private words = new Int32Array(WORDS_PER_BLOCK); // [block][row] four words with eight counters each
  private doors: Int32Array | undefined; // [block] 256 bits
  private blockMask = 0;
  private pages: number;
  /** Of the present sample; half of the sample before counts. */
  private uses = 0;

  constructor({ pages, doorkeeper }: FrequencySketchOptions) {
    this.pages = pages;
    if (doorkeeper) this.doors = new Int32Array(DOORS_PER_BLOCK);
  }

  /** Memory holds `pages` now. */
  hold(pages: number): void {
    if (pages > this.pages) this.pages = pages;
    if (pages > PAGES_PER_BLOCK * (this.blockMask + 1)) this.double();
  }

  /** `page` was used. */
  record(page: number): void {
    const block = (page >>> BLOCK_SHIFT) & this.blockMask;
    const hash = sketchHash(page);
    if (this.doors === undefined || this.passes(block, hash)) raise(this.words, block, hash);
    if (++this.uses >= USES_PER_PAGE * this.pages) this.age();
  }

  /** Never less than the uses recorded, as they have been halved, up to the largest count. */
  estimate(page: number): number {
    const { words, doors } = this;
    const block = (page >>> BLOCK_SHIFT) & this.blockMask;
    const hash = sketchHash(page);
    const base = block * WORDS_PER_BLOCK;
    const counted = Math.min(
      counter(words, base, hash),
      counter(words, base + 4, hash >>> 5),
      counter(words, base + 8, hash >>> 10),
      counter(words, base + 12, hash >>> 15),
    );
    return doors !== undefined && isIn(doors, block, hash) ? counted + 1 : counted;
  }

  save(): Json {
    const { words, doors, pages, uses } = this;
    return { words: [...words], doors: doors === undefined ? null : [...doors], pages, uses };
  }

  load(state: Json): void {
    const { words, doors, pages, uses } = state as unknown as SketchState;
    assert((doors === null) === (this.doors === undefined), 'a sketch with a doorkeeper is not one without');
    this.words = Int32Array.from(words);
    if (doors !== null) this.doors = Int32Array.from(doors);
    this.blockMask = words.length / WORDS_PER_BLOCK - 1;
    this.pages = pages;
    this.uses = uses;
  }

  /** Has `page` been used before in this sample, as far as the doorkeeper knows? From now on it has. */
  private passes(block: number, hash: number): boolean {
    const doors = this.doors!;
    if (isIn(doors, block, hash)) return true;
    for (let bits = doorsHash(hash), left = 3; left > 0; left--, bits >>>= 8)
      doors[block * DOORS_PER_BLOCK + ((bits >>> 5) & 7)]! |= 1 << (bits & 31);
    return false;
  }

  private age(): void {
    const { words } = this;
    for (let at = 0; at < words.length; at++) words[at] = (words[at]! >>> 1) & HALVES;
    this.doors?.fill(0);
    this.uses >>>= 1;
  }

  /** A page's block in the larger table has its old block's number in its lower bits. */
  private double(): void {
    this.words = twice(this.words);
    if (this.doors !== undefined) this.doors = twice(this.doors);
    this.blockMask = 2 * this.blockMask + 1;
  }
}

interface SketchState {
  readonly words: readonly number[];
  readonly doors: readonly number[] | null;
  readonly pages: number;
  readonly uses: number;
}

/**
 * Five bits for each row, the lowest for the first: which of the 32 counters of that row in the page's block. The block is the page's id without its lowest
 * three bits, modulo the number of blocks, a power of two. Multiplicative, not more: on dense ids it collides less often than chance would.
 */
export function sketchHash(page: number): number {
  const spread = Math.imul(page, 0x9e37_79b1);
  const mixed = Math.imul(spread ^ (spread >>> 15), 0x3184_8bab);
  return mixed ^ (mixed >>> 14);
}

/** Eight bits for each of three bits of the doorkeeper's 256 in the page's block. */
export function doorsHash(hash: number): number {
  const mixed = Math.imul(hash, 0x2c1b_3c6d);
  return mixed ^ (mixed >>> 15);
}

/** One more for the smallest of the page's counters, unless it is full. Written out: a loop over four rows costs twice as much. */
function raise(words: Int32Array, block: number, hash: number): void {
  const base = block * WORDS_PER_BLOCK;
  const at0 = base + ((hash >>> 3) & 3);
  const at1 = base + 4 + ((hash >>> 8) & 3);
  const at2 = base + 8 + ((hash >>> 13) & 3);
  const at3 = base + 12 + ((hash >>> 18) & 3);
  const shift0 = (hash & 7) << 2;
  const shift1 = ((hash >>> 5) & 7) << 2;
  const shift2 = ((hash >>> 10) & 7) << 2;
  const shift3 = ((hash >>> 15) & 7) << 2;
  const word0 = words[at0]!;
  const word1 = words[at1]!;
  const word2 = words[at2]!;
  const word3 = words[at3]!;
  const count0 = (word0 >>> shift0) & LARGEST_COUNT;
  const count1 = (word1 >>> shift1) & LARGEST_COUNT;
  const count2 = (word2 >>> shift2) & LARGEST_COUNT;
  const count3 = (word3 >>> shift3) & LARGEST_COUNT;
  const smallest = Math.min(count0, count1, count2, count3);
  if (smallest === LARGEST_COUNT) return;
  // `+(a === b)` compiles to a comparison without a jump.
  words[at0] = word0 + (+(count0 === smallest) << shift0);
  words[at1] = word1 + (+(count1 === smallest) << shift1);
  words[at2] = word2 + (+(count2 === smallest) << shift2);
  words[at3] = word3 + (+(count3 === smallest) << shift3);
}

function counter(words: Int32Array, row: number, place: number): number {
  return (words[row + ((place >>> 3) & 3)]! >>> ((place & 7) << 2)) & LARGEST_COUNT;
}

function isIn(doors: Int32Array, block: number, hash: number): boolean {
  for (let bits = doorsHash(hash), left = 3; left > 0; left--, bits >>>= 8)
    if ((doors[block * DOORS_PER_BLOCK + ((bits >>> 5) & 7)]! & (1 << (bits & 31))) === 0) return false;
  return true;
}

function twice(table: Int32Array): Int32Array<ArrayBuffer> {
  const doubled = new Int32Array(2 * table.length);
  doubled.set(table);
  doubled.set(table, table.length);
  return doubled;
}
