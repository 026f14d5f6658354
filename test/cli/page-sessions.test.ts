/** `ringzero page --residency prefix`: policies on recorded sessions. */
import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { type SessionResult, sessionLines } from '../../src/cli/paging/session-report.ts';
import { sessionContenders, workflowContender } from '../../src/sim/sessions/session-contenders.ts';
import { ioOf, runCli, runJson, scratch } from '../support/run-cli.ts';

interface SessionReport {
  readonly recorded: number;
  readonly repeat: string;
  readonly results: readonly {
    readonly policy: string;
    readonly sessions: number;
    readonly capacity: number;
    readonly seeds: number;
    readonly tokenHitRate: number;
    readonly tokenHitRateInterval?: readonly [number, number];
    readonly aboveLru?: number;
    readonly gapClosed?: number;
    readonly modelCalls: number;
  }[];
}

const files = scratch();
/** Eight sessions of six calls, a minute apart; each context is the one before it and two blocks of 64 tokens more. */
const recorded = files.write(
  'sessions.jsonl',
  Array.from({ length: 8 }, (_, session) => {
    const r = Array.from({ length: 6 }, (_, call) => {
      const keep = 2 * call;
      return [60 * call, 64 * (keep + 2), 20, keep, [[keep + 1, 2]], 50, 2, 'tool_use'];
    });
    return JSON.stringify({ id: `s${session}`, tool: 0, sys: 0, r });
  }).join('\n'),
);
const sessions = (...words: string[]): Promise<SessionReport> =>
  runJson<SessionReport>('page', '--residency', 'prefix', '--trace', recorded, ...words);

test('policies, numbers of sessions and capacities in one call; with room for everything all policies are alike', async () => {
  const words = ['--policy', 'lru,hit-density,clairvoyant-sessions,provider-1h', '--seeds', '2'];
  const report = await sessions(...words, '--sessions', '2,8', '--capacity', '512,100000');
  expect(report.recorded).toBe(8);
  expect(report.results).toHaveLength(4 * 4);
  // Of a session's 2 + 4 + … + 12 blocks, 0 + 2 + … + 10 were in the context before.
  for (const { capacity, tokenHitRate, modelCalls, sessions: count } of report.results) {
    expect(modelCalls).toBe(6 * count);
    if (capacity === 100_000) expect(tokenHitRate).toBeCloseTo(30 / 42, 12);
  }
  const tight = report.results.filter((row) => row.sessions === 8 && row.capacity === 512);
  const rates = Object.fromEntries(tight.map(({ policy, tokenHitRate }) => [policy, tokenHitRate]));
  expect(rates['lru']).toBeLessThan(rates['clairvoyant-sessions']!);
  expect(tight.find(({ policy }) => policy === 'clairvoyant-sessions')!.gapClosed).toBeCloseTo(1, 12);
  // A provider's cache is of another size.
  expect(tight.find(({ policy }) => policy === 'provider-1h')!.gapClosed).toBeUndefined();
});

test('what is named twice is taken once: it is no further draw', async () => {
  const twice = await sessions(
    '--policy',
    'lru,fifo,lru',
    '--sessions',
    '4,4',
    '--capacity',
    '512,512',
    '--seeds',
    '3',
  );
  const once = await sessions('--policy', 'lru,fifo', '--sessions', '4', '--capacity', '512', '--seeds', '3');
  expect(once.results.map(({ policy, seeds }) => [policy, seeds])).toEqual([
    ['lru', 3],
    ['fifo', 3],
  ]);
  expect(twice.results).toEqual(once.results);
});

