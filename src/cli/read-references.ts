/** A page reference string from a file, whatever its format: what `page` and `trace` begin with. */
import { performance } from 'node:perf_hooks';

import { openInputFile, type InputFile } from '../adapters/files/input-file.ts';
import { invalid } from '../kernel/errors.ts';
import { parseReferences } from '../sim/paging/parse-references.ts';
import type { ReferenceTrace } from '../sim/paging/reference-trace.ts';
import { detectReferenceFormat, type FileFormat } from '../sim/paging/readers/detect-format.ts';
import { recordBytes } from '../sim/paging/readers/oracle-general.ts';

export interface ReadReferencesOptions {
  /** Default: found by content. */
  readonly format?: FileFormat;
}

export interface ReadReferences {
  /** Its columns are in memory that worker threads can share. */
  readonly trace: ReferenceTrace;
  readonly file: InputFile;
  /** Reading, decompressing, parsing, and turning ids into dense ones. */
  readonly seconds: number;
}

const headBytes = 65_536;

/** Throws KernelError INVALID_FILE, one line with the file, the place in it, the value and what is allowed. */
export async function readReferences(
  path: string,
  options: ReadReferencesOptions = {},
): Promise<ReadReferences> {
  const start = performance.now();
  const file = await openInputFile(path);
  const format = options.format ?? detectReferenceFormat(file.name, await file.headBytes(headBytes));
  if (format === 'parquet') throw invalid('--format', format, 'a format that is read from front to back');
  const expected =
    format === 'oracleGeneral' && file.compression === 'none' ? Math.ceil(file.size / recordBytes) : 0;
  const trace = await parseReferences(file, format, {
    allocate: (bytes) => new SharedArrayBuffer(bytes),
    expected,
  });
  return { trace, file, seconds: (performance.now() - start) / 1_000 };
}
