/**
 * Measures a run from its event stream alone, in one pass, so that no policy grades itself (design, section 7). A stream that can't
 * be (a call that ends on a core where it doesn't run, time that goes back, parts that don't sum up) is an AssertionError.
 */
import { assert, unreachable } from '../../base/assert.ts';
import type { BudgetNodeSpec } from '../../kernel/budget-limits.ts';
import type { FaultKind, KernelEvent } from '../../kernel/events.ts';
import type { Spent } from '../../kernel/inputs.ts';
import type { Outcome } from '../../kernel/process-state.ts';
import { EngineTally, ratio } from './engine-tally.ts';
import { PressureTally } from './pressure.ts';
import { ProcessTally } from './process-tally.ts';
import { runningSum, sumOfSplits } from './split.ts';
import { kernelWaits, waitReasons } from './run-metrics.ts';
import type { EngineFacts, PageCount, ProcessMetrics, RunMetrics, StopReason } from './run-metrics.ts';
import { distribution, jainIndex } from './statistics.ts';

const HOUR_US = 3_600_000_000;

export class Metrics {
  private readonly engines: readonly EngineTally[];
  /** By core: the engine it belongs to, and the process it runs. */
  private readonly engineOfCore: readonly EngineTally[];
  private readonly running: (ProcessTally | undefined)[];
  /** By pid; pids count from 1. */
  private readonly tallies: (ProcessTally | undefined)[] = [];
  private readonly reasons: string[] = [...waitReasons];
  private readonly reasonIndex = new Map(waitReasons.map((reason, index) => [reason, index]));

  private startUs = -1;
  private lastUs = 0;
  private readonly ended: Record<Outcome, number> = { completed: 0, failed: 0, cancelled: 0, killed: 0 };
  private callsFailed = 0;
  private readonly callsRefused: Record<string, number> = {};
  private callsBypassed = 0;
  private callsDegraded = 0;
  private toolFailures = 0;
  private readonly toolFailuresByCode: Record<string, number> = {};
  private readonly toolsRefused: Record<string, number> = {};
  private readonly preemptions: Record<StopReason, number> = {
    slice: 0,
    priority: 0,
    signal: 0,
    'load-control': 0,
  };
  private readonly faults: Record<FaultKind, MutableCount> = {
    compulsory: none(),
    capacity: none(),
    hole: none(),
  };
  private readonly loaded = none();
  private readonly prefetched = { transfers: 0, pages: 0, tokens: 0, usedTokens: 0, declinedTokens: 0 };
  private readonly evicted = none();
  private readonly freed = none();
  private readonly dropped = none();
  private prefillTokensSaved = 0;
  private readonly migrations = { count: 0, lostTokens: 0 };
  private budgetStalls = 0;
  private readonly lockCounts = { acquired: 0, taken: 0, waits: 0, boosts: 0, deadlocks: 0 };
  private readonly pressure: PressureTally;
  private readonly budgetActions = { throttled: 0, suspended: 0, stopped: 0 };

  /** `budgets`: nodes whose pressure is measured, too; default: none. */
  constructor(options: {
    readonly engines: readonly EngineFacts[];
    readonly budgets?: readonly BudgetNodeSpec[];
  }) {
    this.pressure = new PressureTally(options.engines.length, options.budgets ?? []);
    this.engines = options.engines.map((facts) => new EngineTally(facts));
    this.engineOfCore = this.engines.flatMap((engine) =>
      Array.from({ length: engine.facts.cores }, () => engine),
    );
    this.running = this.engineOfCore.map(() => undefined);
  }

