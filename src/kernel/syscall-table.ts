import { auditSyscall } from './audit-trail.ts';
import { shown } from './errors.ts';
import type { Json, Pid } from './ids.ts';
import { signalNames } from './inputs.ts';
import type { KernelState } from './kernel-state.ts';
import { restrict, type Lifecycle } from './lifecycle.ts';
import { interrupted, sendMail } from './mail.ts';
import type { ModelCalls } from './model-calls.ts';
import { dueUs, type Process } from './process.ts';
import { saveCheckpoint } from './checkpoints.ts';
import { pageSyscalls } from './page-syscalls.ts';
import type { ProgramRunner } from './program-runner.ts';
import { isPriority } from './syscall-arguments.ts';
import {
  bad,
  done,
  failed,
  isCount,
  isDuration,
  isTokens,
  longestWaitUs,
  mostTokens,
  type Handler,
  type Handlers,
  type Result,
} from './syscall-handler.ts';
import type {
  Answer,
  Ask,
  CallTools,
  ChildEnd,
  Receive,
  Send,
  Signal,
  Spawn,
  Syscall,
  SyscallResult,
  ThinkCall,
  ToolResult,
  Wait,
} from './syscalls.ts';
import type { ToolCalls } from './tool-calls.ts';
import { keepResults } from './tool-results.ts';
import { inheritedFacts } from './scheduling-facts.ts';

/**
 * The syscall table: one row for each kind. A handler returns the result, or undefined when the process waits (or has ended). Arguments out of
 * range are a failed result with INVALID_ARGUMENT: they change nothing.
 */
export class SyscallTable {
  private readonly state: KernelState;
  private readonly lifecycle: Lifecycle;
  private readonly calls: ModelCalls;
  private readonly tools: ToolCalls;
  private runner!: ProgramRunner;
  private readonly handlers: Handlers;

  constructor(state: KernelState, lifecycle: Lifecycle, calls: ModelCalls, tools: ToolCalls) {
    this.state = state;
    this.lifecycle = lifecycle;
    this.calls = calls;
    this.tools = tools;
    this.handlers = {
      think: (process, call) => this.think(process, call),
      callTools: (process, call) => this.callTools(process, call),
      ask: (process, call) => this.ask(process, call),
      send: (process, call) => this.send(process, call),
      receive: (process, call) => this.receive(process, call),
      acquire: (process, call) => lifecycle.locks.acquire(process, call),
      release: (process, call) => lifecycle.locks.release(process, call),
      semOpen: (process, call) => lifecycle.semaphores.open(process, call),
      semWait: (process, call) => lifecycle.semaphores.wait(process, call),
      semPost: (process, call) => lifecycle.semaphores.post(process, call),
      spawn: (process, call) => this.spawn(process, call),
      wait: (process, call) => this.waitForChild(process, call),
      signal: (process, call) => this.signal(process, call),
      ...pageSyscalls(state),
      remember: (process, { scope, text, key, data }) =>
        this.storage(process, {
          kind: 'remember',
          scope,
          text,
          ...(key === undefined ? {} : { key }),
          ...(data === undefined ? {} : { data }),
        }),
      recall: (process, { scope, query, limit }) => this.recall(process, scope, query, limit ?? 5),
      checkpoint: (process, { state: saved }) => {
        saveCheckpoint(this.state, process, saved);
        return this.storage(process, { kind: 'flush' });
      },
      sleep: (process, { us }) => this.sleep(process, us),
      yieldCore: (process) => {
        this.state.deliver(process, done);
        return undefined;
      },
      exit: (process, { value, outcome = 'completed', code = 'PROGRAM_FAILED', message }) => {
        const left = value ?? null;
        if (outcome === 'completed') this.lifecycle.terminate(process, outcome, left);
        else {
          // Its own word is the reason that reports show.
          const why = message ?? (typeof left === 'string' ? left : '');
          this.lifecycle.terminate(process, outcome, left, code, why);
        }
        return undefined;
      },
    };
  }

  connect(runner: ProgramRunner): void {
    this.runner = runner;
  }

  perform(process: Process, syscall: Syscall): Result | undefined {
    if (!Object.hasOwn(this.handlers, syscall.kind))
      return bad('syscall', syscall.kind, Object.keys(this.handlers).join(', '));
    return (this.handlers[syscall.kind] as Handler<Syscall>)(process, syscall);
  }

