/** Where the time of one process went, stretch by stretch, with what made each of them as long as it was: plain data, JSON as it stands. Times are µs. */
import type { BudgetResource } from '../../kernel/budget-limits.ts';
import type { Outcome } from '../../kernel/process-state.ts';
import type { RunningSplit, Split } from '../metrics/run-metrics.ts';

export interface ProcessAccount {
  readonly pid: number;
  readonly name: string;
  readonly run: string;
  readonly program: string;
  readonly parent: number;
  readonly priority: number;
  readonly outcome: Outcome | 'unfinished';
  readonly spawnedUs: number;
  /** When it ended, or the run did. */
  readonly endUs: number;
  readonly turnaroundUs: number;
  /** As the metrics have it, and beside it the time between a crash and going on; all parts together are the turnaround, to the microsecond. */
  readonly split: Split;
  readonly downUs: number;
  /** Without gaps, in their order. Only a stretch on a core may last no time. */
  readonly stretches: readonly Stretch[];
}

export interface Stretch {
  readonly fromUs: number;
  readonly toUs: number;
  /** Numbers of the events with which it began and ended; of one that the end of the run cut off, its last event. */
  readonly fromIndex: number;
  readonly toIndex: number;
  readonly state: 'running' | 'ready' | 'waiting' | 'suspended' | 'down';
  /** Of a wait its reason, of a suspension who caused it; else ''. */
  readonly on: string;
  /** On a core: what the time was spent on. */
  readonly running: RunningSplit | null;
  readonly cause: Cause;
}

export type Cause =
  | CallCause
  | QueueCause
  | BudgetCause
  | MemoryCause
  | ToolCause
  | LockCause
  /** `decision` '': nobody has answered. */
  | { readonly kind: 'person'; readonly purpose: string; readonly decision: string }
  /** What came in the end: a message (`from` 0: of the world), the end of a child, or neither: its time was up, or it was stopped. */
  | {
      readonly kind: 'message' | 'child';
      readonly came: 'message' | 'child' | '';
      readonly from: number;
    }
  | { readonly kind: 'timer' }
  | { readonly kind: 'storage' }
  /** `signal`: by which it went on, or ended. */
  | { readonly kind: 'suspended'; readonly by: string; readonly signal: string }
  /** The kernel had crashed, or its machine was off: until another one restored the process. */
  | { readonly kind: 'down' }
  | { readonly kind: 'other'; readonly reason: string };

/** One stay on a core. */
export interface CallCause {
  readonly kind: 'call';
  readonly n: number;
  readonly core: number;
  readonly cachedTokens: number;
  readonly newTokens: number;
  readonly repeatedTokens: number;
  readonly loadTokens: number;
  /** Answer tokens of the call when the stretch ended. */
  readonly tokensOut: number;
  /** `completed`, `failed`, why it was stopped, or `unfinished`. */
  readonly end: string;
  /** Who got the core at the instant at which it was stopped; 0: nobody. */
  readonly madeWayFor: number;
}

/** Ready, and not running. */
export interface QueueCause {
  readonly kind: 'queue';
  /** Who ran on the cores of its engine when it came, and who was dispatched there before it: each once, with the priority that it had then. */
  readonly behind: readonly Rival[];
  /** Dispatches of others on its engine meanwhile. */
  readonly dispatches: number;
  /** By which it was scheduled in the end. */
  readonly priority: number;
  /** It had been stopped, and by what; '': it had not. */
  readonly after: string;
}

export interface Rival {
  readonly pid: number;
  /** By which it was scheduled: it may have inherited it. */
  readonly priority: number;
}

export interface BudgetCause {
  readonly kind: 'budget';
  readonly node: string;
  /** What was short at the node when it came, as far as events tell; null: nothing, but others stood before it, or it was paced. */
  readonly short: {
    readonly resource: BudgetResource;
    readonly used: number;
    readonly reserved: number;
    readonly limit: number;
    /** What the call asked for. */
    readonly asked: number;
  } | null;
  /** Who waited at the node before it. */
  readonly ahead: readonly number[];
  readonly isPaced: boolean;
  /** What let it go on: a window that rolled, the settlement of a call of `by`, its pace, its turn; '': it did not go on by itself. */
  readonly end: 'rolled' | 'settled' | 'paced' | 'turn' | '';
  readonly by: number;
}

export interface MemoryCause {
  readonly kind: 'memory';
  /** Who stood before it and found no room, with the whole ready queue behind; 0: it was itself that found none, or was kept out. */
  readonly behind: number;
  /** Prompt and longest answer of its call. */
  readonly neededTokens: number;
  /** Whose call or end made room at the instant at which it went on; 0: nobody's. */
  readonly by: number;
}

export interface ToolCause {
  readonly kind: 'tool';
  /** The calls of its batch that ran meanwhile, in the order of their starts; -1: it has not ended. */
  readonly calls: readonly {
    readonly tool: string;
    readonly index: number;
    readonly fromUs: number;
    readonly toUs: number;
    readonly ok: boolean;
  }[];
}

export interface LockCause {
  readonly kind: 'lock';
  /** What it waited for: a lock, a semaphore, or the keys of a tool. */
  readonly of: 'lock' | 'semaphore' | 'tool';
  /** '': the tool has not started. */
  readonly name: string;
  /** Who had it when it came; 0: nobody, or several. */
  readonly owner: number;
  /** Who gave it back, or posted, at the instant at which it went on; 0: nobody. */
  readonly by: number;
}
