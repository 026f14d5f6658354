/**
 * What ARC and CAR share: two lists of resident pages, T1 of those seen once lately and T2 of those seen at least twice; the ghosts of those that left
 * them, B1 and B2; and the target p for what T1 takes, which a miss on a ghost of B1 raises and one on a ghost of B2 lowers. The first page of a
 * list is its oldest: its LRU page, or the one under the hand.
 *
 * T1 and B1 never take more than the capacity together, all four never more than twice as much. The papers trim the ghosts before they load; here it is
 * done after, with the same outcome: where T1 alone fills the memory, the victim becomes a ghost that is trimmed at once.
 * Where pages have sizes, the step of p is the papers' times the page's size, which is 1 otherwise.
 *
 * Shape: B1 and T1 are one queue, and so are B2 and T2. What leaves the front of a T is the youngest ghost of its B: the border between the two moves by one
 * and nothing else does. A queue is an array with holes, written at its end (see slot-array.ts); a column tells the place of each page. The fields of both
 * queues are those of the policy itself: as objects of their own they cost a third of the speed.
 * Memory: 4 bytes for each possible page, at most 32 for each one in the queues.
 */
import { assert } from '../../base/assert.ts';
import type { PagingContext } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';
import { moved, rowsFor } from '../columns.ts';
import { PageSizes } from './page-sizes.ts';
import { bringForward, FIRST_SLOT, HOLE, pagesBetween, pushTogether, SMALLEST_LENGTH } from './slot-array.ts';

interface SavedLists {
  readonly t1: PageId[];
  readonly t2: PageId[];
  readonly b1: PageId[];
  readonly b2: PageId[];
  /** Pages and their sizes; empty where every page is 1. */
  readonly sizes: [PageId, number][];
  readonly target: number;
}

/** What the two do not share: when p moves, what a touch does, and how a victim is found. */
export class AdaptiveReplacement {
  /** p: 0 to the capacity, a real number. */
  protected target = 0;
  /** What T1, T2, B1 and B2 take, in the memory's unit. */
  protected used1 = 0;
  protected used2 = 0;
  private ghosts1 = 0;
  private ghosts2 = 0;
  private readonly capacity: number;
  private readonly sizes: PageSizes | undefined;
  /** [page] twice its slot, plus 1 if it is in the second queue; 0: in neither. */
  private places: Int32Array;
  // B1 from `start`, T1 from `border`, up to `end`.
  private slots1: Int32Array;
  private start1 = FIRST_SLOT;
  private border1 = FIRST_SLOT;
  private end1 = FIRST_SLOT;
  // B2 and T2.
  private slots2: Int32Array;
  private start2 = FIRST_SLOT;
  private border2 = FIRST_SLOT;
  private end2 = FIRST_SLOT;

  constructor(context: PagingContext) {
    const { capacity, unit } = context;
    const largestPage = context.largestPage ?? 0;
    this.capacity = capacity;
    this.sizes = unit === 'pages' ? undefined : new PageSizes(context);
    this.places = new Int32Array(largestPage + 1);
    // About what they will need; they grow.
    const length = SMALLEST_LENGTH + 4 * Math.min(capacity, largestPage);
    this.slots1 = new Int32Array(length);
    this.slots2 = new Int32Array(length);
  }

  /** The list, B1 or B2, of a page that is not resident; 0: it is no ghost. */
  protected ghostList(page: PageId): number {
    const place = this.places[page]!;
    // Not either where the column has no such row.
    return place > 0 ? 1 + (place & 1) : 0;
  }

  /** A miss on ghost `page` tells that the list which it left was too small. */
  protected adapt(page: PageId): void {
    const { ghosts1, ghosts2 } = this;
    const size = this.sizeOf(page);
    if (size === 0) return;
    if (this.ghostList(page) === 1)
      this.target = Math.min(this.target + Math.max(ghosts2 / ghosts1, 1) * size, this.capacity);
    else this.target = Math.max(this.target - Math.max(ghosts1 / ghosts2, 1) * size, 0);
  }

  /** `page` is loaded: into T2 if it is a ghost, else into T1. */
  protected enter(page: PageId): void {
    if (this.places[page] === 0) {
      this.used1 += this.sizes === undefined ? 1 : this.sizes.read(page);
      this.push1(page);
    } else this.enterOther(page);
    this.trim();
  }

  /** Resident `page` becomes the last of T2. */
  protected promote(page: PageId): void {
    const place = this.places[page]!;
    if ((place & 1) === 1) this.slots2[place >> 1] = HOLE;
    else {
      const size = this.sizeOf(page);
      this.slots1[place >> 1] = HOLE;
      this.used1 -= size;
      this.used2 += size;
    }
    this.push2(page);
  }

