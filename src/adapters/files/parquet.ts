/** Tables in parquet files: the names of their columns, and the values row group by row group, so that a table may be larger than memory. */
import * as zlib from 'node:zlib';

import { fileError } from './file-error.ts';
import type { InputFile } from './input-file.ts';

export interface ParquetTable {
  readonly columns: readonly ParquetColumn[];
  readonly rows: number;
  /** The values of these columns, in this order; one item for each group of rows. Throws KernelError INVALID_FILE. */
  groups(names: readonly string[]): AsyncIterable<readonly ArrayLike<unknown>[]>;
}

interface ParquetColumn {
  readonly name: string;
  /** Its values come as µs since 1970, whatever unit the file has. */
  readonly isTimestamp: boolean;
}

/** Throws KernelError INVALID_FILE. The parser is loaded only here: whoever has no parquet doesn't pay for it. */
export async function openParquet(file: InputFile): Promise<ParquetTable> {
  const { path } = file;
  if (file.compression !== 'none')
    throw fileError(path, 'is parquet inside of a compressed file', undefined, readable);
  const { parquetMetadataAsync, parquetScan, parquetSchema } = await import('hyparquet');
  const options = {
    file: {
      byteLength: file.size,
      // A copy, since what comes from a pipe is one buffer for all.
      slice: async (start: number, end = file.size) => (await file.readRaw(start, end)).slice().buffer,
    },
    compressors,
    parsers: {
      timestampFromMilliseconds: (ms: bigint) => Number(ms) * 1_000,
      timestampFromMicroseconds: Number,
      timestampFromNanoseconds: (ns: bigint) => Number(ns / 1_000n),
    },
    useOffsetIndex: false,
  };
  const metadata = await attempt(path, () => parquetMetadataAsync(options.file, options));
  const columns = parquetSchema(metadata).children.map(({ element }) => ({
    name: element.name,
    isTimestamp: element.logical_type?.type === 'TIMESTAMP' || isTimestampOfOld(element.converted_type),
  }));
  return {
    columns,
    rows: Number(metadata.num_rows),
    async *groups(names) {
      const scan = await attempt(path, () => parquetScan({ ...options, metadata, columns: [...names] }));
      for (const { rowStart, rowEnd } of scan.ranges) {
        const values: ArrayLike<unknown>[] = [];
        for (const column of names)
          values.push(await attempt(path, () => scan.readColumn({ column, rowStart, rowEnd })));
        yield values;
      }
    },
  };
}

const readable = 'a parquet file, not compressed as a whole';

const compressors = {
  GZIP: (bytes: Uint8Array) => zlib.gunzipSync(bytes),
  BROTLI: (bytes: Uint8Array) => zlib.brotliDecompressSync(bytes),
  // A named import would not even link on a Node without it.
  ...(typeof zlib.zstdDecompressSync === 'function'
    ? { ZSTD: (bytes: Uint8Array) => zlib.zstdDecompressSync(bytes) }
    : {}),
};

function isTimestampOfOld(type: string | undefined): boolean {
  return type === 'TIMESTAMP_MILLIS' || type === 'TIMESTAMP_MICROS';
}

/** Whatever the parser says of damaged bytes, in one line. */
async function attempt<Value>(path: string, action: () => Value | Promise<Value>): Promise<Value> {
  try {
    return await action();
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw fileError(path, `is no parquet that can be read (${said})`, error, readable);
  }
}
