/**
 * How far an estimated curve is off, where the exact one isn't known: the same sampling under several hash seeds, which are as good as independent. The
 * estimate is their mean; at each capacity its 95 % confidence interval is the mean ± t·s/√k, with Student's t for k − 1 degrees of freedom.
 */
import { assert } from '../../../base/assert.ts';
import { sqrt } from '../../../base/math.ts';
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

/** At least two samples, at most `mostSamples`. */
export function estimateCurve(
  samples: readonly MissRatioCurve[],
  capacities: readonly number[],
): EstimatedCurve {
  const { length: count } = samples;
  assert(count >= 2 && count <= mostSamples, () => `${count} samples: 2 to ${mostSamples}`);
  const t = studentT95[count - 2]!;
  const points = capacities.map((capacity) => {
    const ratios = samples.map((curve) => curve.missRatioAt(capacity));
    const missRatio = ratios.reduce((sum, ratio) => sum + ratio, 0) / count;
    const squares = ratios.reduce((sum, ratio) => sum + (ratio - missRatio) * (ratio - missRatio), 0);
    return { capacity, missRatio, halfWidth: t * sqrt(squares / (count - 1) / count) };
  });
  const sum = points.reduce((total, { halfWidth }) => total + halfWidth, 0);
  return { points, meanHalfWidth: points.length === 0 ? 0 : sum / points.length };
}

/** [degrees of freedom − 1] two-sided 95 % quantiles of Student's t. */
const studentT95 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

export const mostSamples = studentT95.length + 1;
