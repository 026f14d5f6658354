/** What a kernel shows of itself at one moment, as its events alone tell it: plain data, JSON as it stands. Times are µs. */
import type { BudgetResource, BudgetWindow } from '../../kernel/budget-limits.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import type { Outcome, StateName, WaitReason } from '../../kernel/process-state.ts';

export interface MachineView {
  /** So many events of the run have happened; the last of them is `event`. */
  readonly index: number;
  readonly event: KernelEvent | null;
  readonly nowUs: number;
  /** The kernel that these events are of: a run that was cut off by crashes has several, one after the other, from 1. */
  readonly life: number;
  /** In pid order, those that have ended included. */
  readonly processes: readonly ViewedProcess[];
  readonly engines: readonly EngineView[];
  /** In the order of the tree's description. */
  readonly budgets: readonly BudgetView[];
  /** Held or waited for. */
  readonly locks: readonly LockView[];
  readonly semaphores: readonly SemaphoreView[];
  /** Tool calls that have started and whose keys are not free yet, in the order of their starts. */
  readonly tools: readonly ToolView[];
  /** Questions that no person has answered, in the order in which they were asked. */
  readonly questions: readonly QuestionView[];
}

export interface ViewedProcess {
  readonly pid: number;
  readonly run: string;
  /** 0: an agent of its own. */
  readonly parent: number;
  readonly name: string;
  readonly program: string;
  readonly priority: number;
  /** By which it is scheduled: it may have inherited that of one who waits for its lock. */
  readonly effectivePriority: number;
  readonly state: StateName;
  readonly sinceUs: number;
  /** While waiting, and while suspended from waiting; else ''. */
  readonly waitingOn: WaitReason;
  /** What more is to be said of its wait: the budget node, the tools, the lock or semaphore; else ''. */
  readonly waitingFor: string;
  /** Who suspended it, while it is suspended; else ''. */
  readonly suspendedBy: string;
  /** A member of a deadlock that was told. */
  readonly isDeadlocked: boolean;
  readonly engine: number;
  /** -1: none. */
  readonly core: number;
  readonly budget: string;
  /** Of a process that has ended; else ''. */
  readonly outcome: Outcome | '';
  readonly code: string;
  readonly message: string;
  /** Its model call, from when it was asked for to its end. */
  readonly call: CallView | null;
  /** Received messages not counted. */
  readonly mail: number;
  /** Children that live. */
  readonly children: number;
  /** Names of the locks that it holds, in the order in which it got them. */
  readonly locks: readonly string[];
  readonly usage: UsageView;
}

export interface CallView {
  /** Number of its syscall. */
  readonly n: number;
  readonly promptTokens: number;
  readonly maxOutput: number;
  /** Answer tokens of the stretches that have ended. */
  readonly tokensOut: number;
  /** Of the stretch that runs, or ran last: what its prompt found in memory, and what it had to bring there. */
  readonly cachedTokens: number;
  readonly missingTokens: number;
}

/** Of this life of the process. Tokens are those of the calls that ended; core time is that of the stretches that ended. */
export interface UsageView {
  readonly calls: number;
  readonly tokensIn: number;
  readonly tokensCached: number;
  readonly tokensOut: number;
  readonly coreUs: number;
  readonly microDollars: number;
  /** Pages that were needed and not usable. */
  readonly faults: number;
}

export interface EngineView {
  readonly name: string;
  /** In order; numbers count over all engines. */
  readonly cores: readonly CoreView[];
  /** Who stands ready, first come first: in what order they run is for the policy to say. */
  readonly ready: readonly number[];
  /** Who waits for room in its context memory, first come first. */
  readonly waitingForMemory: readonly number[];
  /** The first of those, when nobody may overtake it: who stands ready waits for memory, too. 0: nobody. */
  readonly heldBy: number;
  readonly memory: MemoryView;
}

export interface CoreView {
  readonly core: number;
  /** 0: idle. */
  readonly pid: number;
  readonly sinceUs: number;
}

export interface MemoryView {
  /** null: without bound. */
  readonly capacityTokens: number | null;
  readonly residentPages: number;
  readonly residentTokens: number;
  /** Kept free for the answers of the calls that run. */
  readonly roomTokens: number;
  /** Prompts of the calls that run, whose pages are pinned until they end: what several share counts for each. */
  readonly pinnedTokens: number;
  /** What a transfer from the slower tier brings, beside calls; 0: there is none. */
  readonly transferTokens: number;
}

export interface BudgetView {
  readonly name: string;
  /** '': a root. */
  readonly parent: string;
  readonly limits: readonly LimitView[];
  /** Whose calls wait at this node, first come first. */
  readonly waiters: readonly number[];
}

export interface LimitView {
  readonly resource: BudgetResource;
  readonly window: BudgetWindow;
  readonly limit: number;
  /** In its present window; what overruns owe included. */
  readonly used: number;
  readonly reserved: number;
  readonly windowStartUs: number;
}

export interface LockView {
  readonly lock: string;
  /** 0: it is free. */
  readonly owner: number;
  readonly token: number;
  /** First come, first served. */
  readonly waiters: readonly number[];
}

export interface SemaphoreView {
  readonly run: string;
  readonly semaphore: string;
  readonly count: number;
  readonly waiters: readonly number[];
}

export interface ToolView {
  readonly request: number;
  readonly pid: number;
  readonly tool: string;
  /** Number of the syscall, and place in its batch. */
  readonly n: number;
  readonly index: number;
  readonly sinceUs: number;
  /** It has not ended: else it is told to stop and has not said so, or its time was up. */
  readonly isRunning: boolean;
}

export interface QuestionView {
  readonly request: number;
  readonly pid: number;
  readonly purpose: string;
  readonly sinceUs: number;
}
