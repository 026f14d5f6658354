/**
 * W-TinyLFU: a small LRU window takes every new page; one that falls out of it is kept only if it was used more often of late than the page that the
 * rest of memory, a segmented LRU, would lose for it. How often is estimated for all pages ever seen, in a few bytes for each page that memory holds.
 *
 * Source: G. Einziger, R. Friedman, B. Manes, "TinyLFU: a highly efficient cache admission policy", ACM ToS 13(4), 2017: the window is 1 % of memory, at
 * least one page, 80 % of the rest are the protected segment; the doorkeeper is an option. In a tie the page in the rest stays.
 * Departs from it: the choice falls when memory is full, before the new page comes in. The candidate is then the window's coldest page, if the window
 * will overflow with the pages that are missed; where several come in at once, none of them is a candidate yet. Without one, the rest loses a page as it would
 * to a better one. Limits count sizes; a page larger than the window goes to probation at once. Pages that are not eligible are passed over.
 * The sketch (frequency-sketch.ts) cannot forget a page: what a reused id inherits from its past is gone after a few samples.
 * Cost: O(1), but evict also walks past what is not eligible, and the sketch is halved once in a sample. Memory: 8 bytes and 2 bits for each possible page; of the sketch at most
 * 16 for each page that memory holds, with the doorkeeper 24.
 */
import { assert } from '../../base/assert.ts';
import { LinkedLists } from '../../base/linked-lists.ts';
import type { CreatePagingPolicy, PagingContext, PageView, PagingPolicy } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';
import { moved, rowsFor } from '../columns.ts';
import { FrequencySketch } from './frequency-sketch.ts';

export interface WTinyLfuOptions {
  /** Does a Bloom filter take the first use of each page in a sample? */
  readonly doorkeeper: boolean;
}

/** `doorkeeper`: none; it pays where most pages are used once and the sketch is small. */
export const wTinyLfuDefaults: WTinyLfuOptions = { doorkeeper: false };

export function wTinyLfuWith(options: WTinyLfuOptions): CreatePagingPolicy {
  return (context) => new WTinyLfu(options, context);
}

export const wTinyLfu: CreatePagingPolicy = wTinyLfuWith(wTinyLfuDefaults);

const WINDOW_PERCENT = 1;
const PROTECTED_PERCENT = 80;

// Where a page is, and the number of its list, coldest first.
const ABSENT = 0;
const WINDOW = 1;
const PROBATION = 2;
const PROTECTED = 3;

class WTinyLfu implements PagingPolicy {
  readonly name = 'w-tinylfu';
  private readonly sketch: FrequencySketch;
  private readonly lists: LinkedLists;
  private segments: Int32Array; // [page / 16] two bits for each page
  private readonly windowLimit: number;
  private windowSize = 0;
  private readonly protectedLimit: number;
  private protectedSize = 0;
  private resident = 0;
  /** Of the pages missed and not yet admitted. */
  private missedSize = 0;
  /** Where pages differ in size. */
  private readonly pages: PageView | undefined;

  constructor({ doorkeeper }: WTinyLfuOptions, context: PagingContext) {
    const { capacity, unit, largestPage = 0 } = context;
    this.windowLimit = Math.max(1, Math.floor((capacity * WINDOW_PERCENT) / 100));
    this.protectedLimit = Math.floor(((capacity - this.windowLimit) * PROTECTED_PERCENT) / 100);
    this.sketch = new FrequencySketch({ pages: unit === 'pages' ? capacity : 1, doorkeeper });
    this.lists = new LinkedLists(4, largestPage);
    this.segments = new Int32Array((largestPage >>> 4) + 1);
    if (unit !== 'pages') this.pages = context.pages;
  }

  miss(page: PageId): void {
    this.sketch.record(page);
    this.missedSize += this.sizeOf(page);
  }

  admit(page: PageId): boolean {
    this.missedSize = 0;
    const { lists } = this;
    lists.pushBack(WINDOW, page);
    this.setSegment(page, WINDOW);
    this.windowSize += this.sizeOf(page);
    while (this.windowSize > this.windowLimit) this.leaveWindow(lists.head(WINDOW) as PageId);
    this.sketch.hold(++this.resident);
    return true;
  }

  touch(page: PageId): void {
    this.missedSize = 0;
    this.sketch.record(page);
    const segment = this.segmentOf(page);
    if (segment === PROBATION) this.protect(page);
    else this.lists.moveToBack(segment, page);
  }

  evict(_need: number, eligible: (page: PageId) => boolean): PageId | undefined {
    const isOverflowing = this.windowSize + this.missedSize > this.windowLimit;
    const candidate = isOverflowing ? this.coldest(WINDOW, eligible) : undefined;
    const victim = this.coldest(PROBATION, eligible) ?? this.coldest(PROTECTED, eligible);
    const leaves = victim === undefined ? (candidate ?? this.coldest(WINDOW, eligible)) : victim;
    if (leaves === undefined) return undefined;
    if (victim !== undefined && candidate !== undefined) {
      if (this.sketch.estimate(candidate) <= this.sketch.estimate(victim)) {
        this.remove(candidate);
        return candidate;
      }
      this.leaveWindow(candidate);
    }
    this.remove(leaves);
    return leaves;
  }

