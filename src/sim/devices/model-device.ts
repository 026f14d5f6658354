import { assert } from '../../base/assert.ts';
import { degradedOptions, type CheaperModel } from '../../kernel/budget-rules.ts';
import type { EngineOptions } from '../../kernel/engine-options.ts';
import type { CallEnded } from '../../kernel/inputs.ts';
import type { CoreId, Pid } from '../../kernel/ids.ts';
import type { CallStart } from '../../kernel/requests.ts';
import type { ScriptedFailure, ThinkScript } from '../../kernel/syscalls.ts';
import { pageOf } from '../../agents/model/messages.ts';
import type { FaultPlan } from '../faults.ts';
import { cut, noPhases, scale, totalUs, type Phases } from './call-phases.ts';
import { StoppedCalls } from './stopped-calls.ts';

/** A stretch of a call on a core. Each core has one of these, filled anew by each start. */
interface Stretch {
  /** Undefined: no call runs. */
  start: CallStart | undefined;
  script: ThinkScript | undefined;
  /** What becomes of the call at the end of the stretch's work, if it is not stopped before. */
  failure: ScriptedFailure | undefined;
  startUs: number;
  readonly plan: Phases;
  /** Work done in this stretch, and until when it is counted. */
  doneUs: number;
  countedUs: number;
  handle: number;
}

type CallEnd = CallEnded & { readonly atUs: number };

/** What the device needs of the simulation. */
export interface ModelDeviceWorld {
  readonly nowUs: number;
  scheduleEnd(core: CoreId, atUs: number): number;
  moveEnd(handle: number, atUs: number): void;
  cancelEnd(handle: number): void;
  /** What a model says to a call that brings no script; undefined: nobody says anything, and the answer has its full length. */
  scriptOf(start: CallStart): ThinkScript | undefined;
}

/**
 * A simulated model server: switches between processes, prefill, load and decode at the rates of its cost model, slowed by the throughput curve while several cores are
 * busy. A call with a recorded duration takes that long when it runs alone and nothing of its prompt was evicted: new prefill and decode share that time in
 * the model's proportions, and what an eviction costs comes on top. On a cheaper model with rates of its own that time changes in proportion.
 * Source of the two-phase cost: A. Agrawal et al., "Vidur: A Large-Scale Simulation Framework for LLM Inference", MLSys 2024 (simplified to rates).
 */
export class ModelDevice {
  private readonly engine: EngineOptions;
  private readonly world: ModelDeviceWorld;
  private readonly faults: FaultPlan | undefined;
  private readonly firstCore: number;
  private readonly stretches: readonly Stretch[];
  private readonly stopped = new StoppedCalls();
  private busy = 0;
  private readonly isFlat: boolean;
  private readonly leastSpeed: number;
  private speed = 1;

  constructor(engine: EngineOptions, firstCore: number, world: ModelDeviceWorld, faults?: FaultPlan) {
    this.engine = engine;
    this.firstCore = firstCore;
    this.world = world;
    this.faults = faults;
    this.stretches = Array.from({ length: engine.cores }, () => ({
      start: undefined,
      script: undefined,
      failure: undefined,
      startUs: 0,
      doneUs: 0,
      countedUs: 0,
      handle: -1,
      plan: noPhases(),
    }));
    this.isFlat = engine.throughput.every((speed) => speed === 1);
    this.leastSpeed = Math.min(...engine.throughput);
  }

  start(start: CallStart): void {
    const stretch = this.stretches[start.core - this.firstCore]!;
    if (stretch.start !== undefined) assert(false, `core ${start.core} is taken`);
    const { nowUs } = this.world;
    stretch.script = start.script ?? this.world.scriptOf(start);
    this.fillPlan(stretch, start);
    this.busy++;
    if (!this.isFlat) this.changeSpeed();
    stretch.handle = this.world.scheduleEnd(start.core, nowUs + this.wallUs(totalUs(stretch.plan)));
    stretch.start = start;
    stretch.startUs = nowUs;
    stretch.doneUs = 0;
    stretch.countedUs = nowUs;
  }

