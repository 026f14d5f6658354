/**
 * Most recently used: evicts the page touched last. Best where a loop is longer than memory, and a warning elsewhere.
 *
 * Source: H.-T. Chou, D. J. DeWitt, "An evaluation of buffer management strategies for relational database systems", 1985.
 * Cost: O(1) for every call, but evict also walks past the pages at the warm end that are not eligible.
 */
import type { CreatePagingPolicy, PagingPolicy } from '../../kernel/contracts.ts';
import type { PageId } from '../../kernel/ids.ts';
import { RecencyList, RESIDENT } from './recency-list.ts';

export const mru: CreatePagingPolicy = (context) => new Mru(context);

class Mru extends RecencyList implements PagingPolicy {
  readonly name = 'mru';

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
}
