/** Sweeps over workers on PostgreSQL: the same bytes as on one machine, also when workers and the server die in the middle. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { JobDatabase } from '../../src/adapters/jobs/job-database.ts';
import { aliveMs, mostTries } from '../../src/adapters/jobs/work-queue.ts';
import type { Person } from '../../src/cli/command.ts';
import { packageVersion } from '../../src/cli/package-version.ts';
import { queueName } from '../../src/cli/sweep/sweep-queue.ts';
import { postgresFolder, startPostgres, type PostgresServer } from '../support/postgres.ts';
import { runCli, scratch } from '../support/run-cli.ts';
import { isSoak } from '../support/seeds.ts';
import { projectRoot } from '../support/source.ts';

const bin = postgresFolder();
const files = scratch();
files.write('a.ids', Array.from({ length: 40_000 }, (_, at) => (at * at + (at >> 5)) % 997).join('\n'));
files.write('b.ids', Array.from({ length: 300 }, (_, at) => (at * at) % 37).join('\n'));

const sweepOf = (name: string, workload: string, more: object = {}): string =>
  files.write(
    name,
    JSON.stringify({
      seeds: { from: 1, count: 4 },
      grids: [
        {
          kind: 'page',
          workloads: workload,
          policies: ['random', 'lecar'],
          capacities: ['1%', '20%'],
          ...more,
        },
      ],
    }),
  );

const local = async (sweep: string): Promise<string> => {
  const output = files.path('local.jsonl');
  const { status } = await runCli(['sweep', sweep, '--threads', '1', '--output', output]);
  expect(status).toBe(0);
  const text = readFileSync(output, 'utf8');
  files.write('local.jsonl', '');
  return text;
};

/** Somebody whose Ctrl-C is the function that `given` gets. */
const interrupted = (given: (interrupt: () => void) => void): Person => ({
  isThere: false,
  onLine: () => () => {},
  onInterrupt: (listener) => {
    given(listener);
    return () => {};
  },
});

