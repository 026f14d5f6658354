/**
 * The live driver: one kernel in real time. It makes records durable before anything starts or is acknowledged that depends on them, hands requests to the ports, and feeds the
 * kernel what comes of them. Streams pass beside the kernel.
 */
import { assert } from '../base/assert.ts';
import { Ring } from '../base/ring.ts';
import { PageMessages } from '../agents/model/page-messages.ts';
import { PromptCall } from '../agents/model/prompts.ts';
import type { BudgetNodeSpec } from '../kernel/budget-limits.ts';
import { KernelError, messageOf } from '../kernel/errors.ts';
import type { KernelEvent } from '../kernel/events.ts';
import type { Json, Pid, RequestId, TimerId } from '../kernel/ids.ts';
import type { Input, PersonAnswered, RestoreInput, SignalName, SpawnInput } from '../kernel/inputs.ts';
import { Kernel } from '../kernel/kernel.ts';
import type { KernelOptionsInput } from '../kernel/options.ts';
import type { StepOutput } from '../kernel/outbox.ts';
import type { Outcome } from '../kernel/process-state.ts';
import type { KernelRecord, LedgerRecord } from '../kernel/records.ts';
import type { CallIdentity, Request, StorageRequest, ToolStart } from '../kernel/requests.ts';
import { notJson } from '../kernel/schema/problem.ts';
import type { StorageManager } from '../kernel/storage.ts';
import { AnswerStreams } from './answer-streams.ts';
import { ContinuedClock } from './continued-clock.ts';
import { GroupCommit } from './group-commit.ts';
import { ModelCallRun, noStretches, type Stretches } from './model-call-run.ts';
import { redactedModel, redactedTools } from './redacted-ports.ts';
import type { Redactor } from './redactor.ts';
import type { Clock, ModelPort, PersonPort, ToolPort, ToolReply } from './ports.ts';
import { StopSwitch } from './stop-switch.ts';
import { StorageWaits, type StorageNews } from './storage-waits.ts';
import type { StoredRun } from './stored-run.ts';
import { UnderWay } from './under-way.ts';

export interface LiveOptions {
  readonly kernel: KernelOptionsInput;
  readonly clock: Clock;
  /** By the names of the kernel's engines. */
  readonly models: Readonly<Record<string, ModelPort>>;
  readonly tools: ToolPort;
  readonly people: PersonPort;
  readonly storage: StorageManager;
  /** Storage has become unavailable, or is available again. Until then nothing starts, and nothing is acknowledged. */
  readonly onStorage?: (news: StorageNews) => void;
  /** Counts the tokens of an answer whose provider does not. */
  readonly countTokens: (text: string) => number;
  /** Takes out of whatever the world tells the kernel what must not be stored. Absent: nothing. */
  readonly redactor?: Redactor;
  /** Every event, as it happens. */
  readonly onEvent?: (event: KernelEvent) => void;
  /** Every input that the kernel took, before its events are told: a recording. */
  readonly onInput?: (input: Input) => void;
}

/** Watches a kernel from beside. */
export interface StepWatcher {
  /** What a step was given and gave out: it has happened, and may not be durable yet. */
  take?(output: StepOutput, input: Input): void;
  /** The same when it is durable, before anything starts that it asks for. */
  kept?(output: StepOutput, input: Input): void;
  /** Storage refuses what is of this run: another worker has taken it over. True: it was abandoned here (`LiveKernel.abandon`); else the kernel breaks down. */
  lost?(run: string): boolean;
  /** Nothing more comes. */
  broke(message: string): void;
}

/** How a process ended. */
export interface ProcessEnd {
  readonly pid: Pid;
  /** Its number in its run. */
  readonly runPid: Pid;
  readonly outcome: Outcome;
  /** What its program returned, or gave up with. */
  readonly value: Json;
  /** Why it failed, by a code of the kernel or of its program, and in one line; '' and '' when it did not. */
  readonly code: string;
  readonly message: string;
}

/** What comes with a run that the kernel was not built for: nodes of the budget tree, by which names its records have them, and what it has booked. */
export type RestoreHow = Pick<RestoreInput, 'budgets' | 'budgetNames' | 'ledger'>;

interface EndWaiter {
  readonly resolve: (end: ProcessEnd) => void;
  readonly reject: (error: unknown) => void;
  end?: Promise<ProcessEnd>;
}

