/**
 * Belady's optimal policy, for recorded traces: evicts the page whose next use is farthest. With pages of one size no policy that
 * loads on every miss has fewer misses. With sizes it is an approximation, not a bound: which pages to keep is then a
 * knapsack, and what is far and small may better stay than what is near and large.
 *
 * Source: L. A. Belady, "A study of replacement algorithms for a virtual-storage computer", 1966; optimal: R. L. Mattson et al., 1970.
 * Pages never used again leave first, the one used last longest ago before the others. Always loads, also what is never used again.
 *
 * The next uses of the resident pages are positions in the trace, all different: a set of bits over the trace, in which the farthest is found
 * in a few words.
 * Cost: O(log32 of the trace's length) for every call; evict also walks past pages that are not eligible. Memory: a bit for each reference of the
 * trace and each possible page.
 */
import { AddressableQueue, NO_SLOT } from '../../base/addressable-queue.ts';
import { assert } from '../../base/assert.ts';
import { BitSet } from '../../base/bit-set.ts';
import { HierarchicalBitSet } from '../../base/hierarchical-bit-set.ts';
import {
  NEVER_USED,
  type CreatePagingPolicy,
  type FutureView,
  type PagingPolicy,
} from '../../kernel/contracts.ts';
import { invalid } from '../../kernel/errors.ts';
import type { Json, PageId } from '../../kernel/ids.ts';

/** Throws KernelError INVALID_ARGUMENT where the future is not known. */
export const opt: CreatePagingPolicy = ({ future, largestPage }) => {
  if (future === undefined)
    throw invalid(
      'paging',
      'opt',
      'a policy that needs no future: opt needs a recorded trace (ringzero page)',
    );
  return new Opt(future, largestPage);
};

class Opt implements PagingPolicy {
  readonly name = 'opt';
  private readonly future: FutureView;
  /**
   * The next uses of the resident pages that have one; and some that have passed, which are smaller than all to come, and dropped when they are met:
   * an entry counts if the future still says so.
   */
  private readonly positions = new HierarchicalBitSet();
  /** The resident pages never used again, in the order of their last use. */
  private readonly unused: AddressableQueue;
  private readonly isUnused: BitSet;

  constructor(future: FutureView, largestPage?: number) {
    this.future = future;
    this.unused = new AddressableQueue(largestPage);
    this.isUnused = new BitSet(largestPage);
  }

  admit(page: PageId): boolean {
    this.touch(page);
    return true;
  }

  touch(page: PageId): void {
    const position = this.future.nextUse(page);
    if (position === NEVER_USED) {
      if (this.isUnused.has(page)) this.unused.moveToBack(page);
      else this.unused.pushBack(page);
      this.isUnused.add(page);
      return;
    }
    this.positions.add(position);
  }

  evict(_need: number, eligible: (page: PageId) => boolean): PageId | undefined {
    const { unused, positions, future } = this;
    for (let slot = unused.firstSlot(); slot !== NO_SLOT; slot = unused.nextSlot(slot)) {
      const page = unused.at(slot) as PageId;
      const isCurrent = future.nextUse(page) === NEVER_USED;
      if (isCurrent && !eligible(page)) continue;
      unused.removeAt(slot);
      this.isUnused.delete(page);
      if (isCurrent) return page;
    }
    for (let at = positions.largest(); at >= 0; at = positions.largestBelow(at)) {
      const page = future.pageAt(at);
      const isCurrent = future.nextUse(page) === at;
      if (isCurrent && !eligible(page)) continue;
      positions.delete(at);
      if (isCurrent) return page;
    }
    return undefined;
  }

  remove(page: PageId): void {
    const position = this.future.nextUse(page);
    if (position === NEVER_USED) {
      this.unused.remove(page);
      this.isUnused.delete(page);
      return;
    }
    const isResident = this.positions.has(position) && this.future.pageAt(position) === page;
    assert(isResident, () => `page ${page} was removed, which is not resident`);
    this.positions.delete(position);
  }

  checkInvariants(resident: number): void {
    this.unused.checkInvariants();
    this.positions.checkInvariants();
    const pages = this.pages();
    assert(new Set(pages).size === pages.length, 'a page has two next uses');
    assert(pages.length === resident, `${pages.length} pages have a next use or none, ${resident} resident`);
  }

  /** The resident pages: first those never used again, then from the farthest next use on. For `load` the future must be in place. */
  save(): Json {
    return this.pages();
  }

  load(state: Json): void {
    assert(this.pages().length === 0, 'load into a policy that is in use');
    for (const page of state as readonly number[]) this.touch(page as PageId);
  }

  private pages(): number[] {
    const { unused, positions, future } = this;
    const pages = [...unused.ids()].filter((page) => future.nextUse(page as PageId) === NEVER_USED);
    for (let at = positions.largest(); at >= 0; at = positions.largestBelow(at))
      if (future.nextUse(future.pageAt(at)) === at) pages.push(future.pageAt(at));
    return pages;
  }
}
