/** What the world tells the kernel. Plain data: a recording is a list of these. Every input is stamped with its time. */
import type { BudgetNodeSpec } from './budget-limits.ts';
import type { ModelFailureCode } from './errors.ts';
import type { CoreId, Json, Pid, RequestId, TimerId } from './ids.ts';
import type { HistoryRecord, LedgerRecord, ProcessStarted, PromptNode } from './records.ts';
import type { SchedulingFacts } from './scheduling-facts.ts';
import type {
  AskedCall,
  Capabilities,
  ChildEnd,
  FinishReason,
  Message,
  ModelFailure,
  ToolResult,
} from './syscalls.ts';

export const signalNames = ['stop', 'continue', 'terminate', 'kill'] as const;
export type SignalName = (typeof signalNames)[number];

/**
 * `more`: another input of this instant follows. Who runs is then decided behind the last of them, on what all of them brought, as textbooks
 * do: of jobs that arrive together the first is not dispatched before the others are there.
 */
export type Input = { readonly atUs: number; readonly more?: true } & (
  | SpawnInput
  | CallProgress
  | CallEnded
  | ToolEnded
  | { readonly type: 'timer.fired'; readonly timer: TimerId }
  | PersonAnswered
  | RestoreInput
  | BudgetsInput
  | ReleaseInput
  | { readonly type: 'signal.sent'; readonly pid: Pid; readonly signal: SignalName }
  | MessageInput
  | StorageDone
);

/** The world sends a process a message, which it receives like one of another process, from 0. One to a process that has ended, or whose mailbox is full, changes nothing. */
export interface MessageInput {
  readonly type: 'message.sent';
  readonly to: Pid;
  readonly message: Json;
}

/** Nodes join the budget tree: one that is there with the same definition stays as it is, another definition is refused. */
export interface BudgetsInput {
  readonly type: 'budgets.added';
  readonly budgets: readonly BudgetNodeSpec[];
  /** What runs have booked at these nodes and below, of each run from its start. What this kernel has booked already is not booked again. */
  readonly ledger?: readonly LedgerRecord[];
}

/** A run leaves the kernel: it is over, or stopped with nothing under way, to be restored here or elsewhere. Its name is free again. */
export interface ReleaseInput {
  readonly type: 'run.released';
  readonly run: string;
  /** Nodes that leave the tree with it, which joined it at work; nobody else may use them. What was used of them is forgotten, not what was of those above. */
  readonly budgets?: readonly string[];
}

/** A root process starts: a run of its own. */
export interface SpawnInput {
  readonly type: 'process.spawned';
  /** Join the tree before, as of BudgetsInput. */
  readonly budgets?: readonly BudgetNodeSpec[];
  readonly program: string;
  readonly arguments: Json;
  readonly name: string;
  readonly run: string;
  readonly priority?: number;
  readonly budget?: string;
  readonly engine?: string;
  readonly capabilities?: Partial<Capabilities>;
  readonly scheduling?: SchedulingFacts;
  /** What its driver needs to build this world again, for whoever goes on with the run: kept with it, and read by nobody here. Never a secret. */
  readonly settings?: Json;
}

/**
 * Processes of a run go on after a crash: each from its last checkpoint (or from its start) with the results recorded since. They keep their
 * numbers, which are their pids here when nobody has these (pid-namespaces.ts); their pages are cold. Nothing that a history holds is done again. All of them exist before the first goes on.
 */
