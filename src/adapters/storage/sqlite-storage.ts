/** The embedded storage: one SQLite file. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';

import { KernelError } from '../../kernel/errors.ts';
import { migrate } from './schema.ts';
import { SqlStorage, storageError } from './sql-storage.ts';
import { sqliteFailure } from './sqlite-failure.ts';
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
      tables: async (session) =>
        new Set(
          (
            await session.query(
              "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'",
            )
          ).map(({ name }) => name as string),
        ),
      dialect: sqliteDialect,
    });
    await database.useLog(sync);
    return new SqlStorage(database);
  } catch (error) {
    await database?.close();
    throw storageError({ name: file, failure: sqliteFailure }, error);
  }
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
