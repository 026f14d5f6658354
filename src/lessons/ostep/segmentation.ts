/**
 * OSTEP's segmentation with two segments: the lower half of the address space is segment 0, which grows up from its base; the upper half is segment
 * 1, which grows down from its base, so that the last address of the space lies right below it.
 */

interface Segment {
  readonly base: number;
  readonly limit: number;
}

export interface SegmentationProblem {
  /** Size. */
  readonly addressSpace: number;
  readonly seg0: Segment;
  readonly seg1: Segment;
  readonly addresses: readonly number[];
}

export interface SegmentedAddress {
  readonly segment: number;
  /** Null: a segmentation violation. */
  readonly physical: number | null;
}

export function solveSegmentation(problem: SegmentationProblem): SegmentedAddress[] {
  const { addressSpace, seg0, seg1, addresses } = problem;
  return addresses.map((address) => {
    if (2 * address < addressSpace)
      return { segment: 0, physical: address < seg0.limit ? seg0.base + address : null };
    const below = addressSpace - address;
    return { segment: 1, physical: below <= seg1.limit ? seg1.base - below : null };
  });
}
