/**
 * Replays a page reference string through a paging policy: the textbook's experiment. One reference uses one page; nothing is pinned.
 *
 * On a miss, a page larger than the capacity is not loaded and evicts nothing (nor does the policy hear of it); else victims leave until it fits, then
 * it is loaded. A page's size is the one at its loading. Hits, misses and sizes are counted here, never by the policy, and every answer
 * of the policy is checked.
 */
import { BitSet } from '../../base/bit-set.ts';
import { rngFor } from '../../base/rng.ts';
import type {
  CreatePagingPolicy,
  FutureView,
  PageView,
  PagingContext,
  PagingPolicy,
} from '../../kernel/contracts.ts';
import { brokenPolicy } from '../../kernel/errors.ts';
import type { PageId } from '../../kernel/ids.ts';
import { nextUses } from './next-use.ts';
import { PageUses } from './page-uses.ts';
import type { ReferenceTrace } from './reference-trace.ts';

export interface PageReplayOptions {
  /** In pages, or in the trace's sizes. An integer > 0. */
  readonly capacity: number;
  /** `pages`: every page counts 1. `size`: the trace's sizes count; it must have them. */
  readonly unit: 'pages' | 'size';
  /** What the policy's chance is derived from. */
  readonly seed: number;
  /** Time from one reference to the next where the trace has no times, µs. */
  readonly tickUs: number;
}

/** `tickUs`: about the time of a disk access. */
export const pageReplayDefaults = { unit: 'pages', seed: 1, tickUs: 1_000 } as const;

/** Counts since the start. Sizes are the trace's, whatever the unit; as many as pages where the trace has none. */
export interface PageCounts {
  readonly requests: number;
  readonly misses: number;
  readonly requestedSize: number;
  readonly missedSize: number;
  readonly evictions: number;
  /** Misses that were not loaded: larger than the capacity, or refused by the policy. */
  readonly bypasses: number;
}

const everyPage = (): boolean => true;

export class PageReplay {
  readonly policy: PagingPolicy;
  readonly trace: ReferenceTrace;
  readonly options: PageReplayOptions;
  /** References replayed so far. */
  private at = 0;
  private misses = 0;
  private missedSize = 0;
  /** Of the first `summed` references: summed up when it is asked for. */
  private requestedSize = 0;
  private summed = 0;
  private evictions = 0;
  private bypasses = 0;
  /** Resident pages or, with unit `size`, their sizes. */
  private used = 0;
  private residentCount = 0;
  private readonly resident: BitSet;
  private readonly loadedSizes: Uint32Array | undefined; // [page] its size at loading; unit `size` only
  /** For policies that look at pages. */
  private readonly uses: PageUses | undefined;
  /** [reference] and [page]: the future, for those that look at it. */
  private readonly nextOfReference: Int32Array | undefined;
  private readonly nextOfPage: Int32Array | undefined;

  /** Throws what the policy throws when it cannot run at this capacity or on this trace (KernelError INVALID_ARGUMENT). */
  constructor(trace: ReferenceTrace, create: CreatePagingPolicy, options: PageReplayOptions) {
    this.trace = trace;
    this.options = options;
    const rows = trace.unique + 1;
    this.resident = new BitSet(trace.unique);
    if (options.unit === 'size') this.loadedSizes = new Uint32Array(rows);
    const looked = { pages: false, future: false };
    const uses = new PageUses(trace, options.tickUs);
    this.policy = create(this.contextFor(looked, uses));
    if (looked.pages) this.uses = uses;
    if (looked.future) {
      this.nextOfReference = nextUses(trace.ids, trace.unique);
      this.nextOfPage = new Int32Array(rows);
    }
  }

  get counts(): PageCounts {
    const { sizes } = this.trace;
    for (; this.summed < this.at; this.summed++)
      this.requestedSize += sizes === undefined ? 1 : sizes[this.summed]!;
    const { at: requests, misses, requestedSize, missedSize, evictions, bypasses } = this;
    return { requests, misses, requestedSize, missedSize, evictions, bypasses };
  }

  /** Replays the references up to number `until`, not included. */
  run(until: number = this.trace.ids.length): void {
    const isBare = this.loadedSizes === undefined && this.uses === undefined && this.nextOfPage === undefined;
    if (isBare && this.policy.shed === undefined) this.runBare(until);
    else this.runAll(until);
    this.at = Math.max(this.at, until);
  }

