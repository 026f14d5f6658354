/** What the metrics of a run are: plain data, JSON as it stands. Times are µs, money is micro-dollars. */
import type { FaultKind } from '../../kernel/events.ts';
import type { Outcome } from '../../kernel/process-state.ts';
import type { RunPressure } from './pressure.ts';
import type { Distribution } from './statistics.ts';

/** What metrics and checkers must know of an engine. Cores are numbered from 0 over all engines in the order of the list. */
export interface EngineFacts {
  readonly name: string;
  readonly cores: number;
  /** Capacity of its context memory; Infinity for one without bound. */
  readonly memoryTokens: number;
}

/** Where a process's time went. All parts together are its turnaround, to the microsecond. */
export interface Split {
  readonly running: RunningSplit;
  /** In the ready queue. */
  readonly readyUs: number;
  /** By reason: the kernel's own reasons always, in the order of `waitReasons`, then others as they occurred. */
  readonly waiting: Readonly<Record<string, number>>;
  readonly suspendedUs: number;
}

export interface RunningSplit {
  /** What it cost that another process had run on the core. */
  readonly switchUs: number;
  readonly newPrefillUs: number;
  readonly repeatedPrefillUs: number;
  readonly loadUs: number;
  readonly decodeUs: number;
  /** A stretch that the end of the measurement cut off: what it was spent on is not known yet. */
  readonly unfinishedUs: number;
}

/** The reasons of the design, in the order of its section 7. */
export const waitReasons: readonly string[] = [
  'budget',
  'memory',
  'storage',
  'tool',
  'person',
  'message',
  'child',
  'lock',
  'timer',
];

/** The waits that the kernel causes by what it grants to whom. The others are the world's: a tool, a person, a child, a message, a timer. */
export const kernelWaits = ['budget', 'memory', 'storage', 'lock'] as const;

export interface ProcessMetrics {
  readonly pid: number;
  readonly name: string;
  readonly program: string;
  readonly parent: number;
  readonly priority: number;
  /** `unfinished`: not terminated when the measurement ended; its turnaround goes up to there. */
  readonly outcome: Outcome | 'unfinished';
  /** Of a failed process; else ''. */
  readonly code: string;
  /** Why it failed; of an unfinished process the state it is in, such as `waiting on message`; else ''. */
  readonly message: string;
  readonly spawnedUs: number;
  readonly turnaroundUs: number;
  /** From spawned to its first dispatch; null while it had none. */
  readonly responseUs: number | null;
  /** In the ready queue: the textbook's waiting time. */
  readonly waitingUs: number;
  readonly split: Split;
  readonly usage: Usage;
}

/** Tokens are those of model calls that ended, well or not; money is what was settled, also for calls that were stopped for good. */
interface Usage {
  /** Asked for, as in the totals. */
  readonly modelCalls: number;
  readonly modelCallsCompleted: number;
  readonly modelCallsRefused: number;
  readonly toolCalls: number;
  readonly dispatches: number;
  readonly preemptions: number;
  readonly migrations: number;
  readonly faultedTokens: number;
  readonly tokensIn: number;
  readonly tokensCached: number;
  readonly tokensOut: number;
  readonly microDollars: number;
}

export interface PageCount {
  readonly pages: number;
  readonly tokens: number;
}

interface LockCounts {
  /** Times that a lock was got; that one was taken from a semaphore. */
  readonly acquired: number;
  readonly taken: number;
  /** How often somebody had to wait for either. */
  readonly waits: number;
  /** How often a holder's priority rose by inheritance. */
  readonly boosts: number;
  readonly deadlocks: number;
}

/** What entered context memory from a slower tier before it was asked for, beside `loaded`. */
interface PrefetchCount extends PageCount {
  /** Begun. */
  readonly transfers: number;
  /** Of `tokens`, what a call found before it left again. */
  readonly usedTokens: number;
  /** What came and found no room. */
  readonly declinedTokens: number;
}

