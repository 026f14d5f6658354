import { assert } from '../../base/assert.ts';
import type { PageView, PagingPolicy } from '../contracts.ts';
import { brokenPolicy, shown } from '../errors.ts';
import { keepAll } from './keep-all.ts';
import type { PageId } from '../ids.ts';
import type { ExtentStore } from './extent-store.ts';
import type { Extent } from './extent.ts';
import type { ContextMemoryOptions, MemoryObserver, Residency, VictimRule } from './memory-options.ts';

const none: ReadonlySet<Extent> = new Set();

/**
 * What is resident, what is pinned, and what must leave. It owns the rules (capacity, pins, leaves); the policy only chooses victims.
 * Resident pages and the room of running calls never exceed the capacity.
 */
export class ResidentSet {
  readonly capacity: number;
  readonly residency: Residency;
  readonly victims: VictimRule;
  /** The capacity is infinite: nothing is ever evicted, so that nobody needs to know what was used when, or to pin it. What nobody uses any more leaves at once: it would stay for ever. */
  readonly isEndless: boolean;
  readonly policy: PagingPolicy;
  /** Tokens of resident pages; of those that are pinned; of the room kept for answers. */
  residentTokens = 0;
  pinnedTokens = 0;
  roomTokens = 0;
  /** Something was prefetched at some time: calls are to be looked at for what they find of it. */
  hasPrefetched = false;
  /**
   * May an extent hold many pages? Without putBack and split the policy must see every page singly. So it must where any page of a prefix
   * may leave: which end of an extent goes first is then the policy's to say.
   */
  readonly divisible: boolean;
  private readonly extents: ExtentStore;
  private readonly observer: MemoryObserver;
  private readonly isEligible: (page: PageId) => boolean;

  constructor(options: ContextMemoryOptions, extents: ExtentStore, observer: MemoryObserver) {
    const { capacity, residency, victims, rng, costs, plan, isCache, admission } = options;
    this.capacity = capacity;
    this.isEndless = capacity === Infinity;
    this.residency = residency;
    this.victims = victims;
    this.extents = extents;
    this.observer = observer;
    const pages: PageView = {
      size: (page) => extents.at(page)!.residentTokens || extents.at(page)!.tokens,
      importance: (page) => extents.at(page)!.importance,
      accesses: (page) => extents.at(page)!.accesses,
      lastAccessUs: (page) => extents.at(page)!.lastAccessUs,
      order: (page) => extents.at(page)!.firstPage,
      ...(residency === 'prefix' ? { before: (page) => extents.at(page)!.tokensBefore } : {}),
    };
    this.policy = (this.isEndless ? keepAll : options.paging)({
      capacity,
      unit: 'tokens',
      rng,
      pages,
      ...(costs === undefined ? {} : { costs }),
      ...(plan === undefined ? {} : { plan }),
      ...(isCache === true && admission !== 'must' ? { canDecline: true } : {}),
    });
    if (this.policy.forget !== undefined) extents.onForget = (page) => this.policy.forget!(page);
    const isEndGiven = residency === 'independent' || victims === 'leaf';
    this.divisible = isEndGiven && this.policy.putBack !== undefined && this.policy.split !== undefined;
    this.isEligible =
      victims === 'leaf'
        ? (page) => extents.at(page)!.pins === 0 && extents.at(page)!.residentChildren === 0
        : (page) => extents.at(page)!.pins === 0;
  }

  /** Can there be room for `tokens` more? What is not pinned can leave. */
  canHold(tokens: number): boolean {
    return this.pinnedTokens + this.roomTokens + tokens <= this.capacity;
  }

  addPins(extent: Extent, change: number): void {
    const before = extent.pins;
    extent.pins = before + change;
    if (before === 0) this.pinnedTokens += extent.residentTokens;
    else if (extent.pins === 0) this.pinnedTokens -= extent.residentTokens;
  }

  /** An access to the whole extent; the room for what is missing has been made. */
  use(extent: Extent, nowUs: number): void {
    if (extent.isWhole) this.touch(extent, nowUs);
    else this.load(extent, nowUs);
  }

