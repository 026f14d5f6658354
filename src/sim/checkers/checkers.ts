/**
 * All checkers over one stream: in every test run, and behind `--check`. A broken promise is an AssertionError that names the promise,
 * the event and the values; nothing catches it.
 */
import type { KernelEvent } from '../../kernel/events.ts';
import { budgetLimits } from './budget-limits.ts';
import { budgetQueue } from './budget-queue.ts';
import { budgetRules } from './budget-rules.ts';
import { calls } from './calls.ts';
import type { CheckerFacts, CreateChecker, EventType } from './checker.ts';
import { cores } from './cores.ts';
import { deadlocks } from './deadlocks.ts';
import { faults } from './faults.ts';
import { locks } from './locks.ts';
import { messages } from './messages.ts';
import { migrations } from './migrations.ts';
import { metering } from './metering.ts';
import { namedLocks } from './named-locks.ts';
import { people } from './people.ts';
import { prefetches } from './prefetches.ts';
import { reservations } from './reservations.ts';
import { residency } from './residency.ts';
import { semaphores } from './semaphores.ts';
import { sequence } from './sequence.ts';
import { signals } from './signals.ts';
import { slices } from './slices.ts';
import { splits } from './splits.ts';
import { switches } from './switches.ts';
import { tools } from './tools.ts';
import { transitions } from './transitions.ts';
import { waits } from './waits.ts';

/** In the order in which they see an event: what others take for granted comes first, so that the plainest failure is told. */
export const checkers = {
  sequence,
  transitions,
  cores,
  calls,
  migrations,
  residency,
  faults,
  prefetches,
  reservations,
  'budget-limits': budgetLimits,
  'budget-queue': budgetQueue,
  'budget-rules': budgetRules,
  metering,
  slices,
  tools,
  locks,
  'named-locks': namedLocks,
  semaphores,
  deadlocks,
  people,
  messages,
  signals,
  waits,
  splits,
  switches,
} satisfies Record<string, CreateChecker>;

export type CheckerName = keyof typeof checkers;

export interface Checkers {
  onEvent(event: KernelEvent): void;
  /** The stream is over; `isRunOver`: nothing is due any more. Default: it may be cut off in the middle of the run. */
  finish(isRunOver?: boolean): void;
}

/** Facts that a run doesn't have may be left out: one queue for all engines, no budgets, no past, no tools with a limit. `only`: these checkers, default all. */
export type CheckersOptions = Pick<CheckerFacts, 'engines'> &
  Partial<CheckerFacts> & { readonly only?: readonly CheckerName[] };

export function createCheckers(options: CheckersOptions): Checkers {
  const facts: CheckerFacts = {
    engines: options.engines,
    queues: options.queues ?? 'per-engine',
    budgets: options.budgets ?? [],
    tools: options.tools ?? [],
    hasPast: options.hasPast ?? false,
  };
  const table: Readonly<Record<CheckerName, CreateChecker>> = checkers;
  const names = options.only ?? (Object.keys(table) as CheckerName[]);
  const all = names.map((name) => table[name](facts));
  const handlers = new Map<EventType, readonly Handler[]>();

  /** What the checkers do with an event of this type, in their order. */
  function handlersOf(type: EventType): readonly Handler[] {
    return all.flatMap(({ every, on }) =>
      [every, on[type] as Handler | undefined].filter((handler) => handler !== undefined),
    );
  }

  return {
    onEvent(event) {
      let list = handlers.get(event.type);
      if (list === undefined) handlers.set(event.type, (list = handlersOf(event.type)));
      for (const handle of list) handle(event);
    },
    finish(isRunOver = false) {
      for (const checker of all) checker.finish?.(isRunOver);
    },
  };
}

type Handler = (event: KernelEvent) => void;
