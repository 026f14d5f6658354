/** Figures over many values: mean, nearest-rank percentiles, Jain's index. The same doubles in every engine. */
import { assert } from '../../base/assert.ts';

/** In the unit of the values. All zero when `count` is 0: then there is nothing to read from it. */
export interface Distribution {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export function distribution(values: readonly number[]): Distribution {
  const sorted = Float64Array.from(values).sort();
  return {
    count: sorted.length,
    mean: mean(values),
    p50: nearestRank(sorted, 50),
    p95: nearestRank(sorted, 95),
    p99: nearestRank(sorted, 99),
    max: sorted.at(-1) ?? 0,
  };
}

/** 0 for no values. Exact up to the last division while the values are integers with a sum below 2^53. */
export function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return values.length === 0 ? 0 : sum / values.length;
}

/**
 * The smallest value that at least `percent` per cent of all values do not exceed; 0 for no values.
 * `sorted` ascends; `percent` is an integer in 1..100 (a fraction such as 0.55 × 100 would round into the next rank).
 */
export function nearestRank(sorted: ArrayLike<number>, percent: number): number {
  assert(
    Number.isInteger(percent) && percent >= 1 && percent <= 100,
    () => `percent ${percent} is not in 1..100`,
  );
  const rank = Math.ceil((percent * sorted.length) / 100);
  return sorted[rank - 1] ?? 0;
}

/**
 * Jain's fairness index, (Σx)² / (n Σx²): 1 when all shares are equal, 1/n when one has everything; 1 for no values or only zeros.
 * Source: R. Jain, D. Chiu, W. Hawe, "A Quantitative Measure of Fairness and Discrimination for Resource Allocation in Shared
 * Computer Systems", DEC-TR-301, 1984.
 */
export function jainIndex(values: readonly number[]): number {
  const largest = values.reduce((a, b) => Math.max(a, b), 0);
  if (largest === 0) return 1;
  let sum = 0;
  let squares = 0;
  // Scaled by the largest, so that squares of µs stay where doubles are dense.
  for (const value of values) {
    const share = value / largest;
    sum += share;
    squares += share * share;
  }
  return (sum * sum) / (values.length * squares);
}
