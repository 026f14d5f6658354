import { assert } from '../base/assert.ts';
import { readyFor, type Core, type Engine, type ReadyQueue, type StopReason } from './engine.ts';
import type { TimerId } from './ids.ts';
import { shown } from './errors.ts';
import type { KernelState } from './kernel-state.ts';
import { brokenPick, preemptionUs, sliceUs, StandstillGuard } from './policy-guard.ts';
import type { Process } from './process.ts';

/**
 * Who must give up a core, and when: at the end of its slice, or when the policy says so, and only if another could start in its place. Each
 * core has one timer for both; the scheduler tells what changed.
 */
export class Preemption {
  private readonly state: KernelState;
  private readonly standstill = new StandstillGuard();

  constructor(state: KernelState) {
    this.state = state;
  }

  /** Asks the engine to stop the running call of `process`; it keeps its core until the end arrives. */
  stop(process: Process, by: StopReason): void {
    const core = this.state.cores[process.core]!;
    if (core.process !== process) assert(false, `process ${process.pid} is not on core ${process.core}`);
    // A signal outranks a preemption that is under way; nothing outranks a signal.
    if (core.stopping === 'signal') return;
    const isAsked = core.stopping !== undefined;
    core.stopping = by;
    if (isAsked) return;
    if (by !== 'signal' && core.startedUs === this.state.nowUs)
      this.standstill.count(core.engine, by, this.state.nowUs);
    const why = by === 'signal' ? 'signal' : 'preempt';
    this.state.out.requests.push({ type: 'call.stop', core: core.id, pid: process.pid, why });
  }

  /** The slice of a core is over, or somebody may outrank who runs there. */
  timerFired(timer: TimerId): void {
    const core = this.state.cores[timer]!;
    core.timerUs = Infinity;
    const { process, engine } = core;
    // While nobody is ready, nobody makes way, and no timer is needed.
    if (process === undefined || core.stopping !== undefined || readyFor(engine) === 0) return;
    const { nowUs } = this.state;
    // The usual case first: then the policy need not be asked.
    if (this.sliceEndsUs(core) <= nowUs) return this.makeWay(core);
    const dueUs = this.dueUs(core);
    if (dueUs <= nowUs) this.makeWay(core);
    else this.armTimer(core, dueUs);
  }

  /** Who was dispatched since the last time gets a timer; when who is ready changed, everybody is looked at. */
  settle(queue: ReadyQueue): void {
    if (queue.hasNews) this.consider(queue, queue.cores, queue.cores.length);
    else if (queue.freshCount > 0) this.consider(queue, queue.fresh, queue.freshCount);
    queue.hasNews = false;
    queue.freshCount = 0;
  }

  /** Nothing is to happen on the core by itself. */
  disarm(core: Core): void {
    core.timerUs = Infinity;
    this.state.out.requests.push({ type: 'timer.clear', timer: core.id as number as TimerId });
  }

  /** Arms the timers of the first `count` of `cores`, or stops what must make way at once. A timer may fire too early (it looks again then), never too late. */
  private consider(queue: ReadyQueue, cores: readonly Core[], count: number): void {
    if (queue.readyCount === 0) return;
    const { nowUs } = this.state;
    let isDue = false;
    for (let slot = 0; slot < count; slot++) {
      const core = cores[slot]!;
      if (!mayMakeWay(core)) continue;
      const dueUs = this.dueUs(core);
      if (dueUs <= nowUs) isDue = true;
      else this.armTimer(core, dueUs);
    }
    if (isDue) this.makeWayInOrder(cores.slice(0, count));
  }

  /** Those that are due longest first. */
  private makeWayInOrder(cores: readonly Core[]): void {
    const { nowUs } = this.state;
    const due = cores
      .filter(mayMakeWay)
      .map((core) => ({ core, dueUs: this.dueUs(core) }))
      .filter(({ dueUs }) => dueUs <= nowUs)
      .sort((a, b) => a.dueUs - b.dueUs || a.core.id - b.core.id);
    for (const { core } of due) this.makeWay(core);
  }

  /** The running process of `core` must make way now, unless nobody could start in its place. */
  private makeWay(core: Core): void {
    const { nowUs } = this.state;
    const { engine } = core;
    const process = core.process!;
    const isSliceOver = nowUs >= core.sliceEndsUs;
    if (this.wouldHelp(engine, process, isSliceOver))
      return this.stop(process, isSliceOver ? 'slice' : 'priority');
    if (isSliceOver) core.sliceEndsUs = nowUs + sliceUs(engine, process.pid);
    this.armTimer(core, core.sliceEndsUs);
  }