  /** A syscall whose result is in the history: only what it did to the process's own page table is done again. */
  reapply(process: Process, syscall: Syscall, recorded: SyscallResult<Json>): Result {
    if (!recorded.ok) return recorded;
    switch (syscall.kind) {
      case 'think': {
        const answer = recorded.value as unknown as Answer;
        if (answer.page === undefined) return recorded;
        return { ok: true, value: { ...answer, page: this.calls.keepAgain(process, answer) } };
      }
      case 'callTools':
        if (syscall.keepResults !== false)
          keepResults(this.state, process, recorded.value as unknown as ToolResult[]);
        return recorded;
      case 'allocate':
      case 'pin':
      case 'unpin':
      case 'drop':
      case 'free':
      case 'setImportance':
      case 'truncate':
        return this.perform(process, syscall)!;
      default:
        return recorded;
    }
  }

  // ---- Calls, tools, people ------------------------------------------------------------------------------------------

  private think(process: Process, call: ThinkCall): Result | undefined {
    if (!isTokens(call.maxOutput))
      return bad('maxOutput', call.maxOutput, `an integer from 1 to ${mostTokens}`);
    if (call.promptTokens !== undefined && call.promptTokens !== 0 && !isTokens(call.promptTokens))
      return bad('promptTokens', call.promptTokens, `an integer from 0 to ${mostTokens}`);
    this.calls.start(process, call);
    return undefined;
  }

  private callTools(process: Process, call: CallTools): Result | undefined {
    return this.tools.start(process, call);
  }

  private ask(process: Process, { question, purpose, script }: Ask): undefined {
    const { state } = this;
    const request = state.nextRequest();
    const { run, branch, pid, runPid, n } = process;
    process.pending = { kind: 'question', request };
    state.questions.set(request, process);
    state.out.emit({ type: 'person.asked', pid, request, purpose });
    state.out.requests.push({
      type: 'person.ask',
      request,
      pid,
      identity: { run, branch, pid: runPid, n, index: 0 },
      question,
      purpose,
      script,
    });
    state.wait(process, 'person');
  }

  // ---- Messages and children -----------------------------------------------------------------------------------------

  private send(process: Process, { to, message }: Send): Result {
    const { state } = this;
    const target = typeof to === 'string' ? siblingOf(process, to) : state.meant(process, to);
    if (target === undefined && typeof to === 'string')
      return failed('UNKNOWN_PROCESS', `to: no sibling of the name ${shown(to)} is at work`);
    if (target === undefined || target.state === 'terminated') return noProcess(to as Pid);
    if (process.capabilities.send === 'run' && target.run !== process.run)
      return failed(
        'NOT_PERMITTED',
        `to: process ${to} is of another run; allowed: processes of run ${process.run}`,
      );
    return sendMail(state, process, target, message);
  }

  private receive(process: Process, { timeoutUs }: Receive): Result | undefined {
    const { state } = this;
    if (timeoutUs !== undefined && !isDuration(timeoutUs))
      return bad('timeoutUs', timeoutUs, `an integer from 0 to ${longestWaitUs} (µs)`);
    const mail = process.mailbox?.shift();
    if (mail !== undefined) {
      const { number, sender, message } = mail;
      state.out.emit({ type: 'message.received', pid: process.pid, from: sender, number });
      return { ok: true, value: message };
    }
    if (timeoutUs === 0) return failed('TIMEOUT', 'no message waits');
    const timer =
      timeoutUs === undefined
        ? undefined
        : state.timers.set({ kind: 'receive', process }, dueUs(process, state.nowUs, timeoutUs));
    process.pending = { kind: 'receive', timer };
    state.wait(process, 'message');
    this.lifecycle.deadlocks.begins(process);
    return undefined;
  }

  private spawn(process: Process, call: Spawn): Result {
    const { state } = this;
    if (!process.capabilities.spawn)
      return failed('NOT_PERMITTED', `spawn: process ${process.runPid} may not spawn`);
    const program = state.programs.get(call.program);
    if (program === undefined)
      return failed(
        'UNKNOWN_PROGRAM',
        `program: "${call.program}" is not registered; allowed: ${[...state.programs.keys()].join(', ')}`,
      );
    const priority = call.priority ?? process.priority;
    if (!isPriority(priority)) return bad('priority', priority, 'a number from 0 to 100');
    const budget =
      call.budget === undefined ? process.budget : state.budgetMeant(process.family, call.budget);
    if (budget < 0) return failed('UNKNOWN_BUDGET', state.noBudget(call.budget!));
    if (!this.isWithin(budget, process.budget))
      return failed(
        'NOT_PERMITTED',
        `budget: "${call.budget}" is not below that of process ${process.runPid}; allowed: ${state.budgetNameFor(process.family, process.budget)} and below`,
      );
    const full = state.countSpawn(process);
    if (full !== undefined) return failed('PROCESS_LIMIT', full);
    const child = this.lifecycle.create({
      program,
      args: call.arguments,
      name: call.name ?? nameOfChild(process.name, call.program),
      run: process.run,
      priority,
      budget,
      engine: undefined,
      capabilities: restrict(process.capabilities, call.capabilities),
      facts: inheritedFacts(call.scheduling, process, state.nowUs),
      parent: process,
    });
    this.lifecycle.recordStart(child);
    this.runner.begin(child);
    return { ok: true, value: child.runPid };
  }

