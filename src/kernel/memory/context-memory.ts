import { assert } from '../../base/assert.ts';
import type { Rng } from '../../base/rng.ts';
import type { CreatePagingPolicy, PageView, PagingPolicy } from '../contracts.ts';
import type { FaultKind } from '../events.ts';
import type { PageId, Pid } from '../ids.ts';
import { brokenPolicy } from '../policy-guard.ts';
import { FlatIndex, PrefixTree, type ContentIndex } from './content-index.ts';
import { Extent, ownSpace, type ContentRun } from './extent.ts';
import { findEntry, PageTable, type TableEntry } from './page-table.ts';

export type Residency = 'independent' | 'prefix';
export type VictimRule = 'any' | 'leaf';

export interface ContextMemoryOptions {
  /** Tokens. */
  readonly capacity: number;
  readonly residency: Residency;
  /** Which resident pages may leave: any, or only those with nothing resident behind them (a leaf of the prefix tree). */
  readonly victims: VictimRule;
  readonly paging: CreatePagingPolicy;
  readonly rng: Rng;
}

/** Told of everything that moves; the kernel makes events of it. */
export interface MemoryObserver {
  faulted(pid: Pid, kind: FaultKind, pages: number, tokens: number): void;
  loaded(page: number, pages: number, tokens: number): void;
  evicted(page: number, pages: number, tokens: number): void;
  freed(page: number, pages: number, tokens: number): void;
}

/** What a call finds in memory, in tokens. The three kinds of fault and the cached ones sum to the prompt's pages. */
export interface Prompt {
  /** `begin` filled the memory; `waits`: no room now; `too-large`: there never will be. */
  outcome: 'begun' | 'waits' | 'too-large';
  cachedTokens: number;
  compulsoryTokens: number;
  capacityTokens: number;
  holeTokens: number;
}

/** Beyond this many known extents, contents that nobody uses are forgotten: seen again, they count as new. */
const ghostLimit = 1_000_000;

/**
 * The ContextManager's store of one engine: which pages are resident, who uses them, what must leave. It owns residency and its rules
 * (capacity, pins, leaves); the policy only chooses victims. Resident pages and the room of running calls never exceed the capacity.
 */
export class ContextMemory {
  readonly capacity: number;
  readonly residency: Residency;
  readonly victims: VictimRule;
  readonly policy: PagingPolicy;
  /** Tokens of resident pages; of those that are pinned; of the room kept for answers. */
  residentTokens = 0;
  pinnedTokens = 0;
  roomTokens = 0;
  private readonly index: ContentIndex;
  private readonly observer: MemoryObserver;
  private readonly extents: (Extent | undefined)[] = [undefined];
  private readonly freeSlots: number[] = [];
  private nextPage = 1;
  private extentCount = 0;
  /**
   * Without putBack and split the policy must see every page singly. So it must where any page of a prefix may leave: which end of an extent
   * goes first is then the policy's to say.
   */
  private readonly divisible: boolean;
  private readonly isEligible: (page: PageId) => boolean;
  private readonly prompt: Prompt = {
    outcome: 'begun',
    cachedTokens: 0,
    compulsoryTokens: 0,
    capacityTokens: 0,
    holeTokens: 0,
  };

  constructor(options: ContextMemoryOptions, observer: MemoryObserver) {
    this.capacity = options.capacity;
    this.residency = options.residency;
    this.victims = options.victims;
    this.observer = observer;
    this.index = options.residency === 'prefix' ? new PrefixTree() : new FlatIndex();
    const { extents } = this;
    const pages: PageView = {
      size: (page) => extents[page]!.residentTokens,
      importance: (page) => extents[page]!.importance,
      accesses: (page) => extents[page]!.accesses,
      lastAccessUs: (page) => extents[page]!.lastAccessUs,
      order: (page) => extents[page]!.firstPage,
    };
    this.policy = options.paging({ capacity: options.capacity, unit: 'tokens', rng: options.rng, pages });
    const isEndGiven = options.residency === 'independent' || options.victims === 'leaf';
    this.divisible = isEndGiven && this.policy.putBack !== undefined && this.policy.split !== undefined;
    this.isEligible =
      options.victims === 'leaf'
        ? (page) => extents[page]!.pins === 0 && extents[page]!.residentChildren === 0
        : (page) => extents[page]!.pins === 0;
  }

