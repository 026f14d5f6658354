/**
 * Evictions a second of importance-lru from a full memory, beside a naive scan of the same key. Seeded; the only thing
 * that differs from run to run is the clock.
 */
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';

import { rngFor } from '../src/base/rng.ts';
import type { PagingPolicy, PageView } from '../src/kernel/contracts.ts';
import type { PageId } from '../src/kernel/ids.ts';
import { evictionKey, importanceLru } from '../src/policies/paging/importance-lru.ts';

export interface EvictionBenchOptions {
  readonly seed: number;
  /** Resident pages. */
  readonly pages: number;
  /** Resident pages of the comparison with the scan, which costs their square. */
  readonly scannedPages: number;
}

/** `pages`: the million of the project's target. */
export const evictionBenchDefaults: EvictionBenchOptions = { seed: 1, pages: 1_000_000, scannedPages: 4_000 };

export interface EvictionRates {
  readonly policy: 'importance-lru' | 'naive scan';
  readonly pages: number;
  /** Until the memory is empty. */
  readonly evictAllPerSecond: number;
  /** As many evictions, each followed by the admission of the victim as a page just used. */
  readonly evictAdmitPerSecond: number;
  /** Until the memory is empty, after every page was touched: each key in the heap is out of date. */
  readonly evictTouchedPerSecond: number;
}

/** The heap at full size, then heap and scan at the small size; checks that both choose the same victims. */
export function measureEvictions(options: EvictionBenchOptions = evictionBenchDefaults): EvictionRates[] {
  const { seed, pages, scannedPages } = options;
  for (let round = 0; round < 5; round++) measure('importance-lru', seed, 5 * scannedPages); // warms up
  const large = measure('importance-lru', seed, pages);
  const small = measure('importance-lru', seed, scannedPages);
  const scan = measure('naive scan', seed, scannedPages);
  if (small.victims !== scan.victims) throw new Error(`seed ${seed}: heap and scan chose different victims`);
  return [large.rates, small.rates, scan.rates];
}

/** Prints the rates to stdout, one line each. */
function evictionBench(options: EvictionBenchOptions = evictionBenchDefaults): void {
  console.log(`importance-lru evictions, seed ${options.seed}, in evictions a second`);
  for (const { policy, pages, ...rates } of measureEvictions(options)) {
    const figures = Object.values(rates).map((rate) => Math.round(rate).toLocaleString('en').padStart(10));
    const [all, admit, touched] = figures;
    const size = pages.toLocaleString('en').padStart(9);
    console.log(
      `${policy.padEnd(14)} ${size} pages: all ${all}, evict+admit ${admit}, all after a touch ${touched}`,
    );
  }
}

class Figures implements PageView {
  readonly importances: Float64Array;
  readonly counts: Int32Array;
  readonly lastAccesses: Float64Array;

  constructor(seed: number, pages: number) {
    const rng = rngFor(seed, 'evictions');
    const draw = (below: number) => (): number => rng.integer(below);
    this.importances = Float64Array.from({ length: pages + 1 }, draw(11)).map((tenths) => tenths / 10);
    this.counts = Int32Array.from({ length: pages + 1 }, draw(20));
    this.lastAccesses = Float64Array.from({ length: pages + 1 }, draw(3_600_000_000));
  }
  size(): number {
    return 1;
  }
  importance(page: PageId): number {
    return this.importances[page]!;
  }
  accesses(page: PageId): number {
    return this.counts[page]!;
  }
  lastAccessUs(page: PageId): number {
    return this.lastAccesses[page]!;
  }
  order(page: PageId): number {
    return page;
  }
  use(page: PageId, nowUs: number): void {
    this.counts[page]!++;
    this.lastAccesses[page] = nowUs;
  }
}

function measure(
  policy: EvictionRates['policy'],
  seed: number,
  pages: number,
): { rates: EvictionRates; victims: number } {
  const figures = new Figures(seed, pages);
  const context = { capacity: pages, unit: 'pages', rng: rngFor(seed, 'paging'), pages: figures } as const;
  const memory: Pick<PagingPolicy, 'admit' | 'evict'> =
    policy === 'naive scan' ? naiveScan(figures) : importanceLru(context);
  const every = (): boolean => true;
  let nowUs = 3_600_000_000;
  let victims = 0; // a checksum of who left, in order
  const evict = (): PageId => {
    const victim = memory.evict(1, every)!;
    victims = (victims * 31 + victim) % 2_147_483_647;
    return victim;
  };
  const perSecond = (run: () => void): number => {
    const started = performance.now();
    for (let count = 0; count < pages; count++) run();
    return pages / ((performance.now() - started) / 1000);
  };
  const admitAll = (): void => {
    for (let page = 1; page <= pages; page++) memory.admit(page as PageId, nowUs);
  };
  admitAll();
  const evictAdmitPerSecond = perSecond(() => {
    const victim = evict();
    figures.use(victim, (nowUs += 3_600));
    memory.admit(victim, nowUs);
  });
  const evictAllPerSecond = perSecond(evict);
  admitAll();
  const rng = rngFor(seed, 'touches');
  for (let page = 1; page <= pages; page++) figures.use(page as PageId, nowUs + rng.integer(3_600_000_000));
  const evictTouchedPerSecond = perSecond(evict);
  return { rates: { policy, pages, evictAllPerSecond, evictAdmitPerSecond, evictTouchedPerSecond }, victims };
}

function naiveScan(pages: PageView): Pick<PagingPolicy, 'admit' | 'evict'> {
  const resident = new Set<PageId>();
  return {
    admit: (page) => resident.add(page).size > 0,
    evict() {
      let victim: PageId | undefined;
      let largest = -Infinity;
      for (const page of resident) {
        const key = evictionKey(pages.accesses(page), pages.importance(page), pages.lastAccessUs(page));
        if (key < largest || (key === largest && pages.order(page) > pages.order(victim!))) continue;
        victim = page;
        largest = key;
      }
      if (victim !== undefined) resident.delete(victim);
      return victim;
    },
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) evictionBench();
