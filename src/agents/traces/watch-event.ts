/**
 * What whoever watches a run from outside is told, and how its events are named.
 *
 * **Numbered** events are made of what storage has of the run, and of nothing else: the first of a branch is number 1, and there are no gaps. They are told when that is durable, so each of them is the same for
 * every watcher, after a reconnect, after the server has let go of the run, and after a crash. Together they are the whole run.
 *
 * **Live** events tell what is under way: that a call has begun, the text of its answer as it comes, that a person is asked. Nothing durable depends on them: the numbered event of the same call (`pid`, `n`,
 * `index`) says all that came of it. They are named by the numbered event that they follow and a place behind it, which means something in one life of one log alone: a server that has started again, or has let go
 * of the run meanwhile, has another life. Who comes back with a place of this life goes on right behind it; who comes with another gets the numbered events behind its number and then what is under way
 * in one event, `under_way`, in place of all live ones that it knows of.
 *
 * An id is `NUMBER` or `NUMBER.LIFE.PLACE`; in a branch that is not the run's first, `BRANCH:` stands before it. `0` is before all events.
 */
import { firstBranch } from '../../kernel/branches.ts';
import type { Json, Pid } from '../../kernel/ids.ts';
import type { BranchOrigin } from '../../kernel/records.ts';
import type { Step, StepType, Trace } from './trace.ts';

export interface EventPlace {
  readonly branch: string;
  /** Of the numbered event, or of the last one before; 0: none. */
  readonly number: number;
  /** Of a live event. */
  readonly live?: LivePlace;
}
interface LivePlace {
  /** Letters and digits: like that of no other log. */
  readonly life: string;
  /** From 1 behind each numbered event; 0: before the first. */
  readonly place: number;
}

export function eventId({ branch, number, live }: EventPlace): string {
  const at = live === undefined ? `${number}` : `${number}.${live.life}.${live.place}`;
  return branch === firstBranch ? at : `${branch}:${at}`;
}

/** Undefined: it is no id. */
export function parseEventId(text: string): EventPlace | undefined {
  const found = /^(?:([a-zA-Z0-9_.-]{1,64}):)?(\d{1,15})(?:\.([a-z0-9]{1,24})\.(\d{1,15}))?$/.exec(text);
  if (found === null) return undefined;
  const [, branch = firstBranch, number, life, place] = found;
  if (life === undefined) return { branch, number: Number(number) };
  return { branch, number: Number(number), live: { life, place: Number(place) } };
}

/** With an `id` and `atUs`, when it happened, this or a LiveBody is what a watcher gets. */
export type NumberedBody =
  /** The root process of the branch has started. `origin`: what a fork was made from. */
  | {
      readonly type: 'trace_started';
      readonly run: string;
      readonly branch: string;
      readonly pid: Pid;
      readonly name: string;
      readonly program: string;
      readonly arguments: Json;
      readonly origin?: BranchOrigin;
    }
  /** The run goes on in another branch, as it was behind step `after`; what this branch tells is numbered anew. */
  | {
      readonly type: 'trace_rewound';
      readonly branch: string;
      readonly from: string;
      readonly after: number;
      readonly edited?: number;
    }
  | {
      readonly type: 'process_started';
      readonly pid: Pid;
      readonly parent: Pid | 0;
      readonly name: string;
      readonly program: string;
    }
  | StepResult
  /** A process has a message in its mailbox; `from` 0: of the world. */
  | {
      readonly type: 'message_sent';
      readonly pid: Pid;
      readonly from: Pid | 0;
      readonly message: Json;
    }
  /** The run stands still until it is continued. */
  | { readonly type: 'trace_stopped' }
  | { readonly type: 'trace_continued' }
  /** All processes of the run have ended; `value` of the root process. Only a rewind can follow. */
  | {
      readonly type: 'trace_completed' | 'trace_failed' | 'trace_cancelled';
      readonly value: Json;
      readonly usage: Trace['usage'];
    };

/** A step has come to its end: all of it, as the steps of a stored run have it. `conclusion`: the end of a process; `step_completed`: a memory is kept, or a person has answered a program. */
export type StepResult = Omit<Step, 'sequence' | 'type'> & {
  readonly type: 'llm_call_completed' | 'tool_result' | 'memory_loaded' | 'step_completed' | 'conclusion';
  /** Its number, from 1. */
  readonly step: number;
  readonly stepType: StepType;
};

/** Which call of which process. */
interface CallPlace {
  readonly pid: Pid;
  readonly n: number;
  readonly index: number;
}

export type LiveBody =
  | (CallPlace & {
      readonly type: 'step_started';
      readonly stepType: StepType;
      /** Of its process. */
      readonly name: string;
      readonly data: { readonly [field: string]: Json };
    })
  /** `offset`: how many UTF-16 units of the answer were told before, since its last restart. */
  | (CallPlace & { readonly type: 'text_delta'; readonly offset: number; readonly text: string })
  /** A call that was stopped goes on, with an answer from its beginning: what was told of it is void. */
  | (CallPlace & { readonly type: 'llm_call_restarted' })
  /** `attempt`: repeats so far. */
  | (CallPlace & {
      readonly type: 'tool_executing';
      readonly tool: string;
      readonly arguments: Json;
      readonly attempt: number;
    })
  /** A call of a batch that still has others under way; its numbered event comes with theirs. */
  | (CallPlace & {
      readonly type: 'tool_ended';
      readonly tool: string;
      readonly ok: boolean;
      /** For a failure, its message. */
      readonly value: Json;
    })
  | (CallPlace & {
      readonly type: 'awaiting_user_action';
      /** By which it is answered. */
      readonly questionId: string;
      readonly purpose: 'approve' | 'edit' | 'answer';
      readonly question: Json;
      /** Whose call is to be approved, or that asks. */
      readonly tool?: string;
    })
  /** It is answered, or asked no more. */
  | (CallPlace & {
      readonly type: 'user_action_over';
      readonly questionId: string;
      readonly decision?: string;
    })
  /** All that is under way: what was told of it before is void. */
  | { readonly type: 'under_way'; readonly steps: readonly StepUnderWay[] };

export interface StepUnderWay extends CallPlace {
  readonly stepType: StepType;
  /** Of its process. */
  readonly name: string;
  readonly startedUs: number;
  /** What its start told. */
  readonly data: { readonly [field: string]: Json };
  /** Of an answer: all that came of it so far. */
  readonly text?: string;
  /** Of a tool call that has ended before the others of its batch. */
  readonly ended?: { readonly ok: boolean; readonly value: Json };
  /** What a person is asked. */
  readonly asks?: {
    readonly questionId: string;
    readonly purpose: 'approve' | 'edit' | 'answer';
    readonly question: Json;
  };
}
