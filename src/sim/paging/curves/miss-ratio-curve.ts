/** What every miss-ratio curve can be asked, and how far two of them are apart. */
export interface MissRatioCurve {
  /** Share of the references that miss at this capacity, 0 to 1; never rises with the capacity. `capacity` >= 0. */
  missRatioAt(capacity: number): number;
}

/** The mean of |a − b| over these capacities, at least one: the error by which SHARDS' authors judge it. */
export function meanAbsoluteError(
  a: MissRatioCurve,
  b: MissRatioCurve,
  capacities: readonly number[],
): number {
  let sum = 0;
  for (const capacity of capacities) sum += Math.abs(a.missRatioAt(capacity) - b.missRatioAt(capacity));
  return sum / capacities.length;
}
