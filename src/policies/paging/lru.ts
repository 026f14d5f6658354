/**
 * Least recently used: evicts the page whose last touch is longest ago.
 *
 * Source: R. L. Mattson, J. Gecsei, D. R. Slutz, I. L. Traiger, "Evaluation techniques for storage hierarchies", 1970.
 * Cost: O(1) for every call, but evict also walks past the pages at the cold end that are not eligible.
 */
import { assert } from '../../base/assert.ts';
import { LinkedLists } from '../../base/linked-lists.ts';
import type { CreatePagingPolicy, PagingPolicy } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';

export const lru: CreatePagingPolicy = ({ largestPage }) => new Lru(largestPage);

/** The only list: its head is the cold end. */
const RESIDENT = 0;

class Lru implements PagingPolicy {
  readonly name = 'lru';
  private readonly lists: LinkedLists;
  /** The page right on the colder side of the last victim; 0 or less: the cold end. */
  private besideVictim = 0;

  constructor(largestPage?: number) {
    this.lists = new LinkedLists(1, largestPage);
  }

  admit(page: PageId): boolean {
    this.lists.pushBack(RESIDENT, page);
    return true;
  }

  touch(page: PageId): void {
    this.lists.moveToBack(RESIDENT, page);
  }

  evict(_need: number, eligible: (page: PageId) => boolean): PageId | undefined {
    const { lists } = this;
    for (let id = lists.head(RESIDENT); id > 0; id = lists.next(id)) {
      const page = id as PageId;
      if (!eligible(page)) continue;
      this.besideVictim = lists.previous(page);
      lists.remove(RESIDENT, page);
      return page;
    }
    return undefined;
  }

  remove(page: PageId): void {
    this.lists.remove(RESIDENT, page);
  }

  putBack(page: PageId): void {
    if (this.besideVictim <= 0) this.lists.pushFront(RESIDENT, page);
    else this.lists.insertAfter(RESIDENT, this.besideVictim, page);
  }

  split(page: PageId, part: PageId, colder: boolean): void {
    if (colder) this.lists.insertBefore(RESIDENT, page, part);
    else this.lists.insertAfter(RESIDENT, page, part);
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
}
