/** The trace of one run, as it grows: its steps with what they follow from, its events, and whoever watches them. */
import { assert } from '../../base/assert.ts';
import type { Json, Pid, RequestId } from '../../kernel/ids.ts';
import type { Outcome } from '../../kernel/process-state.ts';
import { EventReader } from './event-reader.ts';
import {
  noUsage,
  type Step,
  type StepType,
  type StepUsage,
  type Trace,
  type TraceEnd,
  type TraceEvent,
  type TraceEventBody,
  type TraceStatus,
} from './trace.ts';

type Mutable<Type> = { -readonly [Field in keyof Type]: Type[Field] };

export interface OpenStep extends Mutable<Omit<Step, 'data' | 'usage'>> {
  data: { [field: string]: Json };
  usage: Mutable<StepUsage>;
  /** Of an answer under way. */
  text: string;
  /** Of the tool call or question. */
  request: RequestId | undefined;
}

/** Where a process is in the trace. */
export interface ProcessPlace {
  readonly trace: RunTrace;
  /** Its number in its run, as of all that a trace tells. */
  readonly pid: Pid;
  readonly name: string;
  /** The run of its own by which it joined the trace of another, whose end does not wait for it. */
  readonly joinedAs: string | undefined;
  /** The syscall whose steps are `tips`; what it followed from. */
  n: number;
  base: readonly number[];
  /** What the next syscall follows from. */
  tips: number[];
  /** Steps without a result. */
  readonly open: Set<OpenStep>;
  call: OpenStep | undefined;
}

export interface TraceRoot {
  readonly run: string;
  readonly pid: Pid;
  readonly name: string;
  readonly program: string;
  readonly arguments: Json;
}

export class RunTrace {
  readonly root: TraceRoot;
  readonly steps: OpenStep[] = [];
  /** Questions that wait for a person. */
  readonly questions = new Set<RequestId>();
  /** The conclusions of its processes, by pid. */
  readonly conclusions = new Map<Pid, number>();
  readonly usage = { ...noUsage, calls: 0 };
  /** Processes that have not ended. */
  alive = 0;
  private readonly startedUs: number;
  private endedUs = -1;
  private end: TraceEnd | undefined;
  private rootEnd: Omit<TraceEnd, 'usage'> | undefined;
  /** All events but pieces of text: for who comes late. */
  private readonly log: TraceEvent[] = [];
  private readonly readers = new Set<EventReader>();

  constructor(root: TraceRoot, readers: Iterable<EventReader>, nowUs: number) {
    this.root = root;
    this.startedUs = nowUs;
    for (const reader of readers) this.readers.add(reader);
    const { name, arguments: args } = root;
    this.tell(nowUs, { type: 'trace_started', name, arguments: args });
  }

  get hasEnded(): boolean {
    return this.end !== undefined;
  }

  // ---- Steps ---------------------------------------------------------------------------------------------------------

  /** A step of syscall `n` of a process; those of one syscall have the same parents. */
  open(
    place: ProcessPlace,
    nowUs: number,
    { type, n, index = 0, data }: Pick<Step, 'type' | 'n' | 'data'> & { readonly index?: number },
  ): OpenStep {
    if (place.n !== n || n === 0) {
      place.n = n;
      place.base = place.tips;
      place.tips = [];
    }
    const { pid, name } = place;
    const step = this.add(nowUs, { type, pid, name, n, index, parents: place.base, data });
    place.tips.push(step.sequence);
    place.open.add(step);
    return step;
  }

  add(
    nowUs: number,
    {
      type,
      pid,
      name,
      n,
      index,
      parents,
      data,
    }: Pick<Step, 'type' | 'pid' | 'name' | 'n' | 'index' | 'parents' | 'data'>,
  ): OpenStep {
    const sequence = this.steps.length + 1;
    assert(
      parents.every((parent) => parent < sequence),
      'a step follows from earlier ones',
    );
    const step: OpenStep = {
      sequence,
      type,
      pid,
      name,
      n,
      index,
      parents: [...parents],
      status: 'open',
      data: { ...data },
      startedUs: nowUs,
      endedUs: -1,
      usage: { ...noUsage },
      text: '',
      request: undefined,
    };
    this.steps.push(step);
    this.tell(nowUs, {
      type: 'step_started',
      step: sequence,
      stepType: type,
      name,
      parents: step.parents,
      data,
    });
    return step;
  }

