import { exp, pow } from '../../../../src/base/math.ts';
import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import type { PageId } from '../../../../src/kernel/ids.ts';

/** The paper's two algorithms over arrays, oldest first; lfu by a scan. */
export const lecar: CreatePagingPolicy = ({ capacity, unit, rng }) => {
  const recency: PageId[] = [];
  const frequency = new Map<PageId, number>();
  const histories: Record<'lru' | 'lfu', { page: PageId; evictedAt: number }[]> = { lru: [], lfu: [] };
  const weights = { lru: 0.5, lfu: 0.5 };
  let most = 0;
  let t = 1; // the number of the use to come
  const memoryPages = (): number => (unit === 'pages' ? capacity : most);
  const other = { lru: 'lfu', lfu: 'lru' } as const;
  const placeIn = (expert: 'lru' | 'lfu', page: PageId): number =>
    histories[expert].findIndex((entry) => entry.page === page);
  const forget = (page: PageId): void => {
    for (const expert of ['lru', 'lfu'] as const)
      if (placeIn(expert, page) >= 0) histories[expert].splice(placeIn(expert, page), 1);
    frequency.delete(page);
  };
  const use = (page: PageId): void => {
    if (recency.includes(page)) recency.splice(recency.indexOf(page), 1);
    recency.push(page);
    frequency.set(page, (frequency.get(page) ?? 0) + 1);
    t++;
  };
  return {
    name: 'lecar',
    miss(page) {
      for (const expert of ['lru', 'lfu'] as const) {
        const place = placeIn(expert, page);
        if (place < 0) continue;
        const [entry] = histories[expert].splice(place, 1);
        const regret = pow(0.005, (t - entry!.evictedAt) / memoryPages());
        weights[other[expert]] *= exp(0.45 * regret);
        const sum = weights.lru + weights.lfu;
        weights.lru /= sum;
        weights.lfu /= sum;
      }
    },
    admit(page) {
      use(page);
      most = Math.max(most, recency.length);
      return true;
    },
    touch: use,
    evict(_need, eligible) {
      const expert = rng.next() < weights.lru ? 'lru' : 'lfu';
      const candidates = recency.filter(eligible);
      if (expert === 'lfu') candidates.sort((a, b) => frequency.get(a)! - frequency.get(b)!); // stable: lru among equals
      const [victim] = candidates;
      if (victim === undefined) return undefined;
      recency.splice(recency.indexOf(victim), 1);
      const history = histories[expert];
      if (history.length >= Math.max(1, Math.floor(memoryPages() / 2))) forget(history[0]!.page);
      history.push({ page: victim, evictedAt: t });
      return victim;
    },
    remove(page) {
      recency.splice(recency.indexOf(page), 1);
      frequency.delete(page);
    },
    forget,
  };
};