  /** Stopping `process` lets another start. While the first that waits for memory holds the queue, only that one could. */
  private wouldHelp(engine: Engine, process: Process, isSliceOver: boolean): boolean {
    const first = engine.memoryWaiters.peek();
    const waiter = first === -1 ? undefined : this.state.processes[first]!;
    if (waiter === undefined || waiter.state !== 'waiting') return isWanted(engine, isSliceOver);
    const isLastRunning = engine.cores.length - engine.idle.size === 1;
    if (isLastRunning) return true;
    return engine.memory.couldBegin(waiter.table, waiter.call!.room, process.table);
  }

  /** When the running process of `core` must make way, as things stand. */
  private dueUs(core: Core): number {
    const { engine } = core;
    const endsUs = this.sliceEndsUs(core);
    if (engine.policy.shouldPreempt === undefined) return endsUs;
    const dueUs = this.preemptionUs(core);
    return dueUs < endsUs ? dueUs : endsUs;
  }

  /** The policy orders all that stand ready in its queue: nobody makes way here for who may start on another engine only. */
  private preemptionUs({ engine, process, id }: Core): number {
    const { queue, boundCount } = engine;
    const { nowUs, processes } = this.state;
    const { pid } = process!;
    const dueUs = preemptionUs(engine, pid, nowUs);
    if (dueUs > nowUs || queue.boundCount === boundCount) return dueUs;
    const hidden: Process[] = [];
    let isFound = false;
    while (!isFound && hidden.length < queue.readyCount) {
      const picked = queue.policy.pick(id, nowUs);
      const first = picked === undefined ? undefined : processes[picked];
      if (first === undefined || !first.queued || first.engine.queue !== queue)
        throw brokenPick(queue, picked === undefined ? 'nobody' : `process ${shown(picked)}`, nowUs);
      isFound = !first.isBound || first.engine === engine;
      if (isFound) queue.policy.ready(first.pid, first.call!.readySinceUs);
      else hidden.push(first);
    }
    const ownUs = isFound ? preemptionUs(engine, pid, nowUs) : Infinity;
    for (const other of hidden.reverse()) queue.policy.ready(other.pid, other.call!.readySinceUs);
    return ownUs;
  }

  /** A slice that ended while nobody was ready was followed by another at once. */
  private sliceEndsUs(core: Core): number {
    const { nowUs } = this.state;
    if (core.sliceEndsUs < nowUs) {
      const lengthUs = sliceUs(core.engine, core.process!.pid);
      const overUs = nowUs - core.sliceEndsUs;
      core.sliceEndsUs += lengthUs === Infinity ? Infinity : Math.ceil(overUs / lengthUs) * lengthUs;
    }
    return core.sliceEndsUs;
  }

  private armTimer(core: Core, atUs: number): void {
    if (atUs === core.timerUs) return;
    if (atUs === Infinity) return this.disarm(core);
    core.timerUs = atUs;
    this.state.out.requests.push({ type: 'timer.set', timer: core.id as number as TimerId, atUs });
  }
}

function mayMakeWay({ process, stopping, engine }: Core): boolean {
  return (
    process !== undefined &&
    stopping === undefined &&
    engine.options.preemption !== 'none' &&
    readyFor(engine) > 0
  );
}

/**
 * Somebody is ready who has no core of `engine` coming, nor of another that it may start on: neither an idle one nor one that is being given up. How many of the ready outrank a running
 * process only the policy knows; so they make way for priority one by one, and it is asked anew when each has gone.
 */
function isWanted(engine: Engine, isSliceOver: boolean): boolean {
  const { queue } = engine;
  // What comes on each engine beside what those that are bound to it take.
  let spare = 0;
  let isTaken = false;
  for (const each of queue.engines) {
    let coming = each.memoryWaiters.size > 0 && each !== engine ? 0 : each.idle.size;
    for (const { stopping } of each.cores) {
      if (stopping === 'priority' && !isSliceOver) return false;
      if (stopping !== undefined) coming++;
    }
    if (coming > each.boundCount) spare += coming - each.boundCount;
    else if (coming < each.boundCount && each === engine) isTaken = true;
  }
  return isTaken || queue.readyCount - queue.boundCount > spare;
}
