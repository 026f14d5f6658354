import { assert } from '../base/assert.ts';
import type { BudgetAmounts } from './budget-limits.ts';
import { degradedOptions } from './budget-rules.ts';
import type { BudgetTree, ReserveResult, WhyNot } from './budgets.ts';
import { costOf, longestUs, type EngineOptions } from './engine-options.ts';
import type { KernelErrorCode } from './errors.ts';
import type { Pid, TimerId } from './ids.ts';
import type { KernelState } from './kernel-state.ts';
import { placeOf, type Call, type Process } from './process.ts';
import { historyVersion, type LedgerRecord } from './records.ts';

/** What a stretch may use, or has used: as budgets count it, and as the ledger tells it. */
type CallAmounts = BudgetAmounts & Pick<LedgerRecord, 'tokensCached' | 'tokensOut'>;

type Never = Extract<ReserveResult, { readonly kind: 'never' }>;
type Waits = Extract<ReserveResult, { readonly kind: 'waits' }>;
type Spent = Extract<WhyNot, { readonly kind: 'spent' }>;

/** Why a call is refused for good; with BUDGET_EXHAUSTED its process ends. */
export interface Refusal {
  readonly code: KernelErrorCode & ('BUDGET_EXCEEDED' | 'BUDGET_EXHAUSTED');
  readonly message: string;
}

/** Tries the call of a process again that waited for budget. */
export interface BudgetWaiters {
  tryAgain(process: Process): void;
}