/** Why a stretch on a core ended before its call did. */
export type StopReason = 'slice' | 'priority' | 'signal' | 'load-control';

export interface EngineMetrics {
  readonly name: string;
  readonly cores: number;
  readonly memoryTokens: number;
  /** Core time used, over all cores. */
  readonly busyUs: number;
  /** busyUs / (cores × makespan), 0 to 1. */
  readonly utilisation: number;
  readonly peakResidentTokens: number;
  /** Weighted by time. */
  readonly meanResidentTokens: number;
}

export interface RunMetrics {
  /** Time of the first event. */
  readonly startUs: number;
  readonly endUs: number;
  readonly makespanUs: number;

  readonly processes: number;
  readonly completed: number;
  /** Of `completed`: those that went on without the answer of a call that was refused. */
  readonly completedWithRefusedCalls: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly killed: number;
  readonly unfinished: number;

  /** Model calls that programs asked for, refused ones included. */
  readonly modelCalls: number;
  /** Those that ended well. */
  readonly modelCallsCompleted: number;
  readonly modelCallsFailed: number;
  /** By code; a call that is refused never starts. */
  readonly modelCallsRefused: Readonly<Record<string, number>>;
  readonly modelCallsBypassed: number;
  /** Those that a budget let run on its cheaper model only. */
  readonly modelCallsDegraded: number;
  /** Tool calls started; each retry counts again, here and in the failures. */
  readonly toolCalls: number;
  readonly toolFailures: number;
  readonly toolFailuresByCode: Readonly<Record<string, number>>;
  /** Tool calls that were never started: unknown tool, bad arguments, not permitted, denied. */
  readonly toolsRefused: Readonly<Record<string, number>>;

  readonly dispatches: number;
  readonly preemptions: Readonly<Record<StopReason, number>>;
  readonly tokensIn: number;
  readonly tokensCached: number;
  readonly tokensOut: number;
  readonly microDollars: number;

  readonly faults: Readonly<Record<FaultKind, PageCount>>;
  /** What entered context memory because it was asked for: the load traffic. */
  readonly loaded: PageCount;
  readonly prefetched: PrefetchCount;
  readonly evicted: PageCount;
  readonly freed: PageCount;
  readonly dropped: PageCount;
  /** Prompt tokens that were resident when their stretch began, over all dispatches. */
  readonly prefillTokensSaved: number;
  /** Moves of processes between engines, and the tokens of their prompts that were usable where they came from and not where they went. */
  readonly migrations: { readonly count: number; readonly lostTokens: number };
  /** Waits for budget. */
  readonly budgetStalls: { readonly count: number; readonly us: number };
  /** How often a budget had a call wait for its pace, suspended a process, stopped one. */
  readonly budgetActions: {
    readonly throttled: number;
    readonly suspended: number;
    readonly stopped: number;
  };

  /** Of locks and semaphores as syscalls. */
  readonly locks: LockCounts;

  /** An hour of the run's own time; completed processes and calls that ended well. */
  readonly throughput: { readonly completedProcessesPerHour: number; readonly completedCallsPerHour: number };
  /** Over the cores of all engines, 0 to 1. */
  readonly utilisation: number;
  readonly fairness: {
    /** Jain's index of core time over all processes. */
    readonly coreTime: number;
    /**
     * Jain's index of slowdown over the processes that had a core at all: (core time + ready queue + suspended + `kernelWaits`) / core time. What a
     * process waits for in the world is not the kernel's to share out.
     */
    readonly slowdown: number;
  };
  /** An unfinished process counts with its time so far: a lower bound, but leaving it out would flatter whoever starves it. */
  readonly turnaround: Distribution;
  /** Of the processes that were dispatched at least once. */
  readonly response: Distribution;
  readonly waiting: Distribution;
  /** Sum over all processes. */
  readonly split: Split;
  readonly pressure: RunPressure;

  readonly engines: readonly EngineMetrics[];
  /** In pid order. */
  readonly perProcess: readonly ProcessMetrics[];
}
