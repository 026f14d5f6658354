import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import type { PageId } from '../../../../src/kernel/ids.ts';
import type { LhdOptions } from '../../../../src/policies/paging/lhd.ts';
import { drawFrom, leaveRow } from './row.ts';

interface Past {
  lastUse: number;
  lastAge: number;
  hitAges: number;
  isExplorer: boolean;
}

const classes = 16;

/** The sum from each place to the end, added from the end. */
function sumsToEnd(values: ArrayLike<number>): Float64Array {
  let sum = 0;
  return Float64Array.from(values, (_, at) => (sum += values[values.length - 1 - at]!)).toReversed();
}

/** Distributions as lists of four-byte floats by class and age, the whole sample before the choice, and the same draws from the same row. */
export function lhd({ sample, ages, shortestInterval, longestInterval }: LhdOptions): CreatePagingPolicy {
  return ({ rng, capacity, unit, pages }) => {
    const row: PageId[] = [];
    const pasts = new Map<PageId, Past>();
    const zeros = (): Float32Array[] => Array.from({ length: classes }, () => new Float32Array(ages));
    let hits = zeros();
    let evictions = zeros();
    let densities: Float32Array[] | undefined;
    let step = 1;
    let now = 0;
    let reconfigureAt = shortestInterval;

    const sizeOf = (page: PageId): number => (unit === 'pages' ? 1 : pages.size(page));
    const ageOf = (references: number): number => Math.min(ages - 1, Math.floor(references / step));
    const classOf = ({ hitAges }: Past): number => {
      let reach = ages * step;
      let level = 0;
      while (level < classes - 1 && hitAges < reach) {
        level++;
        reach /= 2;
      }
      // Below one step all are one.
      return hitAges < step ? classes - 1 : level;
    };
    const densityOf = (page: PageId): number => {
      const past = pasts.get(page)!;
      const age = ageOf(now + 1 - past.lastUse);
      if (age === ages - 1) return -1;
      const level = classOf(past);
      const density = densities === undefined ? (level + 1) / (age + 1) : densities[level]![age]!;
      return density / sizeOf(page) + (past.isExplorer ? 1 : 0);
    };

    const inSteps = (old: readonly Float32Array[], fitting: number): Float32Array[] => {
      const changed = zeros();
      const parts = Math.max(1, step / fitting);
      for (const [level, counts] of old.entries())
        for (const [age, count] of counts.entries())
          for (let part = 0; part < parts; part++) {
            const references = age * step + (part * step) / parts;
            changed[level]![Math.min(ages - 1, Math.floor(references / fitting))]! += count / parts;
          }
      return changed;
    };
    const reconfigure = (): void => {
      hits = hits.map((counts) => counts.map((count) => count * 0.9));
      evictions = evictions.map((counts) => counts.map((count) => count * 0.9));
      let fitting = 1;
      while (fitting * ages < 64 * row.length) fitting *= 2;
      if (fitting > step || fitting <= step / 4) {
        hits = inSteps(hits, fitting);
        evictions = inSteps(evictions, fitting);
        step = fitting;
      }
      densities = hits.map((counts, level) => {
        const hitsFrom = sumsToEnd(counts);
        const events = Float64Array.from(counts, (count, age) => count + evictions[level]![age]!);
        const eventsFrom = sumsToEnd(events);
        const time = sumsToEnd(eventsFrom);
        return Float32Array.from(hitsFrom, (hit, age) => (eventsFrom[age]! > 1e-5 ? hit / time[age]! : 0));
      });
    };
    const use = (page: PageId, lastAge: number, hitAges: number): void => {
      now++;
      pasts.delete(page);
      let explored = 0;
      for (const [other, { isExplorer }] of pasts) if (isExplorer) explored += sizeOf(other);
      const isDrawn = rng.integer(32) === 0;
      const isExplorer = isDrawn && explored + sizeOf(page) <= capacity * 0.01;
      pasts.set(page, { lastUse: now, lastAge, hitAges, isExplorer });
      if (now < reconfigureAt) return;
      reconfigure();
      reconfigureAt = now + Math.max(shortestInterval, Math.min(longestInterval, row.length));
    };
    const leave = (page: PageId): void => {
      leaveRow(row, page);
      pasts.delete(page);
    };

    return {
      name: 'lhd',
      admit(page) {
        row.push(page);
        use(page, 0, Infinity);
        return true;
      },
      touch(page) {
        const past = pasts.get(page)!;
        const age = now + 1 - past.lastUse;
        hits[classOf(past)]![ageOf(age)]!++;
        use(page, age, past.lastAge + age);
      },
      evict(_need, eligible) {
        const drawn: PageId[] = [];
        for (let rest = row.length; rest > 0 && drawn.length < sample; rest--) {
          const page = drawFrom(row, rest, rng);
          if (eligible(page)) drawn.push(page);
        }
        const lowest = Math.min(...drawn.map(densityOf));
        const victim = drawn.find((page) => densityOf(page) === lowest);
        if (victim === undefined) return undefined;
        const past = pasts.get(victim)!;
        evictions[classOf(past)]![ageOf(now + 1 - past.lastUse)]!++;
        leave(victim);
        return victim;
      },
      remove: leave,
    };
  };
}
