/** The embedded storage on a disk that is full for a while (a small one, mounted for the test where this may be done, and a file that may not grow), removed, or locked by others. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterAll, expect, test } from 'vitest';

import { openSqliteStorage } from '../../../src/adapters/storage/sqlite-storage.ts';
import type { SyncLevel } from '../../../src/adapters/storage/sqlite-database.ts';
import type { StorageManager } from '../../../src/kernel/storage.ts';
import { runStarted } from '../../kernel/storage-records.ts';
import { SmallDisk } from '../../support/small-disk.ts';
import { runSteadyAgent, steadyTurns, storedOf } from '../../support/steady-agent.ts';

const disk = new SmallDisk();
const { folder, isMounted } = disk;
afterAll(() => disk.remove());

test('an agent waits while its file may not grow, and goes on when it may', async () => {
  const place = mkdtempSync(join(tmpdir(), 'ringzero-file-'));
  const file = join(place, 'runs.db');
  const storage = await openSqliteStorage(file);
  // The driver's own limit, which it tells like a full disk.
  const { database } = storage as unknown as { readonly database: { readonly database: DatabaseSync } };
  const { page_count: pages } = database.database.prepare('pragma page_count').get() as {
    readonly page_count: number;
  };
  const limit = (count: number): void => database.database.exec(`pragma max_page_count = ${count}`);
  const { news, end } = await runSteadyAgent(storage, {
    onTurn(turn) {
      if (turn === 1) limit(pages + 4);
    },
    onStorage({ type }) {
      if (type === 'unavailable') setTimeout(() => limit(1_000), 150);
    },
  });
  expect(news.map(({ type, message }) => `${type}: ${message}`)).toEqual([
    `unavailable: storage ${file}: disk is full`,
    `available: storage ${file}: disk is full`,
  ]);
  expect(end.outcome).toBe('completed');
  expect(await storage.verifyAudit('r1')).toMatchObject({ ok: true });
  await storage.close();
  rmSync(place, { recursive: true });
});

test('a file that is removed while it is open takes nothing more', async () => {
  const place = mkdtempSync(join(tmpdir(), 'ringzero-file-'));
  const file = join(place, 'runs.db');
  const storage = await openSqliteStorage(file);
  await expect(
    runSteadyAgent(storage, {
      onTurn(turn) {
        if (turn === 2) rmSync(place, { recursive: true });
      },
    }),
  ).rejects.toThrow(`storage ${file}: its file was moved or removed while it was open`);
  await storage.close();
});

test.skipIf(!isMounted).each<SyncLevel>(['normal', 'full'])(
  'an agent waits for a disk that is full, and goes on when there is room again (%s; skipped where nothing may be mounted)',
  async (sync) => {
    const file = join(folder, `${sync}.db`);
    const beside = await openSqliteStorage(':memory:');
    const undisturbed = await runSteadyAgent(beside);
    const storage = await openSqliteStorage(file, sync);
    let cure: (() => void) | undefined;
    const disturbed = await runSteadyAgent(storage, {
      onTurn(turn) {
        if (turn === 1) cure = disk.fill(30_000);
      },
      onStorage({ type, message }) {
        if (type === 'available') return;
        expect(message).toBe(`storage ${file}: disk is full`);
        // Longer than the first wait.
        setTimeout(() => cure!(), 150);
      },
    });
    expect(disturbed.news.map(({ type }) => type)).toEqual(['unavailable', 'available']);
    expect(disturbed).toEqual({ ...undisturbed, news: disturbed.news });
    expect(disturbed.written).toHaveLength(steadyTurns);
    expect(await storedOf(storage)).toEqual(await storedOf(beside));
    await storage.close();
    await beside.close();
    // And so it is read by the next program.
    const next = await openSqliteStorage(file, sync);
    expect(await next.verifyAudit('r1')).toMatchObject({ ok: true });
    await next.close();
  },
);

test('who waits for a lock of another program keeps nobody else from running', async () => {
  const place = mkdtempSync(join(tmpdir(), 'ringzero-file-'));
  const file = join(place, 'runs.db');
  const storage = await openSqliteStorage(file);
  const other = new DatabaseSync(file);
  other.exec('begin immediate');
  const written = storage.append([runStarted()]);
  const read = storage.runs();
  setTimeout(() => other.exec('rollback'), 30);
  await written;
  await read;
  expect(await storage.runs()).toHaveLength(1);
  other.close();
  await storage.close();
  rmSync(place, { recursive: true });
});

test('two storages in one file take turns, by whatever paths they were opened', async () => {
  const place = mkdtempSync(join(tmpdir(), 'ringzero-file-'));
  const file = join(place, 'runs.db');
  const link = join(place, 'link.db');
  const busy = await openSqliteStorage(file);
  symlinkSync(file, link);
  const other = await openSqliteStorage(link);
  const runs: string[] = [];
  const append = async (storage: StorageManager, run: string): Promise<void> => {
    await storage.append([runStarted({ run })]);
    runs.push(run);
  };
  const many = async (): Promise<void> => {
    for (let index = 0; index < 50; index++) await append(busy, 'busy');
  };
  await Promise.all([many(), append(other, 'other')]);
  expect(runs.indexOf('other')).toBeLessThan(5);
  await Promise.all([busy.close(), other.close()]);
  rmSync(place, { recursive: true });
});