  /** `use` of an extent that is whole: what most calls find, apart so that it stays small enough to be inlined. */
  touch(extent: Extent, nowUs: number): void {
    extent.accesses++;
    extent.lastAccessUs = nowUs;
    if (!extent.refused) this.policy.touch(extent.id, nowUs);
  }

  /** These are about to be loaded. Returns those that the policy would refuse. */
  tellMisses(extents: Iterable<Extent>, nowUs: number): ReadonlySet<Extent> {
    let refused = none;
    for (const extent of new Set(extents))
      if (!extent.isWhole && this.policy.miss!(extent.id, nowUs) === false)
        refused = new Set(refused).add(extent);
    return refused;
  }

  /**
   * Evicts until `tokens` more fit. The caller knows that the set can hold them: a policy that does not find what to evict is broken, and
   * memory would overflow. Throws POLICY_BROKEN.
   */
  makeRoom(tokens: number): void {
    const need = this.evict(tokens);
    if (need > 0)
      throw this.broken(
        'evict chose nothing',
        `one of the pages that may leave (${this.residentTokens - this.pinnedTokens} tokens)`,
      );
  }

  /** As far as there are pages that may leave, and the policy does not keep them, evicts until `tokens` more fit. Returns how many now do, at most `tokens`. */
  makeRoomFor(tokens: number): number {
    return tokens - Math.max(0, this.evict(tokens));
  }

  /** Evicts until `tokens` more fit, or the policy finds nothing. Returns what is still lacking then. */
  private evict(tokens: number): number {
    let need = this.residentTokens + this.roomTokens + tokens - this.capacity;
    for (let isContinued = false; need > 0; isContinued = true) {
      const id = this.policy.evict(need, this.isEligible, isContinued);
      if (id === undefined) break;
      const victim = this.chosen(id, 'evicted');
      const pages = this.divisible
        ? Math.min(victim.residentPages, Math.ceil(need / victim.tokensEach))
        : victim.residentPages;
      need -= pages * victim.tokensEach;
      const isPart = pages < victim.residentPages;
      this.leave(victim, pages, false);
      if (isPart) this.policy.putBack!(victim.id);
      else this.extents.forgetIfUnused(victim);
    }
    return need;
  }

  /** What the policy gives up leaves, though nothing needs its room. Throws POLICY_BROKEN. */
  shed(): void {
    const { policy, isEligible } = this;
    if (policy.shed === undefined) return;
    for (let id = policy.shed(isEligible); id !== undefined; id = policy.shed(isEligible)) {
      const extent = this.chosen(id, 'shed');
      this.leave(extent, extent.residentPages, false);
      this.extents.forgetIfUnused(extent);
    }
  }

  /** All of the extent that is resident leaves, not because of an eviction. */
  free(extent: Extent): void {
    if (!extent.refused) this.policy.remove(extent.id);
    this.leave(extent, extent.residentPages, true);
  }

  /** Whoever has the contents has lost them: all of the extent that is resident leaves, whoever pins it. */
  lose(extent: Extent): void {
    if (!extent.refused) this.policy.remove(extent.id);
    this.leave(extent, extent.residentPages, false);
  }

  /** What the policy refused to keep leaves with its last pin; where only leaves may leave, so does what stands behind it, which nobody could use. */
  freeIfRefused(extent: Extent): void {
    if (!extent.refused || extent.pins > 0) return;
    if (this.residency === 'prefix' && this.victims === 'leaf') this.freeBehind(extent);
    this.free(extent);
  }

  private freeBehind(extent: Extent): void {
    for (const child of extent.children?.values() ?? []) {
      if (child.residentPages === 0) continue;
      this.freeBehind(child);
      this.free(child);
    }
  }