  /** A child may be given a part of what its parent may use, nothing else. */
  private isWithin(node: number, own: number): boolean {
    const { budgets } = this.state;
    for (let at = node; at >= 0; at = budgets.parentOf(at)) if (at === own) return true;
    return false;
  }

  private waitForChild(process: Process, { pid, timeoutUs, orMessage = false }: Wait): Result | undefined {
    if (timeoutUs !== undefined && !isDuration(timeoutUs))
      return bad('timeoutUs', timeoutUs, `an integer from 0 to ${longestWaitUs} (µs)`);
    const ended = process.endedChildren;
    if (ended !== undefined) {
      const all = [...ended];
      const index = all.findIndex((end) => pid === 0 || end.pid === pid);
      if (index >= 0) {
        const [end] = all.splice(index, 1) as [ChildEnd];
        ended.clear();
        for (const other of all) ended.push(other);
        return { ok: true, value: end };
      }
    }
    const children = process.children ?? [];
    const child = children.find((other) => pid === 0 || other.runPid === pid);
    if (child === undefined)
      return failed(
        'UNKNOWN_PROCESS',
        `pid: ${pid} is no child of process ${process.runPid} that runs or has not been waited for`,
      );
    const { state } = this;
    if (orMessage && (process.mailbox?.length ?? 0) > 0) return interrupted;
    if (timeoutUs === 0) return failed('TIMEOUT', 'no child has ended');
    const timer =
      timeoutUs === undefined
        ? undefined
        : state.timers.set({ kind: 'wait', process }, dueUs(process, state.nowUs, timeoutUs));
    process.pending = { kind: 'wait', pid: pid === 0 ? 0 : child.pid, timer, orMessage };
    state.wait(process, 'child');
    this.lifecycle.deadlocks.begins(process);
    return undefined;
  }

  private signal(process: Process, call: Signal): Result | undefined {
    const { pid, signal } = call;
    if (!signalNames.includes(signal)) return bad('signal', signal, signalNames.join(', '));
    const target = this.state.meant(process, pid);
    if (target === undefined || target.state === 'terminated') return noProcess(pid);
    if (process.capabilities.signal !== 'all' && target !== process && !isDescendant(target, process))
      return failed(
        'NOT_PERMITTED',
        `pid: process ${pid} is no descendant of ${process.runPid}; allowed: descendants`,
      );
    this.lifecycle.signal(target, signal);
    if (process.outcome !== undefined) {
      auditSyscall(this.state, process, call, undefined);
      return undefined;
    }
    if (process.state !== 'suspended') return done;
    // It stopped itself, or an ancestor and itself with it: the result waits for the signal `continue`.
    this.state.deliver(process, done);
    return undefined;
  }

  // ---- Storage and time ----------------------------------------------------------------------------------------------

  private recall(process: Process, scope: string, query: string, limit: number): Result | undefined {
    if (!isCount(limit)) return bad('limit', limit, 'an integer above 0');
    return this.storage(process, { kind: 'recall', scope, query, limit });
  }

  private storage(process: Process, op: Parameters<KernelState['storageRequest']>[1]): undefined {
    const request = this.state.storageRequest(process, op);
    process.pending = { kind: 'storage', request };
    this.state.wait(process, 'storage');
  }

  private sleep(process: Process, us: number): Result | undefined {
    if (!isDuration(us)) return bad('us', us, `an integer from 0 to ${longestWaitUs} (µs)`);
    if (us === 0) return done;
    const { state } = this;
    const timer = state.timers.set({ kind: 'sleep', process }, dueUs(process, state.nowUs, us));
    process.pending = { kind: 'timer', timer };
    state.wait(process, 'timer');
    return undefined;
  }
}

const noProcess = (pid: Pid): Result => failed('UNKNOWN_PROCESS', `pid: ${pid} is not a process that runs`);

/** Of a child that is given none: who started it, and what it runs; of a long line of descent the end, lest names grow without end. */
function nameOfChild(parent: string, program: string): string {
  const name = `${parent}/${program}`;
  return name.length <= 200 ? name : `…${name.slice(-199)}`;
}

function siblingOf(process: Process, name: string): Process | undefined {
  return process.parent?.children?.findLast((other) => other !== process && other.name === name);
}

function isDescendant(process: Process, ancestor: Process): boolean {
  for (let parent = process.parent; parent !== undefined; parent = parent.parent)
    if (parent === ancestor) return true;
  return false;
}
