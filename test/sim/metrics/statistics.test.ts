import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { distribution, jainIndex, mean, nearestRank } from '../../../src/sim/metrics/statistics.ts';

test('the nearest rank is the smallest value that so many per cent do not exceed', () => {
  // The textbook's example: 5 values, ranks ceil(5p/100).
  const sorted = [15, 20, 35, 40, 50];
  expect([5, 30, 40, 50, 100].map((percent) => nearestRank(sorted, percent))).toEqual([15, 20, 20, 35, 50]);
  expect(nearestRank([], 50)).toBe(0);
  expect(() => nearestRank(sorted, 0)).toThrow('percent 0');
  expect(() => nearestRank(sorted, 0.5)).toThrow('percent 0.5');
});

test('a rank that is exactly an integer is not rounded up', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  for (let percent = 1; percent <= 100; percent++) expect(nearestRank(hundred, percent)).toBe(percent);
});

test('nearest rank agrees with counting', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1 }),
      fc.integer({ min: 1, max: 100 }),
      (values, percent) => {
        const sorted = values.toSorted((a, b) => a - b);
        const counted = sorted.find(
          (value) => 100 * values.filter((other) => other <= value).length >= percent * values.length,
        );
        expect(nearestRank(sorted, percent)).toBe(counted);
      },
    ),
    { seed: 3 },
  );
});

test('a distribution sorts numbers as numbers', () => {
  expect(distribution([100, 20, 3])).toEqual({ count: 3, mean: 41, p50: 20, p95: 100, p99: 100, max: 100 });
  expect(distribution([])).toEqual({ count: 0, mean: 0, p50: 0, p95: 0, p99: 0, max: 0 });
  expect(mean([])).toBe(0);
});

test("Jain's index is 1 for equal shares and 1/n for one winner", () => {
  expect(jainIndex([7, 7, 7])).toBe(1);
  expect(jainIndex([9, 0, 0, 0])).toBe(0.25);
  expect(jainIndex([1, 2, 3])).toBeCloseTo(36 / (3 * 14), 12);
  expect(jainIndex([])).toBe(1);
  expect(jainIndex([0, 0])).toBe(1);
  // Squares of these pass 2^53.
  expect(jainIndex([4e15, 4e15])).toBe(1);
});
