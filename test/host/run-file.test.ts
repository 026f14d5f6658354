/** A run as lines, out of one storage and into another: the same run, or nothing. */
import { expect, test } from 'vitest';

import { openSqliteStorage } from '../../src/adapters/storage/sqlite-storage.ts';
import { sha256Hex } from '../../src/base/sha256.ts';
import { importRun, readRunFile, runFileLines } from '../../src/host/run-file.ts';
import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import type { StorageManager } from '../../src/kernel/storage.ts';
import { runRecords } from '../kernel/prune-contract.ts';
import { audit, history, processStarted, runStarted } from '../kernel/storage-records.ts';

const by = { nowUs: () => 0, holder: 'the test' };

async function exported(storage: StorageManager, run = 'r1'): Promise<string[]> {
  return [...runFileLines(run, (await storage.whole(run))!)];
}

async function* given(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

async function imported(storage: StorageManager, lines: readonly string[]): Promise<string> {
  return (await importRun(storage, await readRunFile('r1.json', given(lines)), by)).outcome;
}

async function filled(): Promise<StorageManager> {
  const storage = new MemoryStorage();
  await storage.append([
    runStarted({ settings: { model: 'm' } }),
    processStarted(),
    ...runRecords('other'),
    ...runRecords('r1').slice(2),
    runStarted({ branch: 'second' }),
    processStarted({ branch: 'second' }),
    history(1, { branch: 'second', result: { ok: true, value: 'open'.repeat(100) } }),
  ]);
  return storage;
}

test('from storage to storage and back: the same lines, the same run, and the same hashes', async () => {
  const from = await filled();
  const lines = await exported(from);
  const storages = [new MemoryStorage(), await openSqliteStorage(':memory:')];
  for (const to of storages) {
    await to.append(runRecords('before'));
    expect(await imported(to, lines)).toBe('imported');
    expect(await exported(to)).toEqual(lines);
    for (const branch of ['main', 'second'])
      expect(await to.records('r1', branch)).toEqual(await from.records('r1', branch));
    expect(await to.history('r1')).toEqual(await from.history('r1'));
    expect(await to.branches('r1')).toEqual(await from.branches('r1'));
    expect(await to.recordings('r1')).toEqual(await from.recordings('r1'));
    expect(await to.audit('r1')).toEqual(await from.audit('r1'));
    expect(await to.verifyAudit('r1')).toEqual(await from.verifyAudit('r1'));
    expect((await to.ledger()).filter(({ run }) => run === 'r1')).toEqual(
      (await from.ledger()).filter(({ run }) => run === 'r1'),
    );
    const hash = sha256Hex('of r1 alone');
    expect(await to.pages([hash])).toEqual(await from.pages([hash]));
    expect(await imported(to, lines)).toBe('same');
    expect(await exported(to)).toEqual(lines);
    // It goes on where it was.
    await to.append([history(2, { branch: 'second' })]);
    await to.close();
  }
});

test('members keep their order, by which the audit log has hashed them', async () => {
  const value = { z: 1, a: { y: 2, b: 3 } };
  const from = new MemoryStorage();
  await from.append([runStarted(), processStarted(), history(1, { result: { ok: true, value } })]);
  const to = await openSqliteStorage(':memory:');
  await imported(to, await exported(from));
  const [record] = await to.history('r1');
  expect(JSON.stringify((record!.result as { readonly value: unknown }).value)).toBe(JSON.stringify(value));
  expect(await exported(to)).toEqual(await exported(from));
  await to.close();
});

test('a run of the same name with another content is refused, and so is one that somebody drives', async () => {
  const lines = await exported(await filled());
  const to = new MemoryStorage();
  await to.append([runStarted(), processStarted()]);
  await expect(imported(to, lines)).rejects.toThrow(/run "r1": is here already, with another content/);
  expect(await to.history('r1')).toEqual([]);
  const driven = new MemoryStorage();
  await driven.lease({ run: 'r1', holder: 'a worker', atUs: 0, untilUs: 10 });
  await expect(imported(driven, lines)).rejects.toThrow(/a worker is driving it here/);
  expect(await driven.runs()).toEqual([]);
});

test('a run that was pruned gets back all that it had, and no other takes its place', async () => {
  const from = new MemoryStorage();
  await from.append(runRecords('r1'));
  const lines = await exported(from);
  await from.prune({ runs: ['r1'], atUs: 1 });
  expect(await from.whole('r1')).toBeUndefined();
  const longer = await filled();
  await longer.append([audit(2)]);
  const other = await exported(longer);
  await expect(imported(from, other)).rejects.toThrow(/with another content/);
  expect(await imported(from, lines)).toBe('restored');
  expect(await exported(from)).toEqual(lines);
});

test('a file that is damaged, cut off, of something else or of a newer version is one line, and nothing changes', async () => {
  const lines = await exported(await filled());
  const refused = async (changed: readonly string[], why: RegExp): Promise<void> => {
    const storage = new MemoryStorage();
    const error: unknown = await imported(storage, changed).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'INVALID_FILE' });
    expect((error as Error).message).toMatch(why);
    expect((error as Error).message).not.toContain('\n');
    expect(await storage.runs()).toEqual([]);
  };
  await refused([], /is empty/);
  await refused(['{"a":1}'], /line 1: is no run that was exported/);
  await refused(
    [lines[0]!.replace('"v":1', '"v":2'), ...lines.slice(1)],
    /line 1: version 2\/1 is not allowed; allowed: 1\/1/,
  );
  await refused(lines.slice(0, -1), /is cut off/);
  await refused([...lines, lines[1]!], /nothing may stand behind/);
  await refused(lines.with(2, '{"type":'), /line 3: is not JSON/);
  await refused(lines.with(2, '[]'), /line 3: is no object/);
  await refused(lines.with(2, lines[2]!.replace('"r1"', '"r2"')), /line 3: is of another run/);
  for (let index = 1; index < lines.length - 1; index++) {
    await refused(lines.toSpliced(index, 1), /damaged/);
    await refused(lines.with(index, lines[index]!.replace(/"v":1/, '"v": 1')), /damaged/);
  }
});

