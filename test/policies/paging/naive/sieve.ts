import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import type { PageId } from '../../../../src/kernel/ids.ts';

/** One array, newest first, and the hand an index in it that runs down to the newest and then starts from the end again. */
export const sieve: CreatePagingPolicy = () => {
  const pages: PageId[] = [];
  const visited = new Set<PageId>();
  let hand = -1;
  const takeOut = (index: number): PageId => {
    const [page] = pages.splice(index, 1);
    // What was at a higher index is older, and the hand past it.
    if (index <= hand) hand--;
    visited.delete(page!);
    return page!;
  };
  return {
    name: 'sieve',
    admit(page) {
      pages.unshift(page);
      if (hand >= 0) hand++;
      return true;
    },
    touch: (page) => void visited.add(page),
    evict(_need, eligible) {
      for (let looked = 2 * pages.length; looked > 0; looked--) {
        if (hand < 0) hand = pages.length - 1;
        const page = pages[hand]!;
        if (!visited.has(page) && eligible(page)) return takeOut(hand);
        visited.delete(page);
        hand--;
      }
      return undefined;
    },
    remove: (page) => void takeOut(pages.indexOf(page)),
  };
};
