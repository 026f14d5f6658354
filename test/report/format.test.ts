import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  formatClock,
  formatCount,
  formatDuration,
  formatMoney,
  formatPercent,
} from '../../src/report/format.ts';

const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

test('durations, in their two largest units', () => {
  const cases: [us: number, text: string][] = [
    [0, '0 µs'],
    [15, '15 µs'],
    [999, '999 µs'],
    [1000, '1 ms'],
    [1500, '1.5 ms'],
    [9900, '9.9 ms'],
    [9999, '10 ms'],
    [250_000, '250 ms'],
    [999_499, '999 ms'],
    [999_500, '1.0 s'],
    [3_400_000, '3.4 s'],
    [59_949_999, '59.9 s'],
    [59_950_000, '1 min 00 s'],
    [4 * MINUTE + 5 * SECOND, '4 min 05 s'],
    [HOUR - 500_001, '59 min 59 s'],
    [HOUR - 500_000, '1 h 00 min'],
    [HOUR + 2 * MINUTE, '1 h 02 min'],
    [24 * HOUR - MINUTE, '23 h 59 min'],
    [24 * HOUR - 1, '1 d 00 h'],
    [51 * HOUR, '2 d 03 h'],
    [24_000 * HOUR, '1,000 d 00 h'],
    [Infinity, '∞'],
  ];
  for (const [us, text] of cases) expect(formatDuration(us), String(us)).toBe(text);
  expect(() => formatDuration(-1)).toThrow('a duration of -1 µs');
  expect(() => formatDuration(Number.NaN)).toThrow('a duration of NaN µs');
});

/** Reads a duration back, µs. */
function parse(text: string): number {
  const units: Record<string, number> = { µs: 1, ms: 1000, s: SECOND, min: MINUTE, h: HOUR, d: 24 * HOUR };
  const words = text.replaceAll(',', '').split(' ');
  let us = 0;
  for (let index = 0; index < words.length; index += 2)
    us += Number(words[index]) * units[words[index + 1]!]!;
  return us;
}

test('a duration as shown is within 5 % of what it is, and longer ones never look shorter', () => {
  const duration = fc.oneof(
    fc.integer({ min: 0, max: 5000 }),
    fc.integer({ min: 0, max: 100 * SECOND }),
    fc.integer({ min: 0, max: 400 * HOUR }),
  );
  fc.assert(
    fc.property(duration, fc.integer({ min: 0, max: 10 * SECOND }), (us, moreUs) => {
      const shown = parse(formatDuration(us));
      expect(Math.abs(shown - us)).toBeLessThanOrEqual(0.05 * us);
      expect(parse(formatDuration(us + moreUs))).toBeGreaterThanOrEqual(shown);
      expect(formatDuration(us)).not.toMatch(/\b60 (s|min)|\b24 h|\b60\.0 s|\b1000 (µs|ms)/);
    }),
    { seed: 5, numRuns: 2000 },
  );
});

test('counts in groups of three', () => {
  const counts = [
    0,
    7,
    999,
    1000,
    100_000,
    1_234_567,
    9_007_199_254_740_991,
    1234.5,
    -1234,
    -0.2,
    Infinity,
    -Infinity,
  ];
  expect(counts.map(formatCount)).toEqual([
    '0',
    '7',
    '999',
    '1,000',
    '100,000',
    '1,234,567',
    '9,007,199,254,740,991',
    '1,235',
    '-1,234',
    '0',
    '∞',
    '-∞',
  ]);
  expect(() => formatCount(Number.NaN)).toThrow('NaN');
});

test('money: small amounts are not lost, large ones are short', () => {
  const cases: [microDollars: number, text: string][] = [
    [0, '$0.0000'],
    [1, '$0.000001'],
    [15, '$0.000015'],
    [9999, '$0.009999'],
    [10_000, '$0.0100'],
    [1_230_000, '$1.2300'],
    [9_999_949, '$9.9999'],
    [10_000_000, '$10.00'],
    [12_345_678_900, '$12,345.68'],
    [-1_500_000, '-$1.5000'],
  ];
  for (const [microDollars, text] of cases)
    expect(formatMoney(microDollars), String(microDollars)).toBe(text);
  expect(() => formatMoney(Infinity)).toThrow('Infinity micro-dollars');
});

test('percentages', () => {
  expect([0, 0.5, 0.4523, 0.99949, 0.9996, 1, 1.25, -0.031].map(formatPercent)).toEqual([
    '0 %',
    '50 %',
    '45.2 %',
    '99.9 %',
    '100 %',
    '100 %',
    '125 %',
    '-3.1 %',
  ]);
  expect(formatPercent(Infinity)).toBe('∞ %');
  expect(() => formatPercent(0 / 0)).toThrow('NaN');
});

test('a moment as a clock shows it', () => {
  const cases: readonly (readonly [us: number, text: string])[] = [
    [0, '0:00.000'],
    [35_000_000, '0:35.000'],
    [720_250_000, '12:00.250'],
    [3_723_123_456, '1:02:03.123456'],
    [3_599_999_999, '59:59.999999'],
    [4_500_000_000_000, '1,250:00:00.000'],
  ];
  for (const [us, text] of cases) expect(formatClock(us), String(us)).toBe(text);
  expect(() => formatClock(0.5)).toThrow('a moment of 0.5 µs');
});
