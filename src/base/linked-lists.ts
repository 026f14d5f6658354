/**
 * Several doubly linked lists over the same small ids (pages, extents, processes): LRU orders, segments, ghosts. An id is in at most one list at a
 * time; which one, the caller knows and says, so that nothing is kept for it here. Every operation is O(1) but `ids`, `save`, `load` and
 * `checkInvariants`.
 *
 * Shape: each list is a ring through an anchor. Both links of an id lie side by side, so that a move loads one line of memory for each id that it
 * touches. Rows of the anchors come first: the row of id 1 follows the last anchor's.
 * Memory: 8 bytes for each possible id.
 */
import { assert } from './assert.ts';

const SMALLEST_CAPACITY = 16;
const LARGEST_ID = 0x1fff_ffff;
const ABSENT = -1;

export class LinkedLists {
  private links: Int32Array; // [2 × row] the row before, or ABSENT; [2 × row + 1] the row behind
  private sizes: Int32Array; // [list]
  /** Row of an id: id + offset. */
  private offset: number;

  /** `lists`: how many; they are numbered from 0. `largestId`: where known, the links need not grow. */
  constructor(lists: number, largestId: number = SMALLEST_CAPACITY) {
    assert(lists >= 1, () => `${lists} lists: allowed: 1 or more`);
    this.offset = lists - 1;
    this.sizes = new Int32Array(lists);
    this.links = new Int32Array(2 * (lists + largestId)).fill(ABSENT);
    for (let anchor = 0; anchor < lists; anchor++) this.links.fill(anchor, 2 * anchor, 2 * anchor + 2);
  }

  /** How many lists there are. */
  get lists(): number {
    return this.sizes.length;
  }

  /** Adds `count` empty lists behind the others. Moves everything. */
  addLists(count: number): void {
    const { links, sizes } = this;
    const lists = sizes.length;
    // Anchors keep their rows; those of the ids, and the links to them, move up.
    const movedRow = (row: number): number => (row >= lists ? row + count : row);
    const grown = new Int32Array(links.length + 2 * count).fill(ABSENT);
    for (let at = 0; at < links.length; at++) grown[movedRow(at >> 1) * 2 + (at & 1)] = movedRow(links[at]!);
    for (let anchor = lists; anchor < lists + count; anchor++) grown.fill(anchor, 2 * anchor, 2 * anchor + 2);
    this.links = grown;
    this.sizes = new Int32Array(lists + count);
    this.sizes.set(sizes);
    this.offset += count;
  }

  /** How many ids are in the list. */
  size(list: number): number {
    return this.sizes[list]!;
  }

  /** Is the id in a list? */
  has(id: number): boolean {
    return id > 0 && this.links[2 * (id + this.offset)]! >= 0;
  }

  /** The first id of the list; 0 or less: there is none. */
  head(list: number): number {
    return this.links[2 * list + 1]! - this.offset;
  }

  /** The last id of the list; 0 or less: there is none. */
  tail(list: number): number {
    return this.links[2 * list]! - this.offset;
  }

  /** The id behind this one, which is in a list; 0 or less: there is none. */
  next(id: number): number {
    const behind = this.links[2 * (id + this.offset) + 1]!;
    if (!(behind >= 0)) refuseAbsent(id);
    return behind - this.offset;
  }

  /** The id before this one, which is in a list; 0 or less: there is none. */
  previous(id: number): number {
    const before = this.links[2 * (id + this.offset)]!;
    if (!(before >= 0)) refuseAbsent(id);
    return before - this.offset;
  }

  /** Adds an id that is in no list, as the last. Ids are integers in 1..2^29-1. */
  pushBack(list: number, id: number): void {
    this.enter(list, id);
    this.link(id + this.offset, this.links[2 * list]!, list);
  }

  /** Adds an id that is in no list, as the first. */
  pushFront(list: number, id: number): void {
    this.enter(list, id);
    this.link(id + this.offset, list, this.links[2 * list + 1]!);
  }

  /** Adds an id that is in no list, right behind `place`, which is in `list`. */
  insertAfter(list: number, place: number, id: number): void {
    const behind = this.next(place) + this.offset;
    this.enter(list, id);
    this.link(id + this.offset, place + this.offset, behind);
  }

