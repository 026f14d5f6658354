/** From what happens in one process to the steps of its trace: model calls, tool calls, questions and memories, from their start to their one result. */
import { isRecord } from '../../kernel/budget-limits.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import type { Json, RequestId } from '../../kernel/ids.ts';
import type { Input } from '../../kernel/inputs.ts';
import type { HistoryRecord } from '../../kernel/records.ts';
import type { CallStart, PersonAsk, StorageRequest, ToolStart } from '../../kernel/requests.ts';
import type { Answer, ChildEnd, SyscallResult, ToolResult } from '../../kernel/syscalls.ts';
import { decided, timedOut, toolResultOf } from '../../kernel/tool-run.ts';
import { stepTypeOf, type OpenStep, type ProcessPlace } from './run-trace.ts';
import type { Act } from './step-acts.ts';

type EventOf<Type> = Extract<KernelEvent, { readonly type: Type }>;

/** A tool call or a question that has no result yet. */
interface Expected {
  readonly place: ProcessPlace;
  readonly step: OpenStep;
  /** A call that asks a person: the answer is its result. */
  readonly isAsked: boolean;
}

export class StepFold {
  nowUs = 0;
  private readonly requests = new Map<RequestId, Expected>();
  /** Tool calls that the world has not let go of: they may outlive their step. */
  private readonly unsettled = new Map<
    RequestId,
    { readonly trace: ProcessPlace['trace']; readonly step: OpenStep; readonly start: ToolStart }
  >();

  // ---- Events --------------------------------------------------------------------------------------------------------

  called(place: ProcessPlace, { n, promptTokens, maxOutput, purpose }: EventOf<'call.requested'>): void {
    place.call = place.trace.open(place, this.nowUs, {
      type: stepTypeOf(purpose),
      n,
      data: { purpose: purpose ?? 'turn', promptTokens, maxOutput },
    });
  }

  /** What there is of an answer, in the end or when it is stopped: also of one that was not watched. */
  answerCame({ call }: ProcessPlace, input: Input): void {
    if (call === undefined || input.type !== 'call.ended') return;
    const text = input.text ?? input.failure?.partial ?? '';
    if (text !== '') call.text = text;
  }

  /** A tool call that was refused, or that a crash interrupted: its result comes with its batch. */
  notStarted(place: ProcessPlace, { n, index, tool }: EventOf<'tool.refused' | 'tool.interrupted'>): void {
    toolStep(place, this.nowUs, n, index, { tool });
  }

  /** A tool call has its result, unless it is repeated. One whose process ends is closed with that. */
  toolEnded({ request, code, isRepeated }: EventOf<'tool.ended'>, input: Input): void {
    const open = this.requests.get(request);
    if (open === undefined || isRepeated === true || code === 'TOOL_CANCELLED') return;
    const { place, step } = open;
    if (input.type === 'tool.ended' && input.request === request)
      return this.toolResult(place, step, toolResultOf(input));
    const { tool, timeoutUs } = this.unsettled.get(request)!.start;
    if (code === 'TOOL_TIMEOUT') this.toolResult(place, step, timedOut(tool, timeoutUs));
  }

  toolLate({ request, tool }: EventOf<'tool.late'>, input: Input): void {
    const late = this.unsettled.get(request);
    if (late === undefined || input.type !== 'tool.ended') return;
    const { trace, step } = late;
    const { ok, value } = input;
    step.data['late'] = { ok, value, atUs: this.nowUs };
    if (!trace.hasEnded) trace.tell(this.nowUs, { type: 'tool_late', step: step.sequence, tool, ok, value });
  }

  toolSettled({ request }: EventOf<'tool.settled'>): void {
    this.unsettled.delete(request);
  }

  answered({ request, decision }: EventOf<'person.answered'>, input: Input): void {
    const open = this.requests.get(request);
    if (open === undefined) return;
    const { place, step, isAsked } = open;
    place.trace.questions.delete(request);
    step.data['decision'] = decision;
    if (step.type !== 'tool_call' || input.type !== 'person.answered') return;
    const result = decided(step.data['tool'] as string, isAsked, input);
    if (result !== undefined) this.toolResult(place, step, result);
  }

