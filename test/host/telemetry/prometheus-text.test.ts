/** The text for Prometheus, read by the rules of its format. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { metricDefinitions, type MetricDefinition } from '../../../src/host/telemetry/metric-definitions.ts';
import { MetricSet, mostPoints, type MetricData } from '../../../src/host/telemetry/metric-set.ts';
import { prometheusName, prometheusText } from '../../../src/host/telemetry/prometheus-text.ts';
import { parsePrometheus } from '../../support/prometheus-parser.ts';

test('counters, gauges and histograms, by a strict parser', () => {
  const set = new MetricSet();
  set.add('runsEnded', 2, 'completed');
  set.set('queueLength', 3, 'gpt "4"\\\n');
  set.record('callDuration', 0.015, 'chat', 'openai', 'm', '');
  set.record('callDuration', 0.02, 'chat', 'openai', 'm', '');
  set.record('callDuration', 1_000, 'chat', 'openai', 'm', '');
  const text = prometheusText(set.read());
  expect(text).toContain('ringzero_queue_length{ringzero_engine="gpt \\"4\\"\\\\\\n"} 3\n');
  const families = parsePrometheus(text);
  expect(families.get('ringzero_runs_ended_total')).toMatchObject({
    type: 'counter',
    help: 'Runs whose root process ended.',
    samples: [{ labels: { ringzero_process_outcome: 'completed' }, value: 2 }],
  });
  expect(families.get('ringzero_queue_length')!.samples[0]!.labels).toEqual({
    ringzero_engine: 'gpt "4"\\\n',
  });
  const { samples, type } = families.get('gen_ai_client_operation_duration_seconds')!;
  expect(type).toBe('histogram');
  const labels = { gen_ai_operation_name: 'chat', gen_ai_provider_name: 'openai', gen_ai_request_model: 'm' };
  const bucket = (le: string): number => samples.find((sample) => sample.labels['le'] === le)!.value;
  // A bound belongs to its bucket.
  expect(['0.01', '0.02', '0.04', '81.92', '+Inf'].map(bucket)).toEqual([0, 2, 2, 2, 3]);
  expect(samples.filter(({ name }) => !name.endsWith('_bucket'))).toEqual([
    { name: 'gen_ai_client_operation_duration_seconds_sum', labels, value: 1_000.035 },
    { name: 'gen_ai_client_operation_duration_seconds_count', labels, value: 3 },
  ]);
  expect(prometheusText([])).toBe('');
});

test('no two metrics have one name, and each name is one that Prometheus takes', () => {
  const names = Object.values(metricDefinitions).map((definition) => prometheusName(definition));
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
});

test('whatever attributes and values there are, the text says what the metrics say', () => {
  const text = fc.string({
    unit: fc.constantFrom('"', '\\', '\n', '\r', ',', '=', '{', '}', ' ', 'a', 'é', '😀', '#'),
    maxLength: 10,
  });
  const definition: MetricDefinition = {
    name: 'a.b',
    type: 'gauge',
    unit: '1',
    description: 'x',
    attributes: ['one', 'two.3'],
  };
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(text, text), {
        maxLength: 5,
        selector: (pair) => JSON.stringify(pair),
      }),
      fc.double({ noNaN: true }),
      text,
      (pairs, value, description) => {
        const points = pairs.map(([one, two]) => ({ attributes: { one, 'two.3': two }, value }));
        const metrics: readonly MetricData[] = [{ definition: { ...definition, description }, points }];
        const family = parsePrometheus(prometheusText(metrics)).get('a_b')!;
        expect(family.help).toBe(description);
        expect(family.samples).toEqual(
          points.map(({ attributes }) => ({
            name: 'a_b',
            labels: { one: attributes.one, two_3: attributes['two.3'] },
            value: value === 0 ? 0 : value,
          })),
        );
      },
    ),
    { seed: 1 },
  );
});

test('a metric has only so many points, and nothing is lost beyond', () => {
  const set = new MetricSet();
  for (let one = 0; one < mostPoints + 50; one++) set.add('callsRefused', 1, `CODE_${one}`);
  set.add('callsRefused', 1, 'CODE_0');
  const [metric] = set.read();
  expect(metric!.points.length).toBe(mostPoints + 1);
  expect(metric!.points[0]!.value).toBe(2);
  expect(metric!.points.at(-1)).toEqual({ attributes: { 'otel.metric.overflow': true }, value: 50 });
});
