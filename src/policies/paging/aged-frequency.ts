/**
 * Frequency with an age, what LFU-DA and GDSF have in common: a page's key is L + times used since its loading × value / size, taken when
 * it is used; L is the key of the last victim. The smallest key leaves, among equals the page whose last use is oldest. As L rises, pages
 * that were used much, but long ago, come to leave.
 *
 * L never falls: a victim that was pinned when its turn came is no reason. Keys then only rise, which allows what LFU does here: a touch only writes the
 * key; where all pages have one size, those used once stand in a queue in the order of their loading, which is that of their keys; the others are in a
 * lazy heap.
 * Cost: O(1) for touch; for evict and admit O(1) where the victim was used once and sizes are equal, else as rising-heap.ts says. evict also walks past
 * what is not eligible in the queue.
 */
import { AddressableQueue, NO_SLOT } from '../../base/addressable-queue.ts';
import { assert } from '../../base/assert.ts';
import type { PageView, PagingContext, PagingPolicy } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';
import { moved, rowsFor } from '../columns.ts';
import { RisingHeap } from './rising-heap.ts';

export interface AgedFrequencyOptions {
  readonly name: string;
  /** Of one use of a page of size 1. */
  readonly value: number;
  /** Do sizes count? Those below 1 as 1. Else every page has size 1. */
  readonly isSized: boolean;
}

interface SavedState {
  readonly age: number;
  /** First used first. */
  readonly pages: readonly (readonly [page: number, count: number, key: number])[];
}

export class AgedFrequency implements PagingPolicy {
  readonly name: string;
  private readonly value: number;
  /** Where sizes count. */
  private readonly pages: PageView | undefined;
  /** L. */
  private age = 0;
  private lastUse = 0;
  private counts: Int32Array; // [page] times used since its loading; 0: not resident
  private uses: Float64Array; // [2 × page] its key; [2 × page + 1] the number of its last use
  /** With equal sizes: pages used once, and some used again that have not been at the front since. */
  private readonly queue: AddressableQueue;
  /** The others. */
  private readonly heap: RisingHeap;

  constructor(context: PagingContext, { name, value, isSized }: AgedFrequencyOptions) {
    const { largestPage } = context;
    this.name = name;
    this.value = value;
    this.pages = isSized ? context.pages : undefined;
    this.counts = new Int32Array((largestPage ?? 0) + 1);
    this.uses = new Float64Array(2 * ((largestPage ?? 0) + 1));
    this.queue = new AddressableQueue(isSized ? 0 : largestPage);
    const key = (page: PageId): number => this.uses[2 * page]!;
    const tie = (page: PageId): number => this.uses[2 * page + 1]!;
    this.heap = new RisingHeap({ key, tie }, context);
  }

  admit(page: PageId): boolean {
    if (page >= this.counts.length) this.grow(page);
    this.counts[page] = 0;
    this.use(page);
    if (this.pages === undefined) this.queue.pushBack(page);
    else this.heap.push(page);
    return true;
  }

  touch(page: PageId): void {
    if (!(this.counts[page]! > 0)) assert(false, `page ${page} was touched, which is not resident`);
    this.use(page);
  }

  evict(_need: number, eligible: (page: PageId) => boolean, isContinued = false): PageId | undefined {
    const { queue, heap } = this;
    const slot = this.firstUsedOnce(eligible);
    const first = slot === NO_SLOT ? undefined : (queue.at(slot) as PageId);
    const victim = heap.pop(eligible, isContinued, first) ?? first;
    if (victim === undefined) return undefined;
    if (victim === first) queue.removeAt(slot);
    this.counts[victim] = 0;
    this.age = Math.max(this.age, this.uses[2 * victim]!);
    return victim;
  }

  remove(page: PageId): void {
    if (this.pages === undefined && this.queue.has(page)) this.queue.remove(page);
    else this.heap.remove(page);
    this.counts[page] = 0;
  }

  changed(page: PageId): void {
    if (this.pages !== undefined || this.counts[page]! > 1) this.heap.changed(page);
  }

  checkInvariants(resident: number): void {
    const { queue, heap, uses, counts } = this;
    queue.checkInvariants();
    const size = queue.size + heap.size;
    assert(size === resident, `${size} pages in the queue and the heap, ${resident} resident`);
    heap.checkInvariants(heap.size);
    const counted = counts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
    assert(counted === resident, `${counted} pages have a count, ${resident} resident`);
    let before = 0;
    for (const page of queue.ids()) {
      if (counts[page]! > 1) continue;
      const key = uses[2 * page]!;
      assert(key >= before, () => `page ${page} with key ${key} stands behind key ${before}`);
      before = key;
    }
  }

  save(): Json {
    const { queue, heap, uses, counts } = this;
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
      else this.heap.push(page as PageId);
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
        this.heap.push(page);
      } else if (eligible(page)) return slot;
    }
    return NO_SLOT;
  }

  private grow(page: number): void {
    const rows = rowsFor(page, this.counts.length);
    this.counts = moved(this.counts, new Int32Array(rows));
    this.uses = moved(this.uses, new Float64Array(2 * rows));
  }
}