  /** Its process ends before it has a result. */
  cancel(place: ProcessPlace, step: OpenStep): void {
    const { trace } = place;
    const { sequence, type } = step;
    if (step.request !== undefined) this.requests.delete(step.request);
    const message = 'its process ended';
    switch (type) {
      case 'llm_call':
      case 'reflection': {
        place.call = undefined;
        if (step.text !== '') step.data['text'] = step.text;
        const { text } = step;
        const usage = { ...step.usage };
        return trace.close(place, step, this.nowUs, 'cancelled', {
          type: 'llm_call_completed',
          step: sequence,
          ok: false,
          text,
          message,
          usage,
        });
      }
      case 'tool_call':
        return trace.close(place, step, this.nowUs, 'cancelled', {
          type: 'tool_result',
          step: sequence,
          tool: step.data['tool'] as string,
          ok: false,
          value: message,
        });
      case 'memory_read':
        return trace.close(place, step, this.nowUs, 'cancelled', {
          type: 'memory_loaded',
          step: sequence,
          ok: false,
          memories: 0,
        });
      default:
        return trace.close(place, step, this.nowUs, 'cancelled', {
          type: 'step_completed',
          step: sequence,
          ok: false,
        });
    }
  }

  // ---- Requests and records ------------------------------------------------------------------------------------------

  act(place: ProcessPlace, act: Act): void {
    switch (act.what) {
      case 'call':
        return this.callStarted(place, act.start);
      case 'tool':
        return this.toolStarted(place, act.start);
      case 'ask':
        return this.asked(place, act.ask);
      case 'storage':
        return this.storageAsked(place, act.request);
      case 'settled': {
        const { tokens, tokensCached, tokensOut, microDollars } = act.record;
        const usage = { tokensIn: tokens - tokensOut, tokensCached, tokensOut, microDollars };
        return place.trace.count(place.call?.n === act.n ? place.call : undefined, usage);
      }
      case 'result':
        return this.result(place, act.record);
    }
  }

  /** On its first stretch: the request is the same in all. On a further one the answer goes on, or begins anew. */
  private callStarted({ trace, call }: ProcessPlace, start: CallStart): void {
    const { resumed, continues, request = {}, degradedTo } = start;
    if (call === undefined || continues) return;
    if (resumed) return call.text === '' ? undefined : this.restarted(trace, call);
    const model = degradedTo?.model ?? request.model;
    if (model !== undefined) call.data['model'] = model;
    if (request.tools !== undefined) call.data['tools'] = [...request.tools];
  }

  private restarted(trace: ProcessPlace['trace'], call: OpenStep): void {
    const { data, text, sequence: step } = call;
    data['stopped'] = [...((data['stopped'] as readonly Json[] | undefined) ?? []), text];
    call.text = '';
    trace.tell(this.nowUs, { type: 'llm_call_restarted', step, text });
  }

  private toolStarted(place: ProcessPlace, start: ToolStart): void {
    const { tool, arguments: args, attempt, identity, subRun, request } = start;
    const step = toolStep(place, this.nowUs, identity.n, identity.index, { tool });
    step.data['arguments'] = args;
    step.data['subRun'] = subRun;
    this.unsettled.set(request, { trace: place.trace, step, start });
    if (attempt > 0) step.data['repeats'] = attempt;
    this.expect(place, step, request);
    const told = { type: 'tool_executing', step: step.sequence, tool, arguments: args, attempt } as const;
    place.trace.tell(this.nowUs, told);
  }

  private asked(place: ProcessPlace, { request, identity, question, purpose, tool }: PersonAsk): void {
    const { trace } = place;
    const { n, index } = identity;
    const step =
      tool === undefined
        ? trace.open(place, this.nowUs, { type: 'feedback', n, data: { purpose, question } })
        : toolStep(place, this.nowUs, n, index, { tool, ...argumentsIn(question, purpose) });
    this.expect(place, step, request, tool !== undefined && purpose === 'answer');
    trace.questions.add(request);
    trace.tell(this.nowUs, {
      type: 'awaiting_user_action',
      step: step.sequence,
      request,
      purpose,
      question,
      ...(tool === undefined ? {} : { tool }),
    });
  }

  private expect(place: ProcessPlace, step: OpenStep, request: RequestId, isAsked = false): void {
    step.request = request;
    this.requests.set(request, { place, step, isAsked });
  }

  private storageAsked(place: ProcessPlace, { op, identity: { n } }: StorageRequest): void {
    if (op.kind === 'flush') return;
    const { kind, ...data } = op;
    const type = kind === 'remember' ? 'memory_write' : 'memory_read';
    place.trace.open(place, this.nowUs, { type, n, data });
  }

