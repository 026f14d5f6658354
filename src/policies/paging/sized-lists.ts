/**
 * Lists of pages that count what their pages take: the segments and ghosts of a policy whose limits are in the memory's unit. What comes in, comes in
 * at the back; a page is in at most one list at a time. A page's size is the one at its loading, also while its ghost is remembered.
 */
import { assert } from '../../base/assert.ts';
import { LinkedLists } from '../../base/linked-lists.ts';
import type { PagingContext } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';
import { PageSizes } from './page-sizes.ts';

interface SavedLists {
  readonly lists: PageId[][];
  /** Of the pages in `lists`; absent when all are 1. */
  readonly sizes?: number[][];
}

export class SizedLists {
  private readonly lists: LinkedLists;
  /** Absent in unit `pages`: every page is 1. */
  private readonly sizes: PageSizes | undefined;
  private readonly totals: Float64Array; // [list] sum of `sizes`

  /** `lists`: how many; they are numbered from 0. */
  constructor(lists: number, context: PagingContext) {
    this.lists = new LinkedLists(lists, context.largestPage);
    this.sizes = context.unit === 'pages' ? undefined : new PageSizes(context);
    this.totals = new Float64Array(lists);
  }

  /** What the pages of the list take together, in the memory's unit. */
  used(list: number): number {
    return this.sizes === undefined ? this.lists.size(list) : this.totals[list]!;
  }

  /** What `page`, which is needed and in no list, will take. */
  sizeToLoad(page: PageId): number {
    return this.sizes === undefined ? 1 : this.sizes.now(page);
  }

  /** What `page`, which is in a list, took at its loading. */
  sizeOf(page: PageId): number {
    return this.sizes === undefined ? 1 : this.sizes.of(page);
  }

  /** How many pages are in the list. */
  count(list: number): number {
    return this.lists.size(list);
  }

  /** The first page; 0 or less: there is none. */
  head(list: number): PageId {
    return this.lists.head(list) as PageId;
  }

  /** The page behind this one, which is in a list; 0 or less: there is none. */
  next(page: PageId): PageId {
    return this.lists.next(page) as PageId;
  }

  /** The first page that may leave. */
  firstEligible(list: number, eligible: (page: PageId) => boolean): PageId | undefined {
    const { lists } = this;
    for (let id = lists.head(list); id > 0; id = lists.next(id))
      if (eligible(id as PageId)) return id as PageId;
    return undefined;
  }

  /** `page`, in no list, is loaded. */
  enter(list: number, page: PageId): void {
    this.lists.pushBack(list, page);
    if (this.sizes !== undefined) this.totals[list]! += this.sizes.read(page);
  }

  transfer(from: number, to: number, page: PageId): void {
    this.lists.transfer(from, to, page);
    if (this.sizes === undefined) return;
    const size = this.sizes.of(page);
    this.totals[from]! -= size;
    this.totals[to]! += size;
  }

  moveToBack(list: number, page: PageId): void {
    this.lists.moveToBack(list, page);
  }

  remove(list: number, page: PageId): void {
    this.lists.remove(list, page);
    if (this.sizes !== undefined) this.totals[list]! -= this.sizes.of(page);
  }

  /** First to last. The page just yielded may be removed meanwhile; nothing else may change. */
  pages(list: number): IterableIterator<PageId> {
    return this.lists.ids(list) as IterableIterator<PageId>;
  }

  checkInvariants(): void {
    this.lists.checkInvariants();
    const { sizes } = this;
    if (sizes === undefined) return;
    for (const [list, total] of this.totals.entries()) {
      let sum = 0;
      for (const page of this.pages(list)) sum += sizes.of(page);
      assert(sum === total, () => `the sizes of list ${list} make ${sum}, its total is ${total}`);
    }
  }

  save(): Json {
    const lists = this.lists.save();
    const { sizes } = this;
    if (sizes === undefined) return { lists };
    return { lists, sizes: lists.map((ids) => ids.map((id) => sizes.of(id as PageId))) };
  }

  /** What `save` gave. */
  load(state: Json): void {
    const saved = state as unknown as SavedLists;
    assert(
      saved.lists.every((_, list) => this.lists.size(list) === 0),
      'load into a policy that is in use',
    );
    this.lists.load(saved.lists);
    if (this.sizes === undefined) return;
    for (const [list, pages] of saved.lists.entries())
      for (const [at, page] of pages.entries()) {
        const size = saved.sizes![list]![at]!;
        this.sizes.set(page, size);
        this.totals[list]! += size;
      }
  }
}
