import { expect, test } from 'vitest';

import {
  boundedPareto,
  empirical,
  exponential,
  logNormal,
  normal,
  poissonInterarrival,
  type Sampler,
  uniform,
  weightedChoice,
  zipf,
} from '../../src/base/distributions.ts';
import { normalQuantile } from '../../src/base/normal-quantile.ts';
import { rngFor } from '../../src/base/rng.ts';

const DRAWS = 50_000;

function drawn(sampler: Sampler, name: string, count = DRAWS): Float64Array {
  const rng = rngFor(1, name);
  return Float64Array.from({ length: count }, () => sampler(rng));
}

/**
 * The largest distance between the share of draws up to a value and the distribution function (Kolmogorov, Smirnov), times
 * the root of the number of draws: above 1.95 once in a thousand times when the draws are right.
 */
function distance(values: Float64Array, share: (value: number) => number): number {
  const sorted = values.slice().sort();
  let largest = 0;
  sorted.forEach((value, index) => {
    const expected = share(value);
    largest = Math.max(
      largest,
      Math.abs(expected - index / sorted.length),
      Math.abs(expected - (index + 1) / sorted.length),
    );
  });
  return largest * Math.sqrt(sorted.length);
}

/** Of counts against expected counts, over its degrees of freedom; above 1.5 is very unlikely for 50 or more cells. */
function chiSquareRatio(counts: readonly number[], expected: readonly number[]): number {
  return (
    counts.reduce((sum, count, index) => sum + (count - expected[index]!) ** 2 / expected[index]!, 0) /
    (counts.length - 1)
  );
}

const normalShare = (z: number): number => {
  // The normal distribution function by its quantile, which is tested against published values below.
  if (z < -8) return 0;
  if (z > 8) return 1;
  let low = 1e-16;
  let high = 1 - 1e-16;
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2;
    if (normalQuantile(middle) < z) low = middle;
    else high = middle;
  }
  return low;
};

test('continuous distributions have their distribution functions', () => {
  const cases: [string, Sampler, (value: number) => number][] = [
    ['uniform', uniform({ min: -2, max: 6 }), (x) => (x + 2) / 8],
    ['exponential', exponential({ mean: 250 }), (x) => 1 - Math.exp(-x / 250)],
    ['poissonInterarrival', poissonInterarrival({ rate: 4 }), (x) => 1 - Math.exp(-x * 4)],
    ['normal', normal({ mean: 10, deviation: 3 }), (x) => normalShare((x - 10) / 3)],
    [
      'logNormal',
      logNormal({ median: 800, p90: 4000 }),
      (x) => normalShare((Math.log(x / 800) / Math.log(5)) * 1.2815515655446004),
    ],
    [
      'boundedPareto',
      boundedPareto({ shape: 1.2, min: 10, max: 1e5 }),
      (x) => (1 - (10 / x) ** 1.2) / (1 - 1e-4 ** 1.2),
    ],
  ];
  for (const [name, sampler, share] of cases)
    expect(distance(drawn(sampler, name), share), name).toBeLessThan(1.95);
});

test('bounds hold', () => {
  const pareto = drawn(boundedPareto({ shape: 0.3, min: 10, max: 1e6 }), 'bounds');
  expect(Math.min(...pareto.subarray(0, 50_000))).toBeGreaterThanOrEqual(10);
  expect(Math.max(...pareto.subarray(0, 50_000))).toBeLessThanOrEqual(1e6);
  const flat = drawn(uniform({ min: 3, max: 4 }), 'bounds', 1000);
  expect(flat.every((value) => value >= 3 && value < 4)).toBe(true);
  expect(drawn(boundedPareto({ shape: 2, min: 7, max: 7 }), 'one', 10).every((value) => value === 7)).toBe(
    true,
  );
  expect(drawn(logNormal({ median: 5, p90: 5 }), 'one', 10).every((value) => value === 5)).toBe(true);
  expect(drawn(exponential({ mean: 1 }), 'bounds').every((value) => value >= 0 && value < 40)).toBe(true);
});

