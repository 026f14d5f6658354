/**
 * Least hit density: evicts, of a random sample, the page that promises the fewest hits for the room and the time that it will take:
 * the probability of a hit / (size × expected time until its hit or eviction), as pages of its class and age have fared. Class: what
 * its last two ages at a hit were together.
 *
 * Source: N. Beckmann, H. Chen, A. Cidon, "LHD: Improving cache hit rate by maximizing hit density", NSDI 2018. Time counts references. As there:
 * coarse ages fitted to the number of pages, 16 classes, distributions that decay at each reconfiguration, and explorers: some pages, at most 1 %
 * of memory, stay until the last age, so that hits at ages are seen at which pages of their kind are evicted. Departs from it: the interval
 * between reconfigurations follows the number of pages, since the authors' million references is longer than many traces; an application is no part of the class,
 * as pages have none; the sample is drawn without replacement, and holds no pages but those drawn.
 * Cost: O(1) for touch and admit, and O(classes × ages) in each interval; evict draws `sample` eligible pages, and passes those drawn that are not eligible.
 * Without save and load: its distributions are many times as large as the state of other policies, and soon learned again.
 */
import { assert } from '../../base/assert.ts';
import { BitSet } from '../../base/bit-set.ts';
import { RandomSet } from '../../base/random-set.ts';
import type { Rng } from '../../base/rng.ts';
import type { CreatePagingPolicy, PageView, PagingContext, PagingPolicy } from '../../kernel/contracts.ts';
import type { PageId } from '../../kernel/ids.ts';
import { moved, rowsFor } from '../columns.ts';
import { HitDensities, NEVER_HIT } from './lhd-densities.ts';

export interface LhdOptions {
  /** Pages looked at for a victim, at least 1. */
  readonly sample: number;
  /** How many ages are told apart, a power of two. */
  readonly ages: number;
  /** References between reconfigurations: as many as there are resident pages, in this range. */
  readonly shortestInterval: number;
  readonly longestInterval: number;
}

/** `longestInterval` as the authors'. The shortest: making the densities then takes some 10 ns a reference. */
export const lhdDefaults: LhdOptions = {
  sample: 64,
  ages: 2_048,
  shortestInterval: 16_384,
  longestInterval: 1_048_576,
};

export const lhd: CreatePagingPolicy = (context) => new Lhd(context, lhdDefaults);

export function lhdWith(options: LhdOptions): CreatePagingPolicy {
  return (context) => new Lhd(context, options);
}

/** One page in so many becomes an explorer when it is used, while these take at most this part of memory. */
const EXPLORER_ODDS = 32;
const EXPLORER_SHARE = 0.01;
/** Columns of a page. */
const LAST_USE = 0; // number of the reference, modulo 2^32
const LAST_AGE = 1; // at its last hit, references; 0: not hit since its loading
const HIT_AGES = 2; // the last two of these together, at most NEVER_HIT: not hit since its loading
const COLUMNS = 3;

class Lhd implements PagingPolicy {
  readonly name = 'lhd';
  private readonly options: LhdOptions;
  private readonly rng: Rng;
  /** Where sizes count. */
  private readonly pages: PageView | undefined;
  private readonly densities: HitDensities;
  private readonly resident: RandomSet;
  /** [COLUMNS × page + column] Four bytes each: after 2^32 references without a use, a page would look young again. */
  private figures: Uint32Array;
  private readonly explorers: BitSet;
  /** What they take, and may take at most. */
  private explored = 0;
  private readonly explorerShare: number;
  /** References so far, and at how many the densities are made anew. */
  private now = 0;
  private reconfigureAt: number;

  constructor(context: PagingContext, options: LhdOptions) {
    const { rng, unit, capacity, largestPage } = context;
    this.options = options;
    this.rng = rng;
    this.pages = unit === 'pages' ? undefined : context.pages;
    this.densities = new HitDensities(options.ages);
    this.resident = new RandomSet(largestPage);
    this.figures = new Uint32Array(COLUMNS * ((largestPage ?? 0) + 1));
    this.explorers = new BitSet(largestPage);
    this.explorerShare = capacity * EXPLORER_SHARE;
    this.reconfigureAt = options.shortestInterval;
  }