test('every column and every name that is told apart has room in 80 columns', () => {
  const result = (policy: string): SessionResult => ({
    policy,
    sessions: 80,
    capacity: 500_000,
    seeds: 2,
    tokenHitRate: 0.683,
    tokenHitRateInterval: [0.42, 0.946],
    aboveLru: -0.124,
    aboveLruInterval: [-0.381, 0.133],
    gapClosed: -1.57,
    modelCalls: 1_000,
    prefillTokens: 2e8,
    repeatedTokens: 123.4e6,
    prefillSeconds: 4_000,
    evictedBlocks: 5e6,
    bypassedBlocks: 6e6,
    microDollarsPerSession: 12_345_678,
  });
  const names = [...sessionContenders, workflowContender].map(({ name }) => name);
  const heading = { trace: 'x', recorded: 500, seed: 1, repeat: '', notes: [] };
  const lines = sessionLines(heading, names.map(result), ioOf({}));
  const from = lines.findIndex((line) => line.startsWith('policy'));
  const rows = lines.slice(from, lines.indexOf('', from));
  expect(rows[0]).toMatch(/^policy +hit rate % +above lru +gap closed +a session +repeated$/);
  expect(Math.max(...rows.map((row) => row.length))).toBeLessThanOrEqual(80);
  expect(new Set(rows.slice(2).map((row) => row.slice(0, 20))).size).toBe(names.length);
});

test('a policy that needs a known workflow is left out with a note; --csv has every figure', async () => {
  const csv = files.path('rows.csv');
  const { status, out, err } = await runCli([
    'page',
    '--residency',
    'prefix',
    '--trace',
    recorded,
    '--policy',
    'lru,fifo,steps-to-execution',
    '--sessions',
    '4',
    '--seeds',
    '2',
    '--csv',
    csv,
  ]);
  expect(status).toBe(0);
  expect(err).toMatch(/^note: left out: .*steps-to-execution/);
  expect(out).toContain('4 sessions, 1,000,000 tokens of context memory');
  const [header = '', ...rows] = readFileSync(csv, 'utf8').trim().split('\n');
  expect(header.split(',')).toEqual(expect.arrayContaining(['tokenHitRateLow', 'aboveLruLow', 'gapClosed']));
  expect(rows).toHaveLength(2);
});

test('for people; the order of threads changes nothing', async () => {
  const given = [
    'page',
    '--residency',
    'prefix',
    '--trace',
    recorded,
    '--policy',
    'lru,end-turn-first',
    '--sessions',
    '5',
    '--capacity',
    '6400',
    '--seeds',
    '2',
  ];
  const { status, out, err } = await runCli(given);
  expect({ status, err }).toEqual({ status: 0, err: '' });
  expect(out).toMatch(/8 recorded sessions, prefix residency/);
  expect(out).toMatch(/5 sessions, 6,400 tokens of context memory/);
  expect(out).toMatch(/end-turn-first +\d/);
  expect(out).toMatch(/^policy +hit rate % +above lru +a session +repeated$/m);
  const again = await runCli([...given, '--threads', '1']);
  expect(again.out).toBe(out);
});

const own = `export default () => { const list = []; return { name: 'x', admit: (page) => list.push(page) > 0, touch() {},
  evict(need, eligible) { const at = list.findIndex(eligible); return at < 0 ? undefined : list.splice(at, 1)[0]; }, remove(page) { list.splice(list.indexOf(page), 1); } }; };`;

test('a policy of the user’s own', async () => {
  const file = files.write('own.ts', own);
  const { results } = await sessions(
    '--policy',
    `${file},lru`,
    '--sessions',
    '5',
    '--capacity',
    '6400',
    '--seeds',
    '1',
  );
  expect(results.map(({ policy }) => policy)).toEqual([file, 'lru']);
});

test('where the workflow is known, the policy that needs it runs', async () => {
  const words = ['--policy', 'steps-to-execution', '--workflows', 'known', '--sessions', '2', '--seeds', '1'];
  expect((await sessions(...words)).results).toMatchObject([
    { policy: 'steps-to-execution', modelCalls: 12 },
  ]);
});

test('a chart and a page', async () => {
  const [plot, report] = [files.path('chart.svg'), files.path('report.html')];
  const words =
    'page --residency prefix --policy lru,hit-density --sessions 4,6 --capacity 512,1024,4096 --seeds 2';
  const { status, err } = await runCli([
    ...words.split(' '),
    '--trace',
    recorded,
    '--plot',
    plot,
    '--report',
    report,
  ]);
  expect({ status, err }).toEqual({ status: 0, err: '' });
  const svg = readFileSync(plot, 'utf8');
  expect(svg).toMatch(/^<svg /);
  for (const label of ['lru, 4', 'hit-density, 6', 'context memory in tokens']) expect(svg).toContain(label);
  const html = readFileSync(report, 'utf8');
  expect(html.match(/<svg /g)).toHaveLength(2);
  expect(html.match(/<tr>/g)).toHaveLength(1 + 2 * 2 * 3);
  expect(html).toContain('ringzero page --trace');
});

