import { assert } from '../base/assert.ts';
import { askedOf } from './asked.ts';
import { auditSyscall } from './audit-trail.ts';
import { Ring } from '../base/ring.ts';
import { rngFor, type Rng } from '../base/rng.ts';
import type { BudgetNodeSpec } from './budget-limits.ts';
import type { BudgetTree } from './budgets.ts';
import { ContentIds } from './content-ids.ts';
import type { Core, Engine } from './engine.ts';
import { Family, type BudgetNames } from './family.ts';
import { bookLate } from './late-spending.ts';
import { LockTable } from './lock-table.ts';
import type { Json, Pid, RequestId } from './ids.ts';
import type { KernelOptions } from './options.ts';
import { Outbox } from './outbox.ts';
import { countUsage, PastSpending } from './past-spending.ts';
import type { Deadlock, Process } from './process.ts';
import { type PidNamespace, Pids } from './pid-namespaces.ts';
import { QuotaShares } from './quota-shares.ts';
import { transition, type Transition, type WaitReason } from './process-state.ts';
import { historyVersion, type JournalBody, type KernelRecord, type LedgerRecord } from './records.ts';
import { restoredBudgets } from './recovery.ts';
import type { StorageRequest } from './requests.ts';
import type { Program, SyscallResult } from './syscalls.ts';
import { Timers } from './timers.ts';
import { ToolRegistry } from './tools.ts';

/**
 * A program that spawns itself for ever comes to an end: so many processes may live at once, so many may be started by programs at one instant, and so
 * many generations may live one above the other (a signal walks down all of them).
 */
const mostProcesses = 1_000_000;
const mostSpawnsAtOnce = 100_000;
const mostGenerations = 1_000;
/** A line names no more of what is allowed. */
const mostNames = 10;

/** What the parts of the kernel share. It holds state and the few acts on it that every part needs; no part holds another's state. */
export class KernelState {
  readonly options: KernelOptions;
  readonly out = new Outbox();
  /** Index = pid; 0 is unused. Ended processes stay for the final report, without pages, program and mailbox. */
  readonly processes: (Process | undefined)[] = [undefined];
  readonly pids = new Pids(this.processes);
  readonly engines: Engine[] = [];
  /** All cores, by id. */
  readonly cores: Core[] = [];
  readonly budgets: BudgetTree;
  readonly quotas: QuotaShares;
  readonly tools: ToolRegistry;
  readonly locks = new LockTable();
  readonly timers: Timers;
  readonly contents = new ContentIds();
  readonly programs = new Map<string, Program>();
  /** Runs that have started or were restored here: two root processes never share one. And by number. */
  readonly runs = new Map<string, Family>();
  readonly families: (Family | undefined)[] = [];
  /** Numbers of runs that have left. */
  private readonly freeFamilies: number[] = [];
  private readonly clients = new Map<string, number>();
  private lastClient = 0;
  /** Of runs that are not here, how many records of their ledger are booked. */
  private readonly booked = new Map<string, number>();
  /** Programs that go on in this step, in order. */
  readonly runnable = new Ring<{
    readonly process: Process;
    readonly result: SyscallResult<unknown> | undefined;
  }>();
  /** Who waits for a person's answer, and for storage. */
  readonly questions = new Map<RequestId, Process>();
  readonly storageCalls = new Map<RequestId, Process>();
  /** Time of the last input, µs; before the first, of what the ledger tells last. */
  nowUs: number;
  /** Processes that have not ended. */
  alive = 0;
  /** Runs in which somebody lives that may send to processes of other runs. */
  openRuns = 0;
  /** Made for the first run that is restored. */
  private past: PastSpending | undefined;
  private spawnedUs = -1;
  private spawnedCount = 0;
  private requests = 0;
  private sequence = 0;

  constructor(options: KernelOptions) {
    this.options = options;
    this.nowUs = options.ledger.at(-1)?.atUs ?? 0;
    this.budgets = restoredBudgets(options.budgets, options.ledger);
    this.quotas = new QuotaShares(this.budgets);
    this.tools = new ToolRegistry(options.tools);
    this.timers = new Timers(
      options.engines.reduce((cores, engine) => cores + engine.cores, 0),
      this.out,
    );
    for (const { run } of options.ledger) this.booked.set(run, (this.booked.get(run) ?? 0) + 1);
    for (const program of options.programs) this.programs.set(program.name, program);
  }

  process(pid: Pid): Process {
    const process = this.processes[pid];
    assert(process !== undefined, () => `unknown pid ${pid}`);
    return process;
  }

  familyOf(run: string): Family {
    return this.runs.get(run) ?? this.newFamily(run);
  }

  /** Of a run that was not here, or of which nobody lives here. */
  newFamily(run: string, namespace?: PidNamespace): Family {
    const number = this.runs.get(run)?.number ?? this.freeFamilies.pop() ?? this.families.length;
    const family = new Family(number, namespace);
    family.booked = this.bookedOf(run);
    this.booked.delete(run);
    this.families[number] = family;
    this.runs.set(run, family);
    return family;
  }

