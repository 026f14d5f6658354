import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { Client } from 'pg';
import { afterAll, describe, expect, test } from 'vitest';

import { openPostgresStorage } from '../../../src/adapters/storage/postgres-storage.ts';
import { openSqliteStorage } from '../../../src/adapters/storage/sqlite-storage.ts';
import { postgresDialect } from '../../../src/adapters/storage/postgres-database.ts';
import * as tablesBefore from '../../../src/adapters/storage/tables-2.ts';
import { tables, type Table } from '../../../src/adapters/storage/tables.ts';
import { importRun, readRunFile, runFileLines } from '../../../src/host/run-file.ts';
import { tampering } from './tampering.ts';
import { expectWhatVersion2Held } from './version-2.ts';
import { runRecords } from '../../kernel/prune-contract.ts';
import { sharedStorageContract, storageContract } from '../../kernel/storage-contract.ts';
import { audit, history, processStarted, runStarted } from '../../kernel/storage-records.ts';
import { postgresFolder, startPostgres, type PostgresServer } from '../../support/postgres.ts';

const bin = postgresFolder();
let server: PostgresServer | undefined;
const folder = mkdtempSync(join(tmpdir(), 'ringzero-postgres-'));
afterAll(() => {
  server?.stop();
  rmSync(folder, { recursive: true });
});

/** Of version 2, by name. */
const tablesOf2 = new Map<string, Table>(
  [
    ...tables.map((table) => ({
      ...table,
      columns: Object.fromEntries(Object.entries(table.columns).filter(([column]) => column !== 'tally')),
    })),
    ...Object.values(tablesBefore),
    { name: 'ringzero_meta', columns: { name: 'text', value: 'text' }, key: ['name'] } as const,
  ].map((table) => [table.name, table]),
);

/** Emptying tables is quicker than making them. */
async function reset(): Promise<string> {
  if (server === undefined) {
    server = startPostgres(bin!);
    return server.url;
  }
  const client = new Client({ connectionString: server.url });
  await client.connect();
  await client.query(tables.map(({ name }) => `delete from ringzero.${name}`).join(';'));
  await client.end();
  return server.url;
}

