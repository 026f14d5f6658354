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

export interface SizesAtLoading {
  load(page: PageId): void;
  size(page: PageId): number;
  sum(pages: readonly PageId[]): number;
}

/** What pages took when they were loaded. */
export function sizesAtLoading({ unit, pages }: PagingContext): SizesAtLoading {
  const sizes = new Map<PageId, number>();
  return {
    load: (page) => void sizes.set(page, unit === 'pages' ? 1 : pages.size(page)),
    size: (page) => sizes.get(page)!,
    sum: (list) => list.reduce((sum, page) => sum + sizes.get(page)!, 0),
  };
}
