/** What version 1 of the schema kept as JSON text, with references spelled in it, becomes packed JSON. */
import { inflateRawSync } from 'node:zlib';

import { packJson } from './packed-json.ts';
import { packedText } from './packed-text.ts';
import { packedHash, SharedTexts } from './shared-texts.ts';
import type { Row, SqlSession, SqlValue } from './sql.ts';
import {
  auditTable,
  branchesTable,
  checkpointsTable,
  historyTable,
  journalTable,
  pagesTable,
  type Table,
} from './tables.ts';

/** Makes each table anew, as it is today. `statements` make a table in the database's own words. */
export async function recode(
  session: SqlSession,
  statements: (table: Table) => readonly string[],
): Promise<void> {
  for (const [table, recoded] of recodings) {
    const { name } = table;
    const next = { ...table, name: `${name}_2` };
    for (const statement of statements(next)) await session.query(statement);
    const order = name === pagesTable.name ? ['hash'] : table.key;
    for (let done = 0; ; done += rowsAtOnce) {
      const text = `select * from ${name} order by ${order.join(', ')} limit $1 offset $2`;
      const rows = await session.query(text, [rowsAtOnce, done]);
      if (rows.length === 0) break;
      await session.insert(next, rows.map(recoded));
    }
    await session.query(`drop table ${name}`);
    await session.query(`alter table ${next.name} rename to ${name}`);
  }
}

const rowsAtOnce = 1_000;

const recodings: readonly (readonly [table: Table, recoded: (row: Row) => Row])[] = [
  [branchesTable, (row) => ({ ...row, started: jsonOf(row['started']!) })],
  [
    historyTable,
    (row) => {
      const { code = '' } = JSON.parse(row['result'] as string) as { readonly code?: string };
      return { ...row, code, result: jsonOf(row['result']!) };
    },
  ],
  [
    journalTable,
    (row) => {
      const { n = null } = JSON.parse(row['body'] as string) as { readonly n?: number };
      return { ...row, n, body: jsonOf(row['body']!) };
    },
  ],
  [checkpointsTable, (row) => ({ ...row, body: jsonOf(contentOf(row['body'] as Uint8Array).text) })],
  [
    auditTable,
    (row) => ({ ...row, input: packJson(row['input']), output: packJson(row['output']) }),
  ],
  [
    pagesTable,
    (row) => {
      const { text, refers } = contentOf(row['text'] as Uint8Array);
      return { hash: packedHash(row['hash'] as string), text: refers ? jsonOf(text) : packedText(text) };
    },
  ],
];
