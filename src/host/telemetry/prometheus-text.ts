/**
 * Metrics as Prometheus reads them.
 *
 * Source: Prometheus text exposition format 0.0.4; names as OpenTelemetry's specification has it ("Prometheus and OpenMetrics compatibility"): what names may not hold becomes "_", the unit is a suffix, and so is
 * `_total` of a counter.
 */
import type { MetricDefinition } from './metric-definitions.ts';
import type { MetricData, MetricPoint } from './metric-set.ts';
import type { Attributes } from './span.ts';

/** Content type of the text. */
export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8';

export function prometheusText(metrics: readonly MetricData[]): string {
  const lines: string[] = [];
  for (const { definition, points } of metrics) {
    const name = prometheusName(definition);
    lines.push(`# HELP ${name} ${escapedHelp(definition.description)}`, `# TYPE ${name} ${definition.type}`);
    for (const point of points) {
      if (point.histogram === undefined) lines.push(sample(name, point.attributes, point.value));
      else lines.push(...histogramLines(name, definition, point));
    }
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** The name of a metric's family; its samples begin with it. */
export function prometheusName({ name, unit, type }: MetricDefinition): string {
  const base = plain(name);
  const suffix = unit === 's' ? '_seconds' : '';
  return `${base}${suffix}${type === 'counter' ? '_total' : ''}`;
}

function histogramLines(
  name: string,
  { bounds = [] }: MetricDefinition,
  point: MetricPoint,
): readonly string[] {
  const { attributes, value, histogram } = point;
  const { buckets, count } = histogram!;
  let sum = 0;
  const lines = bounds.map((bound, index) => {
    sum += buckets[index]!;
    return sample(`${name}_bucket`, { ...attributes, le: numberText(bound) }, sum);
  });
  return [
    ...lines,
    sample(`${name}_bucket`, { ...attributes, le: '+Inf' }, count),
    sample(`${name}_sum`, attributes, value),
    sample(`${name}_count`, attributes, count),
  ];
}

function sample(name: string, attributes: Attributes, value: number): string {
  const labels = Object.entries(attributes).map(
    ([label, text]) => `${plain(label)}="${escapedLabel(String(text))}"`,
  );
  return `${name}${labels.length === 0 ? '' : `{${labels.join(',')}}`} ${numberText(value)}`;
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}

const plain = (name: string): string => name.replaceAll(/[^a-zA-Z0-9_]/g, '_');
const escapedHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
const escapedLabel = (text: string): string => escapedHelp(text).replaceAll('"', '\\"');
