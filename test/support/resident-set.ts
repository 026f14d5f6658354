import { rngFor } from '../../src/base/rng.ts';
import type { CreatePagingPolicy, PagingContext, PagingPolicy } from '../../src/kernel/contracts.ts';
import { KernelError } from '../../src/kernel/errors.ts';
import type { PageId } from '../../src/kernel/ids.ts';
import { ProphesiedFuture, type TestFuture } from './future-view.ts';
import { ArrayPages } from './page-view.ts';

/**
 * A memory that keeps its own count of what is resident and believes the policy nothing: every victim is checked, misses are counted here.
 * `capacity` is in pages, or in sizes where requests come with sizes of their own (`unit` size).
 */
export class ResidentSet {
  readonly pages = new ArrayPages();
  readonly resident = new Set<PageId>();
  readonly pinned = new Set<PageId>();
  readonly policy: PagingPolicy;
  readonly capacity: number;
  readonly unit: 'pages' | 'size';
  readonly future: TestFuture;
  readonly victims: PageId[] = [];
  misses = 0;
  used = 0;

  /** `future`: what clairvoyant policies see. */
  constructor(
    create: CreatePagingPolicy,
    capacity: number,
    unit: 'pages' | 'size' = 'pages',
    future: TestFuture = new ProphesiedFuture(),
  ) {
    this.capacity = capacity;
    this.unit = unit;
    this.future = future;
    this.policy = create(this.newContext());
  }

  /** For another policy beside this one, with the same stream of chance from its start. */
  newContext(): PagingContext {
    const { capacity, unit, pages, future } = this;
    return { capacity, unit, rng: rngFor(1, 'paging'), pages, future };
  }

  readonly isEligible = (page: PageId): boolean => !this.pinned.has(page);

  /** One request. False: a miss. Throws when the policy answers what it must not. */
  request(page: PageId, nowUs: number, size = 1): boolean {
    if (this.pages.sizes[page] === undefined) this.pages.set(page);
    this.future.use(page);
    if (this.resident.has(page)) {
      this.touch(page, nowUs);
      this.shed();
      return true;
    }
    this.misses++;
    if (size > this.capacity) return false;
    this.pages.sizes[page] = size;
    if (this.policy.miss?.(page, nowUs) === false) return false;
    while (this.used + size > this.capacity) if (this.evict() === undefined) return false;
    this.load(page, nowUs);
    return false;
  }

  /**
   * Several pages are used at once, as by a prompt: the misses of all are told before room is made, and those that are resident stay. False: they
   * don't fit together, and none is used. What the policy then refuses to keep is used once.
   */
  requestAll(pages: readonly PageId[], nowUs: number): boolean {
    const missing = pages.filter((page) => !this.resident.has(page));
    for (const page of missing) {
      if (this.pages.sizes[page] === undefined) this.pages.set(page);
      this.policy.miss?.(page, nowUs);
    }
    const need = missing.reduce((sum, page) => sum + this.pages.size(page), 0);
    const isEligible = (page: PageId): boolean => this.isEligible(page) && !pages.includes(page);
    while (this.used + need > this.capacity) {
      const victim = this.policy.evict(1, isEligible);
      if (victim === undefined) return false;
      this.leave(victim);
    }
    for (const page of pages)
      if (missing.includes(page)) this.load(page, nowUs);
      else this.touch(page, nowUs);
    this.shed();
    return true;
  }

  /** `isContinued`: for the same load as the last one. */
  evict(isContinued = false): PageId | undefined {
    const victim = this.policy.evict(1, this.isEligible, isContinued);
    if (victim !== undefined) this.leave(victim);
    return victim;
  }

  /** The policy is told what becomes eligible, as the contract asks. */
  unpin(page: PageId): void {
    if (this.pinned.delete(page)) this.policy.changed?.(page);
  }

  remove(page: PageId): void {
    this.policy.remove(page);
    this.resident.delete(page);
    this.used -= this.pages.size(page);
    this.pinned.delete(page);
  }

  private touch(page: PageId, nowUs: number): void {
    this.pages.use(page, nowUs);
    this.policy.touch(page, nowUs);
  }

  private load(page: PageId, nowUs: number): void {
    this.pages.use(page, nowUs);
    if (!this.policy.admit(page, nowUs)) return;
    this.resident.add(page);
    this.used += this.pages.size(page);
  }

  private shed(): void {
    const { policy, isEligible } = this;
    for (let page = policy.shed?.(isEligible); page !== undefined; page = policy.shed?.(isEligible))
      this.leave(page);
  }

  private leave(victim: PageId): void {
    if (!this.resident.delete(victim)) throw new Error(`page ${victim} was evicted, but is not resident`);
    if (this.pinned.has(victim)) throw new Error(`page ${victim} was evicted, but is pinned`);
    this.used -= this.pages.size(victim);
    this.victims.push(victim);
  }
}

/** `length` seeded page ids in 1..count, the low ones more often: the smaller of two draws, and of three every other time. */
export function seededTrace(seed: number, length: number, count: number): PageId[] {
  const rng = rngFor(seed, 'trace');
  const draw = (): number => 1 + rng.integer(count);
  return Array.from({ length }, (_, at) => {
    const page = Math.min(draw(), draw());
    return (at % 2 === 0 ? page : Math.min(page, draw())) as PageId;
  });
}

/** The smallest capacity in pages at which the policy runs: some need a page for each of their parts. */
export function smallestCapacity(create: CreatePagingPolicy): number {
  for (let capacity = 1; capacity <= 100; capacity++) {
    try {
      return new ResidentSet(create, capacity).capacity;
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
    }
  }
  throw new Error('the policy runs at no capacity up to 100');
}
