/**
 * Job files for `ringzero sched`: JSON or CSV, the same fields in both (docs/sched.md). Times are ticks, numbers of at least 0 with up to six decimals: a tick is a second of
 * virtual time, and a microsecond is the least that can be told apart.
 */
import { leastWeight, mostShares, type SchedulingFacts } from '../../kernel/scheduling-facts.ts';
import {
  below,
  documentOf,
  integer,
  list,
  number,
  numberAbove,
  object,
  refused,
  text,
  type Field,
} from '../workloads/checked-json.ts';
import { fieldError, fileError } from '../workloads/fields.ts';
import { csvRecords } from './csv-records.ts';
import type { Job } from './job.ts';

export const tickUs = 1_000_000;

/** Far more than any exercise, and far from where sums would lose digits. */
export const mostTicks = 1_000_000;
const mostJobs = 10_000;

const ticks = number(0, mostTicks);
/** What tables and charts can show. */
const name = text('a text of one line', (value) => value.trim() !== '' && !/\p{Cc}/u.test(value));

const readFields = object(
  {},
  {
    name,
    arrival: ticks,
    length: ticks,
    bursts: list(ticks, 1),
    priority: number(0, 100),
    tickets: integer(1, mostShares),
    weight: number(leastWeight, mostShares),
    deadline: numberAbove(0, mostTicks),
    client: name,
  },
);
const columns = [
  'name',
  'arrival',
  'length',
  'bursts',
  'priority',
  'tickets',
  'weight',
  'deadline',
  'client',
] as const;

/** Jobs of a file's text, found by content to be JSON or CSV. Throws KernelError INVALID_FILE with the place and the field. */
export function readJobs(file: string, content: string): readonly Job[] {
  const isJson = /^\s*[[{]/.test(content);
  const fields = isJson
    ? jsonRows(documentOf(file, content, 'a list of jobs, or an object with the field jobs'))
    : csvRows(file, content);
  if (fields.length === 0) throw fileError({ file, at: '' }, 'no jobs; allowed: at least one');
  if (fields.length > mostJobs)
    throw fileError({ file, at: '' }, `${fields.length} jobs; allowed: at most ${mostJobs}`);
  const jobs = fields.map((field, index) => jobOf(field, index));
  const names = new Set<string>();
  for (const [index, { name: value }] of jobs.entries()) {
    if (names.has(value))
      throw refused({ ...below(fields[index]!, 'name'), value }, 'a name that no job before it has');
    names.add(value);
  }
  return jobs;
}

/** A list of jobs, or an object that holds it as `jobs`. */
function jsonRows(document: Field): readonly Field[] {
  const isList = Array.isArray(document.value);
  const jobs = isList ? document : below(document, 'jobs');
  if (!isList) object({ jobs: ({ value }) => value }, {})(document);
  return list((field) => field)(jobs);
}

function jobOf(field: Field, index: number): Job {
  const read = readFields(field);
  const { arrival = 0, length, bursts, priority, tickets, weight, deadline, client } = read;
  if (length === undefined && bursts === undefined)
    throw refused(below(field, 'length'), 'a number of at least 0 (or bursts)');
  if (length !== undefined && bursts !== undefined)
    throw refused(below(field, 'bursts'), 'either length or bursts');
  if (bursts !== undefined && bursts.length % 2 === 0)
    throw refused(below(field, 'bursts'), 'core time and I/O in turn, beginning and ending with core time');
  const arrivalUs = microseconds(below(field, 'arrival'), arrival);
  const scheduling: SchedulingFacts = {
    ...(tickets === undefined ? {} : { tickets }),
    ...(weight === undefined ? {} : { weight }),
    ...(client === undefined ? {} : { client }),
    ...(deadline === undefined
      ? {}
      : { deadlineUs: untilDeadline(below(field, 'deadline'), deadline, arrivalUs) }),
  };
  return {
    name: read.name ?? `job ${index}`,
    arrivalUs,
    burstsUs:
      bursts === undefined
        ? [microseconds(below(field, 'length'), length!)]
        : bursts.map((burst, at) => microseconds(below(below(field, 'bursts'), at), burst)),
    ...(priority === undefined ? {} : { priority }),
    ...(Object.keys(scheduling).length === 0 ? {} : { scheduling }),
  };
}

/** Finer fractions would be rounded, and answers would no longer be exact. */
function microseconds(field: Field, value: number): number {
  const us = Math.round(value * tickUs);
  if (Math.abs(us / tickUs - value) > 1e-9) throw refused(field, 'a number with up to six decimals');
  return us;
}

function untilDeadline(field: Field, deadline: number, arrivalUs: number): number {
  const us = microseconds(field, deadline) - arrivalUs;
  if (us <= 0) throw refused(field, `a number above the arrival, ${arrivalUs / tickUs}`);
  return us;
}

/** Columns by the names in the first line; bursts within a cell are separated by spaces. */
function csvRows(file: string, content: string): readonly Field[] {
  const [header, ...records] = csvRecords(file, content);
  if (header === undefined) throw fileError({ file, at: '' }, 'empty; allowed: jobs as JSON or CSV');
  const names = header.cells;
  for (const column of names) {
    const isKnown = (columns as readonly string[]).includes(column);
    if (!isKnown || names.indexOf(column) !== names.lastIndexOf(column))
      throw fieldError(
        { file, at: `line ${header.line}` },
        'column',
        column,
        `${columns.join(', ')}, each once`,
      );
  }
  return records.map(({ line, cells }) => {
    if (cells.length !== names.length)
      throw fileError(
        { file, at: `line ${line}` },
        `${cells.length} ${cells.length === 1 ? 'cell' : 'cells'}; allowed: ${names.length}, as in the first line`,
      );
    const value = Object.fromEntries(
      cells.flatMap((cell, at) => (cell === '' ? [] : [[names[at]!, cellValue(names[at]!, cell)]])),
    );
    return { file: `${file} line ${line}`, path: '', value };
  });
}

function cellValue(column: string, cell: string): unknown {
  if (column === 'name' || column === 'client') return cell;
  if (column === 'bursts') return cell.split(/\s+/).map(numeral);
  return numeral(cell);
}

/** What is no number stays a text, and is refused as one. */
function numeral(cell: string): unknown {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(cell) ? Number(cell) : cell;
}
