/**
 * CACHEUS: LeCaR with experts that withstand scans and churn, and with a learning rate that it finds itself. SR-LRU keeps the pages used again in one part of memory, and
 * passes new ones through the other, whose oldest page it evicts; CR-LFU evicts, of the pages used least often, the one used last.
 *
 * Source: L. V. Rodriguez et al., "Learning cache replacement with CACHEUS", FAST 2021; where it is silent, the authors' program. When a page comes back that one expert
 * had evicted, that one's weight falls by e^-rate; weights stay in 0.01 to 0.99. Victims that both name stand in no history. Every N uses (N the pages of memory, a history
 * holds N/2) the rate moves on if the hit ratio rose with its last move, else back; at rest through ten periods without a better hit ratio it restarts by chance.
 * The new part grows when a page comes back that was evicted new, the reused part when one is used that it had demoted: by the ratio of the other kind to
 * this one, at least by one.
 * Departs from it: limits and their changes count sizes; where pages differ in size, N is the most pages that memory has held at once. Pages that come in while memory fills
 * count as new like others. The count of a page that was missed and in the end not loaded is kept for it. Freed pages are forgotten.
 * Cost: O(1) for touch, O(log n) for the rest, amortised (rising-heap.ts), but SR-LRU walks past what is not eligible. Memory: 25 bytes for each possible page, 20 for
 * each resident one.
 */
import { assert } from '../../base/assert.ts';
import { LinkedLists } from '../../base/linked-lists.ts';
import { exp } from '../../base/math.ts';
import type { Rng, RngState } from '../../base/rng.ts';
import type { CreatePagingPolicy, PagingContext, PageView, PagingPolicy } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';
import { moved, rowsFor } from '../columns.ts';
import { LearningRate, type LearningRateState } from './learning-rate.ts';
import { RisingHeap } from './rising-heap.ts';

export const cacheus: CreatePagingPolicy = (context) => new Cacheus(context);

/** Of memory, at first, for new pages. */
const NEW_SHARE = 0.01;
const LEAST_WEIGHT = 0.01;

// What a page is, and the number of its list, oldest first.
const ABSENT = 0;
const REUSED = 1;
/** Also of those that the reused part had no room for. */
const PASSING = 2;
/** Evicted by SR-LRU, by CR-LFU. */
const LRU_HISTORY = 3;
const LFU_HISTORY = 4;

// What else is known of a page.
const NEW = 1; // not used since it came
const DEMOTED = 2; // from the reused part, and not used since

class Cacheus implements PagingPolicy {
  readonly name = 'cacheus';
  private readonly rng: Rng;
  private readonly lists: LinkedLists;
  private readonly lfu: RisingHeap;
  private readonly rate: LearningRate;
  private status: Uint8Array; // [page] its list, and 8 × the marks
  private counts: Int32Array; // [page] uses, of a page resident or in a history; 0: unknown
  private times: Float64Array; // [page] the number of its last use
  private uses = 0;
  private lruWeight = 0.5;
  private readonly capacity: number;
  private reusedLimit: number;
  private reusedSize = 0;
  private demotedCount = 0;
  /** Of the history of SR-LRU. */
  private newEvictedCount = 0;
  private mostResident = 0;
  /** Where pages differ in size. */
  private readonly pages: PageView | undefined;

  constructor(context: PagingContext) {
    const { capacity, unit, rng, largestPage = 0 } = context;
    this.rng = rng;
    this.lists = new LinkedLists(5, largestPage);
    this.lfu = new RisingHeap(
      { key: (page) => this.counts[page]!, tie: (page) => -this.times[page]! },
      context,
    );
    this.rate = new LearningRate(rng);
    this.status = new Uint8Array(largestPage + 1);
    this.counts = new Int32Array(largestPage + 1);
    this.times = new Float64Array(largestPage + 1);
    this.capacity = capacity;
    this.reusedLimit = capacity - Math.max(1, Math.round(NEW_SHARE * capacity));
    if (unit !== 'pages') this.pages = context.pages;
  }

  miss(page: PageId): void {
    const status = this.status[page] ?? ABSENT;
    const history = status & 7;
    if (history === LRU_HISTORY) {
      this.leaveHistory(page);
      this.lower('lru');
      if (status >> 3 === NEW) {
        const growth = Math.max(1, Math.round(this.demotedCount / Math.max(1, this.newEvictedCount)));
        this.reusedLimit = Math.max(1, this.reusedLimit - growth * this.sizeOf(page));
      }
    } else if (history === LFU_HISTORY) {
      this.leaveHistory(page);
      this.lower('lfu');
    }
  }