  private result(place: ProcessPlace, { kind, n, result }: HistoryRecord): void {
    switch (kind) {
      case 'think':
        return this.callResult(place, n, result as SyscallResult<Answer>);
      case 'callTools':
        if (!result.ok) return;
        for (const step of place.open)
          if (step.n === n)
            this.toolResult(place, step, (result.value as unknown as ToolResult[])[step.index]!);
        return;
      case 'ask':
      case 'remember':
      case 'recall':
        return this.plainResult(place, n, result);
      case 'wait': {
        if (!result.ok) return;
        const { pid } = result.value as unknown as ChildEnd;
        const conclusion = place.trace.conclusions.get(pid);
        if (conclusion !== undefined && !place.tips.includes(conclusion)) place.tips.push(conclusion);
        return;
      }
      default:
        return;
    }
  }

  private callResult(place: ProcessPlace, n: number, result: SyscallResult<Answer>): void {
    const { trace, call } = place;
    if (call?.n !== n) return;
    place.call = undefined;
    const { data, sequence: step } = call;
    const usage = { ...call.usage };
    if (result.ok) {
      const { text, toolCalls, finish } = result.value;
      data['text'] = text;
      if (toolCalls !== undefined) data['toolCalls'] = [...toolCalls];
      if (finish !== undefined) data['finish'] = finish;
      const told = { type: 'llm_call_completed', step, ok: true, text, usage } as const;
      return trace.close(place, call, this.nowUs, 'done', told);
    }
    const { code, message, failure } = result;
    const text = failure?.partial ?? call.text;
    Object.assign(data, { code, message, ...(text === '' ? {} : { text }) });
    trace.close(place, call, this.nowUs, code === 'MODEL_TIMEOUT' ? 'timed-out' : 'failed', {
      type: 'llm_call_completed',
      step,
      ok: false,
      text,
      code,
      message,
      ...(failure === undefined ? {} : { failure }),
      usage,
    });
  }

  private toolResult(place: ProcessPlace, step: OpenStep, result: ToolResult): void {
    const { data, sequence, request } = step;
    if (request !== undefined) this.requests.delete(request);
    const tool = data['tool'] as string;
    const told = { type: 'tool_result', step: sequence, tool } as const;
    if (result.ok) {
      const { value } = result;
      data['value'] = value;
      return place.trace.close(place, step, this.nowUs, 'done', { ...told, ok: true, value });
    }
    const { code, message } = result;
    Object.assign(data, { code, message });
    const status = code === 'TOOL_TIMEOUT' ? 'timed-out' : 'failed';
    place.trace.close(place, step, this.nowUs, status, { ...told, ok: false, value: message, code });
  }

  private plainResult(place: ProcessPlace, n: number, result: SyscallResult<Json>): void {
    const step = [...place.open].find((open) => open.n === n);
    if (step === undefined) return;
    const { data, sequence, type, request } = step;
    if (request !== undefined) this.requests.delete(request);
    if (!result.ok) Object.assign(data, { code: result.code, message: result.message });
    else if (type === 'feedback') data['answer'] = (result.value as { readonly value: Json }).value;
    else if (type === 'memory_read') data['memories'] = result.value;
    const memories = result.ok && type === 'memory_read' ? (result.value as readonly Json[]).length : 0;
    place.trace.close(
      place,
      step,
      this.nowUs,
      result.ok ? 'done' : 'failed',
      type === 'memory_read'
        ? { type: 'memory_loaded', step: sequence, ok: result.ok, memories }
        : { type: 'step_completed', step: sequence, ok: result.ok },
    );
  }
}

/** The step of one tool call: opened by whatever is heard of it first. */
function toolStep(
  place: ProcessPlace,
  nowUs: number,
  n: number,
  index: number,
  data: { readonly [field: string]: Json },
): OpenStep {
  for (const step of place.open) if (step.n === n && step.index === index) return step;
  return place.trace.open(place, nowUs, { type: 'tool_call', n, index, data });
}

/** A question about a tool call tells its arguments; one that a tool asks is the arguments. */
function argumentsIn(question: Json, purpose: PersonAsk['purpose']): { readonly arguments?: Json } {
  if (purpose === 'answer') return { arguments: question };
  const args = isRecord(question) ? question['arguments'] : undefined;
  return args === undefined ? {} : { arguments: args };
}
