/** `ringzero replay FILE`: real recorded agents through the kernel, in virtual time. */
import type { Command as CommanderCommand } from 'commander';

import { openInputFile } from '../../adapters/files/input-file.ts';
import { invalid } from '../../kernel/errors.ts';
import { noSlice } from '../../sim/spec.ts';
import { withArrivals } from '../../sim/workloads/arrivals.ts';
import { withLatencies } from '../../sim/workloads/latency.ts';
import { readWorkload } from '../../sim/workloads/read-workload.ts';
import type { Call, Command, Io } from '../command.ts';
import { addKernelFlags, chosenAgents, kernelSpec, type KernelFlags } from '../kernel-flags.ts';
import { runAndReport } from '../run-and-report.ts';
import { addRunFlags, spelledUs, type RunFlags } from '../run-flags.ts';
import { chosenScheduler, parseScheduler, schedulersAllowed } from '../scheduler-choice.ts';

interface ReplayOptions extends KernelFlags, RunFlags {
  readonly scheduler: string;
}

export const replayCommand: Command<ReplayOptions> = {
  name: 'replay',
  summary: 'Run recorded agents (traces, logs of OpenTelemetry and Claude Code) through the kernel.',
  register(command: CommanderCommand): void {
    command
      .argument(
        '<file>',
        'recorded agents, plain or compressed, - for standard input; the format is found by content',
      )
      .option(
        '--scheduler <policy>',
        `scheduling policy: ${schedulersAllowed}`,
        (text: string) => parseScheduler('--scheduler', text),
        'priority',
      );
    addKernelFlags(command);
    addRunFlags(command);
  },
  async run(call: Call<ReplayOptions>, io: Io): Promise<number> {
    const { operands, options } = call;
    const { seed, slice, latency } = options;
    const [file = ''] = operands;
    io.progress(`reading ${file}`);
    const { workload: some, arrivals } = chosenAgents(await readWorkload(await openInputFile(file)), options);
    const workload = withLatencies(withArrivals(some, arrivals, seed), { mode: latency, seed });
    const scheduler = await chosenScheduler('--scheduler', options.scheduler);
    const withoutSlice = noSlice(options.scheduler);
    if (slice !== undefined && withoutSlice !== undefined)
      throw invalid('--slice', spelledUs(slice), withoutSlice);
    return runAndReport({
      command: 'replay',
      call,
      workload,
      spec: { ...kernelSpec(options, workload), ...scheduler.spec },
      ownScheduler: scheduler.create,
      program: 'replayed',
      io,
    });
  },
};
