/** Memories in a database, found by an inverted index of their words: the score of a memory is the share of the query's distinct words that it has, as in memory (term-overlap.ts). */
import type { Json } from '../../kernel/ids.ts';
import { KernelError } from '../../kernel/errors.ts';
import { isSameRecord, type Memory, type MemoryFilter, type Recollection } from '../../kernel/storage.ts';
import type { RecalledMemory } from '../../kernel/syscalls.ts';
import { termsOf } from '../../kernel/term-overlap.ts';
import type { Row, SqlSession } from './sql.ts';
import { memoriesTable, memoryTermsTable } from './tables.ts';

/** Throws KernelError STORAGE_FAILED when the call has remembered something else. */
export async function remember(session: SqlSession, memory: Memory): Promise<void> {
  const { scope, text, key, data, atUs } = memory;
  const { run, branch, pid, n, index } = memory.identity;
  const call = JSON.stringify([run, branch, pid, n, index]);
  const [known] = await session.find(memoriesTable, ['call'], [{ call }]);
  const row: Row = {
    call,
    scope,
    key: key ?? null,
    text,
    data: data === undefined ? null : JSON.stringify(data),
    at_us: atUs,
    is_current: 1,
  };
  if (known !== undefined) {
    if (isSameMemory(known, row)) return;
    throw new KernelError(
      'STORAGE_FAILED',
      `memory of call ${call}: is stored already, with another content`,
    );
  }
  if (key !== undefined) await replace(session, scope, key);
  await session.insert(memoriesTable, [row]);
  const [stored] = await session.find(memoriesTable, ['call'], [{ call }]);
  const number = stored!['id'] as number;
  await session.insert(
    memoryTermsTable,
    Array.from(termsOf(text), (term) => ({ scope, term, memory: number })),
  );
}

/** At most `limit` memories: best first, then the latest. */
export async function recall(
  session: SqlSession,
  { scope, query, limit }: Recollection,
): Promise<readonly RecalledMemory[]> {
  const terms = [...termsOf(query)];
  if (terms.length === 0) return [];
  const places = terms.map((_, index) => `$${index + 3}`).join(', ');
  const rows = await session.query(
    `select m.text, m.key, m.data, m.at_us, count(*) as shared from memory_terms t join memories m on m.id = t.memory ` +
      `where t.scope = $1 and t.term in (${places}) group by m.id, m.text, m.key, m.data, m.at_us order by shared desc, m.id desc limit $2`,
    [scope, limit, ...terms],
  );
  return rows.map((row) => recalled(row, (row['shared'] as number) / terms.length));
}

export async function remembered(
  session: SqlSession,
  { scope, limit }: MemoryFilter,
): Promise<readonly RecalledMemory[]> {
  const rows = await session.query(
    'select text, key, data, at_us from memories where scope = $1 and is_current = 1 order by id desc limit $2',
    [scope, limit],
  );
  return rows.map((row) => recalled(row, 1));
}

function recalled({ text, key, data, at_us: atUs }: Row, score: number): RecalledMemory {
  return {
    text: text as string,
    score,
    ...(key === null ? {} : { key: key as string }),
    ...(data === null ? {} : { data: JSON.parse(data as string) as Json }),
    atUs: atUs as number,
  };
}

/** What stood under this key is found no more, but its call is still known. */
async function replace(session: SqlSession, scope: string, key: string): Promise<void> {
  const before = await session.query(
    'select id from memories where scope = $1 and key = $2 and is_current = 1',
    [scope, key],
  );
  for (const { id } of before) {
    await session.query('delete from memory_terms where memory = $1', [id!]);
    await session.update(memoriesTable, ['is_current'], [{ id: id!, is_current: 0 }]);
  }
}

/** A crash may lie between the two: the first one's time stands. */
function isSameMemory(known: Row, row: Row): boolean {
  const content = ({ scope, key, text, data }: Row): object => ({
    scope,
    key,
    text,
    data: data === null ? null : (JSON.parse(data as string) as Json),
  });
  return isSameRecord(content(known), content(row));
}
