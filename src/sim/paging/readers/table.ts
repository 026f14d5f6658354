/** References in a table of typed columns, such as parquet: integers as numbers or bigints, times as whatever their column's unit is. */
import { fieldError } from '../../workloads/fields.ts';
import { ReferenceColumns } from '../reference-columns.ts';
import type { ReadingOptions } from '../reference-columns.ts';

/** Columns of the same rows. */
export interface TableRows {
  readonly ids: ArrayLike<unknown>;
  readonly sizes?: ArrayLike<unknown>;
  readonly times?: ArrayLike<unknown>;
}

export interface TableOptions extends ReadingOptions {
  readonly hasSizes: boolean;
  readonly hasTimes: boolean;
  /** µs in a unit of the times. */
  readonly timeUnitUs: number;
}

/** Throws KernelError INVALID_FILE with the file and the row, counted from 1. */
export async function readTable(
  file: string,
  groups: AsyncIterable<TableRows>,
  options: TableOptions,
): Promise<ReferenceColumns> {
  const columns = new ReferenceColumns(options);
  let rowsBefore = 0;
  for await (const { ids, sizes, times } of groups) {
    for (let index = 0; index < ids.length; index++) {
      const row = rowsBefore + index + 1;
      const id = naturalOf(ids[index]);
      const size = sizes === undefined ? 0 : Number(naturalOf(sizes[index]) ?? -1);
      const timeUs = times === undefined ? 0 : Math.round(numberOf(times[index]) * options.timeUnitUs);
      if (id === undefined) throw wrong(file, row, 'id', ids[index], 'an integer from 0 to 2^64 - 1');
      if (!(size >= 0 && size <= 0xffffffff))
        throw wrong(file, row, 'size', sizes?.[index], 'an integer from 0 to 2^32 - 1');
      if (!(timeUs >= 0 && timeUs <= Number.MAX_SAFE_INTEGER))
        throw wrong(file, row, 'time', times?.[index], 'a number from 0 up');
      if (typeof id === 'number') columns.add(id | 0, Math.floor(id / 0x100000000), size, timeUs);
      else columns.add(Number(id & 0xffffffffn), Number(id >> 32n), size, timeUs);
    }
    rowsBefore += ids.length;
  }
  return columns;
}

function wrong(file: string, row: number, field: string, value: unknown, allowed: string): Error {
  const shown = typeof value === 'bigint' ? String(value) : value;
  return fieldError({ file, at: `row ${row}` }, field, shown, allowed);
}

/** An integer from 0 up, of at most 64 bits, as no column has wider ones; a number only if it is exact. */
function naturalOf(value: unknown): number | bigint | undefined {
  if (typeof value === 'bigint') return value >= 0n ? value : undefined;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function numberOf(value: unknown): number {
  return typeof value === 'bigint' || typeof value === 'number' ? Number(value) : Number.NaN;
}
