import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import type { PageId } from '../../../../src/kernel/ids.ts';

/** A scan of all resident pages, in the order of their last use, for the first with the farthest next use. */
export const opt: CreatePagingPolicy = ({ future }) => {
  const resident: PageId[] = [];
  const leave = (page: PageId): void => void resident.splice(resident.indexOf(page), 1);
  return {
    name: 'opt',
    admit: (page) => resident.push(page) > 0,
    touch(page) {
      leave(page);
      resident.push(page);
    },
    evict(_need, eligible) {
      const eligiblePages = resident.filter(eligible);
      const farthest = Math.max(...eligiblePages.map((page) => future!.nextUse(page)));
      const victim = eligiblePages.find((page) => future!.nextUse(page) === farthest);
      if (victim !== undefined) leave(victim);
      return victim;
    },
    remove: leave,
  };
};
