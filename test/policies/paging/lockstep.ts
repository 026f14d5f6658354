import { rngFor } from '../../../src/base/rng.ts';
import type { CreatePagingPolicy, PagingPolicy } from '../../../src/kernel/contracts.ts';

/** Both at once; throws when they choose different victims. */
export function inLockstep(create: CreatePagingPolicy, createNaive: CreatePagingPolicy): CreatePagingPolicy {
  return (context) => {
    const one = create(context);
    const other = createNaive({ ...context, pages: context.pages, rng: rngFor(1, 'paging') });
    const both: PagingPolicy = {
      name: one.name,
      admit(page, nowUs) {
        const expected = other.admit(page, nowUs);
        const isKept = one.admit(page, nowUs);
        if (isKept !== expected)
          throw new Error(`${one.name} says ${isKept} to page ${page}, its naive twin ${expected}`);
        return isKept;
      },
      ...(one.miss && {
        miss(page, nowUs) {
          const expected = other.miss?.(page, nowUs);
          const answer = one.miss!(page, nowUs);
          if (answer !== expected)
            throw new Error(`${one.name} and its naive twin disagree on the miss of page ${page}`);
          return answer;
        },
      }),
      ...(one.shed && {
        shed(eligible) {
          const expected = other.shed!(eligible);
          const page = one.shed!(eligible);
          if (page !== expected) throw new Error(`${one.name} shed ${page}, its naive twin ${expected}`);
          return page;
        },
      }),
      ...(one.forget && {
        forget(page) {
          other.forget!(page);
          one.forget!(page);
        },
      }),
      touch(page, nowUs) {
        other.touch(page, nowUs);
        one.touch(page, nowUs);
      },
      evict(need, eligible, isContinued) {
        const expected = other.evict(need, eligible);
        const victim = one.evict(need, eligible, isContinued);
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
      ...(one.putBack && {
        putBack(page) {
          other.putBack!(page);
          one.putBack!(page);
        },
      }),
      ...(one.split && {
        split(page, part, colder) {
          other.split!(page, part, colder);
          one.split!(page, part, colder);
        },
      }),
      checkInvariants: (resident) => one.checkInvariants!(resident),
    };
    return both;
  };
}
