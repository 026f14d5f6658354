/** The system calls: plain data that a program yields, and what it gets back. */
import type { Rng } from '../base/rng.ts';
import type { KernelErrorCode, ModelFailureCode } from './errors.ts';
import type { Json, PageNumber, Pid } from './ids.ts';
import type { Outcome } from './process-state.ts';
import type { SignalName } from './inputs.ts';
import type { SchedulingFacts } from './scheduling-facts.ts';

/** A failed syscall is a value that the program can act on, never an exception. `failure`: what a model's server said of a call that failed. */
export type SyscallResult<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly code: KernelErrorCode;
      readonly message: string;
      readonly failure?: ModelFailure;
    };

/** What a program needs to know of a failed model call to decide whether to ask again. A type, as results are JSON, which an interface is not known to be. */
export type ModelFailure = {
  /** The same call may succeed later. */
  readonly retryable: boolean;
  /** HTTP status, when the server gave one. */
  readonly status?: number;
  /** The server asks not to be called again for this long, µs. */
  readonly retryAfterUs?: number;
  /** What had come of the answer. */
  readonly partial?: string;
};

/** What a simulated model device says and how long it takes; a live one ignores it. */
export interface ThinkScript {
  readonly tokensOut: number;
  /** Fixed core time of the call (a textbook burst, or a recorded time), µs, but for what was evicted and must come back; absent: by the engine's rates. */
  readonly durationUs?: number;
  readonly text?: string;
  /** What the provider counts as prompt; absent: what the kernel counts. */
  readonly tokensIn?: number;
  /** Tokens of the answer's page, where they are others than `tokensOut`; absent: the same. */
  readonly pageTokens?: number;
  /** What the provider says it found of that in its cache; absent: what the kernel finds in context memory. */
  readonly tokensCached?: number;
  readonly toolCalls?: readonly AskedCall[];
  readonly finish?: FinishReason;
  /** The call ends so, with this message. */
  readonly failure?: ScriptedFailure;
}
export type ScriptedFailure = ModelFailure & {
  readonly code: ModelFailureCode;
  readonly message: string;
};

/**
 * What a model is asked beside its prompt. The kernel hands it on and tells its purpose; the device reads it, and times out a call whose time on a core exceeds `timeoutUs`.
 */
export interface ModelRequest {
  /** What the call is for, not empty: `turn`, `reflection`, `critique`, `summary` or another word; for whoever reads a trace. Absent: a turn. */
  readonly purpose?: string;
  /** The name of an engine: the call runs there and nowhere else. Any other is one that the model server of its engine knows. Absent: its engine's own. */
  readonly model?: string;
  /** Names of the tools that the model may ask for; absent: none. */
  readonly tools?: readonly string[];
  /** Tools beside those, which the program itself carries out: no registry knows them. */
  readonly ownTools?: readonly OfferedTool[];
  /** Whether it must, may or must not ask for a tool, or for which; absent: it may. */
  readonly toolChoice?: ToolChoice;
  readonly temperature?: number;
  readonly sampling?: Sampling;
  /** JSON Schema that the answer is to follow. */
  readonly format?: Json;
  readonly timeoutUs?: number;
}

export type ToolChoice = 'auto' | 'none' | 'required' | { readonly tool: string };

/** How else a model draws its answer; a model server leaves out what it does not know. A type, as it is JSON. */
export type Sampling = {
  readonly topP?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly seed?: number;
  /** Texts at which the answer ends. */
  readonly stop?: readonly string[];
  /** How long it thinks first. */
  readonly reasoning?: 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh';
};

/** A tool as a model gets to know it. A type, as it is JSON. */
export type OfferedTool = {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments: an object schema. */
  readonly parameters: Json;
};

/** Why a model stopped. `length`: the answer is as long as it may be, and cut off. */
export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'other';

/** A tool call that a model asks for; its program decides whether to make it. */
export type AskedCall = {
  /** The model's own, by which it knows the result. */
  readonly id: string;
  readonly tool: string;
  /** Absent when what it wrote is no JSON object. */
  readonly arguments?: Json;
  /** What it wrote instead, cut off or wrong: such a call is never made. */
  readonly malformed?: string;
};

export interface ThinkCall {
  readonly kind: 'think';
  /** Tokens reserved for the answer, in budget and memory; > 0. */
  readonly maxOutput: number;
  /** The prompt's length when its pages don't give it: what goes beyond them (an unfinished block) is never cached. Default: the pages. */
  readonly promptTokens?: number;
  /** True: the answer becomes a page of the prompt (importance 0.7). Default: when it has text. */
  readonly keepAnswer?: boolean;
  readonly request?: ModelRequest;
  readonly script?: ThinkScript;
}
export interface Answer {
  readonly text: string;
  readonly tokensIn: number;
  readonly tokensCached: number;
  readonly tokensOut: number;
  /** The cheaper model that gave the answer, when its budget degraded the call. */
  readonly model?: string;
  /** Absent: none. */
  readonly toolCalls?: readonly AskedCall[];
  /** As the model's server says; absent: it does not. */
  readonly finish?: FinishReason;
  /** The answer's page, when it joined the prompt. */
  readonly page?: PageNumber;
  /** What that page holds, when the device worded it: the hash of its text, and its tokens. */
  readonly content?: { readonly hash: string; readonly tokens: number };
}

