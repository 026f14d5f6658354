/** The storage that many machines share: PostgreSQL. */
import { invalid, KernelError } from '../../kernel/errors.ts';
import type { PostgresOptions } from './postgres-database.ts';
import { migrate } from './schema.ts';
import { SqlStorage, storageError } from './sql-storage.ts';
import type { SqlSession } from './sql.ts';

/** Held while the schema is made, by a number that nobody else uses. */
const migrationLock = 0x72_69_6e_67;

/** PostgreSQL reads any other name as another one, or as no name at all. */
const schemaName = /^[a-z_][a-z0-9_]{0,62}$/;

/**
 * Throws KernelError INVALID_ARGUMENT for such a name of a schema, STORAGE_UNAVAILABLE for a server that can't be reached, STORAGE_FAILED for one that refuses, and for a schema that is no
 * storage, or of a version that is not known here.
 */
export async function openPostgresStorage(options: PostgresOptions): Promise<SqlStorage> {
  const { schema = 'ringzero' } = options;
  if (!schemaName.test(schema))
    throw invalid('schema', schema, 'lower-case letters, digits and _, at most 63, no digit first');
  // Who stores elsewhere does without the driver.
  const { PostgresDatabase, postgresDialect } = await import('./postgres-database.ts');
  const database = new PostgresDatabase(`${placeOf(options.url)}, schema ${schema}`, options);
  try {
    await migrate(database, {
      tables: async (session) => {
        await session.query('select pg_advisory_xact_lock($1)', [migrationLock]);
        await makeSchema(session, database.name, schema);
        const rows = await session.query('select tablename from pg_tables where schemaname = $1', [schema]);
        return new Set(rows.map(({ tablename }) => tablename as string));
      },
      dialect: postgresDialect,
    });
    return new SqlStorage(database);
  } catch (error) {
    await database.close();
    throw storageError(database, error);
  }
}

/** Where it is there already, the right to make it is not needed; without that to use it, nothing in it is seen. */
async function makeSchema(session: SqlSession, name: string, schema: string): Promise<void> {
  const [known] = await session.query(
    "select current_user as user, has_schema_privilege(oid, 'usage') as usable from pg_namespace where nspname = $1",
    [schema],
  );
  if (known === undefined) await session.query(`create schema "${schema}"`);
  else if (!known['usable'])
    throw new KernelError(
      'STORAGE_FAILED',
      `storage ${name}: user ${JSON.stringify(known['user'])} may not use it; allowed: one with the right USAGE of the schema`,
    );
}

export function isDatabaseUrl(text: string): boolean {
  return /^postgres(ql)?:\/\//i.test(text);
}

/** A URL may have one in two places. */
export function hasPassword(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { password, searchParams } = new URL(url);
  return password !== '' || searchParams.has('password');
}

/** Without the user and the password; undefined: it is no URL. */
export function shownDatabaseUrl(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

const placeOf = (url: string): string => shownDatabaseUrl(url) ?? 'with that URL';
