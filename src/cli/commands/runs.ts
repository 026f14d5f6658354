/** `ringzero runs`: what is kept here. */
import type { Command as CommanderCommand } from 'commander';

import { SystemClock } from '../../adapters/clock/system-clock.ts';
import { formatCount, formatMoney } from '../../report/format.ts';
import { table } from '../../report/table.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { parseInteger } from '../options.ts';
import { openStoreToRead } from '../store/open-store.ts';
import { listedRuns, type ListedRun } from '../store/run-listing.ts';
import { addStoreFlag, type StoreFlags } from '../store/store-place.ts';

interface RunsOptions extends CommonOptions, Pick<StoreFlags, 'store'> {
  readonly last: number;
}

export const runsCommand: Command<RunsOptions> = {
  name: 'runs',
  summary: 'List the runs that are kept, the latest last.',
  register(command: CommanderCommand): void {
    command.option(
      '--last <n>',
      'so many at most; 0: all',
      (text) => parseInteger('--last', text, { min: 0 }),
      20,
    );
    addStoreFlag(command);
  },
  async run({ options }: Call<RunsOptions>, io: Io): Promise<number> {
    const { storage, place } = await openStoreToRead(options, io);
    try {
      const all = await storage.runs();
      const shown = options.last === 0 ? all : all.slice(-options.last);
      const runs = await listedRuns(storage, shown, new SystemClock().nowUs());
      if (options.json) {
        io.out(JSON.stringify({ command: 'runs', store: place.shown, count: all.length, runs }, null, 1));
        return 0;
      }
      if (all.length === 0) io.out(`no runs in ${place.shown}`);
      else for (const line of linesOf(runs, io)) io.out(line);
      if (shown.length < all.length)
        io.err(`${formatCount(all.length - shown.length)} earlier ones: --last 0 lists all`);
      return 0;
    } finally {
      await storage.close();
    }
  },
};

function linesOf(runs: readonly ListedRun[], io: Io): readonly string[] {
  return table({
    columns: [
      { header: 'run' },
      { header: 'started' },
      { header: 'state' },
      { header: 'steps', align: 'right' },
      { header: 'tokens', align: 'right' },
      { header: 'cost', align: 'right' },
      { header: 'task', shrinkTo: 10 },
    ],
    rows: runs.map((one) => [
      one.run,
      // To the second, in UTC.
      one.started.slice(0, 19).replace('T', ' '),
      one.by === undefined ? one.state : `${one.state} (${one.by})`,
      formatCount(one.steps),
      formatCount(one.tokens),
      formatMoney(one.microDollars),
      one.task.replaceAll(/\s+/g, ' ').slice(0, 200),
    ]),
    ...(io.isTerminal ? { width: io.columns } : {}),
  });
}
