import { KeyedHeap } from '../base/heap.ts';
import { fitsReservation } from './call-budgets.ts';
import type { Charge } from './contracts.ts';
import type { EngineOptions } from './engine-options.ts';
import type { Engine } from './engine.ts';
import type { TimerId } from './ids.ts';
import type { KernelState } from './kernel-state.ts';
import type { Holding } from './memory/holding.ts';
import type { Process } from './process.ts';

/**
 * Moves processes between engines: who may go where, from when on, and the move itself, which takes the page table along.
 *
 * A process moves only while it stands ready and its call has not begun: a stretch cannot be resumed, nor its partial answer be gone on from, on another engine, so that a call stays
 * where it began. It goes only where its call fits the window as it does at home, and where what is reserved for it covers what it may cost. It waits for its own engine,
 * the one that it was on last, for up to `affinity` × the time that bringing its context in takes longer on the engine where it would be soonest there, counted from when it asked for a core.
 *
 * A call whose request names an engine runs there and nowhere else: its process goes there, however the queues are, as soon as it asks for a core, and goes back with the
 * next call that names none.
 *
 * Source of the wait: M. Zaharia et al., "Delay Scheduling: A Simple Technique for Achieving Locality and Fairness in Cluster Scheduling", EuroSys 2010: who stands first
 * and has nothing local to run on is passed over for a while. Departs from it: the while is not one parameter for all, but what being passed over may save.
 */
export class Migration {
  private readonly state: KernelState;
  private readonly affinity: number;
  /** Somebody has moved since this was last set to false. */
  hasMoved = false;
  /** Who waits for its own engine, by until when. */
  private readonly waits = new KeyedHeap();
  private timer: { readonly id: TimerId; readonly atUs: number } | undefined;

  constructor(state: KernelState) {
    this.state = state;
    this.affinity = state.options.affinity;
  }

  /** Waits for its own engine are over: who may go elsewhere from now on counts for every engine. */
  release(): void {
    const { waits, state } = this;
    while (waits.size > 0 && waits.peekKey() <= state.nowUs) this.unbind(state.processes[waits.popMin()]!);
  }

  /** May `process`, which stands ready, go to another engine now? If not yet, it is looked at again when it may. */
  mayLeave(process: Process): boolean {
    if (process.leavesUs === -1) process.leavesUs = this.leavesUs(process);
    const { leavesUs, pid } = process;
    if (leavesUs <= this.state.nowUs) return true;
    if (leavesUs !== Infinity && !this.waits.has(pid)) this.waits.push(pid, leavesUs, pid);
    return false;
  }

  /** Does the call of `process` fit `engine` as it does the one that it is on, for what is reserved for it? */
  suits(process: Process, engine: Engine): boolean {
    const { table } = process;
    const { room, bypass } = process.call!;
    const { options, memory } = engine;
    return (
      table.tokens + room <= options.windowTokens &&
      memory.canEverHold(table, room) !== bypass &&
      fitsReservation(this.state.budgets, process, options)
    );
  }

  /** Would it find room in the memory of `engine`, another than its own? */
  fits({ call, table }: Process, { memory }: Engine): boolean {
    return call!.bypass || memory.couldTake(table, call!.room);
  }

  /** How long bringing in the context of `process` takes on `engine`, working alone, µs. */
  bringInUs({ table }: Process, { memory, options }: Engine): number {
    return bringInUs(options, table.tokens, memory.holdingOf(table));
  }

  /** It stands ready, not in a policy's queue, and goes to `to`. Where that has a policy of its own, `known` is what it used that the policy does not know of. */
  move(process: Process, to: Engine): void {
    const { state } = this;
    const { pid, engine: from, table } = process;
    const call = process.call!;
    const usable = from.memory.holdingOf(table).usableTokens;
    const lostTokens = Math.max(0, usable - to.memory.holdingOf(table).usableTokens);
    state.out.emit({ type: 'process.migrated', pid, from: from.index, to: to.index, lostTokens });
    from.memory.moveTo(to.memory, table, pid, state.nowUs);
    // Who waited for memory and can go on keeps its place there until it does.
    from.memoryWaiters.remove(pid);
    this.hasMoved = true;
    from.population--;
    to.population++;
    process.engine = to;
    process.letOn = false;
    if (call.degradedTo === undefined) call.options = to.options;
    if (from.queue !== to.queue) changePolicy(process, from, to);
  }