  // ---- The page table ------------------------------------------------------------------------------------------------

  /** Adds `run` behind the table's last page; contents known at this place are shared. Returns the id of its first page. */
  append(table: PageTable, run: ContentRun, importance: number, pinned: boolean): number {
    assert(table.room < 0, 'the prompt of a running call cannot change');
    let { first, count } = run;
    const { space, tokensEach } = run;
    let firstPage = -1;
    while (count > 0) {
      const last = table.entries.at(-1);
      const parent = this.index.isTree ? last?.extent : undefined;
      const found = this.index.find(parent, space, first, count);
      let extent: Extent;
      if (typeof found === 'number') {
        const fresh = this.divisible ? found : 1;
        if (last !== undefined && this.canLengthen(last, run, first, importance, pinned)) {
          if (firstPage < 0) firstPage = last.extent.firstPage + last.extent.count;
          this.lengthen(last, fresh);
          first += fresh;
          count -= fresh;
          continue;
        }
        extent = this.create({ space, first, count: fresh, tokensEach }, parent);
      } else {
        extent = found.first === first ? found : this.split(found, first - found.first);
        assert(
          extent.tokensEach === tokensEach,
          () => `content ${space}:${first} has ${extent.tokensEach} tokens, not ${tokensEach}`,
        );
        if (extent.count > count) this.split(extent, count);
      }
      if (firstPage < 0) firstPage = extent.firstPage;
      this.use(table, extent, importance, pinned);
      first += extent.count;
      count -= extent.count;
    }
    return firstPage;
  }

  /** Cuts the table back to its first `pages` pages. */
  truncate(table: PageTable, pages: number): void {
    assert(table.room < 0, 'the prompt of a running call cannot change');
    assert(pages >= 0 && pages <= table.pages, () => `cannot keep ${pages} of ${table.pages} pages`);
    let surplus = table.pages - pages;
    while (surplus > 0) {
      const { extent } = table.entries.at(-1)!;
      if (extent.count > surplus) this.split(extent, extent.count - surplus);
      const last = table.entries.at(-1)!;
      surplus -= last.extent.count;
      this.removeLast(table, false);
    }
  }

  /**
   * Takes one page out of the prompt. In `prefix` residency all pages behind it get new identities: the prefix is broken. Dropped, its
   * content stays in memory until something evicts it; freed, it leaves at once when nobody else uses it. False: no such page.
   */
  takeOut(table: PageTable, page: number, free: boolean): boolean {
    assert(table.room < 0, 'the prompt of a running call cannot change');
    const index = this.isolate(table, page);
    if (index < 0) return false;
    if (this.residency === 'independent') {
      this.remove(table, index, free);
      return true;
    }
    const behind: { run: ContentRun; importance: number; pinned: boolean }[] = [];
    while (table.entries.length > index + 1) {
      const { extent, importance, pinned } = table.entries.at(-1)!;
      const { space, first, count, tokensEach } = extent;
      behind.push({ run: { space, first, count, tokensEach }, importance, pinned });
      this.removeLast(table, false);
    }
    this.removeLast(table, free);
    for (const { run, importance, pinned } of behind.reverse()) this.append(table, run, importance, pinned);
    return true;
  }

  /** False: no such page. */
  setImportance(table: PageTable, page: number, importance: number): boolean {
    const index = this.isolate(table, page);
    if (index < 0) return false;
    const entry = table.entries[index]!;
    entry.importance = importance;
    if (entry.extent.refreshImportance()) this.tellChanged(entry.extent);
    return true;
  }

  /** A pinned page never leaves memory while it is pinned; in `prefix` residency neither does anything before it. False: no such page. */
  setPinned(table: PageTable, page: number, pinned: boolean): boolean {
    const index = this.isolate(table, page);
    if (index < 0) return false;
    const entry = table.entries[index]!;
    if (entry.pinned !== pinned) {
      entry.pinned = pinned;
      this.pinPath(table, index, pinned ? 1 : -1);
    }
    return true;
  }

  /** Frees a whole table: its process ended. In `prefix` residency what it leaves behind stays as cache, evicted like the rest. */
  release(table: PageTable): void {
    if (table.room >= 0) this.end(table);
    while (table.entries.length > 0) this.removeLast(table, this.residency === 'independent');
  }

