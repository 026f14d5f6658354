import { rngFor } from '../../src/base/rng.ts';
import type { CreatePagingPolicy, PagingPolicy } from '../../src/kernel/contracts.ts';
import type { PageId } from '../../src/kernel/ids.ts';
import { ArrayPages } from './page-view.ts';

/**
 * A memory of `capacity` equal pages that keeps its own count of what is resident and believes the policy nothing: every
 * victim is checked, misses are counted here.
 */
export class ResidentSet {
  readonly pages = new ArrayPages();
  readonly resident = new Set<PageId>();
  readonly pinned = new Set<PageId>();
  readonly policy: PagingPolicy;
  readonly capacity: number;
  readonly victims: PageId[] = [];
  misses = 0;

  constructor(create: CreatePagingPolicy, capacity: number) {
    this.capacity = capacity;
    this.policy = create({ capacity, unit: 'pages', rng: rngFor(1, 'paging'), pages: this.pages });
  }

  readonly isEligible = (page: PageId): boolean => !this.pinned.has(page);

  /** One request. False: a miss. Throws when the policy answers what it must not. */
  request(page: PageId, nowUs: number): boolean {
    if (this.pages.sizes[page] === undefined) this.pages.set(page);
    if (this.resident.has(page)) {
      this.pages.use(page, nowUs);
      this.policy.touch(page, nowUs);
      return true;
    }
    this.misses++;
    while (this.resident.size >= this.capacity) if (this.evict() === undefined) return false;
    this.pages.use(page, nowUs);
    if (this.policy.admit(page, nowUs)) this.resident.add(page);
    return false;
  }

  evict(): PageId | undefined {
    const victim = this.policy.evict(1, this.isEligible);
    if (victim === undefined) return undefined;
    if (!this.resident.delete(victim)) throw new Error(`page ${victim} was evicted, but is not resident`);
    if (this.pinned.has(victim)) throw new Error(`page ${victim} was evicted, but is pinned`);
    this.victims.push(victim);
    return victim;
  }

  /** The policy is told what becomes eligible, as the contract asks. */
  unpin(page: PageId): void {
    if (this.pinned.delete(page)) this.policy.changed?.(page);
  }

  remove(page: PageId): void {
    this.policy.remove(page);
    this.resident.delete(page);
    this.pinned.delete(page);
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
