/**
 * Importance-weighted LRU: the default paging policy. Evicts the page with the largest
 * 0.4 × hours idle + 0.3 / (accesses + 1) + 0.3 × (1 - importance).
 *
 * Source: the design, section 5, ContextManager. The present time and 0.3 are common to all pages and left out: what
 * remains, 0.3/(accesses+1) - 0.3·importance - 0.4·lastAccessUs/3.6e9, is constant between accesses. It is a double
 * computed in this order; ties go to the lowest page.
 *
 * The heap is lazy: a touch only lowers the key, so it does nothing here, and the heap holds a key that is too large. When
 * such a page comes to the top, it sinks to its place; a top whose key is right is the largest of all, for no page's
 * key is larger than the heap says. `changed` moves a page at once when its key rose.
 * Cost: O(1) for touch; O(log n) for the rest, plus one sinking for each page touched since it last was at the top, plus,
 * once in a load, two moves for each page on the way that is not eligible. Never a scan.
 */
import { assert } from '../../base/assert.ts';
import { KeyedHeap } from '../../base/heap.ts';
import type { CreatePagingPolicy, PageView, PagingPolicy } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';

export const importanceLru: CreatePagingPolicy = ({ pages }) => new ImportanceLru(pages);

/** The key of a page: the largest leaves first. */
export function evictionKey(accesses: number, importance: number, lastAccessUs: number): number {
  return 0.3 / (accesses + 1) - 0.3 * importance - (0.4 * lastAccessUs) / 3.6e9;
}

class ImportanceLru implements PagingPolicy {
  readonly name = 'importance-lru';
  private readonly pages: PageView;
  /** Of the negated keys, since the heap's first is its smallest. */
  private readonly heap = new KeyedHeap();
  /** Found not eligible by the evicts of one load: they stay out of the heap until the next load. */
  private readonly aside: PageId[] = [];

  constructor(pages: PageView) {
    this.pages = pages;
  }

  admit(page: PageId): boolean {
    this.push(page);
    return true;
  }

  touch(page: PageId): void {
    if (!this.heap.has(page)) this.takeBack();
    if (!this.heap.has(page)) assert(false, `page ${page} was touched, which is not resident`);
  }

  evict(_need: number, eligible: (page: PageId) => boolean, isContinued = false): PageId | undefined {
    const { heap, aside } = this;
    if (!isContinued) this.takeBack();
    while (heap.size > 0) {
      const page = heap.peek() as PageId;
      const key = this.coldness(page);
      if (key > heap.peekKey()) {
        heap.update(page, key, this.pages.order(page));
        continue;
      }
      heap.popMin();
      if (eligible(page)) return page;
      aside.push(page);
    }
    return undefined;
  }

  remove(page: PageId): void {
    this.takeBack();
    const wasResident = this.heap.remove(page);
    assert(wasResident, () => `page ${page} was removed, which is not resident`);
  }

  changed(page: PageId): void {
    const { heap, aside } = this;
    if (heap.has(page)) {
      const key = this.coldness(page);
      if (key < heap.keyOf(page)) heap.update(page, key, this.pages.order(page));
      return;
    }
    const place = aside.indexOf(page);
    assert(place >= 0, () => `page ${page} changed, which is not resident`);
    aside[place] = aside.at(-1)!;
    aside.pop();
    this.push(page);
  }

  putBack(page: PageId): void {
    this.push(page);
  }

  /** Their figures and the order of their ids decide between the two. */
  split(page: PageId, part: PageId): void {
    this.takeBack();
    assert(this.heap.has(page), () => `page ${page} was split, which is not resident`);
    this.push(part);
  }

  checkInvariants(resident: number): void {
    this.takeBack();
    this.heap.checkInvariants();
    assert(this.heap.size === resident, `${this.heap.size} pages in the heap, ${resident} resident`);
    for (const id of this.heap.ids()) {
      const page = id as PageId;
      const key = this.coldness(page);
      assert(key >= this.heap.keyOf(page), () => `the key of page ${page} rose without notice`);
    }
  }

  /** The resident pages: everything else is in their figures. */
  save(): Json {
    this.takeBack();
    return [...this.heap.ids()].sort((a, b) => a - b);
  }

  /** The pages' figures must be in place. */
  load(state: Json): void {
    assert(this.heap.size === 0, 'load into a policy that is in use');
    for (const page of state as number[]) this.push(page as PageId);
  }

  private push(page: PageId): void {
    this.heap.push(page, this.coldness(page), this.pages.order(page));
  }

  /** The next load may find other pages eligible. */
  private takeBack(): void {
    const { aside } = this;
    while (aside.length > 0) this.push(aside.pop()!);
  }

  private coldness(page: PageId): number {
    const { pages } = this;
    return -evictionKey(pages.accesses(page), pages.importance(page), pages.lastAccessUs(page));
  }
}