  /** Its result is there; `event` tells it. */
  close(
    place: Pick<ProcessPlace, 'open'> | undefined,
    step: OpenStep,
    nowUs: number,
    status: Exclude<Step['status'], 'open'>,
    event: TraceEventBody,
  ): void {
    assert(step.status === 'open', () => `step ${step.sequence} has two results`);
    step.status = status;
    step.endedUs = nowUs;
    step.text = '';
    if (step.request !== undefined) this.questions.delete(step.request);
    place?.open.delete(step);
    this.tell(nowUs, event);
  }

  count(step: OpenStep | undefined, usage: StepUsage): void {
    for (const field of usageFields) {
      this.usage[field] += usage[field];
      if (step !== undefined) step.usage[field] += usage[field];
    }
  }

  /** Text of an answer under way, for watchers. */
  delta(step: OpenStep, text: string, nowUs: number): void {
    const offset = step.text.length;
    step.text += text;
    this.send(this.event(nowUs, { type: 'text_delta', step: step.sequence, offset, text }));
  }

  // ---- The end -------------------------------------------------------------------------------------------------------

  /** The root process ended so; the run's end may be later. */
  concluded(outcome: Outcome, end: Pick<TraceEnd, 'value' | 'code' | 'message'>): void {
    const type =
      outcome === 'completed' ? 'trace_completed' : outcome === 'failed' ? 'trace_failed' : 'trace_cancelled';
    this.rootEnd = { type, ...end };
  }

  /** All processes of the run have ended. */
  finish(nowUs: number): void {
    assert(this.rootEnd !== undefined, 'a run ends with its root process, or later');
    this.endWith(this.rootEnd, nowUs);
  }

  /** The kernel broke down: nothing more comes. */
  break(message: string, nowUs: number): void {
    if (this.end === undefined) this.endWith({ type: 'trace_failed', value: null, code: '', message }, nowUs);
  }

  /** What is left of the run is stopped, and has left the kernel: it goes on in another trace. */
  release(nowUs: number): void {
    const message = 'it is stopped, and goes on later';
    this.endWith(this.rootEnd ?? { type: 'trace_cancelled', value: null, code: 'RELEASED', message }, nowUs);
  }

  private endWith(end: Omit<TraceEnd, 'usage'>, nowUs: number): void {
    this.end = { ...end, usage: { ...this.usage } };
    this.endedUs = nowUs;
    this.tell(nowUs, this.end);
    this.readers.clear();
  }

  // ---- Watchers ------------------------------------------------------------------------------------------------------

  /** Who comes late gets what happened so far, and of answers under way the text so far. */
  watch(): EventReader {
    const reader: EventReader = new EventReader(() => this.leave(reader));
    for (const event of this.log) reader.push(event);
    if (this.end !== undefined) return reader;
    for (const { text, sequence: step, startedUs } of this.steps)
      if (text !== '') reader.push(this.event(startedUs, { type: 'text_delta', step, offset: 0, text }));
    this.readers.add(reader);
    return reader;
  }

  /** Nobody reads it any more. */
  leave(reader: EventReader): void {
    this.readers.delete(reader);
  }

  tell(atUs: number, body: TraceEventBody): void {
    const event = this.event(atUs, body);
    this.log.push(event);
    this.send(event);
  }

  private event(atUs: number, body: TraceEventBody): TraceEvent {
    const { run, pid } = this.root;
    return { run, atUs, pid: 'step' in body ? this.steps[body.step - 1]!.pid : pid, ...body };
  }

  private send(event: TraceEvent): void {
    for (const reader of this.readers) reader.push(event);
  }

  // ---- What it comes to ----------------------------------------------------------------------------------------------

  snapshot(): Trace {
    const { startedUs, endedUs, rootEnd } = this;
    return {
      ...this.root,
      status: this.status,
      value: rootEnd?.value ?? null,
      startedUs,
      endedUs,
      steps: this.steps.map(({ text: _text, request: _request, data, usage, parents, ...step }) => ({
        ...step,
        parents: [...parents],
        data: { ...data },
        usage: { ...usage },
      })),
      usage: { ...this.usage },
    };
  }

  private get status(): TraceStatus {
    if (this.end === undefined) return this.questions.size > 0 ? 'waiting' : 'running';
    return statusOf[this.end.type];
  }
}

const usageFields = ['tokensIn', 'tokensCached', 'tokensOut', 'microDollars'] as const;

const statusOf: Readonly<Record<TraceEnd['type'], TraceStatus>> = {
  trace_completed: 'completed',
  trace_failed: 'failed',
  trace_cancelled: 'cancelled',
};

/** Of a purpose that is not named here: a plain call. */
export const stepTypeOf = (purpose: string | undefined): StepType =>
  purpose === 'reflection' || purpose === 'critique' ? 'reflection' : 'llm_call';
