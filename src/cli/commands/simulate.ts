/** `ringzero simulate SCENARIO.json`: agents that somebody wrote or a generator drew, in virtual time (docs/scenario.md). */
import type { Command as CommanderCommand } from 'commander';

import { openInputFile } from '../../adapters/files/input-file.ts';
import { deadlockRules, lockProtocols } from '../../kernel/options.ts';
import type { Call, Command, Io } from '../command.ts';
import { parseDurationUs } from '../options.ts';
import { runAndReport } from '../run-and-report.ts';
import { addRunFlags, choice, type RunFlags } from '../run-flags.ts';
import { scenarioInput, type ScenarioFlags } from '../run-input.ts';
import { parseScheduler, schedulersAllowed } from '../scheduler-choice.ts';

type SimulateOptions = ScenarioFlags & RunFlags;

export const simulateCommand: Command<SimulateOptions> = {
  name: 'simulate',
  summary: 'Run the agents of a scenario file in virtual time.',
  register(command: CommanderCommand): void {
    command
      .argument(
        '<scenario>',
        'a kernel and its agents as JSON, plain or compressed, - for standard input (docs/scenario.md)',
      )
      .option(
        '--until <time>',
        'stop at this virtual time, such as 90s or 2h (default: the scenario’s own)',
        (text) => parseDurationUs('--until', text),
      )
      .option(
        '--scheduler <policy>',
        `scheduling policy (default: the scenario’s own): ${schedulersAllowed}`,
        (text: string) => parseScheduler('--scheduler', text),
      )
      .option(
        '--lock-protocol <name>',
        `whether who holds a lock inherits the priority of who waits for it: ${lockProtocols.join(', ')} (default: the scenario’s own)`,
        choice('--lock-protocol', lockProtocols),
      )
      .option(
        '--deadlocks <rule>',
        `what becomes of a deadlock: ${deadlockRules.join(', ')} (default: the scenario’s own)`,
        choice('--deadlocks', deadlockRules),
      );
    addRunFlags(command);
  },
  async run(call: Call<SimulateOptions>, io: Io): Promise<number> {
    const { operands, options } = call;
    const input = await scenarioInput(await openInputFile(operands[0] ?? ''), options);
    return runAndReport({ command: 'simulate', call, ...input, io });
  },
};
