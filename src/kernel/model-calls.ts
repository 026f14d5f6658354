import { auditCall } from './audit-trail.ts';
import { CallBudgets } from './call-budgets.ts';
import { estimateTokens } from './estimate.ts';
import type { Engine, StopReason } from './engine.ts';
import type { KernelEvent } from './events.ts';
import type { KernelErrorCode } from './errors.ts';
import type { PageNumber } from './ids.ts';
import type { CallEnded } from './inputs.ts';
import type { KernelState } from './kernel-state.ts';
import { importanceDefaults } from './options.ts';
import type { Outbox } from './outbox.ts';
import type { Call, Process } from './process.ts';
import { PromptContents } from './prompt-contents.ts';
import { historyVersion } from './records.ts';
import type { AgentScheduler, SchedulerListener } from './scheduler.ts';
import type { Answer, ModelFailure, ThinkCall } from './syscalls.ts';

/** What becomes of a process whose call was stopped by a signal, or that its budget stops. */
export interface CallersFate {
  afterStop(process: Process): void;
  fail(process: Process, code: KernelErrorCode, message: string): void;
}

/**
 * A model call from the syscall to its answer: checked, reserved at every budget, queued, run in one or more stretches, settled to what
 * it used. What can never fit fails at once with a code; what must wait waits.
 */
export class ModelCalls implements SchedulerListener {
  private readonly state: KernelState;
  private readonly fate: CallersFate;
  private scheduler!: AgentScheduler;
  readonly budgets: CallBudgets;

  constructor(state: KernelState, fate: CallersFate) {
    this.state = state;
    this.budgets = new CallBudgets(state);
    this.fate = fate;
  }

  connect(scheduler: AgentScheduler): void {
    this.scheduler = scheduler;
  }

  start(process: Process, think: ThinkCall): void {
    const { state } = this;
    const { pid, n, table } = process;
    const home = this.engineNamed(think.request?.model) ?? process.returnsTo;
    const engine = home ?? process.engine;
    const extraTokens = Math.max(0, (think.promptTokens ?? 0) - table.tokens);
    const prompt = table.tokens + extraTokens;
    const room = extraTokens + think.maxOutput;
    const needed = table.tokens + room;
    const { windowTokens, memoryTokens } = engine.options;
    const call: Call = {
      think,
      script: think.script,
      input: state.options.records ? `prompt/${this.nameOfPrompt(process)}/${prompt}` : '',
      extraTokens,
      freshTokens: Math.max(0, prompt - process.foundTokens),
      room,
      bypass: !engine.memory.canEverHold(table, room),
      options: engine.options,
      degradedTo: undefined,
      home,
      stretches: 0,
      tokensOut: 0,
      coreUs: 0,
      tokensIn: 0,
      tokensCached: 0,
      sentTokens: 0,
      readySinceUs: 0,
      restoreLeftUs: 0,
      reservation: undefined,
      waitsAt: -1,
      pacedAt: -1,
      seq: state.nextSequence(),
      settledOut: 0,
      settledUs: 0,
      settledStretches: 0,
      paidIn: 0,
      paidCached: 0,
      paidMicroDollars: 0,
      reasoning: '',
    };
    process.call = call;
    const { out } = state;
    out.events.push({
      seq: ++out.seq,
      atUs: state.nowUs,
      type: 'call.requested',
      pid,
      n,
      promptTokens: prompt,
      maxOutput: think.maxOutput,
    });
    const { purpose } = think.request ?? {};
    if (purpose !== undefined || home !== undefined) tellMore(out, purpose, home);
    if (needed > windowTokens)
      return this.refuse(
        process,
        'WINDOW_EXCEEDED',
        `prompt and answer take ${needed} tokens; allowed: up to the window of ${windowTokens}`,
      );
    if (call.bypass && state.options.oversize === 'fail')
      return this.refuse(
        process,
        'CONTEXT_TOO_LARGE',
        `prompt and answer take ${needed} tokens; allowed: up to the context memory of ${memoryTokens}`,
      );
    if (call.bypass) state.out.emit({ type: 'call.bypassed', pid, n, tokens: needed });
    this.reserve(process, call);
  }

  /** A model that is none of the engines' is the business of whoever runs the call. */
  private engineNamed(model: string | undefined): Engine | undefined {
    return model === undefined ? undefined : this.state.engines.find(({ options }) => options.name === model);
  }

  /** Reserves the next stretch at every budget and queues the process, or lets it wait or fail. */
  private reserve(process: Process, call: Call): void {
    const refusal = this.budgets.reserve(process, call);
    if (refusal?.code === 'BUDGET_EXHAUSTED') return this.exhaust(process, call, refusal.message);
    if (refusal !== undefined) return this.refuse(process, refusal.code, refusal.message);
    if (call.reservation !== undefined) this.scheduler.enqueue(process);
  }

