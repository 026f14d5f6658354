/** What the live driver needs of the world. Each port has adapters in `adapters`, and a simulated double in `sim/devices`. Nothing here throws or rejects: failures are values. */
import type { ModelCall } from '../agents/model/model-call.ts';
import type { ModelFailureCode } from '../kernel/errors.ts';
import type { Json, RequestId } from '../kernel/ids.ts';
import type { PersonAsk, ToolStart } from '../kernel/requests.ts';
import type { AskedCall, FinishReason, ModelFailure } from '../kernel/syscalls.ts';

/** Real time. */
export interface Clock {
  /** Integer µs since any fixed moment; never goes back. */
  nowUs(): number;
  /** Calls `then` at `atUs` or later, once, unless the returned function was called before. */
  at(atUs: number, then: () => void): () => void;
}

/** Whether somebody still wants the result. */
export interface Stop {
  readonly isStopped: boolean;
  /** Called once, at once when it has been stopped already. */
  onStop(then: () => void): void;
}

export interface ModelPort {
  /** One model call, or what is left of it (`call.partial`). A stopped one ends soon, with what had come. */
  call(call: ModelCall, stop: Stop, tell: (delta: ModelDelta) => void): Promise<ModelReply>;
}

/** A piece of an answer, as it arrives. Deltas go to watchers beside the kernel. */
export type ModelDelta =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  /** A piece of the arguments of the tool call number `index` of this answer. */
  | { readonly type: 'tool-call'; readonly index: number; readonly tool: string; readonly text: string };

export interface ModelReply {
  /** What came of the answer behind `call.partial`, also when the call failed or was stopped. */
  readonly text: string;
  readonly toolCalls: readonly AskedCall[];
  /** Absent: the answer is not whole, because the call failed or was stopped. */
  readonly finish?: FinishReason;
  /** Tokens as the provider counts them; absent: it does not say. */
  readonly usage: {
    readonly tokensIn?: number;
    readonly tokensCached?: number;
    readonly tokensOut?: number;
    /** Of those, what was only thought, and is no part of the answer. */
    readonly tokensReasoning?: number;
  };
  readonly failed?: {
    readonly code: ModelFailureCode;
    readonly message: string;
    readonly failure: ModelFailure;
  };
}

export interface ToolPort {
  /** The arguments have been checked. `start.subRun` is the idempotency key. */
  call(start: ToolStart, stop: Stop): Promise<ToolReply>;
}
/** For a failure, `value` is its message. */
export interface ToolReply {
  readonly ok: boolean;
  readonly value: Json;
}

/** Where questions go; answers come to the driver, whenever somebody gives them. */
export interface PersonPort {
  ask(ask: PersonAsk): void;
  withdraw(request: RequestId): void;
}
