/**
 * Reuse times: how many references lie between two uses of the same page, counted so that neighbours have 1. With the stretches before first and
 * after last uses, they hold all that working-set and footprint curves need.
 */
export interface ReuseTimes {
  readonly requests: number;
  readonly unique: number;
  /** [time, 1 to requests] pairs of consecutive uses of a page that are this far apart; [0] is not used. */
  readonly reuses: Int32Array;
  /** [time] pages whose first use is the reference of this number, from 1. */
  readonly firstUses: Int32Array;
  /** [time] pages whose last use is the reference of this number from the end, from 1. */
  readonly lastUses: Int32Array;
}

/** One pass. `ids`: 1 to `unique`. */
export function reuseTimes(ids: Int32Array, unique: number): ReuseTimes {
  const { length: requests } = ids;
  const reuses = new Int32Array(requests + 1);
  const firstUses = new Int32Array(requests + 1);
  const lastUses = new Int32Array(requests + 1);
  const usedAt = new Int32Array(unique + 1); // [page] number of its last use, from 1; 0 before the first
  for (let time = 1; time <= requests; time++) {
    const page = ids[time - 1]!;
    const before = usedAt[page]!;
    if (before === 0) firstUses[time] = 1;
    else reuses[time - before]!++;
    usedAt[page] = time;
  }
  for (let page = 1; page <= unique; page++)
    if (usedAt[page]! > 0) lastUses[requests + 1 - usedAt[page]!] = 1;
  return { requests, unique, reuses, firstUses, lastUses };
}
