/**
 * The kernel: a deterministic state machine that does no I/O. `step` takes one input from the world and returns the records to be made durable,
 * the requests to the world, and the events: what happened. It reads no clock, draws no chance that it was not given, and awaits nothing.
 */
import { assert } from '../base/assert.ts';
import { auditPerson } from './audit-trail.ts';
import { buildEngines } from './build-engines.ts';
import { invalid } from './errors.ts';
import type { Pid, TimerId } from './ids.ts';
import { checkInput } from './input-check.ts';
import type {
  CallProgress,
  Input,
  MessageInput,
  PersonAnswered,
  RestoreInput,
  SpawnInput,
  StorageDone,
} from './inputs.ts';
import { budgetNamesOf } from './family.ts';
import { KernelState } from './kernel-state.ts';
import { Lifecycle, restrict } from './lifecycle.ts';
import { sendMail } from './mail.ts';
import { ModelCalls } from './model-calls.ts';
import { checkProgram, completeOptions, type KernelOptions, type KernelOptionsInput } from './options.ts';
import type { StepOutput } from './outbox.ts';
import { PastSpending } from './past-spending.ts';
import { numbersOf } from './pid-namespaces.ts';
import { Prefetching } from './prefetching.ts';
import { ProgramRunner } from './program-runner.ts';
import { releaseRun } from './run-release.ts';
import { AgentScheduler } from './scheduler.ts';
import { snapshotOf, type KernelSnapshot } from './snapshot.ts';
import { SyscallTable } from './syscall-table.ts';
import type { Ask, Program } from './syscalls.ts';
import { ToolCalls } from './tool-calls.ts';
import type { RegisteredTool } from './tools.ts';
import { noFacts } from './scheduling-facts.ts';

export class Kernel {
  readonly options: KernelOptions;
  private readonly state: KernelState;
  private readonly lifecycle: Lifecycle;
  private readonly scheduler: AgentScheduler;
  private readonly calls: ModelCalls;
  private readonly tools: ToolCalls;
  private readonly prefetching: Prefetching;
  private readonly runner: ProgramRunner;

  /** Throws KernelError INVALID_ARGUMENT, UNKNOWN_BUDGET …: one line that names the field, the value and what is allowed. */
  constructor(input: KernelOptionsInput) {
    this.options = completeOptions(input);
    const state = new KernelState(this.options);
    this.state = state;
    buildEngines(state, this.options);
    this.prefetching = new Prefetching(state);
    this.lifecycle = new Lifecycle(state);
    this.calls = new ModelCalls(state, this.lifecycle);
    this.tools = new ToolCalls(state);
    this.scheduler = new AgentScheduler(state, this.calls);
    this.calls.connect(this.scheduler);
    this.lifecycle.connect(this.scheduler, this.calls, this.tools);
    const table = new SyscallTable(state, this.lifecycle, this.calls, this.tools);
    this.runner = new ProgramRunner(state, this.lifecycle, table);
    table.connect(this.runner);
  }

  /** Makes a program known by its name; a workload may bring its own. Throws KernelError when the name is taken. */
  register(program: Program): void {
    checkProgram(program);
    if (this.state.programs.has(program.name))
      throw invalid('program name', program.name, 'a name that is not taken yet');
    this.state.programs.set(program.name, program);
  }

  /**
   * Takes one input. The output is one object, filled anew by the next step. Throws KernelError when the input names what does not
   * exist or is not what it may be (nothing has changed then) and AssertionError when the world or the kernel broke a rule (the kernel is done for).
   */
  step(input: Input): StepOutput {
    const { state } = this;
    if (!Number.isSafeInteger(input.atUs)) throw invalid('atUs', input.atUs, 'an integer (µs)');
    if (!(input.atUs >= state.nowUs)) assert(false, `time went back: ${input.atUs} < ${state.nowUs}`);
    checkInput(state, input);
    if (input.type === 'run.restored') this.lifecycle.locks.checkRestore(input);
    state.nowUs = input.atUs;
    state.out.clear(input.atUs);
    this.take(input);
    // Programs, budgets and cores feed each other until nothing can go on.
    do {
      this.runner.runAll();
      this.calls.settleBudgets();
      if (state.runnable.length > 0 || input.more === true) continue;
      this.lifecycle.deadlocks.settle();
      if (state.runnable.length > 0) continue;
      this.scheduler.settle();
      this.lifecycle.deadlocks.settleMemory();
    } while (state.runnable.length > 0);
    this.prefetching.settle();
    return state.out;
  }

  /** Time of the last input, µs; before the first, of the last record of the ledger. */
  get nowUs(): number {
    return this.state.nowUs;
  }
  /** Processes that have not ended. */
  get alive(): number {
    return this.state.alive;
  }
  /** Everything a person or a tool wants to see of the kernel at this moment, as plain data. */
  snapshot(): KernelSnapshot {
    return snapshotOf(this.state, this.lifecycle.locks);
  }

