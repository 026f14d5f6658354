import type { CreatePagingPolicy, PagingContext } from '../../../../src/kernel/contracts.ts';
import type { PageId } from '../../../../src/kernel/ids.ts';

/** What a key is made of. `uses` counts from the loading on; `aged` is the key of the last victim, the largest so far. */
interface Figures {
  readonly uses: number;
  readonly size: number;
  readonly aged: number;
}

/** A scan of all resident pages for the smallest key as it was at the last use; among equals the page used last longest ago. */
function leastKey(
  name: string,
  keyOf: (figures: Figures) => number,
  sizeOf: (context: PagingContext, page: PageId) => number = () => 1,
): CreatePagingPolicy {
  return (context) => {
    const resident = new Map<PageId, { uses: number; lastUse: number; key: number }>();
    let aged = 0;
    let now = 0;
    const use = (page: PageId, uses: number): void => {
      now++;
      const key = keyOf({ uses, aged, size: sizeOf(context, page) });
      resident.set(page, { uses, lastUse: now, key });
    };
    return {
      name,
      admit(page) {
        use(page, 1);
        return true;
      },
      touch: (page) => use(page, resident.get(page)!.uses + 1),
      evict(_need, eligible) {
        const [first] = [...resident.entries()]
          .filter(([page]) => eligible(page))
          .sort(([, one], [, other]) => one.key - other.key || one.lastUse - other.lastUse);
        if (first === undefined) return undefined;
        const [page, { key }] = first;
        resident.delete(page);
        aged = Math.max(aged, key);
        return page;
      },
      remove: (page) => void resident.delete(page),
    };
  };
}

export const lfu = leastKey('lfu', ({ uses }) => uses);
export const lfuDa = leastKey('lfu-da', ({ uses, aged }) => uses + aged);
export const gdsf = leastKey(
  'gdsf',
  ({ uses, size, aged }) => aged + (uses * 1e6) / size,
  ({ unit, pages }, page) => (unit === 'pages' ? 1 : pages.size(page)),
);
