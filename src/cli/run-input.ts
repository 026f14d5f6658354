/** What is run of a file: the agents of a scenario, or recorded ones on a kernel of flags. */
import type { InputFile } from '../adapters/files/input-file.ts';
import { invalid } from '../kernel/errors.ts';
import type { DeadlockRule, LockProtocol } from '../kernel/options.ts';
import { noSlice } from '../sim/spec.ts';
import { withArrivals } from '../sim/workloads/arrivals.ts';
import { withLatencies } from '../sim/workloads/latency.ts';
import { readWorkload } from '../sim/workloads/read-workload.ts';
import { parseScenario } from '../sim/workloads/scenario.ts';
import type { CommonOptions } from './command.ts';
import { chosenAgents, kernelSpec, type KernelFlags } from './kernel-flags.ts';
import type { RunRequest } from './run-and-report.ts';
import { isGiven, spelledUs, type RunFlags } from './run-flags.ts';
import { chosenScheduler } from './scheduler-choice.ts';

export type RunInput = Pick<RunRequest, 'workload' | 'spec' | 'ownScheduler' | 'program' | 'untilUs'>;

export interface ScenarioFlags extends CommonOptions, Pick<RunFlags, 'given'> {
  readonly until?: number;
  readonly scheduler?: string;
  readonly lockProtocol?: LockProtocol;
  readonly deadlocks?: DeadlockRule;
}

/** What stands on the command line goes before the scenario's own. Throws KernelError. */
export async function scenarioInput(file: InputFile, flags: ScenarioFlags): Promise<RunInput> {
  const seed = isGiven(flags, '--seed') ? { seed: flags.seed } : {};
  const scenario = parseScenario(file.name, await file.text(), seed);
  const { lockProtocol = scenario.spec.lockProtocol, deadlocks = scenario.spec.deadlocks } = flags;
  const until = flags.until ?? scenario.untilUs;
  const scheduler =
    flags.scheduler === undefined ? undefined : await chosenScheduler('--scheduler', flags.scheduler);
  return {
    workload: scenario.workload,
    spec: { ...scenario.spec, lockProtocol, deadlocks, ...scheduler?.spec },
    ownScheduler: scheduler?.create,
    program: 'scripted',
    ...(until === undefined ? {} : { untilUs: until }),
  };
}

export interface ReplayFlags extends KernelFlags {
  readonly scheduler: string;
}

/** `others`: what an unknown format is told to be allowed beside recorded agents. Throws KernelError. */
export async function replayInput(file: InputFile, flags: ReplayFlags, others = ''): Promise<RunInput> {
  const { seed, slice, latency } = flags;
  const { workload: some, arrivals } = chosenAgents(await readWorkload(file, others), flags);
  const workload = withLatencies(withArrivals(some, arrivals, seed), { mode: latency, seed });
  const scheduler = await chosenScheduler('--scheduler', flags.scheduler);
  const withoutSlice = noSlice(flags.scheduler);
  if (slice !== undefined && withoutSlice !== undefined)
    throw invalid('--slice', spelledUs(slice), withoutSlice);
  return {
    workload,
    spec: { ...kernelSpec(flags, workload), ...scheduler.spec },
    ownScheduler: scheduler.create,
    program: 'replayed',
  };
}
