/**
 * Distributions to draw from. Each function checks its parameters once and returns a sampler; a sampler holds no state, so
 * that saving the stream saves everything. All arithmetic is portable (math.ts). Units are the caller's.
 */
import { assert } from './assert.ts';
import { exp, ln, pow } from './math.ts';
import { normalQuantile } from './normal-quantile.ts';
import type { Rng } from './rng.ts';

const { isFinite } = Number;

export type Sampler = (rng: Rng) => number;

/** Evenly in [min, max). */
export function uniform({ min, max }: { readonly min: number; readonly max: number }): Sampler {
  assert(isFinite(min) && isFinite(max) && min <= max, () => `uniform from ${min} to ${max}`);
  return (rng) => min + (max - min) * rng.next();
}

/** Memoryless, from 0 up. */
export function exponential({ mean }: { readonly mean: number }): Sampler {
  checkPositive('mean', mean);
  return (rng) => -mean * ln(1 - rng.next());
}

/** The gaps between arrivals that come independently, `rate` of them per unit of time on average (a Poisson process). */
export function poissonInterarrival({ rate }: { readonly rate: number }): Sampler {
  checkPositive('rate', rate);
  return exponential({ mean: 1 / rate });
}

export function normal({ mean, deviation }: { readonly mean: number; readonly deviation: number }): Sampler {
  assert(isFinite(mean) && isFinite(deviation) && deviation >= 0, () => `normal: ${mean} ± ${deviation}`);
  return (rng) => mean + deviation * normalQuantile(openUnit(rng));
}

/** By its median and its 90th percentile, which measurements report, p90 >= median > 0. */
export function logNormal({ median, p90 }: { readonly median: number; readonly p90: number }): Sampler {
  checkPositive('median', median);
  assert(isFinite(p90) && p90 >= median, () => `logNormal: p90 ${p90} must be at least the median ${median}`);
  const sigma = ln(p90 / median) / normalQuantile(0.9);
  return (rng) => median * exp(sigma * normalQuantile(openUnit(rng)));
}

/** A power law cut off at both ends, in [min, max]; the smaller `shape`, the heavier the tail (1 to 2 are typical). */
export function boundedPareto({
  shape,
  min,
  max,
}: {
  readonly shape: number;
  readonly min: number;
  readonly max: number;
}): Sampler {
  checkPositive('shape', shape);
  checkPositive('min', min);
  assert(isFinite(max) && max >= min, () => `boundedPareto: max ${max} must be at least min ${min}`);
  const kept = 1 - pow(min / max, shape);
  return (rng) => Math.min(max, min * pow(1 - kept * rng.next(), -1 / shape));
}

/**
 * A rank in 1..count, rank k with probability proportional to 1/k^exponent. Constant memory and, on average, fewer than
 * two tries, whatever the count (at most 2^40).
 *
 * Source: W. Hörmann and G. Derflinger, "Rejection-inversion to generate variates from monotone discrete distributions",
 * ACM TOMACS 6(3), 1996.
 */
export function zipf({ count, exponent }: { readonly count: number; readonly exponent: number }): Sampler {
  assert(Number.isInteger(count) && count >= 1 && count <= 2 ** 40, () => `zipf over ${count} ranks`);
  assert(isFinite(exponent) && exponent >= 0, () => `zipf with exponent ${exponent}`);
  const density = (x: number): number => exp(-exponent * ln(x));
  // The integral of the density from 1 to x, and its inverse; written so that exponent 1 is no special case.
  const integral = (x: number): number => growthRatio((1 - exponent) * ln(x)) * ln(x);
  const inverse = (area: number): number => exp(logarithmRatio(Math.max(-1, area * (1 - exponent))) * area);
  const first = integral(1.5) - 1;
  const last = integral(count + 0.5);
  const alwaysInside = 2 - inverse(integral(2.5) - density(2));
  return (rng) => {
    for (;;) {
      const area = last + rng.next() * (first - last);
      const x = inverse(area);
      const rank = Math.max(1, Math.min(count, Math.floor(x + 0.5)));
      if (rank - x <= alwaysInside || area >= integral(rank + 0.5) - density(rank)) return rank;
    }
  };
}