  admit(page: PageId): boolean {
    if (page >= this.status.length) this.grow(page);
    if ((this.status[page]! & 7) >= LRU_HISTORY) this.leaveHistory(page);
    assert(this.status[page] === ABSENT, () => `page ${page} is admitted, which is resident`);
    const { lists } = this;
    const isBack = this.counts[page]! > 0;
    const hasRoom = lists.size(PASSING) === 0 && this.reusedSize + this.sizeOf(page) <= this.reusedLimit;
    this.count(page);
    if (isBack || hasRoom) this.enterReused(page);
    else {
      lists.pushBack(PASSING, page);
      this.status[page] = PASSING | (NEW << 3);
      this.demote();
    }
    this.lfu.push(page);
    this.mostResident = Math.max(this.mostResident, this.lfu.size);
    this.rate.used(false, this.memoryPages());
    return true;
  }

  touch(page: PageId): void {
    const status = this.status[page] ?? ABSENT;
    if (status === REUSED) this.lists.moveToBack(REUSED, page);
    else {
      this.lists.remove(PASSING, page);
      if (status >> 3 === DEMOTED) {
        const growth = Math.max(1, Math.round(this.newEvictedCount / Math.max(1, this.demotedCount)));
        const largest = Math.max(1, this.capacity - 1);
        this.reusedLimit = Math.min(largest, this.reusedLimit + growth * this.sizeOf(page));
        this.demotedCount--;
      }
      this.enterReused(page);
    }
    this.count(page);
    this.rate.used(true, this.memoryPages());
  }

  evict(_need: number, eligible: (page: PageId) => boolean, isContinued = false): PageId | undefined {
    const isByLru = this.rng.next() < this.lruWeight;
    const byLru = this.oldest(PASSING, eligible) ?? this.oldest(REUSED, eligible);
    const byLfu = this.lfu.pop(eligible, isContinued);
    if (byLru === undefined || byLfu === undefined) return undefined;
    const victim = isByLru ? byLru : byLfu;
    if (victim !== byLfu) {
      this.lfu.push(byLfu);
      this.lfu.remove(victim);
    }
    const isNew = this.status[victim]! >> 3 === NEW;
    this.leaveMemory(victim);
    if (byLru === byLfu) this.counts[victim] = 0;
    else this.enterHistory(isByLru ? LRU_HISTORY : LFU_HISTORY, victim, isNew);
    return victim;
  }

  changed(page: PageId): void {
    this.lfu.changed(page);
  }

  remove(page: PageId): void {
    this.lfu.remove(page);
    this.leaveMemory(page);
    this.counts[page] = 0;
  }

  forget(page: PageId): void {
    const status = this.status[page];
    if (status === undefined) return;
    if (status !== ABSENT) this.leaveHistory(page);
    this.counts[page] = 0;
  }

  checkInvariants(resident: number): void {
    const { lists, status, counts } = this;
    lists.checkInvariants();
    this.lfu.checkInvariants(resident);
    const listed = lists.size(REUSED) + lists.size(PASSING);
    assert(listed === resident, () => `${listed} pages in the parts, ${resident} resident`);
    const marks = { demoted: 0, newEvicted: 0, reusedSize: 0 };
    for (const list of [REUSED, PASSING, LRU_HISTORY, LFU_HISTORY])
      for (const page of lists.ids(list)) {
        const mark = status[page]! >> 3;
        assert((status[page]! & 7) === list, () => `page ${page} of list ${list} has status ${status[page]}`);
        assert(counts[page]! > 0, () => `page ${page} of list ${list} was never used`);
        if (list === REUSED) marks.reusedSize += this.sizeOf(page as PageId);
        if (list === LRU_HISTORY && mark === NEW) marks.newEvicted++;
        if (mark === DEMOTED) {
          assert(list === PASSING, () => `page ${page} of list ${list} is demoted`);
          marks.demoted++;
        }
      }
    for (const history of [LRU_HISTORY, LFU_HISTORY])
      assert(
        lists.size(history) <= this.historyLimit(),
        () => `${lists.size(history)} pages in history ${history}`,
      );
    const { demotedCount: demoted, newEvictedCount: newEvicted, reusedSize } = this;
    assert(marks.demoted === demoted, () => `${marks.demoted} pages are demoted, not ${demoted}`);
    assert(
      marks.newEvicted === newEvicted,
      () => `${marks.newEvicted} pages were evicted new, not ${newEvicted}`,
    );
    assert(marks.reusedSize === reusedSize, () => `the reused take ${marks.reusedSize}, not ${reusedSize}`);
    assert(this.lruWeight >= 0.0099 && this.lruWeight <= 0.9901, `the weight of SR-LRU is ${this.lruWeight}`);
  }

  /** Each page with its status, count and time, in the order of the lists; what is counted; the weight, the rate and the place in the stream of chance. */
  save(): Json {
    const { uses, lruWeight, reusedLimit, mostResident } = this;
    const rows: number[][] = [];
    for (const list of [REUSED, PASSING, LRU_HISTORY, LFU_HISTORY])
      for (const page of this.lists.ids(list))
        rows.push([this.status[page]!, page, this.counts[page]!, this.times[page]!]);
    for (let page = 0; page < this.status.length; page++)
      if (this.status[page] === ABSENT && this.counts[page] !== 0)
        rows.push([ABSENT, page, this.counts[page]!, 0]);
    const rate = this.rate.save() as unknown as Json;
    const rng = this.rng.save() as unknown as Json;
    return { rows, uses, lruWeight, reusedLimit, mostResident, rate, rng };
  }

