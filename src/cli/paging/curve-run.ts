/** What `ringzero curve` finds: the curve of LRU from one pass or from samples, working sets, footprints, reuse. */
import { hash32 } from '../../base/hash.ts';
import { invalid } from '../../kernel/errors.ts';
import { evenlySpaced, logSpaced } from '../../sim/paging/curves/capacity-points.ts';
import { footprint, type FootprintPoint } from '../../sim/paging/curves/footprint.ts';
import { logHistogram, type HistogramBin } from '../../sim/paging/curves/log-histogram.ts';
import { lruCurve, type LruCurve } from '../../sim/paging/curves/lru-curve.ts';
import { lruSizePoints } from '../../sim/paging/curves/lru-size-points.ts';
import { meanAbsoluteError } from '../../sim/paging/curves/miss-ratio-curve.ts';
import { reuseTimes } from '../../sim/paging/curves/reuse-times.ts';
import type { SampledCurve } from '../../sim/paging/curves/sampled-curve.ts';
import { estimateCurve } from '../../sim/paging/curves/sampling-error.ts';
import { shardsFixedRate, shardsFixedSize } from '../../sim/paging/curves/shards.ts';
import { workingSetCurve, type WorkingSetPoint } from '../../sim/paging/curves/working-set-curve.ts';
import type { ReferenceTrace } from '../../sim/paging/reference-trace.ts';

/** Which pages SHARDS looks at. */
export type Sampling =
  | { readonly kind: 'rate'; readonly rate: number }
  | { readonly kind: 'size'; readonly pages: number };

/** One curve of LRU at the capacities that were asked for. */
export interface LruResult {
  readonly policy: 'lru';
  readonly method: 'exact' | 'approximate' | 'sampled';
  readonly points: readonly CurvePoint[];
  readonly seconds: number;
}

interface CurvePoint {
  readonly capacity: number;
  readonly misses?: number;
  readonly missRatio: number;
  readonly halfWidth?: number;
}

export interface SampledResult extends LruResult {
  readonly sampling: Sampling;
  readonly samples: number;
  /** Means over the samples. */
  readonly rate: number;
  readonly sampledPages: number;
  readonly sampledRequests: number;
  /** Mean half width of the 95 % confidence intervals, at a hundred capacities evenly spaced. */
  readonly meanHalfWidth: number;
  /** At the same capacities, against the exact curve, where that was computed: of the estimate, and of one sample on average. */
  readonly meanAbsoluteError?: number;
  readonly meanAbsoluteErrorOfOne?: number;
}

/** Capacities over which errors are averaged. */
const errorPoints = 100;

/** `capacities` ascend. */
export function exactLru(
  { ids, unique }: ReferenceTrace,
  capacities: readonly number[],
): { readonly curve: LruCurve; readonly result: LruResult } {
  const started = performance.now();
  const curve = lruCurve(ids, unique);
  const points = capacities.map((capacity) => ({
    capacity,
    misses: curve.missesAt(capacity),
    missRatio: curve.missRatioAt(capacity),
  }));
  return { curve, result: { policy: 'lru', method: 'exact', points, seconds: secondsSince(started) } };
}

/** `exactFrom`: the capacity from which on it is exact; below, and where it is Infinity everywhere, it is an approximation. */
export function lruBySize(
  trace: ReferenceTrace & { readonly sizes: Uint32Array },
  capacities: readonly number[],
): { readonly result: LruResult; readonly exactFrom: number } {
  const started = performance.now();
  const { points, exactFrom } = lruSizePoints(trace, capacities);
  const { length } = trace.ids;
  return {
    exactFrom,
    result: {
      policy: 'lru',
      method: points.every(({ capacity }) => capacity >= exactFrom) ? 'exact' : 'approximate',
      points: points.map(({ capacity, misses }) => ({ capacity, misses, missRatio: misses / length })),
      seconds: secondsSince(started),
    },
  };
}

/**
 * The mean of several samples, with how far it may be off. `exact`: the exact curve, where it is known. Throws KernelError INVALID_ARGUMENT for a rate
 * at which a sample has no page: it says nothing, and what it would seem to say is that all is hit.
 */
export function sampledLru(
  trace: ReferenceTrace,
  capacities: readonly number[],
  options: {
    readonly sampling: Sampling;
    readonly samples: number;
    readonly seed: number;
    readonly exact?: LruCurve;
  },
): SampledResult {
  const { sampling, samples, seed, exact } = options;
  const started = performance.now();
  const curves = Array.from({ length: samples }, (_, index): SampledCurve => {
    const hashSeed = hash32(`shards ${index}`, seed);
    return sampling.kind === 'rate'
      ? shardsFixedRate(trace, sampling.rate, hashSeed)
      : shardsFixedSize(trace, sampling.pages, hashSeed);
  });
  const seconds = secondsSince(started);
  if (sampling.kind === 'rate' && curves.some(({ sample }) => sample.sampledPages === 0))
    throw invalid(
      '--sample',
      sampling.rate,
      `a larger share: of ${trace.unique} pages, some of the ${samples} samples hold none`,
    );
  const judged = evenlySpaced(trace.unique, errorPoints);
  const estimate = estimateCurve(curves, judged);
  const mean = (value: (curve: SampledCurve) => number): number =>
    curves.reduce((sum, curve) => sum + value(curve), 0) / curves.length;
  const asCurve = { missRatioAt: (capacity: number) => mean((curve) => curve.missRatioAt(capacity)) };
  return {
    policy: 'lru',
    method: 'sampled',
    points: estimateCurve(curves, capacities).points,
    seconds,
    sampling,
    samples,
    rate: mean(({ sample }) => sample.rate),
    sampledPages: mean(({ sample }) => sample.sampledPages),
    sampledRequests: mean(({ sample }) => sample.sampledRequests),
    meanHalfWidth: estimate.meanHalfWidth,
    ...(exact === undefined
      ? {}
      : {
          meanAbsoluteError: meanAbsoluteError(asCurve, exact, judged),
          meanAbsoluteErrorOfOne: mean((curve) => meanAbsoluteError(curve, exact, judged)),
        }),
  };
}

/** Curves over windows of time, the same windows for both. */
export interface TimeCurves {
  readonly workingSet: readonly WorkingSetPoint[];
  readonly footprint: readonly FootprintPoint[];
}

export function timeCurves({ ids, unique }: ReferenceTrace): TimeCurves {
  const windows = logSpaced({ from: 1, to: ids.length }, 120);
  const times = reuseTimes(ids, unique);
  return { workingSet: workingSetCurve(times, windows), footprint: footprint(times, windows) };
}

export interface ReuseHistograms {
  /** References that use a page for the first time: they have neither. */
  readonly firstUses: number;
  readonly distances: readonly HistogramBin[];
  readonly times: readonly HistogramBin[];
}

export function reuseHistograms({ ids, unique }: ReferenceTrace, curve: LruCurve): ReuseHistograms {
  return {
    firstUses: unique,
    distances: logHistogram(curve.distances),
    times: logHistogram(reuseTimes(ids, unique).reuses),
  };
}

function secondsSince(started: number): number {
  return (performance.now() - started) / 1_000;
}