  /** Nobody of it is left here. */
  runOver(run: string, { number }: Family): void {
    this.contents.forgetTexts(run);
    for (const engine of this.engines)
      if (engine.queue.engines[0] === engine) engine.policy.runEnded(number, this.nowUs);
  }

  /** A run of which nobody lives here is as if it had never been, but for what it has spent. */
  forgetRun(run: string, family: Family): void {
    for (const pid of family.pids) this.processes[pid] = undefined;
    this.runs.delete(run);
    this.families[family.number] = undefined;
    this.freeFamilies.push(family.number);
    if (family.booked > 0) this.booked.set(run, family.booked);
    this.clients.delete(`run ${run}`);
    for (const { memory } of this.engines) memory.keepFewGhosts();
    this.contents.collect();
  }

  private bookedOf(run: string): number {
    return this.runs.get(run)?.booked ?? this.booked.get(run) ?? 0;
  }

  /** Nodes join the tree, which may have them, with what `ledger` tells that was not told before. `names`: of its nodes. */
  addBudgets(
    budgets: readonly BudgetNodeSpec[],
    ledger: readonly LedgerRecord[] = [],
    names?: BudgetNames,
  ): void {
    const fresh = new Set(this.budgets.add(budgets));
    for (const node of fresh) {
      const { spec } = this.budgets.nodeAt(node);
      this.out.emit({ type: 'budget.added', node: spec.name, definition: spec });
    }
    if (ledger.length === 0) return;
    bookLate({
      budgets: this.budgets,
      ledger,
      nodeOf: ({ node }) => this.budgets.indexOf(names?.here.get(node) ?? node),
      bookedOf: (run) => this.bookedOf(run),
      fresh,
      nowUs: this.nowUs,
    });
    const told = new Map<string, number>();
    for (const { run } of ledger) told.set(run, (told.get(run) ?? 0) + 1);
    for (const [run, count] of told) {
      const family = this.runs.get(run);
      const booked = Math.max(count, this.bookedOf(run));
      if (family === undefined) this.booked.set(run, booked);
      else family.booked = booked;
    }
  }

  /** As the records of the process's run name a node. */
  budgetNameFor({ budgetNames }: Family, index: number): string {
    const name = this.budgets.nameOf(index);
    return budgetNames?.there.get(name) ?? name;
  }

  /** The node that a run means by `name`; -1: none. */
  budgetMeant({ budgetNames }: Family, name: string): number {
    return this.budgetIndex(budgetNames?.here.get(name) ?? name);
  }

  /** Whom a program means by `number`. */
  meant({ family: { namespace } }: Process, number: Pid): Process | undefined {
    const pid = namespace === undefined ? number : namespace.get(number);
    return pid === undefined ? undefined : this.processes[pid];
  }

  /** The pid here of what `family` knows as `number`: of one that is not here any more one that is nobody's. 0 is the world. */
  pidHere({ namespace }: Family, number: Pid | 0): Pid | 0 {
    if (number === 0 || namespace === undefined) return number;
    const known = namespace.get(number);
    if (known !== undefined) return known;
    const pid = this.pids.next();
    namespace.set(number, pid);
    return pid;
  }

  /** The number of the client that a process names; else of its budget node, where there is more than one; else of its run. */
  numberOfClient(client: string | undefined, budget: number, run: string): number {
    const { budgets } = this.options;
    const name =
      client !== undefined ? `client ${client}` : budgets.length > 1 ? `budget ${budget}` : `run ${run}`;
    let number = this.clients.get(name);
    if (number === undefined) {
      number = this.lastClient++;
      this.clients.set(name, number);
    }
    return number;
  }

  /** Why no process can be started, in one line. */
  get fullness(): string | undefined {
    return this.alive < mostProcesses
      ? undefined
      : `spawn: ${this.alive} processes live; allowed: up to ${mostProcesses}`;
  }

  /** Counts a process that the program of `parent` starts; or says why it can't, in one line. */
  countSpawn(parent: Process): string | undefined {
    if (this.alive >= mostProcesses) return this.fullness;
    if (this.spawnedUs !== this.nowUs) {
      this.spawnedUs = this.nowUs;
      this.spawnedCount = 0;
    }
    if (this.spawnedCount >= mostSpawnsAtOnce)
      return `spawn: ${mostSpawnsAtOnce} processes were started at ${this.nowUs} µs; allowed: as many while time passes`;
    let generations = 1;
    for (let at: Process | undefined = parent; at !== undefined; at = at.parent) generations++;
    if (generations > mostGenerations)
      return `spawn: ${mostGenerations} generations live down to process ${parent.runPid}; allowed: up to ${mostGenerations}`;
    this.spawnedCount++;
    return undefined;
  }

