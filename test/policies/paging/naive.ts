/** Twins of the paging policies that anyone can check by reading: arrays and whole scans. */
import type { CreatePagingPolicy, PagingPolicy } from '../../../src/kernel/contracts.ts';
import type { PageId } from '../../../src/kernel/ids.ts';

/** One array, cold to warm. */
function inOneArray(name: string, isMovedByTouch: boolean): CreatePagingPolicy {
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

/** A scan of all resident pages for the largest key, written as the design writes it. */
const scanned: CreatePagingPolicy = ({ pages }) => {
  const resident = new Set<PageId>();
  const key = (page: PageId): number =>
    0.3 / (pages.accesses(page) + 1) -
    0.3 * pages.importance(page) -
    (0.4 * pages.lastAccessUs(page)) / 3.6e9;
  return {
    name: 'importance-lru',
    admit: (page) => resident.add(page).size > 0,
    touch: () => undefined,
    evict(_need, eligible) {
      let victim: PageId | undefined;
      for (const page of resident) {
        if (!eligible(page)) continue;
        if (victim === undefined || key(page) > key(victim)) victim = page;
        else if (key(page) === key(victim) && pages.order(page) < pages.order(victim)) victim = page;
      }
      if (victim !== undefined) resident.delete(victim);
      return victim;
    },
    remove: (page) => void resident.delete(page),
    putBack: (page) => void resident.add(page),
    split: (_page, part) => void resident.add(part),
  };
};

export const naivePagingPolicies: Readonly<Record<string, CreatePagingPolicy>> = {
  'importance-lru': scanned,
  lru: inOneArray('lru', true),
  fifo: inOneArray('fifo', false),
};

/** Both at once; throws when they choose different victims. */
export function inLockstep(create: CreatePagingPolicy, createNaive: CreatePagingPolicy): CreatePagingPolicy {
  return (context) => {
    const one = create(context);
    const other = createNaive(context);
    const both: PagingPolicy = {
      name: one.name,
      admit(page, nowUs) {
        other.admit(page, nowUs);
        return one.admit(page, nowUs);
      },
      touch(page, nowUs) {
        other.touch(page, nowUs);
        one.touch(page, nowUs);
      },
      evict(need, eligible) {
        const expected = other.evict(need, eligible);
        const victim = one.evict(need, eligible);
        if (victim !== expected) throw new Error(`${one.name} evicted ${victim}, its naive twin ${expected}`);
        return victim;
      },
      remove(page) {
        other.remove(page);
        one.remove(page);
      },
      changed(page) {
        other.changed?.(page);
        one.changed?.(page);
      },
      putBack(page) {
        other.putBack!(page);
        one.putBack!(page);
      },
      split(page, part, colder) {
        other.split!(page, part, colder);
        one.split!(page, part, colder);
      },
      checkInvariants: (resident) => one.checkInvariants!(resident),
    };
    return both;
  };
}
