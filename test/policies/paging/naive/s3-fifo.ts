import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import type { PageId } from '../../../../src/kernel/ids.ts';
import { SizesAtLoading, takeFirst, takeOut } from './lists.ts';

/** Three arrays, the oldest first, and a Map of frequencies. */
export const s3Fifo: CreatePagingPolicy = (context) => {
  const { capacity } = context;
  const small: PageId[] = [];
  const main: PageId[] = [];
  const ghost: PageId[] = [];
  const calledBack = new Set<PageId>();
  const frequency = new Map<PageId, number>();
  const sizes = new SizesAtLoading(context);
  const mainTarget = capacity - Math.floor(0.1 * capacity);
  const ghostLimit = Math.floor(0.9 * capacity);
  type Eligible = (page: PageId) => boolean;

  const fromSmall = (eligible: Eligible): PageId | undefined => {
    for (const page of small.slice()) {
      if (frequency.get(page)! >= 2) {
        takeOut(small, page);
        main.push(page);
        frequency.set(page, 0);
      } else if (eligible(page)) {
        takeOut(small, page);
        if (sizes.of(page) > ghostLimit) return page;
        while (sizes.sum(ghost) + sizes.of(page) > ghostLimit) ghost.shift();
        ghost.push(page);
        return page;
      }
    }
    return undefined;
  };
  const fromMain = (eligible: Eligible): PageId | undefined => {
    // Round by round: what is spared in one is looked at again in the next.
    for (let round = 0; round <= 3; round++)
      for (const page of main.slice()) {
        const f = Math.min(frequency.get(page)!, 3);
        if (f === 0 && eligible(page)) return takeFirst(main, (candidate) => candidate === page);
        if (f === 0) continue;
        takeOut(main, page);
        main.push(page);
        frequency.set(page, f - 1);
      }
    return undefined;
  };
  return {
    name: 's3-fifo',
    miss(page) {
      if (takeOut(ghost, page)) calledBack.add(page);
    },
    admit(page) {
      sizes.load(page);
      (calledBack.delete(page) ? main : small).push(page);
      frequency.set(page, 0);
      return true;
    },
    touch: (page) => void frequency.set(page, frequency.get(page)! + 1),
    evict(_need, eligible) {
      const isMain = sizes.sum(main) > mainTarget || small.length === 0;
      return (isMain ? fromMain(eligible) : undefined) ?? fromSmall(eligible) ?? fromMain(eligible);
    },
    remove: (page) => void (takeOut(small, page) || takeOut(main, page)),
    forget: (page) => void (takeOut(ghost, page) || calledBack.delete(page)),
  };
};
