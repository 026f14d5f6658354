/**
 * What a checker is: it watches one promise of the design in the event stream, and knows nothing of the kernel but that stream and the
 * options of the run. It counts for itself what it needs, so that it can't repeat the kernel's mistakes.
 */
import { assert } from '../../base/assert.ts';
import type { BudgetNodeSpec } from '../../kernel/budget-limits.ts';
import type { EngineOptions } from '../../kernel/engine-options.ts';
import type { QueueRule } from '../../kernel/options.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import type { ToolSpec } from '../../kernel/tools.ts';
import type { EngineFacts } from '../metrics/run-metrics.ts';

export interface Checker {
  readonly name: string;
  /** The sentence of the design. */
  readonly promise: string;
  /** Called for the event types it names. Throws AssertionError when the promise is broken. */
  readonly on: Handlers;
  /** Called for every event, before its own `on`. */
  readonly every?: (event: KernelEvent) => void;
  /** The stream is over. Unless the run is, too (nothing is due any more), what is still open is no violation by itself. */
  readonly finish?: (isRunOver: boolean) => void;
}

export type CreateChecker = (facts: CheckerFacts) => Checker;

/** What a run was set up with, as far as promises depend on it. */
export interface CheckerFacts {
  readonly engines: readonly CheckedEngine[];
  /** One queue of ready processes for each engine, or one for all. */
  readonly queues: QueueRule;
  /** The budget tree; empty: no limits. */
  readonly budgets: readonly BudgetNodeSpec[];
  /** Budgets were used before the stream began, by an earlier kernel: that is in no event. */
  readonly hasPast: boolean;
  /** The registered tools that bound how many of their calls run at a time. */
  readonly tools: readonly ToolFacts[];
}

/** What is left out of an engine's options, nothing is judged by. */
export interface CheckedEngine extends EngineFacts, Partial<Omit<EngineOptions, keyof EngineFacts>> {
  /**
   * The slice of its scheduling policy, when it is the same for every process, µs. To be given only where a call that is told to stop ends in the same
   * instant, as in a simulation.
   */
  readonly sliceUs?: number;
}

interface ToolFacts {
  readonly name: string;
  /** True: a person must approve each call. A rule by arguments can't be judged by the stream, which does not tell them. */
  readonly approval?: ToolSpec['approval'];
  /** Calls that may run at a time, over all processes. */
  readonly concurrency?: number;
}

export type EventType = KernelEvent['type'];
export type EventOf<Type extends EventType> = Extract<KernelEvent, { readonly type: Type }>;
type Handlers = { readonly [Type in EventType]?: (event: EventOf<Type>) => void };

/** Throws AssertionError unless `holds`. `what` gives the values; it is built only on failure. */
export type Check = (holds: unknown, event: KernelEvent, what: () => string) => asserts holds;

/** The check of the checker `name`: its failures name the promise, the event, its time and the values. */
export function checkOf(name: string): Check {
  return (holds, event, what) => {
    assert(
      holds,
      () => `broken promise "${name}": ${what()} (event ${event.seq}, ${event.type}, at ${event.atUs} µs)`,
    );
  };
}
