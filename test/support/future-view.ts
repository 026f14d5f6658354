import { NEVER_USED, type FutureView } from '../../src/kernel/contracts.ts';
import type { PageId } from '../../src/kernel/ids.ts';

/** A future that a test moves on by one with each reference. */
export interface TestFuture extends FutureView {
  /** `page` is referenced now. */
  use(page: PageId): void;
}

/** What a list of references holds, and nothing more after it. */
export class ListedFuture implements TestFuture {
  private readonly references: readonly PageId[];
  private readonly nextOfReference: number[] = [];
  private readonly nextOfPage = new Map<PageId, number>();
  private at = 0;

  constructor(references: readonly PageId[]) {
    this.references = references;
    const seenAt = new Map<PageId, number>();
    for (let at = references.length - 1; at >= 0; at--) {
      this.nextOfReference[at] = seenAt.get(references[at]!) ?? NEVER_USED;
      seenAt.set(references[at]!, at);
    }
  }

  use(page: PageId): void {
    const { references, at } = this;
    if (at < references.length && references[at] !== page)
      throw new Error(`reference ${at} is to ${references[at]}, not ${page}`);
    this.nextOfPage.set(page, this.nextOfReference[at] ?? NEVER_USED);
    this.at++;
  }

  /** Of a page that has been referenced. */
  nextUse(page: PageId): number {
    return this.nextOfPage.get(page)!;
  }

  pageAt(reference: number): PageId {
    return this.references[reference]!;
  }
}

/** Above every page of a prophecy. */
const STRIDE = 128;

/**
 * A prophecy for requests that are not known beforehand: it need not come true, but is made at each use of a page and then stands, and no two uses, of one page or
 * of two, have the same next use. One use in five is said to be the last.
 */
export class ProphesiedFuture implements TestFuture {
  private readonly nextUses: number[] = [];
  /** Of each page, the farthest that was prophesied. */
  private readonly latest: number[] = [];
  private at = 0;

  use(page: PageId): void {
    this.at++;
    const distance = 1 + ((7 * this.at + 3 * page) % 23);
    const next = Math.max(this.at + distance, (this.latest[page] ?? 0) + 1);
    this.latest[page] = next;
    this.nextUses[page] = distance % 5 === 0 ? NEVER_USED : next * STRIDE + page;
  }

  nextUse(page: PageId): number {
    if (page >= STRIDE) throw new Error(`a prophecy for page ${page}: allowed: up to ${STRIDE - 1}`);
    return this.nextUses[page] ?? page;
  }

  pageAt(reference: number): PageId {
    return (reference % STRIDE) as PageId;
  }
}
