/** Runs in a store, looked after: audited, exported, imported, pruned. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { beforeAll, expect, test } from 'vitest';

import { openSqliteStorage } from '../../src/adapters/storage/sqlite-storage.ts';
import { workerName } from '../../src/cli/store/worker-name.ts';
import { tampering } from '../adapters/storage/tampering.ts';
import { runCli, scratch, type CliRun } from '../support/run-cli.ts';

const folders = scratch();
const path = (name: string): string => folders.path(name);

/** In a folder of its own, with its store. */
const inFolder =
  (folder: string) =>
  (...words: string[]): Promise<CliRun> =>
    runCli(words, { folder, environment: { RINGZERO_STORE: 'store' } });

let first: string;
let second: string;
const home = path('home');
const cli = inFolder(home);

beforeAll(async () => {
  mkdirSync(home);
  const run = async (task: string): Promise<string> =>
    (JSON.parse((await cli('run', task, '--model', 'scripted', '--json')).out) as { run: string }).run;
  first = await run(
    'calculator {"expression": "17*23"}, then time {}, then calculator {"expression": "1+1"}',
  );
  second = await run('time {}');
});

/** A copy of the store, changed by somebody else. */
function changed(name: string, deeds: readonly string[]): ReturnType<typeof inFolder> {
  const folder = path(name.replaceAll(/\W/g, '-'));
  mkdirSync(join(folder, 'store'), { recursive: true });
  copyFileSync(join(home, 'store', 'runs.db'), join(folder, 'store', 'runs.db'));
  const database = new DatabaseSync(join(folder, 'store', 'runs.db'));
  for (const deed of deeds) database.exec(deed);
  database.close();
  return inFolder(folder);
}

test('who did what, with what, at what cost', async () => {
  const { out, status } = await cli('audit', first);
  expect(status).toBe(0);
  expect(out).toMatch(
    /0 {2}\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ {2}agent 1 {2}think +a prompt of \d+ tokens +I call calculator/,
  );
  expect(out).toMatch(/1 {2}.*tool\/calculator {2}\{"expression":"17\*23"\} +391/);
  const full = await cli('audit', first, '1', '--full');
  expect(full.out).toMatch(
    / {2}input [0-9a-f]{64}\n {4}\{"expression":"17\*23"\}\n {2}output [0-9a-f]{64}\n {4}391/,
  );
  const document = JSON.parse((await cli('audit', first, '--json', '--full')).out) as {
    entries: { action: string; contents: { input: unknown; output: unknown } }[];
  };
  expect(document.entries[1]).toMatchObject({
    action: 'tool/calculator',
    contents: { input: { expression: '17*23' }, output: 391 },
  });
});

test('a whole log is whole, and holds the head that was kept', async () => {
  expect(await cli('audit', first, '--verify')).toMatchObject({
    status: 0,
    out: expect.stringMatching(/^\d+ entries, whole$/),
  });
  const { out: head } = await cli('audit', first, '--head');
  expect(head).toMatch(/^[0-9a-f]{64}$/);
  expect(await cli('audit', first, '--verify', '--head', head)).toMatchObject({ status: 0 });
  const other = await cli('audit', first, '--verify', '--head', 'ab'.repeat(32));
  expect(other).toMatchObject({ status: 1, out: expect.stringMatching(/^head: the log has no entry/) });
});

test.each(Object.entries(tampering))('%s: --verify tells, with exit status 1', async (name, { deeds }) => {
  // The other run's log has the same places.
  const there = changed(name, ['delete from audit where run = 2', ...deeds]);
  const { status, out } = await there('audit', first, '--verify');
  expect(status).toBe(1);
  expect(out).toMatch(/^(altered|removed|reordered|inserted|head): /);
});

test('a tail that was cut off with its head is found by the head that was kept', async () => {
  const { out: head } = await cli('audit', first, '--head');
  const there = changed('cut', [
    'delete from audit where run = 1 and place = (select audit_count - 1 from runs where id = 1)',
    'update runs set audit_count = audit_count - 1 where id = 1',
    'update runs set audit_hash = (select lower(hex(hash)) from audit where run = 1 and place = audit_count - 1) where id = 1',
  ]);
  expect(await there('audit', first, '--verify')).toMatchObject({ status: 0 });
  expect(await there('audit', first, '--verify', '--head', head)).toMatchObject({ status: 1 });
});

test('contents that were changed are told by their entry', async () => {
  const there = changed('contents', [
    // Of another run with the same steps.
    'update passages set body = (select other.body from passages other where other.run = 2 and other.last_n = passages.last_n limit 1) where run = 1 and last_n in (select last_n from passages where run = 2)',
  ]);
  const { status, out } = await there('audit', first, '--verify');
  expect(status).toBe(1);
  expect(out).toContain('content: entry 0, think of process 1: its output is not what the run has now');
});

