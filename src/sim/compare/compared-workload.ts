/** A workload as policies are compared on it: plain data, so that worker threads get it; each seed makes agents of it. */
import type { AgentSpec } from '../../agents/steps.ts';
import type { SimulationSpec } from '../spec.ts';
import { withArrivals, type Arrivals } from '../workloads/arrivals.ts';
import { withLatencies } from '../workloads/latency.ts';
import { parseScenario } from '../workloads/scenario.ts';
import type { Workload } from '../workloads/workload.ts';
import { leastDemand, withExpectations, type Demand } from './demand.ts';
import { machineOf, type Machine } from './machine.ts';

/** Recorded agents, whose arrivals and unrecorded times are drawn by the seed; or a scenario file, which draws its own agents. */
export type ComparedWorkload =
  | {
      readonly kind: 'recorded';
      readonly workload: Workload;
      readonly arrivals: Arrivals;
      readonly latency: 'recorded' | 'drawn';
      /** Its seed and its scheduler are of no matter. */
      readonly spec: SimulationSpec;
    }
  | { readonly kind: 'scenario'; readonly name: string; readonly text: string };

/** What one seed makes of it: the same for every policy. */
export interface SeededWorkload {
  readonly spec: SimulationSpec;
  /** With what schedulers may want to know of them, as recorded. */
  readonly agents: readonly AgentSpec[];
  /** The least that each asks for. */
  readonly demands: readonly Demand[];
  /** The group of each; absent where there are none. */
  readonly groups?: readonly string[];
  readonly program: 'replayed' | 'scripted';
  readonly machine: Machine;
  readonly untilUs?: number;
}

export function seededWorkload(compared: ComparedWorkload, seed: number): SeededWorkload {
  if (compared.kind === 'scenario') {
    const { spec, workload, groups, untilUs } = parseScenario(compared.name, compared.text, { seed });
    const until = untilUs === undefined ? {} : { untilUs };
    return { ...complete(spec, workload.agents, 'scripted'), groups, ...until };
  }
  const { workload, arrivals, latency, spec } = compared;
  const { agents } = withLatencies(withArrivals(workload, arrivals, seed), { mode: latency, seed });
  return complete({ ...spec, seed }, agents, 'replayed');
}

/** Whether another seed makes other agents, rather than leaving chance to the policies alone. */
export function changesWithSeed(compared: ComparedWorkload): boolean {
  if (compared.kind === 'scenario') {
    const [one, two] = [1, 2].map((seed) => parseScenario(compared.name, compared.text, { seed }).workload);
    return JSON.stringify(one!.agents) !== JSON.stringify(two!.agents) || one!.agents.some(isDrawn);
  }
  const { workload, arrivals, latency } = compared;
  return (
    arrivals.kind === 'poisson' ||
    arrivals.kind === 'bursty' ||
    workload.agents.some((agent) => (latency === 'drawn' ? hasTimes(agent) : isDrawn(agent)))
  );
}

/** A tool or a person takes a time that nobody recorded. */
function isDrawn({ steps }: AgentSpec): boolean {
  return steps.some((step) => {
    if (step.op === 'tools') return step.calls.some(({ durationUs }) => durationUs === undefined);
    if (step.op === 'ask') return step.durationUs === undefined;
    return step.op === 'spawn' && isDrawn(step.agent);
  });
}

function hasTimes({ steps }: AgentSpec): boolean {
  return steps.some(
    (step) => step.op === 'tools' || step.op === 'ask' || (step.op === 'spawn' && hasTimes(step.agent)),
  );
}

function complete(
  spec: SimulationSpec,
  agents: readonly AgentSpec[],
  program: SeededWorkload['program'],
): SeededWorkload {
  const machine = machineOf(spec);
  return {
    spec,
    agents: withExpectations(agents, machine),
    demands: agents.map((agent) => leastDemand(agent, machine)),
    program,
    machine,
  };
}
