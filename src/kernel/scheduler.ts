import { assert } from '../base/assert.ts';
import type { Charge } from './contracts.ts';
import { restoreUs } from './engine-options.ts';
import { shown } from './errors.ts';
import { readyFor, type Core, type Engine, type StopReason } from './engine.ts';
import type { Pid } from './ids.ts';
import type { CallEnded } from './inputs.ts';
import type { KernelState } from './kernel-state.ts';
import { LoadGate } from './load-gate.ts';
import { Migration } from './migration.ts';
import { OneQueue } from './one-queue.ts';
import { brokenPick, mayStart, sliceUs } from './policy-guard.ts';
import { Preemption } from './preemption.ts';
import { placeOf, type Call, type Process } from './process.ts';
import { WorkStealing } from './work-stealing.ts';

/** What the scheduler tells the rest of the kernel. */
export interface SchedulerListener {
  /** A stretch ended and the core is free; what becomes of the process is the listener's. */
  callStopped(process: Process, call: Call, ended: CallEnded, by: StopReason): void;
  callFinished(process: Process, call: Call, ended: CallEnded): void;
  /** A call that was stopped wants a core again; it may have to be reserved anew. */
  goOn(process: Process): void;
}

/**
 * The AgentScheduler: ready processes, engines with cores, one policy for each queue: of an engine, or of all. The policy orders; the scheduler dispatches and
 * pairs every start of a call with its end; who must make way is told by `preemption`, who changes its engine by `oneQueue` or `stealing`. A process is queued only while its call
 * is reserved at every budget.
 */
export class AgentScheduler {
  private readonly state: KernelState;
  private readonly listener: SchedulerListener;
  private readonly gate: LoadGate;
  private readonly migration: Migration;
  private readonly oneQueue: OneQueue | undefined;
  private readonly stealing: WorkStealing | undefined;
  readonly preemption: Preemption;

  constructor(state: KernelState, listener: SchedulerListener) {
    this.state = state;
    this.listener = listener;
    this.preemption = new Preemption(state);
    this.gate = new LoadGate(state, this);
    this.migration = new Migration(state);
    const { queue } = state.engines[0]!;
    if (queue.isShared) this.oneQueue = new OneQueue(state, queue, this.migration, this);
    if (state.options.steal && state.engines.length > 1)
      this.stealing = new WorkStealing(state, this.migration, this);
  }

  /**
   * The process asks for a core: new, woken, or preempted. `sinceUs`: it has stood in the queue since then, but for a wait for memory, which is not
   * held against it.
   */
  enqueue(process: Process, sinceUs = this.state.nowUs): void {
    const { state } = this;
    const { pid } = process;
    const call = process.call!;
    const engine = placeOf(process);
    const isAway = engine !== process.engine;
    // It could not start, and must not make anybody give up a core.
    if (!isAway && this.mustStayOut(process)) return this.gate.keepOut(process);
    if (process.state !== 'ready') state.change(process, process.state === 'running' ? 'preempt' : 'wake');
    else process.sinceUs = state.nowUs;
    call.readySinceUs = sinceUs;
    state.out.events.push({ seq: ++state.out.seq, atUs: state.nowUs, type: 'process.ready', pid });
    if (isAway) {
      this.migration.goHome(process, engine);
      if (this.mustStayOut(process)) return this.gate.keepOut(process);
    }
    engine.memory.policy.waits?.(pid, 'core', state.nowUs);
    this.oneQueue?.joins(process);
    this.join(process);
  }

  /** Load control lets it not even stand ready. */
  private mustStayOut(process: Process): boolean {
    return process.engine.loadControl !== undefined && this.gate.isBehind(process);
  }

