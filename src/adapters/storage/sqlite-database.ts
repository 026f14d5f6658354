/**
 * SQLite in one file, by Node's own driver: the embedded database. Many programs may have the file open; one writes at a time.
 *
 * Two levels of durability, by SQLite's write-ahead log (sqlite.org/wal.html): `normal` survives the end of the process, however sudden, and may lose the last commits when the
 * power fails; `full` syncs the file before each commit is acknowledged and survives that too.
 */
import { statSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

import { KernelError } from '../../kernel/errors.ts';
import type { Dialect } from './schema.ts';
import type { Row, SqlDatabase, SqlSession, SqlValue } from './sql.ts';
import { isLocked, sqliteFailure } from './sqlite-failure.ts';
import { hasLog } from './sqlite-log.ts';
import { indexesOf, type Table } from './tables.ts';

export type SyncLevel = 'normal' | 'full';

/** How long a transaction waits for that of another program to finish, and between two looks, at first and at most. */
const lockMs = 10_000;
const firstLookMs = 1;
const lastLookMs = 50;

/** Given back in one go: others wait no longer than that takes. */
const pagesAtOnce = 2_000;

/** In which SQLite keeps its rows: in smaller pages what an agent says fills them badly, larger ones are written whole for each row. */
const pageBytes = 8_192;

/** Of the log, before they are brought into the file: a page that many transactions write is brought there once. 32 MiB. */
const logPages = 4_096;

/** Of the file and its log, in memory: all that a flush of a thousand runs writes to, so that none of it is written before the commit and read again. */
const cacheKib = 32_768;

/** Inserted by one statement: calls of the driver cost more than the rows. */
const rowsAtOnce = 16;

export class SqliteDatabase implements SqlDatabase {
  readonly name: string;
  readonly failure = sqliteFailure;
  private readonly database: DatabaseSync;
  private readonly session: SqliteSession;
  private readonly turns: Turns;
  /** Undefined: it is in memory. */
  private readonly file: string | undefined;

  /** `file`: a path, or `:memory:`. `isReadOnly`: nothing is written, not even the log beside it. Throws what the driver throws for a file that can't be opened. */
  constructor(file: string, { isReadOnly = false } = {}) {
    this.name = file;
    // The driver would wait for a lock without letting anybody else run.
    this.database = new DatabaseSync(isReadOnly ? unwrittenPlace(file) : file, {
      timeout: 0,
      readOnly: isReadOnly,
    });
    this.session = new SqliteSession(this.database);
    this.file = file === ':memory:' ? undefined : identityOf(file);
    this.turns = this.file === undefined ? new Turns() : turnsOf(this.file);
  }

  /** What is removed from a file that is made now can be given back bit by bit; any other is left as it is. */
  makeNew(): Promise<void> {
    return this.unlocked(() => {
      if (this.number('page_count') === 0)
        this.database.exec(`pragma page_size = ${pageBytes}; pragma auto_vacuum = incremental`);
    });
  }

  /** Not for a file that may be somebody else’s: it changes the file. */
  useLog(sync: SyncLevel): Promise<void> {
    return this.unlocked(() =>
      this.database.exec(
        `pragma journal_mode = wal; pragma synchronous = ${sync}; pragma wal_autocheckpoint = ${logPages}; pragma cache_size = -${cacheKib}`,
      ),
    );
  }

  transaction<Result>(act: (session: SqlSession) => Promise<Result>): Promise<Result> {
    return this.between('begin immediate', async (session) => {
      const result = await act(session);
      // What is stored in a file without a name is gone with the last program that has it open.
      if (this.file !== undefined && identityOf(this.name) !== this.file)
        throw new KernelError(
          'STORAGE_FAILED',
          `storage ${this.name}: its file was moved or removed while it was open`,
        );
      return result;
    });
  }

  read<Result>(act: (session: SqlSession) => Promise<Result>): Promise<Result> {
    // The moment that it sees is that of its first look.
    return this.between('begin; select 1 from sqlite_schema limit 1', act);
  }

  size(): Promise<{ readonly disk: number; readonly used: number }> {
    return this.unlocked(() => {
      const pageSize = this.number('page_size');
      const pages = this.number('page_count');
      return { disk: pages * pageSize, used: (pages - this.number('freelist_count')) * pageSize };
    });
  }

  async giveBack(): Promise<void> {
    const isIncremental = (await this.unlocked(() => this.number('auto_vacuum'))) === 2;
    for (let free = Infinity; ;) {
      const left = await this.unlocked(() => {
        // A file of version 1 is written anew, once.
        if (this.number('freelist_count') > 0)
          this.database.exec(
            isIncremental
              ? `pragma incremental_vacuum(${pagesAtOnce})`
              : 'pragma auto_vacuum = incremental; vacuum',
          );
        return this.number('freelist_count');
      });
      if (left === 0 || left >= free) break;
      free = left;
    }
    await this.unlocked(() => this.database.exec('pragma wal_checkpoint(truncate)'));
  }

  async close(): Promise<void> {
    await this.turns.take(() => Promise.resolve(this.database.close()));
  }

  private number(pragma: string): number {
    const row = this.database.prepare(`pragma ${pragma}`).get() as Readonly<Record<string, number>>;
    return Object.values(row)[0]!;
  }

  private between<Result>(begin: string, act: (session: SqlSession) => Promise<Result>): Promise<Result> {
    return this.turns.take(async () => {
      await this.whenUnlocked(() => this.database.exec(begin));
      try {
        const result = await act(this.session);
        this.database.exec('commit');
        return result;
      } catch (error) {
        this.rollback();
        throw error;
      }
    });
  }

  /** In its turn, between transactions. */
  private unlocked<Result>(act: () => Result): Promise<Result> {
    return this.turns.take(() => this.whenUnlocked(act));
  }

  /** Does it as soon as no other connection keeps the file locked. */
  private async whenUnlocked<Result>(act: () => Result): Promise<Result> {
    let lookMs = firstLookMs;
    for (let waitedMs = 0; ; waitedMs += lookMs, lookMs = Math.min(2 * lookMs, lastLookMs)) {
      try {
        return act();
      } catch (error) {
        this.rollback();
        if (!isLocked(error) || waitedMs >= lockMs) throw error;
        await setTimeout(lookMs);
      }
    }
  }

  private rollback(): void {
    if (this.database.isTransaction) this.database.exec('rollback');
  }
}

/** One transaction at a time: between its statements nobody else may use its connection. */
class Turns {
  private last: Promise<unknown> = Promise.resolve();

  take<Result>(act: () => Promise<Result>): Promise<Result> {
    const done = this.last.then(act);
    this.last = done.catch(() => {});
    return done;
  }
}

/** Of the connections of this program to a file: who comes first goes first, where looks would find the file locked as long as another one is busy. */
const turnsByFile = new Map<string, WeakRef<Turns>>();

function turnsOf(file: string): Turns {
  const known = turnsByFile.get(file)?.deref();
  if (known !== undefined) return known;
  const turns = new Turns();
  turnsByFile.set(file, new WeakRef(turns));
  return turns;
}

/** Where the log can't be made, only a file that nobody changes is read without one; a log that is there has a part of what is stored. */
function unwrittenPlace(file: string): string | URL {
  if (hasLog(file)) return file;
  const url = pathToFileURL(file);
  url.searchParams.set('immutable', '1');
  return url;
}

/** The same by whatever path; undefined: there is none. */
function identityOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && `${found.dev} ${found.ino}`;
}

