/**
 * First in, first out: evicts the page that has been resident longest, however often it is used. The textbook's baseline,
 * and the one whose misses can rise with the capacity.
 *
 * Source: L. A. Belady, R. A. Nelson, G. S. Shedler, "An anomaly in space-time characteristics of certain programs
 * running in a paging machine", 1969.
 * Cost: O(1) for every call, but evict also walks past the pages at the front that are not eligible.
 */
import { AddressableQueue, NO_SLOT } from '../../base/addressable-queue.ts';
import { assert } from '../../base/assert.ts';
import type { CreatePagingPolicy, PagingContext, PagingPolicy } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';
import { queueSizes } from './queue-sizes.ts';

export const fifo: CreatePagingPolicy = (context) => new Fifo(context);

class Fifo implements PagingPolicy {
  readonly name = 'fifo';
  private readonly queue: AddressableQueue;
  private victimSlot = NO_SLOT;

  constructor(context: PagingContext) {
    this.queue = new AddressableQueue(context.largestPage, queueSizes(context));
  }

  admit(page: PageId): boolean {
    this.queue.pushBack(page);
    return true;
  }

  touch(): void {}

  evict(_need: number, eligible: (page: PageId) => boolean): PageId | undefined {
    const { queue } = this;
    for (let slot = queue.firstSlot(); slot !== NO_SLOT; slot = queue.nextSlot(slot)) {
      const page = queue.at(slot) as PageId;
      if (!eligible(page)) continue;
      queue.removeAt(slot);
      this.victimSlot = slot;
      return page;
    }
    return undefined;
  }

  remove(page: PageId): void {
    this.queue.remove(page);
  }

  putBack(page: PageId): void {
    this.queue.fill(this.victimSlot, page);
  }

  split(page: PageId, part: PageId, colder: boolean): void {
    if (colder) this.queue.insertBefore(page, part);
    else this.queue.insertAfter(page, part);
  }

  checkInvariants(resident: number): void {
    this.queue.checkInvariants();
    assert(this.queue.size === resident, `${this.queue.size} pages in the queue, ${resident} resident`);
  }

  /** The resident pages, first in first. */
  save(): Json {
    return [...this.queue.ids()];
  }

  load(state: Json): void {
    assert(this.queue.size === 0, 'load into a policy that is in use');
    for (const page of state as readonly number[]) this.queue.pushBack(page);
  }
}
