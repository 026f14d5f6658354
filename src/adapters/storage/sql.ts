/** What a database must be able to do for SqlStorage. Texts of statements name their parameters $1, $2, …; what goes over many rows is told apart from its statement, so that each database does it in its own quickest way. */
import type { Table } from './tables.ts';

export type SqlValue = string | number | Uint8Array | null;
export type Row = Readonly<Record<string, SqlValue>>;

export interface SqlSession {
  query(text: string, parameters?: readonly SqlValue[]): Promise<readonly Row[]>;
  /** The rows that have in these columns what one of `keys` has there, in any order. */
  find(
    table: Table,
    columns: readonly string[],
    keys: readonly Row[],
    how?: {
      /** Nobody else may write them before the transaction ends. */
      readonly lock?: boolean;
      /** Which columns of them are wanted; absent: all. */
      readonly only?: readonly string[];
    },
  ): Promise<readonly Row[]>;
  /** Adds these rows, each with all columns but the one that the database counts, and returns how many. Where the table's rows are repeatable, one whose key is there is left out. */
  insert(table: Table, rows: readonly Row[]): Promise<number>;
  /** Another number when another connection may have written since it was asked last; undefined: one may at any time. */
  foreignVersion(): number | undefined;
  /** Removes the rows that have in these columns what one of `keys` has there. */
  remove(table: Table, columns: readonly string[], keys: readonly Row[]): Promise<void>;
  /** Before the transaction ends nobody else writes to the table or locks rows of it; readers go on. */
  lock(table: Table): Promise<void>;
  /** Sets these columns in the rows with these keys. */
  update(table: Table, columns: readonly string[], rows: readonly Row[]): Promise<void>;
}

/** What a driver's error means for whoever asked. */
export interface Failure {
  /**
   * `conflict`: another program did something at the same time, and the same transaction may succeed at once; `unavailable`: it may as soon as something is cured; `refused`: it never
   * will.
   */
  readonly kind: 'conflict' | 'unavailable' | 'refused';
  /** Of one line, without the name of the database. */
  readonly message: string;
}

export interface SqlDatabase {
  /** Where it is, for people. */
  readonly name: string;
  /** What the statements of one transaction did is there whole, and durable, when the promise resolves; when it rejects, nothing of it is, unless the connection was lost in the
   * middle of the commit: then nobody knows. */
  transaction<Result>(act: (session: SqlSession) => Promise<Result>): Promise<Result>;
  /** Sees what has been committed, as of one moment. */
  read<Result>(act: (session: SqlSession) => Promise<Result>): Promise<Result>;
  /** Bytes that the database takes, and of these what is in use. */
  size(): Promise<{ readonly disk: number; readonly used: number }>;
  /** Gives what was removed back to the disk, or to be filled again, while others go on. */
  giveBack(): Promise<void>;
  failure(error: unknown): Failure;
  close(): Promise<void>;
}