class SqliteSession implements SqlSession {
  private readonly database: DatabaseSync;
  private readonly statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.database = database;
  }

  query(text: string, parameters: readonly SqlValue[] = []): Promise<readonly Row[]> {
    const rows = this.statement(text.replaceAll('$', '?')).all(...parameters);
    return Promise.resolve(rows as unknown as readonly Row[]);
  }

  find(
    { name }: Table,
    columns: readonly string[],
    keys: readonly Row[],
    { only = ['*'] }: { readonly only?: readonly string[] } = {},
  ): Promise<readonly Row[]> {
    if (keys.length === 0) return Promise.resolve([]);
    const where = columns.map((column) => `${column} = ?`).join(' and ');
    const statement = this.statement(`select ${only.join(', ')} from ${name} where ${where}`);
    const found = keys.flatMap((key) => statement.all(...columns.map((column) => key[column]!)));
    return Promise.resolve(found as unknown as readonly Row[]);
  }

  insert({ name, columns, counted, isRepeatable }: Table, rows: readonly Row[]): Promise<number> {
    const names = Object.keys(columns).filter((column) => column !== counted);
    // Any other would copy each page first, to undo a statement that fails: here all of its transaction is undone.
    const verb = isRepeatable === true ? 'insert or ignore' : 'insert or fail';
    const places = `(${names.map(() => '?').join(', ')})`;
    let next = 0;
    let added = 0;
    for (const count of [rowsAtOnce, 1]) {
      if (rows.length - next < count) continue;
      const list = Array.from({ length: count }, () => places).join(', ');
      const statement = this.statement(`${verb} into ${name} (${names.join(', ')}) values ${list}`);
      for (; rows.length - next >= count; next += count) {
        const values: SqlValue[] = [];
        for (let index = next; index < next + count; index++) {
          const row = rows[index]!;
          for (const column of names) values.push(row[column]!);
        }
        added += statement.run(...values).changes as number;
      }
    }
    return Promise.resolve(added);
  }

  update({ name, key }: Table, columns: readonly string[], rows: readonly Row[]): Promise<void> {
    const set = columns.map((column) => `${column} = ?`).join(', ');
    const where = key.map((column) => `${column} = ?`).join(' and ');
    const statement = this.statement(`update ${name} set ${set} where ${where}`);
    const names = [...columns, ...key];
    for (const row of rows) statement.run(...names.map((column) => row[column]!));
    return Promise.resolve();
  }

  remove({ name }: Table, columns: readonly string[], keys: readonly Row[]): Promise<void> {
    const where = columns.map((column) => `${column} = ?`).join(' and ');
    const statement = this.statement(`delete from ${name} where ${where}`);
    for (const key of keys) statement.run(...columns.map((column) => key[column]!));
    return Promise.resolve();
  }

  foreignVersion(): number {
    return (this.statement('pragma data_version').get() as { readonly data_version: number }).data_version;
  }

  /** One writes at a time. */
  lock(): Promise<void> {
    return Promise.resolve();
  }

  private statement(text: string): StatementSync {
    let statement = this.statements.get(text);
    if (statement === undefined) {
      statement = this.database.prepare(text);
      this.statements.set(text, statement);
    }
    return statement;
  }
}

export const sqliteDialect: Dialect = {
  types: { integer: 'integer', text: 'text', bytes: 'blob' },
  statements: sqliteTable,
};

/** Statements that make a table. Rows lie in the order of their keys: a process's records side by side. */
function sqliteTable(table: Table): string[] {
  const { name, columns, key, optional = [], counted, unique = [] } = table;
  const lines = Object.entries(columns).map(([column, type]) => {
    if (column === counted) return `${column} integer primary key`;
    return `${column} ${sqliteDialect.types[type]}${optional.includes(column) ? '' : ' not null'}`;
  });
  if (counted === undefined) lines.push(`primary key (${key.join(', ')})`);
  for (const list of unique) lines.push(`unique (${list.join(', ')})`);
  return [
    `create table ${name} (${lines.join(', ')})${counted === undefined ? ' without rowid' : ''}`,
    ...indexesOf(table),
  ];
}
