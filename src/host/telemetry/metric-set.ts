/** What metrics have come to: cumulative since the set was made. A metric has as many points as combinations of attributes were met, up to a limit. */
import { assert } from '../../base/assert.ts';
import {
  metricDefinitions,
  type MetricDefinition,
  type MetricName,
  type MetricOf,
} from './metric-definitions.ts';
import type { Attributes } from './span.ts';

/** One metric as it stands. */
export interface MetricData {
  readonly definition: MetricDefinition;
  readonly points: readonly MetricPoint[];
}
export interface MetricPoint {
  readonly attributes: Attributes;
  /** Of a histogram the sum of what was recorded. */
  readonly value: number;
  readonly histogram?: HistogramData;
}
export interface HistogramData {
  readonly count: number;
  /** Of what was recorded; 0 and 0 when that is nothing. */
  readonly min: number;
  readonly max: number;
  /** How much fell into each bucket; one more than there are bounds. */
  readonly buckets: readonly number[];
}

/** Points of a metric at most; what comes behind them is gathered in one more, as OpenTelemetry's SDK specification has it (metrics, cardinality limits). */
export const mostPoints = 1_000;
const overflow: Attributes = { 'otel.metric.overflow': true };

interface Point {
  readonly attributes: Attributes;
  value: number;
  count: number;
  min: number;
  max: number;
  readonly buckets: number[];
}

export class MetricSet {
  private readonly metrics = new Map<MetricName, Map<string, Point>>();

  /** `values`: of the metric's attributes, in their order. */
  add(name: MetricOf<'counter' | 'gauge'>, change: number, ...values: readonly string[]): void {
    this.point(name, values).value += change;
  }

  set(name: MetricOf<'gauge'>, value: number, ...values: readonly string[]): void {
    this.point(name, values).value = value;
  }

  /** A counter that somebody else counts. */
  total(name: MetricOf<'counter'>, value: number, ...values: readonly string[]): void {
    this.point(name, values).value = value;
  }

  record(name: MetricOf<'histogram'>, value: number, ...values: readonly string[]): void {
    const point = this.point(name, values);
    const { bounds } = metricDefinitions[name];
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
    point.buckets[bucket]!++;
    point.count++;
    point.value += value;
    if (value < point.min) point.min = value;
    if (value > point.max) point.max = value;
  }

  /** Forgets the points of a gauge that is told anew. */
  clear(name: MetricOf<'gauge'>): void {
    this.metrics.delete(name);
  }

  /** In the order of the definitions; those without a point are left out. The caller's own. */
  read(): readonly MetricData[] {
    return (Object.keys(metricDefinitions) as MetricName[]).flatMap((name) => {
      const points = this.metrics.get(name);
      if (points === undefined) return [];
      const definition: MetricDefinition = metricDefinitions[name];
      return [{ definition, points: [...points.values()].map((point) => dataOf(definition, point)) }];
    });
  }

  private point(name: MetricName, values: readonly string[]): Point {
    let points = this.metrics.get(name);
    if (points === undefined) this.metrics.set(name, (points = new Map()));
    const key = values.length === 1 ? values[0]! : values.join('\u0000');
    const known = points.get(key);
    if (known !== undefined) return known;
    const definition: MetricDefinition = metricDefinitions[name];
    assert(
      values.length === definition.attributes.length,
      () => `${definition.name}: ${values.length} attributes`,
    );
    if (points.size < mostPoints) return added(points, key, definition, attributesOf(definition, values));
    // No attribute has this value.
    return points.get(overflowKey) ?? added(points, overflowKey, definition, overflow);
  }
}

const overflowKey = '\u0000overflow\u0000';

function added(
  points: Map<string, Point>,
  key: string,
  { bounds }: MetricDefinition,
  attributes: Attributes,
): Point {
  const buckets = bounds === undefined ? [] : Array.from({ length: bounds.length + 1 }, () => 0);
  const point = { attributes, value: 0, count: 0, min: Infinity, max: -Infinity, buckets };
  points.set(key, point);
  return point;
}

function attributesOf({ attributes }: MetricDefinition, values: readonly string[]): Attributes {
  const entries = attributes.map((name, index) => [name, values[index]!] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== ''));
}

function dataOf(
  { type }: MetricDefinition,
  { attributes, value, count, min, max, buckets }: Point,
): MetricPoint {
  if (type !== 'histogram') return { attributes, value };
  const isEmpty = count === 0;
  return {
    attributes,
    value,
    histogram: { count, min: isEmpty ? 0 : min, max: isEmpty ? 0 : max, buckets: [...buckets] },
  };
}
