import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { ceilDiv, clampInteger, exp, ln, log2, pow, sqrt } from '../../src/base/math.ts';

const positive = fc.double({ min: 5e-324, max: Number.MAX_VALUE, noNaN: true });
const ordinary = fc.double({ min: 1e-3, max: 1e3, noNaN: true });
const nearOne = fc.double({ min: 0.99, max: 1.01, noNaN: true });
const runs = { seed: 1, numRuns: 5000 };

test('ln, log2 and exp are within a rounding of what the engine gives', () => {
  // Both sides may err by almost one unit in the last place, in different directions.
  fc.assert(
    fc.property(fc.oneof(positive, ordinary, nearOne), (x) => {
      expect(unitsApart(ln(x), Math.log(x))).toBeLessThanOrEqual(1);
      expect(unitsApart(log2(x), Math.log2(x))).toBeLessThanOrEqual(1);
    }),
    runs,
  );
  fc.assert(
    fc.property(
      fc.double({ min: -750, max: 715, noNaN: true }),
      fc.double({ min: -2, max: 2, noNaN: true }),
      (x, y) => {
        expect(unitsApart(exp(x), Math.exp(x))).toBeLessThanOrEqual(1);
        expect(unitsApart(exp(y), Math.exp(y))).toBeLessThanOrEqual(1);
      },
    ),
    runs,
  );
});

test('pow is within a rounding of what the engine gives', () => {
  const power = fc.double({ min: -30, max: 30, noNaN: true });
  fc.assert(
    fc.property(fc.oneof(positive, ordinary), power, nearOne, (x, y, close) => {
      expect(unitsApart(pow(x, y), Math.pow(x, y))).toBeLessThanOrEqual(1);
      expect(unitsApart(pow(close, y * 1000), Math.pow(close, y * 1000))).toBeLessThanOrEqual(1);
    }),
    runs,
  );
});

test('the bits are pinned: values computed with 200 bits, rounded', () => {
  expect(ln(2)).toBe(Math.LN2);
  expect(ln(10)).toBe(Math.LN10);
  expect(ln(0.1)).toBe(-2.3025850929940455);
  expect(ln(5e-324)).toBe(-744.4400719213812);
  expect(ln(Number.MAX_VALUE)).toBe(709.782712893384);
  expect(exp(1)).toBe(Math.E);
  expect(exp(-1)).toBe(0.36787944117144233);
  expect(exp(100)).toBe(2.6881171418161356e43);
  expect(exp(709.782712893384)).toBe(1.7976931348622732e308);
  expect(exp(-745.1)).toBe(5e-324);
  expect(log2(10)).toBe(3.321928094887362);
  expect(log2(15)).toBe(3.9068905956085187);
  expect(log2(21)).toBe(4.392317422778761);
  expect(pow(2, 0.5)).toBe(Math.SQRT2);
  expect(pow(10, -5)).toBe(1e-5);
  expect(pow(1.0000001, 1e7)).toBe(2.7182816941320818);
  expect(sqrt(2)).toBe(Math.SQRT2);
});

test('exact results are exact: powers of two and of small integers, up to 2^53', () => {
  for (let power = -1074; power <= 1023; power++) {
    expect(log2(2 ** power)).toBe(power);
    expect(pow(2, power)).toBe(2 ** power);
  }
  for (let base = 2; base <= 1000; base++) {
    for (let power = 1, product = base; product <= 2 ** 53; power++, product *= base) {
      expect(pow(base, power)).toBe(product);
    }
  }
  for (let base = 0; base <= 1000; base++) expect(pow(base * base, 0.5)).toBe(base);
});

