/** The messages of OTLP 1.x as far as traces and metrics need them, with the published field numbers (opentelemetry-proto: common, resource, trace, metrics and their collector services). */
import { parse, Reader, Type } from 'protobufjs';

const { root } = parse(`
  syntax = "proto3";
  message AnyValue {
    oneof value {
      string string_value = 1;
      bool bool_value = 2;
      int64 int_value = 3;
      double double_value = 4;
      ArrayValue array_value = 5;
      KeyValueList kvlist_value = 6;
      bytes bytes_value = 7;
    }
  }
  message ArrayValue { repeated AnyValue values = 1; }
  message KeyValueList { repeated KeyValue values = 1; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message InstrumentationScope { string name = 1; string version = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4; }
  message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }

  message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }
  message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; string schema_url = 3; }
  message Span {
    bytes trace_id = 1;
    bytes span_id = 2;
    string trace_state = 3;
    bytes parent_span_id = 4;
    string name = 5;
    int32 kind = 6;
    fixed64 start_time_unix_nano = 7;
    fixed64 end_time_unix_nano = 8;
    repeated KeyValue attributes = 9;
    uint32 dropped_attributes_count = 10;
    repeated Event events = 11;
    uint32 dropped_events_count = 12;
    repeated Link links = 13;
    uint32 dropped_links_count = 14;
    Status status = 15;
    fixed32 flags = 16;
  }
  message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4; }
  message Link { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; repeated KeyValue attributes = 4; uint32 dropped_attributes_count = 5; fixed32 flags = 6; }
  message Status { string message = 2; int32 code = 3; }

  message ExportMetricsServiceRequest { repeated ResourceMetrics resource_metrics = 1; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; string schema_url = 3; }
  message ScopeMetrics { InstrumentationScope scope = 1; repeated Metric metrics = 2; string schema_url = 3; }
  message Metric {
    string name = 1;
    string description = 2;
    string unit = 3;
    oneof data {
      Gauge gauge = 5;
      Sum sum = 7;
      Histogram histogram = 9;
    }
  }
  message Gauge { repeated NumberDataPoint data_points = 1; }
  message Sum { repeated NumberDataPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
  message Histogram { repeated HistogramDataPoint data_points = 1; int32 aggregation_temporality = 2; }
  message NumberDataPoint {
    fixed64 start_time_unix_nano = 2;
    fixed64 time_unix_nano = 3;
    oneof value { double as_double = 4; sfixed64 as_int = 6; }
    repeated KeyValue attributes = 7;
    uint32 flags = 8;
  }
  message HistogramDataPoint {
    fixed64 start_time_unix_nano = 2;
    fixed64 time_unix_nano = 3;
    fixed64 count = 4;
    optional double sum = 5;
    repeated fixed64 bucket_counts = 6;
    repeated double explicit_bounds = 7;
    repeated KeyValue attributes = 9;
    uint32 flags = 10;
    optional double min = 11;
    optional double max = 12;
  }
`);

const traceRequest = root.lookupType('ExportTraceServiceRequest');
const metricRequest = root.lookupType('ExportMetricsServiceRequest');

type Value = string | number | boolean | readonly Value[];
type Told = Readonly<Record<string, Value>>;

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** '': none. */
  readonly parentSpanId: string;
  readonly name: string;
  /** 1: internal, 3: client. */
  readonly kind: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Told;
  readonly events: readonly { readonly name: string; readonly atNs: bigint; readonly attributes: Told }[];
  /** 0: unset, 2: error. */
  readonly status: number;
  readonly message: string;
  readonly resource: Told;
  readonly scope: { readonly name: string; readonly version: string };
  readonly schemaUrl: string;
}

export interface ReceivedMetric {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly type: 'gauge' | 'sum' | 'histogram';
  /** 2: cumulative; 0 of a gauge. */
  readonly temporality: number;
  readonly isMonotonic: boolean;
  readonly points: readonly ReceivedPoint[];
}
interface ReceivedPoint {
  readonly attributes: Told;
  readonly startNs: bigint;
  readonly atNs: bigint;
  /** Of a histogram its sum. */
  readonly value: number;
  readonly count: number;
  readonly buckets: readonly number[];
  readonly bounds: readonly number[];
}