  /** Resident `page` becomes the last of its list. */
  protected moveToBack(page: PageId): void {
    const place = this.places[page]!;
    if ((place & 1) === 1) this.promote(page);
    else {
      this.slots1[place >> 1] = HOLE;
      this.push1(page);
    }
  }

  /** The first page of T1; 0: it is empty. */
  protected head1(): PageId {
    const { slots1, end1 } = this;
    let slot = this.border1;
    while (slot < end1 && slots1[slot] === HOLE) slot++;
    this.border1 = slot;
    return (slot < end1 ? slots1[slot]! : 0) as PageId;
  }

  /** The first page of T2; 0: it is empty. */
  protected head2(): PageId {
    const { slots2, end2 } = this;
    let slot = this.border2;
    while (slot < end2 && slots2[slot] === HOLE) slot++;
    this.border2 = slot;
    return (slot < end2 ? slots2[slot]! : 0) as PageId;
  }

  /** The first page of T1 becomes a ghost; undefined: there is none, or it may not leave. */
  protected evict1(eligible: (page: PageId) => boolean): PageId | undefined {
    const page = this.head1();
    if (page === 0 || !eligible(page)) return undefined;
    const size = this.sizeOf(page);
    this.border1++;
    this.used1 -= size;
    this.ghosts1 += size;
    return page;
  }

  /** The first page of T2 becomes a ghost; undefined: there is none, or it may not leave. */
  protected evict2(eligible: (page: PageId) => boolean): PageId | undefined {
    const page = this.head2();
    if (page === 0 || !eligible(page)) return undefined;
    const size = this.sizeOf(page);
    this.border2++;
    this.used2 -= size;
    this.ghosts2 += size;
    return page;
  }

  /** The first page of T1 that may leave becomes its first. False: none may. */
  protected bringForward1(eligible: (page: PageId) => boolean): boolean {
    return bringForward(this.slots1, this.border1, this.end1, eligible, this.places, 0);
  }

  /** The first page of T2 that may leave becomes its first. False: none may. */
  protected bringForward2(eligible: (page: PageId) => boolean): boolean {
    return bringForward(this.slots2, this.border2, this.end2, eligible, this.places, 1);
  }

  /** Resident `page` leaves without a trace. */
  remove(page: PageId): void {
    const place = this.places[page]!;
    const slot = place >> 1;
    const isSecond = (place & 1) === 1;
    const isResident = slot >= (isSecond ? this.border2 : this.border1);
    assert(isResident, () => `page ${page} was removed, which is not resident`);
    if (isSecond) {
      this.slots2[slot] = HOLE;
      this.used2 -= this.sizeOf(page);
    } else {
      this.slots1[slot] = HOLE;
      this.used1 -= this.sizeOf(page);
    }
    this.places[page] = 0;
  }

  /** `page`, not resident, is remembered no longer. */
  forget(page: PageId): void {
    const place = this.places[page]!;
    if (!(place > 0)) return;
    if ((place & 1) === 1) {
      this.slots2[place >> 1] = HOLE;
      this.ghosts2 -= this.sizeOf(page);
    } else {
      this.slots1[place >> 1] = HOLE;
      this.ghosts1 -= this.sizeOf(page);
    }
    this.places[page] = 0;
  }

  checkInvariants(resident: number): void {
    const { capacity, target } = this;
    const [t1, t2, b1, b2] = this.lists();
    const count = t1.length + t2.length;
    assert(count === resident, `${count} pages in T1 and T2, ${resident} resident`);
    assert(target >= 0 && target <= capacity, `p is ${target}, the capacity ${capacity}`);
    for (const [name, pages, used, queue] of [
      ['T1', t1, this.used1, 0],
      ['T2', t2, this.used2, 1],
      ['B1', b1, this.ghosts1, 0],
      ['B2', b2, this.ghosts2, 1],
    ] as const) {
      const taken = pages.reduce((sum, page) => sum + this.sizeOf(page), 0);
      assert(taken === used, `the pages of ${name} take ${taken}, not ${used}`);
      for (const page of pages) {
        const place = this.places[page]!;
        const slots = queue === 1 ? this.slots2 : this.slots1;
        assert(
          (place & 1) === queue && slots[place >> 1] === page,
          `page ${page} of ${name}: place ${place}`,
        );
      }
    }
    const placed = this.places.reduce((sum, place) => sum + (place > 0 ? 1 : 0), 0);
    const known = count + b1.length + b2.length;
    assert(placed === known, `${placed} pages have a place, ${known} are in a list`);
    const first = this.used1 + this.ghosts1;
    const all = first + this.used2 + this.ghosts2;
    assert(first <= capacity, `T1 and B1 take ${first}, the capacity is ${capacity}`);
    assert(all <= 2 * capacity, `the four lists take ${all}, the capacity is ${capacity}`);
  }

