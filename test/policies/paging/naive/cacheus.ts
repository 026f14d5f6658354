import { exp } from '../../../../src/base/math.ts';
import type { Rng } from '../../../../src/base/rng.ts';
import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import type { PageId } from '../../../../src/kernel/ids.ts';

interface Entry {
  readonly page: PageId;
  count: number;
  lastUse: number;
  isNew: boolean;
  isDemoted: boolean;
}

/** Both parts and both histories as arrays of entries, oldest first; CR-LFU by a scan; counts of marks are counted each time. */
export const cacheus: CreatePagingPolicy = ({ capacity, unit, pages, rng }) => {
  const reused: Entry[] = [];
  const passing: Entry[] = [];
  const histories: [Entry[], Entry[]] = [[], []];
  const missedCounts = new Map<PageId, number>();
  const rate = learningRate(rng);
  const weights: [number, number] = [0.5, 0.5];
  let reusedLimit = capacity - Math.max(1, Math.round(0.01 * capacity));
  let most = 0;
  let t = 0;
  const sizeOf = (page: PageId): number => (unit === 'pages' ? 1 : pages.size(page));
  const memoryPages = (): number => (unit === 'pages' ? capacity : most);
  const limit = (): number => Math.max(1, Math.floor(memoryPages() / 2));
  const at = (list: readonly Entry[], page: PageId): number => list.findIndex((entry) => entry.page === page);
  const take = (list: Entry[], page: PageId): Entry | undefined =>
    at(list, page) < 0 ? undefined : list.splice(at(list, page), 1)[0];
  const demotedCount = (): number => passing.filter((entry) => entry.isDemoted).length;
  const newEvictedCount = (): number => histories[0].filter((entry) => entry.isNew).length;
  const reusedSize = (): number => reused.reduce((sum, entry) => sum + sizeOf(entry.page), 0);
  const demote = (): void => {
    while (reusedSize() > reusedLimit) passing.push({ ...reused.shift()!, isDemoted: true });
  };
  const enterReused = (entry: Entry): void => {
    reused.push({ ...entry, isNew: false, isDemoted: false });
    demote();
  };
  const penalise = (expert: 0 | 1): void => {
    weights[expert] *= exp(-rate.value());
    const [lru, lfu] = weights;
    weights[0] = Math.min(0.99, Math.max(0.01, lru / (lru + lfu)));
    weights[1] = 1 - weights[0];
  };
  return {
    name: 'cacheus',
    miss(page) {
      const byLru = take(histories[0], page);
      const byLfu = take(histories[1], page);
      if (byLru !== undefined) penalise(0);
      if (byLfu !== undefined) penalise(1);
      if (byLru?.isNew) {
        const ratio = Math.round(demotedCount() / Math.max(1, newEvictedCount()));
        reusedLimit = Math.max(1, reusedLimit - Math.max(1, ratio) * sizeOf(page));
      }
      const entry = byLru ?? byLfu;
      if (entry !== undefined) missedCounts.set(page, entry.count);
    },
    admit(page) {
      const count = missedCounts.get(page) ?? 0;
      missedCounts.delete(page);
      const entry = { page, count: count + 1, lastUse: ++t, isNew: true, isDemoted: false };
      if (count > 0 || (passing.length === 0 && reusedSize() + sizeOf(page) <= reusedLimit))
        enterReused(entry);
      else {
        passing.push(entry);
        demote();
      }
      most = Math.max(most, reused.length + passing.length);
      rate.used(false, memoryPages());
      return true;
    },
    touch(page) {
      const old = take(reused, page);
      if (old !== undefined) reused.push({ ...old, count: old.count + 1, lastUse: ++t });
      else {
        const ratio = Math.round(newEvictedCount() / Math.max(1, demotedCount()));
        const entry = take(passing, page)!;
        if (entry.isDemoted)
          reusedLimit = Math.min(Math.max(1, capacity - 1), reusedLimit + Math.max(1, ratio) * sizeOf(page));
        enterReused({ ...entry, count: entry.count + 1, lastUse: ++t });
      }
      rate.used(true, memoryPages());
    },
    evict(_need, eligible) {
      const expert = rng.next() < weights[0] ? 0 : 1;
      const resident = [...passing, ...reused].filter((entry) => eligible(entry.page));
      const byFrequency = [...resident].sort((a, b) => a.count - b.count || b.lastUse - a.lastUse);
      const named = [resident[0], byFrequency[0]] as const;
      const victim = named[expert];
      if (victim === undefined) return undefined;
      take(passing, victim.page);
      take(reused, victim.page);
      if (named[0] === named[1]) return victim.page;
      if (histories[expert].length >= limit()) histories[expert].shift();
      histories[expert].push(victim);
      return victim.page;
    },
    remove(page) {
      take(passing, page);
      take(reused, page);
    },
    forget(page) {
      take(histories[0], page);
      take(histories[1], page);
      missedCounts.delete(page);
    },
  };
};

/** Records of whole periods: the rate in each and the hit ratio at its end. */
function learningRate(rng: Rng): { value(): number; used(isHit: boolean, length: number): void } {
  const draw = (): number => 0.001 + rng.next() * (1 - 0.001);
  const rates = [0, draw()];
  const hitRatios = [0];
  let period: boolean[] = [];
  let poor = 0;
  return {
    value: () => rates.at(-1)!,
    used(isHit, length) {
      period.push(isHit);
      if (period.length < length) return;
      hitRatios.push(period.filter(Boolean).length / period.length);
      period = [];
      const [before, now] = [rates.at(-2)!, rates.at(-1)!];
      const gain = hitRatios.at(-1)! - hitRatios.at(-2)!;
      let next = now;
      if (now !== before) {
        const sign = gain / (now - before) > 0 ? 1 : -1;
        next = Math.min(1, Math.max(0.001, now + sign * Math.abs(now * (now - before))));
        poor = 0;
      } else if (hitRatios.at(-1) === 0 || gain <= 0) poor++;
      if (poor === 10) {
        poor = 0;
        next = draw();
      }
      rates.push(next);
    },
  };
}
