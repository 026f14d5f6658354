/**
 * LRU stack distances: for every reference, how many different pages were used since the page's last use, itself included. It is the page's rank in
 * the stack of pages ordered by recency, and so the smallest LRU memory in which the reference hits.
 *
 * Sources: R. L. Mattson, J. Gecsei, D. R. Slutz, I. L. Traiger, "Evaluation techniques for storage hierarchies", IBM Systems Journal 9(2), 1970;
 * B. T. Bennett and V. J. Kruskal, "LRU stack processing", IBM Journal of Research and Development 19(4), 1975, for the tree over time.
 * Departs from the latter: one bit a slot of time, set where some page was used last. Only the counts of whole blocks of 128 slots are in a tree
 * (P. M. Fenwick's, 1994), which then stays in the cache; the rest is counted in the bits. When the slots are used up, what is still set
 * moves to their beginning, so that time never has more slots than four times the pages.
 * Cost: O(log pages) a reference; 5 bytes a page.
 */
import { bitCount } from '../../../base/bit-count.ts';

const BLOCK_SHIFT = 7;
const SLOTS_PER_BLOCK = 1 << BLOCK_SHIFT;
const WORDS_PER_BLOCK = SLOTS_PER_BLOCK / 32;
/** Moving costs a step for each word and each page: with fewer slots than this, it would come too often. */
const FEWEST_SLOTS = 65_536;

export class StackDistances {
  /** [page] slot of its last use plus 1; 0 when it isn't in the stack. */
  private readonly slotOf: Int32Array;
  /** One bit a slot. */
  private readonly words: Int32Array;
  /** Fenwick tree over the set bits of each whole block before the current one; [0] is not used. */
  private readonly tree: Int32Array;
  private readonly blockCount: number;
  /** The next use's slot. */
  private next = 0;
  private stacked = 0;

  /** `largestPage`: ids are 1 to that. `mostPages`: how many are in the stack at once at most. */
  constructor(largestPage: number, mostPages: number = largestPage) {
    this.slotOf = new Int32Array(largestPage + 1);
    this.blockCount = Math.ceil(Math.max(FEWEST_SLOTS, 4 * mostPages) / SLOTS_PER_BLOCK);
    this.words = new Int32Array(this.blockCount * WORDS_PER_BLOCK);
    this.tree = new Int32Array(this.blockCount + 1);
  }

  /** Pages in the stack. */
  get size(): number {
    return this.stacked;
  }

  /** The page's rank in the stack, 1 for the one that was used last, 0 when it isn't in the stack; it is then at the top. */
  use(page: number): number {
    if (this.next === this.blockCount * SLOTS_PER_BLOCK) this.compact();
    const { slotOf, words } = this;
    const slot = slotOf[page]! - 1;
    const rank = slot < 0 ? 0 : this.takeOut(slot);
    const next = this.next;
    slotOf[page] = next + 1;
    words[next >> 5]! |= 1 << (next & 31);
    this.stacked++;
    this.next = next + 1;
    if (((next + 1) & (SLOTS_PER_BLOCK - 1)) === 0) this.closeBlock(next >> BLOCK_SHIFT);
    return rank;
  }

  /** The page leaves the stack, in which it is. */
  remove(page: number): void {
    this.takeOut(this.slotOf[page]! - 1);
    this.slotOf[page] = 0;
  }

  /** Clears the slot's bit; returns its rank before. */
  private takeOut(slot: number): number {
    const { words, tree } = this;
    const word = slot >> 5;
    const bits = words[word]!;
    const block = slot >> BLOCK_SHIFT;
    let rank = bitCount(bits >>> (slot & 31));
    words[word] = bits & ~(1 << (slot & 31));
    if (block === this.next >> BLOCK_SHIFT) {
      // The current block is not in the tree, and nothing is behind it.
      for (let at = word + 1; at <= this.next >> 5; at++) rank += bitCount(words[at]!);
    } else {
      const end = (block + 1) * WORDS_PER_BLOCK;
      for (let at = word + 1; at < end; at++) rank += bitCount(words[at]!);
      let upTo = 0;
      for (let at = block + 1; at > 0; at &= at - 1) upTo += tree[at]!;
      rank += this.stacked - upTo;
      for (let at = block + 1; at <= this.blockCount; at += at & -at) tree[at]!--;
    }
    this.stacked--;
    return rank;
  }

  private closeBlock(block: number): void {
    const { words, tree } = this;
    let count = 0;
    const end = (block + 1) * WORDS_PER_BLOCK;
    for (let at = block * WORDS_PER_BLOCK; at < end; at++) count += bitCount(words[at]!);
    for (let at = block + 1; at <= this.blockCount; at += at & -at) tree[at]! += count;
  }

  /** The pages of the stack keep their order and get the first slots. */
  private compact(): void {
    const { slotOf, words, tree } = this;
    const before = new Int32Array(words.length); // [word] set bits before it
    let count = 0;
    for (let word = 0; word < words.length; word++) {
      before[word] = count;
      count += bitCount(words[word]!);
    }
    for (let page = 0; page < slotOf.length; page++) {
      const slot = slotOf[page]! - 1;
      if (slot < 0) continue;
      const word = slot >> 5;
      slotOf[page] = before[word]! + bitCount(words[word]! & ((1 << (slot & 31)) - 1)) + 1;
    }
    words.fill(0);
    words.fill(-1, 0, count >> 5);
    if ((count & 31) !== 0) words[count >> 5] = (1 << (count & 31)) - 1;
    tree.fill(0);
    this.next = count;
    for (let block = 0; block < count >> BLOCK_SHIFT; block++) this.closeBlock(block);
  }
}
