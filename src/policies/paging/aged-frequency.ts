/**
 * Frequency with an age, what LFU-DA and GDSF have in common: a page's key is L + times used since its loading × value / size, taken when
 * it is used; L is the key of the last victim. The smallest key leaves, among equals the page whose last use is oldest. As L rises, pages
 * that were used much, but long ago, come to leave.
 *
 * L never falls: a victim that was pinned when its turn came is no reason. Keys then only rise, which allows what the LFU of this project does: a touch only writes
 * the key; where all pages have one size, those used once stand in a queue in the order of their loading, which is that of their keys;
 * the others are in a lazy heap, where a page sinks to its place when it comes to the top with a key that was too small.
 * Cost: O(1) for touch; for evict and admit O(log n), or O(1) where the victim was used once and sizes are equal, plus one sinking for each page
 * touched since it last was at the top. evict also walks past what is not eligible in the queue and, once in a load, in the heap.
 */
import { AddressableQueue, NO_SLOT } from '../../base/addressable-queue.ts';
import { assert } from '../../base/assert.ts';
import { KeyedHeap } from '../../base/heap.ts';
import type { PageView, PagingPolicy } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';
import { moved, rowsFor } from '../columns.ts';

export interface AgedFrequencyOptions {
  readonly name: string;
  /** Of one use of a page of size 1. */
  readonly value: number;
  /** Where sizes count, those below 1 as 1; undefined: every page has size 1. */
  readonly pages: PageView | undefined;
  readonly largestPage: number | undefined;
}

interface SavedState {
  readonly age: number;
  /** First used first. */
  readonly pages: readonly (readonly [page: number, count: number, key: number])[];
}

export class AgedFrequency implements PagingPolicy {
  readonly name: string;
  private readonly value: number;
  private readonly pages: PageView | undefined;
  /** L. */
  private age = 0;
  private lastUse = 0;
  private counts: Int32Array; // [page] times used since its loading; 0: not resident
  private uses: Float64Array; // [2 × page] its key; [2 × page + 1] the number of its last use
  /** With equal sizes: pages used once, and some used again that have not been at the front since. */
  private readonly queue: AddressableQueue;
  private readonly heap: KeyedHeap;
  /** Found not eligible by the evicts of one load: they stay out of the heap until the next load. */
  private readonly aside: PageId[] = [];

  constructor({ name, value, pages, largestPage }: AgedFrequencyOptions) {
    this.name = name;
    this.value = value;
    this.pages = pages;
    this.counts = new Int32Array((largestPage ?? 0) + 1);
    this.uses = new Float64Array(2 * ((largestPage ?? 0) + 1));
    this.queue = new AddressableQueue(pages === undefined ? largestPage : 0);
    this.heap = new KeyedHeap(largestPage);
  }

  admit(page: PageId): boolean {
    if (page >= this.counts.length) this.grow(page);
    this.counts[page] = 0;
    this.use(page);
    if (this.pages === undefined) this.queue.pushBack(page);
    else this.push(page);
    return true;
  }

  touch(page: PageId): void {
    if (!(this.counts[page]! > 0)) assert(false, `page ${page} was touched, which is not resident`);
    this.use(page);
  }

  evict(_need: number, eligible: (page: PageId) => boolean, isContinued = false): PageId | undefined {
    const { queue, heap } = this;
    if (!isContinued && this.aside.length > 0) this.takeBack();
    const slot = this.firstUsedOnce(eligible);
    for (;;) {
      const page = this.top();
      if (slot !== NO_SLOT) {
        const first = queue.at(slot) as PageId;
        if (page === 0 || this.isBefore(first, page)) {
          queue.removeAt(slot);
          return this.gone(first);
        }
      } else if (page === 0) return undefined;
      heap.popMin();
      if (eligible(page as PageId)) return this.gone(page as PageId);
      this.aside.push(page as PageId);
    }
  }

  remove(page: PageId): void {
    if (this.pages === undefined && this.queue.has(page)) this.queue.remove(page);
    else {
      this.takeBack();
      const wasResident = this.heap.remove(page);
      assert(wasResident, () => `page ${page} was removed, which is not resident`);
    }
    this.counts[page] = 0;
  }