describe.skipIf(bin === undefined)('on a PostgreSQL server of its own', () => {
  storageContract('postgres', async () => openPostgresStorage({ url: await reset(), connections: 1 }));
  sharedStorageContract('postgres', {
    reset: async () => void (await reset()),
    open: () => openPostgresStorage({ url: server!.url, connections: 2 }),
  });

  test('a schema of version 1 is brought up to date as a file of SQLite is', async () => {
    await reset();
    const first = readFileSync(new URL('version-1.sql', import.meta.url), 'utf8');
    const file = new DatabaseSync(join(folder, 'first.db'));
    file.exec(first);
    file.close();
    const client = new Client({ connectionString: server!.url });
    await client.connect();
    await client.query(`create schema v1; set search_path = v1; ${inPostgres(first)}`);
    await client.end();
    const url = server!.url;
    const storages = [
      await openPostgresStorage({ url, schema: 'v1' }),
      await openSqliteStorage(join(folder, 'first.db')),
    ];
    const [ours, theirs] = await Promise.all(
      storages.map(async (storage) => {
        const before = { runs: await storage.runs(), whole: await storage.whole('r1') };
        expect(before.whole!.records.length).toBeGreaterThan(8);
        await storage.append([history(3)]);
        const cold = await storage.recall({ scope: 's', query: 'cold', limit: 9 });
        const after = await storage.records('r1', 'main');
        const verdict = await storage.verifyAudit('r1');
        return { before, cold, after, verdict, ledger: await storage.ledger() };
      }),
    );
    expect(ours).toEqual(theirs);
    expect(ours!.verdict).toMatchObject({ ok: true });
    expect(ours!.cold.map(({ text }) => text)).toEqual(['cold 2']);
    for (const storage of storages) await storage.close();
    // Once is enough.
    const again = await openPostgresStorage({ url, schema: 'v1' });
    expect(await again.records('r1', 'main')).toEqual(ours!.after);
    await again.close();
  });

  test.each(Object.entries(tampering))('%s: the audit log tells', async (_, { deeds, problem }) => {
    await reset();
    const storage = await openPostgresStorage({ url: server!.url });
    await storage.append([runStarted(), processStarted(), ...[1, 2, 3, 4].map((n) => audit(n))]);
    const client = new Client({ connectionString: server!.url });
    await client.connect();
    await client.query(`set search_path = ringzero; ${deeds.join(';')}`);
    await client.end();
    const verdict = await storage.verifyAudit('r1');
    expect(verdict).toMatchObject({ ok: false });
    expect((verdict as { readonly problem: string }).problem).toMatch(problem);
    await storage.close();
  });

  test('a schema of version 2 is brought up to date, with all that it holds', async () => {
    await reset();
    const url = server!.url;
    const from = new DatabaseSync(':memory:');
    from.exec(readFileSync(new URL('version-2.sql', import.meta.url), 'utf8'));
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query('create schema second; set search_path = second');
    const names = from.prepare("select name from sqlite_master where type = 'table' order by rowid").all();
    for (const { name } of names) {
      const table = tablesOf2.get(name as string)!;
      for (const statement of postgresDialect.statements(table)) await client.query(statement);
      for (const row of from.prepare(`select * from ${table.name} order by ${table.key.join(', ')}`).all()) {
        const columns = Object.keys(row).filter((column) => column !== table.counted);
        const places = columns.map((_, index) => `$${index + 1}`).join(', ');
        const values = columns.map((column) => row[column]);
        await client.query(
          `insert into ${table.name} (${columns.join(', ')}) values (${places})`,
          values.map((value) => (value instanceof Uint8Array ? Buffer.from(value) : value)),
        );
      }
    }
    await client.end();
    const storage = await openPostgresStorage({ url, schema: 'second' });
    await expectWhatVersion2Held(storage);
    await storage.close();
  });

  test('a run that is exported from SQLite, imported here and exported again is the same lines', async () => {
    const from = await openSqliteStorage(':memory:');
    await from.append(runRecords('r1'));
    const lines = [...runFileLines('r1', (await from.whole('r1'))!)];
    const to = await openPostgresStorage({ url: await reset() });
    await importRun(
      to,
      await readRunFile(
        'r1.json',
        (async function* () {
          yield* lines;
        })(),
      ),
      { nowUs: () => 0, holder: 'the test' },
    );
    expect([...runFileLines('r1', (await to.whole('r1'))!)]).toEqual(lines);
    expect(await to.verifyAudit('r1')).toEqual(await from.verifyAudit('r1'));
    await to.close();
  });

  test('a connection that is lost in the midst of a write is told, and the next write has a new one', async () => {
    await reset();
    const storage = await openPostgresStorage({ url: server!.url });
    await storage.append([runStarted(), processStarted()]);
    const other = await rival();
    await other.query('begin');
    await other.query('select * from runs for update');
    const append = storage.append([history(1)]).catch((error: unknown) => error);
    await endWaiting(other);
    expect(await append).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    await other.query('rollback');
    await storage.append([history(1)]);
    expect(await storage.history(history(1).run)).toHaveLength(1);
    await other.end();
    await storage.close();
  });

  test('a lease that fails takes nothing from a write that is under way', async () => {
    await reset();
    const storage = await openPostgresStorage({ url: server!.url });
    await storage.lease({ run: 'leased', holder: 'me', atUs: 0, untilUs: 1 });
    const other = await rival();
    await other.query('begin');
    await other.query('select * from runs for update');
    const claim = { run: 'leased', holder: 'me', atUs: 0, untilUs: 2 };
    const lease = storage.lease(claim).catch((error: unknown) => error);
    const { run } = runStarted();
    await other.query(
      `insert into runs (name, version, places, audit_count, audit_hash, fence) values ('${run}', 1, 0, 0, '', 0)`,
    );
    // It waits for what becomes of the other program's row.
    const append = storage.append([runStarted(), processStarted()]);
    await waiting(other, 'insert');
    await endWaiting(other);
    expect(await lease).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    await other.query('rollback');
    await append;
    expect(await storage.processes(run)).toHaveLength(1);
    await other.end();
    await storage.close();
  });
});

test('a name that PostgreSQL would read as another one is refused', async () => {
  await expect(openPostgresStorage({ url: 'postgresql://localhost', schema: 'Agents' })).rejects.toThrow(
    /^schema: "Agents" is not allowed; allowed: lower-case letters/,
  );
});

/** Another program in the schema of the storage. */
async function rival(): Promise<Client> {
  const client = new Client({ connectionString: server!.url, options: '-c search_path=ringzero' });
  await client.connect();
  return client;
}

/** Ends the connection whose lock of a run waits for that of `other`. */
async function endWaiting(other: Client): Promise<void> {
  await other.query('select pg_terminate_backend($1)', [await waiting(other, 'select')]);
}

/** The connection whose statement with this first word waits for a lock, as soon as there is one. */
async function waiting(other: Client, word: string): Promise<number> {
  for (;;) {
    // Within a transaction it is seen as of its first look.
    await other.query('select pg_stat_clear_snapshot()');
    const { rows } = await other.query<{ pid: number }>(
      "select pid from pg_stat_activity where wait_event_type = 'Lock' and query like $1",
      [`${word}%`],
    );
    if (rows.length > 0) return rows[0]!.pid;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The statements of a SQLite file, as they were for PostgreSQL. */
function inPostgres(statements: string): string {
  return statements
    .replaceAll(' without rowid', '')
    .replaceAll('integer primary key autoincrement', 'bigint generated always as identity primary key')
    .replaceAll(/\binteger\b/g, 'bigint')
    .replaceAll(/\bblob\b/g, 'bytea')
    .replaceAll(/\bx'([0-9a-f]*)'/g, "'\\x$1'")
    .replaceAll(/^insert into (runs|ledger|memories) values \((\d+),/gm, 'insert into $1 values (default,');
}
