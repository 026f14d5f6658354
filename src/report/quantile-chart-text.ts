/** Distributions side by side in a terminal: a row for each, with a sign for each quantile and one for the mean; signs that fall on one column hide each other, the mean last. */
import { assert } from '../base/assert.ts';
import { chartScale } from './chart-scale.ts';
import { quantileAxis, quantileValues, type QuantileChart } from './quantile-chart-model.ts';
import type { Paint } from './table.ts';
import { axisLabels, axisLine, columnOf } from './text-axis.ts';
import { fit, printable, textWidth, truncate } from './text-width.ts';

export interface QuantileTextOptions {
  /** Columns in all, at least 40. */
  readonly width: number;
  /** Of what is not a sign; default: no colour. */
  readonly dim?: Paint;
}

const signs = ['○', '□', '△'] as const;
const MEAN = '●';
const BOUND = '┊';
const WIDEST_NAME = 24;

/** Lines without their ends, none wider than `width`. */
export function quantileChartText(
  chart: QuantileChart,
  { width, dim = identity }: QuantileTextOptions,
): string[] {
  assert(width >= 40, () => `a chart of ${width} characters; at least 40`);
  const names = chart.rows.map(({ label }) => truncate(printable(label), WIDEST_NAME));
  const gutter = Math.max(0, ...names.map(textWidth));
  const columns = width - gutter - 2;
  const axis = quantileAxis(chart);
  const scale = chartScale(axis, quantileValues(chart), Math.floor(columns / 10));
  const at = (value: number): number => columnOf(scale, value, columns);
  const boundAt = chart.bound === undefined ? -1 : at(chart.bound.value);
  const rows = chart.rows.map(({ mean, quantiles }, index) => {
    const cells = Array.from({ length: columns }, () => ' ');
    if (boundAt >= 0) cells[boundAt] = dim(BOUND);
    for (let column = at(quantiles[0] ?? mean); column <= at(quantiles.at(-1) ?? mean); column++)
      cells[column] = dim('─');
    for (let number = quantiles.length - 1; number >= 0; number--)
      cells[at(quantiles[number]!)] = signs[number % signs.length]!;
    cells[at(mean)] = MEAN;
    return `${fit(names[index]!, gutter)} ${dim('│')}${cells.join('').trimEnd()}`;
  });
  const name = axis.scale === 'log' ? `${axis.label} (logarithmic)` : axis.label;
  const key = [
    ...chart.quantiles.map((label, number) => `${signs[number % signs.length]!} ${printable(label)}`),
    `${MEAN} mean`,
    ...(chart.bound === undefined ? [] : [`${BOUND} ${printable(chart.bound.label)}`]),
  ];
  return [
    ...rows,
    `${' '.repeat(gutter + 1)}${dim(`└${axisLine(scale, columns)}`)}`,
    truncate(`${' '.repeat(gutter + 2)}${axisLabels(scale, columns)}`, width).trimEnd(),
    truncate(`${' '.repeat(gutter + 2)}${key.join('   ')}`, width),
    fit(printable(name), width, 'right'),
  ];
}

const identity = (text: string): string => text;
