import { assert } from '../base/assert.ts';
import { Ring } from '../base/ring.ts';
import { auditSyscall } from './audit-trail.ts';
import { firstBranch } from './branches.ts';
import { Deadlocks, type WaitQueues } from './deadlocks.ts';
import type { Engine } from './engine.ts';
import type { Family } from './family.ts';
import { messageOf, type KernelErrorCode } from './errors.ts';
import type { Json, Pid } from './ids.ts';
import type { HeldSignal, SignalName } from './inputs.ts';
import type { KernelState } from './kernel-state.ts';
import type { CallersFate, ModelCalls } from './model-calls.ts';
import { lastAsked, Process, type Pending } from './process.ts';
import { NamedLocks, type LeaveReason } from './named-locks.ts';
import { PriorityInheritance } from './priority-inheritance.ts';
import type { Outcome } from './process-state.ts';
import { historyVersion } from './records.ts';
import type { AgentScheduler } from './scheduler.ts';
import { Semaphores } from './semaphores.ts';
import { defaultCapabilities, type Capabilities, type Program } from './syscalls.ts';
import type { ToolCalls } from './tool-calls.ts';
import { noFacts, type SchedulingFacts } from './scheduling-facts.ts';

export interface NewProcess {
  readonly program: Program;
  readonly args: Json;
  readonly name: string;
  readonly run: string;
  readonly priority: number;
  readonly budget: number;
  readonly engine: Engine | undefined;
  readonly capabilities: Capabilities;
  readonly facts: SchedulingFacts;
  readonly parent: Process | undefined;
  /** Given when a process is restored: it keeps its number in its run and its branch, and who started it may have ended. */
  readonly runPid?: Pid;
  readonly branch?: string;
  readonly runParent?: Pid | 0;
  readonly startedUs?: number;
}

/** Births, deaths and signals. A process ends exactly once; what it held is given back, and whoever waits for it is told. */
export class Lifecycle implements CallersFate, WaitQueues {
  readonly deadlocks: Deadlocks;
  readonly locks: NamedLocks;
  readonly semaphores: Semaphores;
  private readonly state: KernelState;
  private scheduler!: AgentScheduler;
  private calls!: ModelCalls;
  private tools!: ToolCalls;

  constructor(state: KernelState) {
    this.state = state;
    this.deadlocks = new Deadlocks(state);
    this.locks = new NamedLocks(state, new PriorityInheritance(state), this.deadlocks);
    this.semaphores = new Semaphores(state, this.deadlocks);
  }

  connect(scheduler: AgentScheduler, calls: ModelCalls, tools: ToolCalls): void {
    this.deadlocks.connect(this, calls.budgets);
    this.scheduler = scheduler;
    this.calls = calls;
    this.tools = tools;
  }

  /** Creates a process in state ready. Its program has not run yet. */
  create(fields: NewProcess): Process {
    const { state } = this;
    const engine = fields.engine ?? leastPopulated(state.engines);
    const family = fields.parent?.family ?? state.familyOf(fields.run);
    const { pid, runPid } = this.pidsFor(family, fields.runPid);
    assert(state.processes[pid] === undefined, () => `pid ${pid} is taken`);
    const runParent = fields.runParent ?? fields.parent?.runPid ?? 0;
    const startedBy = state.pidHere(family, runParent);
    const branch = fields.branch ?? fields.parent?.branch ?? firstBranch;
    const client = state.numberOfClient(fields.facts.client, fields.budget, fields.run);
    const startedUs = fields.startedUs ?? state.nowUs;
    const process = new Process({
      ...fields,
      pid,
      runPid,
      runParent,
      branch,
      engine,
      family,
      startedBy,
      startedUs,
      nowUs: state.nowUs,
      client,
    });
    state.processes[pid] = process;
    family.add(process);
    if (process.capabilities.send === 'all' && family.sendsToAll++ === 0) state.openRuns++;
    state.alive++;
    engine.population++;
    if (fields.parent !== undefined) (fields.parent.children ??= []).push(process);
    const { name, priority } = process;
    state.out.emit({
      type: 'process.spawned',
      pid,
      ...(runPid === pid ? {} : { runPid }),
      run: process.run,
      parent: startedBy,
      name,
      program: process.program.name,
      priority,
      engine: engine.index,
      budget: state.budgets.nameOf(process.budget),
    });
    return process;
  }

