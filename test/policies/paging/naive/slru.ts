import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import type { PageId } from '../../../../src/kernel/ids.ts';
import { SizesAtLoading, takeFirst, takeOut } from './lists.ts';

/** Four arrays, the least recently used first, and a fifth of what cooled out of the lowest. Room is made before a page enters. */
export const slru: CreatePagingPolicy = (context) => {
  const { capacity, pages, unit } = context;
  const limit = Math.floor(capacity / 4);
  const segments: PageId[][] = [[], [], [], []];
  const out: PageId[] = [];
  const sizes = new SizesAtLoading(context);
  const makeRoom = (segment: number, size: number): void => {
    while (sizes.sum(segments[segment]!) + size > limit) {
      const cooled = segments[segment]!.shift()!;
      if (segment > 0) makeRoom(segment - 1, sizes.of(cooled));
      (segments[segment - 1] ?? out).push(cooled);
    }
  };
  const fits = (page: PageId): boolean => (unit === 'pages' ? 1 : pages.size(page)) <= limit;
  return {
    name: 'slru',
    miss: fits,
    admit(page) {
      if (!fits(page)) return false;
      sizes.load(page);
      const withRoom = segments.find((segment) => sizes.sum(segment) + sizes.of(page) <= limit);
      (withRoom ?? segments[0]!).push(page);
      return true;
    },
    touch(page) {
      const from = segments.findIndex((segment) => takeOut(segment, page));
      if (from < 0) takeOut(out, page);
      const to = Math.min(3, from + 1);
      makeRoom(to, sizes.of(page));
      segments[to]!.push(page);
    },
    evict(_need, eligible) {
      for (const segment of [out, ...segments]) {
        const victim = takeFirst(segment, eligible);
        if (victim !== undefined) return victim;
      }
      return undefined;
    },
    shed: (eligible) => takeFirst(out, eligible),
    remove(page) {
      for (const segment of [out, ...segments]) takeOut(segment, page);
    },
  };
};
