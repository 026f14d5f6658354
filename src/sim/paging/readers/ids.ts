/**
 * One page id a line: a decimal integer from 0 to 2^64 - 1. Lines that are `*` or empty are no references (the traces of the LIRS paper have them
 * between their parts); blanks and a carriage return around an id are nothing.
 */
import { fieldError } from '../../workloads/fields.ts';
import { ReferenceColumns } from '../reference-columns.ts';
import type { ReadingOptions } from '../reference-columns.ts';
import { DecimalScanner } from './decimal-scanner.ts';
import { isBlank, LF, lineAt, textOf, wholeLines } from './whole-lines.ts';

const STAR = 42;
const CR = 13;

/** Throws KernelError INVALID_FILE with the file and the line. */
export async function readIds(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
  options: ReadingOptions = {},
): Promise<ReferenceColumns> {
  const columns = new ReferenceColumns(options);
  let lineNumber = 1;
  for await (const bytes of wholeLines(file, chunks))
    lineNumber = addLines({ file, bytes, lineNumber, columns });
  return columns;
}

interface Lines {
  readonly file: string;
  readonly bytes: Uint8Array;
  /** Of the first one. */
  readonly lineNumber: number;
  readonly columns: ReferenceColumns;
}

/** Returns the number of the line behind. */
function addLines({ file, bytes, lineNumber, columns }: Lines): number {
  const scanner = new DecimalScanner();
  let line = lineNumber;
  for (let at = 0; at < bytes.length; line++) {
    const behind = scanner.uint64(bytes, at);
    if (behind !== -1) {
      const isCr = bytes[behind] === CR;
      if (bytes[isCr ? behind + 1 : behind] === LF) {
        columns.add(scanner.low, scanner.high, 0, 0);
        at = isCr ? behind + 2 : behind + 1;
        continue;
      }
    }
    at = addOddLine({ file, bytes, lineNumber: line, columns }, at, scanner);
  }
  return line;
}

/** A line that is not just an id and its end. Returns where the next line begins. */
function addOddLine(
  { file, bytes, lineNumber, columns }: Lines,
  start: number,
  scanner: DecimalScanner,
): number {
  const { end, next } = lineAt(bytes, start);
  let at = start;
  while (at < end && isBlank(bytes[at]!)) at++;
  if (at === end || (at === end - 1 && bytes[at] === STAR)) return next;
  if (scanner.uint64(bytes, at) !== end) {
    const place = { file, at: `line ${lineNumber}` };
    throw fieldError(place, 'id', textOf(bytes, at, end), 'an integer from 0 to 2^64 - 1, *, or nothing');
  }
  columns.add(scanner.low, scanner.high, 0, 0);
  return next;
}
