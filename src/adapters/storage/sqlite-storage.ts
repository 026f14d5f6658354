/** The embedded storage: one SQLite file. */
import { KernelError, messageOf } from '../../kernel/errors.ts';
import { migrate } from './schema.ts';
import { SqlStorage } from './sql-storage.ts';
import type { SqliteDatabase, SyncLevel } from './sqlite-database.ts';

/** `file`: a path, made when it is not there, or `:memory:`. Throws KernelError STORAGE_FAILED for one that is no storage, or of a version that is not known here. */
export async function openSqliteStorage(file: string, sync: SyncLevel = 'normal'): Promise<SqlStorage> {
  let database: SqliteDatabase | undefined;
  try {
    // Nodes before 22.5 have no driver.
    const { SqliteDatabase: Database, sqliteDialect } = await import('./sqlite-database.ts');
    database = new Database(file);
    await database.makeNew();
    await migrate(database, {
      name: file,
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
    if (error instanceof KernelError) throw error;
    throw new KernelError('STORAGE_FAILED', `storage ${file}: ${messageOf(error)}`);
  }
}
