/** step and why of a run that is kept: what several kernels did of it, one after the other. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { openSqliteStorage } from '../../../src/adapters/storage/sqlite-storage.ts';
import type { Json } from '../../../src/kernel/ids.ts';
import { historyVersion, type RecordingRecord } from '../../../src/kernel/records.ts';
import type { ProcessAccount } from '../../../src/sim/why/account.ts';
import { runCli, scratch } from '../../support/run-cli.ts';
import { projectRoot } from '../../support/source.ts';

const files = scratch();
const run = 'run-of-two-kernels';

/** A store with one run, whose kernels have these recordings. */
async function storeOf(name: string, recordings: readonly (readonly Json[])[]): Promise<string> {
  const store = files.path(name);
  mkdirSync(store);
  const storage = await openSqliteStorage(join(store, 'runs.db'), 'normal');
  const about = { v: historyVersion, run, atUs: 0 };
  await storage.append([{ ...about, type: 'run.started', branch: 'main' }]);
  for (const [index, lines] of recordings.entries()) {
    const part: RecordingRecord = { ...about, type: 'recording', session: `kernel-${index}`, part: 1, lines };
    await storage.append([part]);
  }
  await storage.close();
  return store;
}

async function jsonOf<Told>(...words: readonly string[]): Promise<Told> {
  const { status, out, err } = await runCli([...words, '--json']);
  expect({ status, err }).toEqual({ status: 0, err: '' });
  return JSON.parse(out) as Told;
}

test('a run that went on after a crash: the time between is that of a kernel that was down', async () => {
  const recording = files.path('inversion.rec');
  await runCli(['simulate', join(projectRoot, 'examples/priority-inversion.json'), '--record', recording]);
  type Line = { readonly atUs: number; readonly end?: true };
  const [header, ...rest] = readFileSync(recording, 'utf8').trimEnd().split('\n');
  const inputs = rest.map((line) => JSON.parse(line) as Line).filter(({ end }) => end === undefined);
  const first = JSON.parse(header!) as Json;
  const later = inputs.map((input) => ({ ...input, atUs: input.atUs + 8_000_000 }));
  // The first kernel lives on behind the start of the second, which has taken its run over.
  const store = await storeOf('two', [
    [first, ...(inputs as unknown as readonly Json[])],
    [first, ...(later as unknown as readonly Json[])],
  ]);
  const account = await jsonOf<ProcessAccount>('why', run, '1', '--store', store);
  expect(account).toMatchObject({ turnaroundUs: 18_000_000, downUs: 5_000_000, outcome: 'completed' });
  expect(account.stretches.map(({ state, fromUs, toUs }) => [state, fromUs / 1e6, toUs / 1e6])).toEqual([
    ['running', 0, 3],
    ['down', 3, 8],
    ['running', 8, 18],
  ]);
  const { out } = await runCli(['why', 'run-of', '1', '--store', store]);
  expect(out).toMatch(/^run-of-two-kernels, seed 1\n/);
  expect(out).toMatch(/kernel down +5\.000000 s +27\.8 %/);
  const { view } = await jsonOf<{ view: { life: number } }>('step', run, '--store', store);
  expect(view.life).toBe(2);
  const shown = await runCli(['step', run, '--at', '20', '--store', store]);
  expect(shown.out).toContain('run-of-two-kernels, seed 1 · kernel 2, after a crash');
});

test('a run without a recording, or that is not there, is one line', async () => {
  const store = await storeOf('none', []);
  const why = (name: string) => runCli(['why', name, '1', '--store', store]);
  expect(await why(run)).toMatchObject({
    status: 2,
    err: `error: run ${run}: no recording of it is kept (--no-recording)`,
  });
  expect((await why('another')).err).toMatch(/^error: run "another": there is no such run[^\n]*$/);
  const kept = await runCli(['step', run, '--cores', '2', '--store', store]);
  expect(kept.status).toBe(2);
});