  onEvent(event: KernelEvent): void {
    if (this.startUs === -1) this.startUs = event.atUs;
    this.lastUs = event.atUs;
    this.pressure.onEvent(event);
    switch (event.type) {
      case 'process.dispatched': {
        const tally = this.tally(event.pid);
        // What a stopped call finds when it goes on it has paid for, or saved, before.
        if (tally.dispatch(event.atUs, event.n)) this.prefillTokensSaved += event.cachedTokens;
        // Written so, here and below, that nothing is made for a message that is not wanted.
        if (this.engineOfCore[event.core] === undefined)
          assert(false, `event ${event.seq}: core ${event.core} of ${this.running.length} cores`);
        const runs = this.running[event.core];
        if (runs !== undefined)
          assert(false, `event ${event.seq}: core ${event.core} still runs ${runs.facts.pid}`);
        this.running[event.core] = tally;
        return;
      }
      case 'call.ended': {
        const tally = this.endStretch(event);
        if (event.ok) tally.modelCallsCompleted++;
        else this.callsFailed++;
        tally.tokensIn += event.tokensIn;
        tally.tokensCached += event.tokensCached;
        tally.tokensOut += event.tokensOut;
        return;
      }
      case 'call.stopped':
        this.endStretch(event).preemptions++;
        this.preemptions[event.by]++;
        return;
      case 'process.ready':
      case 'process.continued':
        this.tally(event.pid).ready(event.atUs);
        return;
      case 'process.migrated':
        this.migrations.count++;
        this.migrations.lostTokens += event.lostTokens;
        this.tally(event.pid).migrate(this.engine({ seq: event.seq, engine: event.to }), event.atUs);
        return;
      case 'process.waiting':
        this.tally(event.pid).wait(event.atUs, this.reason(event.on));
        if (event.on === 'budget') this.budgetStalls++;
        return;
      case 'page.loaded':
        add(this.loaded, event);
        this.engine(event).resident(event.tokens, event.atUs);
        return;
      case 'page.prefetched':
        add(this.prefetched, event);
        this.engine(event).resident(event.tokens, event.atUs);
        return;
      case 'prefetch.started':
        this.prefetched.transfers++;
        return;
      case 'prefetch.ended':
        this.prefetched.declinedTokens += event.declinedTokens;
        return;
      case 'prefetch.used':
        this.prefetched.usedTokens += event.tokens;
        return;
      case 'page.evicted':
        add(this.evicted, event);
        this.engine(event).resident(-event.tokens, event.atUs);
        return;
      case 'page.freed':
        add(this.freed, event);
        this.engine(event).resident(-event.tokens, event.atUs);
        return;
      case 'page.faulted':
        add(this.faults[event.kind], event);
        this.tally(event.pid).faultedTokens += event.tokens;
        return;
      case 'page.dropped':
        add(this.dropped, event);
        return;
      case 'process.spawned': {
        const { pid, name, program, parent, priority, atUs } = event;
        this.tallies[pid] = new ProcessTally(
          { pid, name, program, parent, priority, spawnedUs: atUs },
          this.engine(event),
        );
        return;
      }
      case 'queue.held':
      case 'queue.released':
        this.engine(event).held(event.type === 'queue.held', event.atUs);
        return;
      case 'process.suspended':
        this.tally(event.pid).suspend(event.atUs);
        return;
      case 'process.terminated':
        this.tally(event.pid).terminate(event);
        this.ended[event.outcome]++;
        return;
      case 'call.requested':
        this.tally(event.pid).modelCalls++;
        return;
      case 'call.refused':
        this.tally(event.pid).modelCallsRefused++;
        count(this.callsRefused, event.code);
        return;
      case 'call.bypassed':
        this.callsBypassed++;
        return;
      case 'call.degraded':
        this.callsDegraded++;
        return;
      case 'budget.throttled':
        this.budgetActions.throttled++;
        return;
      case 'budget.exhausted':
        if (event.rule === 'suspend') this.budgetActions.suspended++;
        else if (event.rule === 'stop') this.budgetActions.stopped++;
        return;
      case 'tool.started':
        this.tally(event.pid).toolCalls++;
        return;
      case 'tool.ended':
        if (event.ok) return;
        this.toolFailures++;
        count(this.toolFailuresByCode, event.code);
        return;
      case 'tool.interrupted':
        this.toolFailures++;
        count(this.toolFailuresByCode, 'TOOL_INTERRUPTED');
        return;
      case 'tool.refused':
        count(this.toolsRefused, event.code);
        return;
      case 'budget.settled':
        this.tally(event.pid).microDollars += event.microDollars;
        return;
      case 'lock.acquired':
        this.lockCounts.acquired++;
        return;
      case 'semaphore.taken':
        this.lockCounts.taken++;
        return;
      case 'lock.queued':
      case 'semaphore.queued':
        this.lockCounts.waits++;
        return;
      case 'process.boosted':
        this.lockCounts.boosts++;
        return;
      case 'deadlock.detected':
        this.lockCounts.deadlocks++;
        return;
      // What these say is said by others, or is no figure.
      case 'lock.released':
      case 'lock.withdrawn':
      case 'lock.restored':
      case 'lock.kept':
      case 'semaphore.opened':
      case 'semaphore.posted':
      case 'semaphore.withdrawn':
      case 'semaphore.restored':
      case 'process.unboosted':
      case 'prefetch.cancelled':
      case 'process.restored':
      case 'process.released':
      case 'budget.added':
      case 'budget.removed':
      case 'budget.reserved':
      case 'budget.queued':
      case 'budget.overrun':
      case 'tool.settled':
      case 'tool.late':
      case 'person.asked':
      case 'person.answered':
      case 'message.sent':
      case 'message.received':
      case 'signal.delivered':
      case 'checkpoint.saved':
      case 'program.failed':
        return;
      default:
        unreachable(event);
    }
  }

