/**
 * What is under way in the runs of a kernel: model calls with the text of their answers so far, tool calls, questions, memories. A fold over what the kernel's steps ask of the world, for all runs, watched or
 * not: it holds what has no result yet, and nothing else. Processes and calls have the numbers of their run. Pure.
 */
import type { Json, Pid, RequestId } from '../../kernel/ids.ts';
import type { Input } from '../../kernel/inputs.ts';
import type { StepOutput } from '../../kernel/outbox.ts';
import type { CallIdentity, CallStart, PersonAsk, StorageRequest, ToolStart } from '../../kernel/requests.ts';
import { stepTypeOf } from './run-trace.ts';
import type { LiveBody, StepUnderWay } from './watch-event.ts';

/** Told in the order in which it happens. */
export type OnLive = (run: string, branch: string, body: LiveBody) => void;

/** A piece of an answer under way. */
export interface PieceOfAnswer {
  readonly call: CallIdentity;
  readonly delta: { readonly type: string; readonly text: string };
}

type Mutable<Type> = { -readonly [Field in keyof Type]: Type[Field] };

interface OpenStep {
  readonly run: string;
  readonly branch: string;
  readonly told: Mutable<StepUnderWay>;
  /** What a tool is doing or a person is asked. */
  request?: RequestId;
}

interface ProcessUnderWay {
  readonly name: string;
  /** Its last syscall that has a result. */
  done: number;
  /** Of the one that it waits for. */
  steps: OpenStep[];
}

export class UnderWay {
  private readonly onLive: OnLive;
  /** By branch and run. */
  private readonly branches = new Map<string, Map<Pid, ProcessUnderWay>>();
  private readonly requests = new Map<RequestId, OpenStep>();

  constructor(onLive: OnLive) {
    this.onLive = onLive;
  }

  /** Takes what one step of the kernel was given and gave out, when that is durable. */
  take({ records, requests, events }: StepOutput, input: Input): void {
    if (input.type === 'run.restored') this.restored(input.processes);
    for (const record of records)
      switch (record.type) {
        case 'process.started':
          this.started(record);
          break;
        case 'history':
          this.close(record.run, record.branch, record.pid, record.n);
          break;
        case 'process.ended':
          this.ended(record.run, record.branch, record.pid);
          break;
        default:
          break;
      }
    for (const event of events)
      if (event.type === 'tool.ended') {
        if (event.isRepeated !== true) this.toolEnded(event.request, event.ok, input);
      } else if (event.type === 'person.answered') this.questionOver(event.request, event.decision);
    for (const request of requests)
      switch (request.type) {
        case 'call.start':
          this.callStarted(request, input.atUs);
          break;
        case 'tool.start':
          this.toolStarted(request, input.atUs);
          break;
        case 'person.ask':
          this.asked(request, input.atUs);
          break;
        case 'person.withdraw':
          this.questionOver(request.request);
          break;
        case 'storage.request':
          this.stored(request, input.atUs);
          break;
        default:
          break;
      }
  }

  /** Takes a piece of an answer under way. */
  told({ call, delta }: PieceOfAnswer): void {
    if (delta.type !== 'text' || delta.text === '') return;
    const { run, branch, pid, n, index } = call;
    const step = this.answerOf(call);
    if (step?.text === undefined) return;
    const offset = step.text.length;
    step.text += delta.text;
    this.onLive(run, branch, { type: 'text_delta', pid, n, index, offset, text: delta.text });
  }

  /** In the order of their processes' start. */
  of(run: string, branch: string): readonly StepUnderWay[] {
    const processes = this.branches.get(keyOf(run, branch));
    if (processes === undefined) return [];
    return [...processes.values()].flatMap(({ steps }) => steps.map(({ told }) => ({ ...told })));
  }

  /** Processes that are known. */
  get size(): number {
    let size = 0;
    for (const processes of this.branches.values()) size += processes.size;
    return size;
  }

  // ---- Processes -----------------------------------------------------------------------------------------------------

  private restored(processes: readonly { readonly started: StartOf }[]): void {
    for (const { started } of processes) {
      this.ended(started.run, started.branch, started.pid);
      this.started(started);
    }
    const [first] = processes;
    // What was told of them before came to nothing.
    if (first !== undefined)
      this.onLive(first.started.run, first.started.branch, { type: 'under_way', steps: [] });
  }

  private started({ run, branch, pid, name }: StartOf): void {
    const key = keyOf(run, branch);
    const process: ProcessUnderWay = { name, done: 0, steps: [] };
    const known = this.branches.get(key);
    if (known === undefined) this.branches.set(key, new Map([[pid, process]]));
    else known.set(pid, process);
  }

  private ended(run: string, branch: string, pid: Pid): void {
    this.close(run, branch, pid, Infinity);
    const key = keyOf(run, branch);
    const processes = this.branches.get(key);
    processes?.delete(pid);
    if (processes?.size === 0) this.branches.delete(key);
  }

  /** Its `n`-th syscall has its result. */
  private close(run: string, branch: string, pid: Pid, n: number): void {
    const process = this.branches.get(keyOf(run, branch))?.get(pid);
    if (process === undefined || process.done >= n) return;
    for (const { request } of process.steps) if (request !== undefined) this.requests.delete(request);
    process.steps = [];
    process.done = n;
  }

  // ---- Steps ---------------------------------------------------------------------------------------------------------