  /** It may be eligible now, in the middle of a load. */
  changed(page: PageId): void {
    const { aside } = this;
    if (this.heap.has(page)) return;
    const place = aside.indexOf(page);
    if (place < 0) return;
    aside[place] = aside.at(-1)!;
    aside.pop();
    this.push(page);
  }

  checkInvariants(resident: number): void {
    const { queue, heap, uses, counts } = this;
    this.takeBack();
    queue.checkInvariants();
    heap.checkInvariants();
    const size = queue.size + heap.size;
    assert(size === resident, `${size} pages in the queue and the heap, ${resident} resident`);
    const counted = counts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
    assert(counted === resident, `${counted} pages have a count, ${resident} resident`);
    for (const page of heap.ids())
      assert(heap.keyOf(page) <= uses[2 * page]!, () => `the heap's key of page ${page} is above its own`);
    const once = [...queue.ids()].filter((page) => counts[page] === 1);
    for (const [at, page] of once.slice(1).entries())
      assert(this.isBefore(once[at]!, page), () => `page ${once[at]} stands before ${page} in the queue`);
  }

  save(): Json {
    const { queue, heap, uses, counts } = this;
    this.takeBack();
    const pages = [...queue.ids(), ...heap.ids()].sort((a, b) => uses[2 * a + 1]! - uses[2 * b + 1]!);
    return { age: this.age, pages: pages.map((page) => [page, counts[page]!, uses[2 * page]!]) };
  }

  load(state: Json): void {
    assert(this.queue.size + this.heap.size === 0, 'load into a policy that is in use');
    const { age, pages } = state as unknown as SavedState;
    this.age = age;
    for (const [page, count, key] of pages) {
      if (page >= this.counts.length) this.grow(page);
      this.counts[page] = count;
      this.uses[2 * page] = key;
      this.uses[2 * page + 1] = ++this.lastUse;
      if (this.pages === undefined && count === 1) this.queue.pushBack(page);
      else this.push(page as PageId);
    }
  }

  private use(page: PageId): void {
    const count = ++this.counts[page]!;
    const size = this.pages === undefined ? 1 : Math.max(1, this.pages.size(page));
    this.uses[2 * page] = this.age + (count * this.value) / size;
    this.uses[2 * page + 1] = ++this.lastUse;
  }

  /** The slot of the first in the queue that is eligible and used once; those before it that are used again go to the heap. */
  private firstUsedOnce(eligible: (page: PageId) => boolean): number {
    const { queue, counts } = this;
    for (let slot = queue.firstSlot(); slot !== NO_SLOT; slot = queue.nextSlot(slot)) {
      const page = queue.at(slot) as PageId;
      if (counts[page]! > 1) {
        queue.removeAt(slot);
        this.push(page);
      } else if (eligible(page)) return slot;
    }
    return NO_SLOT;
  }

  /** The first of the heap, once it stands there for its last use; 0: the heap is empty. */
  private top(): number {
    const { heap, uses } = this;
    while (heap.size > 0) {
      const page = heap.peek();
      const use = uses[2 * page + 1]!;
      if (heap.tieOf(page) === use) return page;
      heap.update(page, uses[2 * page]!, use);
    }
    return 0;
  }

  private isBefore(one: number, other: number): boolean {
    const { uses } = this;
    const oneKey = uses[2 * one]!;
    const otherKey = uses[2 * other]!;
    return oneKey < otherKey || (oneKey === otherKey && uses[2 * one + 1]! < uses[2 * other + 1]!);
  }

  private gone(page: PageId): PageId {
    this.counts[page] = 0;
    this.age = Math.max(this.age, this.uses[2 * page]!);
    return page;
  }

  private push(page: PageId): void {
    this.heap.push(page, this.uses[2 * page]!, this.uses[2 * page + 1]!);
  }

  /** The next load may find other pages eligible. */
  private takeBack(): void {
    const { aside } = this;
    while (aside.length > 0) this.push(aside.pop()!);
  }

  private grow(page: number): void {
    const rows = rowsFor(page, this.counts.length);
    this.counts = moved(this.counts, new Int32Array(rows));
    this.uses = moved(this.uses, new Float64Array(2 * rows));
  }
}
