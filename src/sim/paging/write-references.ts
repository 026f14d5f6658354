/** A trace as the bytes of a file. Ids are written as they are here: dense, in order of first appearance, whatever was recorded. */
import { binaryTraceParts } from './binary-trace.ts';
import type { ReferenceTrace } from './reference-trace.ts';
import { writeCsv } from './writers/csv.ts';
import { writeIds } from './writers/ids.ts';
import { writeOracleGeneral } from './writers/oracle-general.ts';

/** Pieces of some hundred KiB, but for `binary`, whose columns are one piece each. */
export const referenceWriters = {
  ids: writeIds,
  csv: writeCsv,
  oracleGeneral: writeOracleGeneral,
  binary: binaryTraceParts,
} satisfies Readonly<Record<string, (trace: ReferenceTrace) => Iterable<Uint8Array>>>;

export type WrittenFormat = keyof typeof referenceWriters;