/** With a checksum that fits, as whoever writes such a file by hand can make it. */
function summed(lines: readonly string[]): readonly string[] {
  let checksum = '';
  for (const line of lines) checksum = sha256Hex(checksum + line);
  return [...lines, JSON.stringify({ checksum, end: true, lines: lines.length })];
}

test('a record that lacks a field, or has another in its place, is told with its line', async () => {
  const lines = (await exported(await filled())).slice(0, -1);
  const storage = new MemoryStorage();
  const refused = async (type: string, change: object, why: string): Promise<void> => {
    const index = lines.findIndex((line) => line.includes(`"type":"${type}"`));
    const { record, ...place } = JSON.parse(lines[index]!) as { readonly record?: object };
    const value =
      record === undefined ? { ...place, ...change } : { ...place, record: { ...record, ...change } };
    const file = summed(lines.with(index, JSON.stringify(value)));
    await expect(imported(storage, file)).rejects.toThrow(`r1.json: line ${index + 1}: ${why}`);
    expect(await storage.runs()).toEqual([]);
  };
  await refused('history', { result: undefined }, 'history record.result: missing; allowed: an object');
  await refused('history', { result: { ok: true } }, 'history record.result: {"ok":true} is not allowed');
  await refused('checkpoint', { nodes: [{}] }, 'checkpoint record.nodes[0].hash: missing; allowed: text');
  await refused(
    'ledger',
    { tokens: 'many' },
    'ledger record.tokens: "many" is not allowed; allowed: a number',
  );
  await refused('audit', { action: 7 }, 'audit record.action: 7 is not allowed; allowed: text');
  await refused('page', { text: null }, 'page record.text: null is not allowed; allowed: text');
  await refused('run.started', { type: 'run' }, 'type: "run" is not allowed; allowed: run.started, ');
  expect(await imported(storage, summed(lines))).toBe('imported');
});

test('a page whose text is not that of its hash is refused: runs share their pages', async () => {
  const storage = new MemoryStorage();
  await storage.append(runRecords('here'));
  const lines = (await exported(await filled())).map((line) => line.replace('"of r1 alone"', '"forged"'));
  await expect(imported(storage, summed(lines.slice(0, -1)))).rejects.toThrow(
    /^r1\.json: line \d+: the text of this page has another hash$/,
  );
  expect(await storage.runs()).toMatchObject([{ run: 'here' }]);
});

test('a pruned run keeps its log when the file has what no storage takes', async () => {
  const storage = new MemoryStorage();
  await storage.append(runRecords('r1'));
  const lines = (await exported(storage)).slice(0, -1);
  await storage.prune({ runs: ['r1'], atUs: 1 });
  const log = await storage.audit('r1');
  expect(log.length).toBeGreaterThan(0);
  const index = lines.findIndex((line) => line.includes('"type":"history"'));
  const other = lines[index]!.replace('"ok":true', '"ok":true,"more":1');
  expect(other).not.toBe(lines[index]);
  await expect(imported(storage, summed(lines.toSpliced(index, 0, other)))).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
  });
  expect(await storage.audit('r1')).toEqual(log);
  expect(await imported(storage, summed(lines))).toBe('restored');
});

test('a program that dies while a pruned run is put back leaves one that can be imported', async () => {
  const storage = new MemoryStorage();
  await storage.append(runRecords('r1'));
  const lines = await exported(storage);
  await storage.prune({ runs: ['r1'], atUs: 1 });
  const dying = instead(storage, { append: () => Promise.reject(new Error('killed')) });
  await expect(imported(dying, lines)).rejects.toThrow('killed');
  expect(await imported(storage, lines)).toBe('imported');
  expect(await exported(storage)).toEqual(lines);
});

test('a run that another worker takes while what was pruned of it is put back is left to that worker', async () => {
  const storage = new MemoryStorage();
  await storage.append(runRecords('r1'));
  const lines = await exported(storage);
  await storage.prune({ runs: ['r1'], atUs: 1 });
  const taken = instead(storage, {
    prune: () => storage.lease({ run: 'r1', holder: 'a worker', atUs: 0, untilUs: 10 }),
  });
  await expect(imported(taken, lines)).rejects.toThrow(/a worker is driving it here/);
});

/** The same storage, but for what these do in the place of its own. */
function instead(
  storage: MemoryStorage,
  acts: Readonly<Record<string, () => Promise<unknown>>>,
): StorageManager {
  return new Proxy(storage, {
    get(target, name) {
      if (Object.hasOwn(acts, name)) return acts[name as string];
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