  remove(page: PageId): void {
    const segment = this.segmentOf(page);
    this.lists.remove(segment, page);
    this.setSegment(page, ABSENT);
    this.resident--;
    if (segment === WINDOW) this.windowSize -= this.sizeOf(page);
    else if (segment === PROTECTED) this.protectedSize -= this.sizeOf(page);
  }

  checkInvariants(resident: number): void {
    const { lists } = this;
    lists.checkInvariants();
    assert(lists.size(ABSENT) === 0, () => `${lists.size(ABSENT)} pages are in the list of absent ones`);
    const sizes = [0, 0, 0, 0];
    let counted = 0;
    for (const segment of [WINDOW, PROBATION, PROTECTED])
      for (const page of lists.ids(segment)) {
        assert(
          this.segmentOf(page) === segment,
          () => `page ${page} of list ${segment} is in segment ${this.segmentOf(page)}`,
        );
        sizes[segment]! += this.sizeOf(page as PageId);
        counted++;
      }
    assert(counted === resident, () => `${counted} pages in the lists, ${resident} resident`);
    assert(counted === this.resident, () => `${counted} pages in the lists, ${this.resident} counted`);
    let present = 0;
    for (let page = 0; page < 16 * this.segments.length; page++)
      if (this.segmentOf(page) !== ABSENT) present++;
    assert(present === resident, () => `${present} pages in a segment, ${resident} resident`);
    this.checkSegment('window', this.windowSize, sizes[WINDOW]!, this.windowLimit);
    this.checkSegment('protected segment', this.protectedSize, sizes[PROTECTED]!, this.protectedLimit);
  }

  /** The lists, coldest first, and the sketch. */
  save(): Json {
    return { lists: this.lists.save(), sketch: this.sketch.save(), missedSize: this.missedSize };
  }

  /** The pages' sizes must be in place. */
  load(state: Json): void {
    assert(this.resident === 0, 'load into a policy that is in use');
    const { lists, sketch, missedSize } = state as unknown as WTinyLfuState;
    this.lists.load(lists);
    for (const segment of [WINDOW, PROBATION, PROTECTED])
      for (const id of this.lists.ids(segment)) {
        const page = id as PageId;
        this.setSegment(page, segment);
        this.resident++;
        if (segment === WINDOW) this.windowSize += this.sizeOf(page);
        else if (segment === PROTECTED) this.protectedSize += this.sizeOf(page);
      }
    this.sketch.load(sketch);
    this.missedSize = missedSize;
  }

  private leaveWindow(page: PageId): void {
    this.lists.remove(WINDOW, page);
    this.lists.pushBack(PROBATION, page);
    this.setSegment(page, PROBATION);
    this.windowSize -= this.sizeOf(page);
  }

  /** `page` leaves probation; what the protected segment can't hold with it goes back there. */
  private protect(page: PageId): void {
    const { lists } = this;
    lists.remove(PROBATION, page);
    lists.pushBack(PROTECTED, page);
    this.setSegment(page, PROTECTED);
    this.protectedSize += this.sizeOf(page);
    while (this.protectedSize > this.protectedLimit) {
      const demoted = lists.head(PROTECTED) as PageId;
      lists.remove(PROTECTED, demoted);
      lists.pushBack(PROBATION, demoted);
      this.setSegment(demoted, PROBATION);
      this.protectedSize -= this.sizeOf(demoted);
    }
  }

  private coldest(segment: number, eligible: (page: PageId) => boolean): PageId | undefined {
    const { lists } = this;
    for (let id = lists.head(segment); id > 0; id = lists.next(id)) {
      const page = id as PageId;
      if (eligible(page)) return page;
    }
    return undefined;
  }

  private segmentOf(page: number): number {
    return (this.segments[page >>> 4]! >>> ((page & 15) << 1)) & 3;
  }

  private setSegment(page: number, segment: number): void {
    const at = page >>> 4;
    const shift = (page & 15) << 1;
    const { segments } = this;
    if (at >= segments.length) this.segments = moved(segments, new Int32Array(rowsFor(at, segments.length)));
    this.segments[at] = (this.segments[at]! & ~(3 << shift)) | (segment << shift);
  }

  private sizeOf(page: PageId): number {
    return this.pages === undefined ? 1 : this.pages.size(page);
  }

  private checkSegment(name: string, kept: number, counted: number, limit: number): void {
    assert(kept === counted, () => `the pages of the ${name} take ${counted}, not ${kept}`);
    assert(kept <= limit, () => `the pages of the ${name} take ${kept}, its limit is ${limit}`);
  }
}

interface WTinyLfuState {
  readonly lists: readonly (readonly number[])[];
  readonly sketch: Json;
  readonly missedSize: number;
}
