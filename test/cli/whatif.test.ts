import { expect, test } from 'vitest';

import { fixtures, runCli, runJson, scratch, sharedTrace } from '../support/run-cli.ts';
import { runSlowly, slowSpec } from '../support/slow-provider.ts';

interface Figures {
  readonly makespanUs: number;
  readonly microDollars: number;
  readonly tokensIn: number;
  readonly tokensCached: number;
  readonly tokensOut: number;
  readonly completed: number;
  readonly turnaround: { readonly mean: number };
  readonly split: { readonly readyUs: number; readonly waiting: Readonly<Record<string, number>> };
  readonly answers: { readonly matching: number; readonly changed: number; readonly missing: number };
}
interface WhatIfReport {
  readonly recorded: Figures;
  readonly simulated: Figures;
  readonly whatif: Figures;
  readonly unmatchedShare: number;
  readonly repeat: string;
  readonly caveat: string;
}

const files = scratch();
const tau = sharedTrace('tau-bench-airline-gpt-4o.json.gz');
const trace = files.write('tau.json', fixtures['tau-bench']!);
const recordingOf = async (name: string, ...words: string[]): Promise<string> => {
  const path = files.path(name);
  await runJson(...words, '--record', path);
  return path;
};
const whatIf = (...words: string[]) => runJson<WhatIfReport>('whatif', ...words);
const { answers: _none, ...keys } = {
  answers: 0,
  makespanUs: 0,
  microDollars: 0,
  tokensIn: 0,
  tokensCached: 0,
  tokensOut: 0,
};
const figures = (from: object): object =>
  Object.fromEntries(Object.entries(from).filter(([key]) => key in keys));

test.skipIf(!tau.isThere)(
  'of a simulated recording (../shared/traces must be there) it says exactly what a run with these settings would have been',
  { timeout: 30_000 },
  async () => {
    const replay = (...words: string[]) => ['replay', tau.path, '--agents', '12', ...words];
    const recording = await recordingOf('t.rec', ...replay('--cores', '1', '--memory', '40000'));
    const settings = [
      ['--cores', '1', '--memory', '40000', '--scheduler', 'sjf'],
      ['--cores', '1', '--memory', '20000', '--paging', 'lru'],
      ['--cores', '3', '--memory', '40000', '--scheduler', 'round-robin', '--slice', '500ms'],
    ];
    for (const words of settings) {
      const really = await runJson<Figures>(...replay(...words));
      const { recorded, simulated, whatif, unmatchedShare } = await whatIf(recording, ...words);
      expect(figures(simulated)).toEqual(figures(recorded));
      expect(figures(whatif)).toEqual(figures(really));
      expect(unmatchedShare).toBe(0);
    }
  },
);

test('--tokens-per-hour lets root processes wait, each for its own budget', async () => {
  const recording = await recordingOf('budget.rec', 'replay', trace);
  const { recorded, whatif, repeat, caveat } = await whatIf(recording, '--tokens-per-hour', '60');
  expect(recorded.split.waiting['budget']).toBe(0);
  expect(whatif.split.waiting['budget']).toBeGreaterThan(0);
  expect(whatif.makespanUs).toBeGreaterThan(recorded.makespanUs);
  expect(whatif.tokensIn).toBe(recorded.tokensIn);
  expect(repeat).toBe(`ringzero whatif ${recording} --tokens-per-hour 60 --seed 1`);
  expect(caveat).toContain('not the quality of answers');
});

test('what is printed names the three runs, the share that no longer matches, and what it does not predict', async () => {
  const recording = await recordingOf('print.rec', 'replay', trace);
  const { status, out } = await runCli(['whatif', recording, '--scheduler', 'fifo']);
  expect(status).toBe(0);
  for (const words of [
    'recorded',
    'simulated',
    'what if',
    'completion time',
    'cost',
    'waiting: person',
    'not the quality of answers',
  ])
    expect(out).toContain(words);
});

test('bad input is one line with status 2', async () => {
  const recording = await recordingOf('bad.rec', 'replay', trace);
  const cases: readonly [words: readonly string[], problem: RegExp][] = [
    [[recording], /^error: whatif: nothing is otherwise; allowed: --scheduler, --slice/],
    [[recording, '--scheduler', 'hope'], /^error: --scheduler: "hope" is not allowed/],
    [[recording, '--memory', '0'], /^error: --memory: /],
    [
      [recording, '--scheduler', 'fifo', '--slice', '1s'],
      /^error: --slice: "1s" is not allowed; allowed: no slice/,
    ],
    [[recording, '--scheduler', 'fifo', '--seed', '9'], /^error: --seed: 9 is not allowed; allowed: 1/],
    [[trace, '--scheduler', 'fifo'], /line 1: /],
    [[files.path('nothing'), '--scheduler', 'fifo'], /nothing/],
  ];
  for (const [words, problem] of cases) {
    const { status, out, err } = await runCli(['whatif', ...words]);
    expect({ status, out, lines: err.split('\n').length }, err).toEqual({ status: 2, out: '', lines: 1 });
    expect(err).toMatch(problem);
  }
});

test(
  'what ran live in real time is predicted for another policy; how well is printed, not asserted',
  { timeout: 20_000 },
  async () => {
    const work = { turns: [6, 2, 4, 1], latencyMs: 6, tokenMs: 1, toolMs: 5 };
    const { lines } = await runSlowly(slowSpec('fifo'), work);
    const path = files.write('live.rec', `${lines.join('\n')}\n`);
    const report = await whatIf(path, '--scheduler', 'sjf');
    const { recorded, simulated, whatif } = report;
    // Nobody was asked anything else, and everything that was said was said again.
    expect(simulated.answers).toEqual({ matching: 13, changed: 0, missing: 0 });
    expect(whatif.answers).toEqual({ matching: 13, changed: 0, missing: 0 });
    expect(whatif).toMatchObject({
      completed: 4,
      tokensIn: recorded.tokensIn,
      tokensOut: recorded.tokensOut,
    });
    const really = await runSlowly(slowSpec('sjf'), work);
    const error = (predicted: number, measured: number): string =>
      `${((100 * (predicted - measured)) / measured).toFixed(1)} %`;
    process.stdout.write(
      `what-if: completion ${error(whatif.makespanUs, really.makespanUs)}, turnaround ${error(whatif.turnaround.mean, really.meanTurnaroundUs)}; ` +
        `the recorded settings again: completion ${error(simulated.makespanUs, recorded.makespanUs)}\n`,
    );
    // A simulation that left out latencies, or added any, would be beyond this.
    expect(whatif.makespanUs).toBeGreaterThan(really.makespanUs / 3);
    expect(whatif.makespanUs).toBeLessThan(really.makespanUs * 3);
    expect(simulated.makespanUs).toBeGreaterThan(recorded.makespanUs / 2);
    expect(simulated.makespanUs).toBeLessThan(recorded.makespanUs * 2);
  },
);

test('calls that are refused ask nothing of the recording', { timeout: 20_000 }, async () => {
  const work = { turns: [3, 3], latencyMs: 2, tokenMs: 0, toolMs: 1 };
  const { lines } = await runSlowly(slowSpec('fifo'), work);
  const path = files.write('again.rec', `${lines.join('\n')}\n`);
  const { whatif, unmatchedShare } = await whatIf(path, '--memory', '100');
  // Nothing fits into so little memory: every call is refused, and nothing is asked of the recording.
  expect(whatif).toMatchObject({ completed: 0, answers: { matching: 0 } });
  expect(unmatchedShare).toBe(0);
});
