/** What the kernel asks of the world. The driver makes the records of the same step durable before it starts any call. */
import type { CheaperModel } from './budget-rules.ts';
import type { CoreId, Json, Pid, RequestId, TimerId } from './ids.ts';
import type { ModelRequest, ThinkScript } from './syscalls.ts';

/** Who asks: unique for ever. In other words than this, requests name processes by their pids in this kernel. */
export interface CallIdentity {
  readonly run: string;
  readonly branch: string;
  /** The process's number in its run. */
  readonly pid: Pid;
  /** Syscall number of the process, from 1. */
  readonly n: number;
  /** Place in a batch. */
  readonly index: number;
}

export type Request =
  | CallStart
  | {
      readonly type: 'call.stop';
      readonly core: CoreId;
      readonly pid: Pid;
      readonly why: 'preempt' | 'signal';
    }
  | ToolStart
  | { readonly type: 'tool.stop'; readonly request: RequestId }
  | { readonly type: 'timer.set'; readonly timer: TimerId; readonly atUs: number }
  | { readonly type: 'timer.clear'; readonly timer: TimerId }
  | PersonAsk
  | { readonly type: 'person.withdraw'; readonly request: RequestId }
  | StorageRequest;

/** One stretch of a model call on a core. A later stretch of the same call says what is already done. */
export interface CallStart {
  readonly type: 'call.start';
  readonly core: CoreId;
  readonly pid: Pid;
  readonly identity: CallIdentity;
  /** Tokens to prefill that were never in this memory; that were and must be prefilled again; that come from the slower tier; that are there. */
  readonly newTokens: number;
  readonly repeatedTokens: number;
  readonly loadTokens: number;
  readonly cachedTokens: number;
  readonly maxOutput: number;
  /** What the core takes to switch to this process, before everything else, µs. */
  readonly switchUs: number;
  /** Answer tokens of earlier stretches. */
  readonly tokensOut: number;
  /** True from the second stretch on. */
  readonly resumed: boolean;
  /** Then: what earlier stretches said is part of the answer, which goes on behind it. Else it is asked for afresh. */
  readonly continues: boolean;
  readonly request: ModelRequest | undefined;
  readonly script: ThinkScript | undefined;
  /** The cheaper model that it was degraded to; undefined: the engine's own. */
  readonly degradedTo: CheaperModel | undefined;
  /** Its answer joins no prompt: a question beside the conversation. */
  readonly aside: boolean;
}

export interface ToolStart {
  readonly type: 'tool.start';
  readonly request: RequestId;
  readonly pid: Pid;
  /** Repeats so far: 0 at the first start. */
  readonly attempt: number;
  readonly identity: CallIdentity;
  /** The id of the sub-run that the call is, and the idempotency key of its effects: the same in each attempt. */
  readonly subRun: string;
  readonly tool: string;
  readonly arguments: Json;
  /** Its result is waited for this long, µs; then it is told to stop. */
  readonly timeoutUs: number;
  readonly script:
    | { readonly result?: Json; readonly failed?: boolean; readonly durationUs?: number }
    | undefined;
}

export interface PersonAsk {
  readonly type: 'person.ask';
  readonly request: RequestId;
  readonly pid: Pid;
  readonly identity: CallIdentity;
  readonly question: Json;
  readonly purpose: 'approve' | 'edit' | 'answer';
  /** The tool whose call is to be approved, or that asks (purpose `answer`); absent: a program asks. */
  readonly tool?: string;
  readonly script: { readonly answer?: Json; readonly durationUs?: number } | undefined;
}

/** `flush`: answered when every record given out so far is durable. */
export interface StorageRequest {
  readonly type: 'storage.request';
  readonly request: RequestId;
  readonly pid: Pid;
  readonly identity: CallIdentity;
  readonly op:
    | { readonly kind: 'flush' }
    | {
        readonly kind: 'remember';
        readonly scope: string;
        readonly text: string;
        readonly key?: string;
        readonly data?: Json;
      }
    | { readonly kind: 'recall'; readonly scope: string; readonly query: string; readonly limit: number };
}