  // ---- Calls ---------------------------------------------------------------------------------------------------------

  /**
   * A call of `pid` on this prompt begins: its pages are loaded, touched and pinned, and `room` tokens are kept for what has no page yet (an
   * unfinished block, the answer). Changes nothing unless the outcome is `begun`. The result is reused by the next call.
   */
  begin(table: PageTable, pid: Pid, room: number, nowUs: number): Prompt {
    assert(table.room < 0, 'a call of this process runs already');
    const { prompt, capacity } = this;
    const isRoomy =
      this.residentTokens + this.roomTokens + room <= capacity && table.tokens + room <= capacity;
    if (isRoomy && isAllWhole(table)) return this.beginWhole(table, room, nowUs);
    this.examine(table, table.entries.length);
    prompt.outcome = 'begun';
    if (table.tokens + room > capacity) {
      prompt.outcome = 'too-large';
      return prompt;
    }
    for (const { extent } of table.entries) this.addPins(extent, 1);
    const missing = prompt.compulsoryTokens + prompt.capacityTokens;
    // What is not pinned can leave, so that begin cannot fail half-way.
    if (this.pinnedTokens + this.roomTokens + missing + room > capacity) {
      for (const { extent } of table.entries) this.addPins(extent, -1);
      prompt.outcome = 'waits';
      return prompt;
    }
    this.tellFaults(pid);
    table.room = room;
    this.roomTokens += room;
    this.mustMakeRoom(missing);
    if (missing > 0) this.dividePartial(table, table.entries.length, 0);
    this.loadAndTouch(table, table.entries.length, nowUs);
    return prompt;
  }

  /** `begin` when all pages are there and nothing must leave for the answer's room: what it comes to then, in one walk over the table. */
  private beginWhole(table: PageTable, room: number, nowUs: number): Prompt {
    const { entries } = table;
    const { length } = entries;
    const isPrefix = this.residency === 'prefix';
    for (let step = 0; step < length; step++) {
      const entry = entries[isPrefix ? length - 1 - step : step]!;
      const { extent } = entry;
      if (extent.pins++ === 0) this.pinnedTokens += extent.count * extent.tokensEach;
      entry.accesses++;
      extent.accesses++;
      extent.lastAccessUs = nowUs;
      if (!extent.refused) this.policy.touch(extent.id, nowUs);
    }
    table.room = room;
    this.roomTokens += room;
    const { prompt } = this;
    prompt.outcome = 'begun';
    prompt.cachedTokens = table.tokens;
    prompt.compulsoryTokens = 0;
    prompt.capacityTokens = 0;
    prompt.holeTokens = 0;
    return prompt;
  }

  /** Would `begin` succeed now? Changes nothing. */
  couldBegin(table: PageTable, room: number): boolean {
    this.examine(table, table.entries.length);
    const missing = this.prompt.compulsoryTokens + this.prompt.capacityTokens;
    const examination = ++this.examinations;
    let unpinned = 0;
    for (const { extent } of table.entries) {
      if (extent.pins > 0 || extent.examination === examination) continue;
      extent.examination = examination;
      unpinned += extent.residentTokens;
    }
    return this.pinnedTokens + unpinned + this.roomTokens + missing + room <= this.capacity;
  }

  /** A call larger than memory runs all the same: everything is billed, nothing kept. */
  beginBypassed(table: PageTable, pid: Pid): Prompt {
    const { prompt } = this;
    this.examine(table, table.entries.length);
    prompt.outcome = 'begun';
    prompt.holeTokens += prompt.cachedTokens;
    prompt.cachedTokens = 0;
    this.tellFaults(pid);
    for (const { extent } of table.entries) extent.seen = extent.count;
    table.room = 0;
    table.bypassed = true;
    return prompt;
  }

  /** The call's stretch is over: pins and room are given back. */
  end(table: PageTable): void {
    assert(table.room >= 0, 'no call of this process runs');
    this.roomTokens -= table.room;
    table.room = -1;
    if (table.bypassed) {
      table.bypassed = false;
      return;
    }
    const { entries } = table;
    for (let at = 0; at < entries.length; at++) {
      const { extent } = entries[at]!;
      this.addPins(extent, -1);
      if (extent.refused && extent.pins === 0) this.leave(extent, extent.residentPages, true);
    }
  }

