/** Horizontal bars of text: one share of a whole, or a whole split into its parts. */
import { assert } from '../base/assert.ts';
import { formatPercent } from './format.ts';
import type { Paint } from './table.ts';
import { fit, printable } from './text-width.ts';

/** Eighths of a character cell, from one to seven. */
const eighths = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** `fraction` (0 to 1; beyond is shown as full) of `width` columns, to an eighth of a column; the rest is `·`, so that the whole can be seen. */
export function bar(fraction: number, width: number): string {
  assert(!Number.isNaN(fraction), 'a bar of NaN');
  const steps = Math.round(Math.min(1, Math.max(0, fraction)) * width * 8);
  const full = steps >> 3;
  const rest = steps & 7;
  const drawn = '█'.repeat(full) + (rest === 0 ? '' : eighths[rest - 1]);
  return drawn + '·'.repeat(width - full - (rest === 0 ? 0 : 1));
}

export interface LabelledBar {
  readonly label: string;
  readonly fraction: number;
  /** Behind the percentage: what the share is of. Shown as it is, so it may be coloured; names from outside go into the label. */
  readonly note?: string;
}

export interface BarOptions {
  /** Columns of the bar alone. */
  readonly width: number;
  /** Columns of the label; default: as wide as the label is. */
  readonly labelWidth?: number;
  readonly paint?: Paint;
}

/** `label  ████▌·····  45 %  note`. */
export function labelledBar({ label, fraction, note = '' }: LabelledBar, options: BarOptions): string {
  const { width, labelWidth, paint = identity } = options;
  const name = printable(label);
  const parts = [
    labelWidth === undefined ? name : fit(name, labelWidth),
    paint(bar(fraction, width)),
    formatPercent(fraction).padStart(6),
    note,
  ];
  return parts.filter((part) => part !== '').join('  ');
}

export interface BarPart {
  readonly label: string;
  /** In any unit, at least 0; the parts together are the whole. */
  readonly value: number;
  /** One column wide; tells the parts apart where there are no colours. */
  readonly glyph: string;
  readonly paint?: Paint;
}

/**
 * The parts side by side in exactly `width` columns, by the largest-remainder rule; among equal remainders the first part gets the
 * column. All parts zero: spaces.
 */
export function splitBar(parts: readonly BarPart[], width: number): string {
  return columnsOf(
    parts.map((part) => part.value),
    width,
  )
    .map((columns, index) =>
      columns === 0 ? '' : (parts[index]!.paint ?? identity)(parts[index]!.glyph.repeat(columns)),
    )
    .join('')
    .concat(parts.some((part) => part.value > 0) ? '' : ' '.repeat(width));
}

/** `█ decode 62 %  ░ ready 30 %`, parts of nothing left out. */
export function splitLegend(parts: readonly BarPart[]): string {
  const whole = parts.reduce((sum, part) => sum + part.value, 0);
  return parts
    .filter((part) => part.value > 0)
    .map(
      ({ glyph, label, value, paint = identity }) =>
        `${paint(glyph)} ${printable(label)} ${formatPercent(value / whole)}`,
    )
    .join('  ');
}

/** How many of `width` columns each value gets: they sum to `width`, or to 0 when all values are 0. */
function columnsOf(values: readonly number[], width: number): number[] {
  for (const value of values) assert(value >= 0 && Number.isFinite(value), () => `a part of ${value}`);
  const whole = values.reduce((sum, value) => sum + value, 0);
  if (whole === 0) return values.map(() => 0);
  const exact = values.map((value) => (value / whole) * width);
  const columns = exact.map((share) => Math.floor(share));
  const left = width - columns.reduce((sum, share) => sum + share, 0);
  const byRemainder = exact.map((share, index) => ({ index, remainder: share - columns[index]! }));
  byRemainder.sort((a, b) => b.remainder - a.remainder || a.index - b.index);
  for (const { index } of byRemainder.slice(0, left)) columns[index]!++;
  return columns;
}

const identity = (text: string): string => text;
