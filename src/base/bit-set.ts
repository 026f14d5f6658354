/** A set of small integers 0 to `largest`, one bit each: 32 neighbours share a word, so that it stays in the cache where a byte each would not. */
export class BitSet {
  private readonly words: Int32Array;

  constructor(largest: number) {
    this.words = new Int32Array((largest >>> 5) + 1);
  }

  has(id: number): boolean {
    return (this.words[id >> 5]! & (1 << (id & 31))) !== 0;
  }

  add(id: number): void {
    this.words[id >> 5]! |= 1 << (id & 31);
  }

  delete(id: number): void {
    this.words[id >> 5]! &= ~(1 << (id & 31));
  }
}
