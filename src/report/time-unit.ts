/** One unit for all times of a table or an axis, so that numbers can be compared without reading units. */
import { assert } from '../base/assert.ts';
import { formatCount } from './format.ts';

export interface TimeUnit {
  readonly name: string;
  readonly us: number;
}

const units: readonly TimeUnit[] = [
  { name: 'd', us: 86_400_000_000 },
  { name: 'h', us: 3_600_000_000 },
  { name: 'min', us: 60_000_000 },
  { name: 's', us: 1_000_000 },
  { name: 'ms', us: 1_000 },
  { name: 'µs', us: 1 },
];

/** The largest in which this time is at least 2, so that what is smaller still has digits. */
export function timeUnitFor(us: number): TimeUnit {
  assert(us >= 0, () => `a duration of ${us} µs`);
  return units.find((unit) => us >= 2 * unit.us) ?? units.at(-1)!;
}

/** At least three digits, the unit itself left out: `0.123`, `1.23`, `12.3`, `1,234`. */
export function threeDigits(value: number): string {
  return withDecimals(value, decimalsOf(value));
}

/** `12.3 ± 0.4`: both with the decimals that the mean has. Without ends, as of a single value, the mean alone. */
export function meanAndHalf(mean: number, half: number): string {
  const decimals = decimalsOf(mean);
  return Number.isFinite(half)
    ? `${withDecimals(mean, decimals)} ± ${withDecimals(half, decimals)}`
    : withDecimals(mean, decimals);
}

function decimalsOf(value: number): number {
  const size = Math.abs(value);
  // Rounded first: 9.996 has two decimals, not 10.00.
  if (size >= 99.95) return 0;
  if (size >= 9.995) return 1;
  return size >= 0.9995 ? 2 : 3;
}

function withDecimals(value: number, decimals: number): string {
  if (decimals === 0) return formatCount(value);
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? '0' : text;
}
