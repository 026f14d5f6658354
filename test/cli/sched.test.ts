import { existsSync, readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { schedulingPolicies } from '../../src/policies/index.ts';
import { readTrace } from '../support/chrome-trace.ts';
import { runCli, runJson, scratch } from '../support/run-cli.ts';

interface SchedReport {
  readonly results: readonly {
    readonly policy: string;
    readonly slice?: number;
    readonly sliceRule: string;
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
  readonly notes: readonly string[];
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

test('names with blanks between, and whose slices --slice sets', async () => {
  const words = ['--jobs', jobFile(silberschatz), '--policy', ' fifo, mlfq ,round-robin', '--slice', '4'];
  const { results, notes } = await runJson<SchedReport>('sched', ...words);
  expect(results.map(({ policy, sliceRule, slice }) => [policy, sliceRule, slice])).toEqual([
    ['fifo', 'none', undefined],
    ['mlfq', 'own', undefined],
    ['round-robin', 'settable', 4],
  ]);
  expect(notes).toEqual(['--slice is not for mlfq: slices of its own']);
  const { out } = await runCli(['sched', ...words]);
  expect(out).toContain('mlfq: 3 jobs on 1 core, slices of its own, 30 ticks');
  expect(out.split('\n').at(-1)).toBe('note: --slice is not for mlfq: slices of its own');
  const all = await runJson<SchedReport>(
    'sched',
    '--jobs',
    jobFile('length,tickets,deadline\n1,1,1\n'),
    '--policy',
    'all',
  );
  expect(all.notes).toEqual([]);
  const { out: help } = await runCli(['sched', '--help'], { columns: 1_000 });
  expect(help).toContain(
    'priority ages those that wait, priority-preemptive and priority-nonpreemptive keep to',
  );
  expect(help).toMatch(
    /for round-robin, .*, random; mlfq, cfs, plas, atlas have slices of their own, the others none/,
  );
});

test('the run as a trace and as CSV, of one policy', async () => {
  const jobs = jobFile('name,arrival,bursts\nA,0,3 4 2\n"B, C",2,6\n');
  const words = ['sched', '--jobs', jobs, '--policy', 'fifo'];
  const [trace, csv] = [files.path('run.json'), files.path('run.csv')];
  expect((await runCli([...words, '--perfetto', trace, '--csv', csv])).status).toBe(0);
  const { about, slices, threads } = readTrace(readFileSync(trace, 'utf8'));
  expect(about['repeat']).toBe(`ringzero sched --jobs ${jobs} --policy fifo --seed 1`);
  const onCore = slices
    .filter(({ tid, parent }) => threads.get(tid) === 'core 0' && parent === undefined)
    .map(({ name, fromUs, toUs }) => [name, fromUs, toUs]);
  const rows = readFileSync(csv, 'utf8').trimEnd().split('\r\n').slice(1);
  const [A, B] = ['1,A', '2,"B, C"'];
  expect(rows.map((row) => row.replace(/(,[^,]*){11}$/, ''))).toEqual([
    `${A},running,completed,,0,0,3000000,3000000`,
    `${B},ready,,,,2000000,3000000,1000000`,
    `${A},waiting,tool,io,,3000000,7000000,4000000`,
    `${B},running,completed,,0,3000000,9000000,6000000`,
    `${A},ready,,,,7000000,9000000,2000000`,
    `${A},running,completed,,0,9000000,11000000,2000000`,
  ]);
  expect(onCore).toEqual([
    ['A', 0, 3_000_000],
    ['B, C', 3_000_000, 9_000_000],
    ['A', 9_000_000, 11_000_000],
  ]);
});

test('a trace of several policies, and what a file is for already, are refused before anything is written', async () => {
  const jobs = jobFile(silberschatz);
  const trace = files.path('several.json');
  for (const [option, path, policies, allowed] of [
    ['--perfetto', trace, 'fifo,sjf', 'with one policy, whose run it shows, not with 2'],
    [
      '--csv',
      trace,
      'all',
      `with one policy, whose run it shows, not with ${Object.keys(schedulingPolicies).length}`,
    ],
    ['--csv', jobs, 'fifo', 'a file that this command does not use otherwise'],
  ] as const) {
    const { status, err } = await runCli(['sched', '--jobs', jobs, '--policy', policies, option, path]);
    expect({ status, err }).toEqual({
      status: 2,
      err: `error: ${option}: ${JSON.stringify(path)} is not allowed; allowed: ${allowed}`,
    });
  }
  expect(existsSync(trace)).toBe(false);
  expect(readFileSync(jobs, 'utf8')).toBe(silberschatz);
});

/** Slices of `sliceUs` in turns. */
const ownPolicy = (sliceUs: string): string => `
  export default () => {
    const ready = [];
    return {
      name: 'mine', ready: (pid) => void ready.push(pid), pick: () => ready.shift(), waiting() {}, exited() {},
      slice: () => ${sliceUs},
    };
  };`;

test('slices without end are refused, with the field that makes them, and leave no file', async () => {
  const jobs = jobFile('length\n1000000\n1000000\n');
  const refusal = async (...words: string[]): Promise<unknown> => {
    const { status, out, err } = await runCli(['sched', '--jobs', jobs, ...words]);
    expect([status, out]).toEqual([2, '']);
    return err;
  };
  expect(await refusal('--policy', 'round-robin', '--slice', '0.000001')).toBe(
    'error: --slice: 0.000001 is not allowed; allowed: one with which round-robin needs at most 50000 slices; it had more at tick 0.050001',
  );
  const [own, trace] = [files.write('tiny.ts', ownPolicy('1')), files.path('tiny.json')];
  expect(await refusal('--policy', own, '--perfetto', trace)).toBe(
    `error: ${own}: too many slices, it had more at tick 0.050001; allowed: at most 50000, with longer slices or fewer and shorter jobs`,
  );
  expect(existsSync(trace)).toBe(false);
  const none = files.write('half.ts', ownPolicy('0.5'));
  expect(await refusal('--policy', none)).toBe(
    'error: scheduling policy mine: slice of process 1 is 0.5 µs; allowed: an integer of at least 1, or Infinity (1 tick is 1000000 µs, process 1 the first job that arrives)',
  );
});

test('reasons without end are refused, and so is a drawing of what has no pixel', async () => {
  const many = jobFile(`length\n${'1\n'.repeat(700)}`);
  const why = await runCli(['sched', '--jobs', many, '--policy', 'fifo', '--why']);
  expect([why.status, why.out, why.err]).toEqual([
    2,
    '',
    'error: --why: more than 200000 reasons; allowed: fewer or shorter jobs, longer slices, or fewer policies',
  ]);
  const long = jobFile('length\n11000\n11000\n');
  const plot = files.path('many.svg');
  const drawn = await runCli(['sched', '--jobs', long, '--policy', 'round-robin', '--plot', plot]);
  expect([drawn.status, drawn.out, drawn.err]).toEqual([
    2,
    '',
    `error: --plot: ${JSON.stringify(plot)} is not allowed; allowed: with at most 20000 slices in all charts, not 22000`,
  ]);
});

test('a byte order mark, and what a policy needs', async () => {
  const jobs = jobFile(`\uFEFF${silberschatz.replaceAll('\n', '\r\n')}`);
  expect((await runCli(['sched', '--jobs', jobs, '--policy', 'fifo'])).status).toBe(0);
  expect((await runCli(['sched', '--jobs', jobs, '--policy', 'fifo,lottery'])).err).toBe(
    'error: jobs.csv: P1: tickets: missing; allowed for lottery: a number for each job',
  );
  expect((await runCli(['sched', '--jobs', jobs, '--policy', 'edf, all'])).err).toBe(
    'error: jobs.csv: P1: deadline: missing; allowed for edf: a number for each job',
  );
});

test('a narrow terminal shows every result, whatever else it leaves out', async () => {
  const jobs = jobFile('name,length,deadline\nthe first of two jobs,3,9\nthe second of two jobs,2,9\n');
  for (const columns of [58, 66, 80]) {
    const { out } = await runCli(['sched', '--jobs', jobs, '--policy', 'fifo', '--gantt'], { columns });
    expect(out).toMatch(/finish +response +turnaround +waiting +deadline/);
    expect(out.includes('core time')).toBe(columns === 80);
    for (const line of out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(columns);
  }
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
