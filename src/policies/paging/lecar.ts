/**
 * LeCaR, learning cache replacement: two experts, lru and lfu, each with a weight; chance by weight decides who names the victim. When a page comes back that one of
 * them had evicted, that was to be regretted, and the other's weight grows: the more, the sooner it comes back.
 *
 * Source: G. Vietri et al., "Driving cache replacement with ML-based LeCaR", HotStorage 2018: learning rate 0.45, discount 0.005^(1/N) for each use since the
 * eviction, N the pages of memory. Victims stand in the history of the expert that was drawn, with their counts of uses.
 * Departs from it: each history holds N/2 pages, so that together they are as large as memory (the authors' later programs; at least one). Where pages differ in size, N is
 * the most pages that memory has held at once. Of pages used equally often, lfu evicts the one whose last use is longest ago. The count of a page that was missed and
 * in the end not loaded is kept for it. Freed pages are forgotten.
 * Cost: O(1) for touch, O(log n) for the rest, amortised (rising-heap.ts), but lru walks past what is not eligible. Memory: 25 bytes for each possible page, 20 for each
 * resident one.
 */
import { assert } from '../../base/assert.ts';
import { LinkedLists } from '../../base/linked-lists.ts';
import { exp, ln } from '../../base/math.ts';
import type { Rng, RngState } from '../../base/rng.ts';
import type { CreatePagingPolicy, PagingContext, PagingPolicy } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';
import { moved, rowsFor } from '../columns.ts';
import { RisingHeap } from './rising-heap.ts';

export const lecar: CreatePagingPolicy = (context) => new LeCaR(context);

const LEARNING_RATE = 0.45;
/** What is left of a regret after as many uses as memory has pages. */
const DISCOUNT = 0.005;

// What a page is, and the number of its list, oldest first.
const ABSENT = 0;
const RESIDENT = 1;
/** Evicted by lru, by lfu. */
const LRU_HISTORY = 2;
const LFU_HISTORY = 3;

class LeCaR implements PagingPolicy {
  readonly name = 'lecar';
  private readonly rng: Rng;
  private readonly lists: LinkedLists;
  private readonly lfu: RisingHeap;
  private status: Uint8Array; // [page]
  private counts: Int32Array; // [page] uses, of a page resident or in a history; 0: unknown
  private times: Float64Array; // [page] the number of its last use; in a history, that of the use that it was evicted for
  private uses = 0;
  private lruWeight = 0.5;
  private readonly capacityPages: number | undefined;
  private mostResident = 0;

  constructor(context: PagingContext) {
    const { capacity, unit, rng, largestPage = 0 } = context;
    this.rng = rng;
    this.lists = new LinkedLists(4, largestPage);
    this.lfu = new RisingHeap(
      { key: (page) => this.counts[page]!, tie: (page) => this.times[page]! },
      context,
    );
    this.status = new Uint8Array(largestPage + 1);
    this.counts = new Int32Array(largestPage + 1);
    this.times = new Float64Array(largestPage + 1);
    this.capacityPages = unit === 'pages' ? capacity : undefined;
  }

  miss(page: PageId): void {
    const history = this.status[page] ?? ABSENT;
    if (history === ABSENT) return;
    const age = this.uses + 1 - this.times[page]!;
    const regret = exp((ln(DISCOUNT) * age) / this.memoryPages());
    const grown = exp(LEARNING_RATE * regret);
    const lruWeight = this.lruWeight * (history === LFU_HISTORY ? grown : 1);
    const lfuWeight = (1 - this.lruWeight) * (history === LRU_HISTORY ? grown : 1);
    this.lruWeight = lruWeight / (lruWeight + lfuWeight);
    this.lists.remove(history, page);
    this.status[page] = ABSENT;
  }

  admit(page: PageId): boolean {
    if (page >= this.status.length) this.grow(page);
    const was = this.status[page]!;
    assert(was !== RESIDENT, () => `page ${page} is admitted, which is resident`);
    if (was !== ABSENT) this.lists.remove(was, page);
    this.lists.pushBack(RESIDENT, page);
    this.status[page] = RESIDENT;
    this.counts[page]!++;
    this.times[page] = ++this.uses;
    this.lfu.push(page);
    this.mostResident = Math.max(this.mostResident, this.lfu.size);
    return true;
  }

  touch(page: PageId): void {
    this.lists.moveToBack(RESIDENT, page);
    this.counts[page]!++;
    this.times[page] = ++this.uses;
  }

  evict(_need: number, eligible: (page: PageId) => boolean, isContinued = false): PageId | undefined {
    const isByLru = this.rng.next() < this.lruWeight;
    const victim = isByLru ? this.leastRecent(eligible) : this.lfu.pop(eligible, isContinued);
    if (victim === undefined) return undefined;
    if (isByLru) this.lfu.remove(victim);
    this.lists.remove(RESIDENT, victim);
    this.enterHistory(isByLru ? LRU_HISTORY : LFU_HISTORY, victim);
    return victim;
  }