  /** The call's work is done, or as much of it as it does before it fails. */
  finish(core: CoreId): CallEnd {
    const stretch = this.stretches[core - this.firstCore]!;
    const start = this.leave(stretch);
    const { plan } = stretch;
    const { text, tokensIn, tokensCached, pageTokens, toolCalls, finish } = this.saidAtEnd(stretch, start);
    const { switchUs, loadUs, newPrefillUs, repeatedPrefillUs } = this.spentOf(stretch, totalUs(plan));
    const plain = {
      atUs: this.world.nowUs,
      type: 'call.ended',
      core,
      pid: start.pid,
      reason: 'completed',
      tokensOut: plan.tokensOut,
      newPrefillUs,
      repeatedPrefillUs,
      loadUs,
    } as const;
    const ended = this.engine.switchUs === 0 ? plain : { ...plain, switchUs };
    const told = [stretch.failure, text, tokensIn, tokensCached, pageTokens, toolCalls, finish];
    if (told.every((one) => one === undefined)) return ended;
    const counted = {
      ...(tokensIn === undefined ? {} : { tokensIn }),
      ...(tokensCached === undefined ? {} : { tokensCached }),
    };
    if (stretch.failure !== undefined) {
      const { code, message, ...failure } = stretch.failure;
      return { ...ended, ...counted, reason: 'failed', code, message, failure };
    }
    return {
      ...ended,
      ...(text === undefined ? {} : { text }),
      ...counted,
      ...(finish === undefined ? {} : { finish }),
      ...(toolCalls === undefined ? {} : { toolCalls }),
      // An answer to a conversation is a message of it.
      ...(start.request === undefined
        ? {}
        : { page: pageOf({ role: 'assistant', text: text ?? '', ...(toolCalls && { toolCalls }) }) }),
      ...(pageTokens === undefined ? {} : { pageTokens }),
    };
  }

  /** Stops the call now; what is left of it is kept for a resumed one. Undefined: it has just ended by itself. */
  stop(core: CoreId): CallEnd | undefined {
    const stretch = this.stretches[core - this.firstCore]!;
    if (stretch.start === undefined) return undefined;
    const { pid } = this.leave(stretch);
    this.world.cancelEnd(stretch.handle);
    const { plan } = stretch;
    const spent = this.spentOf(stretch, stretch.doneUs);
    const beforeUs = plan.switchUs + plan.loadUs + plan.newPrefillUs + plan.repeatedPrefillUs;
    const decodedUs = Math.max(0, stretch.doneUs - beforeUs);
    const decoded =
      plan.decodeUs === 0
        ? 0
        : Math.min(plan.tokensLeft, Math.floor((plan.tokensLeft * decodedUs) / plan.decodeUs));
    // The plan becomes what is left of it. A prefill that was cut off is no done one: even where the answer cannot be resumed, its pages are there only as far as it got.
    plan.switchUs -= spent.work.switchUs;
    plan.loadUs -= spent.work.loadUs;
    plan.newPrefillUs -= spent.work.newPrefillUs;
    plan.repeatedPrefillUs -= spent.work.repeatedPrefillUs;
    plan.decodeUs -= Math.min(decodedUs, plan.decodeUs);
    plan.tokensLeft -= decoded;
    this.stopped.keep(pid, plan, stretch.failure?.code === 'MODEL_TIMEOUT');
    const { switchUs, newPrefillUs, repeatedPrefillUs, loadUs } = spent;
    const ended = {
      atUs: this.world.nowUs,
      type: 'call.ended',
      core,
      pid,
      reason: 'stopped',
      tokensOut: plan.tokensOut - plan.tokensLeft,
      newPrefillUs,
      repeatedPrefillUs,
      loadUs,
    } as const;
    return this.engine.switchUs === 0 ? ended : { ...ended, switchUs };
  }

  /** A stopped call will never go on. */
  forget(pid: Pid): void {
    this.stopped.forget(pid);
  }

