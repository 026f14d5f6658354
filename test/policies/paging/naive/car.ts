import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import type { PageId } from '../../../../src/kernel/ids.ts';
import { SizesAtLoading, takeOut } from './lists.ts';

interface Entry {
  readonly page: PageId;
  isReferenced: boolean;
}

/** Figure 2 of the paper: two clocks, with what is under the hand first, and two arrays of ghosts, least recently used first. */
export const car: CreatePagingPolicy = (context) => {
  const c = context.capacity;
  const t1: Entry[] = [];
  const t2: Entry[] = [];
  const b1: PageId[] = [];
  const b2: PageId[] = [];
  let p = 0;
  const sizes = new SizesAtLoading(context);
  const taken = (clock: Entry[]): number => sizes.sum(clock.map(({ page }) => page));
  return {
    name: 'car',
    admit(page) {
      const [in1, in2] = [b1.includes(page), b2.includes(page)];
      if (in1) p = Math.min(p + Math.max(1, sizes.sum(b2) / sizes.sum(b1)) * sizes.of(page), c);
      if (in2) p = Math.max(p - Math.max(1, sizes.sum(b1) / sizes.sum(b2)) * sizes.of(page), 0);
      takeOut(b1, page);
      takeOut(b2, page);
      sizes.load(page);
      (in1 || in2 ? t2 : t1).push({ page, isReferenced: false });
      while (taken(t1) + sizes.sum(b1) > c) b1.shift();
      while (taken(t1) + taken(t2) + sizes.sum(b1) + sizes.sum(b2) > 2 * c) b2.shift();
      return true;
    },
    touch(page) {
      for (const entry of [...t1, ...t2]) if (entry.page === page) entry.isReferenced = true;
    },
    evict(_need, eligible) {
      const passed = new Set<PageId>();
      const isStuck = (clock: Entry[]): boolean => clock.every(({ page }) => passed.has(page));
      while (!isStuck(t1) || !isStuck(t2)) {
        const isFirst = isStuck(t2) || (!isStuck(t1) && taken(t1) >= Math.max(1, p));
        const clock = isFirst ? t1 : t2;
        const entry = clock.shift()!;
        if (entry.isReferenced) t2.push({ ...entry, isReferenced: false });
        else if (eligible(entry.page)) {
          (isFirst ? b1 : b2).push(entry.page);
          return entry.page;
        } else {
          passed.add(entry.page);
          clock.push(entry);
        }
      }
      return undefined;
    },
    remove(page) {
      for (const clock of [t1, t2]) {
        const at = clock.findIndex((entry) => entry.page === page);
        if (at >= 0) clock.splice(at, 1);
      }
    },
    forget: (page) => void (takeOut(b1, page) || takeOut(b2, page)),
  };
};
