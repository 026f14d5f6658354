import { join } from 'node:path';

import { expect, test } from 'vitest';

import type { ProcessAccount } from '../../src/sim/why/account.ts';
import { splitSum } from '../../src/sim/metrics/split.ts';
import { textWidth } from '../../src/report/text-width.ts';
import { runCli, runJson, scratch } from '../support/run-cli.ts';
import { projectRoot } from '../support/source.ts';

const files = scratch();
const inversion = join(projectRoot, 'examples/priority-inversion.json');
const example = join(projectRoot, 'examples/scenario.json');

interface Told extends Omit<ProcessAccount, 'stretches'> {
  readonly stretches: readonly { readonly words: string }[];
  readonly kind: string;
}

test('why an urgent agent waited: of a scenario and of its recording the same, the parts sum to the whole', async () => {
  const recording = files.path('inversion.rec');
  await runJson('simulate', inversion, '--record', recording);
  const told = await runJson<Told>('why', inversion, '2');
  const {
    source: _,
    kind: _kind,
    ...recorded
  } = await runJson<Told & { source: string }>('why', recording, '2');
  expect(told).toMatchObject(recorded);
  expect(told).toMatchObject({
    name: 'urgent',
    turnaroundUs: 9_000_000,
    kind: 'scenario',
    outcome: 'completed',
  });
  expect(splitSum(told.split)).toBe(told.turnaroundUs);
  expect(told.stretches.map(({ words }) => words)).toEqual([
    'waited for lock report, held by patient (1), until it gave it back',
    'ran call 2 on core 0: 0 tokens found, 0 new; done, 10 out',
  ]);
});

test('the split of every agent of a run is that of the run’s own report', async () => {
  const { perProcess } = await runJson('simulate', example);
  for (const { pid, split, name } of perProcess.slice(0, 8)) {
    const told = await runJson<Told>('why', example, String(pid));
    expect({ split: told.split, name: told.name }).toEqual({ split, name });
  }
});

test('in words: the split, and the longest stretches or all of them', async () => {
  const { out } = await runCli(['why', example, '17']);
  expect(out).toContain('completed after 3571.895871 s, from 0:30.000 to 1:00:01.895871\n');
  expect(out).toMatch(/waiting: budget +3265\.185840 s +91\.4 %/);
  expect(out).toMatch(/all +3571\.895871 s +100 %/);
  expect(out.replaceAll(/\s+/g, ' ')).toContain(
    'waited for budget team: 6 used of 6 calls, 1 asked, behind watcher-2 (18) and watcher-3 (19); its window rolled at 1:00:00.000',
  );
  for (const line of out.split('\n').slice(1, -1)) expect(textWidth(line), line).toBeLessThanOrEqual(80);
  const some = await runCli(['why', example, '4']);
  expect(some.out).toContain('the 10 longest of its 19 stretches\n');
  const all = await runCli(['why', example, '4', '--all']);
  expect(all.out).toContain('its 20 stretches\n');
});

test('bad input is one line', async () => {
  const cases: readonly (readonly [words: readonly string[], said: string])[] = [
    [[inversion, '4'], 'PID: 4 is not allowed; allowed: 1 to 3'],
    [[inversion, '0'], 'PID: "0" is not allowed; allowed: the number of a process, from 1 up'],
    [[inversion, 'lead'], 'PID: "lead" is not allowed; allowed: the number of a process, from 1 up'],
    [[inversion], 'pid: missing; allowed: the process, by its number'],
    [[files.path('gone.rec'), '1'], `${files.path('gone.rec')}: does not exist`],
  ];
  for (const [words, said] of cases) {
    const { status, out, err } = await runCli(['why', ...words]);
    expect({ status, out }, said).toEqual({ status: 2, out: '' });
    expect(err).toContain(`error: ${said}`);
    expect(err.split('\n')).toHaveLength(1);
  }
});
