import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import type { PageId } from '../../../../src/kernel/ids.ts';
import { drawFrom, leaveRow } from './row.ts';

/** The same draws from the same row, in plain arrays. */
export const random: CreatePagingPolicy = ({ rng }) => {
  const row: PageId[] = [];
  return {
    name: 'random',
    admit: (page) => row.push(page) > 0,
    touch: () => undefined,
    evict(_need, eligible) {
      for (let rest = row.length; rest > 0; rest--) {
        const page = drawFrom(row, rest, rng);
        if (!eligible(page)) continue;
        leaveRow(row, page);
        return page;
      }
      return undefined;
    },
    remove: (page) => leaveRow(row, page),
  };
};