  /** The answer that was decoded here joins the prompt: its page is in memory without a load, if it fits beside what is pinned. */
  appendResident(table: PageTable, run: ContentRun, importance: number, nowUs: number): number {
    const page = this.append(table, run, importance, false);
    const { extent } = table.entries.at(-1)!;
    const missing = extent.tokens - extent.residentTokens;
    const isReachable =
      this.residency === 'independent' || extent.parent === undefined || isWhole(extent.parent);
    if (!isReachable) return page;
    // Pinned meanwhile, so that making room for it cannot cost what it stands on; and known to fit before anything leaves for it.
    for (const entry of table.entries) this.addPins(entry.extent, 1);
    if (this.pinnedTokens + this.roomTokens + missing <= this.capacity) {
      this.mustMakeRoom(missing);
      this.use1(table.entries.at(-1)!, nowUs);
    }
    for (const entry of table.entries) this.addPins(entry.extent, -1);
    if (extent.refused && extent.pins === 0) this.leave(extent, extent.residentPages, true);
    return page;
  }

  /** One access to a page outside of a call (a textbook reference): in `prefix` residency to all before it too. */
  touch(table: PageTable, page: number, pid: Pid, nowUs: number): 'touched' | 'unknown' | 'waits' {
    let index = this.isolate(table, page);
    if (index < 0) return 'unknown';
    const from = this.residency === 'prefix' ? 0 : index;
    this.examine(table, index + 1, from);
    const missing = this.prompt.compulsoryTokens + this.prompt.capacityTokens;
    for (let at = from; at <= index; at++) this.addPins(table.entries[at]!.extent, 1);
    const fits = this.pinnedTokens + this.roomTokens + missing <= this.capacity;
    if (fits) {
      this.tellFaults(pid);
      this.mustMakeRoom(missing);
      if (missing > 0) index += this.dividePartial(table, index + 1, from);
      this.loadAndTouch(table, index + 1, nowUs, from);
    }
    for (let at = from; at <= index; at++) this.addPins(table.entries[at]!.extent, -1);
    for (let at = from; at <= index; at++) {
      const { extent } = table.entries[at]!;
      if (extent.refused && extent.pins === 0) this.leave(extent, extent.residentPages, true);
    }
    return fits ? 'touched' : 'waits';
  }

  /** Tokens of the table's pages that were used since `sinceUs`. */
  usedSince(table: PageTable, sinceUs: number): number {
    let tokens = 0;
    for (const { extent } of table.entries)
      if (extent.accesses > 0 && extent.lastAccessUs >= sinceUs) tokens += extent.tokens;
    return tokens;
  }

  // ---- Faults and loads ----------------------------------------------------------------------------------------------

  /** Fills `prompt` with what a use of entries [from, to) would find. What stands twice in them is missing once, and there the second time. */
  private examine(table: PageTable, to: number, from = 0): void {
    const { prompt } = this;
    const isPrefix = this.residency === 'prefix';
    let cached = 0;
    let compulsory = 0;
    let capacity = 0;
    let hole = 0;
    let isUsable = true;
    const examination = ++this.examinations;
    for (let at = from; at < to; at++) {
      const { extent } = table.entries[at]!;
      const { lo, hi, count, tokensEach } = extent;
      if ((lo === 0 && hi === count) || extent.examination === examination) {
        if (isUsable) cached += count * tokensEach;
        else hole += count * tokensEach;
        continue;
      }
      extent.examination = examination;
      const seen = Math.max(extent.seen, hi);
      const isWithoutGap = lo === 0 || hi === lo;
      const resident = hi - lo;
      if (isUsable && (!isPrefix || isWithoutGap)) cached += resident * tokensEach;
      else hole += resident * tokensEach;
      capacity += (seen - resident) * tokensEach;
      compulsory += (count - seen) * tokensEach;
      if (isPrefix) isUsable = false;
    }
    prompt.cachedTokens = cached;
    prompt.compulsoryTokens = compulsory;
    prompt.capacityTokens = capacity;
    prompt.holeTokens = hole;
    this.examinedTable = table;
    this.examinedFrom = from;
    this.examinedTo = to;
  }
  private examinations = 0;
  private examinedTable: PageTable | undefined;
  private examinedFrom = 0;
  private examinedTo = 0;

