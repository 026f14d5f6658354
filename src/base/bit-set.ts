/** A set of small integers from 0, one bit each: 32 neighbours share a word, so that it stays in the cache where a byte each would not. */
export class BitSet {
  private words: Int32Array;

  /** `largest`: where known, the set need not grow. */
  constructor(largest = 0) {
    this.words = new Int32Array((largest >>> 5) + 1);
  }

  has(id: number): boolean {
    return (this.words[id >> 5]! & (1 << (id & 31))) !== 0;
  }

  add(id: number): void {
    const word = id >> 5;
    if (word >= this.words.length) this.grow(word);
    this.words[word]! |= 1 << (id & 31);
  }

  delete(id: number): void {
    this.words[id >> 5]! &= ~(1 << (id & 31));
  }

  private grow(word: number): void {
    const words = new Int32Array(Math.max(word + 1, 2 * this.words.length));
    words.set(this.words);
    this.words = words;
  }
}
