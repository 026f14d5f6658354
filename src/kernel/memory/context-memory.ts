import { assert } from '../../base/assert.ts';
import type { PagingPolicy } from '../contracts.ts';
import type { Pid } from '../ids.ts';
import { heedReport, type CacheReport } from './cache-report.ts';
import { CachedCalls } from './cached-calls.ts';
import { ExtentStore } from './extent-store.ts';
import type { ContentRun, Extent } from './extent.ts';
import { checkMemory } from './memory-check.ts';
import { holdingOf, type Holding } from './holding.ts';
import type { ContextMemoryOptions, MemoryObserver } from './memory-options.ts';
import { Prefetcher, usedPrefetches, type Prefetch, type Prefetched } from './prefetcher.ts';
import { distinctTokens, entryBehind, type PageTable } from './page-table.ts';
import { PromptExaminer, type Prompt } from './prompt-examiner.ts';
import { ResidentSet } from './resident-set.ts';
import { TableEditor } from './table-editor.ts';
import { noteTouch, payTouches } from './touched-tokens.ts';

/**
 * The ContextManager's store of one engine: the prompts of its processes, and the calls on them, which load pages and pin them while they run.
 * What is known of contents, what is resident of it and who uses it are kept by the extents, the resident set and the table editor.
 */
export class ContextMemory {
  private readonly resident: ResidentSet;
  private readonly extents: ExtentStore;
  private readonly tables: TableEditor;
  private readonly examiner: PromptExaminer;
  private readonly prefetcher: Prefetcher;
  private readonly cachedCalls: CachedCalls;
  private readonly isPrefix: boolean;

  constructor(options: ContextMemoryOptions, observer: MemoryObserver) {
    this.extents = new ExtentStore(options.residency, options.contents);
    this.resident = new ResidentSet(options, this.extents, observer);
    this.tables = new TableEditor(this.extents, this.resident);
    this.examiner = new PromptExaminer(options.residency, observer);
    this.isPrefix = options.residency === 'prefix';
    this.prefetcher = new Prefetcher(this.extents, this.resident, this.tables);
    this.cachedCalls = new CachedCalls(this.resident, this.tables, this.examiner);
  }

  // ---- The page table ------------------------------------------------------------------------------------------------

  /** Adds `run` behind the table's last page, as pages `number` on; contents known at this place are shared. Returns the number of its first page. */
  append(table: PageTable, run: ContentRun, importance: number, pinned: boolean, number?: number): number {
    return this.tables.append(table, run, importance, pinned, number);
  }

  /** Cuts the table back to its first `pages` pages. */
  truncate(table: PageTable, pages: number): void {
    this.tables.truncate(table, pages);
  }

  /**
   * Takes pages of the prompt out of it, in ascending order. In `prefix` residency all pages behind the first get new identities: the prefix is broken, once. Dropped, their
   * content stays in memory until something evicts it; freed, it leaves at once when nobody else uses it.
   */
  takeOut(table: PageTable, pages: readonly number[], free: boolean): void {
    this.tables.takeOut(table, pages, free);
  }

  /** False: no such page. */
  setImportance(table: PageTable, page: number, importance: number): boolean {
    return this.tables.setImportance(table, page, importance);
  }

  /** A pinned page never leaves memory while it is pinned; in `prefix` residency neither does anything before it. False: no such page. */
  setPinned(table: PageTable, page: number, pinned: boolean): boolean {
    return this.tables.setPinned(table, page, pinned);
  }

  /** Frees a whole table: its process `pid` ended. In `prefix` residency what it leaves behind stays as cache, evicted like the rest. */
  release(table: PageTable, pid: Pid, nowUs: number): void {
    if (table.room >= 0) this.end(table, nowUs);
    this.tables.clear(table);
    this.policy.exited?.(pid, nowUs);
  }

  /** From now on only few contents are known that nobody uses. */
  keepFewGhosts(): void {
    this.extents.keepFewGhosts();
  }

  /**
   * The table, no call of whose process runs, moves to the memory `to` of another engine, with its pins and all that its process said of its pages. What is resident of it stays
   * here as cache, evicted like the rest, but for contents that are like no other, which leave at once. What it finds there is what that memory holds of the same contents.
   */
  moveTo(to: ContextMemory, table: PageTable, pid: Pid, nowUs: number): void {
    assert(table.room < 0, 'the prompt of a running call cannot move');
    const { unchanged } = table;
    to.tables.putAll(table, this.tables.takeAll(table));
    // The prompt is the same, and so are its names.
    table.unchanged = unchanged;
    // What was touched here is not there: the next call prefills it as a fault.
    table.touched = undefined;
    this.policy.exited?.(pid, nowUs);
  }

