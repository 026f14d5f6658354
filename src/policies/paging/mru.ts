/**
 * Most recently used: evicts the page touched last. Best where a loop is longer than memory, and a warning elsewhere.
 *
 * Source: H.-T. Chou, D. J. DeWitt, "An evaluation of buffer management strategies for relational database systems", 1985.
 * Cost: O(1) for every call, but evict also walks past the pages at the warm end that are not eligible.
 */
import { assert } from '../../base/assert.ts';
import { LinkedLists } from '../../base/linked-lists.ts';
import type { CreatePagingPolicy, PagingPolicy } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';

export const mru: CreatePagingPolicy = ({ largestPage }) => new Mru(largestPage);

/** The only list: its tail is the warm end. */
const RESIDENT = 0;

class Mru implements PagingPolicy {
  readonly name = 'mru';
  private readonly lists: LinkedLists;

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
    for (let id = lists.tail(RESIDENT); id > 0; id = lists.previous(id)) {
      const page = id as PageId;
      if (!eligible(page)) continue;
      lists.remove(RESIDENT, page);
      return page;
    }
    return undefined;
  }

  remove(page: PageId): void {
    this.lists.remove(RESIDENT, page);
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
