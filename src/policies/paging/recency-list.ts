/** What LRU and MRU share: the resident pages in the order of their last touches. They differ in the end that a victim comes from. */
import { assert } from '../../base/assert.ts';
import { LinkedLists } from '../../base/linked-lists.ts';
import type { PagingContext } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';

/** The only list: its head is the cold end, its tail the warm one. */
export const RESIDENT = 0;

export class RecencyList {
  protected readonly lists: LinkedLists;

  constructor({ largestPage }: PagingContext) {
    this.lists = new LinkedLists(1, largestPage);
  }

  admit(page: PageId): boolean {
    this.lists.pushBack(RESIDENT, page);
    return true;
  }

  touch(page: PageId): void {
    this.lists.moveToBack(RESIDENT, page);
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
