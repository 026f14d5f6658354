/** Means with Student's t interval: how far the mean of a few independent measurements can be trusted. */
import { assert } from './assert.ts';

export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Quantile .975 of Student's t by degrees of freedom, 1 to 30; then for 40, 60, 120 and without end. */
const quantiles = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];
const sparse = [
  [30, 2.042],
  [40, 2.021],
  [60, 2],
  [120, 1.98],
  [Infinity, 1.96],
] as const;

/** The mean and its two-sided 95 % interval, for values that are independent and roughly normal. One value has an interval without ends; none is an assertion. */
export function tInterval(values: readonly number[]): Interval {
  const { length } = values;
  assert(length > 0, 'the mean of no values');
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / length;
  if (length === 1) return { mean, low: -Infinity, high: Infinity };
  let squares = 0;
  for (const value of values) squares += (value - mean) * (value - mean);
  const half = tQuantile(length - 1) * Math.sqrt(squares / (length - 1) / length);
  return { mean, low: mean - half, high: mean + half };
}

/** The mean of `values[i] − baseline[i]` with its 95 % interval: both were measured on the same seeds. */
export function pairedInterval(values: readonly number[], baseline: readonly number[]): Interval {
  assert(values.length === baseline.length, () => `${values.length} values beside ${baseline.length}`);
  return tInterval(values.map((value, index) => value - baseline[index]!));
}

/** Above 30 interpolated over the reciprocal of the degrees of freedom, which is true to a thousandth. */
function tQuantile(freedom: number): number {
  if (freedom <= quantiles.length) return quantiles[freedom - 1]!;
  const above = sparse.findIndex(([from]) => from >= freedom);
  const [fromHigh, high] = sparse[above]!;
  const [fromLow, low] = sparse[above - 1]!;
  const part = (1 / fromLow - 1 / freedom) / (1 / fromLow - 1 / fromHigh);
  return low + (high - low) * part;
}
