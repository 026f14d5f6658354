/**
 * Clock (second chance): evicts the oldest page that was not touched since the hand last passed it.
 *
 * Source: F. J. Corbató, "A Paging Experiment with the Multics System", 1968.
 * Departs from many textbooks: the reference bit is 0 when a page is loaded, not 1.
 * Shape: the ring is a queue whose front is under the hand; passing a page takes it from the front to the back.
 * Cost: a touch is one bit; evict passes each page at most twice.
 */
import { AddressableQueue } from '../../base/addressable-queue.ts';
import { assert } from '../../base/assert.ts';
import { BitSet } from '../../base/bit-set.ts';
import type { CreatePagingPolicy, PagingContext, PagingPolicy } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';
import { queueSizes } from './queue-sizes.ts';

export const clock: CreatePagingPolicy = (context) => new Clock(context);

class Clock implements PagingPolicy {
  readonly name = 'clock';
  private readonly ring: AddressableQueue;
  private readonly referenced: BitSet;

  constructor(context: PagingContext) {
    this.ring = new AddressableQueue(context.largestPage, queueSizes(context));
    this.referenced = new BitSet(context.largestPage);
  }

  admit(page: PageId): boolean {
    this.ring.pushBack(page);
    return true;
  }

  touch(page: PageId): void {
    // Looked at first: a hot page's word is then read only, by most touches.
    if (!this.referenced.has(page)) this.referenced.add(page);
  }

  evict(_need: number, eligible: (page: PageId) => boolean): PageId | undefined {
    const { ring, referenced } = this;
    for (let stepsLeft = 2 * ring.size; stepsLeft > 0; stepsLeft--) {
      const page = ring.popFront() as PageId;
      if (referenced.has(page)) referenced.delete(page);
      else if (eligible(page)) return page;
      ring.pushBack(page);
    }
    return undefined;
  }

  remove(page: PageId): void {
    this.ring.remove(page);
    this.referenced.delete(page);
  }

  checkInvariants(resident: number): void {
    this.ring.checkInvariants();
    assert(this.ring.size === resident, `${this.ring.size} pages on the ring, ${resident} resident`);
  }

  /** The resident pages from the hand on, and those of them with the bit set. */
  save(): Json {
    const ring = [...this.ring.ids()];
    return { ring, referenced: ring.filter((page) => this.referenced.has(page)) };
  }

  load(state: Json): void {
    assert(this.ring.size === 0, 'load into a policy that is in use');
    const { ring, referenced } = state as unknown as { ring: number[]; referenced: number[] };
    for (const page of ring) this.ring.pushBack(page);
    for (const page of referenced) this.referenced.add(page);
  }
}
