/** `--perfetto` and `--csv`: files that show a run. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

import { expect, test } from 'vitest';

import { readTrace, splitsOf, type Trace } from '../support/chrome-trace.ts';
import { fixtures, runCli, runJson, scratch } from '../support/run-cli.ts';

const files = scratch();
const tau = files.write('tau.json', fixtures['tau-bench']!);
const weka = files.write('weka.jsonl', fixtures['weka']!);
const textOf = (name: string): string => readFileSync(files.path(name), 'utf8');

/** Agents that wait for each other in every way. */
const page = { op: 'page', kind: 'user', text: 'Hello.', tokens: 100 };
const lockingTools = (durationUs: string) => ({
  op: 'tools',
  calls: [{ tool: 'write_file', arguments: {}, result: 'done', durationUs }],
});
const scenario = {
  name: 'waits',
  engines: [{ cores: 2, memoryTokens: 2000 }],
  budgets: [
    { name: 'all' },
    {
      name: 'team',
      parent: 'all',
      limits: [{ resource: 'tokens', amount: 1000, window: 'total' }],
    },
  ],
  tools: [{ name: 'write_file', writes: ['file'] }],
  agents: [
    {
      name: 'parent',
      budget: 'all',
      steps: [
        {
          op: 'spawn',
          key: 'child',
          agent: {
            name: 'child',
            steps: [
              page,
              { op: 'think', tokensOut: 60, durationUs: '2s' },
              { op: 'sleep', us: '5s' },
              { op: 'receive' },
            ],
          },
        },
        { op: 'send', to: 'child', text: 'one' },
        { op: 'send', to: 'child', text: 'two' },
        { op: 'wait', key: 'child' },
        page,
        { op: 'think', tokensOut: 10 },
      ],
    },
    {
      name: 'first',
      budget: 'team',
      steps: [page, { op: 'think', tokensOut: 20, maxOutput: 600, durationUs: '3s' }, lockingTools('4s')],
    },
    {
      name: 'second',
      budget: 'team',
      arrivalUs: '1s',
      steps: [page, { op: 'think', tokensOut: 20, maxOutput: 600, durationUs: '1s' }, lockingTools('1s')],
    },
  ],
};
const waits = files.write('waits.json', JSON.stringify(scenario));

test('simulate: every wait leads to its cause', async () => {
  await runJson('simulate', waits, '--check', '--perfetto', files.path('waits.trace'));
  const { flows, threads } = readTrace(textOf('waits.trace'));
  const told = flows.map(
    ({ cat, from, to }) =>
      `${cat}: ${threads.get(from.tid)}, ${from.name} (${from.fromUs / 1e6} s) -> ${threads.get(to.tid)}, ${to.name} (${to.fromUs / 1e6} s)`,
  );
  expect(told).toEqual([
    'budget: first, budget settled (3 s) -> second, budget granted (3 s)',
    'lock: first, write_file: locks released (7 s) -> second, write_file: locks acquired (7 s)',
    'message: parent, message 1 to child (0 s) -> child, message 1 from parent (7 s)',
    'message: parent, message 2 to child (0 s) -> child, 1 message not received (7 s)',
    'child: child, completed (7 s) -> parent, child waited for (7 s)',
  ]);
});

/** Sums of the lines of a CSV file, by the parts that splitsOf names. */
function splitsOfCsv(text: string): Map<number, Record<string, number>> {
  const [header = '', ...lines] = text.trimEnd().split('\r\n');
  const columns = header.split(',');
  const splits = new Map<number, Record<string, number>>();
  for (const line of lines) {
    const fields = line.split(',');
    const field = (name: string): string => fields[columns.indexOf(name)]!;
    const us = (name: string): number => Number(field(name));
    const pid = us('pid');
    let split = splits.get(pid);
    if (split === undefined) splits.set(pid, (split = {}));
    const add = (part: string, length: number): void => {
      if (length > 0) split[part] = (split[part] ?? 0) + length;
    };
    expect(us('toUs') - us('fromUs')).toBe(us('durationUs'));
    const state = field('state');
    if (state === 'waiting') add(`waiting: ${field('reason')}`, us('durationUs'));
    else if (state !== 'running') add(state, us('durationUs'));
    else if (field('reason') === 'unfinished') add('unfinished', us('durationUs'));
    else {
      add('load', us('loadUs'));
      add('repeated prefill', us('repeatedPrefillUs'));
      add('new prefill', us('newPrefillUs'));
      add('decode', us('decodeUs'));
    }
  }
  return splits;
}

