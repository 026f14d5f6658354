/** The state that events are folded into: tables of which every version is kept (versioned-table.ts). */
import type { BudgetNodeSpec } from '../../kernel/budget-limits.ts';
import type { DeadlockMember, KernelEvent } from '../../kernel/events.ts';
import type { Outcome, StateName, WaitReason } from '../../kernel/process-state.ts';
import type { EngineFacts } from '../metrics/run-metrics.ts';
import { BudgetLevels, type OpenReservation } from './budget-levels.ts';
import { VersionedTable } from './versioned-table.ts';

/** What must be known of a kernel beside its events. */
export interface TimelineMachine {
  /** Cores are numbered from 0 over all engines in the order of the list. */
  readonly engines: readonly EngineFacts[];
  /** The budget tree; empty: no limits. */
  readonly budgets: readonly BudgetNodeSpec[];
}

type EventOf<Type extends KernelEvent['type']> = Extract<KernelEvent, { readonly type: Type }>;

export interface FoldedProcess {
  readonly spawned: EventOf<'process.spawned'>;
  state: StateName;
  sinceUs: number;
  /** Number of the event by which it came into its state: orders who came at one instant. */
  sinceIndex: number;
  waitingOn: WaitReason;
  /** The budget node, lock or semaphore that it waits for. */
  waitingFor: string;
  suspendedBy: string;
  effectivePriority: number;
  engine: number;
  core: number;
  outcome: Outcome | '';
  code: string;
  message: string;
  call: EventOf<'call.requested'> | undefined;
  /** The stretch of its call that runs, or ran last. */
  stretch: EventOf<'process.dispatched'> | undefined;
  /** Answer tokens of the stretches of `call` that have ended. */
  tokensOut: number;
  reservation: EventOf<'budget.reserved'> | undefined;
  /** A stretch began since it was reserved. */
  hasRun: boolean;
  deadlock: readonly DeadlockMember[] | undefined;
  mail: number;
  children: number;
  locks: readonly string[];
  /** Requests of its tool calls that have not ended, and of its open questions. */
  tools: readonly number[];
  questions: readonly number[];
  calls: number;
  tokensIn: number;
  tokensCached: number;
  answerTokens: number;
  coreUs: number;
  microDollars: number;
  faults: number;
}

export interface FoldedEngine {
  residentPages: number;
  residentTokens: number;
  roomTokens: number;
  pinnedTokens: number;
  transferTokens: number;
  heldBy: number;
}

export interface FoldedCore {
  pid: number;
  sinceUs: number;
}

export interface FoldedLock {
  readonly name: string;
  owner: number;
  token: number;
  /** Its last owner ended without releasing it. */
  ownerEnded: boolean;
  waiters: readonly number[];
}

export interface FoldedSemaphore {
  readonly run: string;
  readonly name: string;
  count: number;
  waiters: readonly number[];
}

export interface FoldedRun {
  /** Processes of it that live. */
  alive: number;
  /** Numbers of its semaphores, which end with the last of them. */
  semaphores: readonly number[];
}

export interface FoldedTool {
  readonly started: EventOf<'tool.started'>;
  isRunning: boolean;
}

/** One version. `fork` makes another, and neither sees what the other changes from then on. */
export class FoldedState {
  readonly machine: TimelineMachine;
  /** Events folded, and the last of them. */
  index = 0;
  event: KernelEvent | undefined = undefined;
  nowUs = 0;
  life = 1;
  processes = table<FoldedProcess>();
  cores = table<FoldedCore>();
  engines = table<FoldedEngine>();
  locks = table<FoldedLock>();
  semaphores = table<FoldedSemaphore>();
  runs = table<FoldedRun>();
  tools = table<FoldedTool>();
  questions = table<EventOf<'person.asked'>>();
  budgets: BudgetLevels;
  /** Number of the first core of each engine. */
  readonly firstCores: readonly number[];
  /** Numbers of locks, semaphores and runs by their names: all versions share them. */
  private readonly numbers: Map<string, number>;

  constructor(machine: TimelineMachine, numbers = new Map<string, number>()) {
    this.machine = machine;
    this.numbers = numbers;
    let cores = 0;
    this.firstCores = machine.engines.map((engine) => (cores += engine.cores) - engine.cores);
    for (let core = 0; core < cores; core++) this.cores.set(core, { pid: 0, sinceUs: 0 });
    for (const index of machine.engines.keys())
      this.engines.set(index, {
        residentPages: 0,
        residentTokens: 0,
        roomTokens: 0,
        pinnedTokens: 0,
        transferTokens: 0,
        heldBy: 0,
      });
    this.budgets = new BudgetLevels(machine.budgets);
  }

  fork(): FoldedState {
    const other = Object.create(FoldedState.prototype) as FoldedState;
    return Object.assign(other, this, {
      processes: this.processes.fork(),
      cores: this.cores.fork(),
      engines: this.engines.fork(),
      locks: this.locks.fork(),
      semaphores: this.semaphores.fork(),
      runs: this.runs.fork(),
      tools: this.tools.fork(),
      questions: this.questions.fork(),
      budgets: this.budgets.fork(),
    });
  }

  /** Another kernel goes on: of the one before only its ledger is left, in which what was reserved counts in full. */
  crashed(): FoldedState {
    const other = new FoldedState(this.machine, this.numbers);
    other.budgets = this.budgets.fork();
    for (const [, { reservation }] of this.processes.entries())
      if (reservation !== undefined)
        other.budgets.settle(reservation.node, askedBy(reservation), askedBy(reservation), this.nowUs);
    other.nowUs = this.nowUs;
    other.index = this.index;
    other.life = this.life + 1;
    return other;
  }

  /** The number of the lock, semaphore or run with this key. */
  numberOf(key: string): number {
    let number = this.numbers.get(key);
    if (number === undefined) this.numbers.set(key, (number = this.numbers.size));
    return number;
  }
}

/** What a call reserves: itself, and what the event tells. */
export function askedBy({ tokens, microDollars, coreUs, atUs }: EventOf<'budget.reserved'>): OpenReservation {
  return { tokens, microDollars, coreUs, calls: 1, atUs };
}

function table<Entry extends object>(): VersionedTable<Entry> {
  return new VersionedTable<Entry>((entry) => ({ ...entry }));
}
