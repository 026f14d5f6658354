/** Figures as the OSTEP homework programs print them: with two decimals, a half in the binary value rounded to the even digit. */

/**
 * The number that Python's `%.2f` prints. `toFixed` rounds the same exact value, but a half upwards: 15.125 is 15.12 here and "15.13" there. Only odd
 * multiples of 1/8 have such a half.
 */
export function twoDecimals(value: number): number {
  const eighths = value * 8;
  if (!Number.isInteger(eighths) || eighths % 2 === 0) return Number(value.toFixed(2));
  const below = Math.floor(value * 100);
  return (below % 2 === 0 ? below : below + 1) / 100;
}

/** `part` of `whole` in percent, as printed. */
export function percent(part: number, whole: number): number {
  return twoDecimals((100 * part) / whole);
}

/** The exact mean. Of nothing: 0. */
export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
