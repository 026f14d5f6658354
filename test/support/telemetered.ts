/** Live kernels whose telemetry goes to a receiver. */
import { SystemClock } from '../../src/adapters/clock/system-clock.ts';
import { openOtlpExporter } from '../../src/adapters/telemetry/otlp-exporter.ts';
import { otlpSettings, type Environment } from '../../src/adapters/telemetry/otlp-settings.ts';
import type { LiveKernel } from '../../src/host/live-kernel.ts';
import type { Redactor } from '../../src/host/redactor.ts';
import { CallContents } from '../../src/host/telemetry/call-contents.ts';
import { openTelemetry, type LiveTelemetry } from '../../src/host/telemetry/open-telemetry.ts';
import { live, type LiveWorld } from './live.ts';
import type { ReceivedMetric, ReceivedSpan } from './otlp-messages.ts';

export interface Telemetered {
  readonly live: LiveKernel;
  readonly telemetry: LiveTelemetry;
  readonly notices: readonly string[];
}

export async function telemetered(
  world: LiveWorld,
  url: string,
  {
    environment = {},
    exportsContent = false,
    redactor,
    isKept = false,
  }: {
    readonly environment?: Environment;
    readonly exportsContent?: boolean;
    readonly redactor?: Redactor;
    readonly isKept?: boolean;
  } = {},
): Promise<Telemetered> {
  const notices: string[] = [];
  const exporter = await openOtlpExporter({
    settings: otlpSettings({ flag: '--otlp', url }, environment)!,
    version: '1.2.3',
    onNotice: (line) => notices.push(line),
  });
  const contents = new CallContents({ keepsMessages: exportsContent });
  const { live: kernel } = live({
    ...world,
    ...(world.model === undefined ? {} : { model: contents.model(world.model) }),
  });
  const clock = new SystemClock();
  const place = { provider: 'openai', address: 'models.example', port: 443 };
  const placeOf = () => place;
  const telemetry = openTelemetry(kernel, {
    clock,
    exporter,
    contents,
    exportsContent,
    redactor,
    isKept,
    placeOf,
  });
  return { live: kernel, telemetry, notices };
}

/** The span of this name; there must be one. */
export function spanOf(spans: readonly ReceivedSpan[], name: string): ReceivedSpan {
  const found = spans.filter((span) => span.name === name);
  if (found.length !== 1)
    throw new Error(`${found.length} spans "${name}" of ${spans.map((span) => span.name).join(', ')}`);
  return found[0]!;
}

/** The sum of all points of a metric with these attributes. */
export function sumOf(
  metrics: readonly ReceivedMetric[],
  name: string,
  attributes: Readonly<Record<string, string>> = {},
): number {
  const metric = metrics.find((one) => one.name === name);
  const points = (metric?.points ?? []).filter((point) =>
    Object.entries(attributes).every(([key, value]) => point.attributes[key] === value),
  );
  return points.reduce((sum, { value }) => sum + value, 0);
}

/** What is wrong with a set of whole traces: ids, parents, and times outside of what they belong to. */
export function traceProblems(spans: readonly ReceivedSpan[]): readonly string[] {
  const problems: string[] = [];
  const byId = new Map<string, ReceivedSpan>();
  for (const span of spans) {
    if (!/^[0-9a-f]{32}$/.test(span.traceId) || !/^[0-9a-f]{16}$/.test(span.spanId))
      problems.push(`${span.name}: ids ${span.traceId} ${span.spanId}`);
    if (byId.has(span.spanId))
      problems.push(`${span.name}: its id is that of ${byId.get(span.spanId)!.name}`);
    byId.set(span.spanId, span);
  }
  for (const span of spans) {
    const { name, startNs, endNs, events, parentSpanId } = span;
    if (endNs < startNs) problems.push(`${name}: ends before it begins`);
    if (events.some(({ atNs }) => atNs < startNs || atNs > endNs)) problems.push(`${name}: an event outside`);
    if (parentSpanId === '') {
      if (!name.startsWith('invoke_agent ')) problems.push(`${name}: has no parent`);
      continue;
    }
    const parent = byId.get(parentSpanId);
    if (parent === undefined) problems.push(`${name}: nobody knows its parent`);
    else if (parent.traceId !== span.traceId) problems.push(`${name}: its parent is in another trace`);
    else if (startNs < parent.startNs) problems.push(`${name}: begins before its parent`);
    // A child process may outlive who started it.
    else if (endNs > parent.endNs && !name.startsWith('invoke_agent '))
      problems.push(`${name}: ends after its parent`);
  }
  return problems;
}
