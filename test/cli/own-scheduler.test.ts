/** `--scheduler ./mine.ts`: a user's own scheduling policy, its name in reports and recordings, and what it does wrong. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { expect, test } from 'vitest';

import { readTrace } from '../support/chrome-trace.ts';
import { projectRoot } from '../support/source.ts';
import { fixtures, runCli, runJson, scratch } from '../support/run-cli.ts';

const files = scratch();
const trace = files.write('weka.jsonl', fixtures['weka']!);
const [, text] = /```ts\n(import type \{ CreateSchedulingPolicy[\s\S]*?)```/.exec(
  readFileSync(join(projectRoot, 'docs/scheduling.md'), 'utf8'),
)!;
const own = files.write('lifo.ts', text!);

const scenario = files.write(
  'three.json',
  JSON.stringify({
    name: 'three',
    scheduler: 'fifo',
    agents: [1, 2, 3].map((id) => ({
      name: `agent-${id}`,
      arrivalUs: id,
      steps: [
        { op: 'page', kind: 'user', tokens: 10 },
        { op: 'think', tokensOut: 1, durationUs: 1_000_000 },
      ],
    })),
  }),
);

interface Report {
  readonly options: { readonly scheduler: string; readonly schedulerFile?: { readonly sha256: string } };
  readonly perProcess: readonly {
    readonly name: string;
    readonly spawnedUs: number;
    readonly turnaroundUs: number;
  }[];
  readonly eventHash: string;
}

const order = ({ perProcess }: Report): string[] =>
  perProcess
    .toSorted((a, b) => a.spawnedUs + a.turnaroundUs - (b.spawnedUs + b.turnaroundUs))
    .map(({ name }) => name);

test('the policy of docs/scheduling.md runs in place of the scenario’s, named by its file and hash', async () => {
  expect(order(await runJson<Report>('simulate', scenario))).toEqual(['agent-1', 'agent-2', 'agent-3']);
  const report = await runJson<Report>('simulate', scenario, '--scheduler', own);
  expect(order(report)).toEqual(['agent-1', 'agent-3', 'agent-2']);
  expect(report.options.scheduler).toBe(own);
  expect(report.options.schedulerFile!.sha256).toMatch(/^[0-9a-f]{64}$/);
  const printed = await runCli(['replay', trace, '--scheduler', own], { columns: 500 });
  expect(printed.out).toContain(`${own} is the file with SHA-256 ${report.options.schedulerFile!.sha256}`);
  expect(printed.status).toBe(0);
});

test('a scheduler of the table goes before the scenario’s own', async () => {
  const report = await runJson<Report>('simulate', scenario, '--scheduler', 'random', '--check');
  expect(report.options).toMatchObject({ scheduler: 'random' });
  expect(report.options.schedulerFile).toBeUndefined();
});

test('a recording reruns with the same file, and with no other', async () => {
  const mine = files.write('mine.ts', text!);
  const path = files.path('own.rec');
  const { eventHash } = await runJson<Report>('simulate', scenario, '--scheduler', mine, '--record', path);
  expect(await runJson('rerun', path)).toMatchObject({ same: true, eventHash });
  writeFileSync(mine, `${text!}\n// edited\n`);
  const { status, err } = await runCli(['rerun', path]);
  expect(status).toBe(2);
  expect(err).toMatch(
    /^error: scheduler: .*mine\.ts" is not allowed; allowed: the file that the recording was made with/,
  );
});

test('sched runs it, too', async () => {
  const jobs = files.write('jobs.csv', 'name,arrival,length\nA,0,2\nB,0,1\nC,1,1\n');
  const report = await runJson<{
    results: { policy: string; sha256: string; perJob: { finish: number }[] }[];
  }>('sched', '--jobs', jobs, '--policy', own);
  const [only] = report.results;
  expect(only!.policy).toBe(own);
  // Last come, first served: B, of the two that are there at 0.
  expect(only!.perJob.map(({ finish }) => finish)).toEqual([4, 1, 2]);
  const printed = await runCli(['sched', '--jobs', jobs, '--policy', `${own},fifo`]);
  expect(printed.out).toContain(`note: ${own} is the file with SHA-256 ${only!.sha256}`);
  expect(await runCli(['sched', '--jobs', jobs, '--policy', 'best'])).toMatchObject({ status: 2, out: '' });
});

/** The rest of a policy, around what is broken. */
const policy = (broken: string): string => `
  export default () => {
    const ready = [];
    return {
      name: 'mine', ready: (pid) => void ready.push(pid), pick: () => ready.shift(), waiting() {}, exited() {},
      slice: () => Infinity, ${broken}
    };
  };`;

