/** Spans and their parts as plain data, in the words of OpenTelemetry; times are the kernel's µs. */

export type AttributeValue = string | number | boolean | readonly string[];
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** `client`: it asks another system; `internal`: it happens here. */
export type SpanKind = 'client' | 'internal';

/** An ended span. */
export interface SpanData {
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string;
  /** 16 of them. */
  readonly spanId: string;
  /** Absent: it begins its trace. */
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startUs: number;
  readonly endUs: number;
  /** `error`: what it stands for failed. */
  readonly status: 'unset' | 'error';
  /** Why, in a word, or in a line where contents are exported; '' unless it failed. */
  readonly message: string;
  readonly attributes: Attributes;
  /** In the order of their times. */
  readonly events: readonly SpanEvent[];
  /** Those beyond as many as a span holds. */
  readonly droppedEvents: number;
}

export interface SpanEvent {
  readonly name: string;
  readonly atUs: number;
  readonly attributes: Attributes;
}
