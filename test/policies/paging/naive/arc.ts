import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import type { PageId } from '../../../../src/kernel/ids.ts';
import { sizesAtLoading, takeFirst, takeOut } from './lists.ts';

/** Figure 4 of the paper with four arrays, least recently used first. */
export const arc: CreatePagingPolicy = (context) => {
  const c = context.capacity;
  const [t1, t2, b1, b2]: PageId[][] = [[], [], [], []];
  const { load, size, sum } = sizesAtLoading(context);
  let p = 0;
  let comesFromB2 = false;
  return {
    name: 'arc',
    miss(page) {
      comesFromB2 = b2.includes(page);
      if (b1.includes(page)) p = Math.min(c, p + Math.max(sum(b2) / sum(b1), 1) * size(page));
      if (b2.includes(page)) p = Math.max(0, p - Math.max(sum(b1) / sum(b2), 1) * size(page));
    },
    admit(page) {
      const wasSeen = takeOut(b1, page) || takeOut(b2, page);
      (wasSeen ? t2 : t1).push(page);
      load(page);
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
      const isFirst = sum(t1) > p || (comesFromB2 && sum(t1) === p);
      for (const [resident, ghosts] of isFirst
        ? [[t1, b1] as const, [t2, b2] as const]
        : [[t2, b2] as const, [t1, b1] as const]) {
        const victim = takeFirst(resident, eligible);
        if (victim === undefined) continue;
        ghosts.push(victim);
        return victim;
      }
      return undefined;
    },
    remove: (page) => void (takeOut(t1, page) || takeOut(t2, page)),
    forget: (page) => void (takeOut(b1, page) || takeOut(b2, page)),
  };
};