test('the normal quantile has its published values, and is odd', () => {
  // From the algorithm's paper, and from tables.
  expect(normalQuantile(0.25)).toBeCloseTo(-0.6744897501960817, 14);
  expect(normalQuantile(0.001)).toBeCloseTo(-3.090232306167813, 14);
  expect(normalQuantile(1e-20)).toBeCloseTo(-9.262340089798407, 13);
  expect(normalQuantile(0.9)).toBeCloseTo(1.2815515655446004, 14);
  expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 14);
  expect(normalQuantile(0.5)).toBe(0);
  for (const p of [0.01, 0.07, 0.2, 0.4]) expect(normalQuantile(1 - p)).toBeCloseTo(-normalQuantile(p), 13);
  for (const p of [0, 1, -0.1, NaN]) expect(() => normalQuantile(p)).toThrow('between 0 and 1');
});

test('zipf ranks have their shares, also at exponents 0 and 1 and next to 1', () => {
  for (const exponent of [0, 0.5, 0.99, 1, 1 + 2 ** -51, 1.2, 3]) {
    const ranks = drawn(zipf({ count: 60, exponent }), `zipf ${exponent}`);
    const shares = Array.from({ length: 60 }, (_, index) => (index + 1) ** -exponent);
    const total = shares.reduce((a, b) => a + b);
    // Ranks too rare for the test are counted together.
    const cells = shares.map((share) => (share / total) * DRAWS);
    const kept = cells.filter((cell) => cell >= 10).length;
    const counts = Array.from({ length: kept }, () => 0);
    for (const rank of ranks) if (rank <= kept) counts[rank - 1]! += 1;
    const [rest, expectedRest] = [
      DRAWS - counts.reduce((a, b) => a + b),
      cells.slice(kept).reduce((a, b) => a + b, 0),
    ];
    if (expectedRest > 5) {
      counts.push(rest);
      cells.splice(kept, Infinity, expectedRest);
    } else {
      expect(rest).toBeLessThan(30);
    }
    expect(chiSquareRatio(counts, cells.slice(0, counts.length)), `exponent ${exponent}`).toBeLessThan(1.7);
  }
});

test('zipf stays within its ranks for one rank, two, and very many', () => {
  expect(drawn(zipf({ count: 1, exponent: 1.1 }), 'one', 100).every((rank) => rank === 1)).toBe(true);
  expect(new Set(drawn(zipf({ count: 2, exponent: 5 }), 'two', 1000))).toEqual(new Set([1, 2]));
  const many = drawn(zipf({ count: 1_000_000_000, exponent: 0.8 }), 'many', 20_000);
  expect(many.every((rank) => Number.isInteger(rank) && rank >= 1 && rank <= 1_000_000_000)).toBe(true);
  expect(Math.max(...many)).toBeGreaterThan(900_000_000);
});

test('a quantile table is met at its points, and straight between them', () => {
  const points = [
    { p: 0, value: 1 },
    { p: 0.5, value: 10 },
    { p: 0.9, value: 100 },
    { p: 1, value: 1000 },
  ];
  const share = (x: number, between: (a: number, b: number) => number): number => {
    const upper = points.findIndex(({ value }) => value >= x);
    const [a, b] = [points[upper - 1]!, points[upper]!];
    return a.p + (b.p - a.p) * between(a.value, b.value);
  };
  expect(
    distance(drawn(empirical(points), 'linear'), (x) => share(x, (a, b) => (x - a) / (b - a))),
  ).toBeLessThan(1.95);
  const logarithmic = drawn(empirical(points, 'logarithm'), 'log');
  expect(distance(logarithmic, (x) => share(x, (a, b) => Math.log(x / a) / Math.log(b / a)))).toBeLessThan(
    1.95,
  );
});

