/**
 * Belady's anomaly: more frames, more faults. First-in first-out evicts by the time of loading, so that what a larger memory holds need not include what a smaller one
 * holds; of the policies for which it always does (stack algorithms, such as LRU and the optimum) none shows it.
 *
 * Source: L. A. Belady, R. A. Nelson, G. S. Shedler, "An anomaly in space-time characteristics of certain programs running in a paging machine", CACM 12(6), 1969; stack
 * algorithms: R. L. Mattson, J. Gecsei, D. R. Slutz, I. L. Traiger, "Evaluation techniques for storage hierarchies", IBM Systems Journal 9(2), 1970.
 */
import { rngFor } from '../../base/rng.ts';
import { pagingPolicies, type PagingPolicyName } from '../../policies/index.ts';
import { traceOfPattern } from '../../sim/paging/generate/pattern.ts';
import { PageReplay, pageReplayDefaults } from '../../sim/paging/page-replay.ts';
import type { ReferenceTrace } from '../../sim/paging/reference-trace.ts';

/** The reference string of the paper and of the textbooks. */
export const anomalousReferences: readonly number[] = [1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5];

/** Faults of one policy on one string: entry f - 1 is with f frames. */
export interface FaultsByFrames {
  readonly policy: PagingPolicyName;
  readonly faults: readonly number[];
}

/** With 1 to `mostFrames` frames. `references`: integers from 0 up. */
export function faultsOf(
  references: readonly number[],
  policies: readonly PagingPolicyName[],
  mostFrames: number,
): readonly FaultsByFrames[] {
  let at = 0;
  const pages = Math.max(...references) + 1;
  const trace = traceOfPattern(
    'references',
    { pages, next: () => references[at++]! },
    { requests: references.length },
  );
  return policies.map((policy) => ({ policy, faults: faultsByFrames(trace, policy, mostFrames) }));
}

export interface DrawnStrings {
  readonly strings: number;
  /** References of each, to this many pages, all equally likely. */
  readonly references: number;
  readonly pages: number;
  readonly seed: number;
}

export const drawnStringsDefaults: DrawnStrings = { strings: 200, references: 100, pages: 10, seed: 1 };

/** How many of the drawn strings have more faults with some number of frames than with one less, by policy. */
export function anomalousStrings(
  policies: readonly PagingPolicyName[],
  { strings, references, pages, seed }: DrawnStrings = drawnStringsDefaults,
): readonly { readonly policy: PagingPolicyName; readonly anomalous: number }[] {
  const rng = rngFor(seed, 'beladys-anomaly');
  const anomalous = policies.map(() => 0);
  for (let string = 0; string < strings; string++) {
    const trace = traceOfPattern(
      'drawn',
      { pages, next: () => rng.integer(pages) },
      { requests: references },
    );
    for (const [index, policy] of policies.entries())
      if (rises(faultsByFrames(trace, policy, pages))) anomalous[index]!++;
  }
  return policies.map((policy, index) => ({ policy, anomalous: anomalous[index]! }));
}

/** Whether some number of frames has more faults than one less. */
export function rises(faults: readonly number[]): boolean {
  return faults.some((count, index) => index > 0 && count > faults[index - 1]!);
}

function faultsByFrames(
  trace: ReferenceTrace,
  policy: PagingPolicyName,
  mostFrames: number,
): readonly number[] {
  return Array.from({ length: mostFrames }, (_, index) => {
    const replay = new PageReplay(trace, pagingPolicies[policy], {
      ...pageReplayDefaults,
      capacity: index + 1,
    });
    replay.run();
    return replay.counts.misses;
  });
}