  save(): Json {
    const { sizes, target } = this;
    const [t1, t2, b1, b2] = this.lists();
    const pages = sizes === undefined ? [] : [...t1, ...t2, ...b1, ...b2];
    return { t1, t2, b1, b2, sizes: pages.map((page) => [page, sizes!.of(page)]), target };
  }

  load(state: Json): void {
    assert(this.lists().flat().length === 0, 'load into a policy that is in use');
    const { t1, t2, b1, b2, sizes, target } = state as unknown as SavedLists;
    for (const [page, size] of sizes) this.sizes!.set(page, size);
    for (const page of [...b1, ...t1]) {
      this.ensureRow(page);
      this.used1 += this.sizeOf(page);
      this.push1(page);
    }
    for (const page of [...b2, ...t2]) {
      this.ensureRow(page);
      this.used2 += this.sizeOf(page);
      this.push2(page);
    }
    for (let left = b1.length; left > 0; left--) this.evict1(() => true);
    for (let left = b2.length; left > 0; left--) this.evict2(() => true);
    this.target = target;
  }

  /** The pages of T1, T2, B1 and B2, each from its oldest. */
  protected lists(): [t1: PageId[], t2: PageId[], b1: PageId[], b2: PageId[]] {
    return [
      pagesBetween(this.slots1, this.border1, this.end1),
      pagesBetween(this.slots2, this.border2, this.end2),
      pagesBetween(this.slots1, this.start1, this.border1),
      pagesBetween(this.slots2, this.start2, this.border2),
    ];
  }

  /** A ghost is loaded, or a page for which the column has no row. */
  private enterOther(page: PageId): void {
    const isGhost = this.ghostList(page) !== 0;
    if (isGhost) this.forget(page);
    else this.ensureRow(page);
    const size = this.sizes === undefined ? 1 : this.sizes.read(page);
    if (isGhost) {
      this.used2 += size;
      this.push2(page);
    } else {
      this.used1 += size;
      this.push1(page);
    }
  }

  private push1(page: PageId): void {
    if (this.end1 === this.slots1.length) this.makeRoom1();
    const slot = this.end1++;
    this.slots1[slot] = page;
    this.places[page] = 2 * slot;
  }

  private push2(page: PageId): void {
    if (this.end2 === this.slots2.length) this.makeRoom2();
    const slot = this.end2++;
    this.slots2[slot] = page;
    this.places[page] = 2 * slot + 1;
  }

  private makeRoom1(): void {
    const { slots, border, end } = pushTogether(
      this.slots1,
      this.start1,
      this.border1,
      this.end1,
      this.places,
      0,
    );
    this.slots1 = slots;
    this.start1 = FIRST_SLOT;
    this.border1 = border;
    this.end1 = end;
  }

  private makeRoom2(): void {
    const { slots, border, end } = pushTogether(
      this.slots2,
      this.start2,
      this.border2,
      this.end2,
      this.places,
      1,
    );
    this.slots2 = slots;
    this.start2 = FIRST_SLOT;
    this.border2 = border;
    this.end2 = end;
  }

  private trim(): void {
    const { capacity } = this;
    while (this.used1 + this.ghosts1 > capacity) this.popGhost1();
    while (this.used1 + this.ghosts1 + this.used2 + this.ghosts2 > 2 * capacity) this.popGhost2();
  }

  private popGhost1(): void {
    const { slots1 } = this;
    let slot = this.start1;
    while (slots1[slot] === HOLE) slot++;
    this.start1 = slot + 1;
    const page = slots1[slot]! as PageId;
    this.ghosts1 -= this.sizeOf(page);
    this.places[page] = 0;
  }

  private popGhost2(): void {
    const { slots2 } = this;
    let slot = this.start2;
    while (slots2[slot] === HOLE) slot++;
    this.start2 = slot + 1;
    const page = slots2[slot]! as PageId;
    this.ghosts2 -= this.sizeOf(page);
    this.places[page] = 0;
  }

  private ensureRow(page: PageId): void {
    const { length } = this.places;
    if (page >= length) this.places = moved(this.places, new Int32Array(rowsFor(page, length)));
  }

  private sizeOf(page: PageId): number {
    return this.sizes === undefined ? 1 : this.sizes.of(page);
  }
}