  /** What earlier kernels booked for `process`, which goes on here, is used, of its quota too. */
  countPast(process: Process, ledger?: PastSpending): void {
    if (ledger === undefined) this.past ??= new PastSpending(this.options.ledger);
    const past = (ledger ?? this.past!).of({ run: process.run, pid: process.runPid });
    if (past.length === 0) return;
    countUsage(process, past);
    const { coreUs, tokensIn, tokensOut } = process.usage;
    process.pastCharge = { coreUs, tokensIn, tokensOut };
    this.quotas.recount(process, past, this.nowUs);
  }

  rng(name: string): Rng {
    return rngFor(this.options.seed, name);
  }

  /** The process's own stream of chance: it does not move when another process draws. */
  streamOf(process: Process): Rng {
    return (process.rng ??= this.rng(`process/${process.run}/${process.runPid}`));
  }

  nextRequest(): RequestId {
    return ++this.requests as RequestId;
  }

  /** Orders what is otherwise simultaneous. */
  nextSequence(): number {
    return ++this.sequence;
  }

  change(process: Process, happening: Transition): void {
    process.state = transition(process.state, happening);
    process.sinceUs = this.nowUs;
    // A wait for memory or budget ends with the state; one for another process goes on in one that is suspended.
    if (process.deadlock !== undefined && !process.waitsForOthers) endDeadlock(process, process.deadlock);
    if (happening === 'suspend') this.tellWait(process, 'suspension');
  }

  /** The process waits: told once for each new reason. */
  wait(process: Process, on: WaitReason): void {
    if (process.state === 'waiting' && process.waitingOn === on) return;
    this.change(process, 'wait');
    process.waitingOn = on;
    this.tellWait(process, on);
    const { out, nowUs } = this;
    out.events.push({ seq: ++out.seq, atUs: nowUs, type: 'process.waiting', pid: process.pid, on });
  }

  private tellWait({ engine, pid }: Process, on: WaitReason): void {
    engine.memory.policy.waits?.(pid, on, this.nowUs);
  }

  record(record: KernelRecord): void {
    if (this.options.records) this.out.records.push(record);
  }

  /** Something reaches `process`: durable before the step's requests are carried out, and before its history can tell. */
  journal(process: Process, body: JournalBody): void {
    if (!this.options.records) return;
    const { run, branch, runPid: pid } = process;
    const place = { v: historyVersion, run, branch, pid, seq: ++process.journalled, atUs: this.nowUs };
    this.record({ ...place, ...body });
  }

  /** Asks storage for something; the answer comes as an input. */
  storageRequest(process: Process, op: StorageRequest['op']): RequestId {
    const request = this.nextRequest();
    const { run, branch, pid, runPid, n } = process;
    this.storageCalls.set(request, process);
    this.out.requests.push({
      type: 'storage.request',
      request,
      pid,
      identity: { run, branch, pid: runPid, n, index: 0 },
      op,
    });
    return request;
  }

  /** What the syscall of `process` came to, as its history and the audit log tell it. */
  keepHistory(process: Process, result: SyscallResult<unknown>): void {
    if (!this.options.records) return;
    const { run, branch, runPid: pid, n, lastSyscall, lastHash } = process;
    auditSyscall(this, process, lastSyscall!, result as SyscallResult<Json>);
    const asked = askedOf(lastSyscall!);
    this.record({
      v: historyVersion,
      type: 'history',
      run,
      branch,
      pid,
      n,
      kind: lastSyscall!.kind,
      hash: lastHash,
      ...(asked === undefined ? {} : { asked }),
      result: result as SyscallResult<Json>,
      atUs: this.nowUs,
    });
  }

  /** -1: there is no such node. */
  budgetIndex(name: string): number {
    return this.budgets.find(name);
  }

  /** Why a process cannot have this budget, in one line. */
  noBudget(name: string): string {
    const { size } = this.budgets;
    const names: string[] = [];
    for (const index of this.budgets.indices())
      if (names.push(this.budgets.nameOf(index)) === mostNames) break;
    const rest = size > mostNames ? `, … (${size} in all)` : '';
    return `budget: "${name}" is not a node; allowed: ${names.join(', ')}${rest}`;
  }

  /** `process` waits for nothing any more. */
  endWait(process: Process): void {
    process.pending = undefined;
    if (process.waitsForOthers) {
      process.waitsForOthers = false;
      process.family.waiting--;
    }
    if (process.deadlock !== undefined) endDeadlock(process, process.deadlock);
  }

  /** The pending syscall of `process` has its result; its program goes on in this step, or when a suspended process is continued. */
  deliver(process: Process, result: SyscallResult<unknown>): void {
    this.endWait(process);
    // At once, and not when the program goes on: a suspended one may be kept waiting.
    this.keepHistory(process, result);
    if (process.state === 'suspended') {
      process.suspension!.delivered = { result };
      return;
    }
    this.runnable.push({ process, result });
  }
}

function endDeadlock(process: Process, deadlock: Deadlock): void {
  deadlock.isOver = true;
  process.deadlock = undefined;
}