  /** It stands in the queue of its engine. */
  join(process: Process): void {
    const { engine, pid, call } = process;
    const { queue } = engine;
    process.queued = true;
    const stands = queue.policy.ready(pid, call!.readySinceUs);
    // The first that is ready makes the ends of slices count. Of several engines, the one that stands first may be bound to another.
    if (++queue.readyCount === 1 || stands !== false || queue.boundCount > 0) queue.hasNews = true;
    if (process.isBound) {
      queue.boundCount++;
      engine.boundCount++;
    }
    queue.standing?.add(process);
    if (process.pastCharge !== undefined) this.chargePast(process, process.pastCharge);
  }

  /** It leaves the queue of its engine; its policy knows already. */
  leave(process: Process): void {
    const { engine } = process;
    const { queue } = engine;
    process.queued = false;
    queue.readyCount--;
    if (process.isBound) {
      queue.boundCount--;
      engine.boundCount--;
    }
    queue.standing?.delete(process);
  }

  /** A restored process, or one that comes from another engine, is ready for the first time: its policy learns what it used before, as of any other. */
  private chargePast(process: Process, charge: Charge): void {
    const { engine, pid } = process;
    process.pastCharge = undefined;
    engine.policy.charge(pid, charge, this.state.nowUs);
    engine.queue.hasNews = true;
  }

  /** The process leaves its place (queued, waiting for memory or held back) without running: it waits, is suspended or ends. */
  withdraw(process: Process): void {
    const { engine, pid } = process;
    if (process.queued) {
      this.leave(process);
      engine.policy.waiting(pid, this.state.nowUs);
    }
    this.migration.forget(process);
    engine.memoryWaiters.remove(pid);
    this.gate.forget(process);
  }

  /** Load control took it off its core: it goes on when the policy allows. */
  holdSuspended(process: Process): void {
    this.gate.hold(process);
  }

  /** Load control allows it. */
  goOn(process: Process): void {
    this.listener.goOn(process);
  }

  /** Fills idle cores and considers preemption, on every engine with news. Called at the end of each step. */
  settle(): void {
    if (this.oneQueue !== undefined || this.stealing !== undefined) return this.settleTogether();
    for (const engine of this.state.engines) {
      if (engine.loadControl !== undefined) this.gate.review(engine);
      if (engine.memoryWaiters.size > 0) this.wakeWaiters(engine);
      if (engine.queue.readyCount > 0 && engine.idle.size > 0) this.dispatchAll(engine);
      if (engine.loadControl !== undefined) this.settleLoad(engine);
      this.preemption.settle(engine.queue);
      if (engine.isHeld || engine.memoryWaiters.size > 0) this.tellHeld(engine);
      if (engine.isStarved || engine.memoryWaiters.size > 0) this.noteStarved(engine);
    }
  }

  /** Where processes may change their engine, all engines have filled their own cores before it is looked who could start on another. */
  private settleTogether(): void {
    const { migration, oneQueue, stealing } = this;
    const { engines } = this.state;
    // Who moves may leave room, and a place before others that wait for memory.
    do {
      migration.hasMoved = false;
      migration.release();
      oneQueue?.release();
      for (const engine of engines) {
        if (engine.loadControl !== undefined) this.gate.review(engine);
        if (engine.memoryWaiters.size > 0) this.wakeWaiters(engine);
        if (oneQueue === undefined) this.dispatchAll(engine);
      }
      oneQueue?.dispatchAll();
      for (const engine of engines) if (engine.loadControl !== undefined) this.settleLoad(engine);
      stealing?.settle();
    } while (migration.hasMoved);
    for (const engine of engines)
      if (engine.queue.engines[0] === engine) this.preemption.settle(engine.queue);
    for (const engine of engines) {
      if (engine.isHeld || engine.memoryWaiters.size > 0) this.tellHeld(engine);
      if (engine.isStarved || engine.memoryWaiters.size > 0) this.noteStarved(engine);
    }
    migration.settleTimer();
  }

  /** The end of a wait for its own engine may let somebody start: looked at when this step settles. */
  affinityFired(): void {
    this.migration.fired();
  }

