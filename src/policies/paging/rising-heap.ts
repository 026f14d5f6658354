/**
 * Resident pages in the order of a rank that a use of the page can only raise (times of uses, counts of uses): the page of the lowest rank comes out first.
 *
 * The heap is lazy: a use does nothing here, and the heap holds a rank that is too low. When such a page comes to the top it sinks to its place; a top whose rank
 * is right is the lowest of all, for no page's rank is lower than the heap says.
 * Cost: O(log n) for push and remove; for pop, plus one sinking for each page used since it last was at the top, plus, once in a load, two moves for each page on
 * the way that is not eligible.
 */
import { assert } from '../../base/assert.ts';
import { KeyedHeap } from '../../base/heap.ts';
import type { PagingContext } from '../../kernel/contracts.ts';
import type { PageId } from '../../kernel/ids.ts';

/** The rank of a page: first its key counts, among equals its tie. No two pages have the same. */
export interface PageRanks {
  key(page: PageId): number;
  tie(page: PageId): number;
}

export class RisingHeap {
  private readonly ranks: PageRanks;
  private readonly heap: KeyedHeap;
  /** Found not eligible by the pops of one load: they stay out of the heap until the next load. */
  private readonly aside: PageId[] = [];

  constructor(ranks: PageRanks, { unit, capacity, largestPage }: PagingContext) {
    this.ranks = ranks;
    const isKnown = unit === 'pages' && largestPage !== undefined && largestPage > 0;
    this.heap = isKnown ? new KeyedHeap(largestPage, Math.min(capacity, largestPage)) : new KeyedHeap();
  }

  get size(): number {
    return this.heap.size + this.aside.length;
  }

  has(page: PageId): boolean {
    if (!this.heap.has(page)) this.takeBack();
    return this.heap.has(page);
  }

  /** Adds a page that is not in it. Its rank must be in place. */
  push(page: PageId): void {
    this.heap.push(page, this.ranks.key(page), this.ranks.tie(page));
  }

  /** Takes a page out. Its rank may be gone already. */
  remove(page: PageId): void {
    this.takeBack(page);
    const wasIn = this.heap.remove(page);
    assert(wasIn, () => `page ${page} was removed, which is not resident`);
  }

  /**
   * Takes out the eligible page of the lowest rank and returns it; undefined: there is none, or none below the rank of `limit`, a page that is not in the heap.
   * `isContinued` as in `evict`.
   */
  pop(eligible: (page: PageId) => boolean, isContinued: boolean, limit?: PageId): PageId | undefined {
    const { heap, ranks, aside } = this;
    if (!isContinued) this.takeBack();
    while (heap.size > 0) {
      const page = heap.peek() as PageId;
      const key = ranks.key(page);
      const tie = ranks.tie(page);
      if (key !== heap.peekKey() || tie !== heap.tieOf(page)) {
        heap.update(page, key, tie);
        continue;
      }
      if (limit !== undefined) {
        const limitKey = ranks.key(limit);
        if (limitKey < key || (limitKey === key && ranks.tie(limit) < tie)) return undefined;
      }
      heap.popMin();
      if (eligible(page)) return page;
      aside.push(page);
    }
    return undefined;
  }

  /** Another load begins. For whoever does not ask for each of its victims here: a later pop of that load may be its first. */
  startLoad(): void {
    this.takeBack();
  }

  /** `page` may have become eligible. */
  changed(page: PageId): void {
    if (!this.heap.has(page)) this.takeBack();
  }

  /** The pages, in no useful order. */
  ids(): Iterable<number> {
    this.takeBack();
    return this.heap.ids();
  }

  checkInvariants(resident: number): void {
    this.takeBack();
    const { heap, ranks } = this;
    heap.checkInvariants();
    assert(heap.size === resident, () => `${heap.size} pages in the heap, ${resident} resident`);
    for (const id of heap.ids()) {
      const page = id as PageId;
      const isRising =
        ranks.key(page) > heap.keyOf(page) ||
        (ranks.key(page) === heap.keyOf(page) && ranks.tie(page) >= heap.tieOf(page));
      assert(isRising, () => `the rank of page ${page} fell`);
    }
  }

  /** The next load may find other pages eligible. `gone` has no rank any more. */
  private takeBack(gone?: PageId): void {
    const { aside } = this;
    while (aside.length > 0) {
      const page = aside.pop()!;
      if (page === gone) this.heap.push(page, 0, 0);
      else this.push(page);
    }
  }
}
