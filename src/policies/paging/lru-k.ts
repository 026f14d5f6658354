/**
 * LRU-K: evicts the page whose K-th last use is longest ago; pages with fewer known uses go first, among themselves by lru. Uses that follow each other closely
 * count as one, and what is known of a page outlives its eviction for a time.
 *
 * Source: E. J. O'Neil, P. E. O'Neil, G. Weikum, "The LRU-K page replacement algorithm for database disk buffering", SIGMOD 1993, figure 2.1.
 * Time is counted in uses of all pages, as in the paper's definition 2.1. A page used less than the correlated reference period ago is not evicted, unless no
 * other may leave. The history of an evicted page is void when it comes back later than the retained information period: no more pages than that period has uses
 * have one. A freed page loses its history at once.
 * Departs from it: for K above 2, a use that never was stays so, where the figure adds the length of a correlated period to it.
 * Cost: O(K) for touch, O(log n) for the rest, amortised (rising-heap.ts). Memory: 8 K + 4 bytes for each possible page, 8 more with a correlated reference
 * period, and 20 for each resident one.
 */
import { assert } from '../../base/assert.ts';
import type { CreatePagingPolicy, PagingContext, PagingPolicy } from '../../kernel/contracts.ts';
import { invalid } from '../../kernel/errors.ts';
import type { Json, PageId } from '../../kernel/ids.ts';
import { moved, rowsFor } from '../columns.ts';
import { RisingHeap } from './rising-heap.ts';

export interface LruKOptions {
  /** Which last use counts: 1 (lru) or more. */
  readonly k: number;
  /** Correlated reference period, in uses of any page, 0 or more: uses of a page no further apart count as one. */
  readonly correlatedUses: number;
  /** Retained information period, in uses of any page for each page that memory has held at once, above 0. */
  readonly retainedTurns: number;
}

export const lruKDefaults: LruKOptions = { k: 2, correlatedUses: 0, retainedTurns: 10 };

/** Throws KernelError INVALID_ARGUMENT for an option that is not allowed. */
export function lruKWith(options: Partial<LruKOptions>): CreatePagingPolicy {
  const all = { ...lruKDefaults, ...options };
  if (!Number.isInteger(all.k) || all.k < 1) throw invalid('k', all.k, 'an integer of 1 or more');
  if (!(all.correlatedUses >= 0)) throw invalid('correlatedUses', all.correlatedUses, '0 or more');
  if (!(all.retainedTurns > 0)) throw invalid('retainedTurns', all.retainedTurns, 'more than 0');
  return (context) => new LruK(all, context);
}

export const lruK: CreatePagingPolicy = lruKWith(lruKDefaults);

class LruK implements PagingPolicy {
  readonly name = 'lru-k';
  private readonly options: LruKOptions;
  private history: Float64Array; // [page][K] numbers of its last uses, the latest first; 0: none
  private last: Float64Array | undefined; // [page] number of its last use, also of one that does not count; with a correlated reference period only
  private uses = 0;
  private readonly heap: RisingHeap;
  private mostResident = 0;

  constructor(options: LruKOptions, context: PagingContext) {
    const { k, correlatedUses } = options;
    const { largestPage = 0 } = context;
    this.options = options;
    this.history = new Float64Array(k * (largestPage + 1));
    if (correlatedUses > 0) this.last = new Float64Array(largestPage + 1);
    const kthLast = (page: PageId): number => this.history[k * page + k - 1]!;
    this.heap = new RisingHeap({ key: kthLast, tie: (page) => this.lastUse(page) }, context);
  }

  admit(page: PageId): boolean {
    const { k, retainedTurns } = this.options;
    if (k * page >= this.history.length) this.grow(page);
    const now = this.uses + 1;
    if (now - this.lastUse(page) > retainedTurns * this.mostResident) this.forget(page);
    this.use(page, 0);
    this.heap.push(page);
    this.mostResident = Math.max(this.mostResident, this.heap.size);
    return true;
  }