  /** The figures of the run up to `endUs`, which no event is later than. May be asked for more than once. */
  result(endUs: number): RunMetrics {
    assert(endUs >= this.lastUs, () => `result at ${endUs} µs, but the last event was at ${this.lastUs} µs`);
    const startUs = this.startUs === -1 ? endUs : this.startUs;
    const makespanUs = endUs - startUs;
    const all = this.tallies.flatMap((tally) =>
      tally === undefined ? [] : [tally.metrics(endUs, this.reasons)],
    );
    const sum = (figure: (process: ProcessMetrics) => number): number =>
      all.reduce((total, p) => total + figure(p), 0);
    const engines = this.engines.map((engine) => engine.metrics(startUs, endUs, this.openUs(engine, endUs)));
    const split = sumOfSplits(
      all.map((process) => process.split),
      this.reasons,
    );
    const modelCallsCompleted = sum(({ usage }) => usage.modelCallsCompleted);
    const { completed, failed, cancelled, killed } = this.ended;
    const coreUs = all.map((process) => runningSum(process.split.running));
    return {
      startUs,
      endUs,
      makespanUs,
      processes: all.length,
      completed,
      completedWithRefusedCalls: sum(({ outcome, usage }) =>
        outcome === 'completed' && usage.modelCallsRefused > 0 ? 1 : 0,
      ),
      failed,
      cancelled,
      killed,
      unfinished: all.length - completed - failed - cancelled - killed,
      modelCalls: sum(({ usage }) => usage.modelCalls),
      modelCallsCompleted,
      modelCallsFailed: this.callsFailed,
      modelCallsRefused: { ...this.callsRefused },
      modelCallsBypassed: this.callsBypassed,
      modelCallsDegraded: this.callsDegraded,
      toolCalls: sum(({ usage }) => usage.toolCalls),
      toolFailures: this.toolFailures,
      toolFailuresByCode: { ...this.toolFailuresByCode },
      toolsRefused: { ...this.toolsRefused },
      dispatches: sum(({ usage }) => usage.dispatches),
      preemptions: { ...this.preemptions },
      tokensIn: sum(({ usage }) => usage.tokensIn),
      tokensCached: sum(({ usage }) => usage.tokensCached),
      tokensOut: sum(({ usage }) => usage.tokensOut),
      microDollars: sum(({ usage }) => usage.microDollars),
      faults: {
        compulsory: { ...this.faults.compulsory },
        capacity: { ...this.faults.capacity },
        hole: { ...this.faults.hole },
      },
      loaded: { ...this.loaded },
      prefetched: { ...this.prefetched },
      evicted: { ...this.evicted },
      freed: { ...this.freed },
      dropped: { ...this.dropped },
      prefillTokensSaved: this.prefillTokensSaved,
      migrations: { ...this.migrations },
      budgetStalls: { count: this.budgetStalls, us: split.waiting['budget'] ?? 0 },
      locks: { ...this.lockCounts },
      budgetActions: { ...this.budgetActions },
      throughput: {
        completedProcessesPerHour: ratio(completed * HOUR_US, makespanUs),
        completedCallsPerHour: ratio(modelCallsCompleted * HOUR_US, makespanUs),
      },
      utilisation: ratio(
        engines.reduce((total, engine) => total + engine.busyUs, 0),
        this.engineOfCore.length * makespanUs,
      ),
      fairness: { coreTime: jainIndex(coreUs), slowdown: jainIndex(slowdowns(all, coreUs)) },
      turnaround: distribution(all.map((process) => process.turnaroundUs)),
      response: distribution(all.flatMap(({ responseUs }) => (responseUs === null ? [] : [responseUs]))),
      waiting: distribution(all.map((process) => process.waitingUs)),
      split,
      pressure: this.pressure.result(startUs, endUs),
      engines,
      perProcess: all,
    };
  }

