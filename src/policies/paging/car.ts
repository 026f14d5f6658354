/**
 * CAR, clock with adaptive replacement: ARC with two clocks for its two LRU lists, so that a hit only sets a bit. A page of T1 whose bit is set when the
 * hand comes goes over to T2.
 *
 * Source: S. Bansal, D. S. Modha, "CAR: Clock with Adaptive Replacement", FAST 2004, figure 2. A page that may not leave goes round its clock like
 * one that was referenced, with its bit as it is; a clock that has only such pages leaves the choice to the other one.
 * Cost: a touch is one bit; evict is O(1), amortised, plus a move for each page on the way that is not eligible.
 */
import { BitSet } from '../../base/bit-set.ts';
import type { CreatePagingPolicy, PagingContext, PagingPolicy } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';
import { AdaptiveLists, T1, T2 } from './adaptive-lists.ts';

export const car: CreatePagingPolicy = (context) => new Car(context);

class Car implements PagingPolicy {
  readonly name = 'car';
  private readonly parts: AdaptiveLists;
  private readonly referenced: BitSet;

  constructor(context: PagingContext) {
    this.parts = new AdaptiveLists(context);
    this.referenced = new BitSet(context.largestPage);
  }

  admit(page: PageId): boolean {
    this.parts.adapt(page);
    this.parts.enter(page);
    return true;
  }

  touch(page: PageId): void {
    if (!this.referenced.has(page)) this.referenced.add(page);
  }

  evict(_need: number, eligible: (page: PageId) => boolean): PageId | undefined {
    const { parts, referenced } = this;
    const { lists, target } = parts;
    // How many pages at the back of each clock have been found unreferenced and not eligible: when that is all of them, it has no victim.
    let passed1 = 0;
    let passed2 = 0;
    for (;;) {
      const isLeft1 = passed1 < lists.count(T1);
      const isLeft2 = passed2 < lists.count(T2);
      if (!isLeft1 && !isLeft2) return undefined;
      const isFirst = isLeft1 && (lists.used(T1) >= target || !isLeft2);
      const page = lists.head(isFirst ? T1 : T2);
      if (referenced.has(page)) {
        referenced.delete(page);
        if (isFirst) parts.promote(page);
        else lists.moveToBack(T2, page);
        // It is behind those now, and will be looked at again.
        passed2 = 0;
      } else if (eligible(page)) {
        parts.leave(page);
        return page;
      } else if (isFirst) {
        lists.moveToBack(T1, page);
        passed1++;
      } else {
        lists.moveToBack(T2, page);
        passed2++;
      }
    }
  }

  remove(page: PageId): void {
    this.parts.remove(page);
    this.referenced.delete(page);
  }

  forget(page: PageId): void {
    this.parts.forget(page);
  }

  checkInvariants(resident: number): void {
    this.parts.checkInvariants(resident);
  }

  save(): Json {
    const { lists } = this.parts;
    const resident = [...lists.pages(T1), ...lists.pages(T2)];
    const referenced = resident.filter((page) => this.referenced.has(page));
    return { parts: this.parts.save(), referenced };
  }

  load(state: Json): void {
    const { parts, referenced } = state as unknown as { parts: Json; referenced: PageId[] };
    this.parts.load(parts);
    for (const page of referenced) this.referenced.add(page);
  }
}