  touch(page: PageId): void {
    if (!this.heap.has(page)) assert(false, `page ${page} was touched, which is not resident`);
    const { last } = this;
    if (last === undefined) this.use(page, 0);
    else if (this.uses + 1 - last[page]! <= this.options.correlatedUses) last[page] = ++this.uses;
    else this.use(page, last[page]! - this.history[this.options.k * page]!);
  }

  evict(_need: number, eligible: (page: PageId) => boolean, isContinued = false): PageId | undefined {
    const { heap, last } = this;
    if (last === undefined) return heap.pop(eligible, isContinued);
    const now = this.uses + 1;
    const { correlatedUses } = this.options;
    const isUncorrelated = (page: PageId): boolean => now - last[page]! > correlatedUses && eligible(page);
    return heap.pop(isUncorrelated, isContinued) ?? heap.pop(eligible, false);
  }

  changed(page: PageId): void {
    this.heap.changed(page);
  }

  remove(page: PageId): void {
    this.heap.remove(page);
    this.forget(page);
  }

  forget(page: PageId): void {
    const { k } = this.options;
    this.history.fill(0, k * page, k * page + k);
    if (this.last !== undefined && page < this.last.length) this.last[page] = 0;
  }

  checkInvariants(resident: number): void {
    this.heap.checkInvariants(resident);
    const { k } = this.options;
    const { history } = this;
    for (let page = 0; page < history.length / k; page++) {
      const last = this.lastUse(page);
      assert(last <= this.uses, () => `page ${page} was last used at ${last}, now it is ${this.uses}`);
      let later = last + 1;
      for (let use = k * page; use < k * page + k; use++) {
        const isOrdered = history[use]! < later || (history[use] === 0 && later === 0);
        assert(isOrdered, () => `a use of page ${page} at ${history[use]} stands behind one at ${later}`);
        later = history[use]!;
      }
    }
    for (const page of this.heap.ids())
      assert(history[k * page]! > 0, () => `resident page ${page} has no history`);
  }

  /** The resident pages; of each page with a history its id, last use and history. */
  save(): Json {
    const { k } = this.options;
    const { history, uses, mostResident } = this;
    const histories: number[][] = [];
    for (let page = 0; page < history.length / k; page++)
      if (history[k * page] !== 0)
        histories.push([page, this.lastUse(page), ...history.subarray(k * page, k * page + k)]);
    return { resident: [...this.heap.ids()].sort((a, b) => a - b), histories, uses, mostResident };
  }

  load(state: Json): void {
    assert(this.heap.size === 0, 'load into a policy that is in use');
    const { resident, histories, uses, mostResident } = state as unknown as LruKState;
    const { k } = this.options;
    for (const [page = 0, last = 0, ...history] of histories) {
      if (k * page >= this.history.length) this.grow(page);
      this.history.set(history, k * page);
      if (this.last !== undefined) this.last[page] = last;
    }
    for (const page of resident) this.heap.push(page as PageId);
    this.uses = uses;
    this.mostResident = mostResident;
  }

  /** A use that counts; `correlated`: how long the one before it lasted. */
  private use(page: number, correlated: number): void {
    const { history, last } = this;
    const { k } = this.options;
    const latest = k * page;
    for (let use = latest + k - 1; use > latest; use--) {
      const later = history[use - 1]!;
      history[use] = later === 0 ? 0 : later + correlated;
    }
    history[latest] = ++this.uses;
    if (last !== undefined) last[page] = this.uses;
  }

  private lastUse(page: number): number {
    return this.last === undefined ? this.history[this.options.k * page]! : this.last[page]!;
  }

  private grow(page: number): void {
    const { k } = this.options;
    const rows = rowsFor(page, this.history.length / k);
    this.history = moved(this.history, new Float64Array(k * rows));
    if (this.last !== undefined) this.last = moved(this.last, new Float64Array(rows));
  }
}

interface LruKState {
  readonly resident: readonly number[];
  readonly histories: readonly (readonly number[])[];
  readonly uses: number;
  readonly mostResident: number;
}
