/** `ringzero export RUN FILE`: a run as one file, to keep it or to take it to another store. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import type { Command as CommanderCommand } from 'commander';

import { existsAlready, writeOutputFile } from '../../adapters/files/output-file.ts';
import { runFileLines } from '../../host/run-file.ts';
import { KernelError } from '../../kernel/errors.ts';
import { formatCount } from '../../report/format.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { checkOutput } from '../line-file.ts';
import { findRun } from '../store/find-run.ts';
import { openStoreToRead } from '../store/open-store.ts';
import { addStoreFlag, type StoreFlags } from '../store/store-place.ts';

interface ExportOptions extends CommonOptions, Omit<StoreFlags, 'config'> {
  readonly force: boolean;
}

export const exportCommand: Command<ExportOptions> = {
  name: 'export',
  summary: 'Write a run, with all that it did, into one file.',
  register(command: CommanderCommand): void {
    command
      .argument('<run>', 'its name, or how it begins')
      .argument('<file>', 'compressed when it ends in .gz or .zst')
      .option('--force', 'write over a file that exists', false);
    addStoreFlag(command);
  },
  async run({ operands: [name = '', file = ''], options }: Call<ExportOptions>, io: Io): Promise<number> {
    const path = resolve(io.folder, file);
    checkOutput('file', path, []);
    if (!options.force && existsSync(path)) throw existsAlready('file', path);
    const { storage } = await openStoreToRead(options, io);
    try {
      const { run } = await findRun(storage, name);
      const whole = await storage.whole(run);
      if (whole === undefined)
        throw new KernelError(
          'INVALID_ARGUMENT',
          `run ${run}: was pruned: only its audit log is here (ringzero audit ${run})`,
        );
      const bytes = await writeOutputFile(path, encoded(runFileLines(run, whole)), {
        field: 'file',
        force: options.force,
      });
      const document = {
        command: 'export',
        run,
        file,
        bytes,
        records: whole.records.length,
        audit: whole.audit.length,
      };
      io.out(
        options.json
          ? JSON.stringify(document, null, 1)
          : `${run}: ${formatCount(document.records)} records and ${formatCount(document.audit)} audit entries in ${file}, ${formatCount(bytes)} bytes`,
      );
      return 0;
    } finally {
      await storage.close();
    }
  },
};

/** Many lines at a time. */
function* encoded(lines: Iterable<string>): Generator<Uint8Array> {
  let block = '';
  for (const line of lines) {
    block += `${line}\n`;
    if (block.length < blockChars) continue;
    yield Buffer.from(block);
    block = '';
  }
  yield Buffer.from(block);
}
const blockChars = 1_000_000;
