/** The tables of docs/telemetry.md, made from the mapping. */
import { spanAttributes, spanEvents } from '../../src/host/telemetry/conventions.ts';
import { metricDefinitions, type MetricDefinition } from '../../src/host/telemetry/metric-definitions.ts';
import { prometheusName } from '../../src/host/telemetry/prometheus-text.ts';

const code = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');

export const attributeRows = (): readonly (readonly string[])[] =>
  Object.entries(spanAttributes).map(([name, row]) => [
    code([name]),
    code(row.on),
    `${row.means}${'isContent' in row ? ' (only with `--otlp-content`)' : ''}`,
  ]);

export const eventRows = (): readonly (readonly string[])[] =>
  Object.entries(spanEvents).map(([name, row]) => [code([name]), code(row.on), code(row.with), row.means]);

export const metricRows = (): readonly (readonly string[])[] =>
  Object.values(metricDefinitions).map((definition: MetricDefinition) => [
    code([definition.name]),
    code([prometheusName(definition)]),
    definition.type,
    code([definition.unit]),
    code(definition.attributes),
    definition.description,
  ]);
