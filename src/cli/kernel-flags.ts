/** Flags that say on what kernel recorded agents run, which of them, and when they come: what `replay` and `compare` share. */
import { Command as CommanderCommand } from 'commander';

import { engineDefaults } from '../kernel/engine-options.ts';
import { kernelPagingNames, loadControlPolicies } from '../policies/index.ts';
import { simulationDefaults, type SimulationSpec } from '../sim/spec.ts';
import { parseArrivals, type Arrivals } from '../sim/workloads/arrivals.ts';
import { recordedTools } from '../sim/workloads/recorded-tools.ts';
import { firstAgents, type Workload } from '../sim/workloads/workload.ts';
import { addBudgetFlags, budgetsOf, type BudgetFlags } from './budget-flags.ts';
import type { CommonOptions } from './command.ts';
import { addEngineFlags, enginesOf, type EngineFlags } from './engine-flags.ts';
import { parseDurationUs, parseInteger, parsePositive } from './options.ts';
import { checkLoadLatency, choice, type RunFlags } from './run-flags.ts';

/** All but the scheduling policy. */
export interface KernelFlags extends BudgetFlags, CommonOptions, EngineFlags, Pick<RunFlags, 'given'> {
  readonly agents?: number;
  readonly cores: number;
  readonly memory: number;
  readonly loadRate: number;
  readonly loadLatency?: number;
  readonly residency: 'independent' | 'prefix';
  readonly victims?: 'any' | 'leaf';
  readonly oversize: 'fail' | 'bypass';
  readonly paging: string;
  readonly loadControl: string;
  readonly slice?: number;
  readonly arrivals?: Arrivals;
  readonly latency: 'recorded' | 'drawn';
}

export function addKernelFlags(command: CommanderCommand): void {
  command
    .option('--agents <n>', 'only the first N agents', (text) => parseInteger('--agents', text, { min: 1 }))
    .option(
      '--cores <n>',
      'cores of each engine',
      (text) => parseInteger('--cores', text, { min: 1, max: 65_536 }),
      8,
    )
    .option(
      '--memory <tokens>',
      'context memory of each engine in tokens',
      (text) => parseInteger('--memory', text, { min: 1 }),
      engineDefaults.memoryTokens,
    )
    .option(
      '--load-rate <n>',
      'tokens a second that a slower tier, which keeps what was evicted, loads (default: there is no such tier)',
      (text: string) => parsePositive('--load-rate', text),
      engineDefaults.loadTokensPerSecond,
    )
    .option(
      '--load-latency <time>',
      'of each load from that tier, such as 5ms (default: none)',
      (text: string) => parseDurationUs('--load-latency', text),
    )
    .option(
      '--residency <model>',
      'independent or prefix',
      choice('--residency', ['independent', 'prefix']),
      'prefix',
    )
    .option(
      '--victims <rule>',
      'which pages may be evicted: any or leaf (default: leaf in prefix residency, else any)',
      choice('--victims', ['any', 'leaf']),
    )
    .option(
      '--oversize <rule>',
      'a call larger than memory: fail or bypass',
      choice('--oversize', ['fail', 'bypass']),
      'fail',
    )
    .option(
      '--paging <policy>',
      `paging policy: ${kernelPagingNames.join(', ')}`,
      choice('--paging', kernelPagingNames),
      'importance-lru',
    )
    .option(
      '--load-control <policy>',
      `load control: ${Object.keys(loadControlPolicies).join(', ')}`,
      choice('--load-control', Object.keys(loadControlPolicies)),
      'none',
    )
    .option('--slice <time>', 'time slice, such as 60s or 100ms (default: the policy’s own)', (text) =>
      parseDurationUs('--slice', text),
    )
    .option(
      '--arrivals <how>',
      'all (at once), poisson:RATE (RATE agents an hour) or recorded (default: recorded where the file has it, else all)',
      (text) => parseArrivals(text),
    )
    .option(
      '--latency <how>',
      'recorded (drawn where the file has none) or drawn',
      choice('--latency', ['recorded', 'drawn']),
      'recorded',
    );
  addEngineFlags(command);
  addBudgetFlags(command);
}

/** As typed: `--cores`. For commands that take other workloads, too. */
export function kernelFlagNames(): readonly string[] {
  const command = new CommanderCommand();
  addKernelFlags(command);
  return command.options.map(({ long }) => long!);
}

export interface ChosenAgents {
  readonly workload: Workload;
  readonly arrivals: Arrivals;
}

/** Throws KernelError INVALID_ARGUMENT: more agents than there are. */
export function chosenAgents(whole: Workload, { agents, arrivals }: KernelFlags): ChosenAgents {
  return {
    workload: agents === undefined ? whole : firstAgents(whole, agents),
    arrivals: arrivals ?? { kind: whole.hasArrivals ? 'recorded' : 'all' },
  };
}

/** The kernel, with the scheduler of the defaults. Throws KernelError INVALID_ARGUMENT when flags don't go together. */
export function kernelSpec(flags: KernelFlags, { agents, facts }: Workload): SimulationSpec {
  const { victims, slice } = flags;
  checkLoadLatency(flags);
  return {
    ...simulationDefaults,
    seed: flags.seed,
    ...enginesOf(flags, {
      cores: flags.cores,
      memoryTokens: flags.memory,
      loadTokensPerSecond: flags.loadRate,
      loadLatencyUs: flags.loadLatency ?? 0,
    }),
    paging: flags.paging,
    loadControl: flags.loadControl,
    residency: flags.residency,
    ...(victims === undefined ? {} : { victims }),
    oversize: flags.oversize,
    ...(slice === undefined ? {} : { sliceUs: slice }),
    budgets: budgetsOf(flags, agents.length),
    tools: recordedTools(facts.tools),
  };
}
