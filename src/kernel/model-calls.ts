import { assert } from '../base/assert.ts';
import { auditCall } from './audit-trail.ts';
import type { BudgetAmounts } from './budgets.ts';
import { estimateTokens } from './estimate.ts';
import { costOf } from './engine-options.ts';
import type { StopReason } from './engine.ts';
import type { KernelErrorCode } from './errors.ts';
import type { PageNumber } from './ids.ts';
import type { CallEnded } from './inputs.ts';
import type { KernelState } from './kernel-state.ts';
import { importanceDefaults } from './options.ts';
import type { Call, Process } from './process.ts';
import { PromptContents } from './prompt-contents.ts';
import { historyVersion } from './records.ts';
import { reservedCoreUs, type AgentScheduler, type SchedulerListener } from './scheduler.ts';
import type { Answer, ThinkCall } from './syscalls.ts';
import type { TimerId } from './ids.ts';

/** What becomes of a process whose call was stopped by a signal. */
export interface SignalledProcess {
  afterStop(process: Process): void;
}

/**
 * A model call from the syscall to its settlement: checked, reserved at every budget, queued, run in one or more stretches, settled to what
 * it used. What can never fit fails at once with a code; what must wait waits.
 */
export class ModelCalls implements SchedulerListener {
  private readonly state: KernelState;
  private readonly signalled: SignalledProcess;
  private scheduler!: AgentScheduler;
  /** By budget node: the timer at which its first waiter may fit. */
  private readonly budgetTimers = new Map<number, { readonly timer: TimerId; readonly atUs: number }>();
  /** Settled or rolled since waiters were last looked at. */
  private hasBudgetNews = false;

  constructor(state: KernelState, signalled: SignalledProcess) {
    this.state = state;
    this.signalled = signalled;
  }

  connect(scheduler: AgentScheduler): void {
    this.scheduler = scheduler;
  }

