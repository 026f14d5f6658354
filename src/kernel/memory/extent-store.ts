import { assert } from '../../base/assert.ts';
import type { PageId } from '../ids.ts';
import { FlatIndex, PrefixTree, type ContentIndex } from './content-index.ts';
import { Extent, ownSpace, type ContentRun } from './extent.ts';
import type { Residency } from './memory-options.ts';

/** Beyond this many known extents, contents that nobody uses are forgotten: seen again, they count as new. And in a kernel that lets runs go. */
const ghostLimit = 1_000_000;
const fewGhosts = 10_000;

/** Told which contents extents hold. */
export interface ContentUse {
  used(space: number, first: number, count: number): void;
  gone(space: number, first: number, count: number, tokens: number): void;
}

/**
 * Every extent that one memory knows, resident or not: by slot, which is its name towards the paging policy, and by content. It makes, cuts
 * and forgets them; what is resident of them and which tables use them is for others to keep.
 */
export class ExtentStore {
  /** Slot 0 stays empty: the page ids of policies begin at 1. */
  private readonly slots: (Extent | undefined)[] = [undefined];
  private readonly freeSlots: number[] = [];
  private readonly index: ContentIndex;
  private nextPage = 1;
  /** Told of every slot that becomes free. */
  onForget: ((id: PageId) => void) | undefined = undefined;
  private extentCount = 0;
  private ghostLimit = ghostLimit;
  private readonly contents: ContentUse | undefined;

  constructor(residency: Residency, contents?: ContentUse) {
    this.contents = contents;
    this.index = residency === 'prefix' ? new PrefixTree() : new FlatIndex();
  }

  /** Undefined: no extent has this id. */
  at(id: PageId): Extent | undefined {
    return this.slots[id];
  }

  /** Every known extent. */
  *all(): Generator<Extent> {
    for (const extent of this.slots) if (extent !== undefined) yield extent;
  }

  /** The extent that holds content (space, first) behind `before`; otherwise how many of the `count` ids from `first` are unknown there. */
  find(before: Extent | undefined, space: number, first: number, count: number): Extent | number {
    return this.index.find(before, space, first, count);
  }

  /** `before`: what stands before it in the prompt. */
  create(run: ContentRun, before: Extent | undefined): Extent {
    const extent = this.place(this.nextPage, run, before);
    this.nextPage += run.count;
    this.index.add(extent);
    this.contents?.used(run.space, run.first, run.count);
    return extent;
  }

  /**
   * May content (space, first), found unknown, become the extent's next page? Pages allocated one after another, before any use, are one
   * extent: nothing can ever tell them apart.
   */
  canLengthen(extent: Extent, space: number, first: number, tokensEach: number): boolean {
    return (
      extent.accesses === 0 &&
      extent.seen === 0 &&
      extent.elsewhere === 0 &&
      extent.users.length === 1 &&
      extent.children === undefined &&
      extent.space === space &&
      extent.first + extent.count === first &&
      extent.tokensEach === tokensEach &&
      extent.firstPage + extent.count === this.nextPage
    );
  }

  lengthen(extent: Extent, count: number): void {
    this.contents?.used(extent.space, extent.first + extent.count, count);
    extent.count += count;
    this.nextPage += count;
  }

  /** Cuts `extent` before its page `at`; returns the tail. Both keep the history. Residency and users are still to be divided. */
  split(extent: Extent, at: number): Extent {
    const { count, hi, space, tokensEach } = extent;
    assert(at > 0 && at < count, () => `split of ${count} pages at ${at}`);
    const run = { space, first: extent.first + at, count: count - at, tokensEach };
    // First: what stands before the tail is what remains.
    extent.count = at;
    const tail = this.place(extent.firstPage + at, run, extent);
    this.index.split(extent, tail);
    tail.seen = Math.max(0, Math.max(extent.seen, hi) - at);
    extent.seen = Math.min(extent.seen, at);
    tail.elsewhere = Math.max(0, extent.elsewhere - at);
    extent.elsewhere = Math.min(extent.elsewhere, at);
    tail.accesses = extent.accesses;
    tail.lastAccessUs = extent.lastAccessUs;
    tail.importance = extent.importance;
    return tail;
  }

  /** What nobody uses, is not resident, and has nothing behind it is forgotten, unless it still tells a capacity fault from a compulsory one. */
  forgetIfUnused(extent: Extent): void {
    let unused: Extent | undefined = extent;
    while (
      unused !== undefined &&
      unused.users.length === 0 &&
      unused.residentPages === 0 &&
      (unused.children?.size ?? 0) === 0
    ) {
      if (unused.seen > 0 && unused.space !== ownSpace && this.extentCount <= this.ghostLimit) return;
      const { parent }: { parent: Extent | undefined } = unused;
      this.index.remove(unused);
      this.contents?.gone(unused.space, unused.first, unused.count, unused.tokensEach);
      this.slots[unused.id] = undefined;
      this.freeSlots.push(unused.id);
      this.onForget?.(unused.id);
      this.extentCount--;
      // It may have been the last that kept its parent.
      unused = parent;
    }
  }

  /** From now on only few of what nobody uses are known. */
  keepFewGhosts(): void {
    if (this.ghostLimit === fewGhosts) return;
    this.ghostLimit = fewGhosts;
    for (const extent of this.slots) if (extent !== undefined) this.forgetIfUnused(extent);
  }

  private place(firstPage: number, run: ContentRun, before: Extent | undefined): Extent {
    const id = (this.freeSlots.pop() ?? this.slots.length) as PageId;
    const extent = new Extent(id, firstPage, run, this.index.isTree ? before : undefined);
    this.slots[id] = extent;
    this.extentCount++;
    return extent;
  }
}
