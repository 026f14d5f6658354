/**
 * What happened: one union, past tense, stamped, complete. Metrics, checkers, recordings, the audit trail's readers and the visualiser
 * read this stream and nothing else of the kernel. `seq` counts from 1 without gaps; times are µs.
 */
import type { BudgetNodeSpec, BudgetResource } from './budget-limits.ts';
import type { KernelErrorCode } from './errors.ts';
import type { CoreId, PageId, PageNumber, Pid, RequestId } from './ids.ts';
import type { SignalName, Spent } from './inputs.ts';
import type { Outcome, WaitReason } from './process-state.ts';

export type FaultKind =
  | 'compulsory' // never seen before
  | 'capacity' // was resident, was evicted
  | 'hole'; // resident, but unusable behind a missing page

export type KernelEvent = { readonly seq: number; readonly atUs: number } & EventBody;

export type EventBody =
  | {
      readonly type: 'process.spawned';
      readonly pid: Pid;
      /** Its number in its run, by which its records name it; absent: its pid. */
      readonly runPid?: Pid;
      readonly run: string;
      readonly parent: Pid | 0;
      readonly name: string;
      readonly program: string;
      readonly priority: number;
      readonly engine: number;
      readonly budget: string;
    }
  | {
      readonly type: 'process.restored';
      readonly pid: Pid;
      readonly fromCheckpoint: number;
      readonly replayed: number;
      /** Senders of the messages that wait in its mailbox, in order; 0: the world. */
      readonly mail: readonly (Pid | 0)[];
    }
  | { readonly type: 'process.ready'; readonly pid: Pid }
  // It stands ready, and goes to another engine before its call begins. `lostTokens`: of its prompt was usable there and is not here.
  | {
      readonly type: 'process.migrated';
      readonly pid: Pid;
      readonly from: number;
      readonly to: number;
      readonly lostTokens: number;
    }
  | {
      readonly type: 'process.dispatched';
      readonly pid: Pid;
      readonly core: CoreId;
      readonly n: number;
      readonly newTokens: number;
      readonly repeatedTokens: number;
      readonly loadTokens: number;
      readonly cachedTokens: number;
      /** Tokens of context memory kept for the answer until the stretch ends; -1: the call bypasses the memory. */
      readonly room: number;
    }
  | { readonly type: 'process.waiting'; readonly pid: Pid; readonly on: WaitReason }
  | {
      readonly type: 'process.suspended';
      readonly pid: Pid;
      readonly by: 'signal' | 'load-control' | 'budget';
    }
  | { readonly type: 'process.continued'; readonly pid: Pid }
  | {
      readonly type: 'process.terminated';
      readonly pid: Pid;
      readonly outcome: Outcome;
      /** Of a failed one: a code of the kernel, or its program's own; else ''. */
      readonly code: string;
      readonly message: string;
    }
  // It leaves this kernel as it is stored, to go on in another or later: stopped, with nothing under way.
  | { readonly type: 'process.released'; readonly pid: Pid }
  // The first that waits for memory, `pid`, is not overtaken: cores are idle, and what stands ready waits for memory, too. Until `released`.
  | { readonly type: 'queue.held'; readonly engine: number; readonly pid: Pid }
  | { readonly type: 'queue.released'; readonly engine: number }
  // model calls: `called` when the program asks, `stopped` when a stretch ends early, `ended` once
  | {
      readonly type: 'call.requested';
      readonly pid: Pid;
      readonly n: number;
      readonly promptTokens: number;
      readonly maxOutput: number;
      /** As the request says; absent: it does not. */
      readonly purpose?: string;
      /** On which alone the call runs: the engine that the request names, or to which its process returns; absent: wherever its process is, or goes. */
      readonly engine?: number;
    }
  | ({
      readonly type: 'call.stopped';
      readonly pid: Pid;
      readonly core: CoreId;
      readonly n: number;
      readonly by: 'slice' | 'priority' | 'signal' | 'load-control';
      readonly tokensOut: number;
    } & Spent)
  | ({
      readonly type: 'call.ended';
      readonly pid: Pid;
      readonly core: CoreId;
      readonly n: number;
      readonly ok: boolean;
      readonly tokensIn: number;
      readonly tokensCached: number;
      readonly tokensOut: number;
      readonly microDollars: number;
    } & Spent)
  | { readonly type: 'call.refused'; readonly pid: Pid; readonly n: number; readonly code: KernelErrorCode }
  | { readonly type: 'call.bypassed'; readonly pid: Pid; readonly n: number; readonly tokens: number }
  // It runs on the cheaper model of the budget node that was exhausted, and bypasses memory.
  | { readonly type: 'call.degraded'; readonly pid: Pid; readonly n: number; readonly model: string }
  // pages: `page` is the first of `pages` consecutive ones, `tokens` their sum
  | {
      readonly type: 'page.faulted';
      readonly pid: Pid;
      readonly engine: number;
      readonly kind: FaultKind;
      readonly pages: number;
      readonly tokens: number;
    }
  | {
      readonly type: 'page.loaded';
      readonly engine: number;
      readonly page: PageId;
      readonly pages: number;
      readonly tokens: number;
    }
  // Beside calls, from the slower tier: at most one transfer of an engine at a time, until it ends or, when nobody is left to load for, is cancelled.
  // `page` is the one that its policy names, `tokens` what is transferred.
  | {
      readonly type: 'prefetch.started';
      readonly engine: number;
      readonly page: PageId;
      readonly tokens: number;
    }
  // What of it enters context memory, before `prefetch.ended`; and what its policy makes no room for.
  | {
      readonly type: 'page.prefetched';
      readonly engine: number;
      readonly page: PageId;
      readonly pages: number;
      readonly tokens: number;
    }
  | {
      readonly type: 'prefetch.ended';
      readonly engine: number;
      readonly tokens: number;
      readonly declinedTokens: number;
    }
  | { readonly type: 'prefetch.cancelled'; readonly engine: number; readonly tokens: number }
  // The call that is dispatched next finds so many tokens in memory that a prefetch brought and no call had used.
  | { readonly type: 'prefetch.used'; readonly pid: Pid; readonly engine: number; readonly tokens: number }
  | {
      readonly type: 'page.evicted';
      readonly engine: number;
      readonly page: PageId;
      readonly pages: number;
      readonly tokens: number;
    }
  | {
      readonly type: 'page.freed';
      readonly engine: number;
      readonly page: PageId;
      readonly pages: number;
      readonly tokens: number;
    }
  // left the window of `pid`: its own number of the first of them
  | {
      readonly type: 'page.dropped';
      readonly pid: Pid;
      readonly page: PageNumber;
      readonly pages: number;
      readonly tokens: number;
    }
  // budgets
  // A node joins the tree, or leaves it with what was used of it.
  | { readonly type: 'budget.added'; readonly node: string; readonly definition: BudgetNodeSpec }
  | { readonly type: 'budget.removed'; readonly node: string }
  | {
      readonly type: 'budget.reserved';
      readonly pid: Pid;
      readonly node: string;
      readonly tokens: number;
      readonly microDollars: number;
      readonly coreUs: number;
    }
  | {
      readonly type: 'budget.settled';
      readonly pid: Pid;
      readonly node: string;
      readonly tokens: number;
      readonly microDollars: number;
      readonly coreUs: number;
    }
  // Its call waits for its turn at this node: what it asks for is not there, or somebody waits there already.
  | { readonly type: 'budget.queued'; readonly pid: Pid; readonly node: string }
  // Its call fits, and is paced: it starts at `untilUs`, or earlier when something is given back.
  | {
      readonly type: 'budget.throttled';
      readonly pid: Pid;
      readonly node: string;
      readonly untilUs: number;
    }
  // `asked` of `resource` is more than the node's limit has left, whatever is given back: what its rule says follows.
  | {
      readonly type: 'budget.exhausted';
      readonly pid: Pid;
      readonly n: number;
      readonly node: string;
      readonly resource: BudgetResource;
      readonly asked: number;
      readonly rule: 'degrade' | 'suspend' | 'stop';
    }
  | {
      readonly type: 'budget.overrun';
      readonly pid: Pid;
      readonly node: string;
      readonly resource: string;
      readonly amount: number;
    }
  // tools, people, messages, storage
  | {
      readonly type: 'tool.started';
      readonly pid: Pid;
      readonly request: RequestId;
      readonly tool: string;
      readonly n: number;
      readonly index: number;
      readonly reads: readonly string[];
      readonly writes: readonly string[];
    }
  | {
      readonly type: 'tool.ended';
      readonly pid: Pid;
      readonly request: RequestId;
      readonly tool: string;
      readonly ok: boolean;
      readonly code: KernelErrorCode | '';
      /** It failed, and is started again. */
      readonly isRepeated?: true;
    }
  // Its result came when the call was over, after a time-out or the end of its process, and reaches no program. Not `ok`: it failed, or says that it stopped.
  | {
      readonly type: 'tool.late';
      readonly request: RequestId;
      readonly tool: string;
      readonly ok: boolean;
    }
  | {
      readonly type: 'tool.refused';
      readonly pid: Pid;
      readonly tool: string;
      readonly n: number;
      readonly index: number;
      readonly code: KernelErrorCode;
    }
  | {
      /** It had started before a crash: whether it acted is not known, and it is not started again. */
      readonly type: 'tool.interrupted';
      readonly pid: Pid;
      readonly tool: string;
      readonly n: number;
      readonly index: number;
    }
  | { readonly type: 'tool.settled'; readonly request: RequestId; readonly tool: string } // its locks are free (later than `ended` after a time-out)
  | {
      readonly type: 'person.asked';
      readonly pid: Pid;
      readonly request: RequestId;
      readonly purpose: string;
    }
  | {
      readonly type: 'person.answered';
      readonly pid: Pid;
      readonly request: RequestId;
      readonly decision: string;
    }
  // `number` counts what is sent to the receiver, from 1; after a crash what waits in its mailbox is counted anew.
  // A sender 0 is the world.
  | { readonly type: 'message.sent'; readonly pid: Pid | 0; readonly to: Pid; readonly number: number }
  | {
      readonly type: 'message.received';
      readonly pid: Pid;
      readonly from: Pid | 0;
      readonly number: number;
    }
  // locks: asked for and not free, got, given back (`ownerEnded`: its owner ended), asked for no more
  | { readonly type: 'lock.queued'; readonly pid: Pid; readonly lock: string; readonly owner: Pid }
  | {
      readonly type: 'lock.acquired';
      readonly pid: Pid;
      readonly lock: string;
      readonly token: number;
      /** The owner before ended without releasing it. */
      readonly ownerEnded: boolean;
    }
  | {
      readonly type: 'lock.released';
      readonly pid: Pid;
      readonly lock: string;
      readonly token: number;
      readonly ownerEnded: boolean;
    }
  | {
      readonly type: 'lock.withdrawn';
      readonly pid: Pid;
      readonly lock: string;
      readonly why: 'timeout' | 'deadlock' | 'ended';
    }
  // As it was before a crash; `owner` may still be to be restored. 0: it had ended.
  | { readonly type: 'lock.restored'; readonly lock: string; readonly owner: Pid | 0; readonly token: number }
  // Its owner has left the kernel: it is kept for the process that will have pid `owner`; 0: no more, as the owner has given it back elsewhere.
  | { readonly type: 'lock.kept'; readonly lock: string; readonly owner: Pid | 0; readonly token: number }
  // semaphores of the run of `pid`: `count` is what is left
  | {
      readonly type: 'semaphore.opened';
      readonly pid: Pid;
      readonly semaphore: string;
      readonly count: number;
    }
  | { readonly type: 'semaphore.queued'; readonly pid: Pid; readonly semaphore: string }
  | {
      readonly type: 'semaphore.taken';
      readonly pid: Pid;
      readonly semaphore: string;
      readonly count: number;
    }
  | {
      readonly type: 'semaphore.posted';
      readonly pid: Pid;
      readonly semaphore: string;
      readonly count: number;
    }
  | {
      readonly type: 'semaphore.withdrawn';
      readonly pid: Pid;
      readonly semaphore: string;
      readonly why: 'timeout' | 'deadlock' | 'ended';
    }
  | {
      readonly type: 'semaphore.restored';
      readonly run: string;
      readonly semaphore: string;
      readonly count: number;
    }
  // It is scheduled with this priority: that of a more urgent one that waits for a lock of it, or its own again.
  | { readonly type: 'process.boosted'; readonly pid: Pid; readonly priority: number }
  | { readonly type: 'process.unboosted'; readonly pid: Pid; readonly priority: number }
  | {
      /** None of the members goes on unless another does. `victim`: whose syscall fails with DEADLOCK; 0: nobody's. */
      readonly type: 'deadlock.detected';
      readonly members: readonly DeadlockMember[];
      readonly victim: Pid | 0;
    }
  | { readonly type: 'signal.delivered'; readonly pid: Pid; readonly signal: SignalName }
  | { readonly type: 'checkpoint.saved'; readonly pid: Pid; readonly n: number; readonly tip: string }
  | { readonly type: 'program.failed'; readonly pid: Pid; readonly message: string };

/** One process of a deadlock, and what it waits for. */
export interface DeadlockMember {
  readonly pid: Pid;
  /** `lock`, `child`, `message`, `memory` or `budget`. */
  readonly on: WaitReason;
  /** The name of the lock, semaphore or budget node; else ''. */
  readonly what: string;
  /** The owner of the lock, or the children; which members have pinned memory or hold of the budget; empty: any process of its run. */
  readonly waitsFor: readonly Pid[];
}