  start(process: Process, think: ThinkCall): void {
    const { state } = this;
    const { run, branch, pid, n, engine, table } = process;
    const extraTokens = Math.max(0, (think.promptTokens ?? 0) - table.tokens);
    const prompt = table.tokens + extraTokens;
    const needed = prompt + think.maxOutput;
    const { windowTokens, memoryTokens } = engine.options;
    const call: Call = {
      identity: { run, branch, pid, n, index: 0 },
      think,
      input: state.options.records ? `prompt/${this.nameOfPrompt(process)}/${prompt}` : '',
      extraTokens,
      bypass: !engine.memory.canEverHold(table, extraTokens + think.maxOutput),
      stretches: 0,
      tokensOut: 0,
      coreUs: 0,
      tokensIn: 0,
      tokensCached: 0,
      readySinceUs: 0,
      reservation: undefined,
      seq: state.nextSequence(),
      settledOut: 0,
      settledStretches: 0,
      paidIn: 0,
      paidCached: 0,
      paidMicroDollars: 0,
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

  /** Reserves the next stretch at every budget and queues the process, or lets it wait or fail. */
  private reserve(process: Process, call: Call): void {
    const { state } = this;
    const { budgets, out } = state;
    const amounts = this.reserved(process, call);
    const result = budgets.reserve(process.budget, amounts, state.nowUs, call.seq);
    if (result.kind === 'never') {
      const { node, resource, limit, asked } = result;
      const name = budgets.nameOf(node);
      return this.refuse(
        process,
        'BUDGET_EXCEEDED',
        `the call asks for ${asked} ${resource}; allowed: what budget ${name} of ${limit} can ever give`,
      );
    }
    if (result.kind === 'waits') {
      budgets.addWaiter(result.node, call.seq, process.pid);
      state.wait(process, 'budget');
      this.setBudgetTimer(result.node, result.retryAtUs);
      return;
    }
    call.reservation = result.reservation;
    const { tokens, microDollars, coreUs } = amounts;
    const node = budgets.nameOf(process.budget);
    out.events.push({
      seq: ++out.seq,
      atUs: state.nowUs,
      type: 'budget.reserved',
      pid: process.pid,
      node,
      tokens,
      microDollars,
      coreUs,
    });
    this.ledger(process, call, 'reserved', amounts);
    this.scheduler.enqueue(process);
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
    if (process.ending !== undefined) {
      this.settle(process, call);
      auditCall(state, process, call, undefined);
      process.call = undefined;
      return this.signalled.afterStop(process);
    }
    // The prompt is paid again by the next stretch, so this one is settled; `none` comes here by a signal only.
    if (process.engine.options.preemption !== 'resume') this.settle(process, call);
    // A stop that was taken back while the call was being stopped is none.
    if (by === 'load-control' || (by === 'signal' && process.stopping)) {
      process.engine.policy.waiting(process.pid, state.nowUs);
      return this.signalled.afterStop(process);
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
    // What the provider reports is about the last request; a call that was continued made several.
    call.tokensIn = ended.tokensIn ?? call.tokensIn;
    call.tokensCached = Math.min(call.tokensIn, ended.tokensCached ?? call.tokensCached);
    this.settle(process, call);
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
    engine.policy.waiting(pid, state.nowUs);
    usage.calls++;
    state.change(process, 'wake');
    process.call = undefined;
    // Its process ends, and takes no answer any more.
    if (process.ending !== undefined) auditCall(state, process, call, undefined);
    if (process.ending !== undefined || process.stopping) this.signalled.afterStop(process);
    if (process.state === 'terminated') return;
    if (!isOk) return this.fail(process, call, 'MODEL_FAILED', ended.message ?? 'the model call failed');
    const text = ended.text ?? '';
    const answer: Answer = { text, tokensIn, tokensCached, tokensOut };
    const keeps = call.think.keepAnswer ?? ended.text !== undefined;
    const page = keeps ? this.keepAnswer(process, text, tokensOut, !call.bypass) : undefined;
    const result = { ok: true, value: page === undefined ? answer : { ...answer, page } } as const;
    auditCall(state, process, call, result);
    state.deliver(process, result);
  }

  /** The answer joins the prompt as a page, importance 0.7; its tokens are already in memory. */
  keepAnswer(process: Process, text: string, tokensOut: number, isResident = true): PageNumber {
    const { state } = this;
    const tokens = tokensOut > 0 ? tokensOut : estimateTokens(text);
    const { run, isNew, hash } = state.contents.ofText(text, tokens);
    if (isNew) state.record({ v: historyVersion, type: 'page', run: process.run, hash, text });
    const { memory } = process.engine;
    const page = isResident
      ? memory.appendResident(process.table, run, importanceDefaults.result, state.nowUs)
      : memory.append(process.table, run, importanceDefaults.result, false);
    return page as PageNumber;
  }

  /** The process ends or is withdrawn while it waits for budget. */
  withdraw(process: Process): void {
    const { call } = process;
    if (call === undefined) return;
    if (process.waitingOn === 'budget' && call.reservation === undefined) {
      for (const node of this.state.budgets.nodesWithWaiters()) {
        this.state.budgets.removeWaiter(node, call.seq);
        this.clearIdleTimer(node);
      }
      this.hasBudgetNews = true;
    }
  }

  /** Gives back what an ended process had reserved for a call that did not start, and settles one that did. */
  close(process: Process): void {
    const { call } = process;
    if (call === undefined) return;
    this.withdraw(process);
    if (call.reservation !== undefined) this.settle(process, call);
    // What never started was no act.
    if (call.stretches > 0) auditCall(this.state, process, call, undefined);
    process.call = undefined;
  }

  budgetTimer(node: number): void {
    this.budgetTimers.delete(node);
    this.hasBudgetNews = true;
  }

  /** Lets first waiters of budget nodes go on, as far as they fit. Called at the end of each step. */
  settleBudgets(): void {
    if (!this.hasBudgetNews) return;
    this.hasBudgetNews = false;
    const { budgets } = this.state;
    for (const node of budgets.nodesWithWaiters()) {
      for (let pid = budgets.firstWaiter(node); pid !== -1; pid = budgets.firstWaiter(node)) {
        const process = this.state.processes[pid]!;
        const call = process.call!;
        budgets.removeWaiter(node, call.seq);
        if (process.state === 'suspended') continue;
        this.reserve(process, call);
        if (call.reservation === undefined && process.call === call && budgets.firstWaiter(node) === pid)
          break;
      }
      this.clearIdleTimer(node);
    }
  }

  /** A retry that is due earlier than the one that is set takes its place; one that is due later comes by itself. */
  private setBudgetTimer(node: number, atUs: number): void {
    const { timers, nowUs } = this.state;
    const set = this.budgetTimers.get(node);
    if (atUs === Infinity || (set !== undefined && set.atUs <= atUs)) return;
    assert(atUs > nowUs, () => `budget ${node} is retried at ${atUs}, not after now`);
    if (set !== undefined) timers.clear(set.timer);
    this.budgetTimers.set(node, { timer: timers.set({ kind: 'budget', node }, atUs), atUs });
  }

  /** Nobody waits there any more: nothing is left to wake up for. */
  private clearIdleTimer(node: number): void {
    const set = this.budgetTimers.get(node);
    if (set === undefined || this.state.budgets.firstWaiter(node) !== -1) return;
    this.state.timers.clear(set.timer);
    this.budgetTimers.delete(node);
  }

  private reserved(process: Process, call: Call): BudgetAmounts {
    const { think, extraTokens } = call;
    const prompt = process.table.tokens + extraTokens;
    return {
      tokens: prompt + think.maxOutput,
      calls: 1,
      microDollars: costOf(process.engine.options.prices, prompt, 0, think.maxOutput),
      coreUs: reservedCoreUs(process, call),
    };
  }

  /** Settles the reservation to what was used since it was made; adds its cost to what the call has paid. */
  private settle(process: Process, call: Call): void {
    const { state } = this;
    const { usage } = process;
    const { budgets } = state;
    const isStarted = call.stretches > call.settledStretches;
    const tokensIn = isStarted ? call.tokensIn : 0;
    const tokensOut = isStarted ? call.tokensOut - call.settledOut : 0;
    const microDollars = costOf(process.engine.options.prices, tokensIn, call.tokensCached, tokensOut);
    const used: BudgetAmounts = {
      tokens: tokensIn + tokensOut,
      calls: isStarted ? 1 : 0,
      microDollars,
      coreUs: call.coreUs,
    };
    const overruns = budgets.settle(call.reservation!, used, state.nowUs);
    const { pid } = process;
    const { out } = state;
    out.events.push({
      seq: ++out.seq,
      atUs: state.nowUs,
      type: 'budget.settled',
      pid,
      node: budgets.nameOf(process.budget),
      tokens: used.tokens,
      microDollars,
      coreUs: call.coreUs,
    });
    for (const { node, resource, amount } of overruns)
      state.out.emit({ type: 'budget.overrun', pid, node: budgets.nameOf(node), resource, amount });
    this.ledger(process, call, 'settled', used);
    usage.tokensIn += tokensIn;
    usage.tokensCached += call.tokensCached;
    usage.tokensOut += tokensOut;
    usage.microDollars += microDollars;
    usage.coreUs += call.coreUs;
    state.quotas.count(process, call.reservation!, used.tokens, state.nowUs);
    call.paidIn += tokensIn;
    call.paidCached += call.tokensCached;
    call.paidMicroDollars += microDollars;
    call.reservation = undefined;
    call.settledOut = call.tokensOut;
    call.settledStretches = call.stretches;
    call.tokensIn = 0;
    call.tokensCached = 0;
    call.coreUs = 0;
    this.hasBudgetNews = true;
  }

  private refuse(process: Process, code: KernelErrorCode, message: string): void {
    const { state } = this;
    const call = process.call!;
    state.out.emit({ type: 'call.refused', pid: process.pid, n: call.identity.n, code });
    process.call = undefined;
    this.fail(process, call, code, message);
  }

  /** Without an answer, but perhaps paid for: a call that is refused may have run before, a stretch at a time. */
  private fail(process: Process, call: Call, code: KernelErrorCode, message: string): void {
    const result = { ok: false, code, message } as const;
    auditCall(this.state, process, call, result);
    this.state.deliver(process, result);
  }

  private nameOfPrompt(process: Process): string {
    return (process.contents ??= new PromptContents()).tip(process.table, this.state.contents);
  }

  private ledger(process: Process, call: Call, what: 'reserved' | 'settled', amounts: BudgetAmounts): void {
    const { state } = this;
    const node = state.budgets.nameOf(process.budget);
    const { seq, atUs: reservedUs } = call.reservation!;
    const { tokens, calls, microDollars, coreUs } = amounts;
    state.record({
      v: historyVersion,
      type: 'ledger',
      run: process.run,
      pid: process.pid,
      n: call.identity.n,
      node,
      what,
      reservedUs,
      seq,
      tokens,
      calls,
      microDollars,
      coreUs,
      atUs: state.nowUs,
    });
  }
}
