/** `ringzero replay FILE`: real recorded agents through the kernel, in virtual time. */
import type { Command as CommanderCommand } from 'commander';

import { openInputFile } from '../../adapters/files/input-file.ts';
import { engineDefaults } from '../../kernel/engine-options.ts';
import { invalid } from '../../kernel/errors.ts';
import { kernelPagingNames, loadControlPolicies, schedulingPolicies } from '../../policies/index.ts';
import { recordedTools } from '../../sim/workloads/recorded-tools.ts';
import { noSlice, simulationDefaults, type SimulationSpec } from '../../sim/spec.ts';
import { parseArrivals, withArrivals, type Arrivals } from '../../sim/workloads/arrivals.ts';
import { withLatencies } from '../../sim/workloads/latency.ts';
import { readWorkload } from '../../sim/workloads/read-workload.ts';
import { firstAgents, type Workload } from '../../sim/workloads/workload.ts';
import { addBudgetFlags, budgetsOf, type BudgetFlags } from '../budget-flags.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { addEngineFlags, enginesOf, type EngineFlags } from '../engine-flags.ts';
import { parseDurationUs, parseInteger, parsePositive } from '../options.ts';
import { runAndReport } from '../run-and-report.ts';
import { addRunFlags, checkLoadLatency, choice, spelledUs, type RunFlags } from '../run-flags.ts';

interface ReplayOptions extends CommonOptions, RunFlags, BudgetFlags, EngineFlags {
  readonly agents?: number;
  readonly cores: number;
  readonly memory: number;
  readonly loadRate: number;
  readonly loadLatency?: number;
  readonly residency: 'independent' | 'prefix';
  readonly victims?: 'any' | 'leaf';
  readonly oversize: 'fail' | 'bypass';
  readonly scheduler: string;
  readonly paging: string;
  readonly loadControl: string;
  readonly slice?: number;
  readonly arrivals?: Arrivals;
  readonly latency: 'recorded' | 'drawn';
}

export const replayCommand: Command<ReplayOptions> = {
  name: 'replay',
  summary: 'Run recorded agents (tau-bench, SWE-agent, weka, mooncake, azure) through the kernel.',
  register(command: CommanderCommand): void {
    command
      .argument(
        '<file>',
        'recorded agents, plain or compressed, - for standard input; the format is found by content',
      )
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
        '--scheduler <policy>',
        `scheduling policy: ${Object.keys(schedulingPolicies).join(', ')}`,
        choice('--scheduler', Object.keys(schedulingPolicies)),
        'priority',
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
    addRunFlags(command);
  },
  async run(call: Call<ReplayOptions>, io: Io): Promise<number> {
    const { operands, options } = call;
    const [file = ''] = operands;
    io.progress(`reading ${file}`);
    const workload = prepare(await readWorkload(await openInputFile(file)), options);
    return runAndReport({
      command: 'replay',
      call,
      workload,
      spec: specOf(options, workload),
      program: 'replayed',
      io,
    });
  },
};

function prepare(whole: Workload, options: ReplayOptions): Workload {
  const some = options.agents === undefined ? whole : firstAgents(whole, options.agents);
  const arrivals: Arrivals = options.arrivals ?? { kind: whole.hasArrivals ? 'recorded' : 'all' };
  return withLatencies(withArrivals(some, arrivals, options.seed), {
    mode: options.latency,
    seed: options.seed,
  });
}

function specOf(options: ReplayOptions, workload: Workload): SimulationSpec {
  const { victims, slice, scheduler } = options;
  checkLoadLatency(options);
  const withoutSlice = noSlice(scheduler);
  if (slice !== undefined && withoutSlice !== undefined)
    throw invalid('--slice', spelledUs(slice), withoutSlice);
  return {
    ...simulationDefaults,
    seed: options.seed,
    ...enginesOf(options, {
      cores: options.cores,
      memoryTokens: options.memory,
      loadTokensPerSecond: options.loadRate,
      loadLatencyUs: options.loadLatency ?? 0,
    }),
    scheduler,
    paging: options.paging,
    loadControl: options.loadControl,
    residency: options.residency,
    ...(victims === undefined ? {} : { victims }),
    oversize: options.oversize,
    ...(slice === undefined ? {} : { sliceUs: slice }),
    budgets: budgetsOf(options, workload.agents.length),
    tools: recordedTools(workload.facts.tools),
  };
}