  callStopped(process: Process, call: Call, ended: CallEnded, by: StopReason): void {
    const { state } = this;
    const { out } = state;
    const { newPrefillUs, repeatedPrefillUs, loadUs } = ended;
    out.events.push({
      seq: ++out.seq,
      atUs: state.nowUs,
      type: 'call.stopped',
      pid: process.pid,
      core: ended.core,
      n: process.n,
      by,
      tokensOut: call.tokensOut,
      newPrefillUs,
      repeatedPrefillUs,
      loadUs,
    });
    tellSwitch(out, ended);
    call.reasoning += ended.reasoning ?? '';
    this.keepPartial(process, ended.text);
    if (process.ending !== undefined) {
      this.budgets.settle(process, call);
      auditCall(state, process, call, undefined);
      process.call = undefined;
      return this.fate.afterStop(process);
    }
    // The prompt is paid again by the next stretch, so this one is settled; `none` comes here by a signal only.
    if (process.engine.options.preemption !== 'resume') this.budgets.settle(process, call);
    // A stop that was taken back while the call was being stopped is none.
    if (by === 'load-control' || (by === 'signal' && process.stopping)) {
      process.engine.policy.waiting(process.pid, state.nowUs);
      return this.fate.afterStop(process);
    }
    this.goOn(process);
  }

  /** A stopped call wants a core again: after a preemption, or when its process is continued. */
  goOn(process: Process): void {
    if (process.call!.reservation === undefined) {
      process.engine.policy.waiting(process.pid, this.state.nowUs);
      if (process.state === 'running') this.state.change(process, 'preempt');
      this.reserve(process, process.call!);
    } else this.scheduler.enqueue(process);
  }

  callFinished(process: Process, call: Call, ended: CallEnded): void {
    const { state } = this;
    const { pid, engine, usage } = process;
    call.reasoning += ended.reasoning ?? '';
    // What the provider reports is about the last request; a call that was continued made several.
    call.tokensIn = ended.tokensIn ?? call.tokensIn;
    const estimatedTokens = call.tokensCached;
    call.tokensCached = Math.min(call.tokensIn, ended.tokensCached ?? estimatedTokens);
    const { tokensCached: reportedTokens, tokensIn: reportedIn } = call;
    this.budgets.settle(process, call);
    const { paidIn: tokensIn, paidCached: tokensCached, paidMicroDollars: microDollars } = call;
    const isOk = ended.reason === 'completed';
    const { newPrefillUs, repeatedPrefillUs, loadUs, tokensOut } = ended;
    const { out } = state;
    out.events.push({
      seq: ++out.seq,
      atUs: state.nowUs,
      type: 'call.ended',
      pid,
      core: ended.core,
      n: process.n,
      ok: isOk,
      tokensIn,
      tokensCached,
      tokensOut,
      microDollars,
      newPrefillUs,
      repeatedPrefillUs,
      loadUs,
    });
    tellSwitch(out, ended);
    // One that its server refused was looked up nowhere, and one that bypassed memory ran on another model, or without it.
    if (ended.tokensCached !== undefined && reportedIn > 0 && !call.bypass) {
      // The server counts other tokens than the kernel: the same share of the prompt.
      const cachedTokens = Math.floor((reportedTokens * process.table.tokens) / reportedIn);
      const { sentTokens } = call;
      engine.memory.heedReport({ cachedTokens, estimatedTokens, sentTokens }, process.table);
    }
    engine.policy.waiting(pid, state.nowUs);
    usage.calls++;
    state.change(process, 'wake');
    process.call = undefined;
    // Its process ends, and takes no answer any more.
    if (process.ending !== undefined) {
      auditCall(state, process, call, undefined);
      this.keepPartial(process, ended.text ?? ended.failure?.partial);
    }
    if (process.ending !== undefined || process.stopping) this.fate.afterStop(process);
    if (process.state === 'terminated') return;
    if (!isOk)
      return this.fail(
        process,
        call,
        ended.code ?? 'MODEL_FAILED',
        ended.message ?? 'the model call failed',
        ended.failure,
      );
    const answer = this.answerOf(call, ended);
    const keeps = call.think.keepAnswer ?? (ended.text !== undefined || ended.page !== undefined);
    const kept = keeps ? this.keepAnswer(process, answer, ended, !call.bypass) : answer;
    process.foundTokens = process.table.tokens;
    const result = { ok: true, value: kept } as const;
    auditCall(state, process, call, result);
    state.deliver(process, result);
  }

  /** An answer, or a part of one, that no result tells. */
  private keepPartial(process: Process, text = ''): void {
    if (text !== '') this.state.journal(process, { type: 'answer.partial', n: process.n, text });
  }

  /** Most answers are text alone. */
  private answerOf({ paidIn, paidCached, degradedTo }: Call, ended: CallEnded): Answer {
    const { text = '', tokensOut, toolCalls, finish } = ended;
    const told: Answer = { text, tokensIn: paidIn, tokensCached: paidCached, tokensOut };
    if (degradedTo === undefined && toolCalls === undefined && finish === undefined) return told;
    return {
      ...told,
      ...(degradedTo === undefined ? {} : { model: degradedTo.model }),
      ...(toolCalls === undefined ? {} : { toolCalls }),
      ...(finish === undefined ? {} : { finish }),
    };
  }

