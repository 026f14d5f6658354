/** The storage that many machines share: PostgreSQL. */
import { invalid, KernelError, messageOf } from '../../kernel/errors.ts';
import type { PostgresOptions } from './postgres-database.ts';
import { migrate } from './schema.ts';
import { SqlStorage } from './sql-storage.ts';

/** Held while the schema is made, by a number that nobody else uses. */
const migrationLock = 0x72_69_6e_67;

/** PostgreSQL reads any other name as another one, or as no name at all. */
const schemaName = /^[a-z_][a-z0-9_]{0,62}$/;

/** Throws KernelError INVALID_ARGUMENT for such a name of a schema, STORAGE_FAILED for a server that can't be reached, and for a schema that is no storage, or of a version that is not known here. */
export async function openPostgresStorage(options: PostgresOptions): Promise<SqlStorage> {
  const { schema = 'ringzero' } = options;
  if (!schemaName.test(schema))
    throw invalid('schema', schema, 'lower-case letters, digits and _, at most 63, no digit first');
  // Who stores elsewhere does without the driver.
  const { PostgresDatabase, postgresDialect } = await import('./postgres-database.ts');
  const database = new PostgresDatabase(options);
  try {
    await migrate(database, {
      name: `${placeOf(options.url)}, schema ${schema}`,
      tables: async (session) => {
        await session.query('select pg_advisory_xact_lock($1)', [migrationLock]);
        await session.query(`create schema if not exists ${schema}`);
        const rows = await session.query('select tablename from pg_tables where schemaname = $1', [schema]);
        return new Set(rows.map(({ tablename }) => tablename as string));
      },
      dialect: postgresDialect,
    });
    return new SqlStorage(database);
  } catch (error) {
    await database.close();
    if (error instanceof KernelError) throw error;
    throw new KernelError('STORAGE_FAILED', `storage ${placeOf(options.url)}: ${messageOf(error)}`);
  }
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