const mistakes: readonly [name: string, text: string, line: RegExp][] = [
  [
    'throws.ts',
    policy('pick() { throw new Error("no idea"); },'),
    /^error: scheduling policy mine: pick threw no idea at 1 µs; allowed: an answer$/,
  ],
  [
    'twice.ts',
    policy('pick: () => 1,'),
    /^error: scheduling policy mine: picked process 1 at \d+ µs; allowed: one of the \d+ that are ready$/,
  ],
  [
    'anybody.ts',
    policy('pick: () => 77,'),
    /picked process 77 at 1 µs; allowed: one of the 1 that are ready$/,
  ],
  [
    'text.ts',
    policy('pick: () => "1",'),
    /picked process "1" at 1 µs; allowed: one of the 1 that are ready$/,
  ],
  [
    'nobody.ts',
    policy('pick: () => undefined,'),
    /picked nobody at 1 µs; allowed: one of the 1 that are ready$/,
  ],
  ['no-slice.ts', policy('slice: () => 0,'), /slice of process 1 is 0 µs; allowed: an integer of at least 1/],
  [
    'creation.ts',
    'export default () => { throw new Error("not today"); };',
    /scheduling policy: its creation threw not today; allowed: a policy$/,
  ],
  ['empty.ts', 'export default () => ({ name: "x" });', /scheduling policy x: it has no method ready/],
  [
    'nothing.ts',
    'export const answer = 42;',
    /nothing\.ts" is not allowed; allowed: a module that exports one/,
  ],
  ['syntax.ts', 'export default (', /syntax\.ts" is not allowed; allowed: a module that can be imported/],
];
for (const [name, code, line] of mistakes) {
  test(`${name} ends with one line that says what is wrong`, async () => {
    const { status, out, err } = await runCli(['simulate', scenario, '--scheduler', files.write(name, code)]);
    expect({ status, out, lines: err.split('\n').length }).toEqual({ status: 2, out: '', lines: 1 });
    expect(err).toMatch(line);
  });
}

test('the files of a run that a policy breaks are whole, and show it until then', async () => {
  const late = policy('pick() { if (++picks > 2) throw new Error("no idea"); return ready.shift(); },');
  const mine = files.write('late.ts', late.replace('const ready', 'let picks = 0;\nconst ready'));
  const written = ['perfetto', 'csv', 'events', 'record'].map((kind) => [
    kind,
    files.path(`late.${kind}.gz`),
  ]);
  const flags = written.flatMap(([kind, path]) => [`--${kind}`, path!]);
  const { status, err } = await runCli(['simulate', scenario, '--scheduler', mine, ...flags]);
  expect([status, err.split('\n').length]).toEqual([2, 1]);
  const [trace, csv, log] = written.map(
    ([, path]) =>
      () =>
        gunzipSync(readFileSync(path!)).toString(),
  );
  const { slices } = readTrace(trace!());
  expect(slices.filter(({ cat }) => cat === 'stretch').length).toBeGreaterThan(0);
  expect(csv!().trimEnd().split('\r\n').length).toBeGreaterThan(3);
  const last = JSON.parse(log!().trimEnd().split('\n').at(-1)!) as { atUs: number };
  expect(Math.max(...slices.map(({ toUs }) => toUs))).toBe(last.atUs);
  // It could not be rerun.
  expect(existsSync(files.path('late.record.gz'))).toBe(false);
});

test('a file that is not there, and a slice that nobody asks for', async () => {
  const missing = await runCli(['simulate', scenario, '--scheduler', './not-there.ts']);
  expect(missing).toMatchObject({ status: 2, out: '' });
  expect(missing.err).toMatch(
    /^error: --scheduler: "\.\/not-there\.ts" is not allowed; allowed: a file that can be read/,
  );
  const sliced = await runCli(['replay', trace, '--scheduler', own, '--slice', '1s']);
  expect(sliced).toMatchObject({ status: 2, out: '' });
  expect(sliced.err).toMatch(/^error: --slice: "1s" is not allowed; allowed: no slice/);
});
