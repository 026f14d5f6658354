import type { Pid } from '../ids.ts';
import type { Extent } from './extent.ts';

/**
 * A process's page table: its prompt in allocation order, never reordered. Importance, pin and accesses live in the entry, since a shared
 * page may matter more to one process than to another.
 */
export class PageTable {
  /** Whose it is; 0: a table of its own. */
  readonly owner: Pid | 0;
  entries: TableEntry[] = [];
  /** The number of the next new page. A process numbers its pages by itself, from 1: numbers outlive evictions, drops and restores. */
  nextNumber = 1;
  /** Pages and tokens of all entries: the prompt of the next call. */
  pages = 0;
  tokens = 0;
  /** Leading pages that have not changed since this was last set to all of them: since their contents were named, were told in a checkpoint, were used by a call. */
  unchanged = 0;
  told = 0;
  used = 0;
  /** Tokens of room for the answer of the running call; -1 while no call runs, so that its extents are not pinned by one. */
  room = -1;
  /** What touches have brought in since the last call, tokens: that call pays for it. */
  touched: { newTokens: number; repeatedTokens: number } | undefined = undefined;
  /** The running call keeps nothing in memory (`--oversize bypass`). */
  bypassed = false;
  /** Whose prompt it is, since its first call; 0: nobody's yet. */
  user: Pid | 0 = 0;

  constructor(owner: Pid | 0 = 0) {
    this.owner = owner;
  }
}

export interface TableEntry {
  readonly table: PageTable;
  readonly extent: Extent;
  /** The process's number of its first page; the others follow. */
  readonly number: number;
  importance: number;
  pinned: boolean;
  /** Touches by this table. */
  accesses: number;
}

/** Pages from `pages` on are others than before. */
export function changeFrom(table: PageTable, pages: number): void {
  if (table.unchanged > pages) table.unchanged = pages;
  if (table.told > pages) table.told = pages;
  if (table.used > pages) table.used = pages;
}

/** The first entry with a page behind the first `pages`; found from the end. */
export function entryBehind({ entries, pages: all }: PageTable, pages: number): number {
  let at = entries.length;
  let place = all;
  while (place > pages) place -= entries[--at]!.extent.count;
  return at;
}

/** How many pages stand before entry `index`. */
export function pagesBefore({ entries, pages }: PageTable, index: number): number {
  // The last one is asked for most.
  if (index === entries.length - 1) return pages - entries[index]!.extent.count;
  let before = 0;
  for (let at = 0; at < index; at++) before += entries[at]!.extent.count;
  return before;
}

/** Tokens that the table's pages take of a memory that holds each content once: `independent` residency. */
export function distinctTokens({ entries }: PageTable): number {
  let tokens = 0;
  for (const extent of new Set(entries.map((entry) => entry.extent))) tokens += extent.tokens;
  return tokens;
}

/** The tokens of each of `pages`, which ascend; a shorter list: the table does not have the page behind it. */
export function sizesOf({ entries }: PageTable, pages: readonly number[]): number[] {
  const sizes: number[] = [];
  let at = 0;
  for (const page of pages) {
    while (at < entries.length && page >= entries[at]!.number + entries[at]!.extent.count) at++;
    const entry = entries[at];
    if (entry === undefined || page < entry.number || !Number.isInteger(page)) break;
    sizes.push(entry.extent.tokensEach);
  }
  return sizes;
}

/** The index of the entry that holds `page`; -1 when the table has no such page. Recent pages are found first. */
export function findEntry(table: PageTable, page: number): number {
  const { entries } = table;
  for (let index = entries.length - 1; index >= 0; index--) {
    const { number, extent } = entries[index]!;
    if (page >= number && page < number + extent.count) return index;
  }
  return -1;
}
