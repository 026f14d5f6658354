/** `ringzero ps`: the processes of a server (docs/top.md). */
import { Chalk } from 'chalk';
import type { Command as CommanderCommand } from 'commander';

import type { ProcessSnapshot } from '../../kernel/snapshot.ts';
import { table } from '../../report/table.ts';
import { topCells, topColumns } from '../../report/top-rows.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { addServerFlag, asked, askServer, type ServerFlags } from '../serve/ask-server.ts';

interface PsOptions extends CommonOptions, ServerFlags {
  readonly run?: string;
}

export const psCommand: Command<PsOptions> = {
  name: 'ps',
  summary: 'List the processes of a server.',
  register(command: CommanderCommand): void {
    command.option('--run <run>', 'of this run alone');
    addServerFlag(command);
  },
  async run({ options }: Call<PsOptions>, io: Io): Promise<number> {
    const server = askServer(options, io);
    const { run, json } = options;
    const listed = await asked(server, server.client.listProcesses(run === undefined ? {} : { run }));
    if (json) io.out(JSON.stringify(listed, null, 1));
    else if (listed.processes.length === 0) io.out(`no process${run === undefined ? '' : ` of ${run}`} here`);
    else
      for (const line of psLines(listed.processes as readonly ProcessSnapshot[], listed.nowUs, io))
        io.out(line);
    return 0;
  },
};

function psLines(processes: readonly ProcessSnapshot[], nowUs: number, io: Io): readonly string[] {
  const chalk = new Chalk({ level: io.colours ? 1 : 0 });
  return table({
    columns: ['run', ...topColumns].map((header) => ({
      header,
      align: ['run', 'name', 'state'].includes(header) ? 'left' : 'right',
      ...(header === 'name' ? { isName: true, shrinkTo: 8 } : {}),
      ...(header === 'state' ? { shrinkTo: 16 } : {}),
    })),
    rows: processes.map((process) => [process.run, ...topCells(process, nowUs)]),
    width: io.columns,
    paintHeader: chalk.bold,
    rule: '',
  });
}
