/**
 * LIRS, low inter-reference recency set: keeps the pages whose last two uses lie close together, however long ago they were. Nearly all of memory holds
 * such pages (LIR); the small rest is a queue that pages without that merit (HIR) pass through.
 *
 * Source: S. Jiang, X. Zhang, "LIRS: an efficient low inter-reference recency set replacement policy to improve buffer cache performance", SIGMETRICS 2002.
 * The paper's stack S holds the pages, resident or not, that were used after the least recent LIR page: here each page has the number of its last use, and is in S if
 * that is larger than the one of the first in the LRU order of LIR pages. Pruning S is then nothing to do. As in the authors' program, a use equal
 * to the one before it changes nothing, and S has no limit of its own.
 * Departs from it: limits count sizes. A new page is LIR while the LIR pages leave room for it, so that what was freed is filled again; one that becomes
 * LIR demotes as many as it takes, in the end itself. When no page of the queue may leave, the least recent LIR page that may does. It is
 * forgotten, as a freed page is.
 * Cost: amortised O(1) for every call, but evict also walks past what is not eligible. Memory: 17 bytes for each possible page.
 */
import { assert } from '../../base/assert.ts';
import { LinkedLists } from '../../base/linked-lists.ts';
import type { CreatePagingPolicy, PagingContext, PageView, PagingPolicy } from '../../kernel/contracts.ts';
import { invalid } from '../../kernel/errors.ts';
import type { Json, PageId } from '../../kernel/ids.ts';
import { moved, rowsFor } from '../columns.ts';

export const lirs: CreatePagingPolicy = (context) => new Lirs(context);

/** The share of memory for resident HIR pages, and its least. */
const HIR_SHARE = 0.01;
const HIR_LEAST = 2;

// What a page is; the resident ones are in the list of this number.
const ABSENT = 0;
/** Least recently used first. */
const LIR = 1;
/** The paper's Q, of resident HIR pages: the next victim first. */
const QUEUED = 2;

class Lirs implements PagingPolicy {
  readonly name = 'lirs';
  private readonly lists: LinkedLists;
  private status: Uint8Array; // [page]
  private lastUse: Float64Array; // [page] number of its last use; 0: not known
  private uses = 0;
  /** The page of the use before. */
  private latest = 0;
  private readonly lirLimit: number;
  private lirSize = 0;
  /** Where pages differ in size. */
  private readonly pages: PageView | undefined;

  constructor(context: PagingContext) {
    const { capacity, unit, largestPage = 0 } = context;
    this.lirLimit = capacity - Math.max(HIR_LEAST, Math.floor(HIR_SHARE * capacity));
    if (this.lirLimit < 1)
      throw invalid(
        'capacity',
        capacity,
        `${HIR_LEAST + 1} or more for lirs, whose queue takes ${HIR_LEAST}`,
      );
    this.lists = new LinkedLists(3, largestPage);
    this.status = new Uint8Array(largestPage + 1);
    this.lastUse = new Float64Array(largestPage + 1);
    if (unit !== 'pages') this.pages = context.pages;
  }

  admit(page: PageId): boolean {
    if (page >= this.status.length) this.grow(page);
    if (this.status[page] !== ABSENT) assert(false, `page ${page} is admitted, which is resident`);
    this.latest = page;
    if (this.isStacked(page)) this.promote(page);
    else {
      const size = this.sizeOf(page);
      if (this.lirSize + size <= this.lirLimit) {
        this.lirSize += size;
        this.lists.pushBack(LIR, page);
        this.status[page] = LIR;
      } else {
        this.lists.pushBack(QUEUED, page);
        this.status[page] = QUEUED;
      }
    }
    this.lastUse[page] = ++this.uses;
    return true;
  }

  touch(page: PageId): void {
    if (page === this.latest) return;
    this.latest = page;
    if (this.status[page] === LIR) this.lists.moveToBack(LIR, page);
    else if (this.isStacked(page)) {
      this.lists.remove(QUEUED, page);
      this.promote(page);
    } else this.lists.moveToBack(QUEUED, page);
    this.lastUse[page] = ++this.uses;
  }

  evict(_need: number, eligible: (page: PageId) => boolean): PageId | undefined {
    const { lists } = this;
    for (let id = lists.head(QUEUED); id > 0; id = lists.next(id)) {
      const page = id as PageId;
      if (!eligible(page)) continue;
      lists.remove(QUEUED, page);
      this.status[page] = ABSENT;
      return page;
    }
    for (let id = lists.head(LIR); id > 0; id = lists.next(id)) {
      const page = id as PageId;
      if (!eligible(page)) continue;
      this.remove(page);
      return page;
    }
    return undefined;
  }