  /** Cores that are idle because the first waiter for memory is not overtaken are no lack of cores: who stands ready must be told so. */
  private tellHeld(engine: Engine): void {
    const { state } = this;
    const first = engine.memoryWaiters.peek();
    const isHeld = readyFor(engine) > 0 && engine.idle.size > 0 && this.isHeldBack(engine);
    if (isHeld === engine.isHeld) return;
    engine.isHeld = isHeld;
    if (isHeld) state.out.emit({ type: 'queue.held', engine: engine.index, pid: first as Pid });
    else state.out.emit({ type: 'queue.released', engine: engine.index });
  }

  /** Who was picked may have had to join those that are kept out: then it is their turn, while there are idle cores. */
  private settleLoad(engine: Engine): void {
    this.gate.review(engine);
    if (this.oneQueue === undefined) this.dispatchAll(engine);
    else this.oneQueue.dispatchAll();
    this.gate.settleTimer(engine);
  }

  callEnded(ended: CallEnded): void {
    const { state } = this;
    const core = state.cores[ended.core];
    const process = core?.process;
    // Written so that nothing is made for a message that is not wanted.
    if (core === undefined || process === undefined || process.pid !== ended.pid)
      assert(false, `no call of process ${ended.pid} runs on core ${ended.core}`);
    const call = process.call!;
    const by = core.stopping;
    if (ended.reason === 'stopped' && by === undefined)
      assert(false, `the call of process ${ended.pid} stopped, but nobody asked for it`);
    const { engine } = core;
    const coreUs = state.nowUs - core.startedUs;
    core.process = undefined;
    core.stopping = undefined;
    process.core = -1;
    const slot = core.id - engine.cores[0]!.id;
    engine.idle.push(slot, slot, 0);
    engine.memory.end(process.table, state.nowUs);
    engine.tier?.callsChanged();
    call.coreUs += coreUs;
    call.restoreLeftUs = Math.max(0, core.sliceBeginsUs - state.nowUs);
    const tokensOut = ended.tokensOut - call.tokensOut;
    call.tokensOut = ended.tokensOut;
    const tokensIn = call.stretches === 1 ? call.tokensIn : 0;
    engine.policy.charge(process.pid, { coreUs, tokensIn, tokensOut }, state.nowUs);
    // Others may have to make way, too.
    if (by === 'priority') engine.queue.hasNews = true;
    if (ended.reason === 'stopped') this.listener.callStopped(process, call, ended, by!);
    else this.listener.callFinished(process, call, ended);
    if (core.process === undefined && core.timerUs !== Infinity && readyFor(engine) === 0)
      this.preemption.disarm(core);
  }

  // ---- Dispatching ---------------------------------------------------------------------------------------------------

  /** Of an engine with a queue of its own. */
  dispatchAll(engine: Engine): void {
    const { queue, idle } = engine;
    while (queue.readyCount > 0 && idle.size > 0) {
      if (this.isHeldBack(engine)) return;
      this.start(this.pick(engine));
    }
  }

  /** The first that waits for memory is not overtaken while running calls can still make room for it. */
  private isHeldBack(engine: Engine): boolean {
    const first = engine.memoryWaiters.peek();
    return first !== -1 && this.state.processes[first]!.state === 'waiting' && !isQuiet(engine);
  }

  /** May somebody who stands ready start on `engine` now? It has an idle core, and nobody there is not to be overtaken. */
  isOpen(engine: Engine): boolean {
    return engine.idle.size > 0 && !this.isHeldBack(engine);
  }

  /** Whom the policy chooses for the lowest idle core of `engine`; it has left the queue. */
  pick(engine: Engine): Process {
    const { state } = this;
    const { queue } = engine;
    const slot = engine.idle.peek();
    const pid = queue.policy.pick(engine.cores[slot]!.id, state.nowUs);
    if (pid === undefined) throw brokenPick(queue, 'nobody', state.nowUs);
    const process = state.processes[pid];
    // A text that looks like a pid finds a process, too.
    if (process?.pid !== pid || !process.queued || process.engine.queue !== queue)
      throw brokenPick(queue, `process ${shown(pid)}`, state.nowUs);
    this.leave(process);
    return process;
  }

