import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterAll, expect, test } from 'vitest';

import { openSqliteStorage } from '../../../src/adapters/storage/sqlite-storage.ts';
import { sha256Hex } from '../../../src/base/sha256.ts';
import { sharedStorageContract, storageContract } from '../../kernel/storage-contract.ts';
import {
  audit,
  checkpoint,
  ended,
  history,
  journal,
  pidOf,
  processStarted,
  runStarted,
} from '../../kernel/storage-records.ts';
import { expectWhatVersion2Held } from './version-2.ts';

storageContract('sqlite', () => openSqliteStorage(':memory:'));

const folder = mkdtempSync(join(tmpdir(), 'ringzero-storage-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
sharedStorageContract('sqlite', {
  reset: () => void files++,
  open: () => openSqliteStorage(join(folder, `${files}.db`)),
});

test('a file of version 1 is brought up to date: what has no place there stands behind what came before it', async () => {
  const file = join(folder, 'first.db');
  const first = new DatabaseSync(file);
  first.exec(readFileSync(new URL('version-1.sql', import.meta.url), 'utf8'));
  first.close();
  const child = { pid: pidOf(2) };
  const long = 'What a tool said. '.repeat(20);
  const message = JSON.stringify({ role: 'tool', id: 'a', tool: 'read', ok: true, value: long });
  const text = 'plain 😀 '.repeat(30);
  const storage = await openSqliteStorage(file);
  expect(await storage.branches('r1')).toEqual([runStarted()]);
  expect(await storage.records('r1', 'main')).toEqual([
    processStarted(),
    history(1, {
      atUs: 1_000,
      result: { ok: true, value: { text: long, odd: '\0#of nobody', wide: '\ud800' } },
    }),
    journal(1, { atUs: 2_000, type: 'tool.started', n: 2, index: 0, hash: 5, attempt: 0 }),
    processStarted({ ...child, parent: pidOf(1) }),
    history(1, { ...child, atUs: 3_000, result: { ok: false, code: 'TIMEOUT', message: 'late' } }),
    checkpoint(2, { atUs: 4_000 }),
    history(2, { atUs: 5_000 }),
    ended({ ...child, atUs: 6_000 }),
  ]);
  const [messageHash, textHash] = [message, text].map((content) => sha256Hex(content)) as [string, string];
  expect(await storage.pages([messageHash, textHash])).toEqual(
    new Map([
      [messageHash, message],
      [textHash, text],
    ]),
  );
  expect((await storage.audit('r1')).map(({ record }) => record)).toEqual([
    audit(1),
    audit(2, { input: `prompt/${'a'.repeat(64)}/12` }),
  ]);
  expect(await storage.verifyAudit('r1')).toMatchObject({ ok: true });
  expect(
    (await storage.recall({ scope: 's', query: 'cold', limit: 9 })).map(({ text: found }) => found),
  ).toEqual(['cold 2']);
  await storage.append([history(3)]);
  expect((await storage.records('r1', 'main')).at(-1)).toEqual(history(3));
  await storage.close();
});

test('a file of version 2 is brought up to date, with all that it holds', async () => {
  const file = join(folder, 'second.db');
  const second = new DatabaseSync(file);
  second.exec(readFileSync(new URL('version-2.sql', import.meta.url), 'utf8'));
  second.close();
  const storage = await openSqliteStorage(file);
  await expectWhatVersion2Held(storage);
  await storage.close();
});

test('what is known of a run leaves memory when the run is over, and what comes late is taken all the same', async () => {
  const storage = await openSqliteStorage(':memory:');
  const { heads } = storage as unknown as { readonly heads: ReadonlyMap<string, unknown> };
  await storage.append([runStarted(), processStarted(), history(1)]);
  expect(heads.size).toBe(1);
  await storage.append([ended()]);
  expect(heads.size).toBe(0);
  await storage.append([audit(1)]);
  await expect(storage.append([history(2)])).rejects.toThrow(/comes after the end of its process/);
  expect(await storage.verifyAudit(audit(1).run)).toMatchObject({ ok: true });
  await storage.close();
});

test('a long text that was altered in the database is not handed out', async () => {
  const file = join(folder, 'altered.db');
  const storage = await openSqliteStorage(file);
  const text = 'What a tool said. '.repeat(30);
  const value = { text, again: text.toUpperCase() };
  await storage.append([runStarted(), processStarted(), history(1, { result: { ok: true, value } })]);
  const database = new DatabaseSync(file);
  database.exec('update pages set text = (select text from pages order by rowid desc limit 1)');
  database.close();
  await expect(storage.history('r1')).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
    message: `storage: the text with hash ${sha256Hex(text)} has another hash`,
  });
  await storage.close();
});

test('what is known of a lease leaves memory when it is given back', async () => {
  const storage = await openSqliteStorage(':memory:');
  const { fences } = storage as unknown as { readonly fences: ReadonlyMap<string, number> };
  for (const run of ['r1', 'r2']) await storage.lease({ run, holder: 'me', atUs: 0, untilUs: 1 });
  expect(fences.size).toBe(2);
  for (const run of ['r1', 'r2']) await storage.release({ run, holder: 'me' });
  expect(fences.size).toBe(0);
  await storage.close();
});

test('a run that is leased has not started, and closing twice is closing once', async () => {
  const storage = await openSqliteStorage(':memory:');
  const { run } = audit(1);
  await storage.lease({ run, holder: 'me', atUs: 0, untilUs: 1 });
  await expect(storage.append([audit(1)])).rejects.toThrow(/belongs to a run that has not started/);
  await storage.append([runStarted(), audit(1)]);
  await Promise.all([storage.close(), storage.close()]);
  await storage.close();
});

test('with the last run the file gets small again, and nothing of its texts is left in it', async () => {
  const file = join(folder, 'pruned.db');
  const storage = await openSqliteStorage(file);
  // Hashes can hardly be compressed.
  const wordsOf = (n: number): string[] => Array.from({ length: 30 }, (_, word) => sha256Hex(`${n} ${word}`));
  const texts = Array.from({ length: 300 }, (_, n) => JSON.stringify({ text: wordsOf(n).join(' ') }));
  for (const text of texts)
    await storage.append([
      runStarted(),
      processStarted(),
      { v: 1, type: 'page', run: 'r1', hash: sha256Hex(text), text },
    ]);
  await storage.append([history(1, { result: { ok: true, value: texts } }), audit(1), ended()]);
  const before = await storage.sizes();
  expect(await storage.prune({ runs: ['r1'], atUs: 0 })).toMatchObject({ pruned: ['r1'], pages: 600 });
  const after = await storage.sizes();
  expect(after.disk).toBeLessThan(before.disk / 2);
  expect(after.disk).toBe(after.used);
  await storage.close();
  expect(statSync(file).size).toBe(after.disk);
  const database = new DatabaseSync(file);
  for (const table of ['pages', 'page_uses', 'passages', 'processes', 'branches', 'checkpoints'])
    expect([table, database.prepare(`select count(*) as count from ${table}`).get()!['count']]).toEqual([
      table,
      0,
    ]);
  database.close();
});
