/** A line chart as plain data: drawn as SVG by line-chart.ts and in a terminal by terminal-chart.ts. */

export interface LineChart {
  readonly title: string;
  /** One line under the title: what it was made from. */
  readonly subtitle?: string;
  readonly x: ChartAxis;
  readonly y: ChartAxis;
  /** In the order of the legend. */
  readonly series: readonly ChartSeries[];
}

export interface ChartAxis {
  readonly label: string;
  /**
   * A logarithmic axis shows values > 0 alone. A linear one begins at 0 where that leaves
   * half of it to the values.
   */
  readonly scale: 'linear' | 'log';
  readonly format: 'count' | 'percent';
}

export interface ChartSeries {
  readonly label: string;
  /** Ascending in x, all finite. */
  readonly points: readonly ChartPoint[];
  /** `bound`: no other line can lie below it; what lies there is shaded. Default `line`. */
  readonly kind?: 'line' | 'bound';
}

export interface ChartPoint {
  readonly x: number;
  readonly y: number;
  /** Half of a confidence interval of y. */
  readonly halfWidth?: number;
}
