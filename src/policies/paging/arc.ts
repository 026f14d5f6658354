/**
 * ARC, adaptive replacement: two LRU lists, of pages used once lately and of pages used more often, and between them a division of the memory that
 * follows the misses on pages that left either list.
 *
 * Source: N. Megiddo, D. S. Modha, "ARC: A Self-Tuning, Low Overhead Replacement Cache", FAST 2003, figure 4. Where several pages are loaded at once,
 * the last miss decides a tie. Where one list has no page that may leave, the other one gives one.
 * Cost: O(1) for every call, but evict also walks past the pages at the old end that are not eligible.
 */
import type { CreatePagingPolicy, PagingContext, PagingPolicy } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';
import { AdaptiveLists, T1, T2 } from './adaptive-lists.ts';

export const arc: CreatePagingPolicy = (context) => new Arc(context);

class Arc implements PagingPolicy {
  readonly name = 'arc';
  private readonly parts: AdaptiveLists;
  /** The page that room is being made for is a ghost of B2. */
  private comesFromB2 = false;

  constructor(context: PagingContext) {
    this.parts = new AdaptiveLists(context);
  }

  miss(page: PageId): void {
    this.comesFromB2 = this.parts.ghostOf(page) === 2;
    this.parts.adapt(page);
  }

  admit(page: PageId): boolean {
    this.parts.enter(page);
    this.comesFromB2 = false;
    return true;
  }

  touch(page: PageId): void {
    const { parts } = this;
    if (parts.residentList(page) === T1) parts.promote(page);
    else parts.lists.moveToBack(T2, page);
  }

  evict(_need: number, eligible: (page: PageId) => boolean): PageId | undefined {
    const { parts } = this;
    const { lists, target } = parts;
    const t1 = lists.used(T1);
    const isFirst = t1 > target || (t1 === target && this.comesFromB2);
    const victim =
      lists.firstEligible(isFirst ? T1 : T2, eligible) ?? lists.firstEligible(isFirst ? T2 : T1, eligible);
    if (victim !== undefined) parts.leave(victim);
    return victim;
  }

  remove(page: PageId): void {
    this.parts.remove(page);
  }

  forget(page: PageId): void {
    this.parts.forget(page);
  }

  checkInvariants(resident: number): void {
    this.parts.checkInvariants(resident);
  }

  save(): Json {
    return { ...(this.parts.save() as object), comesFromB2: this.comesFromB2 };
  }

  load(state: Json): void {
    this.parts.load(state);
    this.comesFromB2 = (state as { comesFromB2: boolean }).comesFromB2;
  }
}
