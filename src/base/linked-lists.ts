/**
 * Several doubly linked lists over the same small ids (pages, extents, processes): LRU and FIFO orders, rings of a clock, segments, ghosts. An
 * id is in at most one list at a time. Every operation is O(1) but `ids`, `save`, `load` and `checkInvariants`.
 *
 * Shape: each list is a ring through an anchor. Both links of an id lie side by side, so that a move loads one line of memory for each id that it
 * touches. Rows of the anchors come first: the row of id 1 follows the last anchor's.
 * Memory: 9 bytes for each possible id.
 */
import { assert } from './assert.ts';

const SMALLEST_CAPACITY = 16;
const LARGEST_ID = 0x1fffffff;
const MOST_LISTS = 254;

export class LinkedLists {
  private links: Int32Array; // [2 × row] the row before, [2 × row + 1] the row behind
  private listOfId: Uint8Array; // [id] its list + 1; 0: in none
  private readonly sizes: Int32Array; // [list]
  /** Row of an id: id + offset. */
  private readonly offset: number;

  /** `lists`: how many, 1 to 254; they are numbered from 0. */
  constructor(lists: number) {
    assert(lists >= 1 && lists <= MOST_LISTS, () => `${lists} lists: allowed: 1 to ${MOST_LISTS}`);
    this.offset = lists - 1;
    this.sizes = new Int32Array(lists);
    this.links = new Int32Array(2 * (lists + SMALLEST_CAPACITY));
    this.listOfId = new Uint8Array(SMALLEST_CAPACITY + 1);
    this.listOfId[0] = lists + 1; // so that 0 is no id that could enter
    for (let anchor = 0; anchor < lists; anchor++) this.links.fill(anchor, 2 * anchor, 2 * anchor + 2);
  }

  /** How many ids are in the list. */
  size(list: number): number {
    return this.sizes[list]!;
  }

  /** The list that holds the id; -1: none does. */
  listOf(id: number): number {
    return id > 0 && id < this.listOfId.length ? this.listOfId[id]! - 1 : -1;
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
    if (this.listOf(id) < 0) refuseAbsent(id);
    return this.links[2 * (id + this.offset) + 1]! - this.offset;
  }

  /** The id before this one, which is in a list; 0 or less: there is none. */
  previous(id: number): number {
    if (this.listOf(id) < 0) refuseAbsent(id);
    return this.links[2 * (id + this.offset)]! - this.offset;
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

  /** Adds an id that is in no list, right behind `place`, which is in one. */
  insertAfter(place: number, id: number): void {
    const list = this.listOf(place);
    if (list < 0) refuseAbsent(place);
    this.enter(list, id);
    const row = place + this.offset;
    this.link(id + this.offset, row, this.links[2 * row + 1]!);
  }

  /** Adds an id that is in no list, right before `place`, which is in one. */
  insertBefore(place: number, id: number): void {
    const list = this.listOf(place);
    if (list < 0) refuseAbsent(place);
    this.enter(list, id);
    const row = place + this.offset;
    this.link(id + this.offset, this.links[2 * row]!, row);
  }

  /** Takes an id out of its list. */
  remove(id: number): void {
    const list = this.listOf(id);
    if (list < 0) refuseAbsent(id);
    this.unlink(id + this.offset);
    this.listOfId[id] = 0;
    this.sizes[list]!--;
  }

  /** Makes an id of `list` its last. */
  moveToBack(list: number, id: number): void {
    if (this.listOfId[id] !== list + 1) refuseAbsent(id);
    this.unlink(id + this.offset);
    this.link(id + this.offset, this.links[2 * list]!, list);
  }

  /** Makes an id of `list` its first. */
  moveToFront(list: number, id: number): void {
    if (this.listOfId[id] !== list + 1) refuseAbsent(id);
    this.unlink(id + this.offset);
    this.link(id + this.offset, list, this.links[2 * list + 1]!);
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

  /** Walks the lists and compares them with their backward links, their sizes and the list of each id. */
  checkInvariants(): void {
    let walked = 0;
    for (const [list, size] of this.sizes.entries()) {
      let previous = 0;
      let count = 0;
      for (const id of this.ids(list)) {
        assert(this.listOf(id) === list, () => `id ${id} stands in list ${list}, not ${this.listOf(id)}`);
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
    const present = this.listOfId.reduce((sum, list) => sum + (list === 0 ? 0 : 1), -1);
    assert(present === walked, () => `${present} ids are in a list, ${walked} are linked`);
  }

  private link(row: number, before: number, behind: number): void {
    const { links } = this;
    links[2 * row] = before;
    links[2 * row + 1] = behind;
    links[2 * before + 1] = row;
    links[2 * behind] = row;
  }

  private unlink(row: number): void {
    const { links } = this;
    const before = links[2 * row]!;
    const behind = links[2 * row + 1]!;
    links[2 * before + 1] = behind;
    links[2 * behind] = before;
  }

  private enter(list: number, id: number): void {
    if (!(id < this.listOfId.length)) this.grow(id);
    // Not 0 where there is no row, too.
    if (this.listOfId[id] !== 0) refusePresent(id);
    this.listOfId[id] = list + 1;
    this.sizes[list]!++;
  }

  private grow(id: number): void {
    assert(isId(id), () => `id ${id}: ids of a list are integers in 1..${LARGEST_ID}`);
    let rows = this.listOfId.length;
    while (rows <= id) rows *= 2;
    const links = new Int32Array(2 * (rows + this.offset));
    links.set(this.links);
    const listOfId = new Uint8Array(rows);
    listOfId.set(this.listOfId);
    this.links = links;
    this.listOfId = listOfId;
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
