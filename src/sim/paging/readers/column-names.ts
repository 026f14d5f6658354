/** Which column of a table is what, by its name: for csv with a header, and parquet. Capitals don't count. */
import { KernelError } from '../../../kernel/errors.ts';

/** Positions of the columns, from 0. */
export interface TableColumns {
  readonly id: number;
  readonly time: number | undefined;
  readonly size: number | undefined;
  /** µs in a unit of the time column. */
  readonly timeUnitUs: number;
}

export const idNames = ['id', 'obj_id', 'object_id', 'key', 'page', 'block', 'address', 'lbn'];
export const timeNames = ['time', 'timestamp', 'clock_time', 'real_time', 'ts'];
export const sizeNames = ['size', 'obj_size', 'object_size', 'bytes', 'length'];

/** `time_ms` is in milliseconds; a name without a unit in seconds. */
const unitsUs: Readonly<Record<string, number>> = { s: 1_000_000, ms: 1_000, us: 1 };

export const secondUs = 1_000_000;

/** The first column with a known name wins. Throws KernelError INVALID_FILE when no column has the ids. */
export function tableColumns(file: string, names: readonly string[]): TableColumns {
  const plain = names.map((name) => name.trim().toLowerCase());
  const find = (known: readonly string[]): number | undefined => {
    const found = plain.findIndex((name) => known.includes(name));
    return found === -1 ? undefined : found;
  };
  const id = find(idNames);
  if (id === undefined) {
    const problem = `no column of ids among ${names.join(', ')}; allowed: one called ${idNames.join(', ')}`;
    throw new KernelError('INVALID_FILE', `${file}: ${problem}`, { detail: { file, names } });
  }
  const time = plain.findIndex((name) => timeUnitUs(name) !== undefined);
  return {
    id,
    time: time === -1 ? undefined : time,
    size: find(sizeNames),
    timeUnitUs: (time === -1 ? undefined : timeUnitUs(plain[time]!)) ?? secondUs,
  };
}

export function isIdName(name: string): boolean {
  return idNames.includes(name.trim().toLowerCase());
}

/** Undefined when it is no name of a time. */
function timeUnitUs(name: string): number | undefined {
  if (timeNames.includes(name)) return secondUs;
  const [, stem = '', unit = ''] = /^(.*)_(s|ms|us)$/.exec(name) ?? [];
  return timeNames.includes(stem) ? unitsUs[unit] : undefined;
}