  private endStretch(
    event: KernelEvent & Spent & { readonly pid: number; readonly core: number },
  ): ProcessTally {
    const tally = this.running[event.core];
    if (tally?.facts.pid !== event.pid)
      assert(
        false,
        `event ${event.seq}: a call of ${event.pid} ends on core ${event.core}, which runs ${tally?.facts.pid ?? 'none'}`,
      );
    this.running[event.core] = undefined;
    this.engineOfCore[event.core]!.busyUs += tally.endStretch(event.atUs, event);
    return tally;
  }

  /** Core time of the stretches that run on `engine` at `endUs`. */
  private openUs(engine: EngineTally, endUs: number): number {
    let us = 0;
    for (const [core, tally] of this.running.entries()) {
      if (tally !== undefined && this.engineOfCore[core] === engine) us += endUs - tally.sinceUs;
    }
    return us;
  }

  private tally(pid: number): ProcessTally {
    const tally = this.tallies[pid];
    if (tally === undefined) assert(false, `an event of process ${pid}, which was never spawned`);
    return tally;
  }

  private engine(event: { readonly seq: number; readonly engine: number }): EngineTally {
    const engine = this.engines[event.engine];
    if (engine === undefined)
      assert(false, `event ${event.seq}: engine ${event.engine} of ${this.engines.length}`);
    return engine;
  }

  private reason(name: string): number {
    let index = this.reasonIndex.get(name);
    if (index === undefined) {
      index = this.reasons.push(name) - 1;
      this.reasonIndex.set(name, index);
    }
    return index;
  }
}

type MutableCount = { -readonly [Key in keyof PageCount]: number };

function none(): MutableCount {
  return { pages: 0, tokens: 0 };
}

function add(to: MutableCount, { pages, tokens }: PageCount): void {
  to.pages += pages;
  to.tokens += tokens;
}

function count(by: Record<string, number>, code: string): void {
  by[code] = (by[code] ?? 0) + 1;
}

/** How many times its core time a process took on the kernel's account, of the processes that had a core. */
function slowdowns(all: readonly ProcessMetrics[], coreUs: readonly number[]): number[] {
  return all.flatMap(({ split }, index) => {
    const ownUs = coreUs[index]!;
    let heldUpUs = split.readyUs + split.suspendedUs;
    for (const reason of kernelWaits) heldUpUs += split.waiting[reason]!;
    return ownUs === 0 ? [] : [(ownUs + heldUpUs) / ownUs];
  });
}
