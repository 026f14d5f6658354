/**
 * CLOCK-Pro: LIRS as a clock. Pages are hot or cold by their reuse distance, not by how recently they were used; victims are cold. A cold page is on
 * test from its loading until the oldest hot page is as recent as it; if it is used meanwhile, it becomes hot, even if it has left memory.
 *
 * Source: S. Jiang, F. Chen, X. Zhang, "CLOCK-Pro: An Effective Improvement of the CLOCK Replacement", USENIX ATC 2005, with the adaptive share of cold
 * pages (section 4.4). Where the paper is silent: the memory fills with hot pages up to their share, as in LIRS; the share of cold pages starts at a
 * hundredth, its least, and its most leaves as much to hot ones; a cold page that was used when it was on test no longer is on test anew; the end of a
 * test in which the page was used does not shrink the share; if no cold page may leave, the first hot page from HAND_hot on does. Where
 * pages have sizes, shares and their steps are sizes.
 * Shape: the clock is a list from HAND_hot on, so that what the hand passes goes to the back, the paper's list head. The resident cold pages
 * and those on test are also in lists of their own, in the same order: the first of each is where HAND_cold and HAND_test stand.
 * Cost: a touch is one bit; evict is O(1), amortised, but walks past cold pages that are not eligible.
 */
import { assert } from '../../base/assert.ts';
import { BitSet } from '../../base/bit-set.ts';
import { LinkedLists } from '../../base/linked-lists.ts';
import type { CreatePagingPolicy, PagingContext, PagingPolicy } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';
import { PageSizes } from './page-sizes.ts';

export const clockPro: CreatePagingPolicy = (context) => new ClockPro(context);

/** The only list of each of the three. */
const ALL = 0;

interface SavedClockPro {
  /** From HAND_hot on, with the sizes where pages have any. */
  readonly clock: PageId[];
  readonly sizes: number[];
  readonly cold: PageId[];
  readonly test: PageId[];
  readonly referenced: PageId[];
  readonly coldShare: number;
  readonly isFilling: boolean;
}

class ClockPro implements PagingPolicy {
  readonly name = 'clock-pro';
  private readonly capacity: number;
  /** Every page that is known: hot, cold, or on test and not resident. */
  private readonly clock: LinkedLists;
  /** Resident cold pages. */
  private readonly cold: LinkedLists;
  /** Cold pages on test, resident or not. */
  private readonly test: LinkedLists;
  private readonly referenced: BitSet;
  /** Absent in unit `pages`: every page is 1. */
  private readonly sizes: PageSizes | undefined;
  private hotCount = 0;
  private hotUsed = 0;
  /** What the pages took that are on test and not resident. */
  private awayUsed = 0;
  /** m_c: what cold pages should take; between its bounds. */
  private coldShare: number;
  private readonly leastColdShare: number;
  private readonly mostColdShare: number;
  /** Nothing has been evicted yet. */
  private isFilling = true;

  constructor(context: PagingContext) {
    const { capacity, unit, largestPage } = context;
    this.capacity = capacity;
    this.leastColdShare = Math.max(1, Math.floor(capacity / 100));
    this.mostColdShare = Math.max(this.leastColdShare, capacity - this.leastColdShare);
    this.coldShare = this.leastColdShare;
    this.clock = new LinkedLists(1, largestPage);
    this.cold = new LinkedLists(1, largestPage);
    this.test = new LinkedLists(1, largestPage);
    this.referenced = new BitSet(largestPage);
    this.sizes = unit === 'pages' ? undefined : new PageSizes(context);
  }