const refused: readonly [words: string[], line: RegExp][] = [
  [['--sessions', '9'], /^error: sessions: 9 is not allowed; allowed: an integer from 1 to 8/],
  [['--sessions', '2,9'], /^error: sessions: 9 is not allowed/],
  [['--sessions', '0'], /^error: --sessions: "0"/],
  [['--capacity', '10%'], /^error: --capacity: "10%"/],
  [['--policy', 'opt'], /^error: --policy: "opt" is not allowed; allowed: all, .*hit-density/],
  [['--policy', 'steps-to-execution', '--sessions', '2'], /^error: paging: "steps-to-execution"/],
  [['--unit', 'size'], /^error: --unit: means nothing with --residency prefix/],
  [['--plot', 'x.gif'], /^error: --plot: "x.gif" is not allowed/],
];
for (const [words, line] of refused)
  test(`page --residency prefix ${words.join(' ')}`, async () => {
    const { status, out, err } = await runCli([
      'page',
      '--residency',
      'prefix',
      '--trace',
      recorded,
      ...words,
    ]);
    expect({ status, out, lines: err.split('\n').length }, err).toEqual({ status: 2, out: '', lines: 1 });
    expect(err).toMatch(line);
  });

test('flags of sessions mean nothing for plain references; other traces have no sessions', async () => {
  const ids = files.write('ids.txt', '1\n2\n1\n');
  const stray = await runCli(['page', '--trace', ids, '--seeds', '3']);
  expect(stray).toMatchObject({
    status: 2,
    err: 'error: --seeds: means nothing with --residency independent; allowed with prefix',
  });
  const azure = files.write(
    'azure.csv',
    'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:01:51.1602477,100,10\n',
  );
  const { status, err } = await runCli(['page', '--residency', 'prefix', '--trace', azure]);
  expect({ status, lines: err.split('\n').length }).toEqual({ status: 2, lines: 1 });
  const allowed =
    'allowed with --residency prefix: weka (JSON lines with r), mooncake (JSON lines with hash_ids), logs of OpenTelemetry and Claude Code, and workloads (JSON lines with steps)';
  expect(err).toBe(`error: ${azure}: has no sessions; ${allowed}`);
  expect((await runCli(['page', '--residency', 'prefix', '--trace', ids])).err).toBe(
    `error: ${ids}: has no sessions; ${allowed}`,
  );
});

test('a file without a session that is long enough', async () => {
  const request = JSON.stringify({ timestamp: 0, input_length: 600, output_length: 1, hash_ids: [1, 2] });
  const short = files.write('short.jsonl', request);
  expect((await runCli(['page', '--residency', 'prefix', '--trace', short])).err).toBe(
    'error: trace: "short.jsonl" is not allowed; allowed: one with a session of at least 5 calls',
  );
});

test('requests with hash_ids are put together to sessions', async () => {
  const lines = Array.from({ length: 30 }, (_, at) => {
    const hash_ids = Array.from(
      { length: 2 + Math.floor(at / 5) },
      (_unused, block) => 100 * (at % 5) + block,
    );
    return JSON.stringify({
      timestamp: 1_000 * at,
      input_length: 512 * hash_ids.length,
      output_length: 1,
      hash_ids,
    });
  });
  const trace = files.write('requests.jsonl', lines.join('\n'));
  const words = ['page', '--residency', 'prefix', '--trace', trace, '--policy', 'lru', '--sessions', '5'];
  const report = await runJson<SessionReport>(...words, '--seeds', '1');
  expect(report).toMatchObject({ recorded: 5, results: [{ modelCalls: 30 }] });
  // Of 2 + … + 7 blocks of a session, 0 + 2 + … + 6 were in the context before.
  expect(report.results[0]!.tokenHitRate).toBeCloseTo(20 / 27, 12);
});
