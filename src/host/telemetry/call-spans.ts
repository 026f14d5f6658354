/** Spans of model calls: from their first start on a core to their end, over all stretches. */
import type { KernelEvent } from '../../kernel/events.ts';
import type { CallEnded } from '../../kernel/inputs.ts';
import type { CallStart } from '../../kernel/requests.ts';
import { finishReasonOf, type CallContent } from './call-contents.ts';
import { OpenSpan } from './open-span.ts';
import { callSpanId } from './span-ids.ts';
import {
  noUsage,
  tellUsage,
  type SpanFoldOptions,
  type SpannedProcess,
  type Usage,
} from './spanned-process.ts';

export interface OpenCall {
  readonly n: number;
  readonly requestedUs: number;
  readonly maxOutput: number;
  readonly purpose: string;
  readonly span: OpenSpan;
  readonly usage: Usage;
  start: CallStart | undefined;
  engine: string;
  /** Of its first stretch, and of the one that runs; -1: none has begun, none runs. */
  startUs: number;
  stretchUs: number;
  stretches: number;
  coreUs: number;
  /** When its last stretch ended. */
  stoppedUs: number;
  /** Its first start, by the clock that the pieces of answers are timed with. */
  startedAtUs: number;
  firstChunkUs: number | undefined;
}

export function openCall(
  { watched }: SpannedProcess,
  { n, maxOutput, purpose = 'turn', atUs }: Extract<KernelEvent, { readonly type: 'call.requested' }>,
): OpenCall {
  return {
    n,
    requestedUs: atUs,
    maxOutput,
    purpose,
    span: new OpenSpan('chat', watched),
    usage: noUsage(),
    start: undefined,
    engine: '',
    startUs: -1,
    stretchUs: -1,
    stretches: 0,
    coreUs: 0,
    stoppedUs: -1,
    startedAtUs: 0,
    firstChunkUs: undefined,
  };
}

export function beginStretch(
  { watched }: SpannedProcess,
  call: OpenCall,
  {
    core,
    atUs,
    start,
    clockUs,
  }: {
    readonly core: number;
    readonly atUs: number;
    readonly start: CallStart | undefined;
    readonly clockUs: number;
  },
): void {
  call.start = start ?? call.start;
  call.engine = watched.engine.name;
  call.stretches++;
  call.stretchUs = atUs;
  if (call.startUs === -1) {
    call.startUs = atUs;
    call.startedAtUs = clockUs;
  }
  call.span.event('ringzero.call.dispatched', atUs, {
    'ringzero.core': core,
    'ringzero.engine': call.engine,
  });
}

export function endStretch(call: OpenCall, atUs: number): void {
  if (call.stretchUs === -1) return;
  call.coreUs += atUs - call.stretchUs;
  call.stretchUs = -1;
  call.stoppedUs = atUs;
}

/** Tells the span of a call that has begun. `ended`: what the world says of it. */
export function endCall(
  { placeOf, wording, sink }: SpanFoldOptions,
  { watched }: SpannedProcess,
  call: OpenCall,
  {
    nowUs,
    error,
    ended,
    content,
  }: {
    readonly nowUs: number;
    readonly error: string;
    readonly ended: CallEnded | undefined;
    readonly content: CallContent | undefined;
  },
): void {
  // One that was stopped, and that nobody goes on with, ended when it was stopped.
  const endUs = call.stretchUs === -1 ? call.stoppedUs : nowUs;
  endStretch(call, endUs);
  const { start, usage, span, n, startUs, firstChunkUs } = call;
  const { provider, address, port } = placeOf(call.engine);
  const { onSpan } = sink;
  const model = start?.degradedTo?.model ?? start?.request?.model ?? call.engine;
  sink.onCall({ provider, model, us: endUs - startUs, firstChunkUs, usage, error });
  if (onSpan === undefined) return;
  span.set('gen_ai.provider.name', provider);
  span.set('gen_ai.request.model', model);
  span.set('gen_ai.request.max_tokens', call.maxOutput);
  span.set('gen_ai.request.temperature', start?.request?.temperature);
  if (ended?.finish !== undefined) span.set('gen_ai.response.finish_reasons', [finishReasonOf(ended.finish)]);
  if (firstChunkUs !== undefined) span.set('gen_ai.response.time_to_first_chunk', firstChunkUs / 1e6);
  tellUsage(span, usage);
  span.set('gen_ai.usage.reasoning.output_tokens', content?.reply?.usage.tokensReasoning);
  span.set('server.address', address);
  span.set('server.port', address === undefined ? undefined : port);
  span.set('ringzero.engine', call.engine);
  span.set('ringzero.call.purpose', call.purpose);
  span.set('ringzero.call.queue_time', (startUs - call.requestedUs) / 1e6);
  span.set('ringzero.call.stretches', call.stretches);
  span.set('ringzero.call.core_time', call.coreUs / 1e6);
  if (wording !== undefined) {
    if (content !== undefined) span.set('gen_ai.input.messages', wording.input(content.messages));
    if (ended !== undefined) span.set('gen_ai.output.messages', wording.output(ended));
  }
  const spanId = callSpanId(watched.facts, { n, index: 0, startUs });
  const message = error === '' ? undefined : wording?.message(ended?.message);
  onSpan(span.end({ subject: model, kind: 'client', spanId, startUs, endUs, error, message }));
}