test('a weighted choice gives every index its share, and none to weight 0', () => {
  const weights = [0, 1, 2.5, 0, 1e-9, 40, 3, 3, 0.5, 0];
  const choice = weightedChoice(weights);
  const counts = weights.map(() => 0);
  for (const index of drawn(choice, 'weights', 200_000)) counts[index]! += 1;
  const total = weights.reduce((a, b) => a + b);
  expect([counts[0], counts[3], counts[4], counts[9]]).toEqual([0, 0, 0, 0]);
  const likely = [1, 2, 5, 6, 7, 8];
  const expected = likely.map((index) => (weights[index]! / total) * 200_000);
  expect(
    chiSquareRatio(
      likely.map((index) => counts[index]!),
      expected,
    ),
  ).toBeLessThan(4.1); // 5 degrees, p 0.001
  expect(drawn(weightedChoice([7]), 'one', 10).every((index) => index === 0)).toBe(true);
  const uneven = Array.from({ length: 200 }, (_, index) => 1 + (index % 7) * (index % 13));
  const unevenTotal = uneven.reduce((a, b) => a + b);
  const unevenCounts = uneven.map(() => 0);
  for (const index of drawn(weightedChoice(uneven), 'uneven', 200_000)) unevenCounts[index]! += 1;
  const unevenExpected = uneven.map((weight) => (weight / unevenTotal) * 200_000);
  expect(chiSquareRatio(unevenCounts, unevenExpected)).toBeLessThan(1.35); // 199 degrees, p 0.001
});

test('draws are pinned: they are part of every seeded figure', () => {
  const samplers = [
    exponential({ mean: 1 }),
    normal({ mean: 0, deviation: 1 }),
    logNormal({ median: 100, p90: 500 }),
    boundedPareto({ shape: 1.5, min: 1, max: 1000 }),
    zipf({ count: 1000, exponent: 1.1 }),
    weightedChoice([1, 2, 3]),
  ];
  expect(samplers.map((sampler) => sampler(rngFor(1, 'pinned')))).toEqual([
    0.22253721800976795, -0.8433556415770417, 34.67576736384178, 1.1599221500858758, 134, 2,
  ]);
});

test('impossible parameters are an assertion that names them', () => {
  expect(() => uniform({ min: 2, max: 1 })).toThrow('uniform from 2 to 1');
  expect(() => exponential({ mean: 0 })).toThrow('mean 0');
  expect(() => poissonInterarrival({ rate: -1 })).toThrow('rate -1');
  expect(() => normal({ mean: 0, deviation: -1 })).toThrow('0 ± -1');
  expect(() => logNormal({ median: 2, p90: 1 })).toThrow('p90 1');
  expect(() => logNormal({ median: 0, p90: 1 })).toThrow('median 0');
  expect(() => boundedPareto({ shape: NaN, min: 1, max: 2 })).toThrow('shape NaN');
  expect(() => boundedPareto({ shape: 1, min: 3, max: 2 })).toThrow('max 2');
  expect(() => zipf({ count: 0, exponent: 1 })).toThrow('0 ranks');
  expect(() => zipf({ count: 5, exponent: -1 })).toThrow('exponent -1');
  expect(() => weightedChoice([])).toThrow('add up to 0');
  expect(() => weightedChoice([1, -1])).toThrow('weight -1');
  expect(() => empirical([{ p: 0, value: 1 }])).toThrow('1 points');
  expect(() =>
    empirical([
      { p: 0, value: 1 },
      { p: 0.9, value: 2 },
    ]),
  ).toThrow('from p 0 to p 1');
  expect(() =>
    empirical([
      { p: 0, value: 2 },
      { p: 1, value: 1 },
    ]),
  ).toThrow("doesn't ascend");
  expect(() =>
    empirical(
      [
        { p: 0, value: 0 },
        { p: 1, value: 1 },
      ],
      'logarithm',
    ),
  ).toThrow('no logarithm');
});
