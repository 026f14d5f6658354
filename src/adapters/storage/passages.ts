/**
 * Passages: what one append told of one process, as one row. Its body is packed JSON, a list: the time of the first record, then each record as a list of its type, how far its place and
 * its time are behind those of the first, and what only it has. What a record has from its process (run, branch, pid) is not told in it again.
 */
import type { Json } from '../../kernel/ids.ts';
import { historyVersion, type HistoryRecord, type JournalRecord } from '../../kernel/records.ts';
import type { ProcessAddress } from '../../kernel/storage.ts';
import { packedJson } from './packed-text.ts';
import type { ProcessHead } from './run-heads.ts';
import { outlineOf, type SharedReader, type SharedTexts } from './shared-texts.ts';
import type { Row } from './sql.ts';

export interface PlacedRecord {
  readonly place: number;
  readonly record: HistoryRecord | JournalRecord;
}

/** Types by their number: stored databases hold these. */
const types = [
  'history',
  'tool.started',
  'tool.ended',
  'message.sent',
  'signal.sent',
  'answer.partial',
] as const satisfies readonly (HistoryRecord | JournalRecord)['type'][];

/** One that grows while an append is judged. */
export class Passage {
  readonly process: ProcessHead;
  readonly records: PlacedRecord[] = [];
  private lastN = 0;

  constructor(process: ProcessHead) {
    this.process = process;
  }

  /** Call it when the head of the process has the record. */
  add(placed: PlacedRecord): void {
    this.records.push(placed);
    this.lastN = Math.max(this.lastN, this.process.lastN, numberOf(placed.record));
  }

  row(run: number, texts: SharedTexts): Row {
    return {
      run,
      process: this.process.process,
      place: this.records[0]!.place,
      last_n: this.lastN,
      body: texts.write(listOf(this.records)),
    };
  }
}

/** A row of records that have been stored in another form before; `refer` as packedJson has it. */
export function passageRow(
  { run, process, lastN }: { readonly run: number; readonly process: number; readonly lastN: number },
  records: readonly PlacedRecord[],
  refer: (text: string) => string | undefined,
): Row {
  const last = Math.max(lastN, ...records.map(({ record }) => numberOf(record)));
  const body = packedJson(listOf(records), refer);
  return { run, process, place: records[0]!.place, last_n: last, body };
}

/** In the order of their append. `texts`: with all that the row refers to. */
export function placedRecords(
  texts: SharedReader,
  address: ProcessAddress,
  { place, body }: Row,
): PlacedRecord[] {
  const [firstUs, ...entries] = texts.parse(body as Uint8Array) as [number, ...Entry[]];
  return entries.map((entry) => ({
    place: (place as number) + entry[1],
    record: recordOf(address, firstUs + entry[2], entry),
  }));
}

/** What kinds of results and types of journal are in a row, without what its references stand for. */
export function contentsOf({ body }: Row): {
  readonly kinds: readonly string[];
  readonly types: readonly string[];
} {
  const [, ...entries] = outlineOf(body as Uint8Array) as [number, ...Entry[]];
  return {
    kinds: entries.flatMap((entry) => (entry[0] === 0 ? [entry[4] as string] : [])),
    types: entries.map(([type]) => types[type]!),
  };
}

/** The number of its syscall, or 0. */
function numberOf(record: HistoryRecord | JournalRecord): number {
  return 'n' in record ? record.n : 0;
}

/** Of history: n, kind, hash, result, asked. Of the journal: seq, and an object of the rest. */
type Entry = readonly [type: number, placeBehind: number, timeBehind: number, ...rest: unknown[]];

function listOf(records: readonly PlacedRecord[]): readonly [number, ...Entry[]] {
  const [{ place: firstPlace, record: first }] = records as [PlacedRecord];
  const { atUs: firstUs } = first;
  return [firstUs, ...records.map(({ place, record }) => entryOf(record, place - firstPlace, firstUs))];
}

const typeNumbers = Object.fromEntries(types.map((type, number) => [type, number])) as Record<
  (typeof types)[number],
  number
>;

function entryOf(record: HistoryRecord | JournalRecord, placeBehind: number, firstUs: number): Entry {
  const type = typeNumbers[record.type];
  const timeBehind = record.atUs - firstUs;
  if (record.type === 'history') {
    const { n, kind, hash, result, asked } = record;
    return asked === undefined
      ? [type, placeBehind, timeBehind, n, kind, hash, result]
      : [type, placeBehind, timeBehind, n, kind, hash, result, asked];
  }
  const { v: _v, run: _run, branch: _branch, pid: _pid, type: _type, seq, atUs: _atUs, ...body } = record;
  return [type, placeBehind, timeBehind, seq, body];
}

function recordOf(
  { run, branch, pid }: ProcessAddress,
  atUs: number,
  [number, , , ...rest]: Entry,
): HistoryRecord | JournalRecord {
  const type: (typeof types)[number] = types[number]!;
  if (type !== 'history') {
    const [seq, body] = rest as [number, object];
    return { v: historyVersion, type, run, branch, pid, seq, atUs, ...body } as JournalRecord;
  }
  const [n, kind, hash, result, asked] = rest as [number, string, number, HistoryRecord['result'], Json?];
  return {
    v: historyVersion,
    type,
    run,
    branch,
    pid,
    n,
    kind,
    hash,
    ...(asked === undefined ? {} : { asked }),
    result,
    atUs,
  };
}
