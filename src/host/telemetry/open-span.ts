import { mappingVersion, type SpanAttributeName, type SpanEventName, type SpanType } from './conventions.ts';
import type { AttributeValue, SpanData, SpanEvent, SpanKind } from './span.ts';
import { processSpanId } from './span-ids.ts';
import type { WatchedProcess } from './watched-process.ts';

/** As many as OpenTelemetry's SDKs keep. */
const mostEvents = 128;

/** A span that has not ended. */
export class OpenSpan {
  private readonly type: SpanType;
  private readonly owner: WatchedProcess;
  private readonly attributes: Record<string, AttributeValue> = {};
  private readonly events: SpanEvent[] = [];
  private droppedEvents = 0;

  constructor(type: SpanType, owner: WatchedProcess) {
    this.type = type;
    this.owner = owner;
  }

  /** What is undefined is left out. */
  set(name: SpanAttributeName | `ringzero.time.waiting.${string}`, value: AttributeValue | undefined): void {
    if (value !== undefined) this.attributes[name] = value;
  }

  event(name: SpanEventName, atUs: number, attributes: Readonly<Record<string, AttributeValue>> = {}): void {
    if (this.events.length < mostEvents) this.events.push({ name, atUs, attributes });
    else this.droppedEvents++;
  }

  /** `subject`: the agent, model or tool. `error`: the code of a failure; '' of what is none. */
  end({
    subject,
    kind,
    spanId,
    startUs,
    endUs,
    error,
    message,
  }: {
    readonly subject: string;
    readonly kind: SpanKind;
    readonly spanId: string;
    readonly startUs: number;
    readonly endUs: number;
    readonly error: string;
    /** More than the code, where it may be told. */
    readonly message?: string | undefined;
  }): SpanData {
    const { type, owner, events, droppedEvents } = this;
    const { facts, spanIds } = owner;
    const { parent } = facts;
    const parentSpanId =
      type === 'invoke_agent'
        ? parent === 0
          ? undefined
          : processSpanId({ ...facts, pid: parent })
        : spanIds.span;
    return {
      traceId: spanIds.trace,
      spanId,
      ...(parentSpanId === undefined ? {} : { parentSpanId }),
      name: subject === '' ? type : `${type} ${subject}`,
      kind,
      startUs,
      endUs,
      status: error === '' ? 'unset' : 'error',
      message: message ?? error,
      attributes: {
        'gen_ai.operation.name': type,
        'gen_ai.conversation.id': facts.run,
        'gen_ai.agent.name': facts.name,
        'ringzero.mapping.version': mappingVersion,
        'ringzero.run.branch': facts.branch,
        'ringzero.process.pid': facts.pid,
        ...this.attributes,
        ...(error === '' ? {} : { 'error.type': error }),
      },
      events,
      droppedEvents,
    };
  }
}
