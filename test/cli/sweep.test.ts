/** `ringzero sweep` on one machine: results that are the same to the byte whoever computed them, a sweep that goes on, and what is no input for it. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { CellThreads } from '../../src/cli/sweep/cell-threads.ts';
import { fixtures, runCli, runJson, scratch } from '../support/run-cli.ts';

const files = scratch();
const ids = files.write('a.ids', Array.from({ length: 600 }, (_, at) => (at * at) % 37).join('\n'));
files.write('weka.jsonl', fixtures['weka']!);
files.write('azure.csv', fixtures['azure']!);
const scenario = {
  name: 'two groups',
  slice: '1s',
  agents: [
    { generate: 'jobs', count: 6, bursts: 3 },
    { name: 'late', copies: 2, steps: [{ op: 'think', tokensOut: 5, durationUs: 2_000_000 }] },
  ],
};
const morning = files.write('morning.json', JSON.stringify(scenario));

const paging = {
  name: 'paging',
  kind: 'page',
  workloads: 'a.ids',
  policies: ['lru', 'random', 'opt'],
  capacities: ['10%', 12],
};
const scheduling = {
  name: 'scheduling',
  kind: 'compare',
  workloads: ['morning.json', 'weka.jsonl'],
  policies: ['fifo', 'round-robin'],
  capacities: [50_000],
  oversize: 'bypass',
};
const sweepOf = (name: string, document: object): string => files.write(name, JSON.stringify(document));
const sweep = sweepOf('sweep.json', { name: 'both', seeds: [1, 2], grids: [paging, scheduling] });

interface Document {
  readonly cells: number;
  readonly failed: number;
  readonly failures?: readonly string[];
  readonly repeat: string;
  readonly grids: readonly {
    readonly rows: readonly {
      readonly values: Readonly<Record<string, string>>;
      readonly figures: Readonly<Record<string, { readonly mean: number }>>;
    }[];
  }[];
  readonly results: readonly { readonly cell: { readonly policy: string }; readonly result?: object }[];
  readonly wall: { readonly computed: number; readonly reused: number };
}

test('a file of results is the same to the byte with one thread and with two, and in whatever part it was there before', async () => {
  const whole = files.path('whole.jsonl');
  const { wall, ...one } = await runJson<Document>('sweep', sweep, '--threads', '1', '--output', whole);
  expect(one.results).toHaveLength(20);
  expect(wall).toMatchObject({ computed: 20, reused: 0 });
  const text = readFileSync(whole, 'utf8');
  expect(
    text
      .split('\n')
      .slice(0, -1)
      .map((line): unknown => JSON.parse(line)),
  ).toEqual(one.results);
  const lines = text.split('\n');
  for (const [name, left, reused] of [
    ['torn', `${lines[3]}\n${lines[0]}\n${lines[7]!.slice(0, 90)}`, 2],
    ['all', text, 20],
  ] as const) {
    const path = files.write(`${name}.jsonl`, left);
    const { wall: own, ...two } = await runJson<Document>('sweep', sweep, '--threads', '2', '--output', path);
    expect(two).toEqual(one);
    expect(own).toMatchObject({ computed: 20 - reused, reused });
    expect(readFileSync(path, 'utf8')).toBe(text);
  }
}, 30_000);

test('cells come to what page and compare come to', async () => {
  const { grids } = await runJson<Document>('sweep', sweep, '--threads', '1');
  const figure = (grid: number, values: object, name: string): number =>
    grids[grid]!.rows.find((row) =>
      Object.entries(values).every(([key, value]) => row.values[key] === value),
    )!.figures[name]!.mean;
  const page = await runJson<{ readonly results: readonly { policy: string; misses: number }[] }>(
    'page',
    '--trace',
    ids,
    '--policy',
    'lru,opt',
    '--capacity',
    '12',
  );
  for (const { policy, misses } of page.results)
    expect(figure(0, { policy, capacity: '12' }, 'misses')).toBe(misses);
  for (const workload of ['morning.json', 'weka.jsonl']) {
    const changed = { ...scenario, engines: [{ memoryTokens: 50_000 }], oversize: 'bypass' };
    const [path, flags] =
      workload === 'weka.jsonl'
        ? [files.path(workload), ['--memory', '50000', '--oversize', 'bypass']]
        : [files.write('changed.json', JSON.stringify(changed)), []];
    const compare = await runJson<{
      readonly policies: readonly { policy: string; figures: Record<string, { value: { mean: number } }> }[];
    }>(
      'compare',
      path,
      '--scheduler',
      'fifo,round-robin',
      '--baseline',
      'fifo',
      '--seeds',
      '2',
      '--seed',
      '1',
      ...flags,
    );
    for (const { policy, figures } of compare.policies)
      for (const name of ['completion', 'p95', 'starvation'])
        expect(figure(1, { policy, workload }, name)).toBe(figures[name]!.value.mean);
  }
}, 30_000);

test('a grid goes before its scenario: another scheduler, a slice for those that have slices, other memory', async () => {
  const { slice: _, ...unsliced } = scenario;
  files.write('fifo.json', JSON.stringify({ ...unsliced, scheduler: 'fifo' }));
  // Two sleep in turns; in a small memory each drives the other's pages out.
  const turns = Array.from({ length: 6 }, () => [
    { op: 'think', tokensOut: 9 },
    { op: 'sleep', us: 1_000_000 },
  ]);
  const agents = [1, 2].map((at) => ({
    name: `agent ${at}`,
    steps: [{ op: 'page', kind: 'user', text: `task ${at}`, tokens: 3_000 }, ...turns.flat()],
  }));
  const pages = { name: 'pages', agents };
  files.write('pages.json', JSON.stringify(pages));
  const path = sweepOf('before.json', {
    grids: [
      {
        ...scheduling,
        name: 'slices',
        workloads: 'fifo.json',
        policies: ['fifo', 'round-robin'],
        slice: '100ms',
      },
      {
        ...scheduling,
        name: 'memory',
        workloads: 'pages.json',
        policies: 'fifo',
        capacities: [4_000, 100_000],
      },
    ],
  });
  const { grids } = await runJson<Document>('sweep', path, '--threads', '1');
  const means = grids.map(({ rows }) => rows.map(({ figures }) => figures['completion']!.mean));
  expect(means[0]![0]).not.toBe(means[0]![1]);
  expect(means[1]![0]).toBeGreaterThan(means[1]![1]!);
});

test('a cell that fails is told with its key, does not stop the others, and is tried again', async () => {
  const path = sweepOf('small.json', {
    grids: [{ kind: 'page', workloads: 'a.ids', policies: ['lirs', 'lru'], capacities: 1 }],
  });
  const output = files.path('small.jsonl');
  const run = () => runCli(['sweep', path, '--threads', '1', '--json', '--output', output]);
  const { status, out } = await run();
  const { failed, failures, results, wall } = JSON.parse(out) as Document;
  expect(status).toBe(1);
  expect(failed).toBe(1);
  expect(failures).toEqual([
    expect.stringMatching(
      /^cell [0-9a-f]{12} \(lirs, seed 1, a\.ids, capacity 1, .*\): .*capacity: 1 is not allowed/,
    ),
  ]);
  expect(results.map(({ result }) => result !== undefined)).toEqual([false, true]);
  expect(wall.reused).toBe(0);
  expect((JSON.parse((await run()).out) as Document).wall).toMatchObject({ computed: 1, reused: 1 });
  const people = await runCli(['sweep', path, '--threads', '1']);
  expect(people.status).toBe(1);
  expect(people.out).toContain('2 cells, 1 failed');
  expect(people.out).toContain(failures![0]);
});

test('a thread that dies is the end of its cell alone; so is a workload that is another one by then', async () => {
  const threads = new CellThreads(1);
  try {
    // What cannot be handed to it as a job: the thread throws outside of what is caught.
    const broken = await threads.run(null as never);
    expect(broken).toEqual({ lost: expect.stringContaining('null') });
    const cell = { kind: 'page', workload: 'a', policy: 'lru', seed: 1, capacity: { amount: 3 } } as const;
    const content = createHash('sha256').update(readFileSync(ids)).digest('hex');
    const job = { cell: { ...cell, unit: 'pages', tickUs: 1 }, path: ids, content } as const;
    expect(await threads.run(job)).toEqual({
      outcome: { result: expect.stringContaining('"requests":600') },
    });
  } finally {
    await threads.stop();
  }
});

test('rows for spreadsheets and for a browser', async () => {
  const [csv, report] = [files.path('x.csv'), files.path('x.html')];
  const { out, status } = await runCli(['sweep', sweep, '--threads', '1', '--csv', csv, '--report', report]);
  expect(status).toBe(0);
  const rows = readFileSync(csv, 'utf8').split('\r\n');
  expect(rows[0]).toMatch(/^grid,kind,workload,policy,seed,capacity,unit,tickUs,oversize,missRatio/);
  expect(rows).toHaveLength(22);
  expect(rows[1]).toMatch(/^paging,page,a\.ids,lru,1,10%,pages,1000,,0\.\d+,/);
  expect(readFileSync(report, 'utf8')).toContain('<h2>scheduling</h2>');
  expect(out).toContain('both: 20 cells');
  expect(out).toMatch(/capacity +policy +miss ratio/);
});

test('bad input is one line and status 2, and nothing is written', async () => {
  const output = files.path('never.jsonl');
  const other = files.write('other.jsonl', '{"something":"else"}\n');
  const foreign = files.write('foreign.jsonl', `{"key":"${'0'.repeat(64)}","cell":{},"result":{}}\n`);
  const grid = (more: object): string => sweepOf('bad.json', { grids: [{ ...scheduling, ...more }] });
  const seeded = sweepOf('seeded.json', { seeds: 1, grids: [paging] });
  const bad: readonly [make: () => readonly string[], line: RegExp][] = [
    [() => [files.path('none.json')], /none\.json: does not exist/],
    [() => [grid({ workloads: 'gone.jsonl' })], /gone\.jsonl: does not exist; allowed: a readable file/],
    [() => [grid({ workloads: 'a.ids' })], /a\.ids: .*or a scenario/],
    [() => [grid({ workloads: 'azure.csv', kind: 'page' })], /grids\[0\]\.oversize: unknown field/],
    [() => [grid({ agents: 3 })], /agents: 3 is not allowed; .*morning\.json, a scenario/],
    [() => [grid({ workloads: 'weka.jsonl', agents: 3 })], /agents: 3 .*an integer from 1 to 2/],
    [
      () => [grid({ workloads: 'weka.jsonl', arrivals: 'recorded' })],
      /arrivals: "recorded" .*records no arrivals/,
    ],
    [
      () => [sweepOf('bad.json', { grids: [{ ...paging, unit: 'size' }] })],
      /unit: "size" is not allowed; allowed: pages: a\.ids has no sizes/,
    ],
    [
      () => [
        sweepOf('bad.json', {
          grids: [{ kind: 'sessions', workloads: 'weka.jsonl', policies: 'lru', capacities: 9, sessions: 3 }],
        }),
      ],
      /trace: "weka\.jsonl" is not allowed; .*at least 5 calls|sessions: 3 is not allowed/,
    ],
    [() => [seeded, '--seed', '2'], /--seed: means nothing with .*seeded\.json, which names its seeds/],
    [() => [sweep, '--output', other], /--output: .*this is neither/],
    [() => [sweep, '--output', foreign], /--output: .*all 1 in it are of other cells/],
    [() => [sweep, '--output', morning], /--output: .*a file that this command does not use otherwise/],
    [() => [sweep, '--csv', '/nowhere/x.csv'], /--csv: "\/nowhere\/x\.csv" is not allowed/],
  ];
  for (const [make, line] of bad) {
    const words = make();
    const asked = words.includes('--output') ? [] : ['--output', output];
    const { status, out, err } = await runCli(['sweep', ...words, '--threads', '1', ...asked]);
    expect({ status, out, lines: err.split('\n').length }, err).toEqual({ status: 2, out: '', lines: 1 });
    expect(err).toMatch(line);
  }
  expect(existsSync(output)).toBe(false);
  expect(readFileSync(other, 'utf8')).toBe('{"something":"else"}\n');
  writeFileSync(foreign, '');
});
