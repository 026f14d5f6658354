/**
 * A set of integers 0 to 2^31-2 that finds its largest element, and the next smaller one to any: a bit for each possible element, above it a bit for
 * each word that is not empty, and so on, until one word tells of all. For keys that are dense, such as positions in a trace, it is several times
 * faster than a heap, and knows no order of insertion.
 *
 * Source: the idea of P. van Emde Boas, "Preserving order in a forest in less than logarithmic time", 1975, here with 32 children at each level.
 * Cost: at most one word for each of the log32 levels. Memory: 1.04 bits for each possible element, doubled as it grows.
 */
import { assert } from './assert.ts';

const NONE = -1;

export class HierarchicalBitSet {
  /** Bit b of word w stands for the element 32·w + b. */
  private words = new Int32Array(1);
  /** [level] bit b of word w: is word 32·w + b of the level below not empty? The last level is one word; there is none while `words` is one. */
  private summaries: Int32Array[] = [];

  has(element: number): boolean {
    return (this.words[element >>> 5]! & (1 << (element & 31))) !== 0;
  }

  add(element: number): void {
    const index = element >>> 5;
    if (!(index < this.words.length)) this.grow(element);
    const word = this.words[index]!;
    this.words[index] = word | (1 << (element & 31));
    if (word === 0) this.mark(index);
  }

  delete(element: number): void {
    const { words, summaries } = this;
    let index = element >>> 5;
    let word = words[index]! & ~(1 << (element & 31));
    words[index] = word;
    for (let level = 0; word === 0 && level < summaries.length; level++) {
      const summary = summaries[level]!;
      word = summary[index >>> 5]! & ~(1 << (index & 31));
      index >>>= 5;
      summary[index] = word;
    }
  }

  /** The largest element; -1: the set is empty. */
  largest(): number {
    const top = this.summaries.at(-1) ?? this.words;
    return top[0] === 0 ? NONE : this.largestUnder(this.summaries.length, 0);
  }

  /** The largest element below `limit`, an integer of at least 0; -1: there is none. */
  largestBelow(limit: number): number {
    if (limit >>> 5 >= this.words.length) return this.largest();
    let index = limit;
    for (let level = 0; level <= this.summaries.length; level++) {
      const below = this.level(level)[index >>> 5]! & ((1 << (index & 31)) - 1);
      index >>>= 5;
      if (below !== 0) return this.largestUnder(level, index, below);
    }
    return NONE;
  }

  /** Compares every level with the one below. O(possible elements). */
  checkInvariants(): void {
    for (const [at, summary] of this.summaries.entries())
      for (const [index, word] of this.level(at).entries()) {
        const isMarked = (summary[index >>> 5]! & (1 << (index & 31))) !== 0;
        assert(
          isMarked === (word !== 0),
          () => `word ${index} of level ${at} is ${word}, marked: ${isMarked}`,
        );
      }
  }

  private level(level: number): Int32Array {
    return level === 0 ? this.words : this.summaries[level - 1]!;
  }

  /** The largest element under a word that is not empty; `bits`: those of its bits that count. */
  private largestUnder(level: number, word: number, bits = this.level(level)[word]!): number {
    let index = 32 * word + 31 - Math.clz32(bits);
    for (let at = level - 1; at >= 0; at--) index = 32 * index + 31 - Math.clz32(this.level(at)[index]!);
    return index;
  }

  /** Word `index` is no longer empty. */
  private mark(index: number): void {
    for (const summary of this.summaries) {
      const word = summary[index >>> 5]!;
      summary[index >>> 5] = word | (1 << (index & 31));
      if (word !== 0) return;
      index >>>= 5;
    }
  }

  private grow(element: number): void {
    const isAllowed = Number.isInteger(element) && element >= 0 && element < 0x7fff_ffff;
    assert(isAllowed, () => `element ${element}: allowed: integers in 0..2^31-2`);
    let length = this.words.length;
    while (length <= element >>> 5) length *= 2;
    const isEmpty = this.largest() === NONE;
    const words = new Int32Array(length);
    words.set(this.words);
    const summaries: Int32Array[] = [];
    while (length > 1) {
      length = Math.ceil(length / 32);
      const summary = new Int32Array(length);
      const old = this.summaries[summaries.length];
      // Above the level that was the last, one bit says what its one word said.
      if (old !== undefined) summary.set(old);
      else if (!isEmpty) summary[0] = 1;
      summaries.push(summary);
    }
    this.words = words;
    this.summaries = summaries;
  }
}
