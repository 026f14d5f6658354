import type { PageView, PagingContext } from '../../kernel/contracts.ts';
import type { PageId } from '../../kernel/ids.ts';
import { moved, rowsFor } from '../columns.ts';

/** The sizes of pages as they were at their loading, in the memory's unit, kept also when the page has left: for policies whose parts have limits. */
export class PageSizes {
  private readonly pages: PageView;
  private sizes: Float64Array; // [page]

  constructor({ pages, largestPage }: PagingContext) {
    this.pages = pages;
    this.sizes = new Float64Array((largestPage ?? 0) + 1);
  }

  /** Of any page, at present. */
  now(page: PageId): number {
    return this.pages.size(page);
  }

  /** `page` is being loaded: its size is noted, and returned. */
  read(page: PageId): number {
    const size = this.pages.size(page);
    this.set(page, size);
    return size;
  }

  /** Of a page whose size was noted. */
  of(page: PageId): number {
    return this.sizes[page]!;
  }

  set(page: PageId, size: number): void {
    const { length } = this.sizes;
    if (page >= length) this.sizes = moved(this.sizes, new Float64Array(rowsFor(page, length)));
    this.sizes[page] = size;
  }
}
