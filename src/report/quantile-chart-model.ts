/** Distributions side by side as plain data, a row for each: drawn as SVG by quantile-chart.ts and in a terminal by quantile-chart-text.ts. */
import type { ChartAxis } from './line-chart-model.ts';

export interface QuantileChart {
  readonly title: string;
  /** One line under the title: what it was made from. */
  readonly subtitle?: string;
  /** Of the values, which are at least 0. */
  readonly label: string;
  /** What the marks beside the mean are, at most three, ascending: `p50`, `p95`, `p99`. */
  readonly quantiles: readonly string[];
  readonly rows: readonly QuantileRow[];
  /** No mean can lie below it. */
  readonly bound?: { readonly label: string; readonly value: number };
}

export interface QuantileRow {
  readonly label: string;
  readonly mean: number;
  /** Half of the confidence interval of the mean; 0 where there is none. */
  readonly halfWidth: number;
  /** As many as the chart names, ascending. */
  readonly quantiles: readonly number[];
}

/** Widest and narrowest from which on a linear axis shows nothing of the narrow ones. */
const mostLinear = 25;

export function quantileAxis({ label, rows, bound }: QuantileChart): ChartAxis {
  const values = [...rows.flatMap(({ mean, quantiles }) => [mean, ...quantiles]), bound?.value ?? Infinity];
  const smallest = Math.min(...values);
  const largest = Math.max(...values.filter((value) => value < Infinity));
  return {
    label,
    scale: smallest > 0 && largest > mostLinear * smallest ? 'log' : 'linear',
    format: 'count',
  };
}

/** What has to be on the axis. */
export function quantileValues(chart: QuantileChart): number[] {
  const { rows, bound } = chart;
  const values = rows.flatMap(({ mean, halfWidth, quantiles }) => [mean, mean + halfWidth, ...quantiles]);
  if (bound !== undefined) values.push(bound.value);
  // A linear axis begins at 0: lengths are compared.
  return quantileAxis(chart).scale === 'linear' ? [0, ...values] : values;
}
