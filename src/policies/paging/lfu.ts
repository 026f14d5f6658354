/**
 * Least frequently used: evicts the page used least often since it was loaded; among equals the one whose last use is oldest. How often an
 * evicted page was used is forgotten.
 *
 * Source: R. L. Mattson, J. Gecsei, D. R. Slutz, I. L. Traiger, "Evaluation techniques for storage hierarchies", 1970.
 *
 * Pages used once stand in a queue in the order of their loading, so that pages which come and go unused cost what they cost FIFO. A touch
 * only counts. A page found used again at the front of the queue goes to a lazy heap by count and last use when nobody in the queue can leave.
 * Cost: O(1) for touch and admit, and for evict while pages used once are resident; else as rising-heap.ts says. evict also walks past what is not eligible
 * in the queue.
 */
import { AddressableQueue, NO_SLOT } from '../../base/addressable-queue.ts';
import { assert } from '../../base/assert.ts';
import { BitSet } from '../../base/bit-set.ts';
import type { CreatePagingPolicy, PagingContext, PagingPolicy } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';
import { moved, rowsFor } from '../columns.ts';
import { RisingHeap } from './rising-heap.ts';

export const lfu: CreatePagingPolicy = (context) => new Lfu(context);

interface SavedState {
  /** Pages used once, first loaded first. */
  readonly once: readonly number[];
  /** [page, times used] of the others, first used first. */
  readonly again: readonly (readonly [page: number, count: number])[];
}

class Lfu implements PagingPolicy {
  readonly name = 'lfu';
  /** Pages used once, and some used again that have not been at the front since. */
  private readonly queue: AddressableQueue;
  private readonly usedAgain: BitSet;
  /** Of a page used again: [2 × page] how often; [2 × page + 1] the number of its last use. */
  private uses: Float64Array;
  private lastUse = 0;
  /** Used again and out of the queue: not yet in the heap, and in the heap. */
  private readonly found: PageId[] = [];
  private readonly heap: RisingHeap;

  constructor(context: PagingContext) {
    const { largestPage } = context;
    this.queue = new AddressableQueue(largestPage);
    this.usedAgain = new BitSet(largestPage);
    this.uses = new Float64Array(2 * ((largestPage ?? 0) + 1));
    const key = (page: PageId): number => this.uses[2 * page]!;
    const tie = (page: PageId): number => this.uses[2 * page + 1]!;
    this.heap = new RisingHeap({ key, tie }, context);
  }

  admit(page: PageId): boolean {
    this.queue.pushBack(page);
    return true;
  }

  touch(page: PageId): void {
    if (this.usedAgain.has(page)) {
      this.uses[2 * page]!++;
      this.uses[2 * page + 1] = ++this.lastUse;
    } else this.setUses(page, 2);
  }

  evict(_need: number, eligible: (page: PageId) => boolean, isContinued = false): PageId | undefined {
    const { queue, usedAgain } = this;
    if (!isContinued) this.heap.startLoad();
    for (let slot = queue.firstSlot(); slot !== NO_SLOT; slot = queue.nextSlot(slot)) {
      const page = queue.at(slot) as PageId;
      const isUsedAgain = usedAgain.has(page);
      if (!isUsedAgain && !eligible(page)) continue;
      queue.removeAt(slot);
      if (!isUsedAgain) return page;
      this.found.push(page);
    }
    this.fillHeap();
    const victim = this.heap.pop(eligible, isContinued);
    if (victim !== undefined) usedAgain.delete(victim);
    return victim;
  }

  remove(page: PageId): void {
    if (this.queue.has(page)) this.queue.remove(page);
    else {
      this.fillHeap();
      this.heap.remove(page);
    }
    this.usedAgain.delete(page);
  }

  changed(page: PageId): void {
    if (this.usedAgain.has(page)) this.heap.changed(page);
  }

  checkInvariants(resident: number): void {
    const { queue, heap, usedAgain } = this;
    this.fillHeap();
    queue.checkInvariants();
    const size = queue.size + heap.size;
    assert(size === resident, `${size} pages in the queue and the heap, ${resident} resident`);
    heap.checkInvariants(heap.size);
    let again = 0;
    for (let page = 1; 2 * page < this.uses.length; page++) if (usedAgain.has(page)) again++;
    for (const page of queue.ids()) if (usedAgain.has(page)) again--;
    assert(again === heap.size, `${again} pages out of the queue are used again, ${heap.size} in the heap`);
  }

  save(): Json {
    const { queue, heap, uses, usedAgain } = this;
    this.fillHeap();
    const again = [...heap.ids(), ...[...queue.ids()].filter((page) => usedAgain.has(page))];
    again.sort((a, b) => uses[2 * a + 1]! - uses[2 * b + 1]!);
    return {
      once: [...queue.ids()].filter((page) => !usedAgain.has(page)),
      again: again.map((page) => [page, uses[2 * page]!]),
    };
  }

  load(state: Json): void {
    assert(this.queue.size + this.heap.size === 0, 'load into a policy that is in use');
    const { once, again } = state as unknown as SavedState;
    for (const page of once) this.queue.pushBack(page);
    for (const [page, count] of again) {
      this.setUses(page, count);
      this.found.push(page as PageId);
    }
  }

  private fillHeap(): void {
    const { found, heap } = this;
    while (found.length > 0) heap.push(found.pop()!);
  }

  private setUses(page: number, count: number): void {
    if (2 * page >= this.uses.length)
      this.uses = moved(this.uses, new Float64Array(rowsFor(2 * page + 1, this.uses.length)));
    this.usedAgain.add(page);
    this.uses[2 * page] = count;
    this.uses[2 * page + 1] = ++this.lastUse;
  }
}
