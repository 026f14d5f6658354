/**
 * Scheduling programs rather than calls: an agent is a program of many model calls. A scheduler that serves calls first come, first served makes each call of a program
 * wait behind the long calls of others, over and over, so that a program with many short ones waits most. PLAS and ATLAS rank a call by what its program has had so far:
 * short programs pass, programs with many short calls, which had waited most, save most time, and long programs pay.
 *
 * Source: M. Luo et al., "Autellix: An Efficient Serving Engine for LLM Agents as General Programs", 2025 (arXiv 2502.13965).
 */
import type { CreateSchedulingPolicy } from '../../kernel/contracts.ts';
import { mlfqDefaults, mlfqWith, schedulingPolicies } from '../../policies/index.ts';
import { type SeededWorkload, seededWorkload } from '../../sim/compare/compared-workload.ts';
import { leastDemand } from '../../sim/compare/demand.ts';
import { machineOf } from '../../sim/compare/machine.ts';
import { FigureTally, type RunFigures } from '../../sim/compare/run-figures.ts';
import type { ProcessMetrics } from '../../sim/metrics/run-metrics.ts';
import { mean } from '../../sim/metrics/statistics.ts';
import { runWorkload } from '../../sim/run-workload.ts';
import { type SimulationSpec, simulationDefaults } from '../../sim/spec.ts';
import { recordedTools } from '../../sim/workloads/recorded-tools.ts';
import type { Workload } from '../../sim/workloads/workload.ts';
import { figuresOnly } from './scenario-run.ts';

export interface OfferedLoad {
  /** What the programs want of the cores while they arrive, above 0; 1: all. */
  readonly load: number;
  readonly cores: number;
  readonly seed: number;
}

/** The programs arriving independently of each other at the rate that makes this load, on one engine with memory for all, so that order alone matters. */
export function offered(workload: Workload, { load, cores, seed }: OfferedLoad): SeededWorkload {
  const spec: SimulationSpec = {
    ...simulationDefaults,
    seed,
    engines: [{ cores, memoryTokens: 1_000_000_000 }],
    tools: recordedTools(workload.facts.tools),
  };
  const machine = machineOf(spec);
  const coreUs = mean(workload.agents.map((agent) => leastDemand(agent, machine).coreUs));
  return seededWorkload(
    {
      kind: 'recorded',
      workload,
      arrivals: { kind: 'poisson', ratePerHour: (load * cores * 3_600_000_000) / coreUs },
      latency: 'recorded',
      spec,
    },
    seed,
  );
}

/** Those that are compared. `mlfq per call` begins anew with each call: it knows calls, and no programs. */
const programSchedulers = {
  ...schedulingPolicies,
  'mlfq per call': mlfqWith({ ...mlfqDefaults, allotmentOnWait: 'reset' }),
} satisfies Record<string, CreateSchedulingPolicy>;
export type ProgramScheduler = keyof typeof programSchedulers;

/** One policy on the same workloads as the others. Times are s. */
export interface ProgramServiceFigures {
  readonly scheduler: ProgramScheduler;
  /** Of each workload. */
  readonly runs: readonly RunFigures[];
  /** From arrival to end: mean over all programs. */
  readonly mean: number;
  /** By group, in the order of the groups. */
  readonly groups: readonly GroupFigures[];
}
interface GroupFigures {
  readonly group: string;
  readonly programs: number;
  readonly mean: number;
  /** Of the mean: on a core, or waiting for one. */
  readonly inCalls: number;
}

/** `groupOf` tells programs apart by the names of their roots. */
export function programService(
  schedulers: readonly ProgramScheduler[],
  workloads: readonly SeededWorkload[],
  { groups, groupOf }: { readonly groups: readonly string[]; readonly groupOf: (name: string) => string },
): readonly ProgramServiceFigures[] {
  return schedulers.map((scheduler) => {
    const runs = workloads.map((workload) => runPrograms(workload, scheduler));
    const roots = runs.flatMap((run) => run.roots);
    return {
      scheduler,
      runs: runs.map(({ figures }) => figures),
      mean: meanSeconds(roots, ({ turnaroundUs }) => turnaroundUs),
      groups: groups.map((group) => {
        const own = roots.filter(({ name }) => groupOf(name) === group);
        return {
          group,
          programs: own.length,
          mean: meanSeconds(own, ({ turnaroundUs }) => turnaroundUs),
          inCalls: meanSeconds(own, inCallsUs),
        };
      }),
    };
  });
}

function runPrograms(
  { spec, agents, demands, program, machine }: SeededWorkload,
  scheduler: ProgramScheduler,
): { readonly figures: RunFigures; readonly roots: readonly ProcessMetrics[] } {
  const tally = new FigureTally({ agents, demands, cores: machine.cores });
  const { metrics } = runWorkload({
    spec,
    ownScheduler: programSchedulers[scheduler],
    agents,
    program,
    ...figuresOnly,
    onEvent: (event) => tally.onEvent(event),
  });
  return {
    figures: tally.result(metrics, false),
    roots: metrics.perProcess.filter(({ parent }) => parent === 0),
  };
}

function inCallsUs({ split: { running, readyUs, suspendedUs } }: ProcessMetrics): number {
  const onCoreUs = Object.values(running).reduce((sum, us) => sum + us, 0);
  return onCoreUs + readyUs + suspendedUs;
}

function meanSeconds(processes: readonly ProcessMetrics[], of: (process: ProcessMetrics) => number): number {
  return mean(processes.map(of)) / 1_000_000;
}
