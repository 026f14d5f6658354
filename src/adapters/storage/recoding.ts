/** What version 1 of the schema kept as JSON text, with references spelled in it, becomes packed JSON. */
import { inflateRawSync } from 'node:zlib';

import { packJson } from './packed-json.ts';
import { packedJson, packedText } from './packed-text.ts';
import { pageKey } from './page-key.ts';
import type { Row, SqlSession } from './sql.ts';
import { auditTable, checkpointsTable, historyTable, journalTable, pagesTable } from './tables-2.ts';
import { branchesTable, type Table } from './tables.ts';

/** Makes each table anew, as version 2 has it. `statements` make a table in the database's own words. */
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
  [branchesTable, (row) => ({ ...row, started: jsonOf(row['started'] as string) })],
  [
    historyTable,
    (row) => {
      const { code = '' } = JSON.parse(row['result'] as string) as { readonly code?: string };
      return { ...row, code, result: jsonOf(row['result'] as string) };
    },
  ],
  [
    journalTable,
    (row) => {
      const { n = null } = JSON.parse(row['body'] as string) as { readonly n?: number };
      return { ...row, n, body: jsonOf(row['body'] as string) };
    },
  ],
  [
    checkpointsTable,
    (row) => {
      const { text } = contentOf(row['body'] as Uint8Array);
      const { keep } = JSON.parse(text) as { readonly keep: number };
      return { ...row, keep, body: jsonOf(text) };
    },
  ],
  [auditTable, (row) => ({ ...row, input: packJson(row['input']), output: packJson(row['output']) })],
  [
    pagesTable,
    (row) => {
      const { text, refers } = contentOf(row['text'] as Uint8Array);
      return { hash: pageKey(row['hash'] as string), text: refers ? jsonOf(text) : packedText(text) };
    },
  ],
];

/** A reference was a text of its own: NUL, `#`, 64 hex digits; any other text that began with NUL had one NUL more. */
function jsonOf(text: string): Uint8Array {
  const references = new Map<string, string>();
  const value: unknown = JSON.parse(text, (_, member: unknown) => {
    if (typeof member !== 'string' || !member.startsWith('\0')) return member;
    if (!member.startsWith('\0#')) return member.slice(1);
    const mark = `\udc00${member}`;
    references.set(mark, member.slice(2));
    return mark;
  });
  return packedJson(value, (member) => references.get(member));
}

/** A text behind one byte: 1, deflated; 2, UTF-16; 4, JSON with references. */
function contentOf(bytes: Uint8Array): { readonly text: string; readonly refers: boolean } {
  const [coding = 0] = bytes;
  const rest = bytes.subarray(1);
  const text = Buffer.from((coding & 1) === 0 ? rest : inflateRawSync(rest));
  return { text: text.toString((coding & 2) === 0 ? 'utf8' : 'utf16le'), refers: (coding & 4) !== 0 };
}