  /** The answer joins the prompt as a page, importance 0.7; its tokens are already in memory. */
  private keepAnswer(
    process: Process,
    answer: Answer,
    { page: worded, pageTokens }: CallEnded,
    isResident: boolean,
  ): Answer {
    const { state } = this;
    const text = worded ?? answer.text;
    const tokens = pageTokens === undefined ? tokensOfAnswer(answer, text) : Math.max(1, pageTokens);
    const { run, isNew, hash } = state.contents.ofText(process.run, text, tokens);
    if (isNew) state.record({ v: historyVersion, type: 'page', run: process.run, hash, text });
    const { memory } = process.engine;
    const page = (
      isResident
        ? memory.appendResident(process.table, run, importanceDefaults.result, state.nowUs)
        : memory.append(process.table, run, importanceDefaults.result, false)
    ) as PageNumber;
    return worded === undefined ? { ...answer, page } : { ...answer, page, content: { hash, tokens } };
  }

  /** The same for an answer of before a crash: its page is cold. */
  keepAgain({ engine, table, run: ownRun }: Process, answer: Answer): PageNumber {
    const { contents } = this.state;
    const { content, text } = answer;
    const run =
      content === undefined
        ? contents.ofText(ownRun, text, tokensOfAnswer(answer, text)).run
        : contents.ofHash(content.hash, content.tokens);
    return engine.memory.append(table, run, importanceDefaults.result, false) as PageNumber;
  }

  /** The process ends or is withdrawn while it waits for budget. */
  withdraw(process: Process): void {
    const { call } = process;
    if (call !== undefined && call.waitsAt !== -1 && call.reservation === undefined)
      this.budgets.withdraw(call);
  }

  /** Gives back what an ended process had reserved for a call that did not start, and settles one that did. */
  close(process: Process): void {
    const { call } = process;
    if (call === undefined) return;
    this.withdraw(process);
    if (call.reservation !== undefined) this.budgets.settle(process, call);
    // What never started was no act.
    if (call.stretches > 0) auditCall(this.state, process, call, undefined);
    process.call = undefined;
  }

  /** Its process leaves the kernel: what it had reserved and not begun to use goes back. The call is asked for again where it goes on. */
  letGo(process: Process): void {
    const { call } = process;
    if (call === undefined) return;
    this.withdraw(process);
    if (call.reservation !== undefined) this.budgets.settle(process, call);
    process.call = undefined;
  }

  /** Lets those go on that waited for budget, as far as they fit. Called at the end of each step. */
  settleBudgets(): void {
    if (this.budgets.hasNews) this.budgets.settleWaiters(this);
  }

  /** A waiter's turn has come. */
  tryAgain(process: Process): void {
    this.reserve(process, process.call!);
  }

  /** Its call, which waits for memory or budget, is not to be. */
  refuseWaiting(process: Process, code: KernelErrorCode, message: string): void {
    this.withdraw(process);
    const call = process.call!;
    if (call.reservation !== undefined) this.budgets.settle(process, call);
    this.refuse(process, code, message);
  }

  private refuse(process: Process, code: KernelErrorCode, message: string): void {
    const { state } = this;
    const call = process.call!;
    state.out.emit({ type: 'call.refused', pid: process.pid, n: process.n, code });
    process.call = undefined;
    this.fail(process, call, code, message);
  }

  /** The budget stops its process. */
  private exhaust(process: Process, call: Call, message: string): void {
    const { state } = this;
    const code = 'BUDGET_EXHAUSTED';
    state.out.emit({ type: 'call.refused', pid: process.pid, n: process.n, code });
    process.call = undefined;
    auditCall(state, process, call, { ok: false, code, message });
    this.fate.fail(process, code, message);
  }

  /** Without an answer, but perhaps paid for: a call that is refused may have run before, a stretch at a time. */
  private fail(
    process: Process,
    call: Call,
    code: KernelErrorCode,
    message: string,
    failure?: ModelFailure,
  ): void {
    const plain = { ok: false, code, message } as const;
    const result = failure === undefined ? plain : { ...plain, failure };
    auditCall(this.state, process, call, result);
    this.state.deliver(process, result);
  }

  private nameOfPrompt(process: Process): string {
    return (process.contents ??= new PromptContents()).tip(process.table, this.state.contents);
  }
}

/** The event just told says what the call is for, and where it is to run. */
function tellMore({ events }: Outbox, purpose: string | undefined, home: Engine | undefined): void {
  const told = events.pop() as Extract<KernelEvent, { readonly type: 'call.requested' }>;
  events.push({
    ...told,
    ...(purpose === undefined ? {} : { purpose }),
    ...(home === undefined ? {} : { engine: home.index }),
  });
}

const tokensOfAnswer = ({ tokensOut }: Answer, text: string): number =>
  tokensOut > 0 ? tokensOut : estimateTokens(text);

/** The event just told says what the switch cost, where switches cost something. */
function tellSwitch({ events }: Outbox, { switchUs }: CallEnded): void {
  if (switchUs !== undefined) events.push({ ...(events.pop() as EndedStretch), switchUs });
}
type EndedStretch = Extract<KernelEvent, { readonly type: 'call.stopped' | 'call.ended' }>;
