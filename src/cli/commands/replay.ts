/** `ringzero replay FILE`: real recorded agents through the kernel, in virtual time. */
import type { Command as CommanderCommand } from 'commander';

import { openInputFile } from '../../adapters/files/input-file.ts';
import type { Call, Command, Io } from '../command.ts';
import { addKernelFlags } from '../kernel-flags.ts';
import { runAndReport } from '../run-and-report.ts';
import { addRunFlags, type RunFlags } from '../run-flags.ts';
import { replayInput, type ReplayFlags } from '../run-input.ts';
import { parseScheduler, schedulersAllowed } from '../scheduler-choice.ts';

type ReplayOptions = ReplayFlags & RunFlags;

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
    const [file = ''] = operands;
    io.progress(`reading ${file}`);
    const input = await replayInput(await openInputFile(file), options);
    return runAndReport({ command: 'replay', call, ...input, io });
  },
};
