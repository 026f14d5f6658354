/** Flags of the commands that read or write page reference strings. */
import { existsSync } from 'node:fs';

import type { Command as CommanderCommand } from 'commander';

import { existsAlready, writeOutputFile } from '../adapters/files/output-file.ts';
import { invalid } from '../kernel/errors.ts';
import { formatCount } from '../report/format.ts';
import { fileFormats, type FileFormat } from '../sim/paging/readers/detect-format.ts';
import type { ReferenceTrace } from '../sim/paging/reference-trace.ts';
import { referenceWriters, type WrittenFormat } from '../sim/paging/write-references.ts';
import { checkOutput } from './line-file.ts';
import { parseChoice } from './options.ts';

export interface ReadFlags {
  readonly format?: FileFormat;
  readonly cache: boolean;
}

export function addReadFlags(command: CommanderCommand): void {
  command
    .option('--format <format>', `${fileFormats.join(', ')} (default: found by content)`, (text) =>
      parseChoice('--format', text, fileFormats),
    )
    .option('--no-cache', 'read the file itself, and keep nothing of it in the cache');
}

export interface WriteFlags<Format = WrittenFormat> {
  readonly to: Format;
  readonly force: boolean;
}

const writtenFormats = Object.keys(referenceWriters) as WrittenFormat[];

/** `others`: formats beside those of page references. */
export function addWriteFlags(command: CommanderCommand, others: readonly string[] = []): void {
  const formats: readonly string[] = [...writtenFormats, ...others];
  command
    .requiredOption('--to <format>', `format of the file: ${formats.join(', ')}`, (text) =>
      parseChoice('--to', text, formats),
    )
    .option('--force', 'replace a file that exists', false);
}

/** Before any work. Throws KernelError INVALID_ARGUMENT. */
export function checkNewFile(
  field: string,
  path: string,
  { force, inputs = [] }: { readonly force: boolean; readonly inputs?: readonly string[] },
): void {
  if (path === '-') throw invalid(field, path, 'the name of a file');
  checkOutput(field, path, inputs);
  if (!force && existsSync(path)) throw existsAlready(field, path);
}

export interface Written {
  readonly path: string;
  readonly format: WrittenFormat;
  /** On disk. */
  readonly bytes: number;
}

export async function writeReferences(
  field: string,
  path: string,
  trace: ReferenceTrace,
  { to, force }: WriteFlags,
): Promise<Written> {
  const bytes = await writeOutputFile(path, referenceWriters[to](trace), { field, force });
  return { path, format: to, bytes };
}

/** `10,000 references to 812 pages as csv in x.csv.gz, 31,204 bytes`. */
export function writtenLine({ ids, unique }: ReferenceTrace, { path, format, bytes }: Written): string {
  return `${formatCount(ids.length)} references to ${formatCount(unique)} pages as ${format} in ${path}, ${formatCount(bytes)} bytes`;
}
