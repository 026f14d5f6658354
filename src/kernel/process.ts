import type { Rng } from '../base/rng.ts';
import type { Ring } from '../base/ring.ts';
import type { CheaperModel } from './budget-rules.ts';
import type { Charge } from './contracts.ts';
import type { EngineOptions } from './engine-options.ts';
import type { Engine } from './engine.ts';
import type { Family } from './family.ts';
import type { Json, Pid, RequestId, TimerId } from './ids.ts';
import { PageTable } from './memory/page-table.ts';
import type { NamedLock } from './named-locks.ts';
import type { Outcome, StateName, WaitReason } from './process-state.ts';
import type { PromptContents } from './prompt-contents.ts';
import type { Reservation } from './budgets.ts';
import type {
  Capabilities,
  ChildEnd,
  Message,
  Program,
  ProgramGenerator,
  Syscall,
  SyscallResult,
  ThinkCall,
} from './syscalls.ts';
import type { QuotaShare } from './quota-shares.ts';
import type { RestoredBatch } from './inputs.ts';
import type { HistoryRecord } from './records.ts';
import type { Semaphore } from './semaphores.ts';
import type { ToolBatch } from './tool-run.ts';
import type { SchedulingFacts } from './scheduling-facts.ts';
import type { ToldPrompt } from './told-prompt.ts';

/** Tokens, money and time that a process has used in all its lives, up to the last settlement of a call. What a crash interrupted counts in full. */
export interface Usage {
  tokensIn: number;
  tokensCached: number;
  tokensOut: number;
  /** Those that have ended, not refused ones. */
  calls: number;
  coreUs: number;
  microDollars: number;
  /** Pages that it needed and that were not usable, of all kinds, since its start or its last restore. */
  faults: number;
}

/** The process control block. Fields below a line belong to the part of the kernel that the line names. */
export class Process {
  // What each dispatch touches stands first and together: few lines of memory to load.
  readonly pid: Pid;
  /** Changed by Migration only. */
  engine: Engine;
  /** The engine that it left for one that a call named: the next call that names none goes back there. */
  returnsTo: Engine | undefined = undefined;
  /** Its own. */
  readonly priority: number;
  /** By which it is scheduled: its own, or that of a more urgent one that waits for a lock of it. */
  effectivePriority: number;
  /** Index of its budget node. */
  readonly budget: number;
  state: StateName = 'ready';
  /** In the policy's queue. */
  queued = false;
  /** What it used before a crash, until the policy has been told. */
  pastCharge: Charge | undefined = undefined;
  core = -1;
  call: Call | undefined = undefined;
  readonly table: PageTable;
  /** Number of syscalls so far. */
  n = 0;
  sinceUs: number;
  /** Signalled to end while its call still runs: it ends when the core is free. */
  ending: 'cancelled' | 'killed' | undefined = undefined;

  readonly name: string;
  readonly run: string;
  readonly family: Family;
  /** Its number in its run, and that of who started it: they are not its pids where the run has a namespace. */
  readonly runPid: Pid;
  readonly runParent: Pid | 0;
  readonly branch: string;
  readonly program: Program;
  readonly args: Json;
  readonly capabilities: Capabilities;
  readonly facts: SchedulingFacts;
  readonly client: number;
  /** The pid of the process that started it, for good; 0: a root process. */
  readonly startedBy: Pid | 0;
  /** Who started it, until that has ended. */
  parent: Process | undefined;
  children: Process[] | undefined = undefined;

  // processes
  /** In its first life. */
  readonly startedUs: number;
  /** While `waiting`, and while suspended from waiting. */
  waitingOn: WaitReason = '';
  /** While `suspended`. */
  suspension: Suspension | undefined = undefined;
  outcome: Outcome | undefined = undefined;
  value: Json = null;
  /** Signalled to stop while its call still runs: it is suspended when the core is free. */
  stopping = false;

  // programs
  generator: ProgramGenerator | undefined = undefined;
  /** Its code is on the stack: the generator cannot be told to return. */
  isRunningCode = false;
  lastSyscall: Syscall | undefined = undefined;
  /** Its hash, as a history keeps it. */
  lastHash = 0;
  rng: Rng | undefined = undefined;
  /** The syscall that it waits in. */
  pending: Pending | undefined = undefined;
  toldPrompt: ToldPrompt | undefined = undefined;
  contents: PromptContents | undefined = undefined;
  /** While its history is fed to it. */
  replay: Replay | undefined = undefined;
  /** How many syscalls it made at the instant of the last one. */
  instantUs = -1;
  instantCalls = 0;
  /** The batch of tool calls in which the crash found it: it must ask for it next, behind its history. */
  interrupted: RestoredBatch | undefined = undefined;
  /** Length of its journal. */
  journalled = 0;
  tools: ToolBatch | undefined = undefined;

