/**
 * Length-aware: evicts the page that was used least often; of those, the one that stands farthest back in its prompt, since fewer calls can share it and no other
 * is useless without it.
 *
 * Source: "LengthAwareCache" of R. Qin et al., "Mooncake: A KVCache-centric Disaggregated Architecture for LLM Serving", arXiv 2407.00079, table on cache policies:
 * as LFU, but what stands later in a request goes first.
 * The heap is lazy, as that of importance-lru: a use only makes a page's key larger, and it sinks to its place when it comes to the top.
 * Pages that are used together don't leave together: it sees every page singly.
 * Cost: O(1) for touch; O(log n) for the rest, plus what is walked past because it is not eligible.
 */
import { assert } from '../../../base/assert.ts';
import { KeyedHeap } from '../../../base/heap.ts';
import type { CreatePagingPolicy, PageView, PagingPolicy } from '../../../kernel/contracts.ts';
import type { Json, PageId } from '../../../kernel/ids.ts';

export const lengthAware: CreatePagingPolicy = ({ pages }) => new LengthAware(pages);

/** Pages stay fewer: between two at the same place the older one leaves first, without loss in a double. */
const MOST_PAGES = 2 ** 30;

class LengthAware implements PagingPolicy {
  readonly name = 'length-aware';
  private readonly pages: PageView;
  private readonly heap = new KeyedHeap();
  /** Found not eligible by the evicts of one load. */
  private readonly aside = new Set<PageId>();

  constructor(pages: PageView) {
    this.pages = pages;
  }

  admit(page: PageId): boolean {
    this.push(page);
    return true;
  }

  touch(page: PageId): void {
    const isResident = this.heap.has(page) || this.aside.has(page);
    if (!isResident) assert(false, `page ${page} was touched, which is not resident`);
  }

  evict(_need: number, eligible: (page: PageId) => boolean, isContinued = false): PageId | undefined {
    const { heap, aside, pages } = this;
    if (!isContinued) this.takeBack();
    while (heap.size > 0) {
      const page = heap.peek() as PageId;
      const accesses = pages.accesses(page);
      if (accesses > heap.peekKey()) {
        heap.update(page, accesses, this.tie(page));
        continue;
      }
      heap.popMin();
      if (eligible(page)) return page;
      aside.add(page);
    }
    return undefined;
  }

  remove(page: PageId): void {
    const wasResident = this.aside.delete(page) || this.heap.remove(page);
    assert(wasResident, () => `page ${page} was removed, which is not resident`);
  }

  changed(page: PageId): void {
    if (this.aside.delete(page)) this.push(page);
    else this.heap.update(page, this.pages.accesses(page), this.tie(page));
  }

  checkInvariants(resident: number): void {
    this.takeBack();
    this.heap.checkInvariants();
    assert(this.heap.size === resident, () => `${this.heap.size} pages in the heap, ${resident} resident`);
    for (const page of this.heap.ids())
      assert(
        this.pages.accesses(page as PageId) >= this.heap.keyOf(page),
        () => `the count of page ${page} fell without notice`,
      );
  }

  /** The resident pages: everything else is in their figures. */
  save(): Json {
    this.takeBack();
    return [...this.heap.ids()].sort((a, b) => a - b);
  }

  /** The pages' figures must be in place. */
  load(state: Json): void {
    assert(this.heap.size === 0, 'load into a policy that is in use');
    for (const page of state as readonly number[]) this.push(page as PageId);
  }

  private push(page: PageId): void {
    this.heap.push(page, this.pages.accesses(page), this.tie(page));
  }

  private tie(page: PageId): number {
    const { pages } = this;
    return pages.order(page) / MOST_PAGES - (pages.before?.(page) ?? 0);
  }

  private takeBack(): void {
    for (const page of this.aside) this.push(page);
    this.aside.clear();
  }
}
