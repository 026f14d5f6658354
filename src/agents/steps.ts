/**
 * The steps of a recorded or scripted agent: plain data, so that a workload, a scenario file and a recording of inputs all
 * carry whole agents. The programs `replayed` and `scripted` run them; trace readers and workload generators make them.
 */
import type { SchedulingFacts } from '../kernel/scheduling-facts.ts';

export type AgentStep =
  | PageStep
  | ContextStep
  | ThinkStep
  | ToolsStep
  | AskStep
  | SleepStep
  | SpawnStep
  | WaitStep
  | CheckpointStep
  | SendStep
  | ReceiveStep
  | AcquireStep
  | ReleaseStep
  | SemOpenStep
  | SemWaitStep
  | SemPostStep;

/** One page joins the prompt: a message or a tool result. `text` is hashed for identity; tokens default to the estimate of `text`. */
export interface PageStep {
  readonly op: 'page';
  readonly kind: PageKind;
  readonly text?: string;
  /** Tokens > 0; by the default estimator (characters / 4, rounded up) of `text` when absent. */
  readonly tokens?: number;
  /** 0 to 1; default 0.5, system 1.0 (and pinned), results 0.7. */
  readonly importance?: number;
  readonly pinned?: boolean;
}
export type PageKind = 'system' | 'user' | 'assistant' | 'tool' | 'block';

/**
 * The prompt becomes: its first `keep` blocks, then `runs` of consecutive block ids [firstId, count]. Ids mean something within
 * `space` only (a session; the same space and id is the same content), every block has `blockTokens` tokens.
 */
export interface ContextStep {
  readonly op: 'context';
  readonly space: string;
  readonly blockTokens: number;
  readonly keep: number;
  readonly runs: readonly (readonly [first: number, count: number])[];
}

/**
 * One model call. `durationUs` is the recorded time of the call; absent: by the engine's rates. `tokensIn` is the recorded prompt
 * length when the pages do not give it exactly (a last partial block).
 */
export interface ThinkStep {
  readonly op: 'think';
  readonly tokensIn?: number;
  readonly tokensOut: number;
  readonly durationUs?: number;
  /** The recorded answer. */
  readonly text?: string;
  /** Whether the answer joins the prompt as a page of `tokensOut` tokens (importance 0.7); default: when there is a `text`. */
  readonly keep?: boolean;
  /** Upper bound reserved before the call; default `tokensOut`. */
  readonly maxOutput?: number;
}

/** One batch of tool calls; results come back in call order and join the prompt as pages unless `keep` is false. */
export interface ToolsStep {
  readonly op: 'tools';
  readonly calls: readonly RecordedToolCall[];
  readonly keep?: boolean;
}
export interface RecordedToolCall {
  readonly tool: string;
  readonly arguments: unknown;
  /** The recorded result text; `failed` when the tool reported an error. Absent: the tool is really run. */
  readonly result?: string;
  readonly failed?: boolean;
  /** Recorded time of the call; absent: drawn. */
  readonly durationUs?: number;
}

/** A wait for a person. The recorded answer joins the prompt as a user page. */
export interface AskStep {
  readonly op: 'ask';
  readonly question?: string;
  readonly answer?: string;
  readonly durationUs?: number;
}
export interface SleepStep {
  readonly op: 'sleep';
  readonly us: number;
}
/** A child process; `key` names it for a later `wait`. */
export interface SpawnStep {
  readonly op: 'spawn';
  readonly key: string;
  readonly agent: AgentSpec;
}
export interface WaitStep {
  readonly op: 'wait';
  readonly key: string;
}
export interface CheckpointStep {
  readonly op: 'checkpoint';
}
/** A message to the parent (`parent`) or to the child with that key. */
export interface SendStep {
  readonly op: 'send';
  readonly to: string;
  readonly text: string;
}
export interface ReceiveStep {
  readonly op: 'receive';
}
/** A lock that all agents know by its name. With `timeoutUs` the step fails when the lock is not free in time. */
export interface AcquireStep {
  readonly op: 'acquire';
  readonly lock: string;
  readonly timeoutUs?: number;
}
export interface ReleaseStep {
  readonly op: 'release';
  readonly lock: string;
}
/** A counting semaphore that an agent shares with its children and theirs; who opens it first gives the count. */
export interface SemOpenStep {
  readonly op: 'semOpen';
  readonly semaphore: string;
  readonly count: number;
}
export interface SemWaitStep {
  readonly op: 'semWait';
  readonly semaphore: string;
  readonly timeoutUs?: number;
}
export interface SemPostStep {
  readonly op: 'semPost';
  readonly semaphore: string;
}

/** One agent of a workload. `messages` is how many recorded messages it has (system, user, assistant, tool), for the report. */
export interface AgentSpec {
  readonly name: string;
  /** µs since the workload began; absent when the file records none. */
  readonly arrivalUs?: number;
  /** 0 to 100, smaller first; default 50. */
  readonly priority?: number;
  readonly messages?: number;
  /** Name of its budget node; default: one of its own where the run has one, else the root. */
  readonly budget?: string;
  /** Share, deadline, client and expectations, for the scheduling policies that ask for them. */
  readonly scheduling?: SchedulingFacts;
  readonly steps: readonly AgentStep[];
}