  // locks and semaphores
  /** Those that it holds, in the order in which it got them. */
  locks: Set<NamedLock> | undefined = undefined;
  /** Only other processes can end its wait. */
  waitsForOthers = false;
  /** Of which it was told to be a member, while its wait lasts. */
  deadlock: Deadlock | undefined = undefined;

  // scheduler
  /** Tokens of the prompt and answer of its last call: what the next one can expect to find. */
  foundTokens = 0;
  /** Kept out by load control until it allows the call. */
  held = false;
  /** It was kept out, and has been let on: it stands before those that still are. */
  letOn = false;
  quota: QuotaShare | undefined = undefined;
  /** While it stands ready, where it may change its engine: from when on, µs; -1: nobody has asked. And whether it is counted among those that may not yet. */
  leavesUs = -1;
  isBound = false;
  /** What it had used when it left an engine, by the engine's number: what the policy there knows of. */
  known: Map<number, Charge> | undefined = undefined;

  // memory, mailbox, usage
  /** When a call of it last found less in memory than it had used before; -1: never, in this life. */
  lastFaultUs = -1;
  mailbox: Ring<Mail> | undefined = undefined;
  /** Messages sent to it so far. */
  mailCount = 0;
  endedChildren: Ring<ChildEnd> | undefined = undefined;
  readonly usage: Usage = {
    tokensIn: 0,
    tokensCached: 0,
    tokensOut: 0,
    calls: 0,
    coreUs: 0,
    microDollars: 0,
    faults: 0,
  };

  constructor(fields: ProcessFields) {
    this.pid = fields.pid;
    this.runPid = fields.runPid;
    this.runParent = fields.runParent;
    this.table = new PageTable(fields.pid);
    this.name = fields.name;
    this.run = fields.run;
    this.branch = fields.branch;
    this.family = fields.family;
    this.program = fields.program;
    this.args = fields.args;
    this.engine = fields.engine;
    this.budget = fields.budget;
    this.capabilities = fields.capabilities;
    this.priority = fields.priority;
    this.effectivePriority = fields.priority;
    this.startedBy = fields.startedBy;
    this.parent = fields.parent;
    this.sinceUs = fields.nowUs;
    this.startedUs = fields.startedUs;
    this.facts = fields.facts;
    this.client = fields.client;
  }

  /** The instant by which it should have ended, µs; Infinity: none. */
  get deadlineUs(): number {
    const { deadlineUs } = this.facts;
    return deadlineUs === undefined ? Infinity : this.startedUs + deadlineUs;
  }

  get isDeadlocked(): boolean {
    return this.deadlock?.isOver === false;
  }

  /** Core time, that of the call under way included, µs. */
  get coreUs(): number {
    return this.usage.coreUs + (this.call?.coreUs ?? 0);
  }
}

export interface ProcessFields {
  readonly pid: Pid;
  readonly runPid: Pid;
  readonly runParent: Pid | 0;
  readonly name: string;
  readonly run: string;
  readonly branch: string;
  readonly family: Family;
  readonly program: Program;
  readonly args: Json;
  readonly engine: Engine;
  readonly budget: number;
  readonly capabilities: Capabilities;
  readonly priority: number;
  readonly startedBy: Pid | 0;
  readonly parent: Process | undefined;
  readonly facts: SchedulingFacts;
  readonly client: number;
  readonly startedUs: number;
  readonly nowUs: number;
}

/** The number by which `process` knows `other`; 0: it has none for it. */
export function numberFor({ family }: Process, other: Process): Pid | 0 {
  if (other.family === family) return other.runPid;
  return family.namespace === undefined ? other.pid : 0;
}

/** As `process` is told of `other`, in words. */
export function nameFor(process: Process, other: Process): string {
  const number = numberFor(process, other);
  return number === 0 ? 'a process of another run' : `process ${number}`;
}

/** Over as soon as the wait of one member is. */
export interface Deadlock {
  isOver: boolean;
}

/** Why a process is suspended, and how it goes on. */
export interface Suspension {
  by: 'signal' | 'load-control' | 'budget';
  /** 'queue': asking for a core; 'wait': waiting for what it waited for; 'run': with `delivered`. */
  from: 'queue' | 'wait' | 'run';
  /** What its program goes on with, when that arrived meanwhile: a result, or (undefined) its start. */
  delivered?: { readonly result: SyscallResult<unknown> | undefined };
}

