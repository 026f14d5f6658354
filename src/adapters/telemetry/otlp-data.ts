/** Our spans and metrics as OpenTelemetry's exporters take them. */
import {
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  ValueType,
  type HrTime,
  type SpanContext,
} from '@opentelemetry/api';
import {
  AggregationTemporality,
  DataPointType,
  type MetricData as SdkMetric,
} from '@opentelemetry/sdk-metrics';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';

import type { MetricData, MetricPoint } from '../../host/telemetry/metric-set.ts';
import type { TelemetryScope } from '../../host/telemetry/open-telemetry.ts';
import type { Attributes, SpanData } from '../../host/telemetry/span.ts';

type SdkAttributes = ReadableSpan['attributes'];

export function readableSpan(span: SpanData, resource: Resource, scope: TelemetryScope): ReadableSpan {
  const { traceId, spanId, parentSpanId, startUs, endUs, status, message } = span;
  const context = (id: string): SpanContext => ({ traceId, spanId: id, traceFlags: TraceFlags.SAMPLED });
  return {
    name: span.name,
    kind: span.kind === 'client' ? SpanKind.CLIENT : SpanKind.INTERNAL,
    spanContext: () => context(spanId),
    ...(parentSpanId === undefined ? {} : { parentSpanContext: context(parentSpanId) }),
    startTime: timeOf(startUs),
    endTime: timeOf(endUs),
    duration: timeOf(endUs - startUs),
    ended: true,
    status: status === 'error' ? { code: SpanStatusCode.ERROR, message } : { code: SpanStatusCode.UNSET },
    attributes: sdkAttributes(span.attributes),
    links: [],
    events: span.events.map(({ name, atUs, attributes }) => ({
      name,
      time: timeOf(atUs),
      attributes: sdkAttributes(attributes),
    })),
    resource,
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: span.droppedEvents,
    droppedLinksCount: 0,
  };
}

export interface MetricTimes {
  readonly startUs: number;
  readonly nowUs: number;
}

export function sdkMetric({ definition, points }: MetricData, times: MetricTimes): SdkMetric {
  const { name, description, unit, type, bounds = [] } = definition;
  const valueType = unit === 's' ? ValueType.DOUBLE : ValueType.INT;
  const data = {
    descriptor: { name, description, unit, valueType },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  const point = <Value>({ attributes }: MetricPoint, value: Value) => ({
    startTime: timeOf(times.startUs),
    endTime: timeOf(times.nowUs),
    attributes: sdkAttributes(attributes),
    value,
  });
  switch (type) {
    case 'histogram':
      return {
        ...data,
        dataPointType: DataPointType.HISTOGRAM,
        dataPoints: points.map((one) => {
          const { buckets, count, min, max } = one.histogram!;
          const counts = { boundaries: [...bounds], counts: [...buckets] };
          return point(one, { buckets: counts, sum: one.value, count, min, max });
        }),
      };
    case 'gauge':
      return {
        ...data,
        dataPointType: DataPointType.GAUGE,
        dataPoints: points.map((one) => point(one, one.value)),
      };
    case 'counter':
      return {
        ...data,
        dataPointType: DataPointType.SUM,
        isMonotonic: true,
        dataPoints: points.map((one) => point(one, one.value)),
      };
  }
}

const sdkAttributes = (attributes: Attributes): SdkAttributes => attributes as SdkAttributes;

/** Seconds and nanoseconds. */
function timeOf(us: number): HrTime {
  const seconds = Math.floor(us / 1e6);
  return [seconds, Math.round((us - seconds * 1e6) * 1e3)];
}
