/** Agents that say of themselves what the scheduling policies ask for: a burst of its own for every call, one page of context each; `tools`: a tool call between every two. */
import type { AgentSpec } from '../../src/agents/steps.ts';
import { rngFor } from '../../src/base/rng.ts';
import { simulationDefaults, type SimulationSpec } from '../../src/sim/spec.ts';
import { generateJobs } from '../../src/sim/workloads/generate-jobs.ts';
import { recordedTools } from '../../src/sim/workloads/recorded-tools.ts';

const pageTokens = 1_000;
const cores = 8;

export function agentsFor(count: number, calls: number, tools: boolean, seed: number): readonly AgentSpec[] {
  const rng = rngFor(seed, 'facts');
  const { agents } = generateJobs({
    count,
    seed,
    bursts: calls,
    pageTokens,
    priorities: [10, 30, 50, 70, 90],
  });
  return agents.map((agent, index) => ({
    ...agent,
    steps: tools ? agent.steps : agent.steps.filter(({ op }) => op !== 'tools'),
    scheduling: {
      tickets: 1 + rng.integer(1_000),
      weight: 0.5 + rng.next(),
      client: `client ${index % 100}`,
      // Every other agent: the policies have rules for those of which nobody knows.
      ...(index % 2 === 0
        ? {
            deadlineUs: (1 + rng.integer(3_600)) * 1_000_000,
            expectedTokenSeconds: calls * (1 + rng.integer(1_000)),
          }
        : {}),
    },
  }));
}

/** One engine, and room for every context: what it costs to bring contexts back is not the matter here. */
export function specFor(scheduler: string, agents: number, seed: number): SimulationSpec {
  return {
    ...simulationDefaults,
    seed,
    scheduler,
    engines: [{ cores, memoryTokens: 2 * agents * pageTokens }],
    tools: recordedTools(['disk']),
  };
}
