/**
 * PostgreSQL by URL: the storage that many machines share. Everything lies in a schema of its own.
 *
 * Two levels of durability: `normal` acknowledges a commit before PostgreSQL has synced its log (`synchronous_commit = off`: what the server had acknowledged in the last instants is
 * lost when the server itself crashes, never when this program does); `full` waits for the sync.
 */
import { Pool, types, type PoolClient, type QueryConfig, type QueryResult } from 'pg';

import type { Dialect } from './schema.ts';
import { postgresFailure } from './postgres-failure.ts';
import type { Row, SqlDatabase, SqlSession, SqlValue } from './sql.ts';
import type { SyncLevel } from './sqlite-database.ts';
import { indexesOf, tables, type Table } from './tables.ts';

export interface PostgresOptions {
  readonly url: string;
  /** Default: ringzero. */
  readonly schema?: string;
  readonly sync?: SyncLevel;
  /** At once, default 4. */
  readonly connections?: number;
  /** How long a connection may take to be made, and a statement to be answered; a connection that is silent for longer is given up. Default 15 s: half the term of a lease. */
  readonly timeLimitMs?: number;
}

/** The longest that a timer takes. */
const longestMs = 2_147_483_647;

export class PostgresDatabase implements SqlDatabase {
  readonly name: string;
  readonly failure = postgresFailure;
  private readonly pool: Pool;

  constructor(
    name: string,
    { url, schema = 'ringzero', sync = 'normal', connections = 4, timeLimitMs = 15_000 }: PostgresOptions,
  ) {
    this.name = name;
    const settings = {
      search_path: `"${schema}"`,
      synchronous_commit: sync === 'full' ? 'on' : 'off',
      statement_timeout: timeLimitMs,
      // What a program that was cut off has locked is free again.
      idle_in_transaction_session_timeout: timeLimitMs,
    };
    const statements = Object.entries(settings).map(([name, value]) => `set ${name} to ${value}`);
    this.pool = new Pool({
      connectionString: url,
      max: connections,
      connectionTimeoutMillis: timeLimitMs,
      query_timeout: timeLimitMs,
      keepAlive: true,
      // Whatever the URL asks for.
      onConnect: (client) => client.query(statements.join('; ')) as unknown as void,
      // Counts and times are integers that a double holds.
      types: {
        getTypeParser: (oid, format) =>
          oid === types.builtins.INT8 ? Number : types.getTypeParser(oid, format),
      },
    });
    // A connection that is lost while nobody uses it is made anew when somebody does.
    this.pool.on('error', () => {});
  }

  transaction<Result>(act: (session: SqlSession) => Promise<Result>): Promise<Result> {
    return this.between('begin', act);
  }

  read<Result>(act: (session: SqlSession) => Promise<Result>): Promise<Result> {
    return this.between('begin isolation level repeatable read read only', act);
  }

  /** What a table takes on the disk shrinks later, or never: in use are its rows. */
  size(): Promise<{ readonly disk: number; readonly used: number }> {
    return this.read(async (session) => {
      let disk = 0;
      let used = 0;
      for (const { name } of tables) {
        const [row] = await session.query(
          `select pg_total_relation_size('${name}')::bigint as disk, (select coalesce(sum(pg_column_size(t.*)), 0) from ${name} t)::bigint as used`,
        );
        disk += row!['disk'] as number;
        used += row!['used'] as number;
      }
      return { disk, used };
    });
  }

  async giveBack(): Promise<void> {
    const client = await this.pool.connect();
    try {
      await client.query('set statement_timeout to 0');
      for (const { name } of tables)
        await client.query({ text: `vacuum ${name}`, query_timeout: longestMs } as QueryConfig);
    } finally {
      // Its limit is another one than that of the others.
      client.release(true);
    }
  }

  close(): Promise<void> {
    return this.pool.end();
  }

  private async between<Result>(
    begin: string,
    act: (session: SqlSession) => Promise<Result>,
  ): Promise<Result> {
    const client = await this.pool.connect();
    let lost: Error | undefined;
    // The statement under way is refused, too; without a listener this would end the program.
    const lose = (error: Error): void => void (lost = error);
    client.on('error', lose);
    try {
      await client.query(begin);
      const result = await act(new PostgresSession(client));
      await client.query('commit');
      return result;
    } catch (error) {
      // Behind a statement that is not answered a rollback would not be, either: the server rolls back when the connection ends.
      if (postgresFailure(error).kind === 'unavailable') lose(error as Error);
      else if (lost === undefined) await client.query('rollback').catch(lose);
      throw error;
    } finally {
      client.off('error', lose);
      client.release(lost);
    }
  }
}

