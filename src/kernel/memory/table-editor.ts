import { assert } from '../../base/assert.ts';
import type { ExtentStore } from './extent-store.ts';
import { ownSpace, type ContentRun, type Extent } from './extent.ts';
import { changeFrom, findEntry, pagesBefore, type PageTable, type TableEntry } from './page-table.ts';
import type { ResidentSet } from './resident-set.ts';

/** A part of a prompt on its way to another memory. */
interface MovedRun {
  readonly run: ContentRun;
  readonly importance: number;
  readonly pinned: boolean;
  readonly number: number;
  /** How many of its first pages have been computed somewhere. */
  readonly computed: number;
}

/**
 * Changes page tables, and with them who uses which extent. Contents known at a place are shared; where a table needs only part of an
 * extent, the extent is split, in all tables that use it.
 */
export class TableEditor {
  private readonly extents: ExtentStore;
  private readonly resident: ResidentSet;
  private readonly isPrefix: boolean;
  /** Tables that have, or had, pinned entries, until they are cleared. */
  private readonly pinning = new Set<PageTable>();

  constructor(extents: ExtentStore, resident: ResidentSet) {
    this.extents = extents;
    this.resident = resident;
    this.isPrefix = resident.residency === 'prefix';
  }

  /** Adds `run` behind the table's last page, as pages `number` on; `isApart`: in extents of its own where it is new. Returns that number. */
  append(
    table: PageTable,
    run: ContentRun,
    importance: number,
    pinned: boolean,
    number = table.nextNumber,
    isApart = false,
  ): number {
    assert(table.room < 0, 'the prompt of a running call cannot change');
    const { extents } = this;
    let { first, count } = run;
    const { space, tokensEach } = run;
    let next = number;
    while (count > 0) {
      const last = table.entries.at(-1);
      const found = extents.find(last?.extent, space, first, count);
      let extent: Extent;
      if (typeof found === 'number') {
        const fresh = this.resident.divisible ? found : 1;
        const entry = { importance, pinned, number: next };
        if (last !== undefined && !isApart && this.canLengthen(last, run, first, entry)) {
          this.lengthen(last, fresh);
          next += fresh;
          first += fresh;
          count -= fresh;
          continue;
        }
        extent = extents.create({ space, first, count: fresh, tokensEach }, last?.extent);
      } else {
        extent = found.first === first ? found : this.split(found, first - found.first);
        assert(
          extent.tokensEach === tokensEach,
          () => `content ${space}:${first} has ${extent.tokensEach} tokens, not ${tokensEach}`,
        );
        if (extent.count > count) this.split(extent, count);
      }
      this.addEntry(table, extent, importance, pinned, next);
      next += extent.count;
      first += extent.count;
      count -= extent.count;
    }
    if (next > table.nextNumber) table.nextNumber = next;
    return number;
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

  /** Takes out pages that the table has, in ascending order; `free`: out of memory too, when nobody else uses them. */
  takeOut(table: PageTable, pages: readonly number[], free: boolean): void {
    assert(table.room < 0, 'the prompt of a running call cannot change');
    if (this.isPrefix) return this.cutOut(table, pages, free);
    for (const page of pages.toReversed()) this.remove(table, this.isolate(table, page), free);
  }

  /** What stands behind the first of `pages` is named anew, once, without those that leave. */
  private cutOut(table: PageTable, pages: readonly number[], free: boolean): void {
    const from = this.isolate(table, pages[0]!);
    // What leaves memory leaves it alone.
    if (free) for (const page of pages) this.isolate(table, page);
    const behind: Omit<MovedRun, 'computed'>[] = [];
    let left = pages.length;
    while (table.entries.length > from) {
      const { extent, importance, pinned, number } = table.entries.at(-1)!;
      const { space, first, count, tokensEach } = extent;
      const keep = (at: number, end: number): void => {
        if (at === end) return;
        const run = { space, first: first + at, count: end - at, tokensEach };
        behind.push({ run, importance, pinned, number: number + at });
      };
      let end = count;
      for (; left > 0 && pages[left - 1]! >= number; left--) {
        const at = pages[left - 1]! - number;
        keep(at + 1, end);
        end = at;
      }
      keep(0, end);
      this.removeLast(table, free && end === 0);
    }
    for (const { run, importance, pinned, number } of behind.reverse())
      this.append(table, run, importance, pinned, number);
  }

  /** False: no such page. */
  setImportance(table: PageTable, page: number, importance: number): boolean {
    const index = this.isolate(table, page);
    if (index < 0) return false;
    const entry = table.entries[index]!;
    entry.importance = importance;
    retell(table, index);
    if (entry.extent.refreshImportance()) this.resident.tellChanged(entry.extent);
    return true;
  }

  /** False: no such page. */
  setPinned(table: PageTable, page: number, pinned: boolean): boolean {
    const index = this.isolate(table, page);
    if (index < 0) return false;
    const entry = table.entries[index]!;
    if (entry.pinned !== pinned) {
      entry.pinned = pinned;
      retell(table, index);
      this.pinPath(table, index, pinned ? 1 : -1);
    }
    return true;
  }

  /** Takes out everything. In `prefix` residency what was in memory stays there as cache, evicted like the rest. */
  clear(table: PageTable): void {
    while (table.entries.length > 0) this.removeLast(table, !this.isPrefix);
    this.pinning.delete(table);
  }

  /** Takes out everything, to be put into another memory: what is resident stays as cache. */
  takeAll(table: PageTable): MovedRun[] {
    const runs: MovedRun[] = [];
    for (const { extent, importance, pinned, number } of table.entries) {
      const { space, first, count, tokensEach, seen, hi, elsewhere } = extent;
      const computed = Math.max(seen, hi, elsewhere);
      runs.push({ run: { space, first, count, tokensEach }, importance, pinned, number, computed });
    }
    while (table.entries.length > 0) this.removeLast(table, false);
    this.pinning.delete(table);
    return runs;
  }

  /** Puts what was taken out of another memory into the empty `table`. */
  putAll(table: PageTable, runs: readonly MovedRun[]): void {
    for (const { run, importance, pinned, number, computed } of runs) {
      const from = table.entries.length;
      this.append(table, run, importance, pinned, number, computed > 0);
      let left = computed;
      for (let at = from; left > 0; at++) {
        const { extent } = table.entries[at]!;
        extent.elsewhere = Math.max(extent.elsewhere, Math.min(extent.count, left));
        left -= extent.count;
      }
    }
  }

  /** The index of the entry that holds just `page`, splitting an extent if it must; -1 when the table has no such page. */
  isolate(table: PageTable, page: number): number {
    let index = Number.isInteger(page) ? findEntry(table, page) : -1;
    if (index < 0) return -1;
    const { extent, number } = table.entries[index]!;
    if (page > number) {
      this.split(extent, page - number);
      index = findEntry(table, page);
    }
    const own = table.entries[index]!.extent;
    if (own.count > 1) this.split(own, 1);
    return findEntry(table, page);
  }

  /**
   * Cuts what is partly resident in entries [from, to) in two: to the policy, the pages that stayed keep the place that they have, the others
   * come in anew. Returns how many entries it made.
   */
  dividePartial(table: PageTable, to: number, from: number): number {
    const before = table.entries.length;
    for (let at = to - 1; at >= from; at--) {
      const { extent } = table.entries[at]!;
      const { lo, hi, count } = extent;
      if (hi === lo || extent.isWhole) continue;
      const { length } = table.entries;
      if (hi < count) this.split(extent, hi);
      if (lo > 0) this.split(extent, lo);
      // The same content may stand further ahead, too: then what comes next has moved.
      at += table.entries.length - length;
    }
    return table.entries.length - before;
  }

  /**
   * How many leading entries can be loaded, of the first `to`, when there is room for `tokens` of what they miss; each is resident as a whole or not at
   * all. Where the room ends within an entry, it is cut in two.
   */
  divideAt(table: PageTable, to: number, tokens: number): number {
    let room = tokens;
    for (let at = 0; at < to; at++) {
      const { extent } = table.entries[at]!;
      if (extent.isWhole) continue;
      if (extent.tokens > room) {
        const pages = Math.floor(room / extent.tokensEach);
        if (pages === 0) return at;
        this.split(extent, pages);
        return at + 1;
      }
      room -= extent.tokens;
    }
    return to;
  }

  /** Tables with something pinned that is resident, calls under way aside. */
  pinners(): PageTable[] {
    const found: PageTable[] = [];
    for (const table of this.pinning)
      if (!table.entries.some(({ pinned }) => pinned)) this.pinning.delete(table);
      else if (table.entries.some((entry, index) => entry.pinned && this.holdsAny(table, index)))
        found.push(table);
    return found;
  }

  /** Counts all that `table` pins as pinned so many times more. For a look at what would be without it: it must be taken back. */
  weighPins(table: PageTable, change: number): void {
    for (const [index, { pinned }] of table.entries.entries()) {
      if (!pinned) continue;
      for (let at = this.isPrefix ? 0 : index; at <= index; at++)
        this.resident.addPins(table.entries[at]!.extent, change);
    }
  }

  private holdsAny({ entries }: PageTable, index: number): boolean {
    for (let at = this.isPrefix ? 0 : index; at <= index; at++)
      if (entries[at]!.extent.residentPages > 0) return true;
    return false;
  }

  /** Cuts `extent` before its page `at`; returns the tail. All tables that use it get both. */
  split(extent: Extent, at: number): Extent {
    // Before the extent has another length: places are counted by it.
    for (const user of extent.users) retell(user.table, user.table.entries.indexOf(user));
    const tail = this.extents.split(extent, at);
    this.resident.divide(extent, tail);
    for (const user of extent.users) {
      const { table, importance, pinned, accesses } = user;
      const number = user.number + at;
      const entry: TableEntry = { table, extent: tail, number, importance, pinned, accesses };
      const { entries } = table;
      const index = entries.indexOf(user);
      entries.splice(index + 1, 0, entry);
      tail.users.push(entry);
      // What was one pinned entry is two: the tail pins the head and all before it, too.
      if (pinned && this.isPrefix) this.pinPath(table, entries.indexOf(user), 1);
    }
    return tail;
  }

  private canLengthen(
    last: TableEntry,
    { space, tokensEach }: ContentRun,
    first: number,
    { importance, pinned, number }: Pick<TableEntry, 'importance' | 'pinned' | 'number'>,
  ): boolean {
    return (
      this.resident.divisible &&
      last.importance === importance &&
      last.pinned === pinned &&
      last.number + last.extent.count === number &&
      this.extents.canLengthen(last.extent, space, first, tokensEach)
    );
  }

  private lengthen({ table, extent }: TableEntry, count: number): void {
    this.extents.lengthen(extent, count);
    table.pages += count;
    table.tokens += count * extent.tokensEach;
  }

  private addEntry(
    table: PageTable,
    extent: Extent,
    importance: number,
    pinned: boolean,
    number: number,
  ): void {
    const entry: TableEntry = { table, extent, number, importance, pinned, accesses: 0 };
    // Most lists have one member, and a literal takes room for one; the first push takes room for seventeen.
    if (table.entries.length === 0) table.entries = [entry];
    else table.entries.push(entry);
    table.pages += extent.count;
    table.tokens += extent.tokens;
    if (extent.users.length === 0) extent.users = [entry];
    else extent.users.push(entry);
    if (extent.users.length === 1 || importance > extent.importance) {
      extent.importance = importance;
      this.resident.tellChanged(extent);
    }
    if (pinned) this.pinPath(table, table.entries.length - 1, 1);
  }

  private removeLast(table: PageTable, free: boolean): void {
    this.remove(table, table.entries.length - 1, free);
  }

  /** In `prefix` residency the last entry only: what stands behind another depends on it. */
  private remove(table: PageTable, index: number, free: boolean): void {
    const { resident } = this;
    const entry = table.entries[index]!;
    const { extent } = entry;
    if (entry.pinned) this.pinPath(table, index, -1);
    if (table.unchanged > 0 || table.told > 0 || table.used > 0) changeFrom(table, pagesBefore(table, index));
    table.entries.splice(index, 1);
    table.pages -= extent.count;
    table.tokens -= extent.tokens;
    extent.users.splice(extent.users.indexOf(entry), 1);
    if (extent.users.length > 0) {
      // The sum of accesses is over those who use it.
      extent.accesses -= entry.accesses;
      extent.refreshImportance();
      resident.tellChanged(extent);
      return;
    }
    const isBare = extent.residentChildren === 0;
    const leaves = free || extent.space === ownSpace || resident.isEndless;
    if (leaves && isBare && extent.residentPages > 0) resident.free(extent);
    this.extents.forgetIfUnused(extent);
  }

  /** A pinned entry pins its extent, and in `prefix` residency all before it: they would be useless apart. */
  private pinPath(table: PageTable, index: number, change: number): void {
    const { entries } = table;
    if (change > 0) this.pinning.add(table);
    const from = this.isPrefix ? 0 : index;
    for (let at = from; at <= index; at++) this.resident.addPins(entries[at]!.extent, change);
    if (change < 0) for (let at = from; at <= index; at++) this.resident.freeIfRefused(entries[at]!.extent);
  }
}

/** A checkpoint told the entry otherwise than it stands now. */
function retell(table: PageTable, index: number): void {
  if (table.told > 0) table.told = Math.min(table.told, pagesBefore(table, index));
}
