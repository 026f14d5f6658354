/** Comma-separated values as RFC 4180 writes them: lines end in CRLF; a field with a comma, a quote or a line end is quoted, quotes are doubled. */
import { assert } from '../base/assert.ts';

export type CsvField = string | number | boolean | null;

/** The whole file, a header and one line a row; every row has as many fields as the header. */
export function csv(header: readonly string[], rows: Iterable<readonly CsvField[]>): string {
  let text = csvLine(header);
  for (const row of rows) {
    assert(
      row.length === header.length,
      () => `a row of ${row.length} fields under a header of ${header.length}`,
    );
    text += csvLine(row);
  }
  return text;
}

/** One line with its CRLF. null is an empty field; a number that is not finite is a mistake. */
export function csvLine(fields: readonly CsvField[]): string {
  // A line of one empty field would read as no line at all.
  if (fields.length === 1 && (fields[0] === null || fields[0] === '')) return '""\r\n';
  return `${fields.map(csvField).join(',')}\r\n`;
}

function csvField(field: CsvField): string {
  if (field === null) return '';
  if (typeof field === 'number') assert(Number.isFinite(field), () => `a field of ${field}`);
  const text = String(field);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