test('replay and rerun: the trace and the CSV tell the same, and a rerun tells what the run told', async () => {
  const machine = ['--cores', '1', '--tokens-per-hour', '30'];
  const shown = ['--perfetto', files.path('tau.trace'), '--csv', files.path('tau.csv')];
  const run = await runJson('replay', tau, ...machine, '--record', files.path('tau.rec'), ...shown);
  const trace = readTrace(textOf('tau.trace'));
  expect(trace.about).toMatchObject({ seed: 1, repeat: run.repeat });
  expect(run.repeat).not.toContain('trace');
  const splits = splitsOf(trace);
  expect(splitsOfCsv(textOf('tau.csv'))).toEqual(splits);
  for (const { pid, turnaroundUs } of run.perProcess)
    expect(Object.values(splits.get(pid)!).reduce((sum, us) => sum + us, 0)).toBe(turnaroundUs);
  await runJson('rerun', files.path('tau.rec'), '--perfetto', files.path('again.trace'));
  const { about, ...rest } = readTrace(textOf('again.trace'));
  expect(about['repeat']).toContain('ringzero rerun ');
  expect({ ...rest, about: trace.about }).toEqual(trace);
  await runJson('rerun', files.path('tau.rec'), '--csv', files.path('again.csv'));
  expect(textOf('again.csv')).toBe(textOf('tau.csv'));
});

test('a run that is cut off: everything ends where it was cut', async () => {
  await runJson('simulate', waits, '--until', '1500ms', '--perfetto', files.path('cut.trace'));
  const { slices } = readTrace(textOf('cut.trace'));
  expect(slices.filter(({ toUs }) => toUs === 1_500_000).map(({ name }) => name)).toContain('waiting: child');
  expect(slices.reduce((latest, { toUs }) => Math.max(latest, toUs), 0)).toBe(1_500_000);
});

test('compressed when the name ends in .gz: the same content, as one gzip member', async () => {
  const paths = ['events', 'perfetto', 'csv'].map(
    (kind) => [`--${kind}`, files.path(`weka.${kind}`)] as const,
  );
  await runJson('replay', weka, ...paths.flat());
  await runJson('replay', weka, ...paths.flatMap(([flag, path]) => [flag, `${path}.gz`]));
  for (const [flag, path] of paths) {
    const packed = readFileSync(`${path}.gz`);
    const text = gunzipSync(packed).toString();
    // `repeat` does not name it.
    expect(text, flag).toBe(readFileSync(path, 'utf8'));
    expect(packed.length).toBeLessThan(text.length);
  }
});

test('demo: both kernels in one trace', async () => {
  await runJson('demo', '--perfetto', files.path('demo.trace'), '--csv', files.path('demo.csv'));
  const trace: Trace = readTrace(textOf('demo.trace'));
  expect(splitsOfCsv(textOf('demo.csv'))).toEqual(splitsOf(trace));
  expect(trace.about).toMatchObject({ repeat: 'ringzero demo --seed 1' });
});

// ---- Bad input -----------------------------------------------------------------------------------------------------------

test('a file that cannot be written: one line before anything runs', async () => {
  await runJson('replay', tau, '--record', files.path('run.rec'));
  const before = readdirSync(files.path('.')).length;
  for (const command of [['replay', tau], ['simulate', waits], ['rerun', files.path('run.rec')], ['demo']])
    for (const flag of ['--perfetto', '--csv']) {
      const { status, out, err } = await runCli([...command, flag, files.path('no/such/folder/x')]);
      expect({ status, out }, `${command[0]} ${flag}`).toEqual({ status: 2, out: '' });
      expect(err).toMatch(
        new RegExp(`^error: ${flag}: ".+" is not allowed; allowed: a file that can be written.*$`),
      );
    }
  const twice = files.path('twice');
  const { status, err } = await runCli(['replay', tau, '--events', twice, '--perfetto', twice]);
  expect(status).toBe(2);
  expect(err).toContain('--perfetto: ');
  const { err: onInput } = await runCli(['replay', tau, '--csv', tau]);
  expect(onInput).toContain('a file that this command does not use otherwise');
  expect(readdirSync(files.path('.'))).toHaveLength(before);
});

test('a recording that is damaged leaves no trace behind', async () => {
  await runJson('replay', tau, '--record', files.path('whole.rec'));
  const lines = textOf('whole.rec').split('\n');
  writeFileSync(files.path('damaged.rec'), lines.slice(0, 5).join('\n'));
  const trace = files.path('damaged.trace');
  const { status } = await runCli(['rerun', files.path('damaged.rec'), '--perfetto', trace]);
  expect(status).toBe(2);
  expect(existsSync(trace)).toBe(false);
});