export interface ToolCall {
  readonly tool: string;
  readonly arguments: Json;
  /** What a simulated tool answers; a live one ignores it. */
  readonly script?: { readonly result?: Json; readonly failed?: boolean; readonly durationUs?: number };
}
export interface CallTools {
  readonly kind: 'callTools';
  readonly calls: readonly ToolCall[];
  /** True (the default): results join the prompt as pages, importance 0.7, in call order. */
  readonly keepResults?: boolean;
}
/** One result for each call, in call order. A failure is a result like another. */
export type ToolResult = SyscallResult<Json>;

export interface Ask {
  readonly kind: 'ask';
  readonly question: Json;
  readonly purpose: 'approve' | 'edit' | 'answer';
  readonly script?: { readonly answer?: Json; readonly durationUs?: number };
}
export interface PersonReply {
  readonly decision: 'approve' | 'edit' | 'deny' | 'answer';
  readonly value: Json;
}

export interface Send {
  readonly kind: 'send';
  /** A name: the sibling of this name, a process that its parent started, too, and that lives; of several the latest. */
  readonly to: Pid | string;
  readonly message: Json;
}
export interface Receive {
  readonly kind: 'receive';
  /** Gives up with TIMEOUT after this many µs; absent: waits without end. */
  readonly timeoutUs?: number;
}
export interface Message {
  /** 0: the world. */
  readonly from: Pid | 0;
  readonly message: Json;
}

/** Asks for a lock, known by its name to all processes of the kernel. Asking for one that the process holds fails with DEADLOCK. */
export interface Acquire {
  readonly kind: 'acquire';
  readonly lock: string;
  /** Gives up with TIMEOUT after this many µs, 0: at once; absent: waits without end. */
  readonly timeoutUs?: number;
}
export interface Acquired {
  readonly lock: string;
  /** Rises with each acquire of any lock: what acts on the world under the lock can carry it, so that who lost the lock is known as late. */
  readonly token: number;
  /** The owner before ended without releasing it: what the lock protects may be half done. */
  readonly ownerEnded: boolean;
}
/** Gives a lock back; fails with NOT_OWNER when the process does not hold it. */
export interface Release {
  readonly kind: 'release';
  readonly lock: string;
}
export interface Released {
  readonly lock: string;
  /** That of its acquire. */
  readonly token: number;
}

/** Opens a counting semaphore, known by its name to the processes of the run; the first one to open it makes it, with this count. */
export interface SemOpen {
  readonly kind: 'semOpen';
  readonly semaphore: string;
  /** From 0. */
  readonly count: number;
}
export interface Opened {
  readonly semaphore: string;
  readonly count: number;
  readonly isNew: boolean;
}
/** Takes one, as soon as the count is above 0. */
export interface SemWait {
  readonly kind: 'semWait';
  readonly semaphore: string;
  /** As in `acquire`. */
  readonly timeoutUs?: number;
}
export interface SemPost {
  readonly kind: 'semPost';
  readonly semaphore: string;
}
/** What is left. */
export interface Counted {
  readonly semaphore: string;
  readonly count: number;
}

export interface Spawn {
  readonly kind: 'spawn';
  readonly program: string;
  readonly arguments: Json;
  readonly name?: string;
  /** 0 to 100; default: the parent's. */
  readonly priority?: number;
  /** Name of an existing budget node; default: the parent's. */
  readonly budget?: string;
  /** Default: the parent's. A child never has a capability that its parent lacks. */
  readonly capabilities?: Partial<Capabilities>;
  /** Default: the parent's, as far as they are handed down. */
  readonly scheduling?: SchedulingFacts;
}
export interface Wait {
  readonly kind: 'wait';
  /** A child, or 0 for any child. */
  readonly pid: Pid | 0;
  /** Gives up with TIMEOUT after this many µs, 0: at once; absent: waits without end. */
  readonly timeoutUs?: number;
  /** True: gives up with INTERRUPTED when a message is there, which stays in the mailbox. */
  readonly orMessage?: boolean;
}
export interface ChildEnd {
  readonly pid: Pid;
  readonly outcome: Outcome;
  readonly value: Json;
}
export interface Signal {
  readonly kind: 'signal';
  readonly pid: Pid;
  readonly signal: SignalName;
}