  /** What the model says when its work is done. A provider that cuts an answer off says so, and sends none of its tool calls. */
  private saidAtEnd({ script, failure }: Stretch, { identity }: CallStart): Partial<ThinkScript> {
    const said: Partial<ThinkScript> = script ?? {};
    const { faults } = this;
    if (faults === undefined) return said;
    if (failure === serverFailed) faults.count('modelFailure');
    const share = failure === undefined ? faults.truncation(identity) : undefined;
    if (share === undefined) return said;
    faults.count('modelTruncation');
    const { text, toolCalls: _, ...counted } = said;
    const cut = text === undefined ? {} : { text: text.slice(0, Math.floor(text.length * share)) };
    return { ...counted, ...cut, finish: 'length' };
  }

  // ---- Work and time -------------------------------------------------------------------------------------------------

  private fillPlan(stretch: Stretch, start: CallStart): void {
    const { engine } = this;
    const { plan, script } = stretch;
    const { prefillTokensPerSecond, decodeTokensPerSecond } = ratesOf(engine, start.degradedTo);
    const perPrefill = 1_000_000 / prefillTokensPerSecond;
    // Who refuses a call does none of its work.
    const isRefused = script?.failure !== undefined && script.tokensIn === 0;
    const loadUs =
      start.loadTokens === 0 || isRefused
        ? 0
        : engine.loadLatencyUs + Math.ceil((start.loadTokens * 1_000_000) / engine.loadTokensPerSecond);
    const newPrefillUs = isRefused ? 0 : Math.ceil(start.newTokens * perPrefill);
    const repeatedPrefillUs = isRefused ? 0 : Math.ceil(start.repeatedTokens * perPrefill);
    const share = this.faults?.model(start.identity);
    stretch.failure = share === undefined ? script?.failure : serverFailed;
    const { timeoutUs = Infinity } = start.request ?? {};
    if (start.resumed && this.stopped.take(start.pid, plan)) {
      if (this.stopped.tookCut) stretch.failure = timedOut(timeoutUs);
      // A switch that was cut off is made anew, or goes on where nobody else ran on the core meanwhile.
      if (start.switchUs > 0) plan.switchUs = start.switchUs;
      plan.loadUs += loadUs;
      plan.newPrefillUs += newPrefillUs;
      // What was not prefilled yet when it was evicted is not prefilled twice: at most the whole prompt is.
      const wholeUs = Math.ceil(
        (start.newTokens + start.repeatedTokens + start.loadTokens + start.cachedTokens) * perPrefill,
      );
      const mostUs = Math.max(plan.repeatedPrefillUs, wholeUs - plan.newPrefillUs);
      plan.repeatedPrefillUs = Math.min(plan.repeatedPrefillUs + repeatedPrefillUs, mostUs);
      return;
    }
    const wholeOut = script?.tokensOut ?? start.maxOutput;
    const done = share ?? this.faults?.truncation(start.identity);
    const tokensOut = done === undefined ? wholeOut : Math.floor(wholeOut * done);
    plan.switchUs = start.switchUs;
    plan.loadUs = loadUs;
    plan.newPrefillUs = newPrefillUs;
    plan.repeatedPrefillUs = repeatedPrefillUs;
    plan.decodeUs = Math.ceil((tokensOut * 1_000_000) / decodeTokensPerSecond);
    plan.tokensOut = tokensOut;
    plan.tokensLeft = tokensOut;
    const recordedUs = script?.durationUs;
    if (recordedUs !== undefined) {
      const fixedUs =
        start.degradedTo === undefined || isRefused ? recordedUs : this.elsewhereUs(plan, start, recordedUs);
      scale(plan, done === undefined ? fixedUs : Math.ceil(fixedUs * done));
    }
    if (totalUs(plan) > timeoutUs) {
      cut(plan, timeoutUs);
      stretch.failure = timedOut(timeoutUs);
    }
  }

