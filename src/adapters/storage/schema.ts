/** The schema of a storage in a database, and how one of an earlier version becomes that of today. */
import { KernelError } from '../../kernel/errors.ts';
import type { SqlDatabase, SqlSession } from './sql.ts';
import { tables as allTables, type Table } from './tables.ts';

/** Raised with each migration. */
const schemaVersion = 1;

/** What is in a database that is a storage of ours; any other is foreign. */
const formatName = 'ringzero-storage';

/** Makes the schema in an empty database, or brings an older one up to date, in one transaction. `statements` make a table in the database's own words. */
export async function migrate(
  database: SqlDatabase,
  {
    name,
    tables,
    statements,
  }: {
    /** Where the database is, for whoever reads a refusal. */
    readonly name: string;
    /** The names of those that are there. */
    readonly tables: (session: SqlSession) => Promise<ReadonlySet<string>>;
    readonly statements: (table: Table) => readonly string[];
  },
): Promise<void> {
  await database.transaction(async (session) => {
    const known = await tables(session);
    if (known.size === 0) {
      for (const statement of statements(metaTable)) await session.query(statement);
      await session.insert(metaTable, [
        { name: 'format', value: formatName },
        { name: 'version', value: String(schemaVersion) },
      ]);
      for (const table of allTables)
        for (const statement of statements(table)) await session.query(statement);
      return;
    }
    if (!known.has(metaTable.name)) throw foreign(name);
    const rows = await session.query(`select name, value from ${metaTable.name}`);
    const meta = new Map(rows.map((row) => [row['name'], row['value']]));
    if (meta.get('format') !== formatName) throw foreign(name);
    const version = String(meta.get('version'));
    if (version !== String(schemaVersion))
      throw new KernelError(
        'STORAGE_FAILED',
        `storage ${name}: schema version ${version} is not allowed; allowed: ${schemaVersion}, that of this ringzero`,
      );
  });
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