  /** Would load control let `process`, which is to move, start on `engine`? */
  mayStartOn(engine: Engine, process: Process): boolean {
    if (engine.loadControl === undefined || process.call!.bypass) return true;
    return engine.held.length === 0 && mayStart(engine, process.pid, this.state.nowUs);
  }

  /** Puts a picked process on a core of its engine, or lets it wait for memory. False: it waits. */
  start(process: Process): boolean {
    const { state } = this;
    const { engine, pid } = process;
    const { memoryWaiters, policy } = engine;
    if (engine.loadControl !== undefined && !this.gate.mayStart(process)) {
      this.migration.forget(process);
      memoryWaiters.remove(pid);
      policy.waiting(pid, state.nowUs);
      return false;
    }
    const first = memoryWaiters.peek();
    // A call that bypasses memory takes nothing from those that wait for it.
    const mayBegin = first === -1 || first === pid || process.call!.bypass || isQuiet(engine);
    if (mayBegin && this.dispatch(process)) {
      this.migration.forget(process);
      if (first === pid) this.wakeWaiters(engine);
      return true;
    }
    // Where it would have to wait, another engine may have room for it.
    if (this.oneQueue?.startElsewhere(process) === true) {
      if (first === pid) this.wakeWaiters(engine);
      return true;
    }
    this.migration.forget(process);
    if (!memoryWaiters.has(pid)) memoryWaiters.push(pid, process.call!.seq, 0);
    policy.waiting(pid, state.nowUs);
    state.wait(process, 'memory');
    return false;
  }

  /**
   * The first that waits for memory becomes ready when its call fits; it keeps its place here until it is dispatched. When nothing runs that
   * could make room for it, others may: who waits behind it may hold the very pins that keep it out.
   */
  private wakeWaiters(engine: Engine): void {
    const { memoryWaiters, idle } = engine;
    const first = memoryWaiters.peek();
    if (first === -1 || idle.size === 0) return;
    if (this.isWoken(engine, first)) {
      engine.isStarved = false;
      return;
    }
    if (!isQuiet(engine)) return;
    // Also if who stands ready starts before this step is over.
    engine.starve();
    if (memoryWaiters.size === 1 || readyFor(engine) > 0) return;
    const inOrder = [...memoryWaiters.ids()].sort((a, b) => memoryWaiters.keyOf(a) - memoryWaiters.keyOf(b));
    for (const pid of inOrder) if (this.isWoken(engine, pid)) return;
  }

  private noteStarved(engine: Engine): void {
    if (engine.memoryWaiters.size === 0) engine.isStarved = false;
    else if (isQuiet(engine)) engine.starve();
  }

  /** False: its call doesn't fit into memory now. */
  private isWoken({ memory }: Engine, pid: number): boolean {
    const process = this.state.processes[pid]!;
    if (process.state !== 'waiting') return true;
    const { room, readySinceUs } = process.call!;
    if (!memory.couldBegin(process.table, room)) return false;
    // Load control had let it on: those that are kept out stand behind it.
    process.letOn = true;
    this.enqueue(process, readySinceUs);
    return true;
  }