  admit(page: PageId): boolean {
    const wasOnTest = this.test.has(page);
    if (wasOnTest) this.forget(page);
    const size = this.sizes === undefined ? 1 : this.sizes.read(page);
    this.clock.pushBack(ALL, page);
    if (wasOnTest) this.becomeHot(page);
    else if (this.isFilling && this.hotUsed + size <= this.hotShare) {
      this.hotCount++;
      this.hotUsed += size;
      // The only hot page, if those before it were removed: the hand goes there.
      this.stopAtHot();
    } else {
      this.cold.pushBack(ALL, page);
      this.test.pushBack(ALL, page);
    }
    this.runHandTest();
    return true;
  }

  touch(page: PageId): void {
    if (!this.referenced.has(page)) this.referenced.add(page);
  }

  /** Runs HAND_cold. */
  evict(_need: number, eligible: (page: PageId) => boolean): PageId | undefined {
    const { cold, referenced } = this;
    for (let page = cold.head(ALL) as PageId; page > 0;) {
      if (referenced.has(page)) {
        this.spare(page);
        page = cold.head(ALL) as PageId;
      } else if (eligible(page)) {
        this.isFilling = false;
        cold.remove(ALL, page);
        if (this.test.has(page)) this.awayUsed += this.sizeOf(page);
        else this.clock.remove(ALL, page);
        return page;
      } else page = cold.next(page) as PageId;
    }
    for (const id of this.clock.ids(ALL)) {
      const page = id as PageId;
      if (!this.isHot(page) || !eligible(page)) continue;
      this.isFilling = false;
      this.remove(page);
      return page;
    }
    return undefined;
  }

  remove(page: PageId): void {
    assert(!this.isAway(page), () => `page ${page} was removed, which is not resident`);
    const isHot = this.isHot(page);
    this.clock.remove(ALL, page);
    this.referenced.delete(page);
    if (isHot) {
      this.hotCount--;
      this.hotUsed -= this.sizeOf(page);
      this.stopAtHot();
    } else {
      this.cold.remove(ALL, page);
      if (this.test.has(page)) this.test.remove(ALL, page);
    }
  }

  forget(page: PageId): void {
    if (!this.isAway(page)) return;
    this.test.remove(ALL, page);
    this.clock.remove(ALL, page);
    this.awayUsed -= this.sizeOf(page);
  }

  checkInvariants(resident: number): void {
    const { clock, cold, test, capacity } = this;
    for (const list of [clock, cold, test]) list.checkInvariants();
    const known = [...clock.ids(ALL)] as PageId[];
    const hot = known.filter((page) => this.isHot(page));
    const count = hot.length + cold.size(ALL);
    assert(count === resident, () => `${count} pages are hot or cold, ${resident} resident`);
    assert(hot.length === this.hotCount, () => `${hot.length} pages are hot, not ${this.hotCount}`);
    for (const [list, name] of [
      [cold, 'cold'],
      [test, 'on test'],
    ] as const) {
      const inClock = known.filter((page) => list.has(page));
      assert(inClock.join() === [...list.ids(ALL)].join(), `${name}: another order than on the clock`);
    }
    const taken = (pages: PageId[]): number => pages.reduce((sum, page) => sum + this.sizeOf(page), 0);
    assert(taken(hot) === this.hotUsed, () => `hot pages take ${taken(hot)}, not ${this.hotUsed}`);
    const away = taken(known.filter((page) => this.isAway(page)));
    assert(away === this.awayUsed, () => `pages that left take ${away}, not ${this.awayUsed}`);
    // Trimmed at a loading, before which all that is resident may have left.
    assert(away <= 2 * capacity, () => `pages of ${away} are on test and not resident`);
    const { coldShare, leastColdShare, mostColdShare } = this;
    assert(
      coldShare >= leastColdShare && coldShare <= mostColdShare,
      () => `the share of cold pages is ${coldShare}`,
    );
    assert(hot.length === 0 || hot[0] === known[0], () => `HAND_hot is at page ${known[0]}, which is cold`);
  }

