/** What must be durable before anything that depends on it starts. Both kinds of record carry a format version. */
import type { Json, Pid } from './ids.ts';
import type { Input, SignalName } from './inputs.ts';
import type { Outcome } from './process-state.ts';
import type { Capabilities, SyscallResult, ToolResult } from './syscalls.ts';
import type { SchedulingFacts } from './scheduling-facts.ts';

/** Raised when a field changes its meaning; a reader refuses versions it does not know. */
export const historyVersion = 1;
export const recordingVersion = 1;

/** One line of a process's history, or of the run's, the ledger's or the audit log's. */
export type KernelRecord =
  | RunStarted
  | ProcessStarted
  | HistoryRecord
  | JournalRecord
  | CheckpointRecord
  | LedgerRecord
  | AuditRecord
  | PageRecord
  | ProcessEnded
  | RecordingRecord;

export interface RunStarted {
  readonly v: number;
  readonly type: 'run.started';
  readonly run: string;
  readonly branch: string;
  /** What the branch was started with, of the driver's world (`SpawnInput.settings`); absent: nothing was said. */
  readonly settings?: Json;
  /** What it was made from; absent: it is the run's first. */
  readonly origin?: BranchOrigin;
  readonly atUs: number;
}
/** A branch that was made from another one, with what that held up to a step. A type, as it is JSON. */
export type BranchOrigin = {
  /** `rewind`: it takes over, and nothing goes on in the other one; `fork`: both stand side by side. */
  readonly kind: 'rewind' | 'fork';
  readonly branch: string;
  /** The last step that they have in common, by its number in both; 0: they begin anew. */
  readonly after: number;
  /** The result of this step was replaced. */
  readonly edited?: number;
};
export interface ProcessStarted {
  readonly v: number;
  readonly type: 'process.started';
  readonly run: string;
  readonly branch: string;
  readonly pid: Pid;
  readonly parent: Pid | 0;
  readonly name: string;
  readonly program: string;
  readonly programVersion: number;
  readonly arguments: Json;
  readonly priority: number;
  readonly budget: string;
  readonly engine: string;
  readonly capabilities: Capabilities;
  /** Its own and those that were handed down to it; absent: none. */
  readonly scheduling?: SchedulingFacts;
  readonly atUs: number;
}

/** The result of one syscall. `hash` is over kind and arguments; pages are named by hash and tokens, never by content. */
export interface HistoryRecord {
  readonly v: number;
  readonly type: 'history';
  readonly run: string;
  readonly branch: string;
  readonly pid: Pid;
  readonly n: number;
  readonly kind: string;
  readonly hash: number;
  /** What of its arguments tells a reader what it was: see asked.ts. Absent: nothing. */
  readonly asked?: Json;
  readonly result: SyscallResult<Json>;
  readonly atUs: number;
}

/**
 * What reached a process and its history does not tell, or not yet: durable as soon as whoever caused it may rely on it. `seq` counts from 1 within the
 * process. Recovery takes from this journal what the history does not hold yet.
 */
export type JournalRecord = JournalPlace & JournalBody;
interface JournalPlace {
  readonly v: number;
  readonly run: string;
  readonly branch: string;
  readonly pid: Pid;
  readonly seq: number;
  readonly atUs: number;
}
export type JournalBody = ToolStartRecord | ToolEndRecord | MessageRecord | SignalRecord | PartialRecord;

/** A tool call that writes is about to start. `n`, `index`: the rest of its identity; `hash`: of the whole batch, as its history will have it. */
interface ToolStartRecord extends ToolPlace {
  readonly type: 'tool.started';
  /** With these arguments, which may be another's than the program's: a person has edited them. Absent: written by an earlier version. */
  readonly tool?: string;
  readonly arguments?: Json;
}
interface ToolPlace {
  readonly n: number;
  readonly index: number;
  readonly hash: number;
  /** Repeats so far. */
  readonly attempt: number;
}
/** A tool call has its result: one that writes, also where it never started because a person said no; one that reads, where others of its batch have none yet. */
interface ToolEndRecord extends ToolPlace {
  readonly type: 'tool.ended';
  readonly result: ToolResult;
  /** It failed, and is started again. */
  readonly isRepeated: boolean;
}
/** A message is in the mailbox, or handed to the process that waited for it. */
interface MessageRecord {
  readonly type: 'message.sent';
  /** 0: the world. */
  readonly from: Pid | 0;
  readonly message: Json;
}
/** What had come of the answer of model call `n` when it was stopped, or its process ended: kept and paid for, and no part of an answer. */
interface PartialRecord {
  readonly type: 'answer.partial';
  readonly n: number;
  readonly text: string;
}
interface SignalRecord {
  readonly type: 'signal.sent';
  readonly signal: SignalName;
  /** The last syscall that its program had asked for, 0: none; behind a result that a stop finds there the program goes on at `continue` only. */
  readonly n: number;
}

