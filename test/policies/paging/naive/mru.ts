import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import type { PageId } from '../../../../src/kernel/ids.ts';

/** One array, cold to warm, looked at from its end. */
export const mru: CreatePagingPolicy = () => {
  const order: PageId[] = [];
  return {
    name: 'mru',
    admit: (page) => order.push(page) > 0,
    touch: (page) => void order.push(...order.splice(order.indexOf(page), 1)),
    evict(_need, eligible) {
      const place = order.findLastIndex(eligible);
      return place < 0 ? undefined : order.splice(place, 1)[0];
    },
    remove: (page) => void order.splice(order.indexOf(page), 1),
  };
};