test('pow errs by at most 0.55 of a unit against exact integer arithmetic, up to the ends of the range', () => {
  const power = fc.integer({ min: 2, max: 1980 });
  fc.assert(
    fc.property(fc.double({ min: 0.7, max: 1.42, noNaN: true }), power, (x, y) => {
      const exact = toFraction(x);
      // x^y = mantissa^y · 2^(exponent·y); the difference to the result, in units of the result's last place.
      const result = toFraction(pow(x, y));
      const shift = result.exponent - exact.exponent * y;
      const power = exact.mantissa ** BigInt(y);
      const scale = 1_000_000n;
      const difference = power * scale - ((result.mantissa * scale) << BigInt(shift));
      expect(Math.abs(Number(difference / (1n << BigInt(shift)))) / 1e6).toBeLessThan(0.55);
    }),
    { seed: 1, numRuns: 1000 },
  );
});

test('special values are as in Math, the sign of zero included', () => {
  const values = [
    NaN,
    Infinity,
    -Infinity,
    0,
    -0,
    1,
    -1,
    2,
    -2,
    3,
    -3,
    0.5,
    -0.5,
    1e308,
    -1e308,
    5e-324,
    2 ** 53,
    2 ** 53 - 1,
  ];
  for (const x of values) {
    expect(ln(x)).toBe(Math.log(x));
    expect(log2(x)).toBe(Math.log2(x));
    expect(Object.is(exp(x), Math.exp(x)) || unitsApart(exp(x), Math.exp(x)) <= 1).toBe(true);
    for (const y of values) {
      const mine = pow(x, y);
      const theirs = Math.pow(x, y);
      expect(
        Object.is(mine, theirs) || unitsApart(mine, theirs) <= 1,
        `pow(${x}, ${y}) = ${mine}, not ${theirs}`,
      ).toBe(true);
    }
  }
  expect([exp(-1000), exp(1000), exp(-Infinity)]).toEqual([0, Infinity, 0]);
});

test('exp and ln undo each other, and never go down', () => {
  fc.assert(
    fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => {
      expect(Math.abs(ln(exp(x)) - x)).toBeLessThanOrEqual(2.3e-16 * Math.max(1, Math.abs(x)));
      expect(exp(x + Math.abs(x) * 1e-15)).toBeGreaterThanOrEqual(exp(x));
    }),
    runs,
  );
});

test('clampInteger rounds and keeps in range', () => {
  expect(
    [2.4, 2.5, -2.5, -2.6, 99, -99, Infinity, -Infinity].map((value) => clampInteger(value, -3, 5)),
  ).toEqual([2, 3, -2, -3, 5, -3, 5, -3]);
  expect(() => clampInteger(NaN, 0, 1)).toThrow('NaN');
  expect(() => clampInteger(1, 2, 1)).toThrow('2..1');
  expect(() => clampInteger(1, 0.5, 1)).toThrow('0.5..1');
});

test('ceilDiv is exact where a division of doubles rounds', () => {
  expect([ceilDiv(0, 5), ceilDiv(1, 5), ceilDiv(5, 5), ceilDiv(6, 5)]).toEqual([0, 1, 1, 2]);
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 1 << 30 }), (amount, divisor) => {
      const exact = (BigInt(amount) + BigInt(divisor) - 1n) / BigInt(divisor);
      expect(BigInt(ceilDiv(amount, divisor))).toBe(exact);
    }),
    { seed: 1, numRuns: 2000 },
  );
  for (const [amount, divisor] of [
    [-1, 5],
    [1, 0],
    [1.5, 1],
    [1, -1],
    [NaN, 1],
    [2 ** 53, 1],
  ] as const) {
    expect(() => ceilDiv(amount, divisor)).toThrow('ceilDiv');
  }
});

/** x = mantissa · 2^exponent with a mantissa of 53 bits. */
function toFraction(x: number): { readonly mantissa: bigint; readonly exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  return { mantissa: (bits & 0xfffffffffffffn) | 0x10000000000000n, exponent: Number(bits >> 52n) - 1075 };
}

/** How many doubles lie between two of the same sign: 0 when they are equal. */
function unitsApart(a: number, b: number): number {
  if (a === b) return 0;
  const view = new DataView(new ArrayBuffer(16));
  view.setFloat64(0, a);
  view.setFloat64(8, b);
  const distance = view.getBigInt64(0) - view.getBigInt64(8);
  return Number(distance < 0n ? -distance : distance);
}
