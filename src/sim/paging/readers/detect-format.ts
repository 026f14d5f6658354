/** Finds the format of a trace by its content, never by the file's name. */
import { agentFormatOf } from '../../workloads/detect.ts';
import { fileError } from '../../workloads/fields.ts';
import { isBinaryTrace } from '../binary-trace.ts';
import { isIdName } from './column-names.ts';
import { looksLikeOracleGeneral } from './oracle-general.ts';
import { isBlank, lineAt, textOf } from './whole-lines.ts';
import type { ReferenceFormat } from '../reference-trace.ts';

/** What a file can be. */
export const fileFormats = [
  'ids',
  'csv',
  'mooncake',
  'oracleGeneral',
  'parquet',
  'binary',
  'otel',
  'claude-code',
  'workload',
] as const satisfies readonly ReferenceFormat[];
export type FileFormat = (typeof fileFormats)[number];

/** `head`: the first bytes, some 64 KiB or all there are. Throws KernelError INVALID_FILE when it is none of the formats. */
export function detectReferenceFormat(file: string, head: Uint8Array): FileFormat {
  if (isBinaryTrace(head)) return 'binary';
  if (textOf(head, 0, 4) === 'PAR1') return 'parquet';
  // No text looks like it: its bytes would be accesses in a far future.
  if (looksLikeOracleGeneral(head)) return 'oracleGeneral';
  if (head.includes(0)) throw unknown(file, 'bytes that are no text');
  return textFormat(file, head);
}

function textFormat(file: string, head: Uint8Array): FileFormat {
  const { line, lineNumber, start } = firstReference(head);
  if (line === '') throw unknown(file, 'no line with anything on it');
  const at = `line ${lineNumber}`;
  if (line.startsWith('{')) {
    if (line.includes('"hash_ids"')) return 'mooncake';
    const format = agentFormatOf(textOf(head, start, head.length));
    if (format !== undefined) return format;
    throw unknown(file, `${at}: JSON that is none of them`);
  }
  if (/^\d+$/.test(line)) return 'ids';
  if (line.includes(',') || isIdName(line)) return 'csv';
  throw unknown(file, `${at}: ${JSON.stringify(line.slice(0, 40))}`);
}

/** The first line that is neither empty nor `*`. */
function firstReference(head: Uint8Array): {
  readonly line: string;
  readonly lineNumber: number;
  readonly start: number;
} {
  let lineNumber = 1;
  for (let start = 0; start < head.length; lineNumber++) {
    const { end, next } = lineAt(head, start);
    let first = start;
    while (first < end && isBlank(head[first]!)) first++;
    const line = textOf(head, first, end).replace(/^\u00ef\u00bb\u00bf/, ''); // a byte order mark
    if (line !== '' && line !== '*') return { line, lineNumber, start: first };
    start = next;
  }
  return { line: '', lineNumber, start: head.length };
}

function unknown(file: string, seen: string): Error {
  return fileError(
    { file, at: '' },
    `unknown format (${seen}); allowed: ${fileFormats.join(', ')}, found by content or named with --format`,
  );
}
