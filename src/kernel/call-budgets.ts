import { assert } from '../base/assert.ts';
import type { BudgetAmounts } from './budget-limits.ts';
import { costOf, longestUs } from './engine-options.ts';
import type { TimerId } from './ids.ts';
import type { KernelState } from './kernel-state.ts';
import type { Call, Process } from './process.ts';
import { historyVersion, type LedgerRecord } from './records.ts';

/** What a stretch may use, or has used: as budgets count it, and as the ledger tells it. */
type CallAmounts = BudgetAmounts & Pick<LedgerRecord, 'tokensCached' | 'tokensOut'>;

/** Tries the call of a process again that waited for budget. */
export interface BudgetWaiters {
  tryAgain(process: Process): void;
}

/**
 * Model calls at the budgets: what a stretch may use is reserved at its node and all above before it is queued, and settled to what it used.
 * A call that does not fit now waits at the node that is short, first come, first served.
 */
export class CallBudgets {
  /** Settled or rolled since waiters were last looked at. */
  hasNews = false;
  private readonly state: KernelState;
  /** By budget node: the timer at which its first waiter may fit. */
  private readonly timers = new Map<number, { readonly timer: TimerId; readonly atUs: number }>();

  constructor(state: KernelState) {
    this.state = state;
  }

  /** Reserves the next stretch of `call`, or lets its process wait. Returns why it can never fit, if so: then nothing has changed. */
  reserve(process: Process, call: Call): string | undefined {
    const { state } = this;
    const { budgets, out } = state;
    const amounts = mostAmounts(process, call);
    const result = budgets.reserve(process.budget, amounts, state.nowUs, call.seq);
    if (result.kind === 'never') {
      const { node, resource, limit, asked } = result;
      return `the call asks for ${asked} ${resource}; allowed: what budget ${budgets.nameOf(node)} of ${limit} can ever give`;
    }
    if (result.kind === 'waits') {
      budgets.addWaiter(result.node, call.seq, process.pid);
      state.wait(process, 'budget');
      if (call.waitsAt !== result.node) {
        call.waitsAt = result.node;
        out.emit({ type: 'budget.queued', pid: process.pid, node: budgets.nameOf(result.node) });
      }
      this.setTimer(result.node, result.retryAtUs);
      return undefined;
    }
    call.reservation = result.reservation;
    call.waitsAt = -1;
    const { tokens, microDollars, coreUs } = amounts;
    out.events.push({
      seq: ++out.seq,
      atUs: state.nowUs,
      type: 'budget.reserved',
      pid: process.pid,
      node: budgets.nameOf(process.budget),
      tokens,
      microDollars,
      coreUs,
    });
    this.ledger(process, call, 'reserved', amounts);
    return undefined;
  }

  /** Settles the reservation to what was used since it was made; adds its cost to what the call has paid. */
  settle(process: Process, call: Call): void {
    const { state } = this;
    const { usage } = process;
    const { budgets } = state;
    const isStarted = call.stretches > call.settledStretches;
    const tokensIn = isStarted ? call.tokensIn : 0;
    const tokensOut = isStarted ? call.tokensOut - call.settledOut : 0;
    const microDollars = costOf(process.engine.options.prices, tokensIn, call.tokensCached, tokensOut);
    const used: CallAmounts = {
      tokens: tokensIn + tokensOut,
      tokensCached: call.tokensCached,
      tokensOut,
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
    this.hasNews = true;
  }

  /** `call` waits no more: its process ends, or was signalled away. */
  withdraw(call: Call): void {
    const { budgets } = this.state;
    call.waitsAt = -1;
    for (const node of budgets.nodesWithWaiters()) {
      budgets.removeWaiter(node, call.seq);
      this.clearIdleTimer(node);
    }
    this.hasNews = true;
  }

  timerFired(node: number): void {
    this.timers.delete(node);
    this.hasNews = true;
  }

  /** The first waiters of each node try again, until one of them still does not fit. */
  settleWaiters(waiters: BudgetWaiters): void {
    this.hasNews = false;
    const { budgets, processes } = this.state;
    for (const node of budgets.nodesWithWaiters()) {
      for (let pid = budgets.firstWaiter(node); pid !== -1; pid = budgets.firstWaiter(node)) {
        const process = processes[pid]!;
        const call = process.call!;
        budgets.removeWaiter(node, call.seq);
        if (process.state === 'suspended') continue;
        waiters.tryAgain(process);
        if (call.reservation === undefined && process.call === call && budgets.firstWaiter(node) === pid)
          break;
      }
      this.clearIdleTimer(node);
    }
  }

  /** A retry that is due earlier than the one that is set takes its place; one that is due later comes by itself. */
  private setTimer(node: number, atUs: number): void {
    const { timers, nowUs } = this.state;
    const set = this.timers.get(node);
    if (atUs === Infinity || (set !== undefined && set.atUs <= atUs)) return;
    assert(atUs > nowUs, () => `budget ${node} is retried at ${atUs}, not after now`);
    if (set !== undefined) timers.clear(set.timer);
    this.timers.set(node, { timer: timers.set({ kind: 'budget', node }, atUs), atUs });
  }

  /** Nobody waits there any more: nothing is left to wake up for. */
  private clearIdleTimer(node: number): void {
    const set = this.timers.get(node);
    if (set === undefined || this.state.budgets.firstWaiter(node) !== -1) return;
    this.state.timers.clear(set.timer);
    this.timers.delete(node);
  }

  private ledger(process: Process, call: Call, what: LedgerRecord['what'], amounts: CallAmounts): void {
    if (!this.state.options.records) return;
    const { state } = this;
    const node = state.budgets.nameOf(process.budget);
    const { seq, atUs: reservedUs } = call.reservation!;
    const { tokens, tokensCached, tokensOut, calls, microDollars, coreUs } = amounts;
    state.record({
      v: historyVersion,
      type: 'ledger',
      run: process.run,
      pid: process.pid,
      n: process.n,
      node,
      what,
      reservedUs,
      seq,
      tokens,
      tokensCached,
      tokensOut,
      calls,
      microDollars,
      coreUs,
      atUs: state.nowUs,
    });
  }
}

/** The most that the next stretch of `call` can use: it may fill its answer, and find nothing of its prompt in memory. */
function mostAmounts(process: Process, call: Call): CallAmounts {
  const { think, extraTokens } = call;
  const { options } = process.engine;
  const prompt = process.table.tokens + extraTokens;
  const fixedUs = think.script?.durationUs;
  return {
    tokens: prompt + think.maxOutput,
    tokensCached: 0,
    tokensOut: think.maxOutput,
    calls: 1,
    microDollars: costOf(options.prices, prompt, 0, think.maxOutput),
    // A fixed time is that of a call whose prompt was not evicted; at worst all of it was.
    coreUs:
      fixedUs === undefined
        ? longestUs(options, prompt, think.maxOutput)
        : fixedUs + longestUs(options, prompt, 0),
  };
}