export class LiveKernel {
  readonly kernel: Kernel;
  readonly answers = new AnswerStreams();
  private readonly options: LiveOptions;
  private readonly clock: ContinuedClock;
  private readonly storageWaits: StorageWaits;
  private readonly commit: GroupCommit;
  private readonly inputs = new Ring<Input>();
  private readonly calls: (ModelCallRun | undefined)[] = [];
  private readonly portOfCore: ModelPort[] = [];
  private readonly toolPort: ToolPort;
  /** Calls that were stopped and have not gone on. */
  private readonly stopped = new Map<Pid, Stretches>();
  private readonly tools = new Map<RequestId, StopSwitch>();
  private readonly underWay = new UnderWay();
  private readonly watchers = new Set<StepWatcher>();
  private readonly timers = new Map<TimerId, () => void>();
  private readonly pages = new PageMessages();
  private readonly ends = new Map<Pid, EndWaiter>();
  /** Another worker drives them: nothing of them starts here, or is stored. */
  private readonly abandoned = new Set<string>();
  /** Who waits for something else to be durable. */
  private readonly whenBroken = new Set<(error: unknown) => void>();
  private broken: { readonly error: unknown } | undefined;
  private isStepping = false;

  /** Throws KernelError as the kernel does, and for an engine without a model. */
  constructor(options: LiveOptions) {
    this.options = options;
    const { redactor, tools } = options;
    this.toolPort = redactor === undefined ? tools : redactedTools(tools, redactor);
    this.kernel = new Kernel(options.kernel);
    this.clock = new ContinuedClock(options.clock);
    this.clock.goOnFrom(this.kernel.nowUs);
    for (const { name, cores } of this.kernel.options.engines) {
      const port = Object.hasOwn(options.models, name) ? options.models[name] : undefined;
      if (port === undefined)
        throw new KernelError(
          'UNKNOWN_ENGINE',
          `models: engine "${name}" has none; allowed: one for each of ${this.kernel.options.engines.map((engine) => engine.name).join(', ')}`,
        );
      const guarded = redactor === undefined ? port : redactedModel(port, redactor);
      for (let core = 0; core < cores; core++) this.portOfCore.push(guarded);
    }
    const { storage, clock, onStorage } = options;
    this.storageWaits = new StorageWaits(clock, onStorage);
    this.commit = new GroupCommit({
      storage,
      waits: this.storageWaits,
      onFailure: (error) => this.break(error),
      onLost: (run) => [...this.watchers].some((watcher) => watcher.lost?.(run) === true),
    });
  }

  /** Tells `watcher` of every step from now on. Returns what ends the watching. */
  watch(watcher: StepWatcher): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /** A root process starts. Throws KernelError when the kernel refuses it. The promise resolves when its end is durable, and rejects when the kernel breaks down before. */
  spawn(spawn: Omit<SpawnInput, 'type'>): { readonly pid: Pid; readonly end: Promise<ProcessEnd> } {
    let spawned: { readonly pid: Pid; readonly end: Promise<ProcessEnd> } | undefined;
    try {
      this.feedNow(
        { atUs: this.nowUs(), type: 'process.spawned', ...spawn, arguments: this.redacted(spawn.arguments) },
        (event) => {
          // It may end at once.
          if (event.type === 'process.spawned') spawned ??= { pid: event.pid, end: this.endOf(event.pid) };
        },
      );
    } catch (error) {
      // It is thrown here.
      spawned?.end.catch(() => {});
      throw error;
    }
    assert(spawned !== undefined, 'a spawned process has a pid');
    return spawned;
  }

  /**
   * Goes on with a run that the storage has, and that is not at work here: one of an earlier life or of another kernel, or one that ended or was released here. Its ledger is among the options of
   * this kernel, or comes with it (`how.ledger`); so do its budget nodes. Throws KernelError when the kernel refuses it. The promises, one for each process that
   * is restored, parents first, by their pids in this kernel, are those of `spawn`.
   */
  restore({ restore, texts }: StoredRun, how: RestoreHow = {}): ReadonlyMap<Pid, Promise<ProcessEnd>> {
    const { run } = restore.processes[0]!.started;
    this.clock.goOnFrom(Math.max(lastUs(restore), lastBookedUs(how.ledger)));
    const ends = new Map<Pid, Promise<ProcessEnd>>();
    // Else the kernel refuses it.
    const isAway = this.kernel.living(run).length === 0;
    if (isAway) for (const [hash, text] of texts) this.pages.add(hash, text, run);
    const tellEnds = (event: KernelEvent): void => {
      // Those that are restored come first; they may spawn others, or end, while they are.
      if (event.type !== 'process.spawned' || ends.size === restore.processes.length) return;
      const end = this.endOf(event.pid);
      // Nobody has to wait for all of them.
      end.catch(() => {});
      ends.set(event.pid, end);
    };
    try {
      this.feedNow({ atUs: this.nowUs(), ...restore, ...how }, tellEnds);
    } catch (error) {
      if (isAway) this.pages.release(run);
      throw error;
    }
    return ends;
  }

