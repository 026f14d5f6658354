/** A trace from the bytes of a file in a known format. Opening and decompressing are somebody else's, and parquet, which isn't read from front to back. */
import { readBinaryTrace } from './binary-trace.ts';
import type { ReadingOptions, ReferenceColumns } from './reference-columns.ts';
import type { ReferenceTrace } from './reference-trace.ts';
import { readCsv } from './readers/csv.ts';
import { readAgents } from './readers/agents.ts';
import type { FileFormat } from './readers/detect-format.ts';
import { readIds } from './readers/ids.ts';
import { readMooncake } from './readers/mooncake.ts';
import { readOracleGeneral } from './readers/oracle-general.ts';

/** An opened file. Each method reads from the start. */
export interface ReferenceSource {
  /** For messages and reports. */
  readonly name: string;
  /** The decompressed bytes. A chunk need be good only until the next is asked for. */
  chunks(): AsyncIterable<Uint8Array>;
  /** Lines of text without their ends. */
  lines(): AsyncIterable<string>;
}

export type StreamFormat = Exclude<FileFormat, 'parquet'>;

/** Throws KernelError INVALID_FILE, one line with the file, the place in it, the value and what is allowed. */
export async function parseReferences(
  source: ReferenceSource,
  format: StreamFormat,
  options: ReadingOptions = {},
): Promise<ReferenceTrace> {
  const { name } = source;
  if (format === 'binary') return readBinaryTrace(name, source.chunks(), options);
  const columns = await readers[format](source, options);
  return columns.finish(name, format);
}

const readers: Readonly<
  Record<
    Exclude<StreamFormat, 'binary'>,
    (source: ReferenceSource, options: ReadingOptions) => Promise<ReferenceColumns>
  >
> = {
  ids: (source, options) => readIds(source.name, source.chunks(), options),
  csv: (source, options) => readCsv(source.name, source.chunks(), options),
  mooncake: (source, options) => readMooncake(source.name, source.lines(), options),
  otel: (source, options) => readAgents(source.name, 'otel', source.lines(), options),
  'claude-code': (source, options) => readAgents(source.name, 'claude-code', source.lines(), options),
  workload: (source, options) => readAgents(source.name, 'workload', source.lines(), options),
  oracleGeneral: (source, options) => readOracleGeneral(source.name, source.chunks(), options),
};
