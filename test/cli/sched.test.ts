import { existsSync, readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { schedulingPolicies } from '../../src/policies/index.ts';
import { runCli, runJson, scratch } from '../support/run-cli.ts';

interface SchedReport {
  readonly results: readonly {
    readonly policy: string;
    readonly slice?: number;
    readonly perJob: readonly {
      readonly name: string;
      readonly turnaround: number;
      readonly waiting: number;
    }[];
    readonly average: { readonly response: number; readonly turnaround: number; readonly waiting: number };
    readonly deadlinesMissed?: number;
    readonly slices: readonly { readonly job: number; readonly from: number; readonly to: number }[];
    readonly decisions?: readonly {
      readonly at: number;
      readonly picked: number;
      readonly ready: readonly unknown[];
    }[];
  }[];
  readonly repeat: string;
}

const files = scratch();
const jobFile = (text: string): string => files.write('jobs.csv', text);

const silberschatz = 'name,length\nP1,24\nP2,3\nP3,3\n';

test('several policies in one document, with averages and slices', async () => {
  const jobs = jobFile(silberschatz);
  const { results, repeat } = await runJson<SchedReport>(
    'sched',
    '--jobs',
    jobs,
    '--policy',
    'fifo,round-robin',
    '--slice',
    '4',
  );
  expect(results.map(({ policy, average }) => [policy, average.waiting])).toEqual([
    ['fifo', 17],
    ['round-robin', 17 / 3],
  ]);
  expect(results[1]!.slices.map(({ job, from, to }) => [job, from, to])).toEqual([
    [0, 0, 4],
    [1, 4, 7],
    [2, 7, 10],
    [0, 10, 30],
  ]);
  expect(results.map(({ slice }) => slice)).toEqual([undefined, 4]);
  expect(repeat).toBe(`ringzero sched --jobs ${jobs} --policy fifo,round-robin --slice 4 --seed 1`);
});

test('all policies run, but those that need what the jobs do not say', async () => {
  const { status, out, err } = await runCli([
    'sched',
    '--jobs',
    jobFile(silberschatz),
    '--policy',
    'all',
    '--json',
  ]);
  expect(status).toBe(0);
  const { results } = JSON.parse(out) as SchedReport;
  const left = [...err.matchAll(/^note: (\S+) is left out: P1: \S+: missing/gm)].map(([, name]) => name);
  expect([...results.map(({ policy }) => policy), ...left].toSorted((a, b) => (a! < b! ? -1 : 1))).toEqual(
    Object.keys(schedulingPolicies).toSorted((a, b) => (a < b ? -1 : 1)),
  );
  for (const { perJob } of results)
    expect(perJob.reduce((sum, { turnaround, waiting }) => sum + turnaround - waiting, 0)).toBe(30);
});

test('the text has a table for each policy, and one that compares them', async () => {
  const jobs = jobFile('name,arrival,length,deadline\na,0,3,3\nb,1,2,4\n');
  const { out } = await runCli(['sched', '--jobs', jobs, '--policy', 'fifo,round-robin', '--gantt', '--why']);
  expect(out).toContain('fifo: 2 jobs on 1 core, 5 ticks');
  expect(out).toContain('core │a');
  expect(out).toMatch(/at 3: b is picked of 1 ready\n {2}→ b \(pid 2\)/);
  expect(out).toMatch(/^b .* 4 missed$/m);
  expect(out).toMatch(/^average of +response +turnaround +waiting +switches +deadlines missed$/m);
});

test('the chart as SVG and PNG', async () => {
  const jobs = jobFile(silberschatz);
  for (const name of ['chart.svg', 'chart.png']) {
    const plot = files.path(name);
    expect((await runCli(['sched', '--jobs', jobs, '--policy', 'fifo', '--plot', plot])).status).toBe(0);
    const bytes = readFileSync(plot);
    expect(bytes.subarray(0, 4).toString('latin1')).toBe(name.endsWith('png') ? '\u0089PNG' : '<svg');
  }
});

test.each<[string, string[], string]>([
  ['\n', ['--policy', 'fifo'], 'empty; allowed: jobs as JSON or CSV'],
  ['[]', ['--policy', 'fifo'], 'no jobs; allowed: at least one'],
  ['length\n-1\n', ['--policy', 'fifo'], 'line 2: length: -1 is not allowed'],
  ['arrival,length\n-1,2\n', ['--policy', 'fifo'], 'line 2: arrival: -1 is not allowed'],
  [
    'length\n1\n',
    ['--policy', 'fifo', '--slice', '0'],
    '--slice: "0" is not allowed; allowed: a number greater than 0',
  ],
  [
    'length\n1\n',
    ['--policy', 'fifo', '--slice', '0.0000001'],
    '--slice: "0.0000001" is not allowed; allowed: a number of ticks',
  ],
  [
    'length\n1\n',
    ['--policy', 'round-robin', '--slice', '1e300'],
    '--slice: "1e300" is not allowed; allowed: a number of ticks above 0, up to 1000000, with',
  ],
  [
    'length\n1\n',
    ['--policy', 'fifo', '--slice', '3'],
    '--slice: 3 is not allowed; allowed: no slice: scheduler fifo runs each call until it waits',
  ],
  ['length\n1\n', ['--policy', 'best'], '--policy: "best" is not allowed; allowed: all, fifo, round-robin'],
  [
    'length\n1\n',
    ['--policy', 'fifo', '--cores', '0'],
    '--cores: "0" is not allowed; allowed: an integer from 1 to 1024',
  ],
  [
    'length\n1\n',
    ['--policy', 'fifo', '--plot', 'x.gif'],
    '--plot: "x.gif" is not allowed; allowed: a file name that ends in .svg or .png',
  ],
])('%j %j is refused, in one line', async (text, options, line) => {
  const { status, out, err } = await runCli(['sched', '--jobs', jobFile(text), ...options]);
  expect([status, out]).toEqual([2, '']);
  expect(err).toContain(line);
  expect(err.trimEnd().split('\n')).toHaveLength(1);
  expect(existsSync('x.gif')).toBe(false);
});