  /** Nodes join the budget tree; `ledger`: what was booked there before this kernel, of each run from its start. Throws KernelError when the kernel refuses them. */
  addBudgets(budgets: readonly BudgetNodeSpec[], ledger: readonly LedgerRecord[] = []): void {
    this.clock.goOnFrom(lastBookedUs(ledger));
    this.feedNow({ atUs: this.nowUs(), type: 'budgets.added', budgets, ledger });
  }

  /** Throws KernelError when there is no such process. */
  signal(pid: Pid, signal: SignalName): void {
    this.told({ atUs: this.nowUs(), type: 'signal.sent', pid, signal });
  }

  /**
   * Sends a process a message, which it receives from 0. Resolves when that is durable: to false when the process has ended, or its mailbox is full. Rejects with KernelError when there
   * is no such process, when the message is no JSON, and when the kernel breaks down before.
   */
  async message(to: Pid, message: Json): Promise<boolean> {
    // Who is told of an event may send one at once; that is taken behind the step that told it.
    if (this.isStepping) await Promise.resolve();
    let isTaken = false;
    this.feedNow(
      { atUs: this.nowUs(), type: 'message.sent', to, message: this.redacted(message) },
      (event) => {
        if (event.type === 'message.sent' && event.pid === 0) isTaken = true;
      },
    );
    await this.durable();
    return isTaken;
  }

  /**
   * All processes, or those of one run, are stopped where they are, so that they can go on later: continued here (signal `continue`), or after `release` restored here or elsewhere. Resolves when
   * nothing of them runs any more, model calls broken off and tools at their own ends, and all of it is durable. Rejects when the kernel breaks down before.
   */
  async park(run?: string): Promise<void> {
    if (this.isStepping) await Promise.resolve();
    // A stop reaches the children by itself.
    for (const { pid, parent } of this.kernel.living(run)) if (parent === 0) this.signal(pid, 'stop');
    await this.quiet(run);
  }

  /**
   * Forgets a run that is over or parked, with all that was kept for it in memory, and takes those of its budget nodes out of the tree. It can be restored then, here or elsewhere. Resolves when
   * that is durable; who waits for the end of a process that was parked is told that it is none here (RELEASED). Rejects with KernelError when the run is not here, or is at work.
   */
  async release(run: string, budgets: readonly string[] = []): Promise<void> {
    if (this.isStepping) await Promise.resolve();
    this.feedNow({ atUs: this.nowUs(), type: 'run.released', run, budgets });
    this.pages.release(run);
    await this.durable();
  }

  /**
   * Another worker has taken the run over: from now on nothing of it starts here, or is stored, whoever watches is told of no record of it, and its processes end. What is under way is broken off, tools come to their
   * ends; then the run has left the kernel. Resolves when it has. Rejects when the kernel breaks down before.
   */
  async abandon(run: string): Promise<void> {
    if (this.isStepping) await Promise.resolve();
    if (this.abandoned.has(run)) return;
    this.abandoned.add(run);
    this.commit.drop(run);
    try {
      for (const { pid, parent } of this.kernel.living(run)) if (parent === 0) this.signal(pid, 'kill');
      await this.quiet(run);
      await this.release(run);
    } finally {
      this.abandoned.delete(run);
      this.commit.takeAgain(run);
    }
  }

  /** `by`: who it was, for the audit log. Throws KernelError for an answer that is none. One to a question that is not open any more changes nothing. */
  answer(request: RequestId, decision: PersonAnswered['decision'], value: Json, by?: string): void {
    this.told({
      atUs: this.nowUs(),
      type: 'person.answered',
      request,
      decision,
      value: this.redacted(value),
      ...(by === undefined ? {} : { by }),
    });
  }

  /** Every timer is withdrawn and every call stopped: nothing more happens. What is durable stays so. `why`: what whoever waits for an end is told. */
  close(why = new KernelError('STORAGE_FAILED', 'the kernel was closed')): void {
    // Who closes it and waits for nothing has not missed an error.
    for (const { end } of this.ends.values()) end?.catch(() => {});
    this.break(why);
  }

