import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { fitRates, timeOf } from '../../../src/sim/whatif/fit-rates.ts';

test('property: times that follow the model are found again', () => {
  const call = fc.record({
    newTokens: fc.integer({ min: 0, max: 100_000 }),
    repeatedTokens: fc.integer({ min: 0, max: 10_000 }),
    tokensOut: fc.integer({ min: 1, max: 4_000 }),
  });
  const rates = fc.record({
    latencyUs: fc.integer({ min: 0, max: 500_000 }),
    prefillUs: fc.integer({ min: 0, max: 300 }),
    decodeUs: fc.integer({ min: 1, max: 30_000 }),
  });
  fc.assert(
    fc.property(fc.array(call, { minLength: 8, maxLength: 30 }), rates, (calls, given) => {
      const timed = calls.map((one) => ({ ...one, us: timeOf(given, one) }));
      const fitted = fitRates(timed);
      for (const one of timed) expect(Math.abs(timeOf(fitted, one) - one.us)).toBeLessThan(2 + one.us * 1e-3);
    }),
    { seed: 3, numRuns: 100 },
  );
});

test('no speed is below 0; calls that are all alike, or none, have one that explains them', () => {
  expect(fitRates([])).toEqual({ latencyUs: 0, prefillUs: 0, decodeUs: 0 });
  const alike = { newTokens: 100, repeatedTokens: 0, tokensOut: 10, us: 5_000 };
  expect(timeOf(fitRates([alike, alike]), alike)).toBe(5_000);
  // Longer answers that took less time.
  const odd = [
    { newTokens: 10, repeatedTokens: 0, tokensOut: 1, us: 900 },
    { newTokens: 20, repeatedTokens: 0, tokensOut: 50, us: 500 },
    { newTokens: 30, repeatedTokens: 0, tokensOut: 90, us: 100 },
    { newTokens: 35, repeatedTokens: 0, tokensOut: 95, us: 90 },
  ];
  for (const value of Object.values(fitRates(odd))) expect(value).toBeGreaterThanOrEqual(0);
});