  /** `runPid` undefined: it is a new process, with the next number of its run. */
  private pidsFor(family: Family, runPid: Pid | undefined): { readonly pid: Pid; readonly runPid: Pid } {
    const { namespace } = family;
    if (namespace === undefined) {
      const pid = runPid ?? this.state.pids.next();
      return { pid, runPid: pid };
    }
    const number = runPid ?? ((namespace.last + 1) as Pid);
    return { pid: this.state.pidHere(family, number) as Pid, runPid: number };
  }

  /** The first record of a process's history; a root process also starts its run. */
  recordStart(process: Process, settings?: Json): void {
    const { state } = this;
    const { run, branch, runPid, runParent, name, program, args, priority, engine, capabilities, facts } =
      process;
    if (runParent === 0)
      state.record({
        v: historyVersion,
        type: 'run.started',
        run,
        branch,
        ...(settings === undefined ? {} : { settings }),
        atUs: state.nowUs,
      });
    state.record({
      v: historyVersion,
      type: 'process.started',
      run,
      branch,
      pid: runPid,
      parent: runParent,
      name,
      program: program.name,
      programVersion: program.version,
      arguments: args,
      priority,
      budget: state.budgetNameFor(process.family, process.budget),
      engine: engine.options.name,
      capabilities,
      ...(facts === noFacts ? {} : { scheduling: facts }),
      atUs: state.nowUs,
    });
  }

  /** The process ends now. It must not hold a core. */
  terminate(process: Process, outcome: Outcome, value: Json, code = '', message = ''): void {
    const { state } = this;
    const { pid, runPid, engine, run, branch } = process;
    assert(process.core === -1, () => `process ${pid} ends while it holds core ${process.core}`);
    this.stopGenerator(process);
    this.withdraw(process);
    this.locks.releaseAll(process);
    this.calls.close(process);
    engine.memory.release(process.table, pid, state.nowUs);
    state.change(process, 'terminate');
    process.outcome = outcome;
    process.value = value;
    engine.policy.exited(pid, state.nowUs);
    // Those of engines that it was on before know of it, too.
    for (const index of process.known?.keys() ?? [])
      if (index !== engine.index) state.engines[index]!.policy.exited(pid, state.nowUs);
    engine.population--;
    state.alive--;
    process.family.leave();
    if (process.family.alive === 0) state.runOver(run, process.family);
    state.out.emit({ type: 'process.terminated', pid, outcome, code, message });
    state.out.hasEnds = true;
    state.record({
      v: historyVersion,
      type: 'process.ended',
      run,
      branch,
      pid: runPid,
      outcome,
      value,
      atUs: state.nowUs,
    });
    for (const child of process.children ?? []) {
      child.parent = undefined;
      // Completing lets children go on; being cancelled or killed takes them along.
      if (outcome === 'cancelled' || outcome === 'killed')
        this.signal(child, outcome === 'killed' ? 'kill' : 'terminate');
    }
    process.children = undefined;
    process.mailbox = undefined;
    process.endedChildren = undefined;
    process.toldPrompt = undefined;
    process.contents = undefined;
    process.replay = undefined;
    this.tellParent(process);
    this.deadlocks.ended(process);
  }

  signal(process: Process, signal: SignalName): void {
    const { state } = this;
    if (process.state === 'terminated') return;
    state.journal(process, { type: 'signal.sent', signal, n: lastAsked(process) });
    state.out.emit({ type: 'signal.delivered', pid: process.pid, signal });
    switch (signal) {
      case 'stop':
        this.suspend(process);
        for (const child of process.children ?? []) this.signal(child, 'stop');
        return;
      case 'continue':
        this.continue(process);
        for (const child of process.children ?? []) this.signal(child, 'continue');
        return;
      case 'terminate':
        return this.end(process, 'cancelled');
      case 'kill':
        return this.end(process, 'killed');
    }
  }

  /** A signal of before a crash still holds. What it said to the process's children stands in their own journals. */
  renew(process: Process, signal: HeldSignal): void {
    if (process.state === 'terminated') return;
    if (signal === 'stop') this.suspend(process);
    else this.end(process, signal === 'kill' ? 'killed' : 'cancelled');
  }

