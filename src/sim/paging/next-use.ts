import { NEVER_USED } from '../../kernel/contracts.ts';

/** [reference] the number of the next reference to the same page; `NEVER_USED` when there is none. One pass from the end. */
export function nextUses(ids: Int32Array, unique: number): Int32Array {
  const next = new Int32Array(ids.length);
  const seenAt = new Int32Array(unique + 1).fill(NEVER_USED); // [page]
  for (let at = ids.length - 1; at >= 0; at--) {
    const id = ids[at]!;
    next[at] = seenAt[id]!;
    seenAt[id] = at;
  }
  return next;
}
