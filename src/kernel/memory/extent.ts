import type { PageId } from '../ids.ts';
import type { TableEntry } from './page-table.ts';

/**
 * Pages that are touched together: `count` pages of `tokensEach` tokens whose contents are consecutive ids of one space. A page of its
 * own is an extent of one. Everything that a paging decision depends on is the same for all its pages, so that long recorded contexts
 * cost per extent, not per page; when a part is used or shared alone, the extent is split first.
 */
export class Extent {
  // What each call on it touches stands first and together: few lines of memory to load.
  /** Slot in its memory and name towards the paging policy; reused after the extent is forgotten. */
  readonly id: PageId;
  readonly tokensEach: number;
  count: number;
  /** Pages [lo, hi) are resident. A leaf victim shortens hi; with victims `any` the lowest page leaves first: lo rises. */
  lo = 0;
  hi = 0;
  /** Running calls and pinned entries; above 0 no page of it leaves. */
  pins = 0;
  accesses = 0;
  lastAccessUs = 0;
  /** The policy refused to keep it: it leaves when its call ends. */
  refused = false;
  /** What is resident of it was prefetched, and no call has used it since. */
  isPrefetched = false;
  /** Page ids are [firstPage, firstPage + count); they rise with creation and are never reused. */
  readonly firstPage: number;
  readonly space: number;
  readonly first: number;
  /** Pages [0, seen) have been computed at some time: a fault on them is not compulsory. */
  seen = 0;
  /** Pages [0, elsewhere) were computed for a table that has moved here, in the memory of another engine: a fault on them is not compulsory, but this engine's tier lacks them. */
  elsewhere = 0;
  /** In prefix residency: what stands before this content, and how many tokens that is in all. */
  parent: Extent | undefined;
  readonly tokensBefore: number;
  children: Map<number, Extent> | undefined = undefined;
  residentChildren = 0;
  /** Table entries that use it, over all processes. */
  users: TableEntry[] = [];
  importance = 0;
  /** The last look at a prompt that met it: what stands twice in a prompt counts once. */
  examination = 0;

  constructor(id: PageId, firstPage: number, run: ContentRun, parent: Extent | undefined) {
    this.id = id;
    this.firstPage = firstPage;
    this.space = run.space;
    this.first = run.first;
    this.count = run.count;
    this.tokensEach = run.tokensEach;
    this.parent = parent;
    this.tokensBefore = parent === undefined ? 0 : parent.tokensBefore + parent.tokens;
  }

  get residentPages(): number {
    return this.hi - this.lo;
  }
  get residentTokens(): number {
    return (this.hi - this.lo) * this.tokensEach;
  }
  get tokens(): number {
    return this.count * this.tokensEach;
  }
  /** Is all of it resident? */
  get isWhole(): boolean {
    return this.lo === 0 && this.hi === this.count;
  }
  /** Recomputes the highest importance over all users; what nobody uses keeps the last. */
  refreshImportance(): boolean {
    let highest = -1;
    for (const user of this.users) if (user.importance > highest) highest = user.importance;
    if (highest < 0 || highest === this.importance) return false;
    this.importance = highest;
    return true;
  }
}

/** The space of contents that are like no other: never shared, useless to others once their process is gone. */
export const ownSpace = 1;

/** Contents: consecutive ids of one space. The same space, id and tokens are the same content. */
export interface ContentRun {
  readonly space: number;
  readonly first: number;
  readonly count: number;
  readonly tokensEach: number;
}
