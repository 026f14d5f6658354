/** `ringzero run` on a disk that is full for a while: it waits, says so, and goes on. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import { SmallDisk } from '../../support/small-disk.ts';
import { projectRoot } from '../../support/source.ts';

const disk = new SmallDisk();
afterAll(() => disk.remove());

/** Its status, and what it told beside its answer. */
function ringzeroRun(
  task: string,
  onTold: (told: string) => void = () => {},
): Promise<{ readonly status: number | null; readonly told: string }> {
  const words = [
    join(projectRoot, 'src/cli/main.ts'),
    'run',
    task,
    '--model',
    'scripted',
    '--store',
    disk.folder,
  ];
  const environment = Object.entries(process.env).filter(([name]) => !name.startsWith('RINGZERO_'));
  const child = spawn(process.execPath, words, {
    cwd: disk.folder,
    env: Object.fromEntries(environment),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let told = '';
  child.stderr.on('data', (chunk: Buffer) => {
    told += chunk.toString();
    onTold(told);
  });
  return new Promise((resolve) => {
    child.on('close', (status) => resolve({ status, told }));
  });
}

test.skipIf(!disk.isMounted)(
  'it waits for room, says so once, and goes on (skipped where nothing may be mounted)',
  async () => {
    expect(await ringzeroRun('Hello')).toMatchObject({ status: 0 });
    let empty: (() => void) | undefined = disk.fill(60_000);
    const rng = rngFor(1, 'task');
    const task = Array.from({ length: 12_000 }, () => rng.uint32().toString(16)).join(' ');
    const { status, told } = await ringzeroRun(task, (soFar) => {
      if (!soFar.includes('waiting')) return;
      empty?.();
      empty = undefined;
    });
    const lines = told.split('\n').filter((line) => line.includes('storage'));
    expect(lines).toEqual([
      expect.stringMatching(
        /^· storage .*runs\.db: disk is full: waiting; nothing goes on until it is cured$/,
      ),
      '· storage: goes on',
    ]);
    expect(status).toBe(0);
  },
);
