/** `ringzero replay` on several engines, and with switches that cost something. */
import { expect, test } from 'vitest';

import { repeatable, runCli, runJson, scratch, type RunReport } from '../support/run-cli.ts';

const files = scratch();
/** 12 agents of one call; the first and every second one after it answers a lot. */
const trace = files.write(
  'requests.jsonl',
  Array.from({ length: 12 }, (_, index) =>
    JSON.stringify({
      timestamp: 0,
      input_length: 512,
      output_length: index % 2 === 0 ? 600 : 60,
      hash_ids: [index],
    }),
  ).join('\n'),
);
const engines = ['--engines', '2', '--cores', '1', '--arrivals', 'all'];

type Report = RunReport & {
  readonly migrations: { readonly count: number; readonly lostTokens: number };
  readonly options: { readonly engines: readonly { readonly name?: string }[] };
  readonly repeat: string;
  readonly split: { readonly running: Readonly<Record<string, number>> };
};

test('each engine has the cores and the memory that are given', async () => {
  const report = await runJson<Report>('replay', trace, ...engines, '--memory', '50000', '--check');
  expect(report.engines).toMatchObject([
    { name: 'engine-1', cores: 1, memoryTokens: 50_000 },
    { name: 'engine-2', cores: 1, memoryTokens: 50_000 },
  ]);
  expect(report.migrations).toEqual({ count: 0, lostTokens: 0 });
});

test.each([[['--queues', 'one', '--affinity', '0']], [['--steal', '--affinity', '0']]])(
  '%s: processes change their engine, and the recording reruns',
  async (how) => {
    const recording = files.path('recording.jsonl');
    const words = ['replay', trace, ...engines, ...how, '--switch-cost', '5ms', '--check'];
    const report = await runJson<Report>(...words, '--record', recording);
    expect(report.migrations.count).toBeGreaterThan(0);
    expect(report.repeat).toContain(`${how.join(' ')} --switch-cost 5ms`);
    expect(report.split.running['switchUs']).toBeGreaterThan(0);
    expect(repeatable(await runJson<Report>(...words))).toEqual(repeatable(report));
    const { out, status } = await runCli(['rerun', recording]);
    expect(status, out).toBe(0);
    const text = await runCli(words);
    expect(text.out).toContain('changed engines');
  },
);

test.each([
  [['--steal'], '--steal: true is not allowed; allowed: several engines to steal from: --engines N'],
  [['--queues', 'one'], '--queues: "one" is not allowed; allowed: per-engine, where there is one engine'],
  [['--queues', 'two'], '--queues: "two" is not allowed; allowed: per-engine, one'],
  [['--engines', '0'], '--engines: "0" is not allowed; allowed: an integer from 1 to 1000'],
  [
    [...engines, '--affinity', '2'],
    '--affinity: 2 is not allowed; allowed: none, where no process changes its engine',
  ],
  [
    [...engines, '--steal', '--affinity', '-1'],
    '--affinity: "-1" is not allowed; allowed: a number from 0 to 1000000',
  ],
  [[...engines, '--steal', '--queues', 'one'], '--steal: true is not allowed; allowed: queues of their own'],
  [['--switch-cost', '5'], '--switch-cost: "5" is not allowed'],
])('%s is refused', async (words, message) => {
  const { status, err } = await runCli(['replay', trace, ...words]);
  expect(err).toContain(message);
  expect(status).toBe(2);
});

test('a scenario names them, too', async () => {
  const scenario = (fields: object): string =>
    files.write(
      'engines.json',
      JSON.stringify({
        name: 'engines',
        engines: [{ cores: 1, switchUs: '5ms' }, { cores: 1 }],
        agents: [
          {
            name: 'one',
            copies: 4,
            steps: [
              { op: 'think', tokensOut: 60 },
              { op: 'think', tokensOut: 600 },
            ],
          },
        ],
        ...fields,
      }),
    );
  const run = async (fields: object) =>
    (await runJson<Report>('simulate', scenario(fields), '--check')).migrations.count;
  expect(await run({})).toBe(0);
  expect(await run({ queues: 'one', affinity: 0 })).toBeGreaterThan(0);
  expect(await run({ steal: true, affinity: 0.5 })).toBeGreaterThanOrEqual(0);
  const { status, err } = await runCli(['simulate', scenario({ queues: 'one', steal: true })]);
  expect(err).toContain('steal');
  expect(status).toBe(2);
});