  /** It asks for a core for a call that is to run on `engine` alone. */
  goHome(process: Process, engine: Engine): void {
    const { returnsTo = process.engine } = process;
    this.move(process, engine);
    process.returnsTo = engine === returnsTo ? undefined : returnsTo;
  }

  /** It stands ready no more, or has got where it goes. */
  forget(process: Process): void {
    if (process.leavesUs === -1) return;
    this.waits.remove(process.pid);
    process.leavesUs = -1;
    process.isBound = false;
  }

  /** It stands ready, and counts for its own engine only, until its wait for that is over or it is unbound. */
  bind(process: Process): void {
    process.isBound = true;
    if (!process.queued) return;
    const { engine } = process;
    engine.boundCount++;
    engine.queue.boundCount++;
  }

  /** The timer fired. */
  fired(): void {
    this.timer = undefined;
  }

  /** The end of the first wait is looked at even if nothing else happens. Called at the end of each step. */
  settleTimer(): void {
    const { timers } = this.state;
    const atUs = this.waits.size === 0 ? Infinity : this.waits.peekKey();
    if (atUs === (this.timer?.atUs ?? Infinity)) return;
    if (this.timer !== undefined) timers.clear(this.timer.id);
    this.timer = atUs === Infinity ? undefined : { id: timers.set({ kind: 'affinity' }, atUs), atUs };
  }

  private leavesUs(process: Process): number {
    const { engine: own, call } = process;
    const { stretches, degradedTo, home, readySinceUs } = call!;
    // A call that was degraded runs beside the engine's own model; whether another engine has such a model nobody says.
    if (stretches > 0 || degradedTo !== undefined || home !== undefined) return Infinity;
    let leastUs = Infinity;
    for (const engine of this.state.engines)
      if (engine !== own && this.suits(process, engine))
        leastUs = Math.min(leastUs, this.bringInUs(process, engine));
    if (leastUs === Infinity) return Infinity;
    const savedUs = Math.max(0, leastUs - this.bringInUs(process, own));
    const us = readySinceUs + Math.ceil(this.affinity * savedUs);
    return Number.isSafeInteger(us) ? us : Infinity;
  }

  /** It stands ready in its queue, and counts for every engine from now on. */
  unbind(process: Process): void {
    if (!process.isBound) return;
    const { engine } = process;
    process.isBound = false;
    engine.boundCount--;
    engine.queue.boundCount--;
    // Preemption may be due on engines on which it was not.
    engine.queue.hasNews = true;
  }
}

/** The policy that it leaves knows what it has used so far; the one that it comes to is told what it has used since it was last there. */
function changePolicy(process: Process, from: Engine, to: Engine): void {
  const { coreUs, tokensIn, tokensOut } = process.usage;
  const used: Charge = { coreUs, tokensIn, tokensOut };
  process.known ??= new Map();
  process.known.set(from.index, used);
  const known = process.known.get(to.index);
  const since: Charge = {
    coreUs: coreUs - (known?.coreUs ?? 0),
    tokensIn: tokensIn - (known?.tokensIn ?? 0),
    tokensOut: tokensOut - (known?.tokensOut ?? 0),
  };
  process.pastCharge = since.coreUs + since.tokensIn + since.tokensOut === 0 ? undefined : since;
}

function bringInUs(
  { prefillTokensPerSecond, loadTokensPerSecond, loadLatencyUs }: EngineOptions,
  promptTokens: number,
  { usableTokens, tierTokens }: Holding,
): number {
  const loadTokens = loadTokensPerSecond > 0 ? tierTokens : 0;
  const prefillTokens = promptTokens - usableTokens - loadTokens;
  const loadUs =
    loadTokens === 0 ? 0 : loadLatencyUs + Math.ceil((loadTokens * 1_000_000) / loadTokensPerSecond);
  return loadUs + Math.ceil((prefillTokens * 1_000_000) / prefillTokensPerSecond);
}
