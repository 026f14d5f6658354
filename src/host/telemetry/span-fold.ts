/**
 * From what a kernel tells to spans: `invoke_agent` for a process, `chat` for a model call, `execute_tool` for a tool call. A span is told when it has ended. That of a process covers its life, whichever
 * kernels it lives in: the kernel in which it ends tells it, so that the trace of a run that was parked, or whose kernel died, is whole once the run is over and has no span twice.
 */
import type { KernelEvent } from '../../kernel/events.ts';
import type { CallEnded } from '../../kernel/inputs.ts';
import type { LedgerRecord } from '../../kernel/records.ts';
import { beginStretch, endCall, endStretch, openCall } from './call-spans.ts';
import { cancelledType } from './conventions.ts';
import { addUsage, SpannedProcess, tellUsage, type SpanFoldOptions } from './spanned-process.ts';
import type { StepFacts } from './step-facts.ts';
import { ToolSpans } from './tool-spans.ts';
import type { WatchedProcess } from './watched-process.ts';

type EventOf<Type> = Extract<KernelEvent, { readonly type: Type }>;

export class SpanFold {
  private readonly options: SpanFoldOptions;
  private readonly processes = new Map<number, SpannedProcess>();
  private readonly tools: ToolSpans;

  constructor(options: SpanFoldOptions) {
    this.options = options;
    this.tools = new ToolSpans(options);
  }

  begin(watched: WatchedProcess, isResumed: boolean): void {
    this.processes.set(watched.facts.pid, new SpannedProcess(watched, isResumed));
  }

  /** What happened, but that a process began. `clockUs`: what the pieces of answers are timed with. */
  event(event: KernelEvent, facts: StepFacts, clockUs: number): void {
    switch (event.type) {
      case 'tool.ended':
        return this.tools.ended(event, facts);
      case 'tool.late':
        return this.tools.cameLate(event);
      case 'tool.settled':
        return this.tools.settled(event);
      case 'deadlock.detected':
        for (const { pid } of event.members)
          this.processes.get(pid)?.span.event('ringzero.deadlock', event.atUs);
        return;
      default: {
        const process = 'pid' in event ? this.processes.get(event.pid) : undefined;
        if (process !== undefined) this.ofProcess(process, event, facts, clockUs);
      }
    }
  }

  /** What its calls were charged in a step whose events have been told. */
  charge(records: readonly LedgerRecord[]): void {
    for (const record of records) {
      const process = this.processes.get(record.pid);
      if (process === undefined) continue;
      addUsage(process.usage, record);
      if (process.call?.n === record.n) addUsage(process.call.usage, record);
    }
  }

  /** A piece of an answer came. */
  piece(pid: number, n: number, clockUs: number): void {
    const call = this.processes.get(pid)?.call;
    if (call?.n !== n || call.startUs === -1) return;
    call.firstChunkUs ??= Math.max(0, clockUs - call.startedAtUs);
  }

  /** The kernel is at its end: calls are broken off, and so are processes unless another kernel may go on with them. */
  close(nowUs: number, isKept: boolean): void {
    for (const process of this.processes.values()) {
      this.breakOff(process, nowUs);
      if (!isKept) this.end(process, { nowUs, outcome: 'unfinished', error: '', message: '' });
    }
    this.processes.clear();
  }

  private ofProcess(process: SpannedProcess, event: KernelEvent, facts: StepFacts, clockUs: number): void {
    const { span } = process;
    const { atUs } = event;
    switch (event.type) {
      case 'call.requested':
        process.call = openCall(process, event);
        return;
      case 'process.dispatched':
        return this.dispatched(process, event, facts, clockUs);
      case 'call.stopped':
        return this.stopped(process, event, facts);
      case 'call.ended':
        return this.callEnded(process, event, facts);
      case 'call.refused':
        this.endCall(process, atUs, event.code);
        return span.event('ringzero.call.refused', atUs, { 'error.type': event.code });
      case 'tool.started':
        return this.tools.started(process, event, facts);
      case 'tool.interrupted':
        return this.tools.interrupted(process, event);
      // Not its name: that of no tool is what a model said.
      case 'tool.refused':
        return span.event('ringzero.tool.refused', atUs, { 'error.type': event.code });
      case 'person.asked':
        this.tools.asked(process, event, facts);
        return span.event('ringzero.person.asked', atUs, { 'ringzero.purpose': event.purpose });
      case 'person.answered':
        this.tools.answered(event, facts);
        return span.event('ringzero.person.answered', atUs, { 'ringzero.decision': event.decision });
      case 'page.faulted':
        process.faultTokens += event.tokens;
        return;
      case 'budget.exhausted':
        return span.event('ringzero.budget.exhausted', atUs, {
          'ringzero.budget.node': event.node,
          'ringzero.resource': event.resource,
          'ringzero.rule': event.rule,
        });
      case 'process.suspended':
        return span.event('ringzero.process.suspended', atUs, { 'ringzero.reason': event.by });
      case 'process.continued':
        return span.event('ringzero.process.continued', atUs);
      case 'process.restored':
        return span.event('ringzero.process.restored', atUs);
      case 'process.migrated': {
        const { name } = process.watched.engine;
        return span.event('ringzero.process.migrated', atUs, { 'ringzero.engine': name });
      }
      case 'process.terminated':
        return this.terminated(process, event, facts);
      default:
    }
  }

