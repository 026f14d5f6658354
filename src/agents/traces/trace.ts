/** What a run did, as steps that hang on one another, and what is told of it while it happens. Plain data. */
import type { KernelErrorCode } from '../../kernel/errors.ts';
import type { Json, Pid, RequestId } from '../../kernel/ids.ts';
import type { ModelFailure } from '../../kernel/syscalls.ts';

export type StepType =
  | 'memory_read'
  | 'llm_call'
  /** A model call in which an agent judges its own work: of the purpose `reflection` or `critique`. */
  | 'reflection'
  | 'tool_call'
  /** What a person said: to a question of the program, or of a step. */
  | 'feedback'
  | 'memory_write'
  /** The end of a process. */
  | 'conclusion';

/** `open`: under way; `timed-out`: it had no result in time; `cancelled`: its process ended before it had one. */
export type StepStatus = 'open' | 'done' | 'failed' | 'timed-out' | 'cancelled';

export interface Step {
  /** From 1, without gaps. */
  readonly sequence: number;
  readonly type: StepType;
  /** The process whose step it is, its name, and the number of its syscall; 0: none. */
  readonly pid: Pid;
  readonly name: string;
  readonly n: number;
  /** Place in a batch of tool calls. */
  readonly index: number;
  /** What it follows from: steps with lower sequences, none twice. Tool calls of one batch have the same, and what their process does next has all of them. */
  readonly parents: readonly number[];
  readonly status: StepStatus;
  /** By type, see docs/memory.md. What is known at the start, and at the end its result. */
  readonly data: { readonly [field: string]: Json };
  readonly startedUs: number;
  /** -1: it is open. */
  readonly endedUs: number;
  /** Of a model call, what was settled for it, over all its stretches. */
  readonly usage: StepUsage;
}

export interface StepUsage {
  readonly tokensIn: number;
  /** Of these found in memory. */
  readonly tokensCached: number;
  readonly tokensOut: number;
  readonly microDollars: number;
}

export const noUsage: StepUsage = { tokensIn: 0, tokensCached: 0, tokensOut: 0, microDollars: 0 };

/** A run waits while a person is asked something; it is not completed then. */
export type TraceStatus = 'running' | 'waiting' | 'completed' | 'failed' | 'cancelled';

export interface Trace {
  readonly run: string;
  /** Of its root process. */
  readonly pid: Pid;
  readonly name: string;
  readonly program: string;
  readonly arguments: Json;
  /** Of the root process, once all processes of the run have ended; a killed one counts as cancelled. */
  readonly status: TraceStatus;
  /** What the root process ended with. */
  readonly value: Json;
  readonly startedUs: number;
  /** -1: it has not ended. */
  readonly endedUs: number;
  /** By sequence. */
  readonly steps: readonly Step[];
  /** The sum over all steps, and how many model calls came to an end. */
  readonly usage: StepUsage & { readonly calls: number };
}

/** What happens in a run, in order. `step`: the sequence of the step; `pid`: of its process, of the run's first where it is no step. */
export type TraceEvent = {
  readonly run: string;
  readonly atUs: number;
  readonly pid: Pid;
} & TraceEventBody;

export type TraceEventBody =
  | { readonly type: 'trace_started'; readonly name: string; readonly arguments: Json }
  | {
      readonly type: 'step_started';
      readonly step: number;
      readonly stepType: StepType;
      /** Of its process. */
      readonly name: string;
      readonly parents: readonly number[];
      readonly data: { readonly [field: string]: Json };
    }
  /** A memory_read has its result. */
  | { readonly type: 'memory_loaded'; readonly step: number; readonly ok: boolean; readonly memories: number }
  /** Text of an answer under way. `offset`: how many characters of it were told before, since its last restart. */
  | { readonly type: 'text_delta'; readonly step: number; readonly offset: number; readonly text: string }
  /** A call that was stopped goes on, with an answer from its beginning; `text`: what had come of it until then. */
  | { readonly type: 'llm_call_restarted'; readonly step: number; readonly text: string }
  | {
      readonly type: 'llm_call_completed';
      readonly step: number;
      readonly ok: boolean;
      /** The answer; of a failed call what had come of it. */
      readonly text: string;
      /** Of a failed call. */
      readonly code?: KernelErrorCode;
      readonly message?: string;
      readonly failure?: ModelFailure;
      readonly usage: StepUsage;
    }
  /** A person is asked. `tool`: whether this tool may be called; for the purpose `answer`, the tool by which the model asks. */
  | {
      readonly type: 'awaiting_user_action';
      readonly step: number;
      readonly request: RequestId;
      readonly purpose: 'approve' | 'edit' | 'answer';
      readonly question: Json;
      readonly tool?: string;
    }
  /** `attempt`: repeats so far. */
  | {
      readonly type: 'tool_executing';
      readonly step: number;
      readonly tool: string;
      readonly arguments: Json;
      readonly attempt: number;
    }
  /** Once for each tool call that has a result, also a refused one; not for a failure after which it is repeated. */
  | {
      readonly type: 'tool_result';
      readonly step: number;
      readonly tool: string;
      readonly ok: boolean;
      /** For a failure, its message. */
      readonly value: Json;
      readonly code?: KernelErrorCode;
    }
  /** What a tool call came to when it was over already, after a time-out or the end of its process: no program learns of it. */
  | {
      readonly type: 'tool_late';
      readonly step: number;
      readonly tool: string;
      readonly ok: boolean;
      /** For a failure, its message. */
      readonly value: Json;
    }
  /** A step of another type has its result. */
  | { readonly type: 'step_completed'; readonly step: number; readonly ok: boolean }
  | { readonly type: 'conclusion'; readonly step: number; readonly value: Json }
  /** The last: all processes of the run have ended. */
  | TraceEnd;

export type TraceEnd = {
  readonly type: 'trace_completed' | 'trace_failed' | 'trace_cancelled';
  readonly value: Json;
  /** Why it failed, by a code of the kernel or of its program, and in one line; '' and '' when it did not. */
  readonly code: string;
  readonly message: string;
  readonly usage: Trace['usage'];
};

export const isTraceEnd = (event: TraceEventBody): event is TraceEnd =>
  event.type === 'trace_completed' || event.type === 'trace_failed' || event.type === 'trace_cancelled';
