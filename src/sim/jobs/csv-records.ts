/**
 * Comma-separated values that a person wrote, as RFC 4180 has them: a cell may stand in quotes, within which commas and line ends are part of it and a quote is doubled. What is
 * more allowed: lines may end in LF or CRLF, blanks around a cell are left out, and so are empty lines.
 */
import { fileError } from '../workloads/fields.ts';

export interface CsvRecord {
  /** Of the file, from 1: where it begins. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** Throws KernelError INVALID_FILE with the line for quotes that are not as they should be. */
export function csvRecords(file: string, text: string): readonly CsvRecord[] {
  const records: CsvRecord[] = [];
  let cells: string[] = [];
  let line = 1;
  let firstLine = 1;
  for (let at = 0; ;) {
    const cell = quotedCell(text, at) ?? plainCell(text, at);
    const end = cell === undefined ? undefined : cellEnd(text, cell.next);
    if (cell === undefined || end === undefined) throw fileError({ file, at: `line ${line}` }, badQuotes);
    cells.push(cell.value);
    for (
      let lf = text.indexOf('\n', at);
      lf >= 0 && lf < cell.next + end.length;
      lf = text.indexOf('\n', lf + 1)
    )
      line++;
    at = cell.next + end.length;
    if (end === ',') continue;
    const isEmpty = cells.length === 1 && cells[0] === '' && !cell.isQuoted;
    if (!isEmpty) records.push({ line: firstLine, cells });
    if (end === '') return records;
    cells = [];
    firstLine = line;
  }
}

const badQuotes =
  'a quote where none may stand; allowed: quotes around a whole cell, each quote within them doubled';

interface Cell {
  readonly value: string;
  readonly isQuoted: boolean;
  /** Where what ends it begins. */
  readonly next: number;
}

/** Undefined: the cell does not begin with a quote, or has no other at its end. */
function quotedCell(text: string, start: number): Cell | undefined {
  const open = pastBlanks(text, start);
  if (text[open] !== '"') return undefined;
  let close = text.indexOf('"', open + 1);
  while (close >= 0 && text[close + 1] === '"') close = text.indexOf('"', close + 2);
  if (close < 0) return undefined;
  const value = text.slice(open + 1, close).replaceAll('""', '"');
  return { value, isQuoted: true, next: pastBlanks(text, close + 1) };
}

function plainCell(text: string, start: number): Cell {
  let next = start;
  while (next < text.length && !'",\n'.includes(text[next]!)) next++;
  if (text[next] === '\n' && text[next - 1] === '\r') next--;
  return { value: text.slice(start, next).trim(), isQuoted: false, next };
}

/** What ends a cell, '' at the end of the text; undefined: it goes on. */
function cellEnd(text: string, at: number): string | undefined {
  if (at === text.length) return '';
  return [',', '\n', '\r\n'].find((end) => text.startsWith(end, at));
}

function pastBlanks(text: string, start: number): number {
  let at = start;
  while (text[at] === ' ' || text[at] === '\t') at++;
  return at;
}