/** Throws when there is anything in the bytes that the messages do not name. */
function decoded(type: Type, bytes: Uint8Array): Any {
  checkFields(type, Reader.create(bytes), bytes.length);
  const message = type.decode(bytes);
  return type.toObject(message, { longs: String, defaults: true, arrays: true, oneofs: true });
}

function checkFields(type: Type, reader: Reader, end: number): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    const field = type.fieldsById[tag >>> 3];
    if (field === undefined) throw new Error(`${type.name}: unknown field ${tag >>> 3}`);
    const inner = field.resolve().resolvedType;
    if (inner instanceof Type) {
      const length = reader.uint32();
      checkFields(inner, reader, reader.pos + length);
    } else reader.skipType(tag & 7);
  }
  if (reader.pos !== end) throw new Error(`${type.name}: ends in the middle of a field`);
}

export function spansIn(bytes: Uint8Array): readonly ReceivedSpan[] {
  const { resourceSpans } = decoded(traceRequest, bytes);
  return (resourceSpans as Any[]).flatMap(({ resource, scopeSpans }: Any) =>
    (scopeSpans as Any[]).flatMap(({ scope, schemaUrl, spans }: Any) =>
      (spans as Any[]).map((span) => ({
        traceId: hex(span['traceId']),
        spanId: hex(span['spanId']),
        parentSpanId: hex(span['parentSpanId']),
        name: span['name'],
        kind: span['kind'],
        startNs: BigInt(span['startTimeUnixNano']),
        endNs: BigInt(span['endTimeUnixNano']),
        attributes: told(span['attributes']),
        events: (span['events'] as Any[]).map((event) => ({
          name: event['name'],
          atNs: BigInt(event['timeUnixNano']),
          attributes: told(event['attributes']),
        })),
        status: span['status'].code,
        message: span['status'].message,
        resource: told(resource.attributes),
        scope: { name: scope.name, version: scope.version },
        schemaUrl,
      })),
    ),
  );
}

export function metricsIn(bytes: Uint8Array): readonly ReceivedMetric[] {
  const { resourceMetrics } = decoded(metricRequest, bytes);
  return (resourceMetrics as Any[]).flatMap(({ scopeMetrics }: Any) =>
    (scopeMetrics as Any[]).flatMap(({ metrics }: Any) =>
      (metrics as Any[]).map((metric) => {
        const type = metric['data'] as ReceivedMetric['type'];
        const { dataPoints, aggregationTemporality = 0, isMonotonic = false } = metric[type];
        return {
          name: metric['name'],
          unit: metric['unit'],
          description: metric['description'],
          type,
          temporality: aggregationTemporality,
          isMonotonic,
          points: (dataPoints as Any[]).map((point) => ({
            attributes: told(point['attributes']),
            startNs: BigInt(point['startTimeUnixNano']),
            atNs: BigInt(point['timeUnixNano']),
            value: Number(type === 'histogram' ? point['sum'] : point[point['value']]),
            count: Number(point['count'] ?? 0),
            buckets: ((point['bucketCounts'] ?? []) as string[]).map(Number),
            bounds: (point['explicitBounds'] ?? []) as number[],
          })),
        };
      }),
    ),
  );
}

// eslint-disable-next-line typescript/no-explicit-any
type Any = Record<string, any>;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function told(attributes: readonly Any[]): Told {
  const found: Record<string, Value> = {};
  for (const { key, value } of attributes as readonly { readonly key: string; readonly value: Any }[]) {
    if (key in found) throw new Error(`attribute ${key} twice`);
    found[key] = valueOf(value);
  }
  return found;
}

function valueOf(any: Any): Value {
  switch (any['value']) {
    case 'stringValue':
    case 'boolValue':
    case 'doubleValue':
      return any[any['value']];
    case 'intValue':
      return Number(any['intValue']);
    case 'arrayValue':
      return (any['arrayValue'].values as Any[]).map(valueOf);
    default:
      throw new Error(`a value of kind ${String(any['value'])}`);
  }
}
