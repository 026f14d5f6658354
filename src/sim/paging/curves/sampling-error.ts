/**
 * How far an estimated curve is off, where the exact one isn't known: the same sampling under several hash seeds, which are as good as independent. The
 * estimate is their mean; at each capacity its 95 % confidence interval is the mean ± t·s/√k, with Student's t for k − 1 degrees of freedom.
 */
import { tInterval } from '../../../base/t-interval.ts';
import type { MissRatioCurve } from './miss-ratio-curve.ts';

interface EstimatedPoint {
  readonly capacity: number;
  /** Mean over the samples. */
  readonly missRatio: number;
  /** Half the width of the 95 % confidence interval of that mean. */
  readonly halfWidth: number;
}

export interface EstimatedCurve {
  readonly points: readonly EstimatedPoint[];
  /** Mean of the half widths. */
  readonly meanHalfWidth: number;
}

/** At least two samples. */
export function estimateCurve(
  samples: readonly MissRatioCurve[],
  capacities: readonly number[],
): EstimatedCurve {
  const points = capacities.map((capacity) => {
    const { mean, high } = tInterval(samples.map((curve) => curve.missRatioAt(capacity)));
    return { capacity, missRatio: mean, halfWidth: high - mean };
  });
  const sum = points.reduce((total, { halfWidth }) => total + halfWidth, 0);
  return { points, meanHalfWidth: points.length === 0 ? 0 : sum / points.length };
}