  /** What this memory holds of the prompt of `table`, which may be another memory's. Changes nothing. */
  holdingOf(table: PageTable): Holding {
    return holdingOf(table, this.extents, this.isPrefix);
  }

  /** Would `begin` succeed now if `table`, which is another memory's, were moved here? */
  couldTake(table: PageTable, room: number): boolean {
    return this.resident.canHold(this.holdingOf(table).unpinnedTokens + room);
  }

  /** Whether the prompt and `room` tokens beside it could be in memory together. */
  canEverHold(table: PageTable, room: number): boolean {
    const { capacity } = this.resident;
    if (table.tokens + room <= capacity) return true;
    return !this.isPrefix && distinctTokens(table) + room <= capacity;
  }

  // ---- Calls ---------------------------------------------------------------------------------------------------------

  /**
   * A call of `pid` on this prompt begins: its pages are loaded, touched and pinned, and `room` tokens are kept for what has no page yet (an
   * unfinished block, the answer). Changes nothing unless the outcome is `begun`. The result is reused by the next call.
   */
  begin(table: PageTable, pid: Pid, room: number, nowUs: number): Prompt {
    assert(table.room < 0, 'a call of this process runs already');
    const { resident, examiner } = this;
    const { capacity } = resident;
    if (resident.isEndless) return this.beginEndless(table, pid, room, nowUs);
    const isRoomy =
      resident.residentTokens + resident.roomTokens + room <= capacity && table.tokens + room <= capacity;
    if (isRoomy && isAllWhole(table)) return this.beginWhole(table, pid, room, nowUs);
    const { prompt } = examiner;
    const missing = examiner.examine(table, table.entries.length);
    prompt.outcome = 'begun';
    if (!this.canEverHold(table, room)) {
      prompt.outcome = 'too-large';
      return prompt;
    }
    for (const { extent } of table.entries) resident.addPins(extent, 1);
    // Asked before anything leaves, so that begin cannot fail half-way.
    if (!resident.canHold(missing + room)) {
      for (const { extent } of table.entries) resident.addPins(extent, -1);
      prompt.outcome = 'waits';
      return prompt;
    }
    if (resident.hasPrefetched) prompt.prefetchedTokens = usedPrefetches(table, prompt.cachedTokens);
    examiner.tellFaults(pid);
    table.room = room;
    resident.roomTokens += room;
    table.user = pid;
    this.policy.usedBy?.(pid, true, nowUs);
    this.tellMisses(table, table.entries.length, nowUs);
    resident.makeRoom(missing);
    if (missing > 0) this.tables.dividePartial(table, table.entries.length, 0);
    this.use(table, table.entries.length, nowUs);
    if (table.touched !== undefined) payTouches(table, prompt);
    return prompt;
  }

  /** `begin` when all pages are there and nothing must leave for the answer's room: what it comes to then, in one walk over the table. */
  private beginWhole(table: PageTable, pid: Pid, room: number, nowUs: number): Prompt {
    const { resident, isPrefix } = this;
    const { entries } = table;
    const { length } = entries;
    table.user = pid;
    resident.policy.usedBy?.(pid, true, nowUs);
    for (let step = 0; step < length; step++) {
      const entry = entries[isPrefix ? length - 1 - step : step]!;
      const { extent } = entry;
      resident.addPins(extent, 1);
      entry.accesses++;
      resident.touch(extent, nowUs);
    }
    table.room = room;
    resident.roomTokens += room;
    const { prompt } = this.examiner;
    prompt.outcome = 'begun';
    prompt.cachedTokens = table.tokens;
    if (resident.hasPrefetched) prompt.prefetchedTokens = usedPrefetches(table, table.tokens);
    prompt.compulsoryTokens = 0;
    prompt.capacityTokens = 0;
    prompt.elsewhereTokens = 0;
    prompt.holeTokens = 0;
    if (table.touched !== undefined) payTouches(table, prompt);
    return prompt;
  }

  /** `begin` where nothing is ever evicted: what the calls before it have used is there, and is not looked at again. */
  private beginEndless(table: PageTable, pid: Pid, room: number, nowUs: number): Prompt {
    const { resident, examiner } = this;
    const { entries } = table;
    const from = entryBehind(table, table.used);
    let newTokens = 0;
    for (let at = from; at < entries.length; at++) newTokens += entries[at]!.extent.tokens;
    const missing = examiner.examine(table, entries.length, from);
    const { prompt } = examiner;
    prompt.outcome = 'begun';
    prompt.prefetchedTokens = 0;
    prompt.cachedTokens += table.tokens - newTokens;
    examiner.tellFaults(pid);
    table.room = room;
    resident.roomTokens += room;
    table.user = pid;
    if (missing > 0) this.tables.dividePartial(table, entries.length, from);
    this.use(table, entries.length, nowUs, from);
    table.used = table.pages;
    if (table.touched !== undefined) payTouches(table, prompt);
    return prompt;
  }

