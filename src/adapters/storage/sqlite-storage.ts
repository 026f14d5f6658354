/** The embedded storage: one SQLite file. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

import { KernelError } from '../../kernel/errors.ts';
import { checkSchema, migrate } from './schema.ts';
import { SqlStorage, storageError } from './sql-storage.ts';
import type { SqlSession } from './sql.ts';
import { sqliteFailure } from './sqlite-failure.ts';
import { hasLog } from './sqlite-log.ts';
import type { SqliteDatabase, SyncLevel } from './sqlite-database.ts';

/**
 * `file`: a path, made when it is not there, or `:memory:`. Throws KernelError STORAGE_FAILED for one that is no storage, or of a version that is not known here, and for a place where no
 * file can be written; STORAGE_UNAVAILABLE for one that another program keeps locked, and for a disk that is full.
 */
export async function openSqliteStorage(file: string, sync: SyncLevel = 'normal'): Promise<SqlStorage> {
  let database: SqliteDatabase | undefined;
  try {
    if (file !== ':memory:') checkPlace(file);
    // Nodes before 22.5 have no driver.
    const { SqliteDatabase: Database, sqliteDialect } = await import('./sqlite-database.ts');
    database = new Database(file);
    await database.makeNew();
    await migrate(database, {
      tables: tablesOf,
      dialect: sqliteDialect,
    });
    await database.useLog(sync);
    return new SqlStorage(database);
  } catch (error) {
    await database?.close();
    throw storageError({ name: file, failure: sqliteFailure }, error);
  }
}

/**
 * For who only looks: also where nothing can be written. `file`: a path of one that is there. Throws KernelError as openSqliteStorage does, and STORAGE_FAILED for one of an earlier version that
 * can't be written to.
 */
export async function openSqliteToRead(file: string): Promise<SqlStorage> {
  if (isWritable(file) && isWritable(dirname(file))) return openSqliteStorage(file);
  let database: SqliteDatabase | undefined;
  try {
    if (hasLog(file) && !existsSync(`${file}-shm`))
      throw new KernelError(
        'STORAGE_FAILED',
        `storage ${file}: can only be read, and was not closed: what is in its log is found after it was opened where it may be written to`,
      );
    const { SqliteDatabase: Database } = await import('./sqlite-database.ts');
    database = new Database(file, { isReadOnly: true });
    await checkSchema(database, tablesOf);
    return new SqlStorage(database);
  } catch (error) {
    await database?.close();
    throw storageError({ name: file, failure: sqliteFailure }, error);
  }
}

async function tablesOf(session: SqlSession): Promise<ReadonlySet<string>> {
  const rows = await session.query(
    "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'",
  );
  return new Set(rows.map(({ name }) => name as string));
}

/** What the driver tells in words that fit all of it alike. */
function checkPlace(file: string): void {
  const folder = dirname(file);
  const refused = (why: string): KernelError => new KernelError('STORAGE_FAILED', `storage ${file}: ${why}`);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw refused(`folder ${folder} is not there; allowed: a file in a folder that is`);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) throw refused('is a folder; allowed: a file');
  if (found !== undefined && !isWritable(file))
    throw refused('can only be read; allowed: a file that may be written to');
  // The database keeps a file beside its own.
  if (!isWritable(folder))
    throw refused(`folder ${folder} can only be read; allowed: one that may be written to`);
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
