/** The schema of a storage in a database, and how one of an earlier version becomes that of today. */
import { KernelError } from '../../kernel/errors.ts';
import { movePassages } from './moving-passages.ts';
import { pageKey } from './page-key.ts';
import { recode } from './recoding.ts';
import type { SqlDatabase, SqlSession } from './sql.ts';
import {
  auditTable,
  checkpointsTable,
  historyTable,
  journalTable,
  pagesTable,
  pageUsesTable,
} from './tables-2.ts';
import {
  indexesOf,
  memoriesTable,
  memoryTermsTable,
  processesTable,
  recordingsTable,
  runsTable,
  tables as allTables,
  writersTable,
  type ColumnType,
  type Table,
} from './tables.ts';

/** What makes of a schema of one version that of the next. */
type Migration = (session: SqlSession, dialect: Dialect) => Promise<void>;

/** From version 1 on. tables.ts has the schema as it is behind the last. */
const migrations: readonly Migration[] = [
  async (session, dialect) => {
    for (const table of [writersTable, recordingsTable])
      for (const statement of dialect.statements(table)) await session.query(statement);
    await placeAllRecords(session, dialect);
    await keepOldPages(session, dialect);
    await keepLastMemories(session);
    await recode(session, (table) => dialect.statements(table));
  },
  (session, { statements, types }) => movePassages(session, { statements, types }),
];

/** In version 1 two programs could remember under one key at once. */
async function keepLastMemories(session: SqlSession): Promise<void> {
  const { name } = memoriesTable;
  await session.query(
    `update ${name} set is_current = 0 where is_current = 1 and exists (select 1 from ${name} m where m.scope = ${name}.scope and m.key = ${name}.key and m.is_current = 1 and m.id > ${name}.id)`,
  );
  await session.query(
    `delete from ${memoryTermsTable.name} where memory in (select id from ${name} where is_current = 0)`,
  );
  await session.query(`drop index ${name}_by_scope_key`);
  for (const statement of indexesOf(memoriesTable)) await session.query(statement);
}

/** Of what version 1 left without a place, what is known: what it came behind, by its time. */
async function placeAllRecords(session: SqlSession, { types }: Dialect): Promise<void> {
  for (const { name } of [processesTable, journalTable, checkpointsTable])
    await session.query(`alter table ${name} add column place ${types.integer}`);
  await session.query(`alter table ${historyTable.name} add column asked ${types.text}`);
  for (const { name } of [journalTable, checkpointsTable])
    await session.query(
      `update ${name} set place = coalesce((select max(h.place) from ${historyTable.name} h where h.run = ${name}.run and h.at_us <= ${name}.at_us), -1)`,
    );
  await session.query(
    `update ${processesTable.name} set place = coalesce((select min(h.place) from ${historyTable.name} h where h.run = ${processesTable.name}.run and h.process = ${processesTable.name}.process), -1)`,
  );
}

/** Which run needs which page was not told in version 1: what it left stays. */
async function keepOldPages(session: SqlSession, dialect: Dialect): Promise<void> {
  await session.query(`alter table ${runsTable.name} add column pruned_us ${dialect.types.integer}`);
  for (const column of ['reasoning', 'person'])
    await session.query(`alter table ${auditTable.name} add column ${column} ${dialect.types.text}`);
  for (const statement of dialect.statements(pageUsesTable)) await session.query(statement);
  const pages = await session.query(`select hash from ${pagesTable.name}`);
  await session.insert(
    pageUsesTable,
    pages.map(({ hash }) => ({ run: 0, hash: pageKey(hash as string) })),
  );
}

const schemaVersion = 1 + migrations.length;

const allowedVersions = `1 to ${schemaVersion}, those that this ringzero knows`;

/** How a database says what all of them have. */
export interface Dialect {
  /** That make a table. */
  readonly statements: (table: Table) => readonly string[];
  readonly types: Readonly<Record<ColumnType, string>>;
}

/** What is in a database that is a storage of ours; any other is foreign. */
const formatName = 'ringzero-storage';

/** The names of those that are there. */
type TablesOf = (session: SqlSession) => Promise<ReadonlySet<string>>;

/** Makes the schema in an empty database, or brings an older one up to date, in one transaction. */
export async function migrate(
  database: SqlDatabase,
  {
    tables,
    dialect,
  }: {
    readonly tables: TablesOf;
    readonly dialect: Dialect;
  },
): Promise<void> {
  const { name } = database;
  await database.transaction(async (session) => {
    const known = await tables(session);
    if (known.size === 0) {
      for (const statement of dialect.statements(metaTable)) await session.query(statement);
      await session.insert(metaTable, [
        { name: 'format', value: formatName },
        { name: 'version', value: String(schemaVersion) },
      ]);
      for (const table of allTables)
        for (const statement of dialect.statements(table)) await session.query(statement);
      return;
    }
    const version = await versionOf(session, name, known);
    if (version === schemaVersion) return;
    for (const bring of migrations.slice(version - 1)) await bring(session, dialect);
    await session.update(metaTable, ['value'], [{ name: 'version', value: String(schemaVersion) }]);
  });
}

/** For a database that can only be read: throws KernelError STORAGE_FAILED unless it has the schema of this version. */
export async function checkSchema(database: SqlDatabase, tables: TablesOf): Promise<void> {
  const { name } = database;
  await database.read(async (session) => {
    const version = await versionOf(session, name, await tables(session));
    if (version !== schemaVersion)
      throw new KernelError(
        'STORAGE_FAILED',
        `storage ${name}: schema version ${version} must be brought to ${schemaVersion}, and it can only be read; allowed: one that may be written to`,
      );
  });
}

/** Throws KernelError STORAGE_FAILED for a database of something else, and for a version that is not known here. */
async function versionOf(session: SqlSession, name: string, known: ReadonlySet<string>): Promise<number> {
  if (!known.has(metaTable.name)) throw foreign(name);
  const rows = await session.query(`select name, value from ${metaTable.name}`);
  const meta = new Map(rows.map((row) => [row['name'], row['value']]));
  if (meta.get('format') !== formatName) throw foreign(name);
  const version = Number(meta.get('version'));
  if (!(Number.isInteger(version) && version >= 1 && version <= schemaVersion))
    throw new KernelError(
      'STORAGE_FAILED',
      `storage ${name}: schema version ${String(meta.get('version'))} is not allowed; allowed: ${allowedVersions}`,
    );
  return version;
}

const metaTable: Table = {
  name: 'ringzero_meta',
  columns: { name: 'text', value: 'text' },
  key: ['name'],
};

function foreign(name: string): KernelError {
  return new KernelError(
    'STORAGE_FAILED',
    `storage ${name}: is a database of something else; allowed: one that ringzero made, or an empty one`,
  );
}