  /** Those that have not ended, of one run or of all, in no order; `parent` 0: it has none that has not. */
  living(run?: string): readonly { readonly pid: Pid; readonly parent: Pid | 0 }[] {
    const { runs } = this.state;
    const families = run === undefined ? [...runs.values()] : [runs.get(run)];
    return families.flatMap((family) =>
      (family?.members() ?? []).map(({ pid, parent }) => ({ pid, parent: parent?.pid ?? 0 })),
    );
  }

  /** The pid of the process that its run knows as `runPid`; undefined: there is none here. */
  pidOf(run: string, runPid: Pid): Pid | undefined {
    const family = this.state.runs.get(run);
    if (family === undefined) return undefined;
    const pid = family.namespace === undefined ? runPid : family.namespace.get(runPid);
    return pid !== undefined && this.state.processes[pid]?.family === family ? pid : undefined;
  }

  /** The contents of a process's prompt by hash, in order; undefined stands for one without a hash (a recorded block, a page like no other). Their texts are in the page records. */
  promptOf(pid: Pid): readonly (string | undefined)[] {
    const { table } = this.state.process(pid);
    const hashes: (string | undefined)[] = [];
    for (const { extent } of table.entries) this.state.contents.tellHashes(extent, hashes);
    return hashes;
  }

  /** A registered tool, with its defaults filled in. */
  tool(name: string): RegisteredTool | undefined {
    return this.state.tools.get(name);
  }

  /** Recounts every part from scratch. Throws AssertionError. Linear in the size of the state: for tests. */
  checkInvariants(): void {
    const { state } = this;
    for (const engine of state.engines) {
      engine.memory.checkInvariants();
      const { queue } = engine;
      const queued = state.processes.filter((process) => process?.engine.queue === queue && process.queued);
      const bound = queued.filter((process) => process!.engine === engine && process!.isBound);
      assert(
        queue.readyCount === queued.length && engine.boundCount === bound.length,
        () =>
          `engine ${engine.index}: ${queue.readyCount} ready, ${queued.length} queued; ${engine.boundCount} bound to it, not ${bound.length}`,
      );
      const sum = queue.engines.reduce((all, { boundCount }) => all + boundCount, 0);
      assert(
        queue.boundCount === sum,
        () => `engine ${engine.index}: ${queue.boundCount} bound in its queue, not ${sum}`,
      );
      for (const pid of engine.memoryWaiters.ids())
        assert(
          state.processes[pid]!.engine === engine && state.processes[pid]!.call !== undefined,
          () => `process ${pid} has a place among those that wait for memory on engine ${engine.index}`,
        );
      for (const core of engine.cores)
        assert(
          core.process === undefined || (core.process.core === core.id && core.process.state === 'running'),
          () => `core ${core.id} holds a process that does not run`,
        );
    }
    for (const process of state.processes) {
      if (process === undefined) continue;
      assert(
        (process.state === 'running') === process.core >= 0,
        () => `process ${process.pid} is ${process.state} on core ${process.core}`,
      );
      assert(
        !process.queued || process.state === 'ready',
        () => `process ${process.pid} is queued while ${process.state}`,
      );
    }
    state.budgets.checkInvariants(state.nowUs);
    state.locks.checkInvariants();
    this.lifecycle.locks.checkInvariants();
    this.lifecycle.semaphores.checkInvariants();
    for (const family of state.runs.values()) {
      const members = family.members();
      const waiting = members.filter(({ waitsForOthers }) => waitsForOthers).length;
      assert(
        family.alive === members.length && family.waiting === waiting,
        () =>
          `a run of ${members.length}, ${waiting} of them waiting, counts ${family.alive} and ${family.waiting}`,
      );
    }
  }

  // ---- Inputs --------------------------------------------------------------------------------------------------------

  private take(input: Input): void {
    const { state } = this;
    switch (input.type) {
      case 'process.spawned':
        return this.spawn(input);
      case 'run.restored':
        return this.restore(input);
      case 'run.released':
        return releaseRun(state, this.lifecycle, this.calls, input);
      case 'budgets.added':
        return state.addBudgets(input.budgets, input.ledger);
      case 'call.progress':
        return this.progress(input);
      case 'call.ended':
        return this.scheduler.callEnded(input);
      case 'tool.ended':
        return this.tools.ended(input);
      case 'timer.fired':
        return this.fired(input.timer);
      case 'person.answered':
        return this.answered(input);
      case 'signal.sent':
        return this.lifecycle.signal(state.process(input.pid), input.signal);
      case 'message.sent':
        return this.mailed(input);
      case 'storage.done':
        return this.stored(input);
    }
  }

