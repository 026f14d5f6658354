/**
 * What 2Q and S3-FIFO share: a probation queue that new pages enter, a main queue for those that proved worth keeping, and ghosts: a FIFO of
 * pages that left probation. A miss on a ghost calls the page back: it is no ghost from then on, and enters the main queue when it is loaded.
 */
import { assert } from '../../base/assert.ts';
import { BitSet } from '../../base/bit-set.ts';
import type { PagingContext } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';
import { SizedLists } from './sized-lists.ts';

export const PROBATION = 0;
export const MAIN = 1;
const GHOSTS = 2;
const CALLED = 3;

export class ProbationLists {
  readonly lists: SizedLists;
  /** What the ghosts may take. */
  private readonly ghostShare: number;
  // Two bits say which list a page is in; without both it is in probation or in none.
  /** In `GHOSTS` or `CALLED`: not resident. */
  private readonly away: BitSet;
  /** In `MAIN` or `CALLED`. */
  private readonly proven: BitSet;

  constructor(context: PagingContext, ghostShare: number) {
    this.lists = new SizedLists(4, context);
    this.ghostShare = ghostShare;
    this.away = new BitSet(context.largestPage);
    this.proven = new BitSet(context.largestPage);
  }

  /** `page` is missed. */
  call(page: PageId): void {
    if (!this.away.has(page) || this.proven.has(page)) return;
    this.lists.transfer(GHOSTS, CALLED, page);
    this.proven.add(page);
  }

  /** `page` is loaded. */
  enter(page: PageId): void {
    if (this.proven.has(page)) {
      this.lists.remove(CALLED, page);
      this.away.delete(page);
      this.lists.enter(MAIN, page);
    } else this.lists.enter(PROBATION, page);
  }

  isMain(page: PageId): boolean {
    return this.proven.has(page);
  }

  /** `page`, in probation, goes to the back of the main queue. */
  promote(page: PageId): void {
    this.lists.transfer(PROBATION, MAIN, page);
    this.proven.add(page);
  }

  /** Resident `page` leaves; out of probation it becomes a ghost, for which the oldest make room. */
  leave(page: PageId): void {
    const { lists } = this;
    const size = lists.sizeOf(page);
    if (this.proven.has(page) || size > this.ghostShare) {
      this.remove(page);
      return;
    }
    while (lists.used(GHOSTS) + size > this.ghostShare) this.forget(lists.head(GHOSTS));
    lists.transfer(PROBATION, GHOSTS, page);
    this.away.add(page);
  }

  /** Resident `page` leaves and is not remembered. */
  remove(page: PageId): void {
    assert(!this.away.has(page), () => `page ${page} was removed, which is not resident`);
    this.lists.remove(this.proven.has(page) ? MAIN : PROBATION, page);
    this.proven.delete(page);
  }

  /** `page`, not resident, is remembered no longer. */
  forget(page: PageId): void {
    if (!this.away.has(page)) return;
    this.lists.remove(this.proven.has(page) ? CALLED : GHOSTS, page);
    this.away.delete(page);
    this.proven.delete(page);
  }

  checkInvariants(resident: number): void {
    const { lists, ghostShare } = this;
    lists.checkInvariants();
    const count = lists.count(PROBATION) + lists.count(MAIN);
    assert(count === resident, () => `${count} pages in the queues, ${resident} resident`);
    assert(lists.used(GHOSTS) <= ghostShare, () => `ghosts take ${lists.used(GHOSTS)}, of ${ghostShare}`);
    for (const list of [PROBATION, MAIN, GHOSTS, CALLED])
      for (const page of lists.pages(list)) {
        const isRight = this.proven.has(page) === (list === MAIN || list === CALLED);
        assert(isRight && this.away.has(page) === list >= GHOSTS, () => `page ${page} is in list ${list}`);
      }
  }

  save(): Json {
    return this.lists.save();
  }

  load(state: Json): void {
    const { lists } = this;
    lists.load(state);
    for (const list of [MAIN, CALLED]) for (const page of lists.pages(list)) this.proven.add(page);
    for (const list of [GHOSTS, CALLED]) for (const page of lists.pages(list)) this.away.add(page);
  }
}