  /** Equal pages, and a policy that asks for nothing: what most are. The counts are locals here; it does just what `runAll` does. */
  private runBare(until: number): void {
    const { policy, resident } = this;
    const { ids, sizes, timesUs } = this.trace;
    const { capacity, tickUs } = this.options;
    let { residentCount, misses, missedSize, evictions } = this;
    for (let at = this.at; at < until; at++) {
      const page = ids[at]! as PageId;
      const nowUs = timesUs === undefined ? at * tickUs : timesUs[at]!;
      if (resident.has(page)) {
        policy.touch(page, nowUs);
        continue;
      }
      misses++;
      missedSize += sizes === undefined ? 1 : sizes[at]!;
      if (policy.miss !== undefined && policy.miss(page, nowUs) === false) {
        this.bypasses++;
        continue;
      }
      if (residentCount >= capacity) {
        const victim = policy.evict(1, everyPage, false);
        if (victim === undefined || !resident.has(victim)) throw this.brokenVictim(victim, residentCount);
        resident.delete(victim);
        evictions++;
        residentCount--;
      }
      const isKept: unknown = policy.admit(page, nowUs);
      if (isKept === true) {
        resident.add(page);
        residentCount++;
      } else this.refused(isKept);
    }
    this.residentCount = residentCount;
    this.used = residentCount;
    this.misses = misses;
    this.missedSize = missedSize;
    this.evictions = evictions;
  }

  /** Compares the policy's own recount with what is resident. */
  checkInvariants(): void {
    this.policy.checkInvariants?.(this.residentCount);
  }

  private runAll(until: number): void {
    const { policy, resident, uses, nextOfReference, nextOfPage } = this;
    const { ids, timesUs } = this.trace;
    const { tickUs } = this.options;
    const sheds = policy.shed !== undefined;
    for (let at = this.at; at < until; at++) {
      const page = ids[at]! as PageId;
      const nowUs = timesUs === undefined ? at * tickUs : timesUs[at]!;
      if (nextOfReference !== undefined) nextOfPage![page] = nextOfReference[at]!;
      if (uses !== undefined) uses.note(at, page, nowUs);
      if (resident.has(page)) {
        policy.touch(page, nowUs);
        if (sheds) this.shed();
      } else this.load(page, at, nowUs);
    }
  }

  private load(page: PageId, at: number, nowUs: number): void {
    const { policy, loadedSizes } = this;
    const { capacity } = this.options;
    const size = this.trace.sizes === undefined ? 1 : this.trace.sizes[at]!;
    this.misses++;
    this.missedSize += size;
    const need = loadedSizes === undefined ? 1 : size;
    if (need > capacity) {
      this.bypasses++;
      return;
    }
    if (loadedSizes !== undefined) loadedSizes[page] = size;
    if (policy.miss !== undefined && policy.miss(page, nowUs) === false) {
      this.bypasses++;
      return;
    }
    while (this.used + need > capacity) this.evict(this.used + need - capacity);
    const isKept: unknown = policy.admit(page, nowUs);
    if (isKept !== true) {
      this.refused(isKept);
      return;
    }
    this.resident.add(page);
    this.used += need;
    this.residentCount++;
  }

  /** A user's policy may have forgotten to answer. */
  private refused(isKept: unknown): void {
    if (isKept !== false)
      throw brokenPolicy(
        `paging policy ${this.policy.name}`,
        `admit answered ${String(isKept)}`,
        'true or false',
      );
    this.bypasses++;
  }

  private evict(need: number): void {
    const victim = this.policy.evict(need, everyPage, false);
    this.leave(victim);
  }

  private shed(): void {
    const { policy } = this;
    for (let page = policy.shed!(everyPage); page !== undefined; page = policy.shed!(everyPage))
      this.leave(page);
  }

  private leave(page: PageId | undefined): void {
    if (page === undefined || !this.resident.has(page)) throw this.brokenVictim(page, this.residentCount);
    this.resident.delete(page);
    this.used -= this.loadedSizes === undefined ? 1 : this.loadedSizes[page]!;
    this.residentCount--;
    this.evictions++;
  }

  /** `looked` becomes true for what the policy took from its context when it was created: nothing else is kept for it. */
  private contextFor(looked: { pages: boolean; future: boolean }, uses: PageUses): PagingContext {
    const { capacity, unit, seed } = this.options;
    const pages: PageView = {
      size: (page) => (this.loadedSizes === undefined ? 1 : this.loadedSizes[page]!),
      importance: () => 0.5,
      accesses: (page) => uses.accessesOf(page),
      lastAccessUs: (page) => uses.lastAccessUsOf(page),
      order: (page) => page,
    };
    const { ids } = this.trace;
    const future: FutureView = {
      nextUse: (page) => this.nextOfPage![page]!,
      pageAt: (reference) => ids[reference] as PageId,
    };
    return {
      capacity,
      unit,
      rng: rngFor(seed, 'paging'),
      largestPage: this.trace.unique as PageId,
      get pages() {
        looked.pages = true;
        return pages;
      },
      get future() {
        looked.future = true;
        return future;
      },
    };
  }

  private brokenVictim(page: PageId | undefined, count: number): Error {
    const answer = page === undefined ? 'evict chose nothing' : `evicted page ${page}, which is not resident`;
    return brokenPolicy(`paging policy ${this.policy.name}`, answer, `one of the ${count} resident pages`);
  }
}
