/**
 * A paging policy that keeps the resident pages in one list in the order of their loading and names the place of its victim there: the shape of
 * every OSTEP rule that none of the project's own policies has.
 */
import { assert } from '../../base/assert.ts';
import type { CreatePagingPolicy, FutureView, PagingContext } from '../../kernel/contracts.ts';
import { invalid } from '../../kernel/errors.ts';
import type { PageId } from '../../kernel/ids.ts';

export interface PlaceRule {
  /** The place of the victim in `pages`, which are in the order of their loading; at least one. */
  readonly victim: (pages: readonly PageId[]) => number;
  readonly loaded?: (page: PageId) => void;
  readonly used?: (page: PageId) => void;
}

/** For memories whose pages are all eligible, as in the replay of references. `ruleOf` is called once for each run. */
export function listedPages(name: string, ruleOf: (context: PagingContext) => PlaceRule): CreatePagingPolicy {
  return (context) => {
    const rule = ruleOf(context);
    const pages: PageId[] = [];
    return {
      name,
      admit(page) {
        pages.push(page);
        rule.loaded?.(page);
        return true;
      },
      touch: (page) => rule.used?.(page),
      evict(_need, eligible) {
        const [page] = pages.splice(rule.victim(pages), 1);
        assert(page !== undefined && eligible(page), () => `${name}: ${page} may not leave`);
        return page;
      },
      remove: (page) => void pages.splice(pages.indexOf(page), 1),
      checkInvariants: (resident) =>
        assert(pages.length === resident, () => `${pages.length} pages listed, ${resident} resident`),
    };
  };
}

/** The place of the page whose next use is farthest; of equals, which are those never used again, the first or the last in the list. */
export function farthestUse(name: string, tie: 'first' | 'last'): CreatePagingPolicy {
  return listedPages(name, (context) => {
    const future = futureOf(context, name);
    return {
      victim: (pages) =>
        best(pages, (candidate, chosen) => {
          const ahead = future.nextUse(candidate) - future.nextUse(chosen);
          return tie === 'first' ? ahead > 0 : ahead >= 0;
        }),
    };
  });
}

/** The place of the page whose next use is soonest; of equals, which are those never used again, the first in the list. */
export function soonestUse(name: string): CreatePagingPolicy {
  return listedPages(name, (context) => {
    const future = futureOf(context, name);
    return {
      victim: (pages) =>
        best(pages, (candidate, chosen) => future.nextUse(candidate) < future.nextUse(chosen)),
    };
  });
}

function best(pages: readonly PageId[], isBetter: (candidate: PageId, chosen: PageId) => boolean): number {
  let chosen = 0;
  for (const [place, page] of pages.entries()) if (isBetter(page, pages[chosen]!)) chosen = place;
  return chosen;
}

function futureOf({ future }: PagingContext, name: string): FutureView {
  if (future === undefined) throw invalid('paging', name, 'a policy that needs no future');
  return future;
}
