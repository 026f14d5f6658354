/**
 * References by how recently the page was used: with probability proportional to 1/d^alpha the next reference goes to the d-th most recently used of `ids`
 * pages, d from 1. So the miss ratio of LRU at capacity c is known, once every page has appeared: the probability of a depth above c.
 *
 * Source: R. L. Mattson et al., "Evaluation techniques for storage hierarchies", IBM Systems Journal 9(2), 1970 (stack distances); as a generator of
 * references: G. S. Shedler, C. Tung, "Locality in page reference strings", SIAM Journal on Computing 1(3), 1972.
 * Cost: O(log ids) a reference (a tree of counts finds the d-th, so that nothing is moved).
 */
import { zipf } from '../../../base/distributions.ts';
import { rngFor } from '../../../base/rng.ts';
import type { Rng } from '../../../base/rng.ts';
import type { ReferenceTrace } from '../reference-trace.ts';
import { checkAlpha, checkCount, traceOfPattern } from './pattern.ts';
import type { GeneratorOptions, Pattern } from './pattern.ts';

export interface StackOptions {
  readonly ids: number;
  /** 0 to 100: the larger, the closer reuses are. */
  readonly alpha: number;
}

/** Throws KernelError INVALID_ARGUMENT. */
export function generateStack(options: GeneratorOptions & StackOptions): ReferenceTrace {
  return traceOfPattern('stack', stackPattern(options, rngFor(options.seed, 'references/stack')), options);
}

export function stackPattern({ ids, alpha }: StackOptions, rng: Rng): Pattern {
  checkCount('ids', ids, 0x03ffffff);
  checkAlpha(alpha);
  const depth = zipf({ count: ids, exponent: alpha });
  const stack = new RecencyStack(ids);
  return { pages: ids, next: () => stack.use(depth(rng)) };
}

/**
 * Pages in order of use. The n-th use is at place n; a tree of counts (P. M. Fenwick, 1994) over the places finds the d-th page from the top. When the
 * places are used up, the pages move to the first ones, in order.
 */
class RecencyStack {
  private readonly pages: number;
  private readonly places: number; // a power of two
  private readonly pageAt: Int32Array; // [place] page, or -1; place 0 is not used
  private readonly counts: Int32Array; // [place] pages in the range of places that ends here
  private top: number;

  /** The pages are there from the beginning; page 0 was used last. */
  constructor(pages: number) {
    this.pages = pages;
    this.places = 1 << (33 - Math.clz32(pages)); // at least twice as many
    this.pageAt = new Int32Array(this.places + 1).fill(-1);
    this.counts = new Int32Array(this.places + 1);
    for (let page = 0; page < pages; page++) this.pageAt[pages - page] = page;
    this.top = pages;
    this.recount();
  }

  /** Uses the `depth`-th most recently used page, 1 to `pages`, and returns it. */
  use(depth: number): number {
    const from = this.placeOf(this.pages - depth + 1);
    const page = this.pageAt[from]!;
    if (from === this.top) return page;
    if (this.top === this.places) {
      this.compact();
      return this.use(depth);
    }
    this.pageAt[from] = -1;
    this.add(from, -1);
    this.top++;
    this.pageAt[this.top] = page;
    this.add(this.top, 1);
    return page;
  }

  /** The place of the `rank`-th page from the bottom. */
  private placeOf(rank: number): number {
    let place = 0;
    let missing = rank;
    for (let step = this.places; step >= 1; step >>= 1) {
      const next = place + step;
      if (next > this.places || this.counts[next]! >= missing) continue;
      place = next;
      missing -= this.counts[next]!;
    }
    return place + 1;
  }

  private add(place: number, change: number): void {
    for (let at = place; at <= this.places; at += at & -at) this.counts[at]! += change;
  }

  private compact(): void {
    let filled = 0;
    for (let place = 1; place <= this.places; place++) {
      const page = this.pageAt[place]!;
      this.pageAt[place] = -1;
      if (page !== -1) this.pageAt[++filled] = page;
    }
    this.top = filled;
    this.recount();
  }

  private recount(): void {
    this.counts.fill(0);
    for (let place = 1; place <= this.places; place++) {
      if (this.pageAt[place] !== -1) this.counts[place]!++;
      const parent = place + (place & -place);
      if (parent <= this.places) this.counts[parent]! += this.counts[place]!;
    }
  }
}
