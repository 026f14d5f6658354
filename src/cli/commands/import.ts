/** `ringzero import FILE`: a run that was exported, into this store, as it was. */
import { resolve } from 'node:path';

import type { Command as CommanderCommand } from 'commander';

import { SystemClock } from '../../adapters/clock/system-clock.ts';
import { openInputFile } from '../../adapters/files/input-file.ts';
import { importRun, readRunFile, type ImportedRun } from '../../host/run-file.ts';
import { formatCount } from '../../report/format.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { openStore } from '../store/open-store.ts';
import { addStoreFlags, storePlace, type StoreFlags } from '../store/store-place.ts';
import { workerName } from '../store/worker-name.ts';
import { invalid } from '../../kernel/errors.ts';

type ImportOptions = CommonOptions & Omit<StoreFlags, 'config'>;

export const importCommand: Command<ImportOptions> = {
  name: 'import',
  summary: 'Read a run that was exported into the store: it can be shown, verified and resumed there.',
  register(command: CommanderCommand): void {
    command.argument('<file>', 'made with ringzero export, plain or compressed; - for standard input');
    addStoreFlags(command);
  },
  async run({ operands: [file = ''], options }: Call<ImportOptions>, io: Io): Promise<number> {
    if (storePlace(options, io).kind === 'memory')
      throw invalid(
        '--store',
        'memory',
        'a store that outlives this program: a folder, or a postgres:// URL',
      );
    const opened = await openInputFile(file === '-' ? file : resolve(io.folder, file));
    // All of it is checked before a store is made or touched.
    const read = await readRunFile(opened.name, opened.lines());
    const { storage } = await openStore(options, io);
    try {
      const clock = new SystemClock();
      const done = await importRun(storage, read, { nowUs: () => clock.nowUs(), holder: workerName() });
      io.out(options.json ? JSON.stringify({ command: 'import', file, ...done }, null, 1) : lineOf(done));
      return 0;
    } finally {
      await storage.close();
    }
  },
};

function lineOf({ run, outcome, records, audit }: ImportedRun): string {
  const amounts = `${formatCount(records)} records and ${formatCount(audit)} audit entries`;
  if (outcome === 'same') return `${run}: is here already, the same; nothing was changed`;
  return outcome === 'restored'
    ? `${run}: has what was pruned of it again, ${amounts}`
    : `${run}: ${amounts}`;
}