  private answerOf({ run, branch, pid, n }: CallIdentity): Mutable<StepUnderWay> | undefined {
    const [step] = this.branches.get(keyOf(run, branch))?.get(pid)?.steps ?? [];
    return step?.told.n === n ? step.told : undefined;
  }

  /** Undefined: its process has ended, or has the result, in this very step of the kernel. */
  private open(
    { run, branch, pid, n, index }: CallIdentity,
    startedUs: number,
    more: Pick<StepUnderWay, 'stepType' | 'data' | 'text'>,
  ): OpenStep | undefined {
    const process = this.branches.get(keyOf(run, branch))?.get(pid);
    if (process === undefined || n <= process.done) return undefined;
    const known = process.steps.find(({ told }) => told.index === index);
    if (known !== undefined) {
      Object.assign(known.told, more);
      return known;
    }
    const step: OpenStep = {
      run,
      branch,
      told: { pid, n, index, name: process.name, startedUs, ...more },
    };
    process.steps.push(step);
    return step;
  }

  private expect(step: OpenStep, request: RequestId): void {
    step.request = request;
    this.requests.set(request, step);
  }

  private callStarted(start: CallStart, atUs: number): void {
    const { identity, request = {}, degradedTo, resumed, continues } = start;
    const { run, branch, pid, n, index } = identity;
    const known = this.answerOf(identity);
    if (resumed && known?.text !== undefined) {
      if (continues || known.text === '') return;
      known.text = '';
      return this.onLive(run, branch, { type: 'llm_call_restarted', pid, n, index });
    }
    const { purpose = 'turn', tools } = request;
    const model = degradedTo?.model ?? request.model;
    const data = {
      purpose,
      ...(model === undefined ? {} : { model }),
      ...(tools === undefined ? {} : { tools: [...tools] }),
    };
    this.stepStarted(identity, atUs, { stepType: stepTypeOf(purpose), data, text: '' });
  }

  private stored({ identity, op }: StorageRequest, atUs: number): void {
    if (op.kind === 'flush') return;
    const { kind, ...data } = op;
    this.stepStarted(identity, atUs, {
      stepType: kind === 'remember' ? 'memory_write' : 'memory_read',
      data,
    });
  }

  private stepStarted(
    identity: CallIdentity,
    atUs: number,
    more: Pick<StepUnderWay, 'stepType' | 'data' | 'text'>,
  ): void {
    const step = this.open(identity, atUs, more);
    if (step === undefined) return;
    const { run, branch, pid, n, index } = identity;
    const { stepType, name, data } = step.told;
    this.onLive(run, branch, { type: 'step_started', pid, n, index, stepType, name, data });
  }

  private toolStarted({ identity, tool, arguments: args, attempt, request }: ToolStart, atUs: number): void {
    const data = { tool, arguments: args, ...(attempt === 0 ? {} : { repeats: attempt }) };
    const step = this.open(identity, atUs, { stepType: 'tool_call', data });
    if (step === undefined) return;
    const { run, branch, pid, n, index } = identity;
    this.expect(step, request);
    this.onLive(run, branch, { type: 'tool_executing', pid, n, index, tool, arguments: args, attempt });
  }

  private toolEnded(request: RequestId, ok: boolean, input: Input): void {
    const known = this.requests.get(request);
    if (known === undefined) return;
    this.requests.delete(request);
    const { run, branch, told } = known;
    const { pid, n, index, data } = told;
    const isTold = input.type === 'tool.ended' && input.request === request;
    const value: Json = isTold ? input.value : 'no result in time';
    told.ended = { ok, value };
    this.onLive(run, branch, { type: 'tool_ended', pid, n, index, tool: data['tool'] as string, ok, value });
  }

  private asked({ identity, request, question, purpose, tool }: PersonAsk, atUs: number): void {
    const step = this.open(
      identity,
      atUs,
      tool === undefined
        ? { stepType: 'feedback', data: { purpose, question } }
        : { stepType: 'tool_call', data: { tool } },
    );
    if (step === undefined) return;
    const { run, branch, pid, n, index } = identity;
    const questionId = questionIdOf(identity);
    step.told.asks = { questionId, purpose, question };
    this.expect(step, request);
    this.onLive(run, branch, {
      type: 'awaiting_user_action',
      pid,
      n,
      index,
      questionId,
      purpose,
      question,
      ...(tool === undefined ? {} : { tool }),
    });
  }

  private questionOver(request: RequestId, decision?: string): void {
    const known = this.requests.get(request);
    if (known === undefined) return;
    this.requests.delete(request);
    const { run, branch, told } = known;
    delete told.asks;
    const { pid, n, index } = told;
    this.onLive(run, branch, {
      type: 'user_action_over',
      pid,
      n,
      index,
      questionId: questionIdOf({ run, pid, n, index }),
      ...(decision === undefined ? {} : { decision }),
    });
  }
}

interface StartOf {
  readonly run: string;
  readonly branch: string;
  readonly pid: Pid;
  readonly name: string;
}

/** No branch has a slash in its name. */
const keyOf = (run: string, branch: string): string => `${branch}/${run}`;

/** The same for ever. */
const questionIdOf = ({ run, pid, n, index }: Pick<CallIdentity, 'run' | 'pid' | 'n' | 'index'>): string =>
  `${run}:${pid}.${n}.${index}`;