describe.skipIf(bin === undefined)('on a PostgreSQL server of its own', () => {
  let server: PostgresServer;
  beforeAll(() => {
    server = startPostgres(bin!);
  }, 60_000);
  const workers = new Set<ChildProcess>();
  afterAll(() => {
    for (const worker of workers) worker.kill('SIGKILL');
    server.stop();
  });

  const startWorker = (...more: readonly string[]): ChildProcess => {
    const main = join(projectRoot, 'src/cli/main.ts');
    const words = ['worker', '--database', server.url, '--threads', '1', ...more];
    const worker = spawn(process.execPath, [main, ...words], { stdio: 'ignore', cwd: files.path('.') });
    workers.add(worker);
    worker.on('exit', () => workers.delete(worker));
    return worker;
  };
  const submit = (sweep: string, output: string) =>
    runCli(['sweep', sweep, '--database', server.url, '--output', output]);
  const linesIn = (path: string): number =>
    existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0;
  const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await isSo())) await pause(20);
  };

  test('results are the same to the byte when a worker is killed in the middle, and the server, too', async () => {
    const sweep = sweepOf('killed.json', 'a.ids');
    const expected = await local(sweep);
    const output = files.path('killed.jsonl');
    const [first] = [startWorker(), startWorker()];
    const done = submit(sweep, output);
    await until(() => linesIn(output) >= 2);
    first.kill('SIGKILL');
    server.halt('immediate');
    server.start();
    expect(await done).toMatchObject({ status: 0 });
    expect(readFileSync(output, 'utf8')).toBe(expected);
    // What is known already needs no worker, nor what somebody else has asked for.
    for (const worker of workers) worker.kill('SIGTERM');
    await until(() => workers.size === 0);
    const again = files.path('again.jsonl');
    expect(await submit(sweep, again)).toMatchObject({ status: 0, err: '' });
    expect(readFileSync(again, 'utf8')).toBe(expected);
  }, 60_000);

  test('cells of another version are left to its workers, which is told', async () => {
    const database = await JobDatabase.open(server.url);
    try {
      const other = await database.queue(queueName('99.0.0'));
      await other.put([{ key: 'k', data: {} }]);
      await until(async () => (await other.counts()).waiting === 1);
      const { status, out, err } = await runCli([...words(), '--idle', '1ms']);
      expect({ status, out }).toEqual({ status: 0, out: 'cells: 0 done, 0 of them failed; runs: 0 done' });
      expect(err).toBe(
        `note: 1 cells wait for workers of ringzero 99.0.0; this one is ${packageVersion()}, whose results may be others`,
      );
      const left = await other.take(1);
      expect(left).toHaveLength(1);
      await other.done(left);
    } finally {
      await database.close();
    }
  }, 30_000);
  const words = (): string[] => ['worker', '--database', server.url, '--threads', '1'];

  test('what no worker survives is given up and told, and tried again by the next sweep', async () => {
    const sweep = sweepOf('failing.json', 'b.ids', { policies: 'lru', capacities: 1, seeds: 1 });
    const database = await JobDatabase.open(server.url);
    try {
      const queue = await database.queue(queueName(packageVersion()));
      const run = submit(sweep, files.path('failing.jsonl'));
      await until(async () => (await queue.counts()).waiting === 1);
      for (let times = 0; times < mostTries; times++) {
        // As if each had died.
        const [work] = await queue.take<object>(1);
        expect(work).toMatchObject({ retryCount: times });
        await queue.giveBack(work!, 'its thread has ended');
      }
      const { status, out } = await run;
      expect(status).toBe(1);
      expect(out).toContain(`given up: ${mostTries} workers, one after another, have died in it`);
      const again = submit(sweep, files.path('failing.jsonl'));
      await until(async () => (await queue.counts()).waiting === 1);
      const worker = await runCli([...words(), '--idle', '1s', '--json']);
      expect(JSON.parse(worker.out)).toMatchObject({ cells: 1, failed: 0 });
      expect((await again).status).toBe(0);
    } finally {
      await database.close();
    }
  }, 30_000);

  const scripted = (place: string): string[] =>
    `--database ${server.url} --model scripted --shell --root ${place} --approve always`.split(' ');

  test('a run goes on at another worker when its own is killed, does nothing twice, and is done once', async () => {
    const place = files.path('agent');
    mkdirSync(place);
    const steps = [0, 1, 2].map(
      (at) => `shell ${JSON.stringify({ command: `echo ${at} >> done.txt; sleep 0.5` })}`,
    );
    const submitted = await runCli(['submit', steps.join(' '), ...scripted(place), '--json']);
    expect(submitted).toMatchObject({ status: 0, err: '' });
    const { run } = JSON.parse(submitted.out) as { readonly run: string };
    const done = (): string[] => {
      const path = join(place, 'done.txt');
      return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
    };
    const first = startWorker();
    await until(() => done().length >= 1);
    first.kill('SIGKILL');
    let interrupt = (): void => {};
    const second = runCli([...words(), '--json'], { person: interrupted((act) => (interrupt = act)) });
    const states = async (): Promise<readonly object[]> => {
      const { out } = await runCli(['runs', '--store', server.url, '--json']);
      return (JSON.parse(out) as { readonly runs: readonly object[] }).runs;
    };
    await until(async () => (await states()).some((one) => (one as { state: string }).state === 'completed'));
    interrupt();
    expect(JSON.parse((await second).out)).toMatchObject({ cells: 0, runs: 1 });
    // A command that was cut off is not made again by itself.
    expect(done()).toEqual([...new Set(done())]);
    expect(done()).toEqual(expect.arrayContaining(['0', '2']));
    expect(await states()).toEqual([expect.objectContaining({ run, state: 'completed' })]);
    const third = await runCli([...words(), '--idle', '1ms', '--json']);
    expect(JSON.parse(third.out)).toMatchObject({ runs: 0 });
  }, 60_000);

  test('a worker that is told to end parks its runs, and another goes on with them', async () => {
    const place = files.path('parked');
    mkdirSync(place);
    const step = (at: number): string =>
      `shell ${JSON.stringify({ command: `echo ${at} >> done.txt; sleep 0.3` })}`;
    const submitted = await runCli(['submit', [0, 1].map(step).join(' '), ...scripted(place)]);
    expect(submitted.out).toMatch(/^run-\w{10}$/);
    let interrupt = (): void => {};
    const path = join(place, 'done.txt');
    const parked = runCli(words(), { person: interrupted((act) => (interrupt = act)) });
    await until(() => existsSync(path));
    interrupt();
    const { status, out, err } = await parked;
    expect({ status, err }).toEqual({
      status: 0,
      err: 'ends when the cells that run are done and the runs are parked; Ctrl-C again does not wait',
    });
    expect(out).toBe(`${submitted.out}: parked\ncells: 0 done, 0 of them failed; runs: 0 done`);
    // What is given back is handed out again after a second or two.
    const next = await runCli([...words(), '--idle', '3s']);
    expect(next.out).toBe(`${submitted.out}: completed\ncells: 0 done, 0 of them failed; runs: 1 done`);
    expect(readFileSync(path, 'utf8')).toBe('0\n1\n');
  }, 60_000);

  test.skipIf(!isSoak)(
    'who says that it is alive keeps its work for as long as it takes; who says nothing loses it (skipped: only npm run soak waits so long)',
    async () => {
      const database = await JobDatabase.open(server.url);
      try {
        const queue = await database.queue('alive');
        await queue.put([{ key: 'k', data: {} }]);
        const [work] = await queue.take<object>(1);
        const started = performance.now();
        while (performance.now() - started < 10_000) {
          await queue.keep([work!]);
          expect(await queue.take(1)).toEqual([]);
          await pause(aliveMs);
        }
        let again: readonly { readonly key: string; readonly retryCount: number }[] = [];
        await until(async () => (again = await queue.take(1)).length > 0);
        expect(again).toMatchObject([{ key: 'k', retryCount: 1 }]);
        // Who was taken for dead has no say any more.
        await queue.done([work!]);
        await queue.keep([work!]);
        await queue.giveBack(work!, 'late');
        expect(await queue.take(1)).toEqual([]);
      } finally {
        await database.close();
      }
    },
    60_000,
  );

  test('outcomes: a result stays, an error gives way', async () => {
    const database = await JobDatabase.open(server.url);
    try {
      const { outcomes } = database;
      const kept = (text: string, hasFailed: boolean) => ({ key: 'x', text, hasFailed });
      for (const [put, expected] of [
        [kept('"no\\u0000"', true), kept('"no\\u0000"', true)],
        [kept('{"a":1}', false), kept('{"a":1}', false)],
        [kept('"later"', true), kept('{"a":1}', false)],
        [kept('{"a":2}', false), kept('{"a":1}', false)],
      ] as const) {
        await outcomes.put([put]);
        expect(await outcomes.get(['x', 'y'])).toEqual([expected]);
      }
      await outcomes.forgetFailed(['x']);
      expect(await outcomes.get(['x'])).toHaveLength(1);
    } finally {
      await database.close();
    }
  });

  test('a file goes whole through the database, put by two at once', async () => {
    const database = await JobDatabase.open(server.url);
    try {
      const bytes = randomBytes(9_000_000);
      const content = createHash('sha256').update(bytes).digest('hex');
      // One buffer for all chunks, as files are read.
      async function* chunks(): AsyncGenerator<Uint8Array> {
        const chunk = Buffer.alloc(1_000_000);
        for (let at = 0; at < bytes.length; at += chunk.length) {
          bytes.copy(chunk, 0, at);
          yield await Promise.resolve(chunk);
        }
      }
      const { files: shared } = database;
      await Promise.all([1, 2].map(() => shared.put({ content, name: 'big.bin' }, () => chunks())));
      expect(await shared.nameOf(content)).toBe('big.bin');
      expect(await shared.nameOf('other')).toBeUndefined();
      const hash = createHash('sha256');
      for await (const part of shared.bytesOf(content)) hash.update(part);
      expect(hash.digest('hex')).toBe(content);
    } finally {
      await database.close();
    }
  });

  test('bad input is one line and status 2', async () => {
    const sweep = sweepOf('bad.json', 'b.ids');
    const { PostgresDatabase } = await import('../../src/adapters/storage/postgres-database.ts');
    const database = new PostgresDatabase('x', { url: server.url, schema: 'ringzero_jobs' });
    await database.transaction((session) => session.query('update jobs_version set version = 7'));
    try {
      for (const [words, line] of [
        [['submit', 'x'], '--database: missing; allowed: a postgres:// URL, there or in RINGZERO_DATABASE'],
        [['submit', ' ', '--database', server.url], /^task: " " is not allowed/],
        [['worker'], '--database: missing; allowed: a postgres:// URL, there or in RINGZERO_DATABASE'],
        [
          ['sweep', sweep, '--database', 'mysql://me:secret@there'],
          '--database: "…" is not allowed; allowed: a postgres:// URL',
        ],
        [
          ['worker', '--database', 'postgres://me:secret@127.0.0.1:1/x'],
          /^jobs postgres:\/\/127\.0\.0\.1:1\/x, schema ringzero_jobs: cannot be reached: /,
        ],
        [
          ['sweep', sweep, '--database', server.url, '--threads', '2'],
          /^--threads: 2 is not allowed; .*its workers have their own/,
        ],
        [
          ['sweep', sweep, '--database', server.url],
          /^jobs .*: its tables are of version 7; allowed: 1, that of this ringzero$/,
        ],
      ] as const) {
        const { status, out, err } = await runCli(words);
        expect({ status, out, lines: err.split('\n').length }, err).toEqual({ status: 2, out: '', lines: 1 });
        expect(err.replace('error: ', '')).toMatch(line);
        expect(err).not.toContain('secret');
      }
    } finally {
      await database.transaction((session) => session.query('update jobs_version set version = 1'));
      await database.close();
    }
  });
});
