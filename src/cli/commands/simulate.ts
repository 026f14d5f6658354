/** `ringzero simulate SCENARIO.json`: agents that somebody wrote or a generator drew, in virtual time (docs/scenario.md). */
import type { Command as CommanderCommand } from 'commander';

import { openInputFile } from '../../adapters/files/input-file.ts';
import { deadlockRules, lockProtocols, type DeadlockRule, type LockProtocol } from '../../kernel/options.ts';
import { parseScenario } from '../../sim/workloads/scenario.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { parseDurationUs } from '../options.ts';
import { runAndReport } from '../run-and-report.ts';
import { addRunFlags, choice, isGiven, type RunFlags } from '../run-flags.ts';
import { chosenScheduler, parseScheduler, schedulersAllowed } from '../scheduler-choice.ts';

interface SimulateOptions extends CommonOptions, RunFlags {
  readonly until?: number;
  readonly scheduler?: string;
  readonly lockProtocol?: LockProtocol;
  readonly deadlocks?: DeadlockRule;
}

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
  /** What stands on the command line goes before the scenario's own. */
  async run(call: Call<SimulateOptions>, io: Io): Promise<number> {
    const { operands, options } = call;
    const opened = await openInputFile(operands[0] ?? '');
    const seed = isGiven(options, '--seed') ? { seed: options.seed } : {};
    const scenario = parseScenario(opened.name, await opened.text(), seed);
    const { workload, untilUs } = scenario;
    const { lockProtocol = scenario.spec.lockProtocol, deadlocks = scenario.spec.deadlocks } = options;
    const spec = { ...scenario.spec, lockProtocol, deadlocks };
    const until = options.until ?? untilUs;
    const scheduler =
      options.scheduler === undefined ? undefined : await chosenScheduler('--scheduler', options.scheduler);
    return runAndReport({
      command: 'simulate',
      call,
      workload,
      spec: { ...spec, ...scheduler?.spec },
      ownScheduler: scheduler?.create,
      program: 'scripted',
      ...(until === undefined ? {} : { untilUs: until }),
      io,
    });
  },
};
