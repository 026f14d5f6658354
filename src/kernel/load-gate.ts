import { assert } from '../base/assert.ts';
import { readyFor, type Engine } from './engine.ts';
import { brokenPolicy } from './errors.ts';
import { mayStart } from './policy-guard.ts';
import type { KernelState } from './kernel-state.ts';
import type { Process } from './process.ts';
import type { AgentScheduler } from './scheduler.ts';

/**
 * Applies an engine's load-control policy: keeps calls out (waiting on memory) and suspends processes when working sets don't fit, and lets
 * them on in the order in which they came when the policy allows.
 */
export class LoadGate {
  private readonly state: KernelState;
  private readonly scheduler: AgentScheduler;

  constructor(state: KernelState, scheduler: AgentScheduler) {
    this.state = state;
    this.scheduler = scheduler;
  }

  /** Asked when `process` was chosen for a core. A refused one waits on memory in the gate's queue. */
  mayStart(process: Process): boolean {
    const { engine } = process;
    const { nowUs } = this.state;
    // It takes nothing of memory.
    if (process.call!.bypass) return true;
    const isBehind = this.isBehind(process);
    process.letOn = false;
    if (!isBehind && mayStart(engine, process.pid, nowUs)) return true;
    this.keepOut(process);
    return false;
  }

  /** New calls don't overtake those that are kept out; one that goes on after a preemption is no new call, nor is one whose process the policy has let on for good. */
  isBehind({ engine, letOn, call, pid }: Process): boolean {
    if (engine.held.length === 0 || letOn || call!.stretches > 0 || call!.bypass) return false;
    return engine.loadControl!.keepsPlace?.(pid) !== true;
  }

  /** It waits on memory in the gate's queue. */
  keepOut(process: Process): void {
    this.hold(process);
    this.state.wait(process, 'memory');
  }

  /** A call started: the policy may want another process out of the way. */
  started(engine: Engine): void {
    const pid = engine.loadControl!.toSuspend(this.state.nowUs);
    if (pid === undefined) return;
    const process = this.state.processes[pid];
    if (process === undefined || process.engine !== engine || process.state === 'terminated')
      throw brokenPolicy(
        `load-control policy ${engine.loadControl!.name}`,
        `toSuspend is process ${pid}`,
        'a process of this engine that has not ended',
      );
    // A call that cannot be preempted runs to its end.
    if (process.state !== 'running') {
      if (process.queued) this.suspend(process);
    } else if (engine.options.preemption !== 'none') this.scheduler.preemption.stop(process, 'load-control');
  }

  /** Out of memory's way until the policy allows it again. */
  suspend(process: Process): void {
    this.scheduler.withdraw(process);
    this.state.change(process, 'suspend');
    process.suspension = { by: 'load-control', from: 'queue' };
    this.state.out.emit({ type: 'process.suspended', pid: process.pid, by: 'load-control' });
    this.hold(process);
  }

  /** Lets on what the policy allows now, first come, first served; the first refused one ends the round. */
  review(engine: Engine): void {
    const { held } = engine;
    const { nowUs } = this.state;
    while (held.length > 0 && readyFor(engine) < engine.idle.size) {
      const process = held.peek()!;
      if (!mayStart(engine, process.pid, nowUs)) break;
      held.shift();
      process.held = false;
      process.letOn = true;
      if (process.state === 'suspended') {
        this.state.change(process, 'continue');
        process.suspension = undefined;
        this.state.out.emit({ type: 'process.continued', pid: process.pid });
        this.scheduler.goOn(process);
      } else this.scheduler.enqueue(process);
    }
  }

  forget(process: Process): void {
    process.letOn = false;
    if (!process.held) return;
    process.held = false;
    const { held } = process.engine;
    const rest = [...held].filter((other) => other !== process);
    held.clear();
    for (const other of rest) held.push(other);
  }

  hold(process: Process): void {
    if (process.held) assert(false, `process ${process.pid} is kept out already`);
    process.held = true;
    process.engine.held.push(process);
  }

  /** Who is kept out is asked for again even if nothing happens. Called when this step has kept out whom it keeps out. */
  settleTimer(engine: Engine): void {
    const { timers, nowUs } = this.state;
    const { held, loadTimer } = engine;
    if (held.length === 0) {
      if (loadTimer !== undefined) timers.clear(loadTimer);
      engine.loadTimer = undefined;
      return;
    }
    if (loadTimer !== undefined) return;
    const recheckUs = engine.loadControl!.recheckUs(nowUs);
    if (recheckUs === Infinity) return;
    if (!(Number.isSafeInteger(recheckUs) && recheckUs >= 1))
      throw brokenPolicy(
        `load-control policy ${engine.loadControl!.name}`,
        `recheckUs is ${recheckUs} at ${nowUs} µs`,
        'an integer of at least 1, or Infinity',
      );
    engine.loadTimer = timers.set({ kind: 'load-control', engine }, nowUs + recheckUs);
  }
}