  /** The kernel ends the process, which does not run, for a reason that is not its program's. */
  fail(process: Process, code: KernelErrorCode, message: string): void {
    this.terminate(process, 'failed', message, code, message);
  }

  /** The core of a signalled process, or of one that load control takes out, is free. */
  afterStop(process: Process): void {
    if (process.ending !== undefined) {
      if (process.state === 'running') this.state.change(process, 'wake');
      return this.terminate(process, process.ending, null);
    }
    const by = process.stopping ? 'signal' : 'load-control';
    process.stopping = false;
    this.state.change(process, 'suspend');
    process.suspension = { by, from: 'queue' };
    this.state.out.emit({ type: 'process.suspended', pid: process.pid, by });
    if (by === 'load-control') this.scheduler.holdSuspended(process);
  }

  private end(process: Process, outcome: 'cancelled' | 'killed'): void {
    if (process.state === 'running') {
      // A kill outranks a termination that is under way.
      if (process.ending !== 'killed') process.ending = outcome;
      this.scheduler.preemption.stop(process, 'signal');
      return;
    }
    this.terminate(process, outcome, null);
  }

  private suspend(process: Process): void {
    const { state } = this;
    if (process.ending !== undefined) return;
    if (process.state === 'suspended') {
      // The signal takes over from load control or a budget: only `continue` brings it back.
      process.suspension!.by = 'signal';
      this.scheduler.withdraw(process);
      this.calls.withdraw(process);
      return;
    }
    if (process.state === 'running') {
      process.stopping = true;
      this.scheduler.preemption.stop(process, 'signal');
      return;
    }
    const from = process.call !== undefined ? 'queue' : process.state === 'waiting' ? 'wait' : 'run';
    process.suspension = { by: 'signal', from };
    this.scheduler.withdraw(process);
    this.calls.withdraw(process);
    state.change(process, 'suspend');
    state.out.emit({ type: 'process.suspended', pid: process.pid, by: 'signal' });
  }

  private continue(process: Process): void {
    const { state } = this;
    if (process.stopping) process.stopping = false;
    const { suspension } = process;
    if (process.state !== 'suspended' || suspension!.by === 'load-control') return;
    // What a budget refused is asked for again, and may be refused again.
    if (suspension!.by === 'budget') this.calls.withdraw(process);
    process.suspension = undefined;
    state.change(process, 'continue');
    state.out.emit({ type: 'process.continued', pid: process.pid });
    const { from, delivered } = suspension!;
    if (delivered !== undefined) state.runnable.push({ process, result: delivered.result });
    else if (from === 'queue') this.calls.goOn(process);
    else if (from === 'wait') {
      if (process.pending?.kind === 'tools') this.tools.continued(process);
      else state.wait(process, process.waitingOn);
      if (process.pending?.kind === 'lock') this.locks.continued(process.pending.lock);
      else if (process.pending?.kind === 'semaphore') this.semaphores.continued(process.pending.semaphore);
    }
  }

  /** Takes the process out of every queue and withdraws what it asked of the world. */
  private withdraw(process: Process): void {
    const { state } = this;
    this.scheduler.withdraw(process);
    const { pending } = process;
    if (pending?.kind === 'lock' || pending?.kind === 'semaphore') this.leave(process, 'ended');
    state.endWait(process);
    process.suspension = undefined;
    if (pending === undefined) return;
    auditSyscall(state, process, process.lastSyscall!, undefined);
    if (pending.kind === 'timer') state.timers.clear(pending.timer);
    else if (pending.kind === 'receive' || pending.kind === 'wait') {
      if (pending.timer !== undefined) state.timers.clear(pending.timer);
    } else if (pending.kind === 'question') {
      state.questions.delete(pending.request);
      state.out.requests.push({ type: 'person.withdraw', request: pending.request });
    } else if (pending.kind === 'storage') state.storageCalls.delete(pending.request);
    else if (pending.kind === 'tools') this.tools.abandon(process);
  }

  /** `process` gives up its place in the queue of what it waits for; its syscall has no result yet. */
  leave(process: Process, why: LeaveReason): void {
    const { pending } = process;
    if (pending?.kind !== 'lock' && pending?.kind !== 'semaphore') return;
    if (pending.timer !== undefined) this.state.timers.clear(pending.timer);
    if (pending.kind === 'lock') this.locks.leave(process, pending.lock, why);
    else this.semaphores.leave(process, pending.semaphore, why);
  }

