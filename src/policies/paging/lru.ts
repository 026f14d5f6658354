/**
 * Least recently used: evicts the page whose last touch is longest ago.
 *
 * Source: R. L. Mattson, J. Gecsei, D. R. Slutz, I. L. Traiger, "Evaluation techniques for storage hierarchies", 1970.
 * Cost: O(1) for every call, but evict also walks past the pages at the cold end that are not eligible.
 */
import type { CreatePagingPolicy, PagingPolicy } from '../../kernel/contracts.ts';
import type { PageId } from '../../kernel/ids.ts';
import { RecencyList, RESIDENT } from './recency-list.ts';

export const lru: CreatePagingPolicy = (context) => new Lru(context);

class Lru extends RecencyList implements PagingPolicy {
  readonly name = 'lru';
  /** The page right on the colder side of the last victim; 0 or less: the cold end. */
  private besideVictim = 0;

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

  putBack(page: PageId): void {
    if (this.besideVictim <= 0) this.lists.pushFront(RESIDENT, page);
    else this.lists.insertAfter(RESIDENT, this.besideVictim, page);
  }

  split(page: PageId, part: PageId, colder: boolean): void {
    if (colder) this.lists.insertBefore(RESIDENT, page, part);
    else this.lists.insertAfter(RESIDENT, page, part);
  }
}
