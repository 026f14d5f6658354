import { assert } from '../../base/assert.ts';
import type { EngineOptions } from '../../kernel/engine-options.ts';
import type { CallEnded } from '../../kernel/inputs.ts';
import type { CoreId, Pid } from '../../kernel/ids.ts';
import type { CallStart } from '../../kernel/requests.ts';
import type { FaultPlan } from '../faults.ts';

/** A stretch of a call on a core: what is left of each phase, in µs of a core that works alone. Phases follow one another in this order. */
interface Stretch {
  readonly start: CallStart;
  readonly startUs: number;
  readonly plan: Phases;
  /** Work done in this stretch, and until when it is counted. */
  doneUs: number;
  countedUs: number;
  handle: number;
}

interface Phases {
  loadUs: number;
  newPrefillUs: number;
  repeatedPrefillUs: number;
  decodeUs: number;
  /** Answer tokens of the whole call, and how many are still to come. */
  readonly tokensOut: number;
  readonly tokensLeft: number;
}

type CallEnd = CallEnded & { readonly atUs: number };

/** What the device needs of the simulation. */
export interface ModelDeviceWorld {
  readonly nowUs: number;
  scheduleEnd(core: CoreId, atUs: number): number;
  moveEnd(handle: number, atUs: number): void;
  cancelEnd(handle: number): void;
}

/**
 * A simulated model server: prefill, load and decode at the rates of its cost model, slowed by the throughput curve while several cores are
 * busy. A call with a recorded duration takes that long when it runs alone and undisturbed; its phases share the time in the model's proportions.
 * Source of the two-phase cost: A. Agrawal et al., "Vidur: A Large-Scale Simulation Framework for LLM Inference", MLSys 2024 (simplified to rates).
 */
export class ModelDevice {
  private readonly engine: EngineOptions;
  private readonly world: ModelDeviceWorld;
  private readonly faults: FaultPlan | undefined;
  private readonly firstCore: number;
  private readonly stretches: (Stretch | undefined)[];
  /** What stopped calls still have to do, by pid. */
  private readonly stopped: (Phases | undefined)[] = [];
  private busy = 0;
  private readonly isFlat: boolean;
  private speed = 1;

  constructor(engine: EngineOptions, firstCore: number, world: ModelDeviceWorld, faults?: FaultPlan) {
    this.engine = engine;
    this.firstCore = firstCore;
    this.world = world;
    this.faults = faults;
    this.stretches = Array.from({ length: engine.cores }, () => undefined);
    this.isFlat = engine.throughput.every((speed) => speed === 1);
  }

  start(start: CallStart): void {
    const slot = start.core - this.firstCore;
    assert(this.stretches[slot] === undefined, () => `core ${start.core} is taken`);
    const { nowUs } = this.world;
    const plan = this.plan(start);
    this.busy++;
    if (!this.isFlat) this.changeSpeed();
    const handle = this.world.scheduleEnd(start.core, nowUs + this.wallUs(totalUs(plan)));
    this.stretches[slot] = { start, startUs: nowUs, plan, doneUs: 0, countedUs: nowUs, handle };
  }

  /** The call's work is done, or as much of it as it does before it fails. */
  finish(core: CoreId): CallEnd {
    const stretch = this.leave(core);
    const { plan, start } = stretch;
    const { text, tokensIn } = start.script ?? {};
    const { loadUs, newPrefillUs, repeatedPrefillUs } = this.spentOf(stretch, totalUs(plan));
    const ended = { atUs: this.world.nowUs, type: 'call.ended', core, pid: start.pid, reason: 'completed', tokensOut: plan.tokensOut, newPrefillUs, repeatedPrefillUs, loadUs } as const;
    if (this.faults?.model(start.identity) !== undefined) return { ...ended, reason: 'failed', message: 'the model server failed' };
    if (text === undefined && tokensIn === undefined) return ended;
    return { ...ended, ...(text === undefined ? {} : { text }), ...(tokensIn === undefined ? {} : { tokensIn }) };
  }

  /** Stops the call now; what is left of it is kept for a resumed one. Undefined: it has just ended by itself. */
  stop(core: CoreId): CallEnd | undefined {
    if (this.stretches[core - this.firstCore] === undefined) return undefined;
    const stretch = this.leave(core);
    this.world.cancelEnd(stretch.handle);
    const { plan, start } = stretch;
    const spent = this.spentOf(stretch, stretch.doneUs);
    const decodedUs = Math.max(0, stretch.doneUs - plan.loadUs - plan.newPrefillUs - plan.repeatedPrefillUs);
    const decoded = plan.decodeUs === 0 ? 0 : Math.min(plan.tokensLeft, Math.floor((plan.tokensLeft * decodedUs) / plan.decodeUs));
    const isResumable = this.engine.preemption === 'resume';
    // Filled up to the pid, so that the list stays an array of consecutive slots.
    while (this.stopped.length <= start.pid) this.stopped.push(undefined);
    this.stopped[start.pid] = {
      loadUs: isResumable ? plan.loadUs - spent.work.loadUs : 0,
      newPrefillUs: isResumable ? plan.newPrefillUs - spent.work.newPrefillUs : 0,
      repeatedPrefillUs: isResumable ? plan.repeatedPrefillUs - spent.work.repeatedPrefillUs : 0,
      decodeUs: plan.decodeUs - Math.min(decodedUs, plan.decodeUs),
      tokensOut: plan.tokensOut,
      tokensLeft: plan.tokensLeft - decoded,
    };
    const tokensOut = plan.tokensOut - plan.tokensLeft + decoded;
    const { newPrefillUs, repeatedPrefillUs, loadUs } = spent;
    return { atUs: this.world.nowUs, type: 'call.ended', core, pid: start.pid, reason: 'stopped', tokensOut, newPrefillUs, repeatedPrefillUs, loadUs };
  }