/** One point of a quantile table: `value` is not exceeded with probability `p`. */
export interface QuantilePoint {
  readonly p: number;
  readonly value: number;
}

/**
 * What was measured: a table of quantiles from p 0 to p 1, strictly ascending in p, not descending in value, with straight
 * lines between the points. `along: 'logarithm'` draws the lines between the logarithms (values > 0): for long tails.
 */
export function empirical(points: readonly QuantilePoint[], along: 'value' | 'logarithm' = 'value'): Sampler {
  assert(points.length >= 2, () => `a quantile table of ${points.length} points: at least 2`);
  assert(points[0]!.p === 0 && points.at(-1)!.p === 1, 'a quantile table goes from p 0 to p 1');
  points.forEach(({ p, value }, index) => {
    const before = points[index - 1];
    const isAscending = before === undefined || (p > before.p && value >= before.value);
    assert(isFinite(value) && isAscending, () => `quantile ${p}: ${value} doesn't ascend`);
    assert(along === 'value' || value > 0, () => `quantile ${p}: ${value} has no logarithm`);
  });
  const ps = Float64Array.from(points, ({ p }) => p);
  const heights = Float64Array.from(points, ({ value }) => (along === 'value' ? value : ln(value)));
  return (rng) => {
    const u = rng.next();
    let upper = 1;
    while (ps[upper]! < u) upper++;
    const share = (u - ps[upper - 1]!) / (ps[upper]! - ps[upper - 1]!);
    const height = heights[upper - 1]! + share * (heights[upper]! - heights[upper - 1]!);
    return along === 'value' ? height : exp(height);
  };
}

/**
 * An index of `weights`, each with its share of the probability. O(1) per draw.
 *
 * Source: A. J. Walker's alias method, 1977, with the table built as in M. D. Vose, "A linear algorithm for generating random
 * numbers with a given distribution", IEEE TSE 17(9), 1991.
 */
export function weightedChoice(weights: readonly number[]): Sampler {
  let total = 0;
  for (const weight of weights) {
    assert(isFinite(weight) && weight >= 0, () => `weight ${weight}: finite and not negative`);
    total += weight;
  }
  assert(isFinite(total) && total > 0, () => `weights that add up to ${total}`);
  const count = weights.length;
  const share = Float64Array.from(weights, (weight) => (weight / total) * count);
  const alias = Uint32Array.from(weights, (_, index) => index);
  const small: number[] = [];
  const large: number[] = [];
  share.forEach((own, index) => (own < 1 ? small : large).push(index));
  while (small.length > 0 && large.length > 0) {
    const poor = small.pop()!;
    const rich = large.at(-1)!;
    alias[poor] = rich; // fills the poor one's column up to 1
    const left = share[rich]! - (1 - share[poor]!);
    share[rich] = left;
    if (left < 1) small.push(large.pop()!);
  }
  // What is left has full columns, but for rounding.
  for (const index of [...small, ...large]) share[index] = 1;
  return (rng) => {
    const index = rng.integer(count);
    return rng.next() < share[index]! ? index : alias[index]!;
  };
}

/** (e^x - 1) / x, accurate near 0 too (W. Kahan's trick: the rounding of e^x cancels). */
function growthRatio(x: number): number {
  const grown = exp(x);
  if (grown === 1) return 1;
  return (grown - 1) / (Math.abs(x) < 1 ? ln(grown) : x);
}

/** ln(1 + x) / x for x >= -1, accurate near 0 too. */
function logarithmRatio(x: number): number {
  const sum = 1 + x;
  if (sum === 1) return 1;
  return ln(sum) / (Math.abs(x) < 1 ? sum - 1 : x);
}

/** In (0, 1): an inverse distribution function has no value at 0. */
function openUnit(rng: Rng): number {
  let unit = rng.next();
  while (unit === 0) unit = rng.next();
  return unit;
}

function checkPositive(name: string, value: number): void {
  assert(isFinite(value) && value > 0, () => `${name} ${value}: finite and greater than 0`);
}