export interface Allocate {
  readonly kind: 'allocate';
  /** Tokens of each page, > 0. */
  readonly tokens: number;
  /** The content: `text` or `hash` for one page; `blocks` for `count` consecutive ids of a recorded space. Neither: content of its own. */
  readonly text?: string;
  readonly hash?: string;
  readonly blocks?: { readonly space: string; readonly first: number; readonly count: number };
  readonly importance?: number;
  readonly pinned?: boolean;
}
export interface Touch {
  readonly kind: 'touch';
  readonly pages: readonly PageNumber[];
}
export interface Pin {
  readonly kind: 'pin' | 'unpin';
  readonly page: PageNumber;
}
/** Takes pages out of the prompt, each named once, all of them or none; `free`: out of memory, too. In `prefix` residency what stands behind the first of them is computed again, once. */
export interface Drop {
  readonly kind: 'drop' | 'free';
  readonly pages: readonly PageNumber[];
}
export interface SetImportance {
  readonly kind: 'setImportance';
  readonly page: PageNumber;
  readonly importance: number;
}
/** Frees all pages behind the first `pages` of the table (a recorded context that was cut back). */
export interface Truncate {
  readonly kind: 'truncate';
  readonly pages: number;
}

export interface Remember {
  readonly kind: 'remember';
  readonly scope: string;
  /** What it is found by. */
  readonly text: string;
  /** Not empty: takes the place of what the scope remembers under this key. Absent: stands beside all others. */
  readonly key?: string;
  /** Handed back with the text. */
  readonly data?: Json;
}
/** Gives a list of RecalledMemory. */
export interface Recall {
  readonly kind: 'recall';
  readonly scope: string;
  readonly query: string;
  /** At most this many, best first; default 5. */
  readonly limit?: number;
}
/** `score`: how well it answers the query, above 0 and at most 1. A type, as results are JSON. */
export type RecalledMemory = {
  readonly text: string;
  readonly score: number;
  readonly key?: string;
  readonly data?: Json;
  /** When it was remembered. */
  readonly atUs: number;
};
export interface Checkpoint {
  readonly kind: 'checkpoint';
  readonly state: Json;
}
export interface Sleep {
  readonly kind: 'sleep';
  readonly us: number;
}
export interface YieldCore {
  readonly kind: 'yieldCore';
}
export interface Exit {
  readonly kind: 'exit';
  readonly value: Json;
  readonly outcome?: 'completed' | 'failed';
  /** Why it failed, in capitals: a code of the kernel or its own; default PROGRAM_FAILED. Only of one that failed. */
  readonly code?: string;
  /** The same in one line; default: its value, when that is a text. */
  readonly message?: string;
}

export type Syscall =
  | ThinkCall
  | CallTools
  | Ask
  | Send
  | Receive
  | Acquire
  | Release
  | SemOpen
  | SemWait
  | SemPost
  | Spawn
  | Wait
  | Signal
  | Allocate
  | Touch
  | Pin
  | Drop
  | SetImportance
  | Truncate
  | Remember
  | Recall
  | Checkpoint
  | Sleep
  | YieldCore
  | Exit;

/** What a process may do. */
export interface Capabilities {
  /** Tool names it may call; 'all' for every one. */
  readonly tools: 'all' | readonly string[];
  readonly spawn: boolean;
  /** Whom it may signal: its descendants, or every process. */
  readonly signal: 'descendants' | 'all';
  /** Whom it may send messages to: processes of its run, or every process. */
  readonly send: 'run' | 'all';
}
export const defaultCapabilities: Capabilities = {
  tools: 'all',
  spawn: true,
  signal: 'descendants',
  send: 'run',
};

/** What a program knows: who it is, what it was given, time and chance. It holds no other power than the syscalls it yields. */
export interface Sys {
  readonly pid: Pid;
  /** Who started it, also when that has ended; 0 for a root process. */
  readonly parent: Pid | 0;
  readonly name: string;
  readonly args: Json;
  /** Time of the last input, µs; while a history is fed to the program, the time at which it went on with the last result then. */
  readonly now: number;
  /** The process's own stream. */
  readonly random: Rng;
}

/**
 * The code a process runs. `state` is undefined at the first start, else what the last checkpoint saved. A yielded syscall is resumed
 * with its SyscallResult, whose value has the type that belongs to the syscall:
 * `const reply = (yield { kind: 'think', maxOutput: 500 }) as SyscallResult<Answer>;`
 */
export type ProgramBody = (sys: Sys, state: Json | undefined) => ProgramGenerator;
export type ProgramGenerator = Generator<Syscall, Json | void, SyscallResult<unknown>>;

/** A program has a name and a version: a process is restored only by the version that wrote its history. */
export interface Program {
  readonly name: string;
  readonly version: number;
  readonly body: ProgramBody;
}
