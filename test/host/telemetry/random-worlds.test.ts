/** Whatever happens in a kernel: every span ends, ids are unique, parents known, times inside; and the sums of spans, metrics and ledger are those of the measured run. */
import { expect, test } from 'vitest';

import { spanAttributes, spanEvents, type SpanType } from '../../../src/host/telemetry/conventions.ts';
import type { MetricData } from '../../../src/host/telemetry/metric-set.ts';
import type { SpanData } from '../../../src/host/telemetry/span.ts';
import { Telemetry } from '../../../src/host/telemetry/telemetry.ts';
import { Kernel } from '../../../src/kernel/kernel.ts';
import type { LedgerRecord } from '../../../src/kernel/records.ts';
import { Metrics } from '../../../src/sim/metrics/metrics.ts';
import { runWorld } from '../../sim/random-world.ts';
import { seedCount } from '../../support/seeds.ts';

interface ToldWorld {
  readonly spans: readonly SpanData[];
  readonly metrics: readonly MetricData[];
  readonly settled: readonly LedgerRecord[];
  readonly measured: Metrics;
  readonly endUs: number;
}

function toldWorld(seed: number): ToldWorld {
  const spans: SpanData[] = [];
  const settled: LedgerRecord[] = [];
  const made: { telemetry?: Telemetry; measured?: Metrics } = {};
  let endUs = 0;
  runWorld(seed, {
    alter(setup) {
      // A kernel like that of the world, which stands still.
      const kernel = new Kernel(setup.kernel);
      made.telemetry = new Telemetry(kernel, { onSpan: (span) => spans.push(span) });
      made.measured = new Metrics({ engines: kernel.options.engines });
      return setup;
    },
    onEvent: (event) => made.measured!.onEvent(event),
    onOutput(output, input) {
      made.telemetry!.take(output, input);
      endUs = input.atUs;
      for (const record of output.records)
        if (record.type === 'ledger' && record.what === 'settled') settled.push(record);
    },
  });
  const metrics = made.telemetry!.metrics();
  const before = spans.length;
  made.telemetry!.close();
  // Nothing was left open.
  expect(spans.length).toBe(before);
  return { spans, metrics, settled, measured: made.measured!, endUs };
}

function sumOf(metrics: readonly MetricData[], name: string, attributes: object = {}): number {
  const points = metrics.find(({ definition }) => definition.name === name)?.points ?? [];
  const wanted = Object.entries(attributes);
  return points
    .filter((point) => wanted.every(([key, value]) => point.attributes[key] === value))
    .reduce((sum, { value }) => sum + value, 0);
}

function problemsOf(spans: readonly SpanData[]): readonly string[] {
  const problems: string[] = [];
  const byId = new Map<string, SpanData>();
  for (const span of spans) {
    if (byId.has(span.spanId)) problems.push(`${span.name}: the id of ${byId.get(span.spanId)!.name}`);
    byId.set(span.spanId, span);
  }
  for (const { name, startUs, endUs, events, attributes, parentSpanId, status, traceId } of spans) {
    if (endUs < startUs) problems.push(`${name}: ends before it begins`);
    if (events.some(({ atUs }) => atUs < startUs || atUs > endUs)) problems.push(`${name}: an event outside`);
    if ((status === 'error') !== 'error.type' in attributes) problems.push(`${name}: ${status}`);
    const parent = parentSpanId === undefined ? undefined : byId.get(parentSpanId);
    if ((parent === undefined) !== (attributes['ringzero.process.parent'] === 0))
      problems.push(`${name}: its parent is not known`);
    if (parent === undefined) continue;
    if (traceId !== parent.traceId) problems.push(`${name}: its parent is in another trace`);
    if (startUs < parent.startUs) problems.push(`${name}: begins before its parent`);
    if (!name.startsWith('invoke_agent') && endUs > parent.endUs)
      problems.push(`${name}: ends after its parent`);
  }
  return problems;
}

/** Names that the mapping does not have for such a span. */
function unknownNames({ attributes, events }: SpanData): readonly string[] {
  const type = attributes['gen_ai.operation.name'] as SpanType;
  const isOn = (row: { readonly on: readonly SpanType[] } | undefined): boolean =>
    row?.on.includes(type) ?? false;
  const rows: Readonly<Record<string, { readonly on: readonly SpanType[] }>> = spanAttributes;
  const eventRows: Readonly<
    Record<string, { readonly on: readonly SpanType[]; readonly with: readonly string[] }>
  > = spanEvents;
  return [
    ...Object.keys(attributes).filter(
      (name) => !isOn(rows[name.replace(/^(ringzero\.time\.waiting\.).*/, '$1*')]),
    ),
    ...events.flatMap((event) => {
      const row = eventRows[event.name];
      if (!isOn(row)) return [event.name];
      return Object.keys(event.attributes).filter((name) => !row!.with.includes(name));
    }),
  ];
}