  /** The recorded time of a call of the engine's own model, in the proportion in which another model is faster or slower. */
  private elsewhereUs(plan: Phases, { newTokens }: CallStart, recordedUs: number): number {
    const { prefillTokensPerSecond, decodeTokensPerSecond } = this.engine;
    const ownSeconds = newTokens / prefillTokensPerSecond + plan.tokensOut / decodeTokensPerSecond;
    if (ownSeconds === 0) return recordedUs;
    return Math.ceil((recordedUs * (plan.newPrefillUs + plan.decodeUs)) / (ownSeconds * 1_000_000));
  }

  /** The core of `stretch` is free from now on; returns what was asked of it. */
  private leave(stretch: Stretch): CallStart {
    const { start } = stretch;
    if (start === undefined) assert(false, 'no call runs on the core');
    this.count(stretch);
    stretch.start = undefined;
    this.busy--;
    if (!this.isFlat) this.changeSpeed();
    return start;
  }

  /** Work done until now. */
  private count(stretch: Stretch): void {
    const { nowUs } = this.world;
    stretch.doneUs = Math.min(
      totalUs(stretch.plan),
      stretch.doneUs + (nowUs - stretch.countedUs) * this.speed,
    );
    stretch.countedUs = nowUs;
  }

  private wallUs(workUs: number): number {
    return Math.ceil(workUs / this.speed);
  }

  /** The number of busy cores changed: what runs goes on at the new speed. */
  private changeSpeed(): void {
    const { throughput } = this.engine;
    const speed = throughput[Math.min(Math.max(this.busy, 1), throughput.length) - 1]!;
    if (speed === this.speed) return;
    for (const stretch of this.stretches) if (stretch.start !== undefined) this.count(stretch);
    this.speed = speed;
    for (const stretch of this.stretches) {
      if (stretch.start === undefined) continue;
      const leftUs = totalUs(stretch.plan) - stretch.doneUs;
      this.world.moveEnd(stretch.handle, this.world.nowUs + this.wallUs(leftUs));
    }
  }

  /** The first `doneUs` of the plan's work by phase; in wall-clock µs (rounded down, so that they never exceed the stretch) and as work. */
  private spentOf({ plan, startUs }: Stretch, doneUs: number): Spent {
    const switchUs = Math.min(plan.switchUs, doneUs);
    const afterUs = doneUs - switchUs;
    const loadUs = Math.min(plan.loadUs, afterUs);
    const newPrefillUs = Math.min(plan.newPrefillUs, afterUs - loadUs);
    const repeatedPrefillUs = Math.min(plan.repeatedPrefillUs, afterUs - loadUs - newPrefillUs);
    const work = { switchUs, loadUs, newPrefillUs, repeatedPrefillUs };
    // Even at full speed what is left of a stretch that was slowed down is no whole number.
    const slowdown = doneUs === 0 ? 1 : (this.world.nowUs - startUs) / doneUs;
    // The end was rounded up to whole µs, which is no work of any phase.
    const wall = (us: number): number => Math.min(Math.floor(us * slowdown), Math.ceil(us / this.leastSpeed));
    return {
      switchUs: wall(switchUs),
      loadUs: wall(loadUs),
      newPrefillUs: wall(newPrefillUs),
      repeatedPrefillUs: wall(repeatedPrefillUs),
      work,
    };
  }
}

interface Spent {
  readonly switchUs: number;
  readonly loadUs: number;
  readonly newPrefillUs: number;
  readonly repeatedPrefillUs: number;
  readonly work: {
    readonly switchUs: number;
    readonly loadUs: number;
    readonly newPrefillUs: number;
    readonly repeatedPrefillUs: number;
  };
}

function ratesOf(
  engine: EngineOptions,
  degradedTo: CheaperModel | undefined,
): Pick<EngineOptions, 'prefillTokensPerSecond' | 'decodeTokensPerSecond'> {
  return degradedTo === undefined ? engine : degradedOptions(engine, degradedTo);
}

const serverFailed: ScriptedFailure = {
  code: 'MODEL_FAILED',
  message: 'the model server failed',
  retryable: true,
};

const timedOut = (timeoutUs: number): ScriptedFailure => ({
  code: 'MODEL_TIMEOUT',
  message: `no whole answer after ${timeoutUs} µs`,
  retryable: true,
});
