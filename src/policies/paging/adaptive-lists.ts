/**
 * What ARC and CAR share: two lists of resident pages, T1 of those seen once lately and T2 of those seen at least twice; the ghosts of those that left
 * them, B1 and B2; and the target p for what T1 takes, which a miss on a ghost of B1 raises and one on a ghost of B2 lowers. A list's first page
 * is its oldest (its LRU page, or the one under the hand).
 *
 * T1 and B1 never take more than the capacity together, all four never more than twice as much; the papers trim the ghosts before they load, here it is
 * done after, with the same outcome: where T1 alone fills the memory, the victim becomes a ghost that is trimmed at once.
 * Where pages have sizes, the step of p is the papers' times the page's size, which is 1 otherwise.
 */
import { assert } from '../../base/assert.ts';
import { BitSet } from '../../base/bit-set.ts';
import type { PagingContext } from '../../kernel/contracts.ts';
import type { Json, PageId } from '../../kernel/ids.ts';
import { SizedLists } from './sized-lists.ts';

export const T1 = 0;
export const T2 = 1;
const B1 = 2;
const B2 = 3;

export class AdaptiveLists {
  readonly lists: SizedLists;
  /** p: 0 to the capacity, a real number. */
  target = 0;
  private readonly capacity: number;
  /** In T2 or B2, rather than T1 or B1. */
  private readonly second: BitSet;
  private readonly ghosts: BitSet;

  constructor(context: PagingContext) {
    this.lists = new SizedLists(4, context);
    this.capacity = context.capacity;
    this.second = new BitSet(context.largestPage);
    this.ghosts = new BitSet(context.largestPage);
  }

  /** The ghost list that `page`, not resident, is remembered in: 1 or 2; 0: none. */
  ghostOf(page: PageId): 0 | 1 | 2 {
    if (!this.ghosts.has(page)) return 0;
    return this.second.has(page) ? 2 : 1;
  }

  /** The list of resident `page`. */
  residentList(page: PageId): number {
    return this.second.has(page) ? T2 : T1;
  }

  /** A miss on `page` tells that the part which its ghost left was too small. */
  adapt(page: PageId): void {
    const { lists } = this;
    const ghost = this.ghostOf(page);
    if (ghost === 0) return;
    const [b1, b2, size] = [lists.used(B1), lists.used(B2), lists.sizeOf(page)];
    if (size === 0) return;
    if (ghost === 1) this.target = Math.min(this.target + Math.max(b2 / b1, 1) * size, this.capacity);
    else this.target = Math.max(this.target - Math.max(b1 / b2, 1) * size, 0);
  }

  /** `page` is loaded: into T2 if it is remembered, else into T1. */
  enter(page: PageId): void {
    const { lists } = this;
    const ghost = this.ghostOf(page);
    if (ghost === 0) lists.enter(T1, page);
    else {
      lists.remove(ghost === 1 ? B1 : B2, page);
      lists.enter(T2, page);
      this.ghosts.delete(page);
      this.second.add(page);
    }
    this.trim();
  }

  /** Resident `page` of T1 goes to the back of T2. */
  promote(page: PageId): void {
    this.lists.transfer(T1, T2, page);
    this.second.add(page);
  }

  /** Resident `page` leaves and is remembered. */
  leave(page: PageId): void {
    if (this.second.has(page)) this.lists.transfer(T2, B2, page);
    else this.lists.transfer(T1, B1, page);
    this.ghosts.add(page);
  }

  /** Resident `page` leaves and is not remembered. */
  remove(page: PageId): void {
    assert(!this.ghosts.has(page), () => `page ${page} was removed, which is not resident`);
    this.lists.remove(this.residentList(page), page);
    this.second.delete(page);
  }

  forget(page: PageId): void {
    const ghost = this.ghostOf(page);
    if (ghost !== 0) this.dropGhost(ghost === 1 ? B1 : B2, page);
  }

  checkInvariants(resident: number): void {
    const { lists, capacity, target } = this;
    lists.checkInvariants();
    const count = lists.count(T1) + lists.count(T2);
    assert(count === resident, () => `${count} pages in T1 and T2, ${resident} resident`);
    assert(target >= 0 && target <= capacity, () => `p is ${target}, the capacity ${capacity}`);
    const [t1, t2, b1, b2] = [lists.used(T1), lists.used(T2), lists.used(B1), lists.used(B2)];
    assert(t1 + b1 <= capacity, () => `T1 takes ${t1}, B1 ${b1}: more than ${capacity}`);
    assert(t1 + t2 + b1 + b2 <= 2 * capacity, () => `${t1 + t2} and ghosts of ${b1 + b2} are remembered`);
    for (const list of [T1, T2, B1, B2])
      for (const page of lists.pages(list)) {
        const isRight = this.second.has(page) === (list === T2 || list === B2);
        assert(isRight && this.ghosts.has(page) === list >= B1, () => `page ${page} is in list ${list}`);
      }
  }

  save(): Json {
    return { lists: this.lists.save(), target: this.target };
  }

  load(state: Json): void {
    const { lists } = this;
    const saved = state as { lists: Json; target: number };
    lists.load(saved.lists);
    this.target = saved.target;
    for (const list of [T2, B2]) for (const page of lists.pages(list)) this.second.add(page);
    for (const list of [B1, B2]) for (const page of lists.pages(list)) this.ghosts.add(page);
  }

  private trim(): void {
    const { lists, capacity } = this;
    while (lists.used(T1) + lists.used(B1) > capacity) this.dropGhost(B1, lists.head(B1));
    const most = 2 * capacity - lists.used(T1) - lists.used(T2);
    while (lists.used(B1) + lists.used(B2) > most) this.dropGhost(B2, lists.head(B2));
  }

  private dropGhost(list: number, page: PageId): void {
    this.lists.remove(list, page);
    this.ghosts.delete(page);
    this.second.delete(page);
  }
}