  /** The pages' sizes must be in place. */
  load(state: Json): void {
    assert(this.uses === 0, 'load into a policy that is in use');
    const { rows, uses, lruWeight, reusedLimit, mostResident, rate, rng } = state as unknown as CacheusState;
    for (const [status, id, count, time] of rows) {
      const page = id as PageId;
      if (page >= this.status.length) this.grow(page);
      this.status[page] = status;
      this.counts[page] = count;
      this.times[page] = time;
      const list = status & 7;
      if (list !== ABSENT) this.lists.pushBack(list, page);
      if (list === REUSED || list === PASSING) this.lfu.push(page);
      if (list === REUSED) this.reusedSize += this.sizeOf(page);
      if (status >> 3 === DEMOTED) this.demotedCount++;
      if (list === LRU_HISTORY && status >> 3 === NEW) this.newEvictedCount++;
    }
    this.uses = uses;
    this.lruWeight = lruWeight;
    this.reusedLimit = reusedLimit;
    this.mostResident = mostResident;
    this.rate.load(rate);
    this.rng.load(rng);
  }

  private count(page: PageId): void {
    this.counts[page]!++;
    this.times[page] = ++this.uses;
  }

  /** `page`, which is in no list, becomes the latest of the reused part; that demotes what it has no room for. */
  private enterReused(page: PageId): void {
    this.lists.pushBack(REUSED, page);
    this.status[page] = REUSED;
    this.reusedSize += this.sizeOf(page);
    this.demote();
  }

  private demote(): void {
    const { lists } = this;
    while (this.reusedSize > this.reusedLimit) {
      const page = lists.head(REUSED) as PageId;
      lists.remove(REUSED, page);
      lists.pushBack(PASSING, page);
      this.status[page] = PASSING | (DEMOTED << 3);
      this.reusedSize -= this.sizeOf(page);
      this.demotedCount++;
    }
  }

  private leaveMemory(page: PageId): void {
    const status = this.status[page]!;
    this.lists.remove(status & 7, page);
    if (status === REUSED) this.reusedSize -= this.sizeOf(page);
    else if (status >> 3 === DEMOTED) this.demotedCount--;
    this.status[page] = ABSENT;
  }

  private enterHistory(history: number, page: PageId, isNew: boolean): void {
    const { lists } = this;
    if (lists.size(history) >= this.historyLimit()) this.forget(lists.head(history) as PageId);
    lists.pushBack(history, page);
    this.status[page] = isNew ? history | (NEW << 3) : history;
    if (isNew && history === LRU_HISTORY) this.newEvictedCount++;
  }

  /** Its count stays. */
  private leaveHistory(page: PageId): void {
    const status = this.status[page]!;
    this.lists.remove(status & 7, page);
    if (status === (LRU_HISTORY | (NEW << 3))) this.newEvictedCount--;
    this.status[page] = ABSENT;
  }

  /** What this expert evicted came back. */
  private lower(expert: 'lru' | 'lfu'): void {
    const factor = exp(-this.rate.value);
    const lruWeight = this.lruWeight * (expert === 'lru' ? factor : 1);
    const lfuWeight = (1 - this.lruWeight) * (expert === 'lfu' ? factor : 1);
    const share = lruWeight / (lruWeight + lfuWeight);
    this.lruWeight = Math.min(1 - LEAST_WEIGHT, Math.max(LEAST_WEIGHT, share));
  }

  private oldest(list: number, eligible: (page: PageId) => boolean): PageId | undefined {
    const { lists } = this;
    for (let id = lists.head(list); id > 0; id = lists.next(id)) {
      const page = id as PageId;
      if (eligible(page)) return page;
    }
    return undefined;
  }

  private memoryPages(): number {
    return this.pages === undefined ? this.capacity : this.mostResident;
  }

  private historyLimit(): number {
    return Math.max(1, Math.floor(this.memoryPages() / 2));
  }

  private sizeOf(page: PageId): number {
    return this.pages === undefined ? 1 : this.pages.size(page);
  }

  private grow(page: number): void {
    const rows = rowsFor(page, this.status.length);
    this.status = moved(this.status, new Uint8Array(rows));
    this.counts = moved(this.counts, new Int32Array(rows));
    this.times = moved(this.times, new Float64Array(rows));
  }
}

interface CacheusState {
  readonly rows: readonly (readonly [status: number, page: number, count: number, time: number])[];
  readonly uses: number;
  readonly lruWeight: number;
  readonly reusedLimit: number;
  readonly mostResident: number;
  readonly rate: LearningRateState;
  readonly rng: RngState;
}
