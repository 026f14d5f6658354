/**
 * The traces of a kernel's runs: a pure fold over what its steps are given and give out, the same for a live kernel and a simulated one. It needs the kernel's records. A trace begins with the
 * kernel: of a run that was restored it tells what was done since.
 */
import { isRecord } from '../../kernel/budget-limits.ts';
import { invalid } from '../../kernel/errors.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import type { Json, Pid, RequestId } from '../../kernel/ids.ts';
import type { Input, SpawnInput } from '../../kernel/inputs.ts';
import type { StepOutput } from '../../kernel/outbox.ts';
import type { CallIdentity, CallStart, PersonAsk, StorageRequest, ToolStart } from '../../kernel/requests.ts';
import type { HistoryRecord } from '../../kernel/records.ts';
import type { Answer, ChildEnd, SyscallResult, ToolResult } from '../../kernel/syscalls.ts';
import type { FeedbackTask } from '../memory/feedback-program.ts';
import { EventReader } from './event-reader.ts';
import { RunTrace, stepTypeOf, type OpenStep, type ProcessPlace } from './run-trace.ts';
import { feedbackOn, type StepFeedback } from './step-feedback.ts';
import { StepActs, type Act } from './step-acts.ts';
import type { Trace, TraceEvent } from './trace.ts';

/** A piece of an answer under way, as the live driver tells it. */
export interface AnswerDelta {
  readonly call: CallIdentity;
  readonly delta: { readonly type: string; readonly text: string };
}

export class Traces {
  private readonly runsByName = new Map<string, RunTrace>();
  private readonly places = new Map<Pid, ProcessPlace>();
  /** Tool calls and questions, by the process that waits for them. */
  private readonly requests = new Map<RequestId, { readonly place: ProcessPlace; readonly step: OpenStep }>();
  /** Who watches runs that have not started. */
  private readonly early = new Map<string, Set<EventReader>>();
  /** Runs that belong to the trace of another, behind a step of it. */
  private readonly joined = new Map<string, { readonly trace: RunTrace; readonly step: number }>();
  private nowUs = 0;
  private isBroken = false;

  /** Takes what one step of the kernel was given and gave out. */
  take(output: StepOutput, input: Input): void {
    this.nowUs = input.atUs;
    const acts = new StepActs(output, input);
    for (const event of output.events) this.event(event, acts, input);
    for (const pid of acts.pids()) this.catchUp(pid, Infinity, acts);
  }

  /** Takes a piece of an answer under way. */
  told({ call, delta }: AnswerDelta): void {
    const place = this.places.get(call.pid);
    const step = place?.call;
    if (delta.type !== 'text' || delta.text === '' || step?.n !== call.n) return;
    place!.trace.delta(step, delta.text, this.nowUs);
  }

  /** The kernel broke down: every trace that has not ended fails. */
  broke(message: string): void {
    this.isBroken = true;
    for (const trace of this.runsByName.values()) trace.break(message, this.nowUs);
    for (const readers of this.early.values()) for (const reader of readers) reader.end();
    this.early.clear();
  }

  // ---- What is known -------------------------------------------------------------------------------------------------

  /** The runs in the order of their start. */
  runs(): readonly string[] {
    return [...this.runsByName.keys()];
  }

  /** As it stands now: plain data, the caller's own. undefined: no such run has started. */
  trace(run: string): Trace | undefined {
    return this.runsByName.get(run)?.snapshot();
  }

  /**
   * The events of a run in order, from its start, whenever one begins to watch; also of a run that is still to start. Ends with the run. Text that came before one watched, or that one has not read
   * yet, comes in one piece, so that a reader that lags, or stops reading, holds no more than the trace itself. What is told has happened; that it is durable is told by the run's end.
   */
  watch(run: string): AsyncIterableIterator<TraceEvent> {
    const trace = this.runsByName.get(run);
    if (trace !== undefined) return trace.watch();
    const readers = this.early.get(run) ?? new Set();
    const reader: EventReader = new EventReader(() => {
      readers.delete(reader);
      if (readers.size === 0) this.early.delete(run);
    });
    if (this.isBroken) reader.end();
    else this.early.set(run, readers.add(reader));
    return reader;
  }