  admit(page: PageId): boolean {
    const row = COLUMNS * page;
    if (row + COLUMNS > this.figures.length)
      this.figures = moved(
        this.figures,
        new Uint32Array(COLUMNS * rowsFor(page, this.figures.length / COLUMNS)),
      );
    this.resident.add(page);
    this.figures[row + LAST_AGE] = 0;
    this.figures[row + HIT_AGES] = NEVER_HIT;
    this.use(page);
    return true;
  }

  touch(page: PageId): void {
    const { figures, densities } = this;
    const row = COLUMNS * page;
    const age = this.unusedFor(page);
    densities.addHit(figures[row + HIT_AGES]!, densities.ageOf(age));
    figures[row + HIT_AGES] = Math.min(NEVER_HIT, figures[row + LAST_AGE]! + age);
    figures[row + LAST_AGE] = age;
    this.use(page);
  }

  /** Of equals the one drawn first leaves. */
  evict(_need: number, eligible: (page: PageId) => boolean): PageId | undefined {
    const { resident, rng, densities, figures } = this;
    let victim: PageId | undefined;
    let lowest = Infinity;
    let left = this.options.sample;
    for (let rest = resident.size; rest > 0 && left > 0; rest--) {
      const page = resident.draw(rng, rest) as PageId;
      if (!eligible(page)) continue;
      left--;
      const density = this.densityOf(page);
      if (density >= lowest) continue;
      victim = page;
      lowest = density;
    }
    if (victim === undefined) return undefined;
    const row = COLUMNS * victim;
    densities.addEviction(figures[row + HIT_AGES]!, this.ageOf(victim));
    this.remove(victim);
    return victim;
  }

  remove(page: PageId): void {
    this.resident.remove(page);
    this.endExploring(page);
  }

  checkInvariants(resident: number): void {
    this.resident.checkInvariants();
    assert(this.resident.size === resident, `${this.resident.size} pages in the set, ${resident} resident`);
    let explored = 0;
    for (const page of this.resident.ids()) {
      const age = this.unusedFor(page as PageId);
      assert(
        age >= 1 && age <= this.now,
        () => `page ${page} is unused for ${age} of ${this.now} references`,
      );
      if (this.explorers.has(page)) explored += this.sizeOf(page as PageId);
    }
    const share = this.explorerShare;
    assert(
      explored === this.explored && explored <= share,
      `explorers take ${explored} of ${share}, not ${this.explored}`,
    );
  }

  private use(page: PageId): void {
    const { figures, resident, options } = this;
    figures[COLUMNS * page + LAST_USE] = ++this.now;
    this.endExploring(page);
    if (this.rng.integer(EXPLORER_ODDS) === 0) this.explore(page);
    if (this.now < this.reconfigureAt) return;
    this.densities.reconfigure(resident.size);
    const { shortestInterval, longestInterval } = options;
    this.reconfigureAt = this.now + Math.max(shortestInterval, Math.min(longestInterval, resident.size));
  }

  /** What reached the last age is of no use, whatever it is; explorers come after all others. */
  private densityOf(page: PageId): number {
    const age = this.ageOf(page);
    if (age === this.densities.ages - 1) return -1;
    const density =
      this.densities.densityOf(this.figures[COLUMNS * page + HIT_AGES]!, age) / this.sizeOf(page);
    return this.explorers.has(page) ? 1 + density : density;
  }

  private ageOf(page: PageId): number {
    return this.densities.ageOf(this.unusedFor(page));
  }

  /** References since its last use; the one that is under way counts. */
  private unusedFor(page: PageId): number {
    return (this.now + 1 - this.figures[COLUMNS * page + LAST_USE]!) >>> 0;
  }

  private sizeOf(page: PageId): number {
    return this.pages === undefined ? 1 : Math.max(1, this.pages.size(page));
  }

  private explore(page: PageId): void {
    const size = this.sizeOf(page);
    if (this.explored + size > this.explorerShare) return;
    this.explorers.add(page);
    this.explored += size;
  }

  private endExploring(page: PageId): void {
    if (!this.explorers.has(page)) return;
    this.explorers.delete(page);
    this.explored -= this.sizeOf(page);
  }
}
