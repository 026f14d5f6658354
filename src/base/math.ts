/**
 * Elementary functions that give the same bits in every engine: engines differ in the last bit of Math.log and its like,
 * and one bit is enough to send two runs apart. Only +, -, *, / and sqrt are used, which IEEE 754 rounds exactly.
 * All errors are below 1 unit in the last place; `log2` and `pow` are exact where the true result is a double.
 *
 * Sources: the polynomials and constants of ln and exp are those of fdlibm (e_log.c, e_exp.c, Sun Microsystems, 1993);
 * T. J. Dekker, "A floating-point technique for extending the available precision", 1971, for the pairs of doubles.
 */
import { assert } from './assert.ts';

/** Correctly rounded by IEEE 754, hence by every engine. */
export const sqrt = Math.sqrt;

const LN2_HIGH = 0.6931471803691238; // a multiple of 2^-32: a small integer times it is exact
const LN2_LOW = 1.9082149292705877e-10;
const INVERSE_LN2 = Math.LOG2E;
const INVERSE_LN2_LOW = 2.0355273740931033e-17; // 1/ln 2 - INVERSE_LN2
const TWO_54 = 0x40000000000000;
const SMALLEST_NORMAL = 2.2250738585072014e-308;
/** Of the mantissas in [sqrt(1/2), sqrt(2)): what each third is measured from, and its logarithm in two parts. */
const CENTERS = Float64Array.of(0.75, 1, 1.3125);
const LN_CENTERS_HIGH = Float64Array.of(-0.28768207249231637, 0, 0.27193371555767953);
const LN_CENTERS_LOW = Float64Array.of(4.053543780278539e-11, 0, -7.403777512676557e-11);
const SQRT_HALF_HIGH_WORD = 0x3fe6a09e; // the upper half of the bits of sqrt(1/2)

/** Natural logarithm. -Infinity for 0, NaN below. */
export function ln(x: number): number {
  if (!(x > 0) || x === Infinity) return logarithmOfSpecial(x);
  const power = split(x);
  const f = mantissa - 1;
  if (f === 0) return power === 0 ? 0 : power * LN2_HIGH + power * LN2_LOW;
  // ln(1 + f) = 2 atanh(s) with s = f / (2 + f); written so that f - f²/2, the bulk, is rounded only once.
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const even = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373));
  const odd =
    z * (0.6666666666666735 + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)));
  const halfSquare = 0.5 * f * f;
  const rest = s * (halfSquare + (even + odd));
  if (power === 0) return f - (halfSquare - rest);
  return power * LN2_HIGH - (halfSquare - (rest + power * LN2_LOW) - f);
}

/** Logarithm to base 2. -Infinity for 0, NaN below. */
export function log2(x: number): number {
  if (!(x > 0) || x === Infinity) return logarithmOfSpecial(x);
  const high = logarithmPair(x);
  const low = pairLow;
  const product = high * INVERSE_LN2;
  return product + (productError(high, INVERSE_LN2, product) + (high * INVERSE_LN2_LOW + low * INVERSE_LN2));
}

/** e to the x. */
export function exp(x: number): number {
  return expOfSum(x, 0);
}

/** x to the y; special cases as Math.pow has them. */
export function pow(x: number, y: number): number {
  if (y === 0) return 1;
  if (x !== x || y !== y) return NaN;
  const magnitude = Math.abs(x);
  if (y === Infinity || y === -Infinity) {
    if (magnitude === 1) return NaN;
    return magnitude > 1 === y > 0 ? Infinity : 0;
  }
  const isNegative = x < 0 || (x === 0 && 1 / x < 0);
  if (!isNegative) return powOfMagnitude(magnitude, y);
  if (Number.isInteger(y)) return y % 2 === 0 ? powOfMagnitude(magnitude, y) : -powOfMagnitude(magnitude, y);
  return x === 0 || x === -Infinity ? powOfMagnitude(magnitude, y) : NaN;
}

/** x is at least 0, y finite and not 0. */
function powOfMagnitude(x: number, y: number): number {
  if (x === 0) return y > 0 ? 0 : Infinity;
  if (x === 1) return 1;
  if (x === Infinity) return y > 0 ? Infinity : 0;
  const high = logarithmPair(x);
  const low = pairLow;
  const product = y * high;
  // Far out of range, where the error terms below would overflow.
  if (product > 800) return Infinity;
  if (product < -800) return 0;
  return expOfSum(product, productError(y, high, product) + y * low);
}

function logarithmOfSpecial(x: number): number {
  if (x === 0) return -Infinity;
  return x === Infinity ? Infinity : NaN;
}

/** exp(high + low), where |low| is below one unit in the last place of `high`, or nearly so. */
function expOfSum(high: number, low: number): number {
  if (high !== high) return NaN;
  if (high > 710) return Infinity;
  if (high < -746) return 0;
  const power = Math.floor(high * INVERSE_LN2 + 0.5);
  const coarse = high - power * LN2_HIGH; // exact
  const fine = low - power * LN2_LOW;
  const r = coarse + fine; // |r| <= ln(2) / 2
  const rLow = coarse - r + fine;
  const t = r * r;
  const bent =
    t *
    (0.16666666666666602 +
      t *
        (-0.0027777777777015593 +
          t * (6.613756321437934e-5 + t * (-1.6533902205465252e-6 + t * 4.1381367970572385e-8))));
  const c = r - bent;
  // e^r = 1 + r + r²/2 + rest. The large terms are added without loss, so that only the last addition rounds.
  const rest = (r * (r * c - 2 * bent)) / (2 * (2 - c));
  const line = 1 + r;
  const parabola = line + 0.5 * t;
  const lost = r - (line - 1) + (0.5 * t - (parabola - line));
  return timesPowerOfTwo(parabola + (lost + (rest + rLow * parabola)), power);
}