  /** Lets go of a run that has ended and that nobody asks for any more. False: there is none of this name that has ended. */
  forget(run: string): boolean {
    const trace = this.runsByName.get(run);
    if (trace?.hasEnded !== true) return false;
    this.runsByName.delete(run);
    return true;
  }

  /**
   * Somebody says something of a step, while its run goes on or later: a step of the trace, behind it. What is returned stores it as an experience of `scope`: a process to spawn, of the program
   * `feedback`, whose own steps join this trace. Throws KernelError INVALID_ARGUMENT.
   */
  feedback(said: StepFeedback): Omit<SpawnInput, 'type'> {
    const { run, step: number, scope } = said;
    const trace = this.runsByName.get(run);
    if (trace === undefined) throw invalid('run', run, 'a run that has a trace');
    const step = trace.steps[number - 1];
    if (step === undefined) throw invalid('step', number, `a step of the run, 1 to ${trace.steps.length}`);
    if (typeof scope !== 'string' || scope === '') throw invalid('scope', scope, 'a text that is not empty');
    const feedback = feedbackOn(trace.root, step, said);
    const made = trace.add(this.nowUs, {
      type: 'feedback',
      pid: step.pid,
      n: 0,
      index: 0,
      parents: [number],
      data: { kind: feedback.kind, text: feedback.text, condition: feedback.condition, scope },
    });
    trace.close(undefined, made, this.nowUs, 'done', {
      type: 'step_completed',
      step: made.sequence,
      ok: true,
    });
    const name = `${run}/feedback/${made.sequence}`;
    this.joined.set(name, { trace, step: made.sequence });
    const task: FeedbackTask = { scope, feedback };
    return { program: 'feedback', arguments: task, name: 'feedback', run: name };
  }

  // ---- Events --------------------------------------------------------------------------------------------------------

  private event(event: KernelEvent, acts: StepActs, input: Input): void {
    switch (event.type) {
      case 'process.spawned':
        return this.spawned(event, acts);
      case 'process.terminated':
        return this.terminated(event, acts);
      case 'call.requested': {
        const place = this.placeAt(event.pid, event.n, acts);
        if (place === undefined) return;
        const { n, promptTokens, maxOutput, purpose } = event;
        place.call = place.trace.open(place, this.nowUs, {
          type: stepTypeOf(purpose),
          n,
          data: { purpose: purpose ?? 'turn', promptTokens, maxOutput },
        });
        return;
      }
      case 'call.ended': {
        const place = this.places.get(event.pid);
        if (place !== undefined) place.trace.usage.calls++;
        return;
      }
      case 'tool.refused':
      case 'tool.interrupted': {
        const place = this.placeAt(event.pid, event.n, acts);
        if (place !== undefined) toolStep(place, this.nowUs, event.n, event.index, { tool: event.tool });
        return;
      }
      case 'tool.ended': {
        const open = this.requests.get(event.request);
        if (!event.ok || open === undefined) return;
        if (input.type !== 'tool.ended' || input.request !== event.request) return;
        return this.toolResult(open.place, open.step, { ok: true, value: input.value });
      }
      case 'person.answered': {
        const open = this.requests.get(event.request);
        if (open === undefined) return;
        open.place.trace.questions.delete(event.request);
        open.step.data['decision'] = event.decision;
        return;
      }
    }
  }

