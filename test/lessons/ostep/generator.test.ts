/** The homework's generator and its way of rounding. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { MersenneTwister } from '../../../src/lessons/ostep/mersenne-twister.ts';
import { mean, percent, twoDecimals } from '../../../src/lessons/ostep/two-decimals.ts';

test('the first numbers of three seeds', () => {
  const known: readonly [seed: number, numbers: readonly number[]][] = [
    [0, [0.8444218515, 0.7579544029, 0.4205715808]],
    [1, [0.1343642441, 0.8474337369, 0.763774619]],
    [100, [0.1456692551, 0.4549270045, 0.7707838057]],
  ];
  for (const [seed, numbers] of known) {
    const random = new MersenneTwister(seed);
    for (const number of numbers) expect(random.uniform()).toBeCloseTo(number, 10);
  }
});

test('the state is renewed after 624 words, and a choice stays below its bound', () => {
  const random = new MersenneTwister(7);
  const seen = new Set(Array.from({ length: 2_000 }, () => random.uniform()));
  expect(seen.size).toBe(2_000);
  for (const count of [1, 2, 3, 7, 8, 1_000])
    for (let draw = 0; draw < 50; draw++) {
      const drawn = random.below(count);
      expect(drawn >= 0 && drawn < count).toBe(true);
    }
});

test('a choice among one thing takes words, too', () => {
  const [plain, chosen] = [new MersenneTwister(0), new MersenneTwister(0)];
  expect(chosen.below(1)).toBe(0);
  expect(chosen.uniform()).not.toBe(plain.uniform());
});

test('a half goes to the even digit, all else to the nearer one', () => {
  const known: readonly [number, number][] = [
    [15.125, 15.12],
    [15.375, 15.38],
    [15.625, 15.62],
    [15.875, 15.88],
    [9.375, 9.38],
    [2.675, 2.67], // the double is below the half
    [1.005, 1],
    [0, 0],
    [33.3333, 33.33],
    [7, 7],
    [0.5, 0.5],
  ];
  for (const [value, rounded] of known) expect(twoDecimals(value), String(value)).toBe(rounded);
  expect(percent(7, 12)).toBe(58.33);
  expect(mean([5, 9, 14])).toBeCloseTo(28 / 3, 12);
  expect(mean([])).toBe(0);
});

test('rounding moves a value by at most half of a hundredth', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 1, max: 1_000 }), (sum, count) => {
      const value = sum / count;
      const rounded = twoDecimals(value);
      expect(Math.abs(rounded - value)).toBeLessThanOrEqual(0.005 + 1e-9);
      expect(Number(rounded.toFixed(2))).toBe(rounded);
    }),
    { seed: 1 },
  );
});
