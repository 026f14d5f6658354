import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import type { PageId } from '../../../../src/kernel/ids.ts';

/** A scan of all resident pages for the largest key, written as the design writes it. */
export const importanceLru: CreatePagingPolicy = ({ pages }) => {
  const resident = new Set<PageId>();
  const key = (page: PageId): number =>
    0.3 / (pages.accesses(page) + 1) -
    0.3 * pages.importance(page) -
    (0.4 * pages.lastAccessUs(page)) / 3.6e9;
  return {
    name: 'importance-lru',
    admit: (page) => resident.add(page).size > 0,
    touch: () => undefined,
    evict(_need, eligible) {
      let victim: PageId | undefined;
      for (const page of resident) {
        if (!eligible(page)) continue;
        if (victim === undefined || key(page) > key(victim)) victim = page;
        else if (key(page) === key(victim) && pages.order(page) < pages.order(victim)) victim = page;
      }
      if (victim !== undefined) resident.delete(victim);
      return victim;
    },
    remove: (page) => void resident.delete(page),
    putBack: (page) => void resident.add(page),
    split: (_page, part) => void resident.add(part),
  };
};
