import { expect, test } from 'vitest';

import { evenlySpaced, logSpaced } from '../../../../src/sim/paging/curves/capacity-points.ts';
import { lruCurve } from '../../../../src/sim/paging/curves/lru-curve.ts';
import { meanAbsoluteError } from '../../../../src/sim/paging/curves/miss-ratio-curve.ts';
import { estimateCurve } from '../../../../src/sim/paging/curves/sampling-error.ts';
import { shardsFixedRate, shardsFixedSize } from '../../../../src/sim/paging/curves/shards.ts';
import { generateZipf } from '../../../../src/sim/paging/generate/zipf.ts';

const trace = generateZipf({ requests: 200_000, ids: 20_000, alpha: 1, seed: 1 });
const exact = lruCurve(trace.ids, trace.unique);
const capacities = evenlySpaced(trace.unique, 100);

test('at rate 1 the estimate is the exact curve', () => {
  const curve = shardsFixedRate(trace, 1, 7);
  expect(curve.sample).toMatchObject({ sampledRequests: 200_000, sampledPages: trace.unique, rate: 1 });
  for (const capacity of logSpaced({ from: 1, to: trace.unique }, 50))
    expect(curve.missRatioAt(capacity)).toBeCloseTo(exact.missRatioAt(capacity), 12);
});

test('with room for all pages, the fixed-size form is the exact curve but for the width of its rows', () => {
  const curve = shardsFixedSize(trace, trace.unique, 7);
  expect(curve.sample.rate).toBe(1);
  for (const capacity of [1, 2, 100, 255])
    expect(curve.missRatioAt(capacity)).toBeCloseTo(exact.missRatioAt(capacity), 12);
  expect(meanAbsoluteError(curve, exact, capacities)).toBeLessThan(0.001);
});

test('a tenth of the pages: about a tenth of the work, and an error of about a percent', () => {
  const errors: number[] = [];
  for (const seed of [1, 2, 3]) {
    const curve = shardsFixedRate(trace, 0.1, seed);
    expect(curve.sample.sampledPages / trace.unique).toBeCloseTo(0.1, 1);
    errors.push(meanAbsoluteError(curve, exact, capacities));
  }
  expect(Math.max(...errors)).toBeLessThan(0.02);
  expect(new Set(errors).size).toBe(3);
});

test('fixed size: never more pages than allowed, and the rate falls to what that takes', () => {
  const curve = shardsFixedSize(trace, 1_000, 1);
  const { sampledPages, rate } = curve.sample;
  expect(sampledPages).toBeLessThanOrEqual(1_000);
  expect(sampledPages).toBeGreaterThan(900);
  expect(rate).toBeCloseTo(1_000 / trace.unique, 2);
  expect(meanAbsoluteError(curve, exact, capacities)).toBeLessThan(0.05);
});

test('a few hot pages decide a trace: the correction keeps the estimate near', () => {
  // One page of 200 takes half of all references; whether it is sampled says nothing about the rest.
  const hot = generateZipf({ requests: 100_000, ids: 5_000, alpha: 1.4, seed: 1 });
  const truth = lruCurve(hot.ids, hot.unique);
  for (const seed of [1, 2, 3, 4]) {
    const curve = shardsFixedRate(hot, 0.05, seed);
    expect(meanAbsoluteError(curve, truth, evenlySpaced(hot.unique, 50))).toBeLessThan(0.02);
  }
});

test('curves never rise and stay between 0 and 1', () => {
  for (const curve of [
    shardsFixedRate(trace, 0.01, 5),
    shardsFixedSize(trace, 50, 5),
    shardsFixedRate(trace, 1e-7, 5),
  ]) {
    const ratios = [0.5, ...logSpaced({ from: 1, to: 40_000 }, 200)].map((capacity) =>
      curve.missRatioAt(capacity),
    );
    for (const [index, ratio] of ratios.entries()) {
      expect(ratio).toBeGreaterThanOrEqual(0);
      expect(ratio).toBeLessThanOrEqual(index === 0 ? 1 : ratios[index - 1]!);
    }
  }
});

test('the interval of several samples holds the truth about as often as it says', () => {
  let inside = 0;
  const points = evenlySpaced(trace.unique, 20);
  for (let first = 1; first <= 10; first++) {
    const samples = [1, 2, 3, 4, 5].map((k) => shardsFixedRate(trace, 0.05, first * 100 + k));
    const estimate = estimateCurve(samples, points);
    expect(estimate.meanHalfWidth).toBeLessThan(0.03);
    for (const { capacity, missRatio, halfWidth } of estimate.points)
      if (Math.abs(missRatio - exact.missRatioAt(capacity)) <= halfWidth) inside++;
  }
  expect(inside / 200).toBeGreaterThan(0.8);
});