/** The natural logarithm of a finite x > 0 as a pair: the upper part is returned, the lower is left in `pairLow`. */
function logarithmPair(x: number): number {
  const power = split(x);
  const m = mantissa;
  // ln x = power·ln 2 + ln center + ln (m / center), the center chosen so that the last is small.
  const side = m < 0.8660254 ? 0 : m < 1.1547005 ? 1 : 2;
  const center = CENTERS[side]!;
  const numerator = m - center; // exact
  const denominator = m + center;
  const denominatorLow = m - (denominator - center);
  // s = numerator / denominator as a pair; ln (m / center) = 2 (s + s³/3 + s⁵/5 + …) with |s| < 0.072.
  const s = numerator / denominator;
  const q = s * denominator;
  const sLow = (numerator - q - productError(s, denominator, q) - s * denominatorLow) / denominator;
  const square = s * s;
  const squareLow = productError(s, s, square) + 2 * s * sLow;
  const cube = square * s;
  const cubeLow = productError(square, s, cube) + (square * sLow + squareLow * s);
  const third = cube / 3;
  const thirdProduct = third * 3;
  const thirdLow = (cube - thirdProduct - productError(third, 3, thirdProduct) + cubeLow) / 3;
  let series = 0;
  for (let n = 19; n >= 5; n -= 2) series = series * square + 1 / n;
  const tail = series * square * cube;
  // The terms are added from the largest to the smallest, without loss.
  const base = power * LN2_HIGH + LN_CENTERS_HIGH[side]!; // exact: both are multiples of 2^-32
  const upper = base + 2 * s;
  const upperLow = 2 * s - (upper - base);
  const high = upper + 2 * third;
  const highLow = 2 * third - (high - upper);
  const low =
    highLow + (upperLow + (2 * (thirdLow + tail + sLow) + (power * LN2_LOW + LN_CENTERS_LOW[side]!)));
  const result = high + low;
  pairLow = high - result + low;
  return result;
}

/** a·b - product, exactly, where product is the rounded a·b (Dekker: each factor in two halves of 26 bits). */
function productError(a: number, b: number, product: number): number {
  const aScaled = 134217729 * a; // 2^27 + 1
  const aHigh = aScaled - (aScaled - a);
  const aLow = a - aHigh;
  const bScaled = 134217729 * b;
  const bHigh = bScaled - (bScaled - b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
double[0] = 1;
/** Which of the two words holds sign and exponent: depends on the machine's byte order. */
const HIGH = words[0] === 0 ? 1 : 0;

/** Second results of `split` and `logarithmPair`: a tuple would be an allocation per call. */
let mantissa = 0;
let pairLow = 0;

/** x = mantissa · 2^power with the mantissa in [sqrt(1/2), sqrt(2)); returns the power. x is finite and > 0. */
function split(x: number): number {
  let power = 0;
  if (x < SMALLEST_NORMAL) {
    x *= TWO_54;
    power = -54;
  }
  double[0] = x;
  const high = words[HIGH]!;
  // How many times 2 goes into x, counted from sqrt(1/2) upwards.
  const shift = (high - SQRT_HALF_HIGH_WORD) >> 20;
  words[HIGH] = high - (shift << 20);
  mantissa = double[0]!;
  return power + shift;
}

/** x·2^power, for |power| up to 1,100 and x near 1. */
function timesPowerOfTwo(x: number, power: number): number {
  if (power > 1023) return x * 2 * powerOfTwo(power - 1);
  if (power < -1022) return x * powerOfTwo(power + 54) * (1 / TWO_54);
  return x * powerOfTwo(power);
}

function powerOfTwo(power: number): number {
  words[HIGH] = (power + 1023) << 20;
  words[1 - HIGH] = 0;
  return double[0]!;
}

/** `value` rounded to the nearest integer (halves upwards) and kept in min..max, which are integers. NaN is an error. */
export function clampInteger(value: number, min: number, max: number): number {
  assert(
    Number.isInteger(min) && Number.isInteger(max) && min <= max,
    () => `clampInteger to ${min}..${max}`,
  );
  assert(value === value, 'clampInteger of NaN');
  return Math.max(min, Math.min(max, Math.floor(value + 0.5)));
}

/** The quotient of two integers, rounded up: how many boxes of `divisor` hold `amount` >= 0. Exact up to 2^53. */
export function ceilDiv(amount: number, divisor: number): number {
  const isAllowed =
    Number.isSafeInteger(amount) && amount >= 0 && Number.isSafeInteger(divisor) && divisor > 0;
  assert(isAllowed, () => `ceilDiv(${amount}, ${divisor}): integers, the amount >= 0, the divisor > 0`);
  const remainder = amount % divisor;
  return (amount - remainder) / divisor + (remainder > 0 ? 1 : 0);
}
