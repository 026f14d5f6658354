/**
 * Spans and metrics to an OpenTelemetry collector, over OTLP/HTTP with protobuf. Nobody waits for it: what comes faster than the collector takes it is dropped, and counted; a collector that cannot be reached
 * is told once. The packages are loaded when somebody asks for an exporter.
 */
import { randomUUID } from 'node:crypto';

import type { MetricData } from '../../host/telemetry/metric-set.ts';
import type { TelemetryExporter, TelemetryScope } from '../../host/telemetry/open-telemetry.ts';
import type { SpanData } from '../../host/telemetry/span.ts';
import { messageOf } from '../../kernel/errors.ts';
import { bare, type OtlpSettings } from './otlp-settings.ts';

/** Spans that wait for an export at most, and those of one export. */
const mostWaiting = 2_048;
const mostAtOnce = 512;
/** What the last export may take, ms. */
const closeMs = 5_000;

interface ExportResult {
  readonly code: number;
  readonly error?: Error;
}
/** Passes on what it is given; resolves to why it could not, or to undefined. */
type Send<What> = (what: What, scope: TelemetryScope) => Promise<Error | undefined>;

export interface OtlpExporterOptions {
  readonly settings: OtlpSettings;
  /** Of the program, `service.version`; absent: nobody says. */
  readonly version?: string;
  /** One line, once: the collector cannot be reached, or refuses. */
  readonly onNotice: (line: string) => void;
}

export async function openOtlpExporter(options: OtlpExporterOptions): Promise<TelemetryExporter> {
  const { settings, version } = options;
  const { tracesUrl, metricsUrl, headers, timeoutMs: timeoutMillis } = settings;
  const [{ OTLPTraceExporter }, { OTLPMetricExporter }, { defaultResource, resourceFromAttributes }, data] =
    await Promise.all([
      import('@opentelemetry/exporter-trace-otlp-proto'),
      import('@opentelemetry/exporter-metrics-otlp-proto'),
      import('@opentelemetry/resources'),
      import('./otlp-data.ts'),
    ]);
  const resource = defaultResource().merge(
    resourceFromAttributes({
      ...(version === undefined ? {} : { 'service.version': version }),
      // Counters of two processes are not to be taken for one.
      'service.instance.id': randomUUID(),
      ...settings.resource,
    }),
  );
  const compression = settings.compression as never;
  const shared = { headers: { ...headers }, timeoutMillis, compression };
  const traces = new OTLPTraceExporter({ url: tracesUrl, ...shared });
  const metrics = new OTLPMetricExporter({ url: metricsUrl, ...shared });
  const startUs = Date.now() * 1_000;
  return new OtlpExporter(options, {
    sendSpans: (spans, scope) =>
      sent((done) =>
        traces.export(
          spans.map((span) => data.readableSpan(span, resource, scope)),
          done,
        ),
      ),
    sendMetrics: (read, scope) => {
      const times = { startUs, nowUs: Date.now() * 1_000 };
      const scoped = { scope, metrics: read.map((metric) => data.sdkMetric(metric, times)) };
      return sent((done) => metrics.export({ resource, scopeMetrics: [scoped] }, done));
    },
    shutdown: async () => {
      await Promise.all([traces.shutdown(), metrics.shutdown()]);
    },
  });
}

function sent(send: (done: (result: ExportResult) => void) => void): Promise<Error | undefined> {
  return new Promise((resolve) => {
    try {
      send(({ code, error }) => resolve(code === 0 ? undefined : (error ?? new Error('the export failed'))));
    } catch (error) {
      resolve(new Error(messageOf(error)));
    }
  });
}

class OtlpExporter implements TelemetryExporter {
  dropped = 0;
  private readonly options: OtlpExporterOptions;
  private readonly sendSpans: Send<readonly SpanData[]>;
  private readonly sendMetrics: Send<readonly MetricData[]>;
  private readonly shutdown: () => Promise<void>;
  private waiting: SpanData[] = [];
  private source: { readonly scope: TelemetryScope; readonly read: () => readonly MetricData[] } | undefined;
  private readonly timers: NodeJS.Timeout[];
  /** The exports under way, one after the other. */
  private sending: Promise<void> | undefined;
  private isTold = false;
  /** The last export of spans failed. */
  private isDown = false;
  private isClosed = false;

  constructor(
    options: OtlpExporterOptions,
    ports: {
      readonly sendSpans: Send<readonly SpanData[]>;
      readonly sendMetrics: Send<readonly MetricData[]>;
      readonly shutdown: () => Promise<void>;
    },
  ) {
    this.options = options;
    ({ sendSpans: this.sendSpans, sendMetrics: this.sendMetrics, shutdown: this.shutdown } = ports);
    const { spanIntervalMs, metricIntervalMs } = options.settings;
    this.timers = [
      setInterval(() => void this.flush(), spanIntervalMs).unref(),
      setInterval(() => void this.flushMetrics(), metricIntervalMs).unref(),
    ];
  }

  add(span: SpanData): void {
    if (this.isClosed || this.waiting.length >= mostWaiting) {
      this.dropped++;
      return;
    }
    this.waiting.push(span);
    if (this.waiting.length === mostAtOnce) void this.flush();
  }

  begin(scope: TelemetryScope, read: () => readonly MetricData[]): void {
    this.source = { scope, read };
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const timer of this.timers) clearInterval(timer);
    let limit: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => {
      limit = setTimeout(() => {
        this.tell(this.options.settings.tracesUrl, new Error(`no answer within ${closeMs / 1_000} s`));
        resolve();
      }, closeMs);
    });
    await Promise.race([this.last(), tooLong]);
    clearTimeout(limit);
  }

  private async last(): Promise<void> {
    await this.flush();
    // Whoever waits for the end does not wait for a second failure.
    if (!this.isDown) await this.flushMetrics();
    await this.shutdown();
  }

  /** All that wait now. */
  private flush(): Promise<void> {
    this.sending ??= this.sendAll().finally(() => (this.sending = undefined));
    return this.sending;
  }

  private async sendAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.slice(0, mostAtOnce);
      const failed = await this.sendSpans(batch, this.source!.scope);
      this.isDown = failed !== undefined;
      // They count as waiting until they have arrived.
      this.waiting = this.waiting.slice(batch.length);
      if (failed === undefined) continue;
      this.dropped += batch.length;
      this.tell(this.options.settings.tracesUrl, failed);
      // Whoever ends does not wait for each of them to fail.
      if (!this.isClosed) continue;
      this.dropped += this.waiting.length;
      this.waiting = [];
    }
  }

  private async flushMetrics(): Promise<void> {
    const { source } = this;
    if (source === undefined) return;
    const failed = await this.sendMetrics(source.read(), source.scope);
    if (failed !== undefined) this.tell(this.options.settings.metricsUrl, failed);
  }

  private tell(url: string, error: Error): void {
    if (this.isTold) return;
    this.isTold = true;
    const { code } = error as { readonly code?: unknown };
    // What a server says may be anything, and long.
    const why = typeof code === 'string' || typeof code === 'number' ? String(code) : error.message;
    this.options.onNotice(
      `telemetry: ${bare(url)}: ${why.split('\n', 1)[0]!.slice(0, 200)}; spans that it does not take are dropped, and nothing waits for it`,
    );
  }
}
