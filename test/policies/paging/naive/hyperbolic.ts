import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import type { PageId } from '../../../../src/kernel/ids.ts';
import { drawFrom, leaveRow } from './row.ts';

/** The whole sample first, then its page with the lowest rate. The same draws from the same row. */
export const hyperbolic: CreatePagingPolicy = ({ rng, unit, pages }) => {
  const row: PageId[] = [];
  const uses = new Map<PageId, number>();
  const loadedAt = new Map<PageId, number>();
  let now = 0;
  const rate = (page: PageId): number =>
    uses.get(page)! / ((now + 1 - loadedAt.get(page)!) * (unit === 'pages' ? 1 : pages.size(page)));
  return {
    name: 'hyperbolic',
    admit(page) {
      now++;
      uses.set(page, 1);
      loadedAt.set(page, now);
      return row.push(page) > 0;
    },
    touch(page) {
      now++;
      uses.set(page, uses.get(page)! + 1);
    },
    evict(_need, eligible) {
      const sample: PageId[] = [];
      for (let rest = row.length; rest > 0 && sample.length < 64; rest--) {
        const page = drawFrom(row, rest, rng);
        if (eligible(page)) sample.push(page);
      }
      const lowest = Math.min(...sample.map(rate));
      const victim = sample.find((page) => rate(page) === lowest);
      if (victim !== undefined) leaveRow(row, victim);
      return victim;
    },
    remove: (page) => leaveRow(row, page),
  };
};