  // ---- What runs -----------------------------------------------------------------------------------------------------

  /** Why nothing goes on for now; undefined: nothing is in the way, as far as is known. */
  get storageTrouble(): StorageNews | undefined {
    return this.storageWaits.trouble;
  }

  /** Resolves when what has happened so far is durable. Rejects when the kernel breaks down before. */
  async settled(): Promise<void> {
    if (this.isStepping) await Promise.resolve();
    await this.durable();
  }

  /** Resolves when nothing of the run, or of any, is under way, and that is durable. */
  private async quiet(run: string | undefined): Promise<void> {
    for (await this.durable(); this.underWay.isBusy(run); await this.durable())
      await new Promise<void>((resolve, reject) => {
        this.whenBroken.add(reject);
        this.underWay.onNextEnd(() => {
          this.whenBroken.delete(reject);
          resolve();
        });
      });
  }

  /** Resolves when what has happened so far is durable, and what waited for that is done. */
  private durable(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.broken !== undefined) return reject(this.broken.error);
      this.whenBroken.add(reject);
      this.commit.whenDurable(() => {
        this.whenBroken.delete(reject);
        resolve();
      });
      this.commit.flush();
    });
  }

  /** A call, a tool or a request to the storage of `run` came to its end. */
  private ended(run: string, input: Input): void {
    this.feed(input);
    this.underWay.end(run);
  }

  private redacted(value: Json): Json {
    const { redactor } = this.options;
    // What is no JSON is refused by the kernel, which says so.
    return redactor === undefined || notJson(value, 'value') !== undefined ? value : redactor.value(value);
  }

  // ---- The kernel's inputs -------------------------------------------------------------------------------------------

  /** On the clock of the kernel, µs: between two inputs, too. */
  nowUs(): number {
    return Math.max(this.clock.nowUs(), this.kernel.nowUs);
  }

  /** Takes an input in its turn. */
  private feed(input: Input): void {
    if (this.broken !== undefined) return;
    this.inputs.push(input);
    if (!this.isStepping) this.pump();
  }

  /** Who is told of an event may answer it at once; that is taken behind the step that told it. */
  private told(input: Input): void {
    if (this.isStepping) this.feed(input);
    else this.feedNow(input);
  }

  /** Takes an input at once: its author is told what is wrong with it. */
  private feedNow(input: Input, onEvent?: (event: KernelEvent) => void): void {
    if (this.broken !== undefined) throw this.broken.error;
    assert(!this.isStepping, 'a process is spawned from within a step');
    this.isStepping = true;
    try {
      this.step(input, onEvent);
    } catch (error) {
      if (!(error instanceof KernelError) || error.code === 'POLICY_BROKEN') this.break(error);
      throw error;
    } finally {
      this.isStepping = false;
    }
    this.pump();
  }

  private pump(): void {
    this.isStepping = true;
    try {
      for (let input = this.inputs.shift(); input !== undefined; input = this.inputs.shift())
        this.step({ ...input, atUs: this.nowUs() });
    } catch (error) {
      this.break(error);
    } finally {
      this.isStepping = false;
    }
    this.commit.flush();
  }

  private step(input: Input, onEvent?: (event: KernelEvent) => void): void {
    const output = this.taken(input);
    // From here on the input counts: an error is nobody's refusal of it, whatever it looks like.
    try {
      this.options.onInput?.(input);
      for (const event of output.events) {
        onEvent?.(event);
        this.options.onEvent?.(event);
      }
      for (const watcher of this.watchers) watcher.take?.(output, input);
      this.take(output, input);
    } catch (error) {
      this.break(error);
      throw error;
    }
  }

  /** An input that the kernel refused has changed nothing, and is no part of a recording; one that it broke down over is. */
  private taken(input: Input): StepOutput {
    try {
      return this.kernel.step(input);
    } catch (error) {
      if (!(error instanceof KernelError) || error.code === 'POLICY_BROKEN') this.options.onInput?.(input);
      throw error;
    }
  }

  private take(output: StepOutput, input: Input): void {
    const { records, requests, events, hasEnds } = output;
    for (const record of records) this.keepPage(record);
    this.commit.add(records);
    // The kernel's own is that of the next step by then.
    const kept = { records, requests, events, hasEnds };
    for (const watcher of this.watchers)
      if (watcher.kept !== undefined)
        this.commit.whenDurable(() => watcher.kept!(this.withoutAbandoned(kept), input));
    for (const request of requests) {
      if (request.type === 'timer.set') this.setTimer(request.timer, request.atUs);
      else if (request.type === 'timer.clear') this.clearTimer(request.timer);
      else this.commit.whenDurable(() => this.perform(request));
    }
    for (const event of events) if (event.type === 'process.released') this.left(event.pid);
    if (!hasEnds) return;
    const ended = new Map(
      records.flatMap((record) =>
        record.type === 'process.ended' ? [[this.kernel.pidOf(record.run, record.pid)!, record]] : [],
      ),
    );
    for (const event of events) {
      if (event.type !== 'process.terminated') continue;
      const { pid, outcome, code, message } = event;
      const { pid: runPid, value } = ended.get(pid) ?? { pid, value: null };
      this.stopped.delete(pid);
      this.answers.forget(pid);
      const end = { pid, runPid, outcome, value, code, message };
      this.commit.whenDurable(() => this.tellEnd(end));
    }
  }

  private withoutAbandoned(output: StepOutput): StepOutput {
    if (this.abandoned.size === 0) return output;
    return { ...output, records: output.records.filter(({ run }) => !this.abandoned.has(run)) };
  }

  private keepPage(record: KernelRecord): void {
    if (record.type === 'page') this.pages.add(record.hash, record.text, record.run);
  }

  // ---- Ends ----------------------------------------------------------------------------------------------------------

  private endOf(pid: Pid): Promise<ProcessEnd> {
    const end = new Promise<ProcessEnd>((resolve, reject) => this.ends.set(pid, { resolve, reject }));
    this.ends.get(pid)!.end = end;
    return end;
  }

  private tellEnd(end: ProcessEnd): void {
    this.ends.get(end.pid)?.resolve(end);
    this.ends.delete(end.pid);
  }

  /** The process has left the kernel. */
  private left(pid: Pid): void {
    this.stopped.delete(pid);
    this.answers.forget(pid);
    const waiter = this.ends.get(pid);
    this.ends.delete(pid);
    // Nobody has to wait for it.
    waiter?.end?.catch(() => {});
    waiter?.reject(new KernelError('RELEASED', `process ${pid}: has left this kernel, to go on later`));
  }

  private break(error: unknown): void {
    if (this.broken !== undefined) return;
    this.broken = { error };
    this.storageWaits.stop();
    for (const clear of this.timers.values()) clear();
    for (const call of this.calls) call?.stop();
    for (const stop of this.tools.values()) stop.stop();
    for (const { reject } of this.ends.values()) reject(error);
    for (const reject of this.whenBroken) reject(error);
    this.ends.clear();
    this.whenBroken.clear();
    for (const watcher of this.watchers) watcher.broke(messageOf(error));
  }

  // ---- The kernel's requests -----------------------------------------------------------------------------------------

  /** Its time begins when what was asked for with it begins: a call that storage keeps from starting has not used any of its limit. */
  private setTimer(timer: TimerId, atUs: number): void {
    this.clearTimer(timer);
    const setAtUs = this.kernel.nowUs;
    const isNotSet = (): void => {};
    this.timers.set(timer, isNotSet);
    this.commit.whenDurable(() => {
      if (this.broken !== undefined || this.timers.get(timer) !== isNotSet) return;
      const lateUs = this.nowUs() - setAtUs;
      this.timers.set(
        timer,
        this.clock.at(atUs + lateUs, () => {
          this.timers.delete(timer);
          this.feed({ atUs: this.nowUs(), type: 'timer.fired', timer });
        }),
      );
    });
  }

  private clearTimer(timer: TimerId): void {
    this.timers.get(timer)?.();
    this.timers.delete(timer);
  }

  /** It broke down, or was closed: nothing more happens. */
  get isBroken(): boolean {
    return this.broken !== undefined;
  }

  private perform(request: Exclude<Request, { readonly type: 'timer.set' | 'timer.clear' }>): void {
    if (this.broken !== undefined || this.refused(request)) return;
    const { people } = this.options;
    switch (request.type) {
      case 'call.start': {
        const { core, pid, resumed, continues } = request;
        const before = resumed ? (this.stopped.get(pid) ?? noStretches) : noStretches;
        this.stopped.delete(pid);
        this.underWay.begin(request.identity.run);
        const partial = continues ? before.text : '';
        const run = new ModelCallRun({
          start: request,
          call: new PromptCall(this.kernel, request, (hash) => this.pages.of(hash), partial),
          port: this.portOfCore[core]!,
          clock: this.clock,
          answers: this.answers,
          countTokens: this.options.countTokens,
          before,
          onProgress: (progress) => this.feed(progress),
          onEnd: (ended, stretches) => {
            this.calls[core] = undefined;
            if (ended.reason === 'stopped') this.stopped.set(pid, stretches);
            this.ended(request.identity.run, ended);
          },
        });
        this.calls[core] = run;
        // Its port may have closed the kernel.
        if (this.isBroken) run.stop();
        return;
      }
      case 'call.stop':
        return this.calls[request.core]?.stop();
      case 'tool.start':
        return void this.startTool(request);
      case 'tool.stop':
        return this.tools.get(request.request)?.stop();
      case 'person.ask':
        return people.ask(request);
      case 'person.withdraw':
        return people.withdraw(request.request);
      case 'storage.request':
        return void this.store(request);
    }
  }

  /** What an abandoned run asks for is not done: it ends before it has begun. */
  private refused(request: Exclude<Request, { readonly type: 'timer.set' | 'timer.clear' }>): boolean {
    if (this.abandoned.size === 0 || !('identity' in request)) return false;
    if (!this.abandoned.has(request.identity.run)) return false;
    const atUs = this.nowUs();
    const value = 'another worker drives the run';
    switch (request.type) {
      case 'call.start': {
        const { core, pid, tokensOut } = request;
        const nothing = { newPrefillUs: 0, repeatedPrefillUs: 0, loadUs: 0 };
        this.feed({ atUs, type: 'call.ended', reason: 'stopped', core, pid, tokensOut, ...nothing });
        return true;
      }
      case 'tool.start': {
        const { request: id, attempt } = request;
        this.feed({ atUs, type: 'tool.ended', request: id, attempt, ok: false, value });
        return true;
      }
      case 'storage.request':
        this.feed({ atUs, type: 'storage.done', request: request.request, ok: false, value });
        return true;
      case 'person.ask':
        return true;
    }
  }

  private async startTool(start: ToolStart): Promise<void> {
    const { request, attempt, tool, identity } = start;
    const stop = new StopSwitch();
    this.tools.set(request, stop);
    this.underWay.begin(identity.run);
    let reply: ToolReply;
    try {
      reply = await this.toolPort.call(start, stop);
    } catch (error) {
      reply = { ok: false, value: `tool ${tool} failed: ${messageOf(error)}` };
    }
    if (this.tools.get(request) === stop) this.tools.delete(request);
    // What a program is told must be JSON.
    const flaw = notJson(reply.value, 'value');
    if (flaw !== undefined) reply = { ok: false, value: `tool ${tool}: ${flaw}` };
    this.ended(identity.run, { atUs: this.nowUs(), type: 'tool.ended', request, attempt, ...reply });
  }

  private async store({ request, op, identity }: StorageRequest): Promise<void> {
    let ok = true;
    let value: Json;
    this.underWay.begin(identity.run);
    try {
      const atUs = this.nowUs();
      value = await this.storageWaits.through(() => this.stored(op, identity, atUs));
    } catch (error) {
      ok = false;
      value = messageOf(error);
    }
    this.ended(identity.run, { atUs: this.nowUs(), type: 'storage.done', request, ok, value });
  }

  private async stored(op: StorageRequest['op'], identity: CallIdentity, atUs: number): Promise<Json> {
    const { storage } = this.options;
    switch (op.kind) {
      // Requests are performed behind the flush of what was recorded before them.
      case 'flush':
        return null;
      case 'remember': {
        const { kind: _, ...memory } = op;
        await storage.remember({ identity, ...memory, atUs });
        return null;
      }
      case 'recall':
        return [...(await storage.recall({ scope: op.scope, query: op.query, limit: op.limit }))];
    }
  }
}

/** µs. */
function lastBookedUs(ledger: readonly LedgerRecord[] = []): number {
  return ledger.reduce((last, { atUs }) => Math.max(last, atUs), 0);
}

/** Of all that is told of the processes, µs. */
function lastUs({ processes }: RestoreInput): number {
  const times = processes.flatMap(({ started, checkpoint, history, stops }) => [
    started.atUs,
    checkpoint?.atUs ?? 0,
    history.at(-1)?.atUs ?? 0,
    stops.at(-1)?.untilUs ?? 0,
  ]);
  return Math.max(0, ...times);
}
