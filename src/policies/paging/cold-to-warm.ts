import { assert } from '../../base/assert.ts';
import { LinkedLists } from '../../base/linked-lists.ts';
import type { PagingPolicy } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';

/** The only list: its head is the cold end. */
export const RESIDENT = 0;

/**
 * Resident pages in one list from cold to warm; a page comes in at the warm end, and the coldest eligible one leaves.
 * `lru` and `fifo` differ only in what a touch does. Every call is O(1), but evict also walks past the pages at the
 * cold end that are not eligible.
 */
export abstract class ColdToWarm implements PagingPolicy {
  abstract readonly name: string;
  protected readonly lists = new LinkedLists(1);
  /** The page right on the colder side of the last victim, as long as the place can be told; 0 or less: the cold end. */
  private besideVictim = 0;

  abstract touch(page: PageId, nowUs: number): void;

  admit(page: PageId): boolean {
    this.lists.pushBack(RESIDENT, page);
    return true;
  }

  evict(_need: number, eligible: (page: PageId) => boolean): PageId | undefined {
    const { lists } = this;
    for (let id = lists.head(RESIDENT); id > 0; id = lists.next(id)) {
      const page = id as PageId;
      if (!eligible(page)) continue;
      this.besideVictim = lists.previous(page);
      lists.remove(page);
      return page;
    }
    return undefined;
  }

  remove(page: PageId): void {
    this.leave(page);
    this.lists.remove(page);
  }

  putBack(page: PageId): void {
    if (this.besideVictim <= 0) this.lists.pushFront(RESIDENT, page);
    else this.lists.insertAfter(this.besideVictim, page);
  }

  split(page: PageId, part: PageId, colder: boolean): void {
    if (colder) this.lists.insertBefore(page, part);
    else this.lists.insertAfter(page, part);
  }

  checkInvariants(resident: number): void {
    this.lists.checkInvariants();
    const size = this.lists.size(RESIDENT);
    assert(size === resident, `${size} pages in the list, ${resident} resident`);
  }

  /** The resident pages, coldest first. */
  save(): Json {
    return [...this.lists.ids(RESIDENT)];
  }

  load(state: Json): void {
    assert(this.lists.size(RESIDENT) === 0, 'load into a policy that is in use');
    this.lists.load([state as readonly number[]]);
  }

  /** To be called before `page` leaves its place, so that the place of the last victim is still known. */
  protected leave(page: PageId): void {
    if (this.lists.listOf(page) !== RESIDENT) assert(false, `page ${page} is not resident`);
    if (page === this.besideVictim) this.besideVictim = this.lists.previous(page);
  }
}