export interface RestoreInput {
  readonly type: 'run.restored';
  /** Parents before their children. */
  readonly processes: readonly RestoredProcess[];
  /** Pids up to this one are taken, by processes that have ended or are still to be restored. */
  readonly lastPid: number;
  /** Pids of processes of the run that have ended; absent: not told. */
  readonly ended?: readonly Pid[];
  /** Locks that somebody held when the crash came, of all runs: what one holds that is still to be restored is not given to others. */
  readonly locks: readonly RestoredLock[];
  /** The highest that was given out. */
  readonly lastToken: number;
  /** Semaphores of this run. */
  readonly semaphores: readonly RestoredSemaphore[];
  /** Join the tree before, as of BudgetsInput. */
  readonly budgets?: readonly BudgetNodeSpec[];
  /** Nodes of this kernel, by the names that the run's records have for them: it goes on with these names. Absent: the nodes are of these names. */
  readonly budgetNames?: Readonly<Record<string, string>>;
  /** All that the run has booked, in its order. What this kernel has booked already is not booked again. Absent: it is among the options of the kernel. */
  readonly ledger?: readonly LedgerRecord[];
}
export interface RestoredLock {
  readonly lock: string;
  /** 0: it ended without releasing the lock, and nobody has had it since. */
  readonly owner: Pid | 0;
  /** Of the owner; absent: it is known by its pid alone. */
  readonly run?: string;
  readonly token: number;
}
export interface RestoredSemaphore {
  readonly semaphore: string;
  readonly count: number;
}
export interface RestoredProcess {
  readonly started: ProcessStarted;
  readonly checkpoint: RestoredCheckpoint | undefined;
  /** From the checkpoint's own on, which is missing when the crash came before it had its result. */
  readonly history: readonly HistoryRecord[];
  /** Children that had ended and had not been waited for. */
  readonly endedChildren: readonly ChildEnd[];
  /** Sent to it and not received, in order. */
  readonly mailbox: readonly Message[];
  /** The batch of tool calls that it was in, when some of them had started or ended. */
  readonly batch: RestoredBatch | undefined;
  /** The signal that still holds: it stays suspended, or ends now. */
  readonly signal: HeldSignal | undefined;
  /** The stops that found it behind its checkpoint, in order. */
  readonly stops: readonly RestoredStop[];
  /** Model calls of it that had ended, those before its checkpoint included. */
  readonly calls: number;
  /** How long its journal is. */
  readonly journalled: number;
}
export type HeldSignal = Exclude<SignalName, 'continue'>;
/** It was stopped when its program had asked for syscall `n` (0: for none); continued at `untilUs`, null: it still is stopped. */
export interface RestoredStop {
  readonly n: number;
  readonly untilUs: number | null;
}
export interface RestoredBatch {
  /** Number and hash of its syscall. */
  readonly n: number;
  readonly hash: number;
  readonly calls: readonly RestoredCall[];
}
export interface RestoredCall {
  readonly index: number;
  readonly attempt: number;
  /** `unknown`: started, and then the crash came. `repeated`: failed, to be started again. */
  readonly end: ToolResult | 'unknown' | 'repeated';
}
export interface RestoredCheckpoint {
  readonly n: number;
  /** When it was asked for. */
  readonly atUs: number;
  readonly state: Json;
  readonly prompt: readonly PromptNode[];
  readonly nextPage: number;
  readonly random: Json;
}

/** What a stretch on a core cost in time (µs) and tokens. The rest of the stretch is decoding. */
export interface Spent {
  /** What it cost that another process had run on the core; absent where that is nothing on this engine. */
  readonly switchUs?: number;
  readonly newPrefillUs: number;
  readonly repeatedPrefillUs: number;
  readonly loadUs: number;
}

export interface CallProgress {
  readonly type: 'call.progress';
  readonly core: CoreId;
  readonly pid: Pid;
  /** Answer tokens so far, over all stretches of the call. */
  readonly tokensOut: number;
}

/** Each start is answered by exactly one end: the core stays taken until it arrives. */
export interface CallEnded extends Spent {
  readonly type: 'call.ended';
  readonly core: CoreId;
  readonly pid: Pid;
  /** `stopped`: the kernel asked for it and the call can go on later; the answer is partial. */
  readonly reason: 'completed' | 'stopped' | 'failed';
  /** Answer tokens so far, over all stretches of the call. */
  readonly tokensOut: number;
  /** Prompt tokens and cached ones as the provider reports them; absent: as the kernel counted. */
  readonly tokensIn?: number;
  readonly tokensCached?: number;
  /** The answer; of `stopped` what had come of it. */
  readonly text?: string;
  readonly toolCalls?: readonly AskedCall[];
  readonly finish?: FinishReason;
  /** The text of the answer's page, as the device words answers for the model; absent: `text`. */
  readonly page?: string;
  /** Tokens of that page, where they are others than the answer's: what the model only thought is no part of it. */
  readonly pageTokens?: number;
  /** What the model thought in this stretch, where its provider tells: no part of the answer or of any prompt, kept for the audit log. */
  readonly reasoning?: string;
  /** For `failed`; without a code: MODEL_FAILED. */
  readonly code?: ModelFailureCode;
  readonly message?: string;
  readonly failure?: ModelFailure;
}

export interface ToolEnded {
  readonly type: 'tool.ended';
  readonly request: RequestId;
  /** Of which start; absent: of the last one. An end that is told twice must not pass for that of the repeat. */
  readonly attempt?: number;
  readonly ok: boolean;
  /** The result, or for a failure its message. */
  readonly value: Json;
}

export interface PersonAnswered {
  readonly type: 'person.answered';
  readonly request: RequestId;
  readonly decision: 'approve' | 'edit' | 'deny' | 'answer';
  readonly value: Json;
  /** Who it was, for the audit log. */
  readonly by?: string;
}

export interface StorageDone {
  readonly type: 'storage.done';
  readonly request: RequestId;
  readonly ok: boolean;
  readonly value: Json;
}