  private spawn(input: SpawnInput): void {
    const { state } = this;
    state.addBudgets(input.budgets ?? []);
    const process = this.lifecycle.create({
      program: state.programs.get(input.program)!,
      args: input.arguments,
      name: input.name,
      run: input.run,
      priority: input.priority ?? 50,
      budget: input.budget === undefined ? 0 : state.budgetIndex(input.budget),
      engine:
        input.engine === undefined
          ? undefined
          : state.engines.find((engine) => engine.options.name === input.engine),
      capabilities: restrict(undefined, input.capabilities ?? {}),
      facts: input.scheduling ?? noFacts,
      parent: undefined,
    });
    this.lifecycle.recordStart(process, input.settings);
    this.runner.begin(process);
  }

  private restore(input: RestoreInput): void {
    const { state, lifecycle } = this;
    const { processes, locks, ledger } = input;
    const { run } = processes[0]!.started;
    const names = budgetNamesOf(input.budgetNames);
    state.addBudgets(input.budgets ?? [], ledger, names);
    const past = ledger && new PastSpending(ledger);
    const family = state.newFamily(run, state.pids.admit(numbersOf(input)));
    family.budgetNames = names;
    lifecycle.locks.restore(input, family);
    lifecycle.semaphores.restore(run, family, input.semaphores);
    const restored = processes.map((one) => {
      const { started } = one;
      const process = this.lifecycle.create({
        program: state.programs.get(started.program)!,
        args: started.arguments,
        name: started.name,
        run: started.run,
        priority: started.priority,
        budget: state.budgetMeant(family, started.budget),
        engine: state.engines.find((engine) => engine.options.name === started.engine),
        capabilities: started.capabilities,
        facts: started.scheduling ?? noFacts,
        startedUs: started.atUs,
        runParent: started.parent,
        parent: started.parent === 0 ? undefined : state.processes[state.pidHere(family, started.parent)],
        runPid: started.pid,
        branch: started.branch,
      });
      return { one, process };
    });
    for (const { process } of restored) lifecycle.locks.giveBack(process, locks, run);
    for (const { one, process } of restored) this.runner.restore(one, process, past);
    for (const { one, process } of restored)
      if (one.signal !== undefined) this.lifecycle.renew(process, one.signal);
  }

  private progress({ core, pid, tokensOut }: CallProgress): void {
    const process = this.state.cores[core]?.process;
    assert(
      process !== undefined && process.pid === pid,
      () => `progress of process ${pid}, which is not on core ${core}`,
    );
    const { policy } = process.engine;
    const call = process.call!;
    // The policy learns of use while it happens; what it was told is not told again at the end.
    policy.charge(
      pid,
      { coreUs: 0, tokensIn: 0, tokensOut: Math.max(0, tokensOut - call.tokensOut) },
      this.state.nowUs,
    );
    call.tokensOut = Math.max(call.tokensOut, tokensOut);
    process.engine.queue.hasNews = true;
  }

  private fired(timer: TimerId): void {
    const { state } = this;
    if (state.timers.isCore(timer)) return this.scheduler.preemption.timerFired(timer);
    const alarm = state.timers.take(timer);
    switch (alarm.kind) {
      case 'sleep':
        return state.deliver(alarm.process, { ok: true, value: null });
      case 'receive':
        return state.deliver(alarm.process, {
          ok: false,
          code: 'TIMEOUT',
          message: 'no message arrived in time',
        });
      case 'wait':
        return state.deliver(alarm.process, {
          ok: false,
          code: 'TIMEOUT',
          message: 'no child ended in time',
        });
      case 'lock':
        return this.lifecycle.notInTime(alarm.process);
      case 'tool-timeout':
        return this.tools.timeout(alarm.request);
      case 'tool-retry':
        return this.tools.retry(alarm.request);
      case 'budget':
        return this.calls.budgets.timerFired(alarm.node);
      case 'load-control':
        alarm.engine.loadTimer = undefined;
        return undefined;
      case 'affinity':
        return this.scheduler.affinityFired();
      case 'prefetch':
        return this.prefetching.transferred(alarm.engine);
    }
  }

  private answered(input: PersonAnswered): void {
    const { state } = this;
    if (this.tools.answered(input)) return;
    const process = state.questions.get(input.request);
    // A late answer to a question that was withdrawn.
    if (process === undefined) return;
    state.questions.delete(input.request);
    state.out.emit({
      type: 'person.answered',
      pid: process.pid,
      request: input.request,
      decision: input.decision,
    });
    const asked = process.lastSyscall as Ask;
    auditPerson(state, process, process.n, asked.question, input);
    state.deliver(process, { ok: true, value: { decision: input.decision, value: input.value } });
  }

  private mailed({ to, message }: MessageInput): void {
    const target = this.state.process(to);
    if (target.state !== 'terminated') sendMail(this.state, undefined, target, message);
  }

  private stored(input: StorageDone): void {
    const process = this.state.storageCalls.get(input.request);
    if (process === undefined) return;
    this.state.storageCalls.delete(input.request);
    this.state.deliver(
      process,
      input.ok
        ? { ok: true, value: input.value }
        : {
            ok: false,
            code: 'STORAGE_FAILED',
            message: typeof input.value === 'string' ? input.value : JSON.stringify(input.value),
          },
    );
  }
}
