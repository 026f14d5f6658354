/**
 * A fixed, minimal LRU: two Int32Array links and a byte for each page, no policy, no checks. Machines differ; what is measured beside it, in the same process, can
 * be compared between them.
 */
export function calibrate(ids: Int32Array, unique: number, capacity: number): number {
  const next = new Int32Array(unique + 1);
  const previous = new Int32Array(unique + 1);
  const isResident = new Uint8Array(unique + 1);
  let resident = 0;
  let misses = 0;
  for (let at = 0; at < ids.length; at++) {
    const page = ids[at]!;
    if (isResident[page] === 1) {
      const before = previous[page]!;
      const behind = next[page]!;
      next[before] = behind;
      previous[behind] = before;
    } else {
      misses++;
      if (resident === capacity) {
        const victim = next[0]!;
        const behind = next[victim]!;
        next[0] = behind;
        previous[behind] = 0;
        isResident[victim] = 0;
        resident--;
      }
      isResident[page] = 1;
      resident++;
    }
    const last = previous[0]!;
    next[last] = page;
    previous[page] = last;
    next[page] = 0;
    previous[0] = page;
  }
  return misses;
}
