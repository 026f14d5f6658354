/** Spans of tool calls: from their first start to their result, over all attempts; those that ask a person from the question to the answer. */
import { responseCacheName } from '../../agents/loop/response-cache.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import type { Json } from '../../kernel/ids.ts';
import { OpenSpan } from './open-span.ts';
import { callSpanId } from './span-ids.ts';
import type { SpanFoldOptions, SpannedProcess } from './spanned-process.ts';
import type { StepFacts } from './step-facts.ts';

type EventOf<Type> = Extract<KernelEvent, { readonly type: Type }>;

interface ToolStarted {
  readonly tool: string;
  readonly n: number;
  readonly index: number;
  readonly atUs: number;
  readonly arguments?: Json | undefined;
  /** The idempotency key. */
  readonly key?: string | undefined;
}

interface OpenTool extends ToolStarted {
  readonly of: SpannedProcess;
  readonly span: OpenSpan;
  /** As the model calls it. */
  readonly callId: string | undefined;
  attempts: number;
}

export class ToolSpans {
  private readonly options: SpanFoldOptions;
  /** By request. */
  private readonly tools = new Map<number, OpenTool>();
  /** Those that have ended by a time-out, and are still at work. */
  private readonly late = new Map<number, SpannedProcess>();

  constructor(options: SpanFoldOptions) {
    this.options = options;
  }

  started(process: SpannedProcess, event: EventOf<'tool.started'>, facts: StepFacts): void {
    const { request, tool, n, index, atUs } = event;
    const open = this.tools.get(request);
    if (open !== undefined) {
      open.attempts++;
      return;
    }
    const start = facts.tool(request);
    this.open(process, request, { tool, n, index, atUs, arguments: start?.arguments, key: start?.subRun });
  }

  ended({ request, code, isRepeated, atUs }: EventOf<'tool.ended'>, { input }: StepFacts): void {
    const open = this.tools.get(request);
    if (open === undefined) return;
    if (isRepeated === true) return open.span.event('ringzero.tool.failed', atUs, { 'error.type': code });
    const value = input.type === 'tool.ended' && input.request === request ? input.value : undefined;
    if (code === 'TOOL_TIMEOUT') this.late.set(request, open.of);
    this.end(request, atUs, code, value);
  }

  /** It had started in another kernel, which died with its span: all that is known of it is told as a span without length. */
  interrupted(process: SpannedProcess, { tool, n, index, atUs }: EventOf<'tool.interrupted'>): void {
    this.open(process, interruptedRequest, { tool, n, index, atUs });
    this.end(interruptedRequest, atUs, 'TOOL_INTERRUPTED');
  }

  /** It came to its end in the world, later than its result. */
  cameLate({ request, tool, atUs }: EventOf<'tool.late'>): void {
    const process = this.late.get(request);
    if (process?.isOver === false)
      process.span.event('ringzero.tool.late', atUs, { 'gen_ai.tool.name': tool });
  }

  settled({ request }: EventOf<'tool.settled'>): void {
    this.late.delete(request);
  }

  asked(
    process: SpannedProcess,
    { request, purpose, atUs }: EventOf<'person.asked'>,
    facts: StepFacts,
  ): void {
    const ask = facts.ask(request);
    if (ask?.tool === undefined || purpose !== 'answer') return;
    const { n, index } = ask.identity;
    this.open(process, request, { tool: ask.tool, n, index, atUs, arguments: ask.question });
  }

  answered({ request, decision, atUs }: EventOf<'person.answered'>, { input }: StepFacts): void {
    const value = input.type === 'person.answered' ? input.value : undefined;
    this.end(request, atUs, decision === 'deny' ? 'TOOL_DENIED' : '', value);
  }

  /** `value`: what it said, when it said something. */
  end(request: number, endUs: number, error: string, value?: Json): void {
    const open = this.tools.get(request);
    if (open === undefined) return;
    this.tools.delete(request);
    const { of, tool, n, index, atUs: startUs, span, callId, key, attempts } = open;
    of.tools.delete(request);
    const { wording, sink } = this.options;
    sink.onTool(tool, endUs - startUs, error);
    if (sink.onSpan === undefined) return;
    span.set('gen_ai.tool.name', tool);
    span.set('gen_ai.tool.type', 'function');
    span.set('gen_ai.tool.call.id', callId ?? key);
    span.set('ringzero.tool.key', key);
    span.set('ringzero.tool.attempts', attempts);
    if (wording !== undefined) {
      if (open.arguments !== undefined) span.set('gen_ai.tool.call.arguments', wording.value(open.arguments));
      if (value !== undefined) span.set('gen_ai.tool.call.result', wording.value(value));
    }
    const spanId = callSpanId(of.watched.facts, { n, index, startUs });
    const message = error === '' || value === undefined ? undefined : wording?.value(value);
    sink.onSpan(span.end({ subject: tool, kind: 'internal', spanId, startUs, endUs, error, message }));
  }

  private open(process: SpannedProcess, request: number, start: ToolStarted): void {
    const { tool } = start;
    // What agents look up in the cache of their answers is no act of theirs.
    if (tool === responseCacheName) return;
    const span = new OpenSpan('execute_tool', process.watched);
    const callId = process.takeAsked(tool, start.arguments);
    this.tools.set(request, { ...start, of: process, span, callId, attempts: 1 });
    process.tools.add(request);
    process.toolCalls++;
  }
}

/** No request has this number. */
const interruptedRequest = -1;
