/** Who drives a run: whether the process of this machine that has its lease is gone. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { isGone, shownWorker, workerName } from '../../../src/cli/store/worker-name.ts';

const bootFile = '/proc/sys/kernel/random/boot_id';
const own = workerName();
const { pid: ended } = spawnSync(process.execPath, ['--version']);
const ofEnded = own.replace(`/${process.pid}/`, `/${ended}/`);

test('a process of this machine that has ended is gone, one that runs is not', () => {
  expect([isGone(own), isGone(ofEnded), isGone('a worker')]).toEqual([false, true, false]);
  expect(shownWorker(own)).toMatch(new RegExp(`^process ${process.pid} on `));
});

test.skipIf(!existsSync(bootFile))('of another machine of the same name nobody can tell', () => {
  const other = ofEnded.replace(/[0-9a-f-]{36}/, '00000000-0000-0000-0000-000000000000');
  expect(other).not.toBe(ofEnded);
  expect(isGone(other)).toBe(false);
});

test.skipIf(!existsSync(bootFile))('who has ended is gone also while nobody has asked how', async () => {
  // What the shell becomes by then does not ask.
  const parent = spawn('/bin/sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 30']);
  try {
    const [pid] = String((await once(parent.stdout, 'data'))[0])
      .trim()
      .split('\n') as [string];
    const fields = (): string[] => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    await expect.poll(() => fields()[0]).toBe('Z');
    const [host, space, , , id] = own.split('/');
    expect(isGone([host, space, pid, fields()[19], id].join('/'))).toBe(true);
  } finally {
    parent.kill('SIGKILL');
  }
});