  /** The call of `process`, which waits for memory or budget, fails. */
  refuseCall(process: Process, code: KernelErrorCode, message: string): void {
    this.scheduler.withdraw(process);
    this.calls.refuseWaiting(process, code, message);
  }

  /** The time limit of a wait for a lock or a semaphore. */
  notInTime(process: Process): void {
    const { pending } = process;
    if (pending?.kind === 'lock') this.locks.timedOut(process, pending.lock);
    else if (pending?.kind === 'semaphore') this.semaphores.timedOut(process, pending.semaphore);
  }

  /** `process`, which is stopped with nothing under way, leaves this kernel: its records say where it goes on. */
  letGo(process: Process): void {
    const { state } = this;
    const { pid, engine, family, pending } = process;
    this.scheduler.withdraw(process);
    if (pending?.kind === 'lock' || pending?.kind === 'semaphore') this.leave(process, 'ended');
    state.endWait(process);
    if (pending !== undefined) this.letGoOf(process, pending);
    this.locks.keepFor(process);
    this.calls.letGo(process);
    engine.memory.release(process.table, pid, state.nowUs);
    engine.policy.exited(pid, state.nowUs);
    for (const index of process.known?.keys() ?? [])
      if (index !== engine.index) state.engines[index]!.policy.exited(pid, state.nowUs);
    // It is no member any more, and no code of it runs: as after a crash.
    state.change(process, 'terminate');
    process.generator = undefined;
    engine.population--;
    state.alive--;
    family.leave();
    state.out.emit({ type: 'process.released', pid });
    this.deadlocks.ended(process);
  }

  private letGoOf(process: Process, pending: Pending): void {
    const { state } = this;
    switch (pending.kind) {
      case 'timer':
        return state.timers.clear(pending.timer);
      case 'receive':
      case 'wait':
        return pending.timer === undefined ? undefined : state.timers.clear(pending.timer);
      case 'question':
        state.questions.delete(pending.request);
        state.out.requests.push({ type: 'person.withdraw', request: pending.request });
        return undefined;
      case 'storage':
        state.storageCalls.delete(pending.request);
        return undefined;
      case 'tools':
        return this.tools.letGo(process);
      default:
        return undefined;
    }
  }

  private stopGenerator(process: Process): void {
    const { generator } = process;
    process.generator = undefined;
    if (generator === undefined || process.isRunningCode) return;
    try {
      // Runs `finally` blocks; what they yield is not executed.
      generator.return(undefined);
    } catch (error) {
      this.state.out.emit({ type: 'program.failed', pid: process.pid, message: messageOf(error) });
    }
  }

  private tellParent(process: Process): void {
    const { parent, pid, runPid, outcome, value } = process;
    if (parent === undefined || parent.state === 'terminated') return;
    const siblings = parent.children!;
    siblings.splice(siblings.indexOf(process), 1);
    const end = { pid: runPid, outcome: outcome!, value };
    const { pending } = parent;
    if (pending?.kind === 'wait' && (pending.pid === 0 || pending.pid === pid)) {
      if (pending.timer !== undefined) this.state.timers.clear(pending.timer);
      this.state.deliver(parent, { ok: true, value: end });
    } else (parent.endedChildren ??= new Ring()).push(end);
  }
}

/** A child has at most what its parent has; a root has what it was given. */
export function restrict(
  own: Capabilities | undefined,
  asked: Partial<Capabilities> | undefined,
): Capabilities {
  if (own === undefined) return { ...defaultCapabilities, ...asked };
  const tools = asked?.tools ?? own.tools;
  return {
    tools:
      own.tools === 'all'
        ? tools
        : tools === 'all'
          ? own.tools
          : tools.filter((tool) => own.tools.includes(tool)),
    spawn: own.spawn && (asked?.spawn ?? true),
    signal: own.signal === 'all' ? (asked?.signal ?? 'all') : own.signal,
    send: own.send === 'all' ? (asked?.send ?? 'all') : own.send,
  };
}

function leastPopulated(engines: readonly Engine[]): Engine {
  let best = engines[0]!;
  for (const engine of engines) if (engine.population < best.population) best = engine;
  return best;
}