  /** Puts a picked process on the lowest free core; false when its pages and its answer's room don't fit into memory now. */
  private dispatch(process: Process): boolean {
    const { state } = this;
    const { engine, pid } = process;
    const { nowUs, out } = state;
    const slot = engine.idle.peek();
    const core = engine.cores[slot]!;
    const call = process.call!;
    const { extraTokens: extra, room } = call;
    let prompt = call.bypass
      ? engine.memory.beginBypassed(process.table, pid)
      : engine.memory.begin(process.table, pid, room, nowUs);
    if (prompt.outcome !== 'begun') {
      if (state.options.oversize !== 'estimate') return false;
      call.bypass = true;
      out.emit({ type: 'call.bypassed', pid, n: process.n, tokens: process.table.tokens + room });
      prompt = engine.memory.beginBypassed(process.table, pid);
    }
    engine.idle.popMin();
    engine.memoryWaiters.remove(pid);
    const isResumed = call.stretches > 0;
    const isTiered = engine.options.loadTokensPerSecond > 0 && !call.bypass;
    const loadTokens = isTiered ? prompt.capacityTokens - prompt.elsewhereTokens : 0;
    // A resumed call has what has no page yet; an engine that cannot resume prefills it again, with the partial answer.
    const carried = isResumed && engine.options.preemption !== 'resume' ? extra + call.tokensOut : 0;
    const newTokens = prompt.compulsoryTokens + (isResumed ? 0 : extra);
    const repeatedTokens = prompt.holeTokens + prompt.capacityTokens - loadTokens + carried;
    const { cachedTokens } = prompt;
    call.sentTokens = cachedTokens + prompt.holeTokens + prompt.capacityTokens - prompt.elsewhereTokens;
    if (!isResumed || engine.options.preemption !== 'resume') {
      call.tokensIn += process.table.tokens + extra + (isResumed ? call.tokensOut : 0);
      call.tokensCached += cachedTokens + loadTokens;
    }
    engine.tier?.callsChanged();
    if (prompt.prefetchedTokens > 0)
      out.emit({ type: 'prefetch.used', pid, engine: engine.index, tokens: prompt.prefetchedTokens });
    call.stretches++;
    const switchUs = switchOf(core, pid);
    core.startedUs = nowUs;
    state.change(process, 'dispatch');
    process.core = core.id;
    core.process = process;
    out.events.push({
      seq: ++out.seq,
      atUs: nowUs,
      type: 'process.dispatched',
      pid,
      core: core.id,
      n: process.n,
      newTokens,
      repeatedTokens,
      loadTokens,
      cachedTokens,
      room: call.bypass ? -1 : room,
    });
    out.requests.push({
      type: 'call.start',
      core: core.id,
      pid,
      identity: { run: process.run, branch: process.branch, pid: process.runPid, n: process.n, index: 0 },
      newTokens,
      repeatedTokens,
      loadTokens,
      cachedTokens,
      maxOutput: room - extra,
      switchUs,
      tokensOut: call.tokensOut,
      resumed: isResumed,
      continues: isResumed && engine.options.preemption !== 'none',
      request: call.think.request,
      script: call.script,
      degradedTo: call.degradedTo,
      aside: call.think.keepAnswer === false,
    });
    // Switching and bringing its context back is the price of the switch, not use of the core: a slice that it eats up would never get anywhere.
    const restore = restoreUs(call.options, repeatedTokens, loadTokens);
    // Not the sum: what was evicted again is brought back once.
    core.sliceBeginsUs = nowUs + Math.max(call.restoreLeftUs, restore) + longestSwitchUs(engine, switchUs);
    core.sliceEndsUs = core.sliceBeginsUs + sliceUs(engine, pid);
    const { queue } = engine;
    queue.fresh[queue.freshCount++] = core;
    if (engine.loadControl !== undefined) this.gate.started(engine);
    return true;
  }
}

/** No call runs: only other processes, by ending or by unpinning, can make room for the first that waits for memory. */
const isQuiet = ({ idle, cores }: Engine): boolean => idle.size === cores.length;

/** What the switch of `core` to process `pid` costs, µs: nothing when nobody else ran there last. */
function switchOf(core: Core, pid: Pid): number {
  const { switchUs } = core.engine.options;
  if (switchUs === 0) return 0;
  const { lastPid } = core;
  core.lastPid = pid;
  return lastPid === 0 || lastPid === pid ? 0 : switchUs;
}

/** At the slowest that the engine's cores may get, µs. */
function longestSwitchUs({ options }: Engine, switchUs: number): number {
  return switchUs === 0 ? 0 : Math.ceil(switchUs / Math.min(...options.throughput));
}
