import { assert } from './assert.ts';

const SMALLEST_CAPACITY = 16;

/** A double-ended queue in a ring buffer that doubles when full. Every operation is O(1); undefined is no item. */
export class Ring<T extends {} | null> {
  private slots: (T | undefined)[] = Array.from({ length: SMALLEST_CAPACITY }, () => undefined);
  private first = 0; // slot of the first item
  private count = 0;

  constructor(items: Iterable<T> = []) {
    for (const item of items) this.push(item);
  }

  get length(): number {
    return this.count;
  }

  /** Adds behind the last item. */
  push(item: T): void {
    if (this.count === this.slots.length) this.grow();
    this.slots[(this.first + this.count) & (this.slots.length - 1)] = item;
    this.count++;
  }

  /** Removes and returns the first item, or undefined when empty. */
  shift(): T | undefined {
    if (this.count === 0) return undefined;
    const item = this.slots[this.first];
    this.slots[this.first] = undefined; // lets the item go
    this.first = (this.first + 1) & (this.slots.length - 1);
    this.count--;
    return item;
  }

  /** Removes and returns the last item, or undefined when empty. */
  pop(): T | undefined {
    if (this.count === 0) return undefined;
    this.count--;
    const slot = (this.first + this.count) & (this.slots.length - 1);
    const item = this.slots[slot];
    this.slots[slot] = undefined;
    return item;
  }

  /** The first item, or undefined when empty. */
  peek(): T | undefined {
    return this.count === 0 ? undefined : this.slots[this.first];
  }

  /** The item at this distance from the first one. */
  at(index: number): T {
    assert(
      Number.isInteger(index) && index >= 0 && index < this.count,
      () => `index ${index} of ${this.count} items`,
    );
    return this.slots[(this.first + index) & (this.slots.length - 1)] as T;
  }

  /** Empties the ring and lets its memory go. */
  clear(): void {
    this.slots = Array.from({ length: SMALLEST_CAPACITY }, () => undefined);
    this.first = 0;
    this.count = 0;
  }

  /** First to last. The ring must not change meanwhile. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let index = 0; index < this.count; index++) yield this.at(index);
  }

  private grow(): void {
    const { slots, first, count } = this;
    // From first to last, then as many empty slots again: the index mask needs a power of two.
    this.slots = [
      ...slots.slice(first),
      ...slots.slice(0, first),
      ...Array.from({ length: count }, () => undefined),
    ];
    this.first = 0;
  }
}