  /** `extent` was cut: its pins hold for `tail` too, and each keeps what is resident of it. */
  divide(extent: Extent, tail: Extent): void {
    const { lo, hi, count } = extent;
    tail.refused = extent.refused;
    tail.pins = extent.pins;
    const isHead = lo < count && hi > lo;
    const isTail = hi > count;
    tail.residentChildren = extent.residentChildren;
    tail.isPrefetched = extent.isPrefetched && isTail;
    extent.residentChildren = isTail && tail.parent === extent ? 1 : 0;
    if (isTail) {
      tail.lo = Math.max(0, lo - count);
      tail.hi = hi - count;
    }
    if (isHead) extent.hi = Math.min(hi, count);
    else {
      extent.lo = extent.hi = 0;
      extent.isPrefetched = false;
    }
    if (!isHead && isTail && extent.parent !== undefined) extent.parent.residentChildren--;
    if (isTail && !extent.refused) {
      this.policy.split!(extent.id, tail.id, this.residency === 'prefix');
      if (!isHead) this.policy.remove(extent.id);
    }
    if (!isTail) this.policy.splitMissing?.(extent.id, tail.id, extent.isWhole);
  }

  /** What the policy may depend on changed other than by an access. */
  tellChanged(extent: Extent): void {
    if (extent.residentPages > 0 && !extent.refused) this.policy.changed?.(extent.id);
  }

  /** The whole extent becomes resident before it is asked for; the room has been made. It is no access. */
  prefetch(extent: Extent, nowUs: number): void {
    this.bringIn(extent);
    const { firstPage, count, tokens } = extent;
    this.observer.prefetched(firstPage, count, tokens);
    extent.isPrefetched = this.hasPrefetched = true;
    this.admit(extent, nowUs);
  }

  /** The whole extent becomes resident and counts as accessed. */
  private load(extent: Extent, nowUs: number): void {
    this.bringIn(extent);
    const { firstPage, count, tokens } = extent;
    this.observer.loaded(firstPage, count, tokens);
    extent.seen = count;
    extent.accesses++;
    extent.lastAccessUs = nowUs;
    this.admit(extent, nowUs);
  }

  private bringIn(extent: Extent): void {
    const { lo, hi, count } = extent;
    assert(hi === lo, () => `extent ${extent.id} is loaded while pages [${lo}, ${hi}) of it are resident`);
    this.setResident(extent, 0, count);
  }

  private admit(extent: Extent, nowUs: number): void {
    const isKept: unknown = this.policy.admit(extent.id, nowUs);
    if (typeof isKept !== 'boolean')
      throw this.broken(`admit of page ${extent.id} is ${shown(isKept)} at ${nowUs} µs`, 'true or false');
    extent.refused = !isKept;
  }

  private chosen(id: PageId, how: 'evicted' | 'shed'): Extent {
    const extent = this.extents.at(id);
    const isResident = extent !== undefined && extent.residentPages > 0;
    if (!isResident || !this.isEligible(id))
      throw this.broken(
        `${how} page ${id}, which is not ${isResident ? 'eligible' : 'resident'}`,
        'a resident page that is eligible',
      );
    return extent;
  }

  /** The policy's answer is not one that it may give. */
  broken(answer: string, allowed: string): Error {
    return brokenPolicy(`paging policy ${this.policy.name}`, answer, allowed);
  }

  /** `pages` of the extent leave memory: from its tail where only leaves of a tree may, else the lowest first. */
  private leave(extent: Extent, pages: number, isFree: boolean): void {
    const { lo, hi, firstPage, tokensEach } = extent;
    const isTail = this.residency === 'prefix' && this.victims === 'leaf';
    const page = firstPage + (isTail ? hi - pages : lo);
    this.setResident(extent, isTail ? lo : lo + pages, isTail ? hi - pages : hi);
    if (isFree) this.observer.freed(page, pages, pages * tokensEach);
    else this.observer.evicted(page, pages, pages * tokensEach);
    if (extent.hi === extent.lo) extent.refused = extent.isPrefetched = false;
  }

  private setResident(extent: Extent, lo: number, hi: number): void {
    const change = (hi - lo - (extent.hi - extent.lo)) * extent.tokensEach;
    const was = extent.hi > extent.lo;
    extent.lo = hi > lo ? lo : 0;
    extent.hi = hi > lo ? hi : 0;
    this.residentTokens += change;
    if (extent.pins > 0) this.pinnedTokens += change;
    const { parent } = extent;
    if (parent === undefined || was === hi > lo) return;
    parent.residentChildren += was ? -1 : 1;
    if (parent.residentChildren === 0) this.tellChanged(parent);
  }
}
