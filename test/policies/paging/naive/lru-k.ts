import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import type { PageId } from '../../../../src/kernel/ids.ts';
import type { LruKOptions } from '../../../../src/policies/index.ts';

/** Figure 2.1 of the paper over a map from page to HIST(p) and LAST(p); the victim by a scan of all resident pages. */
export const lruK =
  ({ k, correlatedUses, retainedTurns }: LruKOptions): CreatePagingPolicy =>
  () => {
    const known = new Map<PageId, { hist: number[]; last: number }>(); // the latest use first, no more than k
    const resident = new Set<PageId>();
    let most = 0;
    let t = 0;
    return {
      name: 'lru-k',
      admit(page) {
        t++;
        const past = known.get(page);
        const isKept = past !== undefined && t - past.last <= retainedTurns * most;
        known.set(page, { hist: [t, ...(isKept ? past.hist : [])].slice(0, k), last: t });
        resident.add(page);
        most = Math.max(most, resident.size);
        return true;
      },
      touch(page) {
        t++;
        const past = known.get(page)!;
        if (t - past.last > correlatedUses) {
          const period = past.last - past.hist[0]!;
          past.hist = [t, ...past.hist.map((use) => use + period)].slice(0, k);
        }
        past.last = t;
      },
      evict(_need, eligible) {
        const candidates = [...resident].filter(eligible);
        const settled = candidates.filter((page) => t + 1 - known.get(page)!.last > correlatedUses);
        const from = settled.length > 0 ? settled : candidates;
        const kth = (page: PageId): number => known.get(page)!.hist[k - 1] ?? -Infinity;
        const order = (a: PageId, b: PageId): number =>
          kth(a) === kth(b) ? known.get(a)!.last - known.get(b)!.last : kth(a) - kth(b);
        const [victim] = from.sort(order);
        if (victim !== undefined) resident.delete(victim);
        return victim;
      },
      remove(page) {
        resident.delete(page);
        known.delete(page);
      },
      forget: (page) => void known.delete(page),
    };
  };
