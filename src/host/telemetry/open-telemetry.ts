import type { LiveKernel } from '../live-kernel.ts';
import type { Clock } from '../ports.ts';
import { telemetryScope } from './conventions.ts';
import type { MetricData } from './metric-set.ts';
import type { SpanData } from './span.ts';
import { Telemetry, type TelemetryOptions } from './telemetry.ts';

/** Who tells: an instrumentation scope. */
export interface TelemetryScope {
  readonly name: string;
  readonly version: string;
  readonly schemaUrl: string;
}

/** Where spans and metrics go. Nothing of it throws, rejects or makes anybody wait but who closes it. */
export interface TelemetryExporter {
  /** Before anything else. `readMetrics`: is asked from time to time and at the end. */
  begin(scope: TelemetryScope, readMetrics: () => readonly MetricData[]): void;
  /** Takes a span that has ended. */
  add(span: SpanData): void;
  /** Spans that it could not pass on, so far. */
  readonly dropped: number;
  /** Passes on what it has, as far as that is possible in a limited time. */
  close(): Promise<void>;
}

export interface OpenTelemetryOptions extends Pick<
  TelemetryOptions,
  'placeOf' | 'contents' | 'exportsContent' | 'redactor' | 'isKept'
> {
  readonly clock: Clock;
  /** Absent: there are metrics alone. */
  readonly exporter?: TelemetryExporter | undefined;
}

export interface LiveTelemetry {
  /** For whoever hands it to Prometheus. */
  metrics(): readonly MetricData[];
  /** Tell it of the kernel's storage (LiveOptions.onStorage). */
  readonly storage: Telemetry['storage'];
  /** When the kernel has been closed. */
  close(): Promise<void>;
}

/** Spans and metrics of all that `live` does from now on. */
export function openTelemetry(
  live: LiveKernel,
  { clock, exporter, ...options }: OpenTelemetryOptions,
): LiveTelemetry {
  const telemetry = new Telemetry(live.kernel, {
    ...options,
    clockUs: () => clock.nowUs(),
    ...(exporter === undefined
      ? {}
      : { onSpan: (span) => exporter.add(span), dropped: () => exporter.dropped }),
  });
  const endWatch = live.watch(telemetry);
  const endPieces = live.answers.watch(({ call: { pid, n } }) => telemetry.piece(pid, n));
  exporter?.begin(telemetryScope, () => telemetry.metrics());
  return {
    metrics: () => telemetry.metrics(),
    storage: (news) => telemetry.storage(news),
    async close() {
      endWatch();
      endPieces();
      telemetry.close();
      await exporter?.close();
    },
  };
}
