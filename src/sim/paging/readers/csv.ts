/**
 * A table of references: fields between commas, one reference a line, empty lines left out. A first line without a number in any field is a header, and
 * its names say which column is what (column-names.ts). Without one the columns are time, id, size (or time, id). Times are decimal, in seconds unless the
 * column's name ends in a unit; ids are integers from 0 to 2^64 - 1; sizes from 0 to 2^32 - 1.
 */
import { fieldError, fileError } from '../../workloads/fields.ts';
import { ReferenceColumns } from '../reference-columns.ts';
import type { ReadingOptions } from '../reference-columns.ts';
import { secondUs, tableColumns } from './column-names.ts';
import type { TableColumns } from './column-names.ts';
import { DecimalScanner } from './decimal-scanner.ts';
import { isBlank, LF, lineAt, textOf, wholeLines } from './whole-lines.ts';

const COMMA = 44;

/** Throws KernelError INVALID_FILE with the file and the line. */
export async function readCsv(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
  options: ReadingOptions = {},
): Promise<ReferenceColumns> {
  const reader = new CsvReader(file, options);
  for await (const bytes of wholeLines(file, chunks)) reader.add(bytes);
  return reader.finish();
}

class CsvReader {
  private readonly file: string;
  private readonly options: ReadingOptions;
  private readonly scanner = new DecimalScanner();
  private lineNumber = 1;
  private table: TableColumns | undefined;
  private columns: ReferenceColumns | undefined;

  constructor(file: string, options: ReadingOptions) {
    this.file = file;
    this.options = options;
  }

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; this.lineNumber++) {
      let first = at;
      while (first < bytes.length && isBlank(bytes[first]!)) first++;
      if (first === bytes.length || bytes[first] === LF) at = first + 1;
      else if (this.columns !== undefined && this.table !== undefined)
        at = this.addReference(bytes, first, this.table, this.columns);
      else at = this.begin(bytes, first);
    }
  }

  finish(): ReferenceColumns {
    if (this.columns === undefined)
      throw fileError({ file: this.file, at: '' }, 'no reference in it (read as csv)');
    return this.columns;
  }

  /** The first line that is not empty. Returns where the header ends, or `start` when it is a reference already. */
  private begin(bytes: Uint8Array, start: number): number {
    const { end, next } = lineAt(bytes, start);
    const fields = textOf(bytes, start, end).split(',');
    const isHeader = !fields.some((field) => /^\s*[\d.]+\s*$/.test(field));
    const table = isHeader ? tableColumns(this.file, fields) : byPosition(fields.length);
    this.table = table;
    this.columns = new ReferenceColumns({
      hasSizes: table.size !== undefined,
      hasTimes: table.time !== undefined,
      ...this.options,
    });
    if (isHeader) return next;
    this.lineNumber--; // the same line comes again
    return start;
  }

  /** Returns where the next line begins. */
  private addReference(
    bytes: Uint8Array,
    start: number,
    table: TableColumns,
    columns: ReferenceColumns,
  ): number {
    const { scanner } = this;
    let timeUs = 0;
    let size = 0;
    let low = 0;
    let high = 0;
    let hasId = false;
    let hasTime = table.time === undefined;
    let hasSize = table.size === undefined;
    let at = start;
    for (let column = 0; ; column++) {
      while (at < bytes.length && isBlank(bytes[at]!)) at++;
      const field = at;
      if (column === table.id) {
        at = scanner.uint64(bytes, field);
        ({ low, high } = scanner);
        hasId = true;
      } else if (column === table.time) {
        at = scanner.decimal(bytes, field, table.timeUnitUs);
        timeUs = scanner.value;
        hasTime = true;
      } else if (column === table.size) {
        at = scanner.uint32(bytes, field);
        size = scanner.value;
        hasSize = true;
      } else while (at < bytes.length && bytes[at] !== COMMA && bytes[at] !== LF) at++;
      while (at !== -1 && at < bytes.length && isBlank(bytes[at]!)) at++;
      const byte = at === -1 ? 0 : bytes[at];
      if (byte === COMMA) {
        at++;
        continue;
      }
      if (byte !== LF && byte !== undefined) throw this.fieldError(bytes, field, column, table);
      if (!(hasId && hasTime && hasSize)) throw this.missing(column + 1, table);
      columns.add(low, high, size, timeUs);
      return at + 1;
    }
  }

  private fieldError(bytes: Uint8Array, start: number, column: number, table: TableColumns): Error {
    let { end } = lineAt(bytes, start);
    const comma = bytes.indexOf(COMMA, start);
    if (comma !== -1 && comma < end) end = comma;
    const place = { file: this.file, at: `line ${this.lineNumber}` };
    const text = textOf(bytes, start, end);
    if (column === table.id) return fieldError(place, 'id', text, 'an integer from 0 to 2^64 - 1');
    if (column === table.size) return fieldError(place, 'size', text, 'an integer from 0 to 2^32 - 1');
    return fieldError(place, 'time', text, 'a decimal number from 0 up');
  }

  private missing(fields: number, { id, time = -1, size = -1 }: TableColumns): Error {
    const place = { file: this.file, at: `line ${this.lineNumber}` };
    const needed = Math.max(id, time, size) + 1;
    return fileError(place, `${fields} ${fields === 1 ? 'field' : 'fields'}; allowed: at least ${needed}`);
  }
}

function byPosition(fields: number): TableColumns {
  return { time: 0, id: 1, size: fields > 2 ? 2 : undefined, timeUnitUs: secondUs };
}