  /** Adds an id that is in no list, right before `place`, which is in `list`. */
  insertBefore(list: number, place: number, id: number): void {
    const before = this.previous(place) + this.offset;
    this.enter(list, id);
    this.link(id + this.offset, before, place + this.offset);
  }

  /** Takes an id out of `list`. */
  remove(list: number, id: number): void {
    this.unlink(id);
    this.links[2 * (id + this.offset)] = ABSENT;
    this.links[2 * (id + this.offset) + 1] = ABSENT;
    this.sizes[list]!--;
  }

  /** Makes an id of `list` its last. */
  moveToBack(list: number, id: number): void {
    this.unlink(id);
    this.link(id + this.offset, this.links[2 * list]!, list);
  }

  /** Makes an id of `list` its first. */
  moveToFront(list: number, id: number): void {
    this.unlink(id);
    this.link(id + this.offset, list, this.links[2 * list + 1]!);
  }

  /** Takes an id out of list `from` and makes it the last of list `to`. */
  transfer(from: number, to: number, id: number): void {
    this.unlink(id);
    this.link(id + this.offset, this.links[2 * to]!, to);
    this.sizes[from]!--;
    this.sizes[to]!++;
  }

  /** First to last. The id just yielded may be removed or moved meanwhile; nothing else may change. */
  *ids(list: number): IterableIterator<number> {
    for (let id = this.head(list); id > 0;) {
      const next = this.next(id);
      yield id;
      id = next;
    }
  }

  /** Every list, first to last, as plain data. */
  save(): number[][] {
    return Array.from(this.sizes, (_, list) => [...this.ids(list)]);
  }

  /** What `save` gave, into lists that are empty. */
  load(lists: readonly (readonly number[])[]): void {
    for (const [list, ids] of lists.entries()) for (const id of ids) this.pushBack(list, id);
  }

  /** Walks the lists and compares them with their backward links and their sizes, and what is walked with what has links. */
  checkInvariants(): void {
    let walked = 0;
    for (const [list, size] of this.sizes.entries()) {
      let previous = 0;
      let count = 0;
      for (const id of this.ids(list)) {
        assert(
          Math.max(0, this.previous(id)) === previous,
          () => `before ${id} comes ${this.previous(id)}, not ${previous}`,
        );
        previous = id;
        assert(++count <= size, () => `more than ${size} ids are linked in list ${list}`);
      }
      assert(
        Math.max(0, this.tail(list)) === previous,
        () => `list ${list} ends at ${previous}, not ${this.tail(list)}`,
      );
      assert(count === size, () => `${count} ids are linked in list ${list}, its size is ${size}`);
      walked += count;
    }
    let present = 0;
    for (let id = 1; 2 * (id + this.offset) < this.links.length; id++) if (this.has(id)) present++;
    assert(present === walked, () => `${present} ids have links, ${walked} are in a list`);
  }

  private link(row: number, before: number, behind: number): void {
    const { links } = this;
    links[2 * row] = before;
    links[2 * row + 1] = behind;
    links[2 * before + 1] = row;
    links[2 * behind] = row;
  }

  private unlink(id: number): void {
    const { links } = this;
    const row = id + this.offset;
    const before = links[2 * row]!;
    // Not where there is no row, too.
    if (!(before >= 0) || id <= 0) refuseAbsent(id);
    const behind = links[2 * row + 1]!;
    links[2 * before + 1] = behind;
    links[2 * behind] = before;
  }

  private enter(list: number, id: number): void {
    const before = this.links[2 * (id + this.offset)];
    if (before === undefined) this.grow(id);
    else if (before !== ABSENT || id <= 0) refusePresent(id);
    this.sizes[list]!++;
  }

  private grow(id: number): void {
    assert(isId(id), () => `id ${id}: ids of a list are integers in 1..${LARGEST_ID}`);
    let length = this.links.length;
    while (length <= 2 * (id + this.offset)) length *= 2;
    const links = new Int32Array(length).fill(ABSENT);
    links.set(this.links);
    this.links = links;
  }
}

const isId = (id: number): boolean => Number.isInteger(id) && id >= 1 && id <= LARGEST_ID;

// Apart, so that the calls they guard stay small.
function refuseAbsent(id: number): never {
  assert(false, `id ${id} is not in the list`);
}
function refusePresent(id: number): never {
  assert(
    false,
    isId(id) ? `id ${id} is in a list already` : `id ${id}: ids of a list are integers in 1..${LARGEST_ID}`,
  );
}
