import type { PagingContext } from '../../../../src/kernel/contracts.ts';
import type { PageId } from '../../../../src/kernel/ids.ts';

/** Takes `page` out of the array; false: it was not in it. */
export function takeOut(pages: PageId[], page: PageId): boolean {
  const at = pages.indexOf(page);
  if (at >= 0) pages.splice(at, 1);
  return at >= 0;
}

/** Takes out the first page that may leave. */
export function takeFirst(pages: PageId[], eligible: (page: PageId) => boolean): PageId | undefined {
  const at = pages.findIndex(eligible);
  return at < 0 ? undefined : pages.splice(at, 1)[0];
}

/** What pages took when they were loaded. */
export class SizesAtLoading {
  private readonly context: PagingContext;
  private readonly sizes = new Map<PageId, number>();

  constructor(context: PagingContext) {
    this.context = context;
  }

  load(page: PageId): void {
    this.sizes.set(page, this.context.unit === 'pages' ? 1 : this.context.pages.size(page));
  }

  of(page: PageId): number {
    return this.sizes.get(page)!;
  }

  sum(pages: readonly PageId[]): number {
    return pages.reduce((sum, page) => sum + this.of(page), 0);
  }
}
