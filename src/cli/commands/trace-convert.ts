/** `ringzero trace convert FILE OUT`: the same references in another format. */
import type { Command as CommanderCommand } from 'commander';

import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { packageVersion } from '../package-version.ts';
import { readReferences } from '../read-references.ts';
import {
  addReadFlags,
  addWriteFlags,
  checkNewFile,
  writeReferences,
  writtenLine,
  type ReadFlags,
  type WriteFlags,
} from '../trace-flags.ts';

type ConvertOptions = CommonOptions & ReadFlags & WriteFlags;

export const traceConvertCommand: Command<ConvertOptions> = {
  name: 'convert',
  summary: 'Write page references in another format; pages are numbered anew.',
  register(command: CommanderCommand): void {
    command
      .argument('<file>', 'page references, plain or compressed, - for standard input')
      .argument('<out>', 'file to write, compressed when its name ends in .gz or .zst');
    addReadFlags(command);
    addWriteFlags(command);
  },
  async run({ operands: [path = '', out = ''], options }: Call<ConvertOptions>, io: Io): Promise<number> {
    checkNewFile('out', out, { ...options, inputs: [path] });
    io.progress(`reading ${path}`);
    const { trace, file } = await readReferences(path, options);
    io.progress(`writing ${out}`);
    const written = await writeReferences('out', out, trace, options);
    if (options.json)
      io.out(
        JSON.stringify(
          {
            command: 'trace convert',
            ringzero: packageVersion(),
            trace: file.path,
            format: trace.format,
            requests: trace.ids.length,
            unique: trace.unique,
            out: written,
          },
          null,
          1,
        ),
      );
    else io.out(writtenLine(trace, written));
    return 0;
  },
};
