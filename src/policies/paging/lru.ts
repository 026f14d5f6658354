/**
 * Least recently used: evicts the page whose last touch is longest ago.
 *
 * Source: R. L. Mattson, J. Gecsei, D. R. Slutz, I. L. Traiger, "Evaluation techniques for storage hierarchies", 1970.
 */
import type { CreatePagingPolicy } from '../../kernel/contracts.ts';
import type { PageId } from '../../kernel/ids.ts';
import { ColdToWarm, RESIDENT } from './cold-to-warm.ts';

export const lru: CreatePagingPolicy = () => new Lru();

class Lru extends ColdToWarm {
  readonly name = 'lru';

  touch(page: PageId): void {
    this.leave(page);
    this.lists.moveToBack(RESIDENT, page);
  }
}