  changed(page: PageId): void {
    this.lfu.changed(page);
  }

  remove(page: PageId): void {
    this.lists.remove(RESIDENT, page);
    this.lfu.remove(page);
    this.status[page] = ABSENT;
    this.counts[page] = 0;
  }

  forget(page: PageId): void {
    const history = this.status[page];
    if (history === undefined) return;
    if (history !== ABSENT) this.lists.remove(history, page);
    this.status[page] = ABSENT;
    this.counts[page] = 0;
  }

  checkInvariants(resident: number): void {
    const { lists, lfu, status } = this;
    lists.checkInvariants();
    lfu.checkInvariants(resident);
    assert(
      lists.size(RESIDENT) === resident,
      () => `${lists.size(RESIDENT)} pages in the list, ${resident} resident`,
    );
    for (const history of [LRU_HISTORY, LFU_HISTORY])
      assert(
        lists.size(history) <= this.historyLimit(),
        () => `${lists.size(history)} pages in history ${history}`,
      );
    let listed = 0;
    for (const list of [RESIDENT, LRU_HISTORY, LFU_HISTORY]) {
      let before = 0;
      for (const page of lists.ids(list)) {
        assert(status[page] === list, () => `page ${page} of list ${list} has status ${status[page]}`);
        assert(this.counts[page]! > 0, () => `page ${page} of list ${list} was never used`);
        assert(this.times[page]! >= before, () => `page ${page} of list ${list} stands behind a later one`);
        before = this.times[page]!;
        listed++;
      }
    }
    const present = status.reduce((sum, is) => sum + (is === ABSENT ? 0 : 1), 0);
    assert(present === listed, () => `${present} pages have a status, ${listed} are in a list`);
    assert(this.lruWeight >= 0 && this.lruWeight <= 1, `the weight of lru is ${this.lruWeight}`);
  }

  /** The lists with each page's count and time, what is counted, the weight and the place in the stream of chance. */
  save(): Json {
    const { uses, lruWeight, mostResident } = this;
    const rows: number[][] = [];
    for (const list of [RESIDENT, LRU_HISTORY, LFU_HISTORY])
      for (const page of this.lists.ids(list)) rows.push([list, page, this.counts[page]!, this.times[page]!]);
    for (let page = 0; page < this.status.length; page++)
      if (this.status[page] === ABSENT && this.counts[page] !== 0)
        rows.push([ABSENT, page, this.counts[page]!, 0]);
    return { rows, uses, lruWeight, mostResident, rng: this.rng.save() as unknown as Json };
  }

  load(state: Json): void {
    assert(this.uses === 0, 'load into a policy that is in use');
    const { rows, uses, lruWeight, mostResident, rng } = state as unknown as LeCaRState;
    for (const [list, page, count, time] of rows) {
      if (page >= this.status.length) this.grow(page);
      this.status[page] = list;
      this.counts[page] = count;
      this.times[page] = time;
      if (list !== ABSENT) this.lists.pushBack(list, page);
      if (list === RESIDENT) this.lfu.push(page as PageId);
    }
    this.uses = uses;
    this.lruWeight = lruWeight;
    this.mostResident = mostResident;
    this.rng.load(rng);
  }

  private leastRecent(eligible: (page: PageId) => boolean): PageId | undefined {
    const { lists } = this;
    for (let id = lists.head(RESIDENT); id > 0; id = lists.next(id)) {
      const page = id as PageId;
      if (eligible(page)) return page;
    }
    return undefined;
  }

  private enterHistory(history: number, page: PageId): void {
    const { lists } = this;
    if (lists.size(history) >= this.historyLimit()) this.forget(lists.head(history) as PageId);
    lists.pushBack(history, page);
    this.status[page] = history;
    this.times[page] = this.uses + 1;
  }

  private memoryPages(): number {
    return this.capacityPages ?? this.mostResident;
  }

  private historyLimit(): number {
    return Math.max(1, Math.floor(this.memoryPages() / 2));
  }

  private grow(page: number): void {
    const rows = rowsFor(page, this.status.length);
    this.status = moved(this.status, new Uint8Array(rows));
    this.counts = moved(this.counts, new Int32Array(rows));
    this.times = moved(this.times, new Float64Array(rows));
  }
}

interface LeCaRState {
  readonly rows: readonly (readonly [list: number, page: number, count: number, time: number])[];
  readonly uses: number;
  readonly lruWeight: number;
  readonly mostResident: number;
  readonly rng: RngState;
}