const typeNames = { integer: 'bigint', text: 'text', bytes: 'bytea' } as const;

class PostgresSession implements SqlSession {
  private readonly client: PoolClient;

  constructor(client: PoolClient) {
    this.client = client;
  }

  async query(text: string, parameters: readonly SqlValue[] = []): Promise<readonly Row[]> {
    const { rows } = await this.client.query(text, parameters.map(encoded));
    return (rows as Row[]).map(decoded);
  }

  async find(
    table: Table,
    columns: readonly string[],
    keys: readonly Row[],
    { lock = false, only = ['*'] }: { readonly lock?: boolean; readonly only?: readonly string[] } = {},
  ): Promise<readonly Row[]> {
    if (keys.length === 0) return [];
    const matches = columns.map((column) => `t.${column} = k.${column}`).join(' and ');
    // Whoever locks rows does so in one order: two never wait for each other.
    const order = table.key.map((column) => `t.${column}`).join(', ');
    const locking = !lock ? '' : ` order by ${order} for update of t`;
    const wanted = only.map((column) => `t.${column}`).join(', ');
    const { rows } = await this.each(
      `select ${wanted} from ${table.name} t join ${unnested(table, columns)} on ${matches}${locking}`,
      columns,
      keys,
    );
    return (rows as Row[]).map(decoded);
  }

  async insert(table: Table, rows: readonly Row[]): Promise<number> {
    if (rows.length === 0) return 0;
    const columns = Object.keys(table.columns).filter((column) => column !== table.counted);
    const names = columns.join(', ');
    const repeated = table.isRepeatable === true ? ' on conflict do nothing' : '';
    const text = `insert into ${table.name} (${names}) select ${names} from ${unnested(table, columns)} order by row${repeated}`;
    const { rowCount } = await this.each(text, columns, rows);
    return rowCount ?? 0;
  }

  foreignVersion(): undefined {
    return undefined;
  }

  async update(table: Table, columns: readonly string[], rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return;
    const all = [...columns, ...table.key];
    const set = columns.map((column) => `${column} = k.${column}`).join(', ');
    const where = table.key.map((column) => `t.${column} = k.${column}`).join(' and ');
    await this.each(
      `update ${table.name} t set ${set} from ${unnested(table, all)} where ${where}`,
      all,
      rows,
    );
  }

  async remove(table: Table, columns: readonly string[], keys: readonly Row[]): Promise<void> {
    if (keys.length === 0) return;
    const matches = columns.map((column) => `t.${column} = k.${column}`).join(' and ');
    await this.each(
      `delete from ${table.name} t using ${unnested(table, columns)} where ${matches}`,
      columns,
      keys,
    );
  }

  async lock({ name }: Table): Promise<void> {
    await this.client.query(`lock table ${name} in exclusive mode`);
  }

  /** One statement for all rows: their values as one array for each column. */
  private each(text: string, columns: readonly string[], rows: readonly Row[]): Promise<QueryResult> {
    const values = columns.map((column) => rows.map((row) => encoded(row[column]!)));
    return this.client.query(text, values);
  }
}

function unnested({ columns: types }: Table, columns: readonly string[]): string {
  const arrays = columns.map((column, index) => `$${index + 1}::${typeNames[types[column]!]}[]`).join(', ');
  return `unnest(${arrays}) with ordinality as k(${columns.join(', ')}, row)`;
}

/** A text of PostgreSQL has no NUL. */
function encoded(value: SqlValue): SqlValue | Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (typeof value !== 'string' || !(value.includes('\0') || value.includes('\x01'))) return value;
  return value.replaceAll('\x01', '\x011').replaceAll('\0', '\x010');
}

function decoded(row: Row): Row {
  const copy: Record<string, SqlValue> = {};
  for (const [column, value] of Object.entries(row))
    copy[column] =
      typeof value === 'string' && value.includes('\x01')
        ? value.replaceAll('\x010', '\0').replaceAll('\x011', '\x01')
        : value;
  return copy;
}

export const postgresDialect: Dialect = { types: typeNames, statements: postgresTable };

/** Statements that make a table. */
function postgresTable(table: Table): string[] {
  const { name, columns, key, optional = [], counted, unique = [] } = table;
  const lines = Object.entries(columns).map(([column, type]) => {
    const kind = column === counted ? 'bigint generated always as identity' : typeNames[type];
    return `${column} ${kind}${optional.includes(column) ? '' : ' not null'}`;
  });
  lines.push(`primary key (${key.join(', ')})`);
  for (const list of unique) lines.push(`unique (${list.join(', ')})`);
  return [`create table ${name} (${lines.join(', ')})`, ...indexesOf(table)];
}