  private tellFaults(pid: Pid): void {
    const { compulsoryTokens, capacityTokens, holeTokens } = this.prompt;
    if (compulsoryTokens + capacityTokens + holeTokens === 0) return;
    let compulsory = 0;
    let capacity = 0;
    let cachedOrHole = 0;
    let holeTokensLeft = 0;
    let isUsable = true;
    const isPrefix = this.residency === 'prefix';
    const { entries, pages } = this.examinedTable!;
    const examination = ++this.examinations;
    for (let at = this.examinedFrom; at < this.examinedTo; at++) {
      const { extent } = entries[at]!;
      if (extent.examination === examination) continue;
      extent.examination = examination;
      const { lo, hi, count } = extent;
      const seen = Math.max(extent.seen, hi);
      const resident = hi - lo;
      capacity += seen - resident;
      compulsory += count - seen;
      if (resident > 0 && isPrefix && (!isUsable || lo > 0)) {
        cachedOrHole += resident;
        holeTokensLeft += resident * extent.tokensEach;
      }
      if (resident < count) isUsable = false;
    }
    if (compulsory > 0) this.observer.faulted(pid, 'compulsory', compulsory, compulsoryTokens);
    if (capacity > 0) this.observer.faulted(pid, 'capacity', capacity, capacityTokens);
    // A bypassed call is billed for resident pages too: they count as a hole of its own making.
    if (holeTokens > holeTokensLeft) cachedOrHole = pages - compulsory - capacity;
    if (holeTokens > 0) this.observer.faulted(pid, 'hole', cachedOrHole, holeTokens);
  }

  /**
   * Cuts what is partly resident in entries [from, to) in two: to the policy, the pages that stayed keep the place that they have, the others
   * come in anew. Returns how many entries it made.
   */
  private dividePartial(table: PageTable, to: number, from: number): number {
    const before = table.entries.length;
    for (let at = to - 1; at >= from; at--) {
      const { extent } = table.entries[at]!;
      const { lo, hi, count } = extent;
      if (hi === lo || (lo === 0 && hi === count)) continue;
      const { length } = table.entries;
      if (hi < count) this.split(extent, hi);
      if (lo > 0) this.split(extent, lo);
      // The same content may stand further ahead, too: then what comes next has moved.
      at += table.entries.length - length;
    }
    return table.entries.length - before;
  }

  /** All missing pages of entries [from, to) come in, then all are touched: the colder end of a prefix first. */
  private loadAndTouch(table: PageTable, to: number, nowUs: number, from = 0): void {
    const { entries } = table;
    if (this.residency === 'prefix') for (let at = to - 1; at >= from; at--) this.use1(entries[at]!, nowUs);
    else for (let at = from; at < to; at++) this.use1(entries[at]!, nowUs);
  }

  private use1(entry: TableEntry, nowUs: number): void {
    const { extent } = entry;
    entry.accesses++;
    if (extent.lo === 0 && extent.hi === extent.count) {
      extent.accesses++;
      extent.lastAccessUs = nowUs;
      if (!extent.refused) this.policy.touch(extent.id, nowUs);
    } else {
      this.load(extent, nowUs);
    }
  }

  /** The whole extent becomes resident and counts as accessed; the room for it has been made. */
  private load(extent: Extent, nowUs: number): void {
    const { lo, hi, count, firstPage, tokensEach } = extent;
    assert(hi === lo, () => `extent ${extent.id} is loaded while pages [${lo}, ${hi}) of it are resident`);
    this.observer.loaded(firstPage, count, count * tokensEach);
    this.setResident(extent, 0, count);
    extent.seen = count;
    extent.accesses++;
    extent.lastAccessUs = nowUs;
    extent.refused = !this.policy.admit(extent.id, nowUs);
  }

  /** There is enough to evict: a policy that does not find it is broken, and memory would overflow. */
  private mustMakeRoom(tokens: number): void {
    if (this.makeRoom(tokens)) return;
    const evictable = this.residentTokens - this.pinnedTokens;
    throw brokenPolicy(
      `paging policy ${this.policy.name}`,
      'evict chose nothing',
      `one of the pages that may leave (${evictable} tokens)`,
    );
  }

