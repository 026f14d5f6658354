/** `ringzero top`: the processes of a machine as they are now, in the terminal (docs/top.md). */
import type { Command as CommanderCommand } from 'commander';

import { openInputFile } from '../../adapters/files/input-file.ts';
import { invalid, KernelError } from '../../kernel/errors.ts';
import { formatDuration } from '../../report/format.ts';
import { topColumns, type TopColumn } from '../../report/top-rows.ts';
import { topScreen } from '../../report/top-screen.ts';
import type { Call, Command, Io } from '../command.ts';
import { parseChoice, parseDurationUs, parseNumber } from '../options.ts';
import { keepGiven, type RunFlags } from '../run-flags.ts';
import { scenarioInput, type ScenarioFlags } from '../run-input.ts';
import { addServerFlag, askServer, type ServerFlags } from '../serve/ask-server.ts';
import { ServerSource } from '../top/server-source.ts';
import { firstState } from '../top/top-keys.ts';
import { keyTerminal } from '../top/key-terminal.ts';
import { topLoop, topPaints } from '../top/top-loop.ts';
import { paceDefault, SimulationSource, type TopSource } from '../top/top-source.ts';

interface TopOptions extends ScenarioFlags, ServerFlags, Pick<RunFlags, 'given'> {
  readonly sort: TopColumn;
  readonly filter: string;
  readonly ended: boolean;
  readonly pace: number;
  readonly at?: number;
}

export const topCommand: Command<TopOptions> = {
  name: 'top',
  summary: 'Watch the processes of a machine: who runs, who waits for what, who spends.',
  register(command: CommanderCommand): void {
    command
      .argument('[scenario]', 'a simulation of these agents; none: a server that runs')
      .option(
        '--sort <column>',
        topColumns.join(', '),
        (text) => parseChoice('--sort', text, topColumns),
        'core',
      )
      .option('--filter <word>', 'only those with it in their name, run, program or state', '')
      .option('--ended', 'show those that have ended, too', false)
      .option(
        '--pace <n>',
        'of a simulation: virtual seconds in a real one',
        (text) => parseNumber('--pace', text, { min: 0.01, max: 1_000_000 }),
        paceDefault,
      )
      .option('--at <time>', 'show the screen of this virtual time once and end', (text) =>
        parseDurationUs('--at', text),
      );
    addServerFlag(command);
    keepGiven(command);
  },
  async run({ operands: [file], options }: Call<TopOptions>, io: Io): Promise<number> {
    const source = await sourceOf(file, options, io);
    const view = {
      ...firstState.view,
      sort: options.sort,
      filter: options.filter,
      showsEnded: options.ended,
    };
    if (!options.json && options.at === undefined) {
      if (!io.isTerminal || !io.person.isThere)
        throw new KernelError(
          'INVALID_ARGUMENT',
          'terminal: there is none to draw on; allowed: --json, or a scenario with --at for one screen',
        );
      await topLoop(source, keyTerminal(), io, { ...firstState, view });
      return 0;
    }
    const machine = await source.look(options.at === undefined ? 0 : options.at / options.pace);
    if (options.json) io.out(JSON.stringify(machine, null, 1));
    else
      for (const line of topScreen(machine, {
        width: io.columns,
        height: machine.processes.length + 20,
        title: options.at === undefined ? source.title : `${file}  at ${formatDuration(options.at)}`,
        view,
        marked: 0,
        footer: '',
        paints: topPaints(io.colours),
      }))
        if (line !== '') io.out(line.trimEnd());
    return 0;
  },
};

async function sourceOf(file: string | undefined, options: TopOptions, io: Io): Promise<TopSource> {
  if (file === undefined) {
    if (options.at !== undefined) throw invalid('--at', options.at, 'together with a scenario');
    return new ServerSource(askServer(options, io));
  }
  if (options.server !== undefined) throw invalid('--server', options.server, 'not together with a scenario');
  return new SimulationSource(file, await scenarioInput(await openInputFile(file), options), options.pace);
}
