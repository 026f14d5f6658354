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
import { AdaptiveReplacement } from './adaptive-replacement.ts';

export const car: CreatePagingPolicy = (context) => new Car(context);

class Car extends AdaptiveReplacement implements PagingPolicy {
  readonly name = 'car';
  private readonly referenced: BitSet;

  constructor(context: PagingContext) {
    super(context);
    this.referenced = new BitSet(context.largestPage);
  }

  admit(page: PageId): boolean {
    if (this.ghostList(page) !== 0) this.adapt(page);
    this.enter(page);
    return true;
  }

  touch(page: PageId): void {
    if (!this.referenced.has(page)) this.referenced.add(page);
  }

  evict(_need: number, eligible: (page: PageId) => boolean): PageId | undefined {
    const { referenced } = this;
    // The first of each clock that was found neither referenced nor eligible: when it comes round again, the clock has no victim.
    let stop1 = 0;
    let stop2 = 0;
    for (;;) {
      const head1 = this.head1();
      const head2 = this.head2();
      const isStuck1 = head1 === stop1;
      const isStuck2 = head2 === stop2;
      if (isStuck1 && isStuck2) return undefined;
      const isFirst = !isStuck1 && (this.used1 >= this.target || isStuck2);
      const page = isFirst ? head1 : head2;
      if (referenced.has(page)) {
        referenced.delete(page);
        this.promote(page);
        // It is behind those now, and will be looked at again.
        stop2 = 0;
      } else if (eligible(page)) return isFirst ? this.evict1(eligible) : this.evict2(eligible);
      else {
        this.moveToBack(page);
        if (!isFirst && stop2 === 0) stop2 = page;
        if (isFirst && stop1 === 0) stop1 = page;
      }
    }
  }

  override remove(page: PageId): void {
    super.remove(page);
    this.referenced.delete(page);
  }

  override save(): Json {
    const [t1, t2] = this.lists();
    return {
      ...(super.save() as object),
      referenced: [...t1, ...t2].filter((page) => this.referenced.has(page)),
    };
  }

  override load(state: Json): void {
    super.load(state);
    for (const page of (state as unknown as { referenced: PageId[] }).referenced) this.referenced.add(page);
  }
}