  /** Evicts until `tokens` more fit. False: what is left is pinned. */
  private makeRoom(tokens: number): boolean {
    let need = this.residentTokens + this.roomTokens + tokens - this.capacity;
    for (let isContinued = false; need > 0; isContinued = true) {
      const victim = this.policy.evict(need, this.isEligible, isContinued);
      if (victim === undefined) return false;
      const extent = this.extents[victim];
      if (extent === undefined || extent.residentPages === 0 || !this.isEligible(victim)) {
        const isResident = extent !== undefined && extent.residentPages > 0;
        throw brokenPolicy(
          `paging policy ${this.policy.name}`,
          `evicted page ${victim}, which is not ${isResident ? 'eligible' : 'resident'}`,
          'a resident page that is eligible',
        );
      }
      const pages = this.divisible
        ? Math.min(extent.residentPages, Math.ceil(need / extent.tokensEach))
        : extent.residentPages;
      need -= pages * extent.tokensEach;
      const isPart = pages < extent.residentPages;
      this.leave(extent, pages, false);
      if (isPart) this.policy.putBack!(victim);
      else this.forgetIfUnused(extent);
    }
    return true;
  }

  /** `pages` of the extent leave memory: from its tail where only leaves of a tree may, else the lowest first. */
  private leave(extent: Extent, pages: number, isFree: boolean): void {
    const { lo, hi, firstPage, tokensEach } = extent;
    const isTail = this.residency === 'prefix' && this.victims === 'leaf';
    const page = firstPage + (isTail ? hi - pages : lo);
    this.setResident(extent, isTail ? lo : lo + pages, isTail ? hi - pages : hi);
    if (isFree) this.observer.freed(page, pages, pages * tokensEach);
    else this.observer.evicted(page, pages, pages * tokensEach);
    if (extent.hi === extent.lo) extent.refused = false;
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

  private addPins(extent: Extent, change: number): void {
    const before = extent.pins;
    extent.pins = before + change;
    if (before === 0) this.pinnedTokens += extent.residentTokens;
    else if (extent.pins === 0) this.pinnedTokens -= extent.residentTokens;
  }

  /** A pinned entry pins its extent, and in `prefix` residency all before it: they would be useless apart. */
  private pinPath(table: PageTable, index: number, change: number): void {
    for (let at = this.residency === 'prefix' ? 0 : index; at <= index; at++)
      this.addPins(table.entries[at]!.extent, change);
  }

  // ---- Extents -------------------------------------------------------------------------------------------------------

  private create(run: ContentRun, parent: Extent | undefined): Extent {
    const id = (this.freeSlots.pop() ?? this.extents.length) as PageId;
    const extent = new Extent(id, this.nextPage, run, parent);
    this.nextPage += run.count;
    this.extents[id] = extent;
    this.extentCount++;
    this.index.add(extent);
    return extent;
  }

  /** Pages allocated one after another, before any use, become one extent: nothing can ever tell them apart. */
  private canLengthen(
    last: TableEntry,
    run: ContentRun,
    first: number,
    importance: number,
    pinned: boolean,
  ): boolean {
    const { extent } = last;
    return (
      this.divisible &&
      extent.accesses === 0 &&
      extent.seen === 0 &&
      extent.users.length === 1 &&
      extent.children === undefined &&
      extent.space === run.space &&
      extent.first + extent.count === first &&
      extent.tokensEach === run.tokensEach &&
      extent.firstPage + extent.count === this.nextPage &&
      last.importance === importance &&
      last.pinned === pinned
    );
  }

  private lengthen({ table, extent }: TableEntry, count: number): void {
    extent.count += count;
    this.nextPage += count;
    table.pages += count;
    table.tokens += count * extent.tokensEach;
  }

  /** Cuts `extent` before its page `at`; returns the tail. Both keep the history; all tables that use it get both. */
  private split(extent: Extent, at: number): Extent {
    const { count, lo, hi, tokensEach } = extent;
    assert(at > 0 && at < count, () => `split of ${count} pages at ${at}`);
    const id = (this.freeSlots.pop() ?? this.extents.length) as PageId;
    const run = { space: extent.space, first: extent.first + at, count: count - at, tokensEach };
    const tail = new Extent(id, extent.firstPage + at, run, this.index.isTree ? extent : undefined);
    this.extents[id] = tail;
    this.extentCount++;
    extent.count = at;
    this.index.split(extent, tail);
    tail.seen = Math.max(0, Math.max(extent.seen, hi) - at);
    extent.seen = Math.min(extent.seen, at);
    tail.accesses = extent.accesses;
    tail.lastAccessUs = extent.lastAccessUs;
    tail.importance = extent.importance;
    tail.refused = extent.refused;
    tail.pins = extent.pins;
    this.divideResidency(extent, tail, at, lo, hi);
    for (const user of extent.users) {
      const entry: TableEntry = {
        table: user.table,
        extent: tail,
        importance: user.importance,
        pinned: user.pinned,
        accesses: user.accesses,
      };
      const { entries } = user.table;
      entries.splice(entries.indexOf(user) + 1, 0, entry);
      tail.users.push(entry);
      // What was one pinned entry is two: the tail pins the head and all before it, too.
      if (user.pinned && this.residency === 'prefix') this.pinPath(user.table, entries.indexOf(user), 1);
    }
    return tail;
  }

  private divideResidency(extent: Extent, tail: Extent, at: number, lo: number, hi: number): void {
    const isHead = lo < at && hi > lo;
    const isTail = hi > at;
    tail.residentChildren = extent.residentChildren;
    extent.residentChildren = isTail && tail.parent === extent ? 1 : 0;
    if (isTail) {
      tail.lo = Math.max(0, lo - at);
      tail.hi = hi - at;
    }
    if (isHead) extent.hi = Math.min(hi, at);
    else extent.lo = extent.hi = 0;
    if (!isHead && isTail && extent.parent !== undefined) extent.parent.residentChildren--;
    if (isTail && !extent.refused) {
      this.policy.split!(extent.id, tail.id, this.residency === 'prefix');
      if (!isHead) this.policy.remove(extent.id);
    }
  }

  private use(table: PageTable, extent: Extent, importance: number, pinned: boolean): void {
    const entry: TableEntry = { table, extent, importance, pinned, accesses: 0 };
    // Most lists have one member, and a literal takes room for one; the first push takes room for seventeen.
    if (table.entries.length === 0) table.entries = [entry];
    else table.entries.push(entry);
    table.pages += extent.count;
    table.tokens += extent.tokens;
    if (extent.users.length === 0) extent.users = [entry];
    else extent.users.push(entry);
    if (extent.users.length === 1 || importance > extent.importance) {
      extent.importance = importance;
      this.tellChanged(extent);
    }
    if (pinned) this.pinPath(table, table.entries.length - 1, 1);
  }

  private removeLast(table: PageTable, free: boolean): void {
    this.remove(table, table.entries.length - 1, free);
  }

  /** In `prefix` residency the last entry only: what stands behind another depends on it. */
  private remove(table: PageTable, index: number, free: boolean): void {
    const entry = table.entries[index]!;
    const { extent } = entry;
    if (entry.pinned) this.pinPath(table, index, -1);
    table.entries.splice(index, 1);
    table.pages -= extent.count;
    table.tokens -= extent.tokens;
    extent.users.splice(extent.users.indexOf(entry), 1);
    if (extent.users.length > 0) {
      // The sum of accesses is over those who use it.
      extent.accesses -= entry.accesses;
      extent.refreshImportance();
      this.tellChanged(extent);
      return;
    }
    const isBare = extent.residentChildren === 0;
    if ((free || extent.space === ownSpace) && isBare && extent.residentPages > 0) {
      if (!extent.refused) this.policy.remove(extent.id);
      this.leave(extent, extent.residentPages, true);
    }
    this.forgetIfUnused(extent);
  }

  /** What nobody uses, is not resident, and has nothing behind it is forgotten, unless it still tells a capacity fault from a compulsory one. */
  private forgetIfUnused(extent: Extent): void {
    let unused: Extent | undefined = extent;
    while (
      unused !== undefined &&
      unused.users.length === 0 &&
      unused.residentPages === 0 &&
      (unused.children?.size ?? 0) === 0
    ) {
      if (unused.seen > 0 && unused.space !== ownSpace && this.extentCount <= ghostLimit) return;
      const { parent }: { parent: Extent | undefined } = unused;
      this.index.remove(unused);
      this.extents[unused.id] = undefined;
      this.freeSlots.push(unused.id);
      this.extentCount--;
      unused = this.index.isTree ? parent : undefined;
    }
  }

  private tellChanged(extent: Extent): void {
    if (extent.residentPages > 0 && !extent.refused) this.policy.changed?.(extent.id);
  }

  /** The index of the entry that holds just `page`, splitting an extent if it must; -1 when the table has no such page. */
  private isolate(table: PageTable, page: number): number {
    let index = Number.isInteger(page) ? findEntry(table, page) : -1;
    if (index < 0) return -1;
    const { extent } = table.entries[index]!;
    if (page > extent.firstPage) {
      this.split(extent, page - extent.firstPage);
      index = findEntry(table, page);
    }
    const own = table.entries[index]!.extent;
    if (own.count > 1) this.split(own, 1);
    return findEntry(table, page);
  }

  // ---- Views and checks ----------------------------------------------------------------------------------------------

  /** Every known extent. */
  *all(): Generator<Extent> {
    for (const extent of this.extents) if (extent !== undefined) yield extent;
  }

  /** Recounts everything from scratch. Throws AssertionError. */
  checkInvariants(): void {
    let resident = 0;
    let pinned = 0;
    let inPolicy = 0;
    const tables = new Set<PageTable>();
    for (const extent of this.all()) for (const { table } of extent.users) tables.add(table);
    const pins = this.countPins(tables);
    for (const extent of this.all()) {
      assert(
        extent.pins === (pins.get(extent) ?? 0),
        () => `extent ${extent.id}: ${extent.pins} pins, not ${pins.get(extent) ?? 0}`,
      );
      assert(
        extent.lo >= 0 && extent.lo <= extent.hi && extent.hi <= extent.count,
        () => `extent ${extent.id}: resident [${extent.lo}, ${extent.hi})`,
      );
      resident += extent.residentTokens;
      if (extent.pins > 0) pinned += extent.residentTokens;
      if (extent.residentPages > 0 && !extent.refused) inPolicy++;
      let residentChildren = 0;
      for (const child of extent.children?.values() ?? []) if (child.residentPages > 0) residentChildren++;
      assert(
        extent.residentChildren === residentChildren,
        () => `extent ${extent.id}: ${extent.residentChildren} !== ${residentChildren} resident children`,
      );
      let highest = -1;
      for (const user of extent.users) highest = Math.max(highest, user.importance);
      if (highest >= 0)
        assert(
          extent.importance === highest,
          () => `extent ${extent.id}: importance ${extent.importance} !== ${highest}`,
        );
      if (this.victims === 'leaf' && this.residency === 'prefix' && extent.residentPages > 0) {
        assert(extent.lo === 0, () => `extent ${extent.id}: a hole before a resident page`);
        assert(
          extent.parent === undefined || isWhole(extent.parent),
          () => `extent ${extent.id} is resident behind a hole`,
        );
      }
    }
    assert(resident === this.residentTokens, () => `resident ${this.residentTokens} !== ${resident}`);
    assert(pinned === this.pinnedTokens, () => `pinned ${this.pinnedTokens} !== ${pinned}`);
    assert(
      resident + this.roomTokens <= this.capacity,
      () => `${resident} + ${this.roomTokens} tokens in ${this.capacity}`,
    );
    this.policy.checkInvariants?.(inPolicy);
  }

  /** How often each extent is pinned: once for each running call on it; once for each pinned entry at it and, in a tree, behind it. */
  private countPins(tables: Iterable<PageTable>): ReadonlyMap<Extent, number> {
    const pins = new Map<Extent, number>();
    for (const { entries, room, bypassed } of tables) {
      let behind = 0;
      for (let at = entries.length - 1; at >= 0; at--) {
        const { extent, pinned } = entries[at]!;
        if (pinned) behind++;
        const own = (this.residency === 'prefix' ? behind : Number(pinned)) + Number(room >= 0 && !bypassed);
        pins.set(extent, (pins.get(extent) ?? 0) + own);
      }
    }
    return pins;
  }
}

function isAllWhole({ entries }: PageTable): boolean {
  for (let at = 0; at < entries.length; at++) {
    const { lo, hi, count } = entries[at]!.extent;
    if (lo !== 0 || hi !== count) return false;
  }
  return true;
}

const isWhole = (extent: Extent): boolean => extent.lo === 0 && extent.hi === extent.count;

export { PageTable };