  // ---- Model calls ---------------------------------------------------------------------------------------------------

  private dispatched(
    process: SpannedProcess,
    { core, atUs }: EventOf<'process.dispatched'>,
    facts: StepFacts,
    clockUs: number,
  ): void {
    const { call } = process;
    if (call === undefined) return;
    if (call.startUs === -1) process.calls++;
    const start = facts.call(process.watched.facts.pid);
    beginStretch(process, call, { core, atUs, start, clockUs });
  }

  private stopped(process: SpannedProcess, { by, atUs }: EventOf<'call.stopped'>, facts: StepFacts): void {
    const { call } = process;
    if (call === undefined) return;
    this.chargeNow(process, facts);
    endStretch(call, atUs);
    call.span.event('ringzero.call.stopped', atUs, { 'ringzero.reason': by });
  }

  private callEnded(process: SpannedProcess, { ok, atUs }: EventOf<'call.ended'>, facts: StepFacts): void {
    this.chargeNow(process, facts);
    const { input } = facts;
    const ended = input.type === 'call.ended' && input.pid === process.watched.facts.pid ? input : undefined;
    process.asked = (ended?.toolCalls ?? []).filter(({ arguments: args }) => args !== undefined);
    this.endCall(process, atUs, ok ? '' : (ended?.code ?? 'MODEL_FAILED'), ended);
  }

  /** One that never came to a core was no operation, and has no span. */
  private endCall(process: SpannedProcess, nowUs: number, error: string, ended?: CallEnded): void {
    const { call, watched } = process;
    if (call === undefined) return;
    process.call = undefined;
    const content = this.options.contents?.take(watched.facts.pid, call.n);
    if (call.startUs !== -1) endCall(this.options, process, call, { nowUs, error, ended, content });
  }

  /** Before the end of a call takes it away. */
  private chargeNow({ watched }: SpannedProcess, facts: StepFacts): void {
    this.charge(facts.takeSettled(watched.facts.pid));
  }

  // ---- Ends ----------------------------------------------------------------------------------------------------------

  private terminated(process: SpannedProcess, event: EventOf<'process.terminated'>, facts: StepFacts): void {
    const { pid, outcome, code, message, atUs: nowUs } = event;
    this.chargeNow(process, facts);
    this.breakOff(process, nowUs);
    const error = outcome === 'failed' ? code || 'PROGRAM_FAILED' : '';
    this.end(process, { nowUs, outcome, error, message });
    this.processes.delete(pid);
    this.options.contents?.forget(pid);
  }

  private breakOff(process: SpannedProcess, nowUs: number): void {
    this.endCall(process, nowUs, cancelledType);
    for (const request of process.tools) this.tools.end(request, nowUs, cancelledType);
  }

  private end(
    process: SpannedProcess,
    {
      nowUs: endUs,
      outcome,
      error,
      message,
    }: {
      readonly nowUs: number;
      readonly outcome: string;
      readonly error: string;
      readonly message: string;
    },
  ): void {
    process.isOver = true;
    const { watched, span, usage } = process;
    const { facts, stateUs, waitedUs } = watched;
    const { sink, wording } = this.options;
    const seconds = (us = 0): number => us / 1e6;
    const { startUs, name: subject } = facts;
    // Books what is left of its time.
    watched.enter('terminated', endUs);
    sink.onProcess(facts, endUs - startUs, error);
    if (sink.onSpan === undefined) return;
    span.set('ringzero.process.parent', facts.parent);
    span.set('ringzero.process.program', facts.program);
    span.set('ringzero.process.priority', facts.priority);
    span.set('ringzero.process.outcome', outcome);
    if (process.isResumed) span.set('ringzero.process.resumed', true);
    span.set('ringzero.budget.node', facts.budget);
    tellUsage(span, usage);
    span.set('ringzero.calls', process.calls);
    span.set('ringzero.tool_calls', process.toolCalls);
    span.set('ringzero.faults.tokens', process.faultTokens);
    span.set('ringzero.time.running', seconds(stateUs.get('running')));
    span.set('ringzero.time.ready', seconds(stateUs.get('ready')));
    span.set('ringzero.time.suspended', seconds(stateUs.get('suspended')));
    for (const [reason, us] of waitedUs) span.set(`ringzero.time.waiting.${reason}`, seconds(us));
    const told = error === '' ? undefined : wording?.message(message);
    const spanId = watched.spanIds.span;
    sink.onSpan(span.end({ subject, kind: 'internal', spanId, startUs, endUs, error, message: told }));
  }
}