  save(): Json {
    const clock = [...this.clock.ids(ALL)] as PageId[];
    return {
      clock,
      sizes: this.sizes === undefined ? [] : clock.map((page) => this.sizeOf(page)),
      cold: [...this.cold.ids(ALL)],
      test: [...this.test.ids(ALL)],
      referenced: clock.filter((page) => this.referenced.has(page)),
      coldShare: this.coldShare,
      isFilling: this.isFilling,
    };
  }

  load(state: Json): void {
    assert(this.clock.size(ALL) === 0, 'load into a policy that is in use');
    const { clock, sizes, cold, test, referenced, coldShare, isFilling } = state as unknown as SavedClockPro;
    this.clock.load([clock]);
    this.cold.load([cold]);
    this.test.load([test]);
    for (const page of referenced) this.referenced.add(page);
    this.coldShare = coldShare;
    this.isFilling = isFilling;
    for (const [at, page] of clock.entries()) {
      this.sizes?.set(page, sizes[at]!);
      if (this.isAway(page)) this.awayUsed += this.sizeOf(page);
      else if (this.isHot(page)) {
        this.hotCount++;
        this.hotUsed += this.sizeOf(page);
      }
    }
  }

  /** m_h: what hot pages should take. */
  private get hotShare(): number {
    return this.capacity - this.coldShare;
  }

  /** Of a page on the clock. */
  private isHot(page: PageId): boolean {
    return !this.cold.has(page) && !this.test.has(page);
  }

  private isAway(page: PageId): boolean {
    return this.test.has(page) && !this.cold.has(page);
  }

  private sizeOf(page: PageId): number {
    return this.sizes === undefined ? 1 : this.sizes.of(page);
  }

  /** HAND_cold finds `page` referenced: it goes to the list head, as a hot page if it is on test, else on test. */
  private spare(page: PageId): void {
    this.referenced.delete(page);
    this.clock.moveToBack(ALL, page);
    if (this.test.has(page)) {
      this.test.remove(ALL, page);
      this.cold.remove(ALL, page);
      this.becomeHot(page);
    } else {
      this.cold.moveToBack(ALL, page);
      this.test.pushBack(ALL, page);
    }
  }

  /** `page`, at the list head, was used on test: there should be more room for cold pages, and the oldest hot ones turn cold. */
  private becomeHot(page: PageId): void {
    const size = this.sizeOf(page);
    this.hotCount++;
    this.hotUsed += size;
    this.coldShare = Math.min(this.coldShare + size, this.mostColdShare);
    this.runHandHot();
  }

  private runHandHot(): void {
    const { clock, referenced } = this;
    this.stopAtHot();
    while (this.hotUsed > this.hotShare && this.hotCount > 0) {
      const page = clock.head(ALL) as PageId;
      clock.moveToBack(ALL, page);
      if (referenced.has(page)) referenced.delete(page);
      else {
        this.cold.pushBack(ALL, page);
        this.hotCount--;
        this.hotUsed -= this.sizeOf(page);
      }
      // Tests that end here leave more room for hot pages.
      this.stopAtHot();
    }
  }

  /** HAND_hot moves on to a hot page, where there is one. Cold pages that it passes have been on test long enough. */
  private stopAtHot(): void {
    const { clock, cold } = this;
    while (this.hotCount > 0) {
      const page = clock.head(ALL) as PageId;
      if (this.isHot(page)) return;
      if (this.test.has(page)) this.endTest(page);
      if (!cold.has(page)) continue;
      clock.moveToBack(ALL, page);
      cold.moveToBack(ALL, page);
    }
  }

  private runHandTest(): void {
    while (this.awayUsed > this.capacity) this.endTest(this.test.head(ALL) as PageId);
  }

  /** Of a page that is not resident, nothing remains. */
  private endTest(page: PageId): void {
    if (!this.referenced.has(page))
      this.coldShare = Math.max(this.coldShare - this.sizeOf(page), this.leastColdShare);
    if (this.cold.has(page)) this.test.remove(ALL, page);
    else this.forget(page);
  }
}
