/**
 * Parsers of option values. Each returns the value or throws a KernelError of one line that names the option, the value
 * and what is allowed: `--cores: "x" is not allowed; allowed: an integer from 1 to 1024`.
 *
 * With commander: `.option('--cores N', '…', (text) => parseInteger('--cores', text, { min: 1, max: 1024 }), 8)`.
 */
import { invalid } from '../kernel/errors.ts';

/** Bounds are part of the range. `max` defaults to the largest integer that a number holds exactly. */
export interface IntegerRange {
  readonly min: number;
  readonly max?: number;
}

/** A whole number in decimal digits, such as `1000` or `1_000`. */
export function parseInteger(
  option: string,
  text: string,
  { min, max = Number.MAX_SAFE_INTEGER }: IntegerRange,
): number {
  const value = /^-?\d+(_\d+)*$/.test(text) ? Number(text.replaceAll('_', '')) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw invalid(option, text, integersFrom(min, max, value));
}

/** A finite decimal number above 0, such as `0.5`. */
export function parsePositive(option: string, text: string): number {
  const value = decimal(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw invalid(option, text, 'a number greater than 0');
}

/** A finite decimal number from `min` to `max`, both included. */
export function parseNumber(
  option: string,
  text: string,
  { min, max }: { min: number; max: number },
): number {
  const value = decimal(text);
  if (value >= min && value <= max) return value;
  throw invalid(option, text, `a number from ${min} to ${max}`);
}

/** A span of time as a number with a unit: `250us`, `100ms`, `60s`, `5m`, `1h`. Returns whole microseconds, at least 1. */
export function parseDurationUs(option: string, text: string): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)(us|ms|s|m|h|d)$/.exec(text) ?? [];
  const valueUs = Math.round(Number(digits) * (microsecondsOf[unit] ?? Number.NaN));
  if (valueUs >= 1 && valueUs <= Number.MAX_SAFE_INTEGER) return valueUs;
  throw invalid(option, text, 'a time above 0 with its unit, such as 100ms, 60s or 5m');
}

const microsecondsOf: Readonly<Record<string, number>> = {
  us: 1,
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000,
};

/** Bytes with a unit, as disks count them. */
export function parseBytes(option: string, text: string): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)(B|kB|KB|MB|GB|TB)?$/.exec(text) ?? [];
  const bytes = Math.floor(
    Number(digits) * 1_000 ** Math.max(0, ['B', 'KB', 'MB', 'GB', 'TB'].indexOf(unit.toUpperCase())),
  );
  if (digits !== '' && Number.isSafeInteger(bytes)) return bytes;
  throw invalid(option, text, 'bytes with their unit, such as 500MB or 2GB');
}

/** One of `choices`, exactly as written. */
export function parseChoice<Choice extends string>(
  option: string,
  text: string,
  choices: readonly Choice[],
): Choice {
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw invalid(option, text, choices.join(', '));
}

/** `a,b,c` or `a, b, c`, each read by `parse`; an empty list is an error, an empty item is for `parse` to refuse. */
export function parseList<Item>(option: string, text: string, parse: (item: string) => Item): Item[] {
  if (text.trim() === '') throw invalid(option, text, 'one value or several with commas between');
  return text.split(',').map((item) => parse(item.trim()));
}

/** Names with commas between, each once, in their order; `all` stands for those of `table`. What is no name, such as '', is for the caller to refuse. */
export function parseNames(text: string, table: readonly string[]): string[] {
  const named = text.split(',').map((name) => name.trim());
  return [...new Set(named.flatMap((name) => (name === 'all' ? table : [name])))];
}

/** NaN unless the whole text is one decimal number: `Number` alone takes '', ' 1', '0x10' and 'Infinity', too. */
function decimal(text: string): number {
  return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}

/** The largest exact integer is no limit that anybody meets, but for who does. */
function integersFrom(min: number, max: number, value: number): string {
  return max === Number.MAX_SAFE_INTEGER && !(value > max)
    ? `an integer from ${min} up`
    : `an integer from ${min} to ${max}`;
}