  remove(page: PageId): void {
    const list = this.status[page] ?? ABSENT;
    this.lists.remove(list, page);
    if (list === LIR) this.lirSize -= this.sizeOf(page);
    this.status[page] = ABSENT;
    this.lastUse[page] = 0;
  }

  forget(page: PageId): void {
    if (page < this.lastUse.length) this.lastUse[page] = 0;
  }

  checkInvariants(resident: number): void {
    const { lists, status, lastUse } = this;
    lists.checkInvariants();
    const counted = lists.size(LIR) + lists.size(QUEUED);
    assert(counted === resident, () => `${counted} pages are LIR or in the queue, ${resident} resident`);
    for (const list of [LIR, QUEUED])
      for (const page of lists.ids(list))
        assert(status[page] === list, () => `page ${page} of list ${list} has status ${status[page]}`);
    const present = status.reduce((sum, is) => sum + (is === ABSENT ? 0 : 1), 0);
    assert(present === resident, () => `${present} pages have a status, ${resident} resident`);
    let size = 0;
    let before = 0;
    for (const page of lists.ids(LIR)) {
      size += this.sizeOf(page as PageId);
      assert(
        lastUse[page]! > before,
        () => `LIR page ${page} was used at ${lastUse[page]}, the colder one at ${before}`,
      );
      before = lastUse[page]!;
    }
    assert(size === this.lirSize, () => `LIR pages take ${size}, not ${this.lirSize}`);
    assert(size <= this.lirLimit, () => `LIR pages take ${size}, their limit is ${this.lirLimit}`);
  }

  /** S, least recent first, the LIR pages of it negated; the queue; the page of the use before. */
  save(): Json {
    const { status, lastUse, latest } = this;
    const stack: number[] = [];
    for (let page = 1; page < status.length; page++)
      if (status[page] === LIR || this.isStacked(page)) stack.push(page);
    stack.sort((a, b) => lastUse[a]! - lastUse[b]!);
    return {
      stack: stack.map((page) => (status[page] === LIR ? -page : page)),
      queue: [...this.lists.ids(QUEUED)],
      latest,
    };
  }

  /** The pages' sizes must be in place. */
  load(state: Json): void {
    assert(this.lists.size(LIR) + this.lists.size(QUEUED) === 0, 'load into a policy that is in use');
    const { stack, queue, latest } = state as unknown as LirsState;
    for (const signed of stack) {
      const page = Math.abs(signed) as PageId;
      if (page >= this.status.length) this.grow(page);
      this.lastUse[page] = ++this.uses;
      if (signed > 0) continue;
      this.lists.pushBack(LIR, page);
      this.lirSize += this.sizeOf(page);
      this.status[page] = LIR;
    }
    for (const page of queue) {
      if (page >= this.status.length) this.grow(page);
      this.lists.pushBack(QUEUED, page);
      this.status[page] = QUEUED;
    }
    this.latest = latest;
  }

  /** Is `page`, which is HIR, in S? */
  private isStacked(page: number): boolean {
    const bottom = this.lists.head(LIR);
    return bottom > 0 && this.lastUse[page]! > this.lastUse[bottom]!;
  }

  /** `page`, just used and in no order, becomes LIR; the least recent LIR pages make room for it. */
  private promote(page: PageId): void {
    const { lists, status } = this;
    lists.pushBack(LIR, page);
    status[page] = LIR;
    this.lirSize += this.sizeOf(page);
    while (this.lirSize > this.lirLimit) {
      const demoted = lists.head(LIR) as PageId;
      this.lirSize -= this.sizeOf(demoted);
      lists.remove(LIR, demoted);
      lists.pushBack(QUEUED, demoted);
      status[demoted] = QUEUED;
    }
  }

  private sizeOf(page: PageId): number {
    return this.pages === undefined ? 1 : this.pages.size(page);
  }

  private grow(page: number): void {
    const rows = rowsFor(page, this.status.length);
    this.status = moved(this.status, new Uint8Array(rows));
    this.lastUse = moved(this.lastUse, new Float64Array(rows));
  }
}

interface LirsState {
  readonly stack: readonly number[];
  readonly queue: readonly number[];
  readonly latest: number;
}
