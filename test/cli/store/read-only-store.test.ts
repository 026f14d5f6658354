/** A store that can only be read: what only looks at it does so, and what would change it says why not. */
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { openSqliteStorage } from '../../../src/adapters/storage/sqlite-storage.ts';
import { runStarted } from '../../kernel/storage-records.ts';
import { runCli, scratch } from '../../support/run-cli.ts';
import { SmallDisk } from '../../support/small-disk.ts';

const disk = new SmallDisk();
afterAll(() => disk.remove());
const files = scratch();

test.skipIf(!disk.isMounted)(
  'a store on a disk that can only be read (skipped where nothing may be mounted)',
  async () => {
    const folder = (name: string): string => join(disk.folder, name);
    const store = folder('store');
    expect((await runCli(['run', 'Hello', '--model', 'scripted', '--store', store])).status).toBe(0);
    const { runs } = JSON.parse((await runCli(['runs', '--json', '--store', store])).out) as {
      readonly runs: readonly [{ readonly run: string }];
    };
    const [{ run }] = runs;
    const looks = [
      ['runs', '--json'],
      ['show', run, '--json'],
      ['diff', run, run],
      ['why', run, '1'],
      ['export', run, files.path('run.jsonl'), '--force'],
      ['audit', run, '--verify'],
    ].map((words) => [...words, '--store', store]);
    const seen = async () => {
      const all = [];
      for (const words of looks) all.push(await runCli(words));
      return all;
    };
    const before = await seen();
    expect(before.map(({ status }) => status)).toEqual(looks.map(() => 0));

    // As while a program has it open: what it stored last is in the log beside the file.
    const logged = folder('logged');
    mkdirSync(logged);
    for (const name of readdirSync(store)) copyFileSync(join(store, name), join(logged, name));
    const storage = await openSqliteStorage(join(logged, 'runs.db'));
    await storage.append([runStarted({ run: 'run-late' })]);
    const [whole, torn] = [folder('whole'), folder('torn')];
    for (const to of [whole, torn]) {
      mkdirSync(to);
      for (const name of readdirSync(logged))
        if (to === whole || !name.endsWith('-shm')) copyFileSync(join(logged, name), join(to, name));
    }
    await storage.close();
    disk.protect();

    expect(await seen()).toEqual(before);
    const late = await runCli(['runs', '--json', '--store', whole]);
    expect(JSON.parse(late.out)).toMatchObject({ count: 2 });
    // Without the index of the log, that is not read, and nothing is told that is not so.
    const refused = await runCli(['runs', '--store', torn]);
    expect(refused).toEqual({ status: 2, out: '', err: expect.stringMatching(/^error: .*can only be read/) });
    for (const words of [
      ['cancel', run],
      ['resume', run],
      ['prune', run],
      ['rewind', run, '--after', '1'],
    ])
      expect(await runCli([...words, '--store', store]), words[0]).toEqual({
        status: 2,
        out: '',
        err: expect.stringMatching(/^error: storage .*runs\.db: can only be read; allowed: [^\n]*$/),
      });
  },
);
