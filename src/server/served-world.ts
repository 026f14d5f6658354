/** What a server drives: a kernel with its models, tools, people and storage, built by whoever starts the server. */
import type { LiveKernel } from '../host/live-kernel.ts';
import type { OpenQuestions } from '../host/open-questions.ts';
import type { MetricData } from '../host/telemetry/metric-set.ts';
import type { Clock } from '../host/ports.ts';
import type { KernelError } from '../kernel/errors.ts';
import type { RestoreInput } from '../kernel/inputs.ts';
import type { Json } from '../kernel/ids.ts';
import type { Outcome } from '../kernel/process-state.ts';
import type { RunSummary, StorageManager, StoredProcess } from '../kernel/storage.ts';
import type { ToolRegistry } from '../kernel/tools.ts';

export interface ServedWorld {
  readonly live: LiveKernel;
  readonly questions: OpenQuestions;
  readonly clock: Clock;
  readonly registry: ToolRegistry;
  readonly storage: StorageManager;
  /** Names of the models that agents may ask; the first is asked if nothing else is said. */
  readonly models: readonly string[];
  /** The tools that agents are offered. */
  readonly tools: readonly string[];
  /** The budget node under which agents spend. */
  readonly budget: string;
  /** What is kept with a run that starts here, so that its world can be built again. */
  readonly settings: Json;
  readonly leases: RunLeases;
  /** Whether somebody answers questions; false: they are all denied. */
  readonly asks: boolean;
  /** As they stand, for whoever hands them to Prometheus (prometheusText). */
  metrics(): readonly MetricData[];
  /** A name for a new run, like no other. */
  newRunName(): string;
  /** The arguments of an agent here, with what is said of it alone. Throws KernelError INVALID_ARGUMENT. */
  agent(own: Readonly<Record<string, Json>>): Json;
  /** Throws KernelError INVALID_ARGUMENT, in one line, for a run whose models, folders or hosts are not those of this world. `settings`: kept with it. */
  checkGoesOn(run: string, settings: Json | undefined): void;
  /** The budget nodes of a run that goes on here, where it has a budget of its own. `settings`: kept with it. */
  budgetsOf(run: string, settings: Json | undefined): Pick<RestoreInput, 'budgets' | 'budgetNames'>;
  /** Without what must not be stored. */
  redact(value: Json): Json;
}

/** The leases of runs, under the name of this server. */
export interface RunLeases {
  /** Throws KernelError LEASE_LOST that names who drives the run. `onLost`: another has taken it over. */
  take(run: string, onLost: (why: KernelError) => void): Promise<RunLease>;
  /** How a run of the storage stands, as far as it tells. */
  standing(summary: RunSummary): Promise<RunStanding>;
  /** A server had it last, which has left it, or is gone: it goes on at the next one. */
  isLeft(summary: RunSummary): boolean;
}

export interface RunLease {
  /** Nobody drives it any more. */
  release(): Promise<void>;
  /** The next server goes on with it. */
  leave(): Promise<void>;
}

/** `parked`: it was stopped so that it can go on; `interrupted`: its program died; `pruned`: only what it spent and its audit log are left. */
export interface RunStanding {
  readonly state: Outcome | 'running' | 'parked' | 'interrupted' | 'pruned';
  /** Who drives it, for people; undefined: nobody. */
  readonly by: string | undefined;
  /** Of the branch with which it goes on. */
  readonly processes: readonly StoredProcess[];
  readonly branch: string;
}
