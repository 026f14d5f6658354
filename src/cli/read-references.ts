/**
 * A page reference string from a file, whatever its format: what `page` and `trace` begin with. What takes time to read is kept in the user's
 * cache folder, under the hash of the file's content, and opened from there the next time.
 */
import { performance } from 'node:perf_hooks';

import { openInputFile, type InputFile } from '../adapters/files/input-file.ts';
import { openTraceCache, traceCacheFolder, type TraceCache } from '../adapters/files/trace-cache.ts';
import { binaryTraceParts, readBinaryTrace } from '../sim/paging/binary-trace.ts';
import { parseReferences } from '../sim/paging/parse-references.ts';
import type { Allocate, ReadingOptions } from '../sim/paging/reference-columns.ts';
import type { ReferenceTrace } from '../sim/paging/reference-trace.ts';
import { tableColumns } from '../sim/paging/readers/column-names.ts';
import { detectReferenceFormat, type FileFormat } from '../sim/paging/readers/detect-format.ts';
import { recordBytes } from '../sim/paging/readers/oracle-general.ts';
import { readTable } from '../sim/paging/readers/table.ts';

export interface ReadReferencesOptions {
  /** Default: found by content. */
  readonly format?: FileFormat | undefined;
  /** Whether the user's cache is used. Default true. */
  readonly cache?: boolean;
}

export interface ReadReferences {
  /** Its columns are in memory that worker threads can share. */
  readonly trace: ReferenceTrace;
  readonly file: InputFile;
  /** Reading, decompressing, parsing, and turning ids into dense ones; or opening what the cache holds. */
  readonly seconds: number;
  readonly isFromCache: boolean;
}

/** Part of the cache's keys: to be raised when a reader reads anything otherwise than before. */
const readerVersion = 2;
/** A shorter trace is read as fast as it is found. */
const fewestKept = 10_000;
const headBytes = 65_536;

/** Throws KernelError INVALID_FILE, one line with the file, the place in it, the value and what is allowed. */
export async function readReferences(
  path: string,
  { format: given, cache: usesCache = true }: ReadReferencesOptions = {},
): Promise<ReadReferences> {
  const start = performance.now();
  const file = await openInputFile(path);
  const format = given ?? detectReferenceFormat(file.name, await file.headBytes(headBytes));
  const done = (trace: ReferenceTrace, isFromCache = false): ReadReferences => ({
    trace,
    file,
    seconds: (performance.now() - start) / 1_000,
    isFromCache,
  });
  if (!usesCache || isFastToRead(file, format)) return done(await parse(file, format));
  const cache = openTraceCache(traceCacheFolder(process.env));
  const key = `${await file.rawSha256()}-${format}-${readerVersion}`;
  const kept = await fromCache(cache, key);
  if (kept !== undefined) return done({ ...kept, name: file.name, format }, true);
  const trace = await parse(file, format);
  // A file that grew in the meantime isn't what was hashed.
  if (trace.ids.length >= fewestKept && (await file.isUnchanged()))
    await cache.write(key, binaryTraceParts(trace));
  return done(trace);
}

/** Binary formats are read as fast as they are hashed. */
function isFastToRead({ compression }: InputFile, format: FileFormat): boolean {
  return compression === 'none' && (format === 'binary' || format === 'oracleGeneral');
}

/** Whatever is wrong with what the cache holds: it is as if it weren't there. */
async function fromCache(cache: TraceCache, key: string): Promise<ReferenceTrace | undefined> {
  const chunks = await cache.read(key);
  if (chunks === undefined) return undefined;
  try {
    return await readBinaryTrace(key, chunks, { allocate: shared });
  } catch {
    await cache.remove(key);
    return undefined;
  }
}

function parse(file: InputFile, format: FileFormat): Promise<ReferenceTrace> {
  if (format === 'parquet') return readParquet(file);
  const isPlainRecords = format === 'oracleGeneral' && file.compression === 'none';
  return parseReferences(file, format, {
    allocate: shared,
    ...(isPlainRecords ? { expected: Math.ceil(file.size / recordBytes) } : {}),
  });
}

async function readParquet(file: InputFile): Promise<ReferenceTrace> {
  const { openParquet } = await import('../adapters/files/parquet.ts');
  const table = await openParquet(file);
  const { columns, rows } = table;
  const names = columns.map(({ name }) => name);
  const { id, time, size, timeUnitUs } = tableColumns(file.name, names);
  const wanted = [id, time, size].filter((column) => column !== undefined);
  const options: ReadingOptions = { allocate: shared, expected: rows };
  const isTimestamp = time !== undefined && columns[time]!.isTimestamp;
  async function* tableRows() {
    for await (const values of table.groups(wanted.map((column) => names[column]!))) {
      yield {
        ids: values[0]!,
        ...(time === undefined ? {} : { times: values[1]! }),
        ...(size === undefined ? {} : { sizes: values.at(-1)! }),
      };
    }
  }
  const read = await readTable(file.name, tableRows(), {
    ...options,
    hasSizes: size !== undefined,
    hasTimes: time !== undefined,
    timeUnitUs: isTimestamp ? 1 : timeUnitUs,
  });
  return read.finish(file.name, 'parquet');
}

/** Memory that worker threads can share. */
const shared: Allocate = (bytes) => new SharedArrayBuffer(bytes);
