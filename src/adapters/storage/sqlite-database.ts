/**
 * SQLite in one file, by Node's own driver: the embedded database. Many programs may have the file open; one writes at a time.
 *
 * Two levels of durability, by SQLite's write-ahead log (sqlite.org/wal.html): `normal` survives the end of the process, however sudden, and may lose the last commits when the
 * power fails; `full` syncs the file before each commit is acknowledged and survives that too.
 */
import { resolve } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

import type { Dialect } from './schema.ts';
import type { Row, SqlDatabase, SqlSession, SqlValue } from './sql.ts';
import type { Table } from './tables.ts';

export type SyncLevel = 'normal' | 'full';

/** How long a writer waits for another one to finish. */
const busyMs = 10_000;

/** In which SQLite keeps its rows: in smaller pages what an agent says fills them badly, larger ones are written whole for each row. */
const pageBytes = 8_192;

/** Of the log, before they are brought into the file: a page that many transactions write is brought there once. 32 MiB. */
const logPages = 4_096;

export class SqliteDatabase implements SqlDatabase {
  private readonly database: DatabaseSync;
  private readonly session: SqliteSession;
  private readonly turns: Turns;

  /** `file`: a path, or `:memory:`. Throws what the driver throws for a file that can't be opened. */
  constructor(file: string) {
    this.database = new DatabaseSync(file, { timeout: busyMs });
    // Of a file that is made; one that is there keeps its own.
    this.database.exec(`pragma page_size = ${pageBytes}`);
    this.session = new SqliteSession(this.database);
    this.turns = file === ':memory:' ? new Turns() : turnsOf(resolve(file));
  }

  /** Not for a file that may be somebody else’s: it changes the file. */
  useLog(sync: SyncLevel): Promise<void> {
    return this.turns.take(async () => {
      this.database.exec(
        `pragma journal_mode = wal; pragma synchronous = ${sync}; pragma wal_autocheckpoint = ${logPages}`,
      );
    });
  }

  transaction<Result>(act: (session: SqlSession) => Promise<Result>): Promise<Result> {
    return this.between('begin immediate', act);
  }

  read<Result>(act: (session: SqlSession) => Promise<Result>): Promise<Result> {
    return this.between('begin', act);
  }

  /** One writes at a time. */
  isConflict(): boolean {
    return false;
  }

  async close(): Promise<void> {
    await this.turns.take(() => Promise.resolve(this.database.close()));
  }

  private between<Result>(begin: string, act: (session: SqlSession) => Promise<Result>): Promise<Result> {
    return this.turns.take(async () => {
      this.database.exec(begin);
      try {
        const result = await act(this.session);
        this.database.exec('commit');
        return result;
      } catch (error) {
        if (this.database.isTransaction) this.database.exec('rollback');
        throw error;
      }
    });
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

/**
 * Of the connections of this program to a file. The driver waits for a lock without letting anybody else run: for one that another connection of the same program holds it would wait in
 * vain.
 */
const turnsByFile = new Map<string, Turns>();

function turnsOf(path: string): Turns {
  let turns = turnsByFile.get(path);
  if (turns === undefined) {
    turns = new Turns();
    turnsByFile.set(path, turns);
  }
  return turns;
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

  find({ name }: Table, columns: readonly string[], keys: readonly Row[]): Promise<readonly Row[]> {
    const where = columns.map((column) => `${column} = ?`).join(' and ');
    const statement = this.statement(`select * from ${name} where ${where}`);
    const found = keys.flatMap((key) => statement.all(...columns.map((column) => key[column]!)));
    return Promise.resolve(found as unknown as readonly Row[]);
  }

  insert({ name, columns, counted, isRepeatable }: Table, rows: readonly Row[]): Promise<void> {
    const names = Object.keys(columns).filter((column) => column !== counted);
    const verb = isRepeatable === true ? 'insert or ignore' : 'insert';
    const places = names.map(() => '?').join(', ');
    const statement = this.statement(`${verb} into ${name} (${names.join(', ')}) values (${places})`);
    for (const row of rows) statement.run(...names.map((column) => row[column]!));
    return Promise.resolve();
  }

  update({ name, key }: Table, columns: readonly string[], rows: readonly Row[]): Promise<void> {
    const set = columns.map((column) => `${column} = ?`).join(', ');
    const where = key.map((column) => `${column} = ?`).join(' and ');
    const statement = this.statement(`update ${name} set ${set} where ${where}`);
    const names = [...columns, ...key];
    for (const row of rows) statement.run(...names.map((column) => row[column]!));
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
function sqliteTable({
  name,
  columns,
  key,
  optional = [],
  counted,
  unique = [],
  indexed = [],
}: Table): string[] {
  const lines = Object.entries(columns).map(([column, type]) => {
    if (column === counted) return `${column} integer primary key`;
    return `${column} ${sqliteDialect.types[type]}${optional.includes(column) ? '' : ' not null'}`;
  });
  if (counted === undefined) lines.push(`primary key (${key.join(', ')})`);
  for (const list of unique) lines.push(`unique (${list.join(', ')})`);
  return [
    `create table ${name} (${lines.join(', ')})${counted === undefined ? ' without rowid' : ''}`,
    ...indexed.map((list) => `create index ${name}_by_${list.join('_')} on ${name} (${list.join(', ')})`),
  ];
}
