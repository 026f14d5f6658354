import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import type { PageId } from '../../../../src/kernel/ids.ts';

/** One array, cold to warm. */
export function inOneArray(name: string, isMovedByTouch: boolean): CreatePagingPolicy {
  return () => {
    const order: PageId[] = [];
    let place = 0;
    return {
      name,
      admit: (page) => order.push(page) > 0,
      touch(page) {
        if (isMovedByTouch) order.push(...order.splice(order.indexOf(page), 1));
      },
      evict(_need, eligible) {
        place = order.findIndex(eligible);
        return place < 0 ? undefined : order.splice(place, 1)[0];
      },
      remove: (page) => void order.splice(order.indexOf(page), 1),
      putBack: (page) => void order.splice(place, 0, page),
      split: (page, part, colder) => void order.splice(order.indexOf(page) + (colder ? 0 : 1), 0, part),
    };
  };
}
