/**
 * SIEVE: first in, first out, but a hand moves from the oldest page to the newest, spares what was touched since it last came by, and evicts the first
 * page that was not. What is spared keeps its place, so that new pages are sifted out quickly.
 *
 * Source: Y. Zhang, J. Yang, Y. Yue, Y. Vigfusson, K. V. Rashmi, "SIEVE is Simpler than LRU: an Efficient Turn-Key Eviction Algorithm for Web
 * Caches", NSDI 2024.
 * Cost: a touch is one bit; evict passes each page at most twice.
 */
import { AddressableQueue, NO_SLOT } from '../../base/addressable-queue.ts';
import { assert } from '../../base/assert.ts';
import { BitSet } from '../../base/bit-set.ts';
import type { CreatePagingPolicy, PagingContext, PagingPolicy } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';
import { queueSizes } from './queue-sizes.ts';

export const sieve: CreatePagingPolicy = (context) => new Sieve(context);

class Sieve implements PagingPolicy {
  readonly name = 'sieve';
  /** Oldest first. Its cursor is the hand, at a page or, with NO_SLOT, before the oldest. */
  private readonly queue: AddressableQueue;
  private readonly visited: BitSet;

  constructor(context: PagingContext) {
    this.queue = new AddressableQueue(context.largestPage, queueSizes(context));
    this.visited = new BitSet(context.largestPage);
  }

  admit(page: PageId): boolean {
    this.queue.pushBack(page);
    return true;
  }

  touch(page: PageId): void {
    // Looked at first: a hot page's word is then read only, by most touches.
    if (!this.visited.has(page)) this.visited.add(page);
  }

  evict(_need: number, eligible: (page: PageId) => boolean): PageId | undefined {
    const { queue, visited } = this;
    let hand = queue.cursor;
    for (let stepsLeft = 2 * queue.size; stepsLeft > 0; stepsLeft--) {
      if (hand === NO_SLOT) hand = queue.firstSlot();
      const page = queue.at(hand) as PageId;
      const slot = hand;
      hand = queue.nextSlot(slot);
      if (visited.has(page)) visited.delete(page);
      else if (eligible(page)) {
        queue.removeAt(slot);
        queue.cursor = hand;
        return page;
      }
    }
    queue.cursor = hand;
    return undefined;
  }

  remove(page: PageId): void {
    const { queue } = this;
    const slot = queue.slotOf(page);
    if (slot === queue.cursor) queue.cursor = queue.nextSlot(slot);
    queue.removeAt(slot);
    this.visited.delete(page);
  }

  checkInvariants(resident: number): void {
    const { queue } = this;
    queue.checkInvariants();
    assert(queue.size === resident, `${queue.size} pages in the queue, ${resident} resident`);
    assert(queue.cursor === NO_SLOT || queue.at(queue.cursor) > 0, 'the hand is at no page');
  }

  /** The resident pages, oldest first; those of them that were visited; the page under the hand, 0: none. */
  save(): Json {
    const { queue } = this;
    const ids = [...queue.ids()];
    return {
      queue: ids,
      visited: ids.filter((page) => this.visited.has(page)),
      hand: queue.cursor === NO_SLOT ? 0 : queue.at(queue.cursor),
    };
  }

  load(state: Json): void {
    assert(this.queue.size === 0, 'load into a policy that is in use');
    const { queue, visited, hand } = state as unknown as { queue: number[]; visited: number[]; hand: number };
    for (const page of queue) this.queue.pushBack(page);
    for (const page of visited) this.visited.add(page);
    if (hand !== 0) this.queue.cursor = this.queue.slotOf(hand);
  }
}
