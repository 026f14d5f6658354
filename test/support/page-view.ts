import type { PageView } from '../../src/kernel/contracts.ts';
import type { PageId } from '../../src/kernel/ids.ts';

export interface PageFigures {
  readonly size?: number;
  readonly importance?: number;
  readonly accesses?: number;
  readonly lastAccessUs?: number;
  readonly order?: number;
}

/** What paging policies see of pages, over plain arrays: a test writes the figures, as the owner of a memory does. */
export class ArrayPages implements PageView {
  readonly sizes: number[] = [];
  readonly importances: number[] = [];
  readonly accessCounts: number[] = [];
  readonly lastAccesses: number[] = [];
  readonly orders: number[] = [];

  /** Figures of `page`; those not given: size 1, importance 0.5, never accessed, in the order of page ids. */
  set(page: PageId, figures: PageFigures = {}): void {
    this.sizes[page] = figures.size ?? 1;
    this.importances[page] = figures.importance ?? 0.5;
    this.accessCounts[page] = figures.accesses ?? 0;
    this.lastAccesses[page] = figures.lastAccessUs ?? 0;
    this.orders[page] = figures.order ?? page;
  }

  /** `page` is used now. */
  use(page: PageId, nowUs: number): void {
    this.accessCounts[page] = this.accesses(page) + 1;
    this.lastAccesses[page] = nowUs;
  }

  size(page: PageId): number {
    return this.sizes[page]!;
  }
  importance(page: PageId): number {
    return this.importances[page]!;
  }
  accesses(page: PageId): number {
    return this.accessCounts[page]!;
  }
  lastAccessUs(page: PageId): number {
    return this.lastAccesses[page]!;
  }
  order(page: PageId): number {
    return this.orders[page]!;
  }
}
