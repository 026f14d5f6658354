/**
 * Segmented LRU: four segments of a quarter of the memory each. A hit lifts a page into the next higher segment; what a segment then has too much
 * cools down a segment from its least recently used end, and out of the lowest one it leaves the memory, also on a hit.
 *
 * Source: R. Karedla, J. S. Love, B. G. Wherry, "Caching Strategies to Improve Disk System Performance", 1994; with more than two segments as in Q. Huang
 * et al., "An Analysis of Facebook Photo Caching", SOSP 2013. A loaded page enters the lowest segment that has room; where none has, the
 * lowest, which then has more than its share. A page larger than a segment is not kept.
 * Cost: O(1) for every call, plus a move for each page that cools, but evict also walks past the pages at the cold end that are not eligible.
 */
import { assert } from '../../base/assert.ts';
import type { CreatePagingPolicy, PagingContext, PagingPolicy } from '../../kernel/contracts.ts';
import { invalid } from '../../kernel/errors.ts';
import type { Json, PageId } from '../../kernel/ids.ts';
import { moved, rowsFor } from '../columns.ts';
import { SizedLists } from './sized-lists.ts';

/** Throws KernelError INVALID_ARGUMENT (field `capacity`) below 4, where a segment could hold nothing. */
export const slru: CreatePagingPolicy = (context) => {
  if (context.capacity < SEGMENTS)
    throw invalid(
      'capacity',
      context.capacity,
      `${SEGMENTS} or more for slru, which divides it by ${SEGMENTS}`,
    );
  return new Slru(context);
};

const SEGMENTS = 4;

/** Below the segments, which are lists 1 to 4: what cooled out of the lowest and is still resident. */
const OUT = 0;
const LOWEST = 1;
const HIGHEST = SEGMENTS;

class Slru implements PagingPolicy {
  readonly name = 'slru';
  private readonly lists: SizedLists;
  /** What a segment may take. */
  private readonly share: number;
  private segments: Uint8Array; // [page] the list that a resident page is in

  constructor(context: PagingContext) {
    this.lists = new SizedLists(1 + SEGMENTS, context);
    this.share = Math.floor(context.capacity / SEGMENTS);
    this.segments = new Uint8Array((context.largestPage ?? 0) + 1);
  }

  miss(page: PageId): boolean {
    return this.lists.sizeToLoad(page) <= this.share;
  }

  admit(page: PageId): boolean {
    const size = this.lists.sizeToLoad(page);
    if (size > this.share) return false;
    let segment = LOWEST;
    while (segment <= HIGHEST && this.lists.used(segment) + size > this.share) segment++;
    if (segment > HIGHEST) segment = LOWEST;
    this.lists.enter(segment, page);
    this.note(page, segment);
    return true;
  }

  touch(page: PageId): void {
    const segment = this.segments[page]!;
    if (segment === HIGHEST) this.lists.moveToBack(HIGHEST, page);
    else {
      this.move(segment, segment + 1, page);
      this.cool(segment + 1);
    }
  }

  evict(_need: number, eligible: (page: PageId) => boolean): PageId | undefined {
    for (let segment = OUT; segment <= HIGHEST; segment++) {
      const victim = this.lists.firstEligible(segment, eligible);
      if (victim === undefined) continue;
      this.lists.remove(segment, victim);
      return victim;
    }
    return undefined;
  }

  shed(eligible: (page: PageId) => boolean): PageId | undefined {
    const page = this.lists.firstEligible(OUT, eligible);
    if (page !== undefined) this.lists.remove(OUT, page);
    return page;
  }

  remove(page: PageId): void {
    this.lists.remove(this.segments[page]!, page);
  }

  checkInvariants(resident: number): void {
    const { lists } = this;
    lists.checkInvariants();
    let count = 0;
    for (let segment = OUT; segment <= HIGHEST; segment++) {
      count += lists.count(segment);
      for (const page of lists.pages(segment))
        assert(
          this.segments[page] === segment,
          () => `page ${page} is in ${segment}, not ${this.segments[page]}`,
        );
      if (segment > LOWEST)
        assert(
          lists.used(segment) <= this.share,
          () => `segment ${segment} takes ${lists.used(segment)}, of ${this.share}`,
        );
    }
    assert(count === resident, () => `${count} pages in the segments, ${resident} resident`);
  }

  /** The segments, each from its cold end. */
  save(): Json {
    return this.lists.save();
  }

  load(state: Json): void {
    const { lists } = this;
    lists.load(state);
    for (let segment = OUT; segment <= HIGHEST; segment++)
      for (const page of lists.pages(segment)) this.note(page, segment);
  }

  /** What the segment has too much goes down, and what is then too much there. */
  private cool(segment: number): void {
    const { lists } = this;
    while (lists.used(segment) > this.share) {
      this.move(segment, segment - 1, lists.head(segment));
      if (segment > LOWEST) this.cool(segment - 1);
    }
  }

  private move(from: number, to: number, page: PageId): void {
    this.lists.transfer(from, to, page);
    this.segments[page] = to;
  }

  private note(page: PageId, segment: number): void {
    const { length } = this.segments;
    if (page >= length) this.segments = moved(this.segments, new Uint8Array(rowsFor(page, length)));
    this.segments[page] = segment;
  }
}
