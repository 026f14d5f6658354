/** What version 2 of the schema kept in a row for each record becomes what version 3 keeps in a row for each append, and pages name the first run that uses them. */
import type { HistoryRecord, JournalRecord, LedgerRecord } from '../../kernel/records.ts';
import { ledgerBody } from './ledger-rows.ts';
import { passageRow, type PlacedRecord } from './passages.ts';
import { StoredTally } from './process-tallies.ts';
import { outlineOf } from './shared-texts.ts';
import type { Row, SqlSession } from './sql.ts';
import * as before from './tables-2.ts';
import {
  auditTable,
  checkpointsTable,
  indexesOf,
  ledgerTable,
  pagesTable,
  pageUsesTable,
  passagesTable,
  processesTable,
  type Table,
} from './tables.ts';

/** As many as an append has, or some more. */
const recordsInRow = 16;
const rowsAtOnce = 1_000;

/** `statements` make a table in the database's own words, `types` name those of columns. */
export async function movePassages(
  session: SqlSession,
  {
    statements,
    types,
  }: {
    readonly statements: (table: Table) => readonly string[];
    readonly types: { readonly integer: string; readonly text: string };
  },
): Promise<void> {
  const renamed = [before.checkpointsTable, before.ledgerTable, before.auditTable, before.pageUsesTable];
  for (const { name } of renamed) await session.query(`alter table ${name} rename to ${oldName(name)}`);
  for (const table of [passagesTable, checkpointsTable, ledgerTable, auditTable, pageUsesTable])
    for (const statement of statements(table)) await session.query(statement);
  await session.query(`alter table ${processesTable.name} add column tally ${types.text}`);
  await moveSteps(session);
  await moveLedger(session);
  await copy(session, checkpointsTable, ['run', 'place']);
  await copy(session, auditTable, ['run', 'place']);
  await nameOwners(session, types.integer);
  for (const { name } of [before.historyTable, before.journalTable])
    await session.query(`drop table ${name}`);
  for (const { name } of renamed) await session.query(`drop table ${oldName(name)}`);
}

const oldName = (name: string): string => `${name}_2`;

async function moveSteps(session: SqlSession): Promise<void> {
  const processes = await session.query('select run, process from processes order by run, process');
  for (const { run, process } of processes) {
    const rowsOf = (table: Table): Promise<readonly Row[]> =>
      session.query(`select * from ${table.name} where run = $1 and process = $2 order by place`, [
        run!,
        process!,
      ]);
    const references = new Map<string, string>();
    const placed: PlacedRecord[] = [];
    for (const row of await rowsOf(before.historyTable))
      placed.push({ place: row['place'] as number, record: resultOf(row, references) });
    for (const row of await rowsOf(before.journalTable))
      placed.push({ place: row['place'] as number, record: entryOf(row, references) });
    placed.sort((a, b) => a.place - b.place);
    const tally = new StoredTally();
    const rows: Row[] = [];
    let lastN = 0;
    for (let start = 0; start < placed.length; start += recordsInRow) {
      const records = placed.slice(start, start + recordsInRow);
      for (const { record } of records) {
        tally.add(record);
        if (record.type === 'history') lastN = record.n;
      }
      const place = { run: run as number, process: process as number, lastN };
      rows.push(passageRow(place, records, (text) => references.get(text)));
    }
    await session.insert(passagesTable, rows);
    await session.update(processesTable, ['tally'], [{ run: run!, process: process!, tally: tally.text() }]);
  }
}

/** What its row, and with it its place, tells of a record is not asked for again. */
function resultOf(row: Row, references: Map<string, string>): HistoryRecord {
  const asked = row['asked'] as Uint8Array | null;
  return {
    type: 'history',
    n: row['n'],
    kind: row['kind'],
    hash: row['hash'],
    ...(asked === null ? {} : { asked: marked(asked, references) }),
    result: marked(row['result'] as Uint8Array, references),
    atUs: row['at_us'],
  } satisfies Partial<Record<keyof HistoryRecord, unknown>> as unknown as HistoryRecord;
}

function entryOf(row: Row, references: Map<string, string>): JournalRecord {
  const { type, seq, at_us: atUs, body } = row;
  return {
    type,
    seq,
    atUs,
    ...(marked(body as Uint8Array, references) as object),
  } as unknown as JournalRecord;
}

/** With a mark, which no text of JSON in UTF-8 can be, for each reference. */
function marked(written: Uint8Array, references: Map<string, string>): unknown {
  return outlineOf(written, (hash) => {
    const mark = `\udc00${hash}`;
    references.set(mark, hash);
    return mark;
  });
}

async function moveLedger(session: SqlSession): Promise<void> {
  const text = `select * from ${oldName(before.ledgerTable.name)} where id > $1 order by id limit $2`;
  for (let last = 0; ;) {
    const rows = await session.query(text, [last, rowsAtOnce]);
    if (rows.length === 0) return;
    last = rows.at(-1)!['id'] as number;
    const groups: { readonly run: number; readonly records: LedgerRecord[] }[] = [];
    for (const row of rows) {
      const run = row['run'] as number;
      const group = groups.at(-1);
      const record = callOf(row);
      if (group?.run === run && group.records.length < recordsInRow) group.records.push(record);
      else groups.push({ run, records: [record] });
    }
    await session.insert(
      ledgerTable,
      groups.map(({ run, records }) => ({ run, body: ledgerBody(records) })),
    );
  }
}

function callOf(row: Row): LedgerRecord {
  return {
    pid: row['pid'],
    n: row['n'],
    node: row['node'],
    what: row['what'],
    reservedUs: row['reserved_us'],
    seq: row['seq'],
    tokens: row['tokens'],
    tokensCached: row['tokens_cached'],
    tokensOut: row['tokens_out'],
    calls: row['calls'],
    microDollars: row['micro_dollars'],
    coreUs: row['core_us'],
    atUs: row['at_us'],
  } satisfies Partial<Record<keyof LedgerRecord, unknown>> as unknown as LedgerRecord;
}

/** Into the table of today, in this order. */
async function copy(
  session: SqlSession,
  { name, columns, counted }: Table,
  order: readonly string[],
): Promise<void> {
  const names = Object.keys(columns).filter((column) => column !== counted);
  await session.query(
    `insert into ${name} (${names.join(', ')}) select ${names.join(', ')} from ${oldName(name)} order by ${order.join(', ')}`,
  );
}

/** Of the runs that use a page the first owns it; those that no run is known to use stay. */
async function nameOwners(session: SqlSession, integer: string): Promise<void> {
  const [pages, uses] = [pagesTable.name, pageUsesTable.name];
  await session.query(`alter table ${pages} add column run ${integer} not null default 0`);
  await session.query(`insert into ${uses} (hash, run) select hash, run from ${oldName(uses)}`);
  await session.query(
    `update ${pages} set run = coalesce((select min(u.run) from ${uses} u where u.hash = ${pages}.hash), 0)`,
  );
  await session.query(
    `delete from ${uses} where run = 0 or exists (select 1 from ${pages} p where p.hash = ${uses}.hash and p.run = ${uses}.run)`,
  );
  for (const statement of indexesOf(pagesTable)) await session.query(statement);
}