test('random worlds are told whole', () => {
  const events = new Set<string>();
  let spanCount = 0;
  for (let seed = 1; seed <= seedCount(8, 400); seed++) {
    const { spans, metrics, settled, measured, endUs } = toldWorld(seed);
    expect([...problemsOf(spans), ...spans.flatMap(unknownNames)], `seed ${seed}`).toEqual([]);
    const result = measured.result(endUs);
    const agents = spans.filter(({ name }) => name.startsWith('invoke_agent'));
    expect(agents.length).toBe(result.processes);
    expect(sumOf(metrics, 'ringzero.processes')).toBe(0);
    expect(sumOf(metrics, 'ringzero.cores.busy')).toBe(0);
    expect(sumOf(metrics, 'ringzero.queue.length')).toBe(0);
    expect(sumOf(metrics, 'ringzero.memory.used')).toBeGreaterThanOrEqual(0);
    const outcome = (word: string): number =>
      sumOf(metrics, 'ringzero.processes.ended', { 'ringzero.process.outcome': word });
    const { completed, failed, cancelled, killed } = result;
    expect(['completed', 'failed', 'cancelled', 'killed'].map(outcome)).toEqual([
      completed,
      failed,
      cancelled,
      killed,
    ]);

    const told = (type: SpanType, name: string): number =>
      spans
        .filter(({ attributes }) => attributes['gen_ai.operation.name'] === type)
        .reduce((sum, { attributes }) => sum + (attributes[name] as number), 0);
    const ledger = (part: (record: LedgerRecord) => number): number =>
      settled.reduce((sum, record) => sum + part(record), 0);
    const tokensIn = ledger(({ tokens, tokensOut }) => tokens - tokensOut);
    const tokensOut = ledger((record) => record.tokensOut);
    const usage = (type: string): number =>
      sumOf(metrics, 'gen_ai.client.token.usage', { 'gen_ai.token.type': type });
    for (const type of ['invoke_agent', 'chat'] as const) {
      expect(told(type, 'gen_ai.usage.input_tokens'), `seed ${seed}`).toBe(tokensIn);
      expect(told(type, 'gen_ai.usage.output_tokens'), `seed ${seed}`).toBe(tokensOut);
      expect(told(type, 'ringzero.cost.micro_dollars')).toBe(ledger(({ microDollars }) => microDollars));
    }
    expect([usage('input'), usage('output')]).toEqual([tokensIn, tokensOut]);

    const time = (state: string, reason?: string): number =>
      sumOf(metrics, 'ringzero.process.time', {
        'ringzero.process.state': state,
        ...(reason === undefined ? {} : { 'ringzero.reason': reason }),
      });
    const { split } = result;
    expect(time('ready')).toBeCloseTo(split.readyUs / 1e6, 5);
    expect(time('suspended')).toBeCloseTo(split.suspendedUs / 1e6, 5);
    for (const [reason, us] of Object.entries(split.waiting))
      expect(time('waiting', reason), `seed ${seed}: ${reason}`).toBeCloseTo(us / 1e6, 5);
    const busyUs = result.engines.reduce((sum, engine) => sum + engine.busyUs, 0);
    expect(sumOf(metrics, 'ringzero.core.time')).toBeCloseTo(busyUs / 1e6, 5);
    expect(told('chat', 'ringzero.call.core_time')).toBeCloseTo(busyUs / 1e6, 5);
    const faulted = Object.values(result.faults).reduce((sum, { tokens }) => sum + tokens, 0);
    expect(sumOf(metrics, 'ringzero.memory.faults')).toBe(faulted);
    expect(told('invoke_agent', 'ringzero.faults.tokens')).toBe(faulted);
    for (const span of spans) for (const { name } of span.events) events.add(name);
    spanCount += spans.length;
  }
  // The worlds were worth it.
  expect(spanCount).toBeGreaterThan(200);
  expect(events.size).toBeGreaterThan(7);
}, 60_000);