/** One entry of a page table: enough to allocate the page again. */
export interface PromptNode {
  readonly hash: string;
  readonly tokens: number;
  /** The process's number of its first page, and how many pages follow one another. */
  readonly number: number;
  readonly pages: number;
  readonly space: string;
  readonly first: number;
  readonly importance: number;
  readonly pinned: boolean;
}

/**
 * A program's saved state. `tip` names the whole prompt: the chained hash of its nodes; `nodes` are only those behind `base`, the tip of the
 * checkpoint before, so that storage grows with what is new. `base` is '' for a prompt told from its start.
 */
export interface CheckpointRecord {
  readonly v: number;
  readonly type: 'checkpoint';
  readonly run: string;
  readonly branch: string;
  readonly pid: Pid;
  readonly n: number;
  readonly state: Json;
  readonly tip: string;
  readonly base: string;
  /** How many nodes of `base` still stand before `nodes`. */
  readonly keep: number;
  readonly nodes: readonly PromptNode[];
  /** The number of the process's next new page. */
  readonly nextPage: number;
  readonly random: Json;
  readonly atUs: number;
}

/** The content of a page, once for each hash: it lives outside the kernel's state, histories name it by hash. */
export interface PageRecord {
  readonly v: number;
  readonly type: 'page';
  /** The run that brought it first. */
  readonly run: string;
  readonly hash: string;
  readonly text: string;
}

/** What a call reserved or settled at its budget node; replayed to rebuild the ledger. What has no settlement counts in full. */
export interface LedgerRecord {
  readonly v: number;
  readonly type: 'ledger';
  readonly run: string;
  readonly pid: Pid;
  readonly n: number;
  readonly node: string;
  readonly what: 'reserved' | 'settled';
  /**
   * The reservation that this is about: when it was made, and its number in its kernel. A call has several when it is paid stretch by
   * stretch, or again after a crash.
   */
  readonly reservedUs: number;
  readonly seq: number;
  /** Prompt and answer. */
  readonly tokens: number;
  /** Of these: what of the prompt was found in memory, and the answer. */
  readonly tokensCached: number;
  readonly tokensOut: number;
  readonly calls: number;
  readonly microDollars: number;
  readonly coreUs: number;
  readonly atUs: number;
}

/**
 * Who did what, with which input and output (by hash), at what cost. `input` of a model call: `prompt/`, the chained hash of its prompt's
 * contents, `/`, its tokens. `output` of what failed: `error/` and the code; of what never had a result: `none`. The storage chains these records
 * (see audit-log).
 */
export interface AuditRecord {
  readonly v: number;
  readonly type: 'audit';
  readonly run: string;
  readonly pid: Pid;
  readonly n: number;
  readonly action: string;
  readonly input: string;
  readonly output: string;
  readonly microDollars: number;
  /** Of a model call: the hash of the page that holds what the model thought, where its provider tells. */
  readonly reasoning?: string;
  /** Who answered, of a person's word. */
  readonly person?: string;
  readonly atUs: number;
}

export interface ProcessEnded {
  readonly v: number;
  readonly type: 'process.ended';
  readonly run: string;
  readonly branch: string;
  readonly pid: Pid;
  readonly outcome: Outcome;
  readonly value: Json;
  readonly atUs: number;
}

/** A part of the recording of one kernel that drove the run, as its driver keeps it: its lines from where the part before it ended. */
export interface RecordingRecord {
  readonly v: number;
  readonly type: 'recording';
  readonly run: string;
  /** Names the kernel within the run. */
  readonly session: string;
  /** From 1. */
  readonly part: number;
  readonly lines: readonly Json[];
  readonly atUs: number;
}

/** First line of a recording: what is needed to build the same kernel. */
export interface RecordingHeader {
  readonly format: 'ringzero-recording';
  readonly v: number;
  readonly ringzero: string;
  readonly seed: number;
  readonly options: Json;
}
/** Last line: what a rerun must reproduce. */
export interface RecordingFooter {
  readonly end: true;
  readonly inputs: number;
  readonly events: number;
  readonly eventHash: string;
}
export type RecordingLine = RecordingHeader | Input | RecordingFooter;
