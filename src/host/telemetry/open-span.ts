import { mappingVersion, type SpanAttributeName, type SpanEventName, type SpanType } from './conventions.ts';
import type { AttributeValue, SpanData, SpanEvent, SpanKind } from './span.ts';
import { processSpanId, traceIdOf } from './span-ids.ts';
import type { ProcessFacts } from './watched-process.ts';

/** As many as OpenTelemetry's SDKs keep. */
const mostEvents = 128;

/** A span that has not ended. */
export class OpenSpan {
  private readonly type: SpanType;
  private readonly owner: ProcessFacts;
  private readonly attributes: Record<string, AttributeValue> = {};
  private readonly events: SpanEvent[] = [];
  private droppedEvents = 0;

  constructor(type: SpanType, owner: ProcessFacts) {
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
    const { parent } = owner;
    const parentSpanId =
      type === 'invoke_agent'
        ? parent === 0
          ? undefined
          : processSpanId({ ...owner, pid: parent })
        : processSpanId(owner);
    return {
      traceId: traceIdOf(owner),
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
        'gen_ai.conversation.id': owner.run,
        'gen_ai.agent.name': owner.name,
        'ringzero.mapping.version': mappingVersion,
        'ringzero.run.branch': owner.branch,
        'ringzero.process.pid': owner.pid,
        ...this.attributes,
        ...(error === '' ? {} : { 'error.type': error }),
      },
      events,
      droppedEvents,
    };
  }
}