/** The history of a process that goes on after a crash, until its program has asked for the first syscall behind it. */
export interface Replay {
  /** The syscalls behind its checkpoint, by number; the first of them is syscall `from`. */
  readonly records: readonly HistoryRecord[];
  readonly from: number;
  /** Until when stops held that found it at a syscall, by its number; Infinity: until now. */
  readonly stops: ReadonlyMap<number, number>;
  /** The last syscall whose result the program has, and when that arrived: at first its checkpoint, or 0 and its start. */
  n: number;
  atUs: number;
}

/**
 * When the program of `process` went on with the last result it has: the time that it sees, and at which it asks for its next syscall. While it is
 * fed its history this is the time of then, so that it asks for the same again, and that what it waited for when the crash came begins then.
 */
export function programTimeUs({ replay }: Process, nowUs: number): number {
  if (replay === undefined) return nowUs;
  return Math.min(nowUs, Math.max(replay.atUs, replay.stops.get(replay.n) ?? 0));
}

/** When the syscall of `process` is over after `us`; one that a crash interrupted has waited before. */
export function dueUs(process: Process, nowUs: number, us: number): number {
  return Math.max(nowUs, programTimeUs(process, nowUs) + us);
}

/** The number of the last syscall that its program asked for; of one that its history waits to be fed to, the one that it will ask for. */
export function lastAsked({ n, replay }: Process): number {
  return replay === undefined ? n : replay.from + replay.records.length;
}

/** Where the call of `process` is to run, as far as it can be said: who asks for a core may still be on another engine. */
export function placeOf({ call, engine }: Process): Engine {
  return call?.home ?? engine;
}

/** A model call, from the syscall to its settlement, over all its stretches on cores. */
export interface Call {
  readonly think: ThinkCall;
  /** Of `think`: each dispatch needs it. */
  readonly script: ThinkCall['script'];
  /** The name of its prompt in the audit log; '' without records. */
  readonly input: string;
  /** Prompt tokens beyond the pages. */
  readonly extraTokens: number;
  /** Prompt tokens beyond what its process used before. */
  readonly freshTokens: number;
  /** Tokens of context memory beside the pages: `extraTokens` and the longest answer. */
  readonly room: number;
  /** It runs without memory: it is larger (`--oversize bypass`), or on another model. */
  bypass: boolean;
  /** What it costs and how long it takes: the engine's, or those of the model to which it was degraded. It keeps the model that it began with. */
  options: EngineOptions;
  degradedTo: CheaperModel | undefined;
  /** On which alone it runs: the engine that its request names, or to which its process returns; undefined: on any. */
  readonly home: Engine | undefined;
  stretches: number;
  /** Answer tokens of finished stretches. */
  tokensOut: number;
  /** Since the reservation: core time, µs; prompt tokens billed, and those of them that were found in memory. */
  coreUs: number;
  tokensIn: number;
  tokensCached: number;
  /** Of the pages of its prompt, what had been used on its engine before its last dispatch, evicted or not. */
  sentTokens: number;
  /** Since when it asks for a core, waits for memory included. */
  readySinceUs: number;
  reservation: Reservation | undefined;
  /** The budget node at which it was last told to wait; -1: at none. */
  waitsAt: number;
  /** The budget node at which it was last told that it is paced; -1: at none. */
  pacedAt: number;
  /** What its last stretch left of bringing its context back, µs at most: the next one goes on with it before its slice begins. */
  restoreLeftUs: number;
  /** Orders waiters for budget and memory: first come, first served. */
  readonly seq: number;
  /** Of its answer tokens and stretches, already settled. */
  settledOut: number;
  /** Core time of reservations that are settled, µs. */
  settledUs: number;
  settledStretches: number;
  /** Settled so far, over all reservations of the call. */
  paidIn: number;
  paidCached: number;
  paidMicroDollars: number;
  /** What its model has thought so far. */
  reasoning: string;
}

/** A message in a mailbox, by its number among all that were sent to its receiver. */
interface Mail {
  readonly number: number;
  /** Its pid; `message.from` is what the receiver knows it by. 0: the world. */
  readonly sender: Pid | 0;
  readonly message: Message;
}

/** What a waiting process waits for, beside a model call. */
export type Pending =
  | { readonly kind: 'timer'; readonly timer: TimerId }
  | { readonly kind: 'receive'; readonly timer: TimerId | undefined }
  | { readonly kind: 'lock'; readonly lock: NamedLock; readonly timer: TimerId | undefined }
  | { readonly kind: 'semaphore'; readonly semaphore: Semaphore; readonly timer: TimerId | undefined }
  | {
      readonly kind: 'wait';
      readonly pid: Pid | 0;
      readonly timer: TimerId | undefined;
      readonly orMessage: boolean;
    }
  | { readonly kind: 'question'; readonly request: RequestId }
  | { readonly kind: 'storage'; readonly request: RequestId }
  | { readonly kind: 'tools' };