  /** A call of `pid` on a memory that is a cache begins: it never waits. What does not fit is used without being resident. */
  beginCached(table: PageTable, pid: Pid, nowUs: number): Prompt {
    assert(this.isPrefix, 'only prefixes are cached');
    return this.cachedCalls.begin(table, pid, nowUs);
  }

  /**
   * What the policy wants loaded most before it is asked for; the caller lets the transfer take its time. Undefined: nothing. Throws
   * POLICY_BROKEN when it names what cannot be loaded.
   */
  beginPrefetch(nowUs: number): Prefetch | undefined {
    assert(this.isPrefix, 'only prefixes are prefetched');
    return this.prefetcher.begin(nowUs);
  }

  /** The transfer is over: what is missing of the prefix by now is loaded from its front on, as far as the policy makes room. */
  endPrefetch(prefetch: Prefetch, nowUs: number): Prefetched {
    return this.prefetcher.end(prefetch, nowUs);
  }

  /** Would `begin` succeed now, or if the call on `other` ended now? Changes nothing. */
  couldBegin(table: PageTable, room: number, other?: PageTable): boolean {
    if (other === undefined || other.bypassed) return this.wouldFit(table, room);
    const { resident } = this;
    for (const { extent } of other.entries) resident.addPins(extent, -1);
    const fits = this.wouldFit(table, room - other.room);
    for (const { extent } of other.entries) resident.addPins(extent, 1);
    return fits;
  }

  /** Would `begin` succeed if nothing were pinned by the calls that run on `running`, nor by the processes of `others`? Changes nothing. */
  couldBeginWithout(
    table: PageTable,
    room: number,
    running: readonly PageTable[],
    others: readonly PageTable[],
  ): boolean {
    const { resident, tables } = this;
    let freed = 0;
    for (const { entries, room: kept, bypassed } of running) {
      if (bypassed) continue;
      freed += kept;
      for (const { extent } of entries) resident.addPins(extent, -1);
    }
    for (const other of others) tables.weighPins(other, -1);
    const fits = this.wouldFit(table, room - freed);
    for (const other of others) tables.weighPins(other, 1);
    for (const { entries, bypassed } of running)
      if (!bypassed) for (const { extent } of entries) resident.addPins(extent, 1);
    return fits;
  }

  /** The tables, no calls on them counted, by whose pins something stays in memory. */
  pinners(): readonly PageTable[] {
    return this.tables.pinners();
  }

  private wouldFit(table: PageTable, room: number): boolean {
    const { examiner } = this;
    const missing = examiner.examine(table, table.entries.length);
    return this.resident.canHold(examiner.unpinnedTokens(table) + missing + room);
  }

  /** A call larger than memory runs all the same: everything is billed, nothing kept. */
  beginBypassed(table: PageTable, pid: Pid): Prompt {
    const { examiner } = this;
    const { prompt } = examiner;
    examiner.examine(table, table.entries.length);
    prompt.outcome = 'begun';
    prompt.holeTokens += prompt.cachedTokens;
    prompt.cachedTokens = 0;
    prompt.prefetchedTokens = 0;
    examiner.tellFaults(pid);
    for (const { extent } of table.entries) extent.seen = extent.count;
    table.room = 0;
    table.bypassed = true;
    table.touched = undefined;
    return prompt;
  }

  /** The call's stretch is over: pins and room are given back. */
  end(table: PageTable, nowUs: number): void {
    assert(table.room >= 0, 'no call of this process runs');
    const { resident } = this;
    resident.roomTokens -= table.room;
    table.room = -1;
    if (table.bypassed) {
      table.bypassed = false;
      return;
    }
    if (resident.isEndless) return;
    const { entries } = table;
    let isRefused = false;
    for (let at = 0; at < entries.length; at++) {
      const { extent } = entries[at]!;
      resident.addPins(extent, -1);
      if (extent.refused) isRefused = true;
    }
    // When the last pin of all of them is gone: what is refused takes along what stands behind it.
    if (isRefused) for (const { extent } of entries) resident.freeIfRefused(extent);
    resident.policy.ends?.(table.user as Pid, nowUs);
    resident.shed();
  }

  /** The call on `table` has just ended, and its server has told what it had of the prompt. */
  heedReport(report: CacheReport, table: PageTable): void {
    heedReport(report, table, this.extents, this.resident);
  }