  private spawned(event: Extract<KernelEvent, { readonly type: 'process.spawned' }>, acts: StepActs): void {
    const { pid, run, parent, name, program } = event;
    const join = this.joined.get(run);
    let trace = join?.trace ?? this.runsByName.get(run);
    if (trace === undefined) {
      const root = { run, pid, name, program, arguments: acts.argumentsOf(pid) };
      trace = new RunTrace(root, this.early.get(run) ?? [], this.nowUs);
      this.early.delete(run);
      this.runsByName.set(run, trace);
    }
    const spawner = parent === 0 ? undefined : this.placeAt(parent, acts.spawnOf(parent, pid), acts);
    const tips = spawner === undefined ? (join === undefined ? [] : [join.step]) : [...spawner.tips];
    if (join === undefined) trace.alive++;
    this.places.set(pid, {
      trace,
      pid,
      joinedAs: join === undefined ? undefined : run,
      n: 0,
      base: tips,
      tips,
      open: new Set(),
      call: undefined,
    });
  }

  private terminated(
    { pid, outcome, code, message }: Extract<KernelEvent, { readonly type: 'process.terminated' }>,
    acts: StepActs,
  ): void {
    const place = this.placeAt(pid, Infinity, acts);
    if (place === undefined) return;
    const { trace } = place;
    for (const step of place.open) this.cancel(place, step);
    const value = acts.endOf(pid);
    const end = { value, code, message };
    const data = { outcome, ...end };
    const step = trace.open(place, this.nowUs, { type: 'conclusion', n: 0, data });
    trace.conclusions.set(pid, step.sequence);
    const status = outcome === 'completed' ? 'done' : outcome === 'failed' ? 'failed' : 'cancelled';
    const told = { type: 'conclusion', step: step.sequence, pid, value } as const;
    trace.close(place, step, this.nowUs, status, told);
    this.places.delete(pid);
    if (place.joinedAs !== undefined) {
      this.joined.delete(place.joinedAs);
      return;
    }
    if (pid === trace.root.pid) trace.concluded(outcome, end);
    if (--trace.alive === 0) trace.finish(this.nowUs);
  }

  /** Its process ends before it has a result. */
  private cancel(place: ProcessPlace, step: OpenStep): void {
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

  /** The place of a process, before its `n`-th syscall. */
  private placeAt(pid: Pid, n: number, acts: StepActs): ProcessPlace | undefined {
    this.catchUp(pid, n, acts);
    return this.places.get(pid);
  }

  private catchUp(pid: Pid, n: number, acts: StepActs): void {
    for (let act = acts.take(pid, n); act !== undefined; act = acts.take(pid, n)) {
      const place = this.places.get(pid);
      if (place !== undefined) this.act(place, act);
    }
  }

  private act(place: ProcessPlace, act: Act): void {
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

  /** On its first stretch: the request is the same in all. */
  private callStarted({ call }: ProcessPlace, { resumed, request = {}, degradedTo }: CallStart): void {
    if (call === undefined || resumed) return;
    const model = degradedTo?.model ?? request.model;
    if (model !== undefined) call.data['model'] = model;
    if (request.tools !== undefined) call.data['tools'] = [...request.tools];
  }

  private toolStarted(place: ProcessPlace, start: ToolStart): void {
    const { tool, arguments: args, attempt, identity, request } = start;
    const step = toolStep(place, this.nowUs, identity.n, identity.index, { tool });
    step.data['arguments'] = args;
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
        : toolStep(place, this.nowUs, n, index, { tool, ...argumentsIn(question) });
    this.expect(place, step, request);
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

  private expect(place: ProcessPlace, step: OpenStep, request: RequestId): void {
    step.request = request;
    this.requests.set(request, { place, step });
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
        if (conclusion !== undefined && !place.tips.includes(conclusion))
          // Its own list: a child may have begun with the same one.
          place.tips = [...place.tips, conclusion];
        return;
      }
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
    trace.close(place, call, this.nowUs, 'failed', {
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
    place.trace.close(place, step, this.nowUs, 'failed', { ...told, ok: false, value: message, code });
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

/** A question about a tool call tells its arguments. */
const argumentsIn = (question: Json): { readonly arguments?: Json } =>
  isRecord(question) && question['arguments'] !== undefined
    ? { arguments: question['arguments'] as Json }
    : {};
