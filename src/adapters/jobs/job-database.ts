/**
 * Work that many machines share, on PostgreSQL: queues (pg-boss), and tables beside them for what is handed out and what comes of it. All of it lies in a schema of its own, which may be
 * dropped when nobody works.
 */
import type { PgBoss } from 'pg-boss';

import { invalid, KernelError, messageOf } from '../../kernel/errors.ts';
import { PostgresDatabase } from '../storage/postgres-database.ts';
import { isDatabaseUrl, shownDatabaseUrl } from '../storage/postgres-storage.ts';
import { OutcomeTable } from './outcome-table.ts';
import { SharedFiles } from './shared-files.ts';
import { WorkQueue, type QueueOptions } from './work-queue.ts';

const schema = 'ringzero_jobs';
/** Held while the tables are made, by a number that nobody else uses. */
const makingLock = 0x72_69_6a_62;
/** Of the tables beside the queues. */
const tablesVersion = 1;
/** Between two looks at who has died, s. */
const watchSeconds = 1;

export class JobDatabase {
  /** For people: without user and password. */
  readonly name: string;
  readonly outcomes: OutcomeTable;
  readonly files: SharedFiles;
  private readonly boss: PgBoss;
  private readonly database: PostgresDatabase;

  private constructor(boss: PgBoss, database: PostgresDatabase) {
    this.boss = boss;
    this.database = database;
    this.name = database.name;
    this.outcomes = new OutcomeTable(database);
    this.files = new SharedFiles(database);
  }

  /**
   * Makes what is not there. Throws KernelError INVALID_ARGUMENT for what is no URL of a database, STORAGE_UNAVAILABLE for a server that can't be reached, STORAGE_FAILED for one that
   * refuses, and for a schema that is somebody else's or of another version.
   */
  static async open(url: string): Promise<JobDatabase> {
    const shown = isDatabaseUrl(url) ? shownDatabaseUrl(url) : undefined;
    // Anything else is not shown: it may hold a password.
    if (shown === undefined) throw invalid('--database', '…', 'a postgres:// URL');
    const database = new PostgresDatabase(`${shown}, schema ${schema}`, { url, schema, sync: 'full' });
    let boss: PgBoss | undefined;
    try {
      await makeTables(database);
      const { PgBoss: Boss } = await import('pg-boss');
      boss = new Boss({
        connectionString: url,
        schema,
        max: 4,
        schedule: false,
        monitorIntervalSeconds: watchSeconds,
        superviseIntervalSeconds: watchSeconds,
        // Who works notices by itself what fails.
        persistWarnings: false,
      });
      // What a look at the queues meets is met again by whoever works; without a listener it would end the program.
      boss.on('error', () => {});
      await boss.start();
      return new JobDatabase(boss, database);
    } catch (error) {
      await boss?.stop({ graceful: false }).catch(() => {});
      await database.close();
      throw jobError(database, error);
    }
  }

  /** The queue of this name, which is made where it is not there. */
  async queue(name: string, options?: QueueOptions): Promise<WorkQueue> {
    try {
      return await WorkQueue.open(this.boss, name, options);
    } catch (error) {
      throw this.error(error);
    }
  }

  /** How many wait in each of the queues whose names begin so. */
  async waiting(start: string): Promise<ReadonlyMap<string, number>> {
    const queues = await this.boss.getQueues();
    const own = queues.filter(({ name }) => name.startsWith(start));
    return new Map(own.map(({ name, queuedCount }) => [name, queuedCount]));
  }

  /** What was thrown, as one line with the database. */
  error(error: unknown): KernelError {
    return jobError(this.database, error);
  }

  async close(): Promise<void> {
    await this.boss.stop({ graceful: false }).catch(() => {});
    await this.database.close();
  }
}

async function makeTables(database: PostgresDatabase): Promise<void> {
  await database.transaction(async (session) => {
    await session.query('select pg_advisory_xact_lock($1)', [makingLock]);
    const [there] = await session.query('select 1 as one from pg_namespace where nspname = $1', [schema]);
    if (there === undefined) await session.query(`create schema "${schema}"`);
    const [known] = await session.query("select to_regclass('jobs_version')::text as name");
    if (known!['name'] === null) {
      for (const statement of [...OutcomeTable.statements, ...SharedFiles.statements])
        await session.query(statement);
      await session.query('create table jobs_version (version bigint not null)');
      await session.query('insert into jobs_version values ($1)', [tablesVersion]);
    }
    const [row] = await session.query('select version from jobs_version');
    if (row?.['version'] !== tablesVersion)
      throw new KernelError(
        'STORAGE_FAILED',
        `jobs ${database.name}: its tables are of version ${String(row?.['version'] ?? 'none')}; allowed: ${tablesVersion}, that of this ringzero`,
      );
  });
}

function jobError(database: PostgresDatabase, error: unknown): KernelError {
  if (error instanceof KernelError) return error;
  const { kind, message } = database.failure(error);
  return new KernelError(
    kind === 'refused' ? 'STORAGE_FAILED' : 'STORAGE_UNAVAILABLE',
    `jobs ${database.name}: ${message === '' ? messageOf(error) : message}`.replaceAll(/\s*\n\s*/g, ' '),
    { cause: error },
  );
}
