/** Figures as people read them, the same in every locale: `1 h 02 min`, `0:35.000`, `3.4 s`, `100,000`, `$0.0123`, `45.2 %`. */
import { assert } from '../base/assert.ts';

const MINUTE_US = 60_000_000;
const HOUR_US = 60 * MINUTE_US;
const DAY_US = 24 * HOUR_US;

/**
 * A duration in µs, at least 0, in its two largest units: `2 d 03 h`, `1 h 02 min`, `4 min 05 s`, `3.4 s`, `250 ms`, `1.5 ms`, `15 µs`. Rounded to what is
 * shown before the unit is chosen, so that there is no `60.0 s`. Infinity: `∞`.
 */
export function formatDuration(us: number): string {
  assert(us >= 0, () => `a duration of ${us} µs`);
  if (us === Infinity) return '∞';
  const seconds = Math.round(us / 1_000_000);
  if (us >= DAY_US - MINUTE_US / 2) return twoUnits(Math.round(us / HOUR_US), 24, 'd', 'h');
  if (us >= HOUR_US - 500_000) return twoUnits(Math.round(us / MINUTE_US), 60, 'h', 'min');
  if (us >= MINUTE_US - 50_000) return twoUnits(seconds, 60, 'min', 's');
  if (us >= 999_500) return `${(us / 1_000_000).toFixed(1)} s`;
  if (us >= 10_000) return `${Math.round(us / 1000)} ms`;
  if (us >= 999.5) return `${trimZero((us / 1000).toFixed(1))} ms`;
  return `${Math.round(us)} µs`;
}

/**
 * A moment, µs from the start, as a clock shows it, to the microsecond where it is between milliseconds: `0:35.000`, `12:00.250`, `1:02:03.123456`.
 */
export function formatClock(us: number): string {
  assert(Number.isSafeInteger(us) && us >= 0, () => `a moment of ${us} µs`);
  const hours = Math.floor(us / HOUR_US);
  const minutes = Math.floor((us % HOUR_US) / MINUTE_US);
  const seconds = Math.floor((us % MINUTE_US) / 1_000_000);
  const fraction = String(us % 1_000_000).padStart(6, '0');
  const shown = fraction.endsWith('000') ? fraction.slice(0, 3) : fraction;
  const two = (count: number): string => String(count).padStart(2, '0');
  return `${hours === 0 ? minutes : `${formatCount(hours)}:${two(minutes)}`}:${two(seconds)}.${shown}`;
}

/** As disks are counted: `999 B`, `1.5 kB`, `23 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let amount = bytes;
  for (; amount >= 999.5 && unit < units.length - 1; unit++) amount /= 1_000;
  return `${unit === 0 || amount >= 99.95 ? Math.round(amount) : trimZero(amount.toFixed(1))} ${units[unit]!}`;
}

/** Groups of three: `1234567` → `1,234,567`. Rounded to an integer. Infinity: `∞`. */
export function formatCount(count: number): string {
  assert(!Number.isNaN(count), 'a count of NaN');
  if (Math.abs(count) === Infinity) return count < 0 ? '-∞' : '∞';
  const rounded = Math.round(Math.abs(count));
  const digits = String(rounded).replace(/\B(?=(\d{3})+$)/g, ',');
  return count < 0 && rounded !== 0 ? `-${digits}` : digits;
}

/**
 * Micro-dollars as dollars: two decimals from 10 $ on, four below, six for less than a cent; no amount above 0 is shown as nothing.
 * `12_345_678_900` → `$12,345.68`, `1_230_000` → `$1.2300`, `15` → `$0.000015`.
 */
export function formatMoney(microDollars: number): string {
  assert(Number.isFinite(microDollars), () => `an amount of ${microDollars} micro-dollars`);
  const amount = Math.abs(microDollars);
  const decimals = amount >= 10_000_000 ? 2 : amount >= 10_000 || amount === 0 ? 4 : 6;
  const unit = [1, 10, 100, 1000, 10_000][6 - decimals]!;
  const scaled = Math.round(amount / unit);
  const perDollar = 1_000_000 / unit;
  const whole = Math.floor(scaled / perDollar);
  const rest = String(scaled % perDollar).padStart(decimals, '0');
  return `${microDollars < 0 ? '-' : ''}$${formatCount(whole)}.${rest}`;
}

/** `0.4523` → `45.2 %`; whole from 99.95 % on and for 0: `100 %`, `0 %`. */
export function formatPercent(fraction: number): string {
  assert(!Number.isNaN(fraction), 'a percentage of NaN');
  if (Math.abs(fraction) === Infinity) return `${fraction < 0 ? '-' : ''}∞ %`;
  return `${trimZero((fraction * 100).toFixed(1))} %`;
}

/** `62` minutes of 60 to the hour → `1 h 02 min`. */
function twoUnits(small: number, perLarge: number, large: string, unit: string): string {
  return `${formatCount(Math.floor(small / perLarge))} ${large} ${String(small % perLarge).padStart(2, '0')} ${unit}`;
}

function trimZero(text: string): string {
  return text.endsWith('.0') ? text.slice(0, -2) : text;
}
