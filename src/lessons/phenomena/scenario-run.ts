/** Runs a scenario and reports on it: the experiments on agents are scenario files, so that `ringzero simulate` repeats them. */
import type { CreateSchedulingPolicy } from '../../kernel/contracts.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import type { Json } from '../../kernel/ids.ts';
import { Metrics } from '../../sim/metrics/metrics.ts';
import type { RunMetrics } from '../../sim/metrics/run-metrics.ts';
import { Simulation } from '../../sim/simulation.ts';
import { kernelOptionsOf, type SimulationSpec } from '../../sim/spec.ts';
import { parseScenario } from '../../sim/workloads/scenario.ts';
import type { AgentSpec } from '../../agents/steps.ts';

interface AgentsRun {
  readonly spec: SimulationSpec;
  readonly agents: readonly AgentSpec[];
  /** `scripted` agents (the default) fail when a step does, `replayed` ones go on when a call is refused. */
  readonly program?: 'scripted' | 'replayed';
  /** Instead of the spec's scheduler. */
  readonly scheduling?: CreateSchedulingPolicy;
  /** Stops at this time, µs. */
  readonly untilUs?: number;
  readonly onEvent?: (event: KernelEvent) => void;
}

/** A document as docs/scenario.md tells it. */
export function runScenario(document: Json, onEvent?: (event: KernelEvent) => void): RunMetrics {
  const { spec, workload, untilUs } = parseScenario('scenario', JSON.stringify(document));
  return runAgents({
    spec,
    agents: workload.agents,
    ...(untilUs === undefined ? {} : { untilUs }),
    ...(onEvent === undefined ? {} : { onEvent }),
  });
}

/** The figures alone: no records are kept, and the events are not hashed. */
export function runAgents(run: AgentsRun): RunMetrics {
  const { spec, agents, program = 'scripted', scheduling, untilUs, onEvent } = run;
  const options = { ...kernelOptionsOf(spec), records: false };
  let metrics: Metrics | undefined;
  const simulation = new Simulation({
    kernel: scheduling === undefined ? options : { ...options, scheduling },
    onEvent: (event) => {
      metrics!.onEvent(event);
      onEvent?.(event);
    },
  });
  const engines = simulation.kernel.options.engines.map(({ name, cores, memoryTokens }) => ({
    name,
    cores,
    memoryTokens,
  }));
  metrics = new Metrics({ engines, budgets: spec.budgets });
  for (const [index, agent] of agents.entries())
    simulation.spawn(agent.arrivalUs ?? 0, {
      program,
      arguments: agent as unknown as Json,
      name: agent.name,
      run: `agent-${index + 1}`,
      ...(agent.priority === undefined ? {} : { priority: agent.priority }),
      ...(agent.scheduling === undefined ? {} : { scheduling: agent.scheduling }),
    });
  const isCut = simulation.run(untilUs);
  return metrics.result(isCut ? untilUs! : simulation.nowUs);
}
