import { assert } from '../../base/assert.ts';
import { LinkedIds, NONE } from '../../base/list.ts';
import type { PagingPolicy } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';

/**
 * Resident pages in one list from cold to warm; a page comes in at the warm end, and the coldest eligible one leaves.
 * `lru` and `fifo` differ only in what a touch does. Every call is O(1), but evict also walks past the pages at the
 * cold end that are not eligible.
 */
export abstract class ColdToWarm implements PagingPolicy {
  abstract readonly name: string;
  protected readonly list = new LinkedIds();
  /** The page right on the colder side of the last victim, as long as the place can be told; NONE: the cold end. */
  private besideVictim = NONE;

  abstract touch(page: PageId, nowUs: number): void;

  admit(page: PageId): boolean {
    this.list.pushBack(page);
    return true;
  }

  evict(_need: number, eligible: (page: PageId) => boolean): PageId | undefined {
    const { list } = this;
    for (let id = list.head; id !== NONE; id = list.next(id)) {
      const page = id as PageId;
      if (!eligible(page)) continue;
      this.besideVictim = list.previous(page);
      list.remove(page);
      return page;
    }
    return undefined;
  }

  remove(page: PageId): void {
    this.leave(page);
    this.list.remove(page);
  }

  putBack(page: PageId): void {
    if (this.besideVictim === NONE) this.list.pushFront(page);
    else this.list.insertAfter(this.besideVictim, page);
  }

  split(page: PageId, part: PageId, colder: boolean): void {
    if (colder) this.list.insertBefore(page, part);
    else this.list.insertAfter(page, part);
  }

  checkInvariants(resident: number): void {
    this.list.checkInvariants();
    assert(this.list.size === resident, `${this.list.size} pages in the list, ${resident} resident`);
  }

  /** The resident pages, coldest first. */
  save(): Json {
    return [...this.list.ids()];
  }

  load(state: Json): void {
    assert(this.list.size === 0, 'load into a policy that is in use');
    for (const page of state as readonly number[]) this.list.pushBack(page);
  }

  /** To be called before `page` leaves its place, so that the place of the last victim is still known. */
  protected leave(page: PageId): void {
    assert(this.list.has(page), () => `page ${page} is not resident`);
    if (page === this.besideVictim) this.besideVictim = this.list.previous(page);
  }
}