/**
 * Model calls at the budgets: what a stretch may use is reserved at its node and all above before it is queued, and settled to what it used.
 * Of a call that does not fit now, the rule of the node that is short decides; who waits there goes on first come, first served.
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

  /** Reserves the next stretch of `call`, or lets its process wait, or suspends it. Returns why it is refused for good, if so. */
  reserve(process: Process, call: Call): Refusal | undefined {
    const { state } = this;
    const { budgets, out } = state;
    let amounts = mostAmounts(process, call);
    let result = budgets.reserve(process.budget, amounts, state.nowUs, call.seq);
    if (result.kind !== 'reserved' && call.stretches === 0) {
      result = this.tryCheaper(process, call, result, amounts);
      amounts = mostAmounts(process, call);
    }
    if (result.kind === 'never') return this.never(process, call, result);
    if (result.kind === 'waits') return this.mustWait(process, call, result, amounts);
    if (process.state === 'suspended') this.wake(process);
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

  // ---- What the rule of a node says -----------------------------------------------------------------------------------

  /**
   * While the node that refuses the call is spent, and has a cheaper model, the call asks again on that model. What is reserved or told
   * in the end is for the last of them; a call that waits begins anew with the engine's own.
   */
  private tryCheaper(process: Process, call: Call, first: Never | Waits, asked: CallAmounts): ReserveResult {
    const { budgets, out, nowUs } = this.state;
    const tried = new Set<number>();
    let refused = first;
    let amounts = asked;
    while (!tried.has(refused.node)) {
      const { node } = refused;
      const cheaper = budgets.cheaperAt(node);
      const spent = this.spentAt(refused, amounts);
      if (cheaper === undefined || spent === undefined) break;
      tried.add(node);
      call.degradedTo = cheaper;
      call.options = degradedOptions(placeOf(process).options, cheaper);
      amounts = mostAmounts(process, call);
      const result = budgets.reserve(process.budget, amounts, nowUs, call.seq);
      if (result.kind !== 'reserved') {
        refused = result;
        continue;
      }
      this.tellExhausted(process, node, spent, 'degrade');
      call.bypass = true;
      out.emit({ type: 'call.degraded', pid: process.pid, n: process.n, model: cheaper.model });
      return result;
    }
    call.degradedTo = undefined;
    call.options = placeOf(process).options;
    return refused;
  }

  private never(process: Process, call: Call, result: Never): Refusal | undefined {
    const { budgets } = this.state;
    const { node, resource, limit, asked } = result;
    const rule = budgets.ruleOf(node);
    // Beyond the limit itself it could never fit; else the total is spent, which a kernel with another limit may mend.
    if (rule === 'suspend' && asked <= limit) {
      this.suspend(process, call, node, { kind: 'spent', resource, asked });
      return undefined;
    }
    if (process.state === 'suspended') this.wake(process);
    if (rule === 'stop') return this.stop(process, node, { kind: 'spent', resource, asked });
    return {
      code: 'BUDGET_EXCEEDED',
      message: `the call asks for ${asked} ${resource}; allowed: what budget ${budgets.nameOf(node)} of ${limit} can ever give`,
    };
  }

  private mustWait(
    process: Process,
    call: Call,
    { node, retryAtUs }: Waits,
    amounts: CallAmounts,
  ): Refusal | undefined {
    const { state } = this;
    const { budgets, out } = state;
    const rule = budgets.ruleOf(node);
    const why = rule === 'wait' ? undefined : budgets.whyNot(node, amounts, state.nowUs);
    if (rule === 'suspend' && why?.kind === 'spent') {
      this.suspend(process, call, node, why, retryAtUs);
      return undefined;
    }
    if (process.state === 'suspended') this.wake(process);
    if (rule === 'stop' && why?.kind === 'spent') return this.stop(process, node, why);
    budgets.addWaiter(node, call.seq, process.pid);
    state.wait(process, 'budget');
    if (call.waitsAt !== node) {
      call.waitsAt = node;
      out.emit({ type: 'budget.queued', pid: process.pid, node: budgets.nameOf(node) });
    }
    if (why?.kind === 'pace' && call.pacedAt !== node) {
      call.pacedAt = node;
      const { untilUs } = why;
      out.emit({ type: 'budget.throttled', pid: process.pid, node: budgets.nameOf(node), untilUs });
    }
    this.setTimer(node, retryAtUs);
    return undefined;
  }

  /** Without `retryAtUs` no window will have room: it takes no place that others would have to wait behind. */
  private suspend(process: Process, call: Call, node: number, spent: Spent, retryAtUs?: number): void {
    const { state } = this;
    const hasPlace = retryAtUs !== undefined;
    const staysThere = process.state === 'suspended' && hasPlace && call.waitsAt === node;
    if (!staysThere) {
      if (process.state === 'suspended') this.wake(process);
      this.tellExhausted(process, node, spent, 'suspend');
      state.change(process, 'suspend');
      process.suspension = { by: 'budget', from: 'queue' };
      state.out.emit({ type: 'process.suspended', pid: process.pid, by: 'budget' });
      call.waitsAt = -1;
    }
    if (!hasPlace) return;
    state.budgets.addWaiter(node, call.seq, process.pid);
    if (!staysThere) {
      call.waitsAt = node;
      state.out.emit({ type: 'budget.queued', pid: process.pid, node: state.budgets.nameOf(node) });
    }
    this.setTimer(node, retryAtUs);
  }

  private stop(process: Process, node: number, spent: Spent): Refusal {
    this.tellExhausted(process, node, spent, 'stop');
    const { resource, asked } = spent;
    return {
      code: 'BUDGET_EXHAUSTED',
      message: `the call asks for ${asked} ${resource}; allowed: what is left of budget ${this.state.budgets.nameOf(node)}`,
    };
  }

  /** What was suspended by a budget goes on. */
  private wake(process: Process): void {
    process.suspension = undefined;
    this.state.change(process, 'continue');
    this.state.out.emit({ type: 'process.continued', pid: process.pid });
  }

  private spentAt(result: Never | Waits, amounts: CallAmounts): Spent | undefined {
    if (result.kind === 'never') return { kind: 'spent', resource: result.resource, asked: result.asked };
    const why = this.state.budgets.whyNot(result.node, amounts, this.state.nowUs);
    return why.kind === 'spent' ? why : undefined;
  }

  private tellExhausted(
    { pid, n }: Process,
    node: number,
    { resource, asked }: Spent,
    rule: 'degrade' | 'suspend' | 'stop',
  ): void {
    const { out, budgets } = this.state;
    out.emit({ type: 'budget.exhausted', pid, n, node: budgets.nameOf(node), resource, asked, rule });
  }

  // ---- Settling --------------------------------------------------------------------------------------------------------

  /** Settles the reservation to what was used since it was made; adds its cost to what the call has paid. */
  settle(process: Process, call: Call): void {
    const { state } = this;
    const { usage } = process;
    const { budgets } = state;
    const isStarted = call.stretches > call.settledStretches;
    const tokensIn = isStarted ? call.tokensIn : 0;
    const tokensOut = isStarted ? call.tokensOut - call.settledOut : 0;
    const microDollars = costOf(call.options.prices, tokensIn, call.tokensCached, tokensOut);
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
    call.settledUs += call.coreUs;
    call.coreUs = 0;
    this.hasNews = true;
  }

  /** `call` waits no more: its process ends, or was signalled away. */
  withdraw(call: Call): void {
    const { budgets } = this.state;
    const node = call.waitsAt;
    call.waitsAt = -1;
    budgets.removeWaiter(node, call.seq);
    this.clearIdleTimer(node);
    this.hasNews = true;
  }

  /** Who may let `process` go on, which waits at a node: the first that waits there, or whoever holds something of it. Undefined: time may, or it is to be seen in this step. */
  holdersFor({ pid, call }: Process): readonly Pid[] | undefined {
    const { budgets, processes } = this.state;
    const node = call!.waitsAt;
    if (this.hasNews || this.timers.has(node)) return undefined;
    const first = budgets.firstWaiter(node);
    if (first !== pid) return [first as Pid];
    const holders: Pid[] = [];
    for (const holder of processes)
      if (holder?.call?.reservation !== undefined && budgets.isUnder(holder.budget, node))
        holders.push(holder.pid);
    return holders.length === 0 ? undefined : holders;
  }

  /** It leaves the tree. */
  removeNode(node: number): void {
    const { budgets, out } = this.state;
    const set = this.timers.get(node);
    if (set !== undefined) this.state.timers.clear(set.timer);
    this.timers.delete(node);
    const name = budgets.nameOf(node);
    budgets.remove(node);
    out.emit({ type: 'budget.removed', node: name });
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
    const node = state.budgetNameFor(process.family, process.budget);
    process.family.booked++;
    const { seq, atUs: reservedUs } = call.reservation!;
    const { tokens, tokensCached, tokensOut, calls, microDollars, coreUs } = amounts;
    state.record({
      v: historyVersion,
      type: 'ledger',
      run: process.run,
      pid: process.runPid,
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
function mostAmounts(process: Process, call: Call, options = call.options): CallAmounts {
  const { think, extraTokens, degradedTo } = call;
  const prompt = process.table.tokens + extraTokens;
  const fixedUs = think.script?.durationUs;
  return {
    tokens: prompt + think.maxOutput,
    tokensCached: 0,
    tokensOut: think.maxOutput,
    calls: 1,
    microDollars: costOf(options.prices, prompt, 0, think.maxOutput),
    // A fixed time is that of a call of the engine's own model whose prompt was not evicted; at worst all of it was.
    coreUs:
      options.switchUs +
      (fixedUs === undefined
        ? longestUs(options, prompt, think.maxOutput)
        : Math.ceil(
            degradedTo === undefined ? fixedUs : fixedUs * slowdownOf(placeOf(process).options, options),
          ) + longestUs(options, prompt, 0)),
  };
}

/** Does what is reserved for the call of `process` cover the most that it can use on an engine with these options, wherever there is a limit? */
export function fitsReservation(budgets: BudgetTree, process: Process, options: EngineOptions): boolean {
  const call = process.call!;
  const { reservation } = call;
  const most = mostAmounts(process, call, options);
  // Tokens and calls are the same everywhere.
  return (['microDollars', 'coreUs'] as const).every(
    (resource) => most[resource] <= reservation![resource] || !budgets.limits(process.budget, resource),
  );
}

/** How much longer a call takes, at most, on a model with the rates of `other`. */
function slowdownOf(own: EngineOptions, other: EngineOptions): number {
  return Math.max(
    own.prefillTokensPerSecond / other.prefillTokensPerSecond,
    own.decodeTokensPerSecond / other.decodeTokensPerSecond,
  );
}
