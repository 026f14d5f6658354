/**
 * First in, first out: evicts the page that has been resident longest, however often it is used. The textbook's baseline,
 * and the one whose misses can rise with the capacity.
 *
 * Source: L. A. Belady, R. A. Nelson, G. S. Shedler, "An anomaly in space-time characteristics of certain programs
 * running in a paging machine", 1969.
 */
import { assert } from '../../base/assert.ts';
import type { CreatePagingPolicy } from '../../kernel/contracts.ts';
import type { PageId } from '../../kernel/ids.ts';
import { ColdToWarm, RESIDENT } from './cold-to-warm.ts';

export const fifo: CreatePagingPolicy = () => new Fifo();

class Fifo extends ColdToWarm {
  readonly name = 'fifo';

  touch(page: PageId): void {
    if (this.lists.listOf(page) !== RESIDENT)
      assert(false, `page ${page} was touched, which is not resident`);
  }
}
