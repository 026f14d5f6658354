import { ownSpace, type Extent } from './extent.ts';

/**
 * Finds extents by content. Two residency models, two identities (design, section 5): `independent`, where a page is its content; and
 * `prefix`, where a page is its content behind all that stands before it, a tree.
 */
export interface ContentIndex {
  /**
   * The extent that holds content (space, first) at this place, and otherwise how many of the `count` ids from `first` are free: the caller
   * makes a new extent of so many.
   */
  find(parent: Extent | undefined, space: number, first: number, count: number): Extent | number;
  add(extent: Extent): void;
  remove(extent: Extent): void;
  /** `extent` was cut: `tail`, not yet added, holds what stood behind the cut. */
  split(extent: Extent, tail: Extent): void;
  /** Does an extent's place depend on what stands before it? Then it keeps its parent. */
  readonly isTree: boolean;
}

/** Children by the first content id behind their parent. Ids stay below 2^32, spaces below 2^20: the key is exact. */
const childKey = (space: number, first: number): number => space * 4_294_967_296 + first;

export class PrefixTree implements ContentIndex {
  readonly isTree = true;
  private readonly roots = new Map<number, Extent>();

  find(parent: Extent | undefined, space: number, first: number, count: number): Extent | number {
    return this.childrenOf(parent)?.get(childKey(space, first)) ?? count;
  }

  add(extent: Extent): void {
    let children = this.childrenOf(extent.parent);
    if (children === undefined) {
      children = new Map();
      extent.parent!.children = children;
    }
    children.set(childKey(extent.space, extent.first), extent);
  }

  remove(extent: Extent): void {
    this.childrenOf(extent.parent)!.delete(childKey(extent.space, extent.first));
  }

  split(extent: Extent, tail: Extent): void {
    tail.children = extent.children;
    if (tail.children !== undefined) for (const child of tail.children.values()) child.parent = tail;
    extent.children = undefined;
    this.add(tail);
  }

  private childrenOf(parent: Extent | undefined): Map<number, Extent> | undefined {
    return parent === undefined ? this.roots : parent.children;
  }
}

/** For each space its extents in id order; they never overlap. New contents have rising ids, so that most additions are at the end. */
export class FlatIndex implements ContentIndex {
  // Contents of their own are never looked for: they stay out of the index.
  readonly isTree = false;
  private readonly spaces = new Map<number, Extent[]>();

  find(_parent: Extent | undefined, space: number, first: number, count: number): Extent | number {
    const list = space === ownSpace ? undefined : this.spaces.get(space);
    if (list === undefined) return count;
    const index = firstAfter(list, first);
    const before = list[index - 1];
    if (before !== undefined && first < before.first + before.count) return before;
    const next = list[index];
    return next === undefined ? count : Math.min(count, next.first - first);
  }

  add(extent: Extent): void {
    if (extent.space === ownSpace) return;
    const list = this.spaces.get(extent.space);
    if (list === undefined) this.spaces.set(extent.space, [extent]);
    else if (list.length === 0 || list.at(-1)!.first < extent.first) list.push(extent);
    else list.splice(firstAfter(list, extent.first), 0, extent);
  }

  remove(extent: Extent): void {
    if (extent.space === ownSpace) return;
    const list = this.spaces.get(extent.space)!;
    if (list.at(-1) === extent) list.pop();
    else list.splice(firstAfter(list, extent.first) - 1, 1);
    if (list.length === 0) this.spaces.delete(extent.space);
  }

  split(_extent: Extent, tail: Extent): void {
    this.add(tail);
  }
}

/** Index of the first extent that begins after `id`. */
function firstAfter(list: readonly Extent[], id: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]!.first <= id) low = middle + 1;
    else high = middle;
  }
  return low;
}
