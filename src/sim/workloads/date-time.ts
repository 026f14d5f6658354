/** Points of time as logs write them, in µs since 1970. */
import { fieldError, fileError } from './fields.ts';
import type { Place } from './fields.ts';

const isoForm = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** `2025-06-01T12:00:00.123Z`, or with an offset such as `+02:00`. Throws KernelError INVALID_FILE. */
export function isoTimeUs(place: Place, field: string, value: unknown): number {
  const allowed = 'a time such as "2025-06-01T12:00:00.123Z"';
  if (typeof value !== 'string') throw fieldError(place, field, value, allowed);
  const [whole, ...parts] = isoForm.exec(value) ?? [];
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(0, 6).map(Number);
  const isAllowed =
    whole !== undefined && month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour < 24 && minute < 60;
  if (!isAllowed || second > 60) throw fieldError(place, field, value, allowed);
  const fractionUs = Math.round(Number((parts[6] ?? '').padEnd(9, '0')) / 1_000);
  const offset = (Number(parts[8] ?? 0) * 60 + Number(parts[9] ?? 0)) * (parts[7] === '-' ? -1 : 1);
  const seconds = ((dayNumber(year, month, day) * 24 + hour) * 60 + minute - offset) * 60 + second;
  return seconds * 1_000_000 + fractionUs;
}

/** Nanoseconds since 1970, which don't fit into a number: digits in a text, or a number that lost the last ones. Throws KernelError INVALID_FILE. */
export function nanosecondsUs(place: Place, field: string, value: unknown): number {
  const isDigits = typeof value === 'string' && /^\d{1,19}$/.test(value);
  const isNumber = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 1e19;
  if (!isDigits && !isNumber) throw fieldError(place, field, value, 'nanoseconds since 1970, as digits');
  return Number(BigInt(value) / 1_000n);
}

/** Time that goes back where it can't. */
export function checkOrder(place: Place, startUs: number, endUs: number): void {
  if (endUs < startUs) throw fileError(place, 'ends before it starts; allowed: an end from the start on');
}

/**
 * Days since 1970-01-01 in the Gregorian calendar. Years are counted from March, so that the leap day is a year's last.
 * Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2013 (days_from_civil).
 */
export function dayNumber(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
