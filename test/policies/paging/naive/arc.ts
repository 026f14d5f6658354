import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import type { PageId } from '../../../../src/kernel/ids.ts';
import { SizesAtLoading, takeFirst, takeOut } from './lists.ts';

/** Figure 4 of the paper with four arrays, least recently used first. */
export const arc: CreatePagingPolicy = (context) => {
  const c = context.capacity;
  const t1: PageId[] = [];
  const t2: PageId[] = [];
  const b1: PageId[] = [];
  const b2: PageId[] = [];
  const sizes = new SizesAtLoading(context);
  const sum = (list: PageId[]): number => sizes.sum(list);
  let p = 0;
  let comesFromB2 = false;
  return {
    name: 'arc',
    miss(page) {
      comesFromB2 = b2.includes(page);
      if (b1.includes(page)) p = Math.min(c, p + Math.max(sum(b2) / sum(b1), 1) * sizes.of(page));
      if (b2.includes(page)) p = Math.max(0, p - Math.max(sum(b1) / sum(b2), 1) * sizes.of(page));
    },
    admit(page) {
      const wasSeen = takeOut(b1, page) || takeOut(b2, page);
      (wasSeen ? t2 : t1).push(page);
      sizes.load(page);
      while (sum(t1) + sum(b1) > c) b1.shift();
      while (sum(t1) + sum(t2) + sum(b1) + sum(b2) > 2 * c) b2.shift();
      comesFromB2 = false;
      return true;
    },
    touch(page) {
      takeOut(t1, page);
      takeOut(t2, page);
      t2.push(page);
    },
    evict(_need, eligible) {
      const replace = (resident: PageId[], ghosts: PageId[]): PageId | undefined => {
        const victim = takeFirst(resident, eligible);
        if (victim !== undefined) ghosts.push(victim);
        return victim;
      };
      const isFirst = sum(t1) > p || (comesFromB2 && sum(t1) === p);
      return isFirst ? (replace(t1, b1) ?? replace(t2, b2)) : (replace(t2, b2) ?? replace(t1, b1));
    },
    remove: (page) => void (takeOut(t1, page) || takeOut(t2, page)),
    forget: (page) => void (takeOut(b1, page) || takeOut(b2, page)),
  };
};
