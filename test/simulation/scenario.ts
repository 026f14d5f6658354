/**
 * A world as plain JSON: who works on what, what models, tools and people do, and what goes wrong when. Everything that a world consists of stands here, so that the same file is the same world, and taking
 * something out of it makes a smaller one.
 */
import type { BudgetNodeSpec } from '../../src/kernel/budget-limits.ts';
import type { Prices } from '../../src/kernel/engine-options.ts';
import type { Json } from '../../src/kernel/ids.ts';
import type { SignalName } from '../../src/kernel/inputs.ts';
import type { ToolData } from '../../src/kernel/tool-data.ts';

export interface Scenario {
  /** Of the kernels. */
  readonly seed: number;
  readonly kernel: KernelPlan;
  readonly budgets: readonly BudgetNodeSpec[];
  readonly tools: readonly ToolData[];
  /** The model's server refuses everybody meanwhile. */
  readonly storms: readonly Stretch[];
  /** Each is driven by kernels of its own, all on one storage. */
  readonly runs: readonly RunPlan[];
}

interface KernelPlan {
  readonly engines: readonly EnginePlan[];
  readonly scheduling: 'priority' | 'round-robin' | 'fifo';
  readonly sliceUs: number;
  readonly paging: string;
  readonly residency: 'independent' | 'prefix';
  readonly oversize: 'fail' | 'bypass' | 'estimate';
  readonly deadlocks: 'report' | 'resolve';
  readonly mailboxLimit: number;
}

interface EnginePlan {
  readonly name: string;
  readonly cores: number;
  readonly memoryTokens: number;
  readonly preemption: 'none' | 'continue';
  readonly prices?: Prices;
}

/** A stretch of time. */
export interface Stretch {
  readonly fromUs: number;
  readonly untilUs: number;
}

export interface RunPlan {
  readonly name: string;
  /** What its root starts and waits for. */
  readonly agents: readonly AgentPlan[];
  /** What the models say, by the name of the process that asks: one turn for each of its calls. Behind the last turn the answer tells what stands in the prompt. */
  readonly scripts: Readonly<Record<string, readonly Turn[]>>;
  /** Who drives it: one, or several that race for its lease. */
  readonly workers: readonly WorkerPlan[];
  readonly signals: readonly SignalPlan[];
  readonly messages: readonly MessagePlan[];
}

export interface AgentPlan {
  readonly name: string;
  readonly program: string;
  readonly arguments: Json;
  readonly priority?: number;
  readonly budget?: string;
}

export interface Turn {
  /** Default: a word that names process and turn. */
  readonly text?: string;
  /** From the question to the end of the answer. */
  readonly us: number;
  readonly tokens: number;
  /** Pieces in which the text comes. */
  readonly pieces: number;
  readonly calls: readonly AskedTool[];
  /** `silent`: the server does not say how many tokens it took. */
  readonly fault?:
    | 'refused'
    | 'rejected'
    | 'stalled'
    | 'empty'
    | 'broken-off'
    | 'cut-off'
    | 'silent'
    | 'thrown';
}

export interface AskedTool {
  readonly tool: string;
  readonly arguments: ToolArguments;
}

/** What a tool of these worlds is told: also how it is to behave. */
export type ToolArguments = {
  readonly path: string;
  readonly us?: number;
  /** `late`: hears no stop, and ends behind its time limit; `lost`: ends only when it is told to; `twice`: its end is told again. Default: `ok`. */
  readonly does?: 'ok' | 'fails' | 'throws' | 'late' | 'lost' | 'twice';
  /** When its effect happens; default `end`. */
  readonly acts?: 'begin' | 'end';
  readonly person?: PersonPlan;
};

/** How a person answers. */
export type PersonPlan = {
  readonly us: number;
  /** `absent`: not before everything else is over. */
  readonly says: 'approve' | 'edit' | 'deny' | 'answer' | 'absent';
  /** How often the same answer is given; default 1. */
  readonly times?: number;
};

export interface WorkerPlan {
  readonly startUs: number;
  /** For how long it takes the lease; 0: it asks for none. */
  readonly leaseUs: number;
  /** How long a flush takes. */
  readonly flushUs: number;
  /** How its lives end, in order; behind the last it lives on. */
  readonly crashes: readonly Crash[];
  readonly flushes: readonly FlushFault[];
  /** The storage is out of its reach: what is asked of it then fails, whatever it is. */
  readonly outages: readonly Stretch[];
  /** Its clock is set forward while it works. */
  readonly jumps: readonly Jump[];
  /** It stands still: nothing reaches it meanwhile. */
  readonly pauses: readonly Jump[];
}

/** `at`: flushes and acts count from 1 in each life. An act is whatever the kernel asks of the world. */
export interface Crash {
  readonly at: CrashPoint;
  /** Until the next life begins. */
  readonly downUs: number;
  /** What the clock of the next life is off by. */
  readonly clockUs: number;
}
export type CrashPoint =
  | { readonly kind: 'time'; readonly us: number }
  /** No crash: its kernel is parked, and goes on in the next life. */
  | { readonly kind: 'park'; readonly us: number }
  /** `torn`: the first `keep` of its writes are stored. */
  | { readonly kind: 'flush'; readonly nth: number; readonly phase: FlushPhase; readonly keep?: number }
  | { readonly kind: 'act'; readonly nth: number; readonly phase: 'before' | 'after' };
export const flushPhases = ['before', 'torn', 'unacknowledged', 'acknowledged'] as const;
export type FlushPhase = (typeof flushPhases)[number];

/** From flush `nth` of a worker on, counted over all its lives, so many. */
export interface FlushFault {
  readonly nth: number;
  readonly count: number;
  /**
   * `full`: nothing is stored until there is room; `lost`: the connection breaks before the commit; `unknown`: behind it, nobody knows; `refused`: for good, as by a broken disk; `slow`: takes `us` more.
   */
  readonly kind: 'full' | 'lost' | 'unknown' | 'refused' | 'slow';
  readonly us: number;
}

interface Jump {
  readonly atUs: number;
  readonly byUs: number;
}

interface SignalPlan {
  readonly atUs: number;
  /** Name of a process. */
  readonly to: string;
  readonly signal: SignalName;
}

interface MessagePlan {
  readonly atUs: number;
  readonly to: string;
  readonly text: string;
}
