import { expect, test } from 'vitest';

import { rngFor } from '../../src/base/rng.ts';
import { pairedInterval, tInterval } from '../../src/base/t-interval.ts';

test('a textbook sample', () => {
  // Mean 10, standard deviation 2, n = 5: 10 ± 2.776 × 2 / √5.
  const { mean, low, high } = tInterval([8, 8, 10, 12, 12]);
  expect(mean).toBe(10);
  expect(high - 10).toBeCloseTo(2.776 * (2 / Math.sqrt(5)), 12);
  expect(10 - low).toBeCloseTo(high - 10, 12);
});

test('one value says nothing about its spread; no value is an assertion', () => {
  expect(tInterval([3])).toEqual({ mean: 3, low: -Infinity, high: Infinity });
  expect(() => tInterval([])).toThrow('no values');
});

test('a paired difference knows nothing of what both share', () => {
  const { mean, low, high } = pairedInterval([11, 102, 1003], [10, 100, 1000]);
  expect(mean).toBe(2);
  expect(high - low).toBeCloseTo(2 * 4.303 * (1 / Math.sqrt(3)), 9);
  expect(() => pairedInterval([1], [1, 2])).toThrow('1 values beside 2');
});

test('quantiles between the rows of the table', () => {
  // Values ±1 in equal numbers: the half width is t × √(n / (n − 1) / n) = t / √(n − 1).
  const quantile = (freedom: number): number => {
    const values = Array.from({ length: freedom + 1 }, (_, at) => at);
    const { mean, high } = tInterval(values);
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return (high - mean) / Math.sqrt(squares / freedom / (freedom + 1));
  };
  for (const [freedom, value] of [
    [1, 12.706],
    [19, 2.093],
    [30, 2.042],
    [40, 2.021],
    [50, 2.0086],
    [100, 1.984],
    [1_000, 1.962],
  ] as const)
    expect(quantile(freedom), `${freedom}`).toBeCloseTo(value, 2.9);
});

test('of many samples of normal values, 95 of 100 intervals hold the mean', () => {
  const rng = rngFor(5, 'samples');
  let holds = 0;
  const normal = (): number => {
    let sum = -6;
    for (let draw = 0; draw < 12; draw++) sum += rng.next();
    return sum;
  };
  for (let sample = 0; sample < 2_000; sample++) {
    const { low, high } = tInterval(Array.from({ length: 5 }, normal));
    if (low <= 0 && 0 <= high) holds++;
  }
  expect(holds / 2_000).toBeGreaterThan(0.935);
  expect(holds / 2_000).toBeLessThan(0.965);
});
