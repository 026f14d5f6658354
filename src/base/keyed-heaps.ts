/**
 * Many addressable min-heaps over the same small ids (of each client its calls, of each lock its waiters): an id is in at most one of them; which one, the caller
 * knows and says. Entries are ordered by (key, tie), both doubles, as in KeyedHeap; one of those for each would take a column of all ids each.
 *
 * Shape: pairing heaps in columns by id; a heap that is empty takes nothing.
 * Cost: O(1) for push and peek, O(log size) amortised for remove. Memory: 28 bytes for each possible id.
 *
 * Source: M. L. Fredman, R. Sedgewick, D. D. Sleator and R. E. Tarjan, "The pairing heap: a new form of self-adjusting heap", 1986 (its two-pass variant).
 */
import { assert } from './assert.ts';

const NONE = 0;
const ABSENT = -1;
const SMALLEST_CAPACITY = 16;
const LARGEST_ID = 0x3fffffff;

export class KeyedHeaps {
  /** The first of each heap that is not empty. */
  private readonly roots = new Map<number, number>();
  // By id.
  private keys = new Float64Array(SMALLEST_CAPACITY);
  private ties = new Float64Array(SMALLEST_CAPACITY);
  private child = new Int32Array(SMALLEST_CAPACITY); // the first of those below it
  private next = new Int32Array(SMALLEST_CAPACITY); // beside it, below the same one
  private before = new Int32Array(SMALLEST_CAPACITY).fill(ABSENT); // beside it, or the one that it is the first below; of a root NONE

  /** How many heaps are not empty. */
  get count(): number {
    return this.roots.size;
  }

  /** Adds an id that is in no heap. Ids are integers in 1..2^30-1, heaps any integers; `key` and `tie` are not NaN. */
  push(heap: number, id: number, key: number, tie: number): void {
    if (id >= this.keys.length) this.grow(id);
    if (!(id > 0) || key !== key || tie !== tie)
      assert(false, `push of id ${id} with key ${key}, tie ${tie}`);
    if (this.before[id] !== ABSENT) assert(false, `push of id ${id}, which is in a heap`);
    this.keys[id] = key;
    this.ties[id] = tie;
    this.child[id] = NONE;
    this.next[id] = NONE;
    this.before[id] = NONE;
    const root = this.roots.get(heap);
    this.roots.set(heap, root === undefined ? id : this.meld(root, id));
  }

  /** The smallest of the heap; 0: it is empty. */
  peek(heap: number): number {
    return this.roots.get(heap) ?? NONE;
  }

  /** The key of the smallest; Infinity when the heap is empty. */
  peekKey(heap: number): number {
    const root = this.roots.get(heap);
    return root === undefined ? Infinity : this.keys[root]!;
  }

  /** Is the id in a heap? */
  has(id: number): boolean {
    return id > 0 && id < this.before.length && this.before[id] !== ABSENT;
  }

  /** The key of an id that is in a heap. */
  keyOf(id: number): number {
    return this.keys[id]!;
  }

  /** Takes an id out of the heap that it is in. */
  remove(heap: number, id: number): void {
    if (!this.has(id)) assert(false, `remove of id ${id}, which is in no heap`);
    const { child, next, before, roots } = this;
    const root = roots.get(heap)!;
    if (root !== id) {
      const place = before[id]!;
      const behind = next[id]!;
      if (child[place] === id) child[place] = behind;
      else next[place] = behind;
      if (behind !== NONE) before[behind] = place;
    }
    const below = this.joined(child[id]!);
    before[id] = ABSENT;
    if (root !== id) {
      if (below !== NONE) roots.set(heap, this.meld(root, below));
    } else if (below === NONE) roots.delete(heap);
    else roots.set(heap, below);
  }

  /** The one of two roots that is smaller, the other first below it. */
  private meld(one: number, other: number): number {
    const { child, next, before } = this;
    const [top, low] = this.isBefore(one, other) ? [one, other] : [other, one];
    const behind = child[top]!;
    next[low] = behind;
    if (behind !== NONE) before[behind] = low;
    child[top] = low;
    before[low] = top;
    before[top] = NONE;
    return top;
  }

  /** One heap of `first` and those beside it: in pairs from the first to the last, then the pairs from the last to the first. */
  private joined(first: number): number {
    const { next, before } = this;
    let pairs = NONE;
    for (let one = first; one !== NONE;) {
      const other = next[one]!;
      const rest = other === NONE ? NONE : next[other]!;
      const pair = other === NONE ? one : this.meld(one, other);
      next[pair] = pairs;
      pairs = pair;
      one = rest;
    }
    let all = NONE;
    while (pairs !== NONE) {
      const pair = pairs;
      pairs = next[pair]!;
      all = all === NONE ? pair : this.meld(all, pair);
    }
    if (all !== NONE) {
      next[all] = NONE;
      before[all] = NONE;
    }
    return all;
  }

  private isBefore(one: number, other: number): boolean {
    const [key, otherKey] = [this.keys[one]!, this.keys[other]!];
    return key < otherKey || (key === otherKey && this.ties[one]! < this.ties[other]!);
  }

  private grow(id: number): void {
    assert((id | 0) === id && id <= LARGEST_ID, () => `id ${id}: allowed: an integer in 1..2^30-1`);
    let capacity = this.keys.length;
    while (capacity <= id) capacity *= 2;
    const moved = <C extends Float64Array | Int32Array>(from: C, to: C): C => {
      to.set(from);
      return to;
    };
    const { length } = this.before;
    this.keys = moved(this.keys, new Float64Array(capacity));
    this.ties = moved(this.ties, new Float64Array(capacity));
    this.child = moved(this.child, new Int32Array(capacity));
    this.next = moved(this.next, new Int32Array(capacity));
    this.before = moved(this.before, new Int32Array(capacity)).fill(ABSENT, length);
  }
}