  /** A stopped call will never go on. */
  forget(pid: Pid): void {
    if (pid < this.stopped.length) this.stopped[pid] = undefined;
  }

  // ---- Work and time -------------------------------------------------------------------------------------------------

  private plan(start: CallStart): Phases {
    const { engine } = this;
    const perPrefill = 1_000_000 / engine.prefillTokensPerSecond;
    const loadUs = start.loadTokens === 0 ? 0 : engine.loadLatencyUs + Math.ceil((start.loadTokens * 1_000_000) / engine.loadTokensPerSecond);
    const newPrefillUs = Math.ceil(start.newTokens * perPrefill);
    const repeatedPrefillUs = Math.ceil(start.repeatedTokens * perPrefill);
    const left = this.stopped[start.pid];
    if (start.resumed && left !== undefined) {
      this.stopped[start.pid] = undefined;
      left.loadUs += loadUs;
      left.newPrefillUs += newPrefillUs;
      // What was not prefilled yet when it was evicted is not prefilled twice: at most the whole prompt is.
      const wholeUs = Math.ceil((start.newTokens + start.repeatedTokens + start.loadTokens + start.cachedTokens) * perPrefill);
      const mostUs = Math.max(left.repeatedPrefillUs, wholeUs - left.newPrefillUs);
      left.repeatedPrefillUs = Math.min(left.repeatedPrefillUs + repeatedPrefillUs, mostUs);
      return left;
    }
    const wholeOut = start.script?.tokensOut ?? start.maxOutput;
    const share = this.faults?.model(start.identity);
    const tokensOut = share === undefined ? wholeOut : Math.floor(wholeOut * share);
    const decodeUs = Math.ceil((tokensOut * 1_000_000) / engine.decodeTokensPerSecond);
    const plan: Phases = { loadUs, newPrefillUs, repeatedPrefillUs, decodeUs, tokensOut, tokensLeft: tokensOut };
    const fixedUs = start.script?.durationUs;
    return fixedUs === undefined ? plan : scaled(plan, share === undefined ? fixedUs : Math.ceil(fixedUs * share));
  }

  private leave(core: CoreId): Stretch {
    const slot = core - this.firstCore;
    const stretch = this.stretches[slot];
    assert(stretch !== undefined, () => `no call runs on core ${core}`);
    this.count(stretch);
    this.stretches[slot] = undefined;
    this.busy--;
    if (!this.isFlat) this.changeSpeed();
    return stretch;
  }

  /** Work done until now. */
  private count(stretch: Stretch): void {
    const { nowUs } = this.world;
    stretch.doneUs = Math.min(totalUs(stretch.plan), stretch.doneUs + (nowUs - stretch.countedUs) * this.speed);
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
    for (const stretch of this.stretches) if (stretch !== undefined) this.count(stretch);
    this.speed = speed;
    for (const stretch of this.stretches) {
      if (stretch === undefined) continue;
      const leftUs = totalUs(stretch.plan) - stretch.doneUs;
      this.world.moveEnd(stretch.handle, this.world.nowUs + this.wallUs(leftUs));
    }
  }

  /** The first `doneUs` of the plan's work by phase; in wall-clock µs (rounded down, so that they never exceed the stretch) and as work. */
  private spentOf({ plan, startUs }: Stretch, doneUs: number): Spent {
    const loadUs = Math.min(plan.loadUs, doneUs);
    const newPrefillUs = Math.min(plan.newPrefillUs, doneUs - loadUs);
    const repeatedPrefillUs = Math.min(plan.repeatedPrefillUs, doneUs - loadUs - newPrefillUs);
    const work = { loadUs, newPrefillUs, repeatedPrefillUs };
    const stretchUs = this.world.nowUs - startUs;
    if (stretchUs === doneUs || doneUs === 0) return { ...work, work };
    const slowdown = stretchUs / doneUs;
    const wall = (us: number): number => Math.floor(us * slowdown);
    return { loadUs: wall(loadUs), newPrefillUs: wall(newPrefillUs), repeatedPrefillUs: wall(repeatedPrefillUs), work };
  }
}

interface Spent {
  readonly loadUs: number;
  readonly newPrefillUs: number;
  readonly repeatedPrefillUs: number;
  readonly work: { readonly loadUs: number; readonly newPrefillUs: number; readonly repeatedPrefillUs: number };
}

const totalUs = (plan: Phases): number => plan.loadUs + plan.newPrefillUs + plan.repeatedPrefillUs + plan.decodeUs;

/** The plan in `fixedUs` instead of its own time; whole µs, decoding takes what rounding leaves. */
function scaled(plan: Phases, fixedUs: number): Phases {
  const total = totalUs(plan);
  const share = (us: number): number => (total === 0 ? 0 : Math.floor((us / total) * fixedUs));
  const loadUs = share(plan.loadUs);
  const newPrefillUs = share(plan.newPrefillUs);
  const repeatedPrefillUs = share(plan.repeatedPrefillUs);
  return { ...plan, loadUs, newPrefillUs, repeatedPrefillUs, decodeUs: fixedUs - loadUs - newPrefillUs - repeatedPrefillUs };
}
