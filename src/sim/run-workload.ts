/** Runs a whole workload through one kernel in virtual time and reports on it: what `replay`, `simulate` and the tests do. */
import { uniqueId } from '../base/ids.ts';
import { rngFor } from '../base/rng.ts';
import type { AgentSpec } from '../agents/steps.ts';
import { builtInTools } from '../agents/tools/built-in.ts';
import type { BudgetNodeSpec } from '../kernel/budget-limits.ts';
import type { CreateSchedulingPolicy } from '../kernel/contracts.ts';
import type { KernelEvent } from '../kernel/events.ts';
import type { Json } from '../kernel/ids.ts';
import type { Input } from '../kernel/inputs.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { KernelSnapshot } from '../kernel/snapshot.ts';
import type { MemoryStore } from '../kernel/memory-store.ts';
import { createCheckers } from './checkers/checkers.ts';
import { EventHash, type TextHash } from './event-hash.ts';
import { Metrics } from './metrics/metrics.ts';
import type { EngineFacts, RunMetrics } from './metrics/run-metrics.ts';
import { Simulation } from './simulation.ts';
import { kernelOptionsOf, sliceUsOf, type SimulationSpec } from './spec.ts';

export interface WorkloadRun {
  readonly spec: SimulationSpec;
  /** The policy of the description's `schedulerFile`. */
  readonly ownScheduler?: CreateSchedulingPolicy;
  readonly agents: readonly AgentSpec[];
  /** `replayed` agents go on when a call is refused, `scripted` ones fail. */
  readonly program: 'replayed' | 'scripted';
  /** Watches every promise of the design in the event stream, and recounts the kernel at the end. */
  readonly check: boolean;
  /** Histories, checkpoints, ledger and audit log are kept in memory (and found in the result's store). */
  readonly keepRecords: boolean;
  /** Default true. Without the hash a run takes about half the time: for those that compare figures only. */
  readonly hashEvents?: boolean;
  /** A faster SHA-256 than the one that runs everywhere, unused. */
  readonly textHash?: TextHash;
  /** Stops at this time, µs; what has not ended then is unfinished. */
  readonly untilUs?: number;
  readonly onEvent?: (event: KernelEvent) => void;
  readonly onInput?: (input: Input) => void;
  /** Called every so often with the share of processes that have ended. */
  readonly onProgress?: (ended: number, of: number, virtualUs: number) => void;
}

export interface WorkloadResult {
  readonly metrics: RunMetrics;
  /** Of the event log (event-hash.ts); '' when it was not asked for. */
  readonly eventHash: string;
  readonly events: number;
  readonly inputs: number;
  readonly virtualUs: number;
  /** `untilUs` came before the end: more would have happened. */
  readonly isCut: boolean;
  readonly final: KernelSnapshot;
  readonly store: MemoryStore;
}

export function runWorkload(run: WorkloadRun): WorkloadResult {
  const { spec, agents } = run;
  const kernelOptions = { ...kernelOptionsOf(spec, run.ownScheduler), records: run.keepRecords };
  const hash = run.hashEvents === false ? undefined : new EventHash(run.textHash);
  let metrics: Metrics | undefined;
  let checkers: ReturnType<typeof createCheckers> | undefined;
  let events = 0;
  let inputs = 0;
  let ended = 0;
  let known = agents.length;
  const simulation = new Simulation({
    kernel: kernelOptions,
    tools: builtInTools,
    onEvent: (event) => {
      events++;
      hash?.add(event);
      metrics!.onEvent(event);
      checkers?.onEvent(event);
      run.onEvent?.(event);
      if (event.type === 'process.spawned' && event.parent !== 0) known++;
      else if (event.type === 'process.terminated') run.onProgress?.(++ended, known, event.atUs);
    },
    onInput: (input) => {
      inputs++;
      run.onInput?.(input);
    },
  });
  const engines = engineFacts(simulation.kernel);
  metrics = new Metrics({ engines, budgets: spec.budgets });
  if (run.check)
    checkers = createCheckers({
      engines: simulation.kernel.options.engines.map((engine) => ({ ...engine, sliceUs: sliceUsOf(spec) })),
      queues: simulation.kernel.options.queues,
      budgets: simulation.kernel.options.budgets,
      tools: simulation.kernel.options.tools,
    });
  spawnAgents(simulation, run);
  const isCut = simulation.run(run.untilUs);
  const virtualUs = isCut ? run.untilUs! : simulation.nowUs;
  checkers?.finish(!isCut);
  if (run.check) simulation.kernel.checkInvariants();
  return {
    metrics: metrics.result(virtualUs),
    eventHash: hash?.digest() ?? '',
    events,
    inputs,
    virtualUs,
    isCut,
    final: simulation.kernel.snapshot(),
    store: simulation.store,
  };
}

/** Each agent arrives when it says, a run of its own. */
export function spawnAgents(
  simulation: Simulation,
  { spec, agents, program }: Pick<WorkloadRun, 'spec' | 'agents' | 'program'>,
): void {
  const budgets = new Set(spec.budgets.map(({ name }) => name));
  const root = spec.budgets[0]?.name;
  const runIds = rngFor(spec.seed, 'run-ids');
  for (const [index, agent] of agents.entries()) {
    simulation.spawn(agent.arrivalUs ?? 0, {
      program: program,
      arguments: agent as unknown as Json,
      name: agent.name,
      run: uniqueId(runIds, 12),
      ...(agent.priority === undefined ? {} : { priority: agent.priority }),
      ...(agent.scheduling === undefined ? {} : { scheduling: agent.scheduling }),
      ...(root === undefined ? {} : { budget: agent.budget ?? ownBudget(index, budgets) ?? root }),
    });
  }
}

function engineFacts(kernel: Kernel): readonly EngineFacts[] {
  return kernel.options.engines.map(({ name, cores, memoryTokens }) => ({ name, cores, memoryTokens }));
}

/** The agent's own node where there is one. */
function ownBudget(index: number, budgets: ReadonlySet<string>): string | undefined {
  const own = agentBudgetName(index);
  return budgets.has(own) ? own : undefined;
}

const agentBudgetName = (index: number): string => `agent-${index + 1}`;

/** A tree of one root and one node for each agent with these limits and this rule. */
export function perAgentBudgets(
  agents: number,
  own: Omit<BudgetNodeSpec, 'name' | 'parent'>,
): SimulationSpec['budgets'] {
  return [
    { name: 'root' },
    ...Array.from({ length: agents }, (_, index) => ({
      name: agentBudgetName(index),
      parent: 'root',
      ...own,
    })),
  ];
}
