/** What came of the cells of sweeps, by key: written by workers, read by whoever waits for it. */
import type { PostgresDatabase } from '../storage/postgres-database.ts';

export interface KeptOutcome {
  readonly key: string;
  /** JSON of a result, or why there is none. */
  readonly text: string;
  readonly hasFailed: boolean;
}

export class OutcomeTable {
  static readonly statements: readonly string[] = [
    'create table outcomes (key text primary key, result text not null, has_failed bigint not null)',
  ];
  private readonly database: PostgresDatabase;

  constructor(database: PostgresDatabase) {
    this.database = database;
  }

  /** A result that is there stays: another of the same key is the same. */
  async put(outcomes: readonly KeptOutcome[]): Promise<void> {
    if (outcomes.length === 0) return;
    await this.database.transaction((session) =>
      session.query(
        `insert into outcomes (key, result, has_failed)
         select o.key, o.result, o."hasFailed" from json_to_recordset($1::json) as o(key text, result text, "hasFailed" bigint) order by o.key
         on conflict (key) do update set result = excluded.result, has_failed = excluded.has_failed where outcomes.has_failed = 1`,
        [
          JSON.stringify(
            outcomes.map(({ key, text, hasFailed }) => ({ key, result: text, hasFailed: hasFailed ? 1 : 0 })),
          ),
        ],
      ),
    );
  }

  /** Those of these that are there. */
  async get(keys: readonly string[]): Promise<KeptOutcome[]> {
    if (keys.length === 0) return [];
    const rows = await this.database.read((session) =>
      session.query(
        'select key, result, has_failed from outcomes where key in (select json_array_elements_text($1::json))',
        [JSON.stringify(keys)],
      ),
    );
    return rows.map((row) => ({
      key: row['key'] as string,
      text: row['result'] as string,
      hasFailed: row['has_failed'] === 1,
    }));
  }

  /** Of these, what failed is forgotten: it is to be tried again. */
  async forgetFailed(keys: readonly string[]): Promise<void> {
    await this.database.transaction((session) =>
      session.query(
        'delete from outcomes where has_failed = 1 and key in (select json_array_elements_text($1::json))',
        [JSON.stringify(keys)],
      ),
    );
  }
}
