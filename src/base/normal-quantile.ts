import { assert } from './assert.ts';
import { ln, sqrt } from './math.ts';

/**
 * The value that a standard normal variable stays below with probability `p`, 0 < p < 1. Relative error about 1e-16.
 *
 * Source: M. J. Wichura, "Algorithm AS 241: The percentage points of the normal distribution", Applied Statistics 37(3),
 * 1988, PPND16: a ratio of two polynomials in the middle and two more for the tails.
 */
export function normalQuantile(p: number): number {
  assert(p > 0 && p < 1, () => `the quantile of probability ${p}: between 0 and 1`);
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * polynomial(MIDDLE_ABOVE, r)) / polynomial(MIDDLE_BELOW, r);
  }
  const r = sqrt(-ln(q < 0 ? p : 1 - p));
  const tail =
    r <= 5
      ? polynomial(TAIL_ABOVE, r - 1.6) / polynomial(TAIL_BELOW, r - 1.6)
      : polynomial(FAR_ABOVE, r - 5) / polynomial(FAR_BELOW, r - 5);
  return q < 0 ? -tail : tail;
}

/** Coefficients from the constant upwards. */
function polynomial(coefficients: Float64Array, x: number): number {
  let sum = 0;
  for (let index = coefficients.length - 1; index >= 0; index--) sum = sum * x + coefficients[index]!;
  return sum;
}

// prettier-ignore
const MIDDLE_ABOVE = Float64Array.of(
  3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946,
  45921.95393154987, 67265.7709270087, 33430.57558358813, 2509.0809287301227,
);
// prettier-ignore
const MIDDLE_BELOW = Float64Array.of(
  1, 42.31333070160091, 687.1870074920579, 5394.196021424751,
  21213.794301586597, 39307.89580009271, 28729.085735721943, 5226.495278852854,
);
// prettier-ignore
const TAIL_ABOVE = Float64Array.of(
  1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045,
  1.2704582524523684, 0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
);
// prettier-ignore
const TAIL_BELOW = Float64Array.of(
  1, 2.053191626637759, 1.6763848301838038, 0.6897673349851,
  0.14810397642748008, 0.015198666563616457, 0.0005475938084995345, 1.0507500716444169e-9,
);
// prettier-ignore
const FAR_ABOVE = Float64Array.of(
  6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487,
  0.026532189526576124, 0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7,
);
// prettier-ignore
const FAR_BELOW = Float64Array.of(
  1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615,
  0.0007868691311456133, 1.8463183175100548e-5, 1.421511758316446e-7, 2.0442631033899397e-15,
);
