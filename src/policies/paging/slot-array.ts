/**
 * Pages in queue order in an array, with holes where pages have been taken out. The array is written at its end only; when that is reached, what is left
 * is pushed together, or moved to an array of twice the length if that would leave less than three quarters of it free: pushing together is what such an array costs. Who owns the array keeps the place of each
 * page in a column: twice its slot, plus a tag, so that two arrays can share the column. No page has place 0.
 */
import type { PageId } from '../../kernel/ids.ts';

export const SMALLEST_LENGTH = 16;
export const FIRST_SLOT = 1;
export const HOLE = 0;

/** Pushes the pages of [`start`, `end`) together, to FIRST_SLOT and on. `border`, a slot up to `end`, moves with the page that is in it or behind it. */
export function pushTogether(
  slots: Int32Array,
  start: number,
  border: number,
  end: number,
  places: Int32Array,
  tag: 0 | 1,
): { slots: Int32Array; border: number; end: number } {
  let next = FIRST_SLOT;
  let movedBorder = FIRST_SLOT;
  for (let slot = start; slot < end; slot++) {
    const page = slots[slot]!;
    if (slot === border) movedBorder = next;
    // Without a branch on holes, which no processor can foresee: a hole is written too, and then written over.
    slots[next] = page;
    places[page] = 2 * next + tag;
    next += (0 - page) >>> 31;
  }
  places[HOLE] = 0;
  if (border === end) movedBorder = next;
  if (4 * next <= slots.length) return { slots, border: movedBorder, end: next };
  const longer = new Int32Array(2 * slots.length);
  longer.set(slots);
  return { slots: longer, border: movedBorder, end: next };
}

/** Brings the first page of [`from`, `end`) that may leave to `from`; those before it move on by one slot. False: none may leave. */
export function bringForward(
  slots: Int32Array,
  from: number,
  end: number,
  eligible: (page: PageId) => boolean,
  places: Int32Array,
  tag: 0 | 1,
): boolean {
  for (let slot = from; slot < end; slot++) {
    const page = slots[slot]! as PageId;
    if (page === HOLE || !eligible(page)) continue;
    for (let to = slot; to > from; to--) {
      const movedPage = slots[to - 1]!;
      slots[to] = movedPage;
      if (movedPage !== HOLE) places[movedPage] = 2 * to + tag;
    }
    slots[from] = page;
    places[page] = 2 * from + tag;
    return true;
  }
  return false;
}

/** The pages of [`from`, `to`), first to last. */
export function pagesBetween(slots: Int32Array, from: number, to: number): PageId[] {
  return Array.from(slots.subarray(from, Math.max(from, to))).filter((page) => page !== HOLE) as PageId[];
}