  /** The answer that was decoded here joins the prompt: its page is in memory without a load, if it fits beside what is pinned. */
  appendResident(table: PageTable, run: ContentRun, importance: number, nowUs: number): number {
    const page = this.append(table, run, importance, false);
    const { resident } = this;
    const { entries } = table;
    const { extent } = entries.at(-1)!;
    const missing = extent.tokens - extent.residentTokens;
    const isReachable = !this.isPrefix || extent.parent === undefined || extent.parent.isWhole;
    if (!isReachable) return page;
    if (resident.isEndless) {
      const isNext = table.used === table.pages - extent.count;
      this.use(table, entries.length, nowUs, entries.length - 1);
      if (isNext) table.used = table.pages;
      return page;
    }
    // Pinned meanwhile, so that making room for it cannot cost what it stands on; and known to fit before anything leaves for it.
    for (const entry of entries) resident.addPins(entry.extent, 1);
    if (resident.canHold(missing)) {
      if (table.user !== 0) this.policy.usedBy?.(table.user, false, nowUs);
      this.tellMisses(table, entries.length, nowUs, entries.length - 1);
      resident.makeRoom(missing);
      this.use(table, entries.length, nowUs, entries.length - 1);
    }
    for (const entry of entries) resident.addPins(entry.extent, -1);
    resident.freeIfRefused(extent);
    resident.shed();
    return page;
  }

  /** One access to a page outside of a call (a textbook reference): in `prefix` residency to all before it too. */
  touch(table: PageTable, page: number, pid: Pid, nowUs: number): 'touched' | 'unknown' | 'waits' {
    const { resident, examiner } = this;
    let index = this.tables.isolate(table, page);
    if (index < 0) return 'unknown';
    const from = this.isPrefix ? 0 : index;
    const missing = examiner.examine(table, index + 1, from);
    const { entries } = table;
    for (let at = from; at <= index; at++) resident.addPins(entries[at]!.extent, 1);
    const fits = resident.canHold(missing);
    if (fits) {
      examiner.tellFaults(pid);
      this.policy.usedBy?.(pid, false, nowUs);
      this.tellMisses(table, index + 1, nowUs, from);
      resident.makeRoom(missing);
      noteTouch(table, examiner.prompt);
      if (missing > 0) index += this.tables.dividePartial(table, index + 1, from);
      this.use(table, index + 1, nowUs, from);
    }
    for (let at = from; at <= index; at++) resident.addPins(entries[at]!.extent, -1);
    for (let at = from; at <= index; at++) resident.freeIfRefused(entries[at]!.extent);
    resident.shed();
    return fits ? 'touched' : 'waits';
  }

  /** To a policy that wants to know before room is made: the missing ones of entries [from, to), in the order of `use`. */
  private tellMisses({ entries }: PageTable, to: number, nowUs: number, from = 0): void {
    if (this.policy.miss === undefined) return;
    const extents = entries.slice(from, to).map(({ extent }) => extent);
    this.resident.tellMisses(this.isPrefix ? extents.reverse() : extents, nowUs);
  }

  /** All missing pages of entries [from, to) come in, and all are touched: the colder end of a prefix first. The room has been made. */
  private use({ entries }: PageTable, to: number, nowUs: number, from = 0): void {
    for (let step = from; step < to; step++) {
      const entry = entries[this.isPrefix ? to - 1 - (step - from) : step]!;
      entry.accesses++;
      this.resident.use(entry.extent, nowUs);
    }
  }

  // ---- Views and checks ----------------------------------------------------------------------------------------------

  get policy(): PagingPolicy {
    return this.resident.policy;
  }
  /** Tokens. */
  get capacity(): number {
    return this.resident.capacity;
  }
  /** Tokens of resident pages. */
  get residentTokens(): number {
    return this.resident.residentTokens;
  }
  /** Tokens of resident pages that are pinned. */
  get pinnedTokens(): number {
    return this.resident.pinnedTokens;
  }
  /** Tokens kept for the answers of running calls. */
  get roomTokens(): number {
    return this.resident.roomTokens;
  }

  /** Tokens of the table's pages that were used since `sinceUs`. */
  usedSince(table: PageTable, sinceUs: number): number {
    let tokens = 0;
    for (const { extent } of table.entries)
      if (extent.accesses > 0 && extent.lastAccessUs >= sinceUs) tokens += extent.tokens;
    return tokens;
  }

  /** Every known extent. */
  all(): Iterable<Extent> {
    return this.extents.all();
  }

  /** Recounts everything from scratch. Throws AssertionError. */
  checkInvariants(): void {
    checkMemory(this.extents, this.resident);
  }
}

function isAllWhole({ entries }: PageTable): boolean {
  for (let at = 0; at < entries.length; at++) if (!entries[at]!.extent.isWhole) return false;
  return true;
}
