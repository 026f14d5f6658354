/**
 * ARC, adaptive replacement: two LRU lists, of pages used once lately and of pages used more often, and between them a division of the memory that
 * follows the misses on pages that left either list.
 *
 * Source: N. Megiddo, D. S. Modha, "ARC: A Self-Tuning, Low Overhead Replacement Cache", FAST 2003, figure 4. Where several pages are loaded at once,
 * the last miss decides a tie. Where one list has no page that may leave, the other one gives one.
 * Cost: O(1) for every call, but evict also walks past the pages at the old end that are not eligible.
 */
import type { CreatePagingPolicy, PagingPolicy } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';
import { AdaptiveReplacement } from './adaptive-replacement.ts';

export const arc: CreatePagingPolicy = (context) => new Arc(context);

class Arc extends AdaptiveReplacement implements PagingPolicy {
  readonly name = 'arc';
  /** The page that room is being made for is a ghost of B2. */
  private comesFromB2 = false;

  miss(page: PageId): void {
    const list = this.ghostList(page);
    this.comesFromB2 = list === 2;
    if (list !== 0) this.adapt(page);
  }

  admit(page: PageId): boolean {
    this.enter(page);
    this.comesFromB2 = false;
    return true;
  }

  touch(page: PageId): void {
    this.promote(page);
  }

  evict(_need: number, eligible: (page: PageId) => boolean): PageId | undefined {
    const isFirst = this.used1 > this.target || (this.used1 === this.target && this.comesFromB2);
    const victim = isFirst ? this.evict1(eligible) : this.evict2(eligible);
    return victim ?? this.evictOther(isFirst, eligible);
  }

  override save(): Json {
    return { ...(super.save() as object), comesFromB2: this.comesFromB2 };
  }

  override load(state: Json): void {
    super.load(state);
    this.comesFromB2 = (state as { comesFromB2: boolean }).comesFromB2;
  }

  /** Not the first page of the list that should give one: another of the same list, or else of the other one. */
  private evictOther(isFirst: boolean, eligible: (page: PageId) => boolean): PageId | undefined {
    for (const is1 of [isFirst, !isFirst]) {
      if (is1 && this.bringForward1(eligible)) return this.evict1(eligible);
      if (!is1 && this.bringForward2(eligible)) return this.evict2(eligible);
    }
    return undefined;
  }
}
