import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import type { PageId } from '../../../../src/kernel/ids.ts';
import { SizesAtLoading, takeFirst, takeOut } from './lists.ts';

/** The paper's full version with three arrays, the oldest first. */
export const twoQ: CreatePagingPolicy = (context) => {
  const [kIn, kOut] = [Math.floor(context.capacity / 4), Math.floor(context.capacity / 2)];
  const a1in: PageId[] = [];
  const a1out: PageId[] = [];
  const am: PageId[] = [];
  const calledBack = new Set<PageId>();
  const sizes = new SizesAtLoading(context);
  const fromIn = (eligible: (page: PageId) => boolean): PageId | undefined => {
    const victim = takeFirst(a1in, eligible);
    if (victim === undefined || sizes.of(victim) > kOut) return victim;
    a1out.push(victim);
    while (sizes.sum(a1out) > kOut) a1out.shift();
    return victim;
  };
  return {
    name: 'two-q',
    miss(page) {
      if (takeOut(a1out, page)) calledBack.add(page);
    },
    admit(page) {
      sizes.load(page);
      (calledBack.delete(page) ? am : a1in).push(page);
      return true;
    },
    touch(page) {
      if (takeOut(am, page)) am.push(page);
    },
    evict: (_need, eligible) =>
      sizes.sum(a1in) > kIn
        ? (fromIn(eligible) ?? takeFirst(am, eligible))
        : (takeFirst(am, eligible) ?? fromIn(eligible)),
    remove: (page) => void (takeOut(a1in, page) || takeOut(am, page)),
    forget: (page) => void (takeOut(a1out, page) || calledBack.delete(page)),
  };
};
