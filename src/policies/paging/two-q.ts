/**
 * 2Q: what is loaded passes through a FIFO (A1in) and is remembered when it leaves it (A1out); what is missed while it is remembered was worth keeping and
 * enters an LRU list (Am). A hit in the FIFO tells nothing: it may be of the same burst.
 *
 * Source: T. Johnson, D. Shasha, "2Q: A Low Overhead High Performance Buffer Management Replacement Algorithm", VLDB 1994, the full version, with Kin a
 * quarter and Kout half of the memory. Where the queue to reclaim from has no page that may leave, the other one gives one.
 * Cost: O(1) for every call, but evict also walks past the pages at the old end that are not eligible.
 */
import type { CreatePagingPolicy, PagingContext, PagingPolicy } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';
import { MAIN, PROBATION, ProbationLists } from './probation-lists.ts';

export const twoQ: CreatePagingPolicy = (context) => new TwoQ(context);

class TwoQ implements PagingPolicy {
  readonly name = 'two-q';
  /** Kin. */
  private readonly inShare: number;
  private readonly queues: ProbationLists;

  constructor(context: PagingContext) {
    this.inShare = Math.floor(context.capacity / 4);
    this.queues = new ProbationLists(context, Math.floor(context.capacity / 2));
  }

  miss(page: PageId): void {
    this.queues.call(page);
  }

  admit(page: PageId): boolean {
    this.queues.enter(page);
    return true;
  }

  touch(page: PageId): void {
    if (this.queues.isMain(page)) this.queues.lists.moveToBack(MAIN, page);
  }

  evict(_need: number, eligible: (page: PageId) => boolean): PageId | undefined {
    const { lists } = this.queues;
    const [first, other] = lists.used(PROBATION) > this.inShare ? [PROBATION, MAIN] : [MAIN, PROBATION];
    const victim = lists.firstEligible(first, eligible) ?? lists.firstEligible(other, eligible);
    if (victim !== undefined) this.queues.leave(victim);
    return victim;
  }

  remove(page: PageId): void {
    this.queues.remove(page);
  }

  forget(page: PageId): void {
    this.queues.forget(page);
  }

  checkInvariants(resident: number): void {
    this.queues.checkInvariants(resident);
  }

  save(): Json {
    return this.queues.save();
  }

  load(state: Json): void {
    this.queues.load(state);
  }
}