test('a run goes out into a file and into another store, where it is the same', async () => {
  for (const name of ['run.json', 'run.json.gz', 'run.json.zst']) {
    expect(await cli('export', first, name)).toMatchObject({ status: 0 });
    const away = inFolder(path(`away-${name}`));
    mkdirSync(path(`away-${name}`));
    expect(await away('import', join(home, name))).toMatchObject({ status: 0 });
    expect((await away('import', join(home, name))).out).toMatch(
      /is here already, the same; nothing was changed/,
    );
    expect((await away('audit', first, '--verify')).out).toMatch(/entries, whole/);
    expect((await away('audit', first, '--full')).out).toBe((await cli('audit', first, '--full')).out);
    await away('export', first, name);
    expect(readFileSync(join(path(`away-${name}`), name))).toEqual(readFileSync(join(home, name)));
  }
  expect(await cli('export', first, 'run.json')).toMatchObject({
    status: 2,
    err: expect.stringContaining('--force'),
  });
});

test('a process that is not there is refused, also where the log is verified', async () => {
  for (const verify of [[], ['--verify']])
    expect(await cli('audit', first, '99', ...verify)).toMatchObject({
      status: 2,
      err: 'error: pid: 99 is not allowed; allowed: 1',
    });
  expect((await cli('audit', first, '1', '--verify')).out).toMatch(/entries, whole/);
});

test('runs are pruned by age, count, size and name, and come back from a file', async () => {
  const there = changed('pruned', []);
  await there('export', first, 'first.json');
  expect((await there('prune', '--keep', '1', '--dry-run')).out).toBe(
    `would go: ${first}\n1 run would go; nothing was changed`,
  );
  expect((await there('prune', '--older-than', '30d')).out).toMatch(/^0 runs pruned/);
  expect((await there('prune', '--keep', '1')).out).toMatch(
    new RegExp(`^${first}\n1 run pruned; the store took .*, takes`),
  );
  expect((await there('audit', first, '--verify')).out).toMatch(/entries, whole/);
  expect((await there('export', first, 'again.json')).err).toMatch(/was pruned: only its audit log is here/);
  expect((await there('rerun', first)).err).toMatch(/was pruned: only its audit log is here/);
  expect((await there('import', 'first.json')).out).toMatch(/has what was pruned of it again/);
  expect((await there('audit', first, '--verify')).out).toMatch(/entries, whole/);
  expect((await there('prune', '--max-size', '1B', '--with-audit', '--json')).out).toMatch(new RegExp(first));
  expect((await there('audit', second)).err).toMatch(/there is no such run/);
});

test('a run whose driver has died is not one that somebody drives; of another it says until when', async () => {
  const there = changed('leased', ['update processes set ended = null, ended_place = null where run = 1']);
  const storage = await openSqliteStorage(join(path('leased'), 'store', 'runs.db'));
  const atUs = Date.now() * 1_000;
  const untilUs = atUs + 30_000_000;
  const dead = workerName().replace(
    `/${process.pid}/`,
    `/${spawnSync(process.execPath, ['--version']).pid}/`,
  );
  await storage.lease({ run: first, holder: dead, atUs, untilUs });
  await storage.lease({ run: second, holder: 'far/1/77/5/abc', atUs, untilUs });
  await storage.close();
  const free = /process 77 on far drives it; if that is gone, the run is free in \d\d s/;
  for (const more of [['--dry-run'], []]) {
    const { out, err } = await there('prune', first, second, ...more);
    expect(out).toMatch(/^0 runs/);
    expect(err.split('\n')).toEqual([
      expect.stringMatching(`^stays: ${first}: it is not over`),
      expect.stringMatching(free),
    ]);
  }
  const open = ['--keep', '0', '--unfinished'];
  expect((await there('prune', ...open, '--dry-run')).out).toMatch(`would go: ${first}\n1 run would go`);
  expect((await there('prune', ...open)).out).toMatch(`${first}\n1 run pruned`);
});

test.each([
  [['prune'], /nothing is said to go/],
  [['prune', 'run-1', '--keep', '1'], /not both/],
  [['prune', '--older-than', '30'], /--older-than: "30" is not allowed/],
  [['prune', '--max-size', '2 gigs'], /--max-size: "2 gigs" is not allowed; allowed: bytes with their unit/],
  [['prune', '--keep', '-1'], /--keep/],
  [['prune', 'nobody'], /there is no such run/],
  [['audit', 'nobody'], /there is no such run/],
  [['audit', 'nobody', '--head', 'x'], /--head: "x" is not allowed; allowed: 64 hex digits/],
  [['audit', 'nobody', '--head', 'ab'.repeat(32)], /with --verify only/],
  [['export', 'nobody', 'x.json'], /there is no such run/],
  [['import', 'nofile.json'], /does not exist/],
  [['import', 'nofile.json', '--store', 'memory'], /outlives this program/],
])('%j is one line and status 2', async (words, why) => {
  const { status, err } = await cli(...words);
  expect(err).toMatch(why);
  expect(err).not.toContain('\n');
  expect(status).toBe(2);
});

test('a file that is none changes nothing', async () => {
  const before = (await cli('audit', first, '--head')).out;
  const bad = folders.write('bad.json', '{"a":1}\n');
  expect(await cli('import', bad)).toMatchObject({
    status: 2,
    err: expect.stringContaining('bad.json: line 1: is no run that was exported'),
  });
  expect((await cli('audit', first, '--head')).out).toBe(before);
});
