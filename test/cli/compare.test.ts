/** `ringzero compare`: policies on the same seeds of a workload, their files, and what is no input for it. */
import { existsSync, readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { fixtures, runCli, runJson, scratch, sharedTrace } from '../support/run-cli.ts';

const files = scratch();
const morning = files.write(
  'morning.json',
  JSON.stringify({
    name: 'a busy morning',
    seed: 4,
    engines: [{ cores: 2 }],
    slice: '1s',
    arrivals: 'poisson:500',
    budgets: [
      { name: 'team' },
      {
        name: 'few',
        parent: 'team',
        limits: [{ resource: 'calls', amount: 10, window: { fixed: '1m' } }],
      },
    ],
    agents: [
      { generate: 'jobs', count: 12, bursts: 6, computeBoundShare: 0.25, longBurstUs: '4s' },
      {
        name: 'late',
        copies: 4,
        budget: 'few',
        scheduling: { deadlineUs: '20s' },
        steps: Array.from({ length: 4 }, () => ({ op: 'think', tokensOut: 5, durationUs: 2_000_000 })),
      },
    ],
  }),
);
const weka = files.write('weka.jsonl', fixtures['weka']!);

interface Interval {
  readonly mean: number;
  readonly low: number | null;
  readonly high: number | null;
}
interface Report {
  readonly seed: number;
  readonly seeds: number;
  readonly baseline: string;
  readonly boundUs?: number;
  readonly notes?: readonly string[];
  readonly repeat: string;
  readonly policyFiles?: readonly { readonly name: string; readonly sha256: string }[];
  readonly policies: readonly {
    readonly policy: string;
    readonly isClairvoyant: boolean;
    readonly figures: Readonly<
      Record<
        string,
        { readonly value: Interval; readonly difference?: Interval & { readonly isSignificant: boolean } }
      >
    >;
    readonly gap?: Interval;
    readonly programs: number;
    readonly completed: number;
    readonly budgets: readonly { readonly node: string; readonly budget: { readonly some: number } }[];
    readonly groups: readonly {
      readonly group: string;
      readonly programs: number;
      readonly figures: Report['policies'][number]['figures'];
    }[];
    readonly runs: readonly {
      readonly seed: number;
      readonly completionUs: { readonly mean: number };
      readonly boundUs: number | null;
      readonly deadlines: number;
      readonly groups: readonly {
        readonly group: string;
        readonly programs: number;
        readonly completionUs: { readonly mean: number };
        readonly deadlines: number;
      }[];
    }[];
  }[];
  readonly wall: { readonly threads: number };
}
const compareJson = (...words: string[]): Promise<Report> => runJson<Report>('compare', ...words);
const withoutWall = ({ wall: _wall, ...rest }: Report) => rest;

test('policies beside the baseline on the same seeds, which begin with the scenario’s', async () => {
  const report = await compareJson(morning, '--scheduler', 'fifo,srtf,fifo', '--seeds', '3');
  expect(report).toMatchObject({ seed: 4, seeds: 3, baseline: 'random' });
  expect(report.policies.map(({ policy, isClairvoyant }) => [policy, isClairvoyant])).toEqual([
    ['random', false],
    ['fifo', false],
    ['srtf', true],
  ]);
  const [random, fifo, srtf] = report.policies as [
    Report['policies'][number],
    Report['policies'][number],
    Report['policies'][number],
  ];
  expect(fifo.runs.map(({ seed }) => seed)).toEqual([4, 5, 6]);
  expect(fifo.runs.map(({ deadlines }) => deadlines)).toEqual([4, 4, 4]);
  expect([fifo.programs, fifo.completed]).toEqual([48, 48]);
  expect(random.figures['completion']!.difference).toBeUndefined();
  const meanOf = (values: readonly number[]): number =>
    values.reduce((sum, one) => sum + one, 0) / values.length;
  const means = fifo.runs.map(({ completionUs }) => completionUs.mean);
  expect(fifo.figures['completion']!.value.mean).toBeCloseTo(meanOf(means), 3);
  const difference = srtf.figures['completion']!.difference!;
  expect(difference.mean).toBeCloseTo(
    meanOf(srtf.runs.map(({ completionUs }, at) => completionUs.mean - random.runs[at]!.completionUs.mean)),
    3,
  );
  expect(difference.isSignificant).toBe(difference.high! < 0 || difference.low! > 0);
  // All policies have the same bound on the same seed.
  expect(srtf.runs.map(({ boundUs }) => boundUs)).toEqual(fifo.runs.map(({ boundUs }) => boundUs));
  expect(srtf.gap!.mean).toBeGreaterThan(0);
  expect(report.boundUs).toBeCloseTo(meanOf(fifo.runs.map(({ boundUs }) => boundUs!)), 3);
  expect(fifo.budgets.map(({ node }) => node)).toEqual(['team', 'few']);
  expect(fifo.budgets[1]!.budget.some).toBeGreaterThan(0);
  expect(report.notes).toEqual(['the slice of 1s is not for fifo, srtf']);
  expect(report.repeat).toBe(`ringzero compare ${morning} --scheduler fifo,srtf,fifo --seeds 3 --seed 4`);
});

test('groups of agents: their own figures, differences and rows', async () => {
  const report = await compareJson(morning, '--scheduler', 'srtf', '--seeds', '2');
  const [random, srtf] = report.policies;
  expect(srtf!.groups.map(({ group, programs }) => [group, programs])).toEqual([
    ['jobs', 24],
    ['late', 8],
  ]);
  for (const [index, { figures }] of srtf!.groups.entries()) {
    const means = [random!, srtf!].map(({ runs }) =>
      runs.map(({ groups }) => groups[index]!.completionUs.mean),
    );
    const [base, own] = means.map((values) => (values[0]! + values[1]!) / 2);
    expect(figures['completion']!.value.mean).toBeCloseTo(own!, 3);
    expect(figures['completion']!.difference!.mean).toBeCloseTo(own! - base!, 3);
  }
  // Each program is in one of them.
  const [run] = srtf!.runs;
  const [jobs, late] = run!.groups;
  expect((12 * jobs!.completionUs.mean + 4 * late!.completionUs.mean) / 16).toBeCloseTo(
    run!.completionUs.mean,
    3,
  );
  expect([jobs!.deadlines, late!.deadlines]).toEqual([0, 4]);
  expect(srtf!.groups[0]!.figures['deadlineMisses']).toBeUndefined();
  const { out } = await runCli(['compare', morning, '--scheduler', 'srtf', '--seeds', '2']);
  expect(out).toMatch(/completion time by group: means over programs and seeds\npolicy +jobs +late\n/);

  const document = JSON.parse(readFileSync(morning, 'utf8')) as { agents: object[] };
  const agents = document.agents.map((one) => ({ ...one, group: 'all' }));
  const together = files.write('together.json', JSON.stringify({ ...document, agents }));
  const whole = await compareJson(together, '--scheduler', 'srtf', '--seeds', '2');
  expect(whole.policies[1]!.groups).toEqual([]);
  expect(whole.policies[1]!.figures).toEqual(srtf!.figures);
});

test('what budgets did is told where they did anything', async () => {
  const document = JSON.parse(readFileSync(morning, 'utf8')) as {
    budgets: [object, { limits: object[] }];
  };
  const [team, few] = document.budgets;
  const paced = files.write(
    'paced.json',
    JSON.stringify({ ...document, budgets: [team, { ...few, whenExhausted: 'throttle' }] }),
  );
  const html = files.path('paced.html');
  const words = ['--scheduler', 'fifo', '--seeds', '2'];
  const { out } = await runCli(['compare', paced, ...words, '--report', html]);
  const report = await runJson<{
    policies: { budgetActions: object; runs: { budgetActions: { throttled: number } }[] }[];
  }>('compare', paced, ...words);
  const [, fifo] = report.policies;
  const throttled = fifo!.runs.reduce((sum, { budgetActions }) => sum + budgetActions.throttled, 0);
  expect(throttled).toBeGreaterThan(0);
  expect(fifo!.budgetActions).toEqual({ throttled, degraded: 0, suspended: 0, stopped: 0 });
  expect(out).toMatch(
    new RegExp(`budgets: over all seeds\\npolicy +throttled\\n[─ ]+\\n(?:.*\\n)?fifo +${throttled}\\n`),
  );
  expect(readFileSync(html, 'utf8')).toContain('What budgets did, over all seeds');
  expect((await runCli(['compare', morning, ...words])).out).not.toContain('budgets: over');
});

test('many groups take several tables, and none where there are too many to be told apart', async () => {
  const scenario = (count: number): string =>
    files.write(
      `groups-${count}.json`,
      JSON.stringify({
        name: 'groups',
        agents: Array.from({ length: count }, (_, index) => ({
          name: `agent number ${index}`,
          steps: [{ op: 'think', tokensOut: 1, durationUs: 1_000_000 }],
        })),
      }),
    );
  const shown = async (count: number): Promise<string> => {
    const { out } = await runCli(['compare', scenario(count), '--scheduler', 'fifo', '--seeds', '1']);
    for (const line of out.split('\n').filter((one) => !one.startsWith('repeat:')))
      expect(line.length, line).toBeLessThanOrEqual(80);
    return out;
  };
  const twelve = await shown(12);
  for (let index = 0; index < 12; index++) expect(twelve).toContain(`agent number ${index} `.trim());
  expect(await shown(13)).not.toContain('by group');
});

test('--seed goes before the scenario’s; with one seed there are no intervals', async () => {
  const report = await compareJson(
    morning,
    '--scheduler',
    'plas',
    '--baseline',
    'fifo',
    '--seeds',
    '1',
    '--seed',
    '9',
    '--check',
  );
  expect(report.policies.map(({ policy }) => policy)).toEqual(['fifo', 'plas']);
  const [, plas] = report.policies;
  expect(plas!.runs.map(({ seed }) => seed)).toEqual([9]);
  const { value, difference } = plas!.figures['completion']!;
  expect([value.low, value.high, difference!.isSignificant]).toEqual([null, null, false]);
  const { out } = await runCli(['compare', morning, '--scheduler', 'plas', '--seeds', '1']);
  expect(out).not.toContain('±');
  for (const line of out.split('\n').filter((one) => !one.startsWith('repeat:')))
    expect(line.length, line).toBeLessThanOrEqual(80);
});

test('what people read: a table, a chart, other figures, pressure, at 80 columns', async () => {
  const { status, out, err } = await runCli(['compare', morning, '--scheduler', 'all', '--seeds', '2']);
  expect([status, err]).toEqual([0, '']);
  const lines = out.split('\n');
  for (const line of lines.filter((one) => !one.startsWith('repeat:')))
    expect(line.length, line).toBeLessThanOrEqual(80);
  for (const text of [
    'job completion time in s',
    'vs random, %',
    'lower bound of the mean',
    '● mean',
    'starvation',
    'pressure',
  ])
    expect(out).toContain(text);
  const order = lines.slice(6, 25).map((line) => Number(/^.*? {2,}([\d.]+) ±/.exec(line)?.[1]));
  expect(order).toHaveLength(19);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(out).toContain('note: no agent says its tickets, so that to lottery all are alike');
  expect(out).not.toContain('to edf all are alike');
});

test('recorded agents: flags of the kernel, notes on seeds that change nothing and on calls that did not fit', async () => {
  const report = await compareJson(
    weka,
    '--scheduler',
    'fifo,round-robin',
    '--seeds',
    '2',
    '--slice',
    '2s',
    '--cores',
    '1',
    '--memory',
    '250',
  );
  expect(report.notes).toEqual([
    'every seed has the same agents, so that intervals show the chance in the policies alone; --arrivals poisson:RATE draws when agents arrive',
    'the slice of 2s is not for fifo',
    ...['random', 'fifo', 'round-robin'].map(
      (name) => `${name}: of 4 programs 2 had a call, a tool or a sub-agent fail`,
    ),
    'no lower bound: it holds for programs that do all that they were to do; calls that are larger than context memory run with --oversize bypass, or with more --memory',
  ]);
  expect(report.boundUs).toBeUndefined();
  expect(report.policies[0]!.gap).toBeUndefined();
  const printed = await runCli(['compare', weka, '--scheduler', 'fifo', '--memory', '250', '--seeds', '2']);
  expect(printed.out).not.toContain('above bound');
  const drawn = await compareJson(weka, '--scheduler', 'fifo', '--arrivals', 'poisson:60', '--seeds', '2');
  expect(drawn.notes).toBeUndefined();
  expect(drawn.repeat).toBe(
    `ringzero compare ${weka} --scheduler fifo --seeds 2 --arrivals poisson:60 --seed 1`,
  );
});

test('programs that fail make status 1', async () => {
  const page = { op: 'page', kind: 'user', tokens: 60 };
  const think = { op: 'think', tokensOut: 1 };
  const failing = files.write(
    'failing.json',
    JSON.stringify({
      name: 'f',
      engines: [{ memoryTokens: 100 }],
      agents: [{ name: 'a', steps: [think, page, page, think] }],
    }),
  );
  const { status, out } = await runCli(['compare', failing, '--scheduler', 'fifo', '--seeds', '2']);
  expect(status).toBe(1);
  expect(out).toContain('note: fifo: of 2 programs 2 failed');
});

test('--plot, --report and --csv', async () => {
  const [svg, png, html, csv] = ['c.svg', 'c.png', 'c.html', 'c.csv'].map((name) => files.path(name)) as [
    string,
    string,
    string,
    string,
  ];
  const words = ['compare', morning, '--scheduler', 'fifo,srtf', '--seeds', '2'];
  await runCli([...words, '--plot', svg, '--report', html, '--csv', csv]);
  await runCli([...words, '--plot', png]);
  const drawing = readFileSync(svg, 'utf8');
  for (const row of ['srtf †', 'fifo', 'random (baseline)']) expect(drawing).toContain(`data-row="${row}"`);
  expect(readFileSync(png).subarray(1, 4).toString()).toBe('PNG');
  const page = readFileSync(html, 'utf8');
  for (const part of [
    '<svg',
    'lower bound',
    'ringzero compare',
    'Pressure by budget node',
    '<td>few</td>',
    'By group of agents',
    'Pressure by scheduling policy',
    'Budget few',
  ])
    expect(page).toContain(part);
  expect(page).not.toMatch(/https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
  const rows = readFileSync(csv, 'utf8').trimEnd().split('\r\n');
  // Of each run, of the jobs, of the late ones.
  expect(rows).toHaveLength(1 + 3 * 2 * 3);
  expect(rows[0]).toMatch(/^workload,policy,clairvoyant,seed,group,programs,completed,/);
  expect(rows[13]).toContain(',srtf,true,4,,16,16,');
  expect(rows[14]).toContain(',srtf,true,4,jobs,12,12,');
  expect(rows[15]).toContain(',srtf,true,4,late,4,4,');
  for (const row of rows) expect(row.split(',')).toHaveLength(rows[0]!.split(',').length);
  const again = files.path('again.svg');
  await runCli([...words, '--plot', again]);
  expect(readFileSync(again, 'utf8')).toBe(drawing);
});

test('worker threads give what one thread gives, also of a user’s own policy; what it breaks is told with policy and seed', async () => {
  const lifo = files.write(
    'lifo.ts',
    `export const lifo = () => {
  const ready = [];
  const leave = (pid) => { const at = ready.indexOf(pid); if (at >= 0) ready.splice(at, 1); };
  return { name: 'lifo', ready: (pid) => void ready.push(pid), pick: () => ready.pop(), charge() {}, waiting: leave, exited: leave,
    shouldPreempt: () => Infinity, slice: () => Infinity, explain: () => '', save: () => ready, load: () => {} };
};
`,
  );
  const words = [morning, '--scheduler', `lottery,${lifo}`, '--seeds', '1'];
  const written = (of: string): string[] =>
    ['svg', 'html', 'csv'].map((ending) => files.path(`${of}.${ending}`));
  const into = (of: string): string[] =>
    written(of).flatMap((path, index) => [['--plot', '--report', '--csv'][index]!, path]);
  const one = await compareJson(...words, ...into('one'));
  const two = await compareJson(...words, ...into('two'), '--threads', '2');
  // But for the line that repeats the run, which names threads and files.
  const contents = (of: string): string[] =>
    written(of).map((path) => readFileSync(path, 'utf8').replace(/<pre>.*<\/pre>/, ''));
  expect(contents('two')).toEqual(contents('one'));
  expect([one.wall.threads, two.wall.threads]).toEqual([1, 2]);
  expect(one.policies.map(({ policy }) => policy)).toEqual(['random', 'lottery', lifo]);
  expect(new Set(one.policies.map(({ figures }) => figures['completion']!.value.mean)).size).toBe(3);
  expect(one.policyFiles).toMatchObject([
    { name: lifo, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
  ]);
  expect(withoutWall(two)).toEqual(withoutWall(one));
  const progress: string[] = [];
  await runCli(['compare', ...words], { progress: (text) => void progress.push(text) });
  expect(progress).toContain('100 % of 3 runs');
  expect(progress.at(-1)).toBe('');

  const broken = files.write('broken.ts', readFileSync(lifo, 'utf8').replace('ready.pop()', '9999'));
  const failed = await runCli(['compare', morning, '--scheduler', broken, '--seeds', '2']);
  expect(failed.status).toBe(2);
  expect(failed.err.split('\n')).toHaveLength(1);
  expect(failed.err).toContain(`error: ${broken}, seed 4: `);
});

test('a run that fails is told at once, and the others are stopped', async () => {
  const policy = (pick: string): string =>
    `export const mine = () => ({ name: 'mine', ready() {}, pick() { ${pick} }, charge() {}, waiting() {}, exited() {},
      shouldPreempt: () => Infinity, slice: () => Infinity, explain: () => '', save: () => 0, load() {} });`;
  const thrower = files.write('thrower.ts', policy("throw new Error('no idea')"));
  const endless = files.write('endless.ts', policy('for (;;);'));
  const words = ['compare', morning, '--baseline', thrower, '--scheduler', endless, '--seeds', '1'];
  for (const threads of ['1', '2']) {
    const { status, out, err } = await runCli([...words, '--threads', threads]);
    expect([status, out]).toEqual([2, '']);
    expect(err).toMatch(
      /^error: .*thrower\.ts, seed 4: scheduling policy mine: pick threw no idea at \d+ µs; allowed: an answer$/,
    );
  }
});

test.each([
  [
    ['--scheduler', 'none'],
    /^error: --scheduler: "none" is not allowed; allowed: all, fifo, .*, or a file such as .\/mine.ts$/,
  ],
  [['--baseline', 'none'], /^error: --baseline: "none" is not allowed; allowed: fifo, /],
  [
    ['--scheduler', './gone.ts'],
    /^error: --scheduler: ".\/gone.ts" is not allowed; allowed: a file that can be read/,
  ],
  [['--scheduler', ''], /^error: --scheduler: "" is not allowed; allowed: all, /],
  [['--seeds', '0'], /^error: --seeds: "0" is not allowed; allowed: an integer from 1 to 10000$/],
  [
    ['--seeds', '2', '--seed', '9007199254740991'],
    /^error: --seeds: 2 is not allowed; allowed: an integer from 1 to 1: seeds go up to 9007199254740991$/,
  ],
  [['--threads', '0'], /^error: --threads: "0" is not allowed; allowed: an integer from 1 to 1024$/],
  [
    ['--cores', '4'],
    /^error: --cores: means nothing with morning.json, a scenario, which has a kernel and arrivals of its own; allowed with recorded agents$/,
  ],
  [['--tokens-per-hour', '4'], /^error: --tokens-per-hour: means nothing with morning.json/],
  [
    ['--plot', 'x.gif'],
    /^error: --plot: "x.gif" is not allowed; allowed: a file name that ends in .svg or .png$/,
  ],
  [
    ['--csv', '/no/such/folder/x.csv'],
    /^error: --csv: "\/no\/such\/folder\/x.csv" is not allowed; allowed: a file that can be written/,
  ],
])('%j is refused in one line', async (words, message) => {
  const { status, out, err } = await runCli(['compare', morning, ...words]);
  expect([status, out]).toEqual([2, '']);
  expect(err).toMatch(message);
});

test('files that are none', async () => {
  const refusal = async (...words: string[]): Promise<string> => {
    const { status, err } = await runCli(['compare', ...words]);
    expect(status).toBe(2);
    return err;
  };
  expect(await refusal('gone.json')).toBe(
    'error: gone.json: does not exist; allowed: a readable file, plain, gzip or zstd',
  );
  const other = files.write('other.json', '{"name": "x"}');
  expect(await refusal(other)).toContain('or a scenario (JSON object with agents)');
  expect(await refusal(morning, '--csv', morning)).toContain(
    'a file that this command does not use otherwise',
  );
  const wrong = files.write('wrong.json', '{"name": "x", "agents": [{"name": "a"}]}');
  expect(await refusal(wrong)).toMatch(/^error: wrong.json: agents\[0\].steps/);
  expect(await refusal(weka, '--slice', '2s', '--scheduler', 'fifo', '--baseline', 'plas')).toContain(
    '--slice: "2s" is not allowed; allowed: no slice: none of these schedulers has slices that can be set',
  );
  expect(await refusal(weka, '--arrivals', 'recorded')).toContain('records no arrivals');
  expect(await refusal(weka, '--agents', '9')).toContain('--agents: 9 is not allowed');
  expect(existsSync(files.path('x.csv'))).toBe(false);
});

const azure = sharedTrace('azure-llm-2023-conv.csv.gz');
test.skipIf(!azure.isThere)(
  `recorded requests have recorded arrivals${azure.isThere ? '' : ' (skipped: ../shared/traces is absent)'}`,
  async () => {
    const report = await compareJson(
      azure.path,
      '--agents',
      '200',
      '--scheduler',
      'fifo,sjf',
      '--seeds',
      '2',
      '--cores',
      '2',
    );
    expect(report.notes).toHaveLength(1);
    const [, fifo, sjf] = report.policies;
    expect(fifo!.figures['completion']!.value).toMatchObject({
      low: fifo!.runs[0]!.completionUs.mean,
      high: fifo!.runs[0]!.completionUs.mean,
    });
    // Each request is a program of one call, so that the shortest call first is nearly the best there is.
    expect(sjf!.gap!.mean).toBeLessThan(fifo!.gap!.mean);
  },
);
