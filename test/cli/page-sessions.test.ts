/** `ringzero page --residency prefix`. */
import { existsSync, readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { runCli, runJson, scratch } from '../support/run-cli.ts';

interface SessionReport {
  readonly residency: string;
  readonly recorded: number;
  readonly repeat: string;
  readonly results: readonly {
    readonly policy: string;
    readonly sessions: number;
    readonly capacity: number;
    readonly seeds: number;
    readonly tokenHitRate: number;
    readonly aboveLru?: number;
    readonly gapClosed?: number;
    readonly repeatedTokens: number;
    readonly microDollarsPerSession: number;
  }[];
}

const files = scratch();
/** Sessions of six calls each, whose context grows by ten blocks a call; half of the calls end their turn. */
const session = (id: number): string =>
  JSON.stringify({
    id: `s${id}`,
    tool: 0,
    sys: 64,
    r: Array.from({ length: 6 }, (_, call) => [
      call * (40 + 13 * id),
      640 * (call + 1),
      50,
      10 * call,
      [[10 * call, 10]],
      null,
      2,
      (call + id) % 2 === 0 ? 'tool_use' : 'end_turn',
    ]),
  });
const weka = files.write(
  'sessions.jsonl',
  `${Array.from({ length: 8 }, (_, id) => session(id)).join('\n')}\n`,
);
const words = (...more: string[]): string[] => ['page', '--residency', 'prefix', '--trace', weka, ...more];

test('policies on sessions, means over seeds, the clairvoyant one at the top', async () => {
  const report = await runJson<SessionReport>(
    ...words(
      '--policy',
      'lru,hit-density,clairvoyant-sessions,provider-5m',
      '--sessions',
      '6',
      '--capacity',
      '6400,12800',
      '--seeds',
      '3',
    ),
  );
  expect(report).toMatchObject({ residency: 'prefix', recorded: 8 });
  expect(report.results.map(({ policy, capacity }) => `${policy} ${capacity}`)).toEqual([
    'lru 6400',
    'hit-density 6400',
    'clairvoyant-sessions 6400',
    'provider-5m 6400',
    'lru 12800',
    'hit-density 12800',
    'clairvoyant-sessions 12800',
    'provider-5m 12800',
  ]);
  const [lru, , clairvoyant, provider] = report.results;
  expect(lru).toMatchObject({ sessions: 6, seeds: 3, aboveLru: 0, gapClosed: 0 });
  expect(clairvoyant!.tokenHitRate).toBeGreaterThan(lru!.tokenHitRate);
  expect(clairvoyant!.gapClosed).toBeCloseTo(1, 12);
  expect(provider!.gapClosed).toBeUndefined();
  expect(clairvoyant!.repeatedTokens).toBeLessThan(lru!.repeatedTokens);
  expect(clairvoyant!.microDollarsPerSession).toBeLessThan(lru!.microDollarsPerSession);
});

test('the same for people, with rows as CSV; the order of threads changes nothing', async () => {
  const csv = files.path('rows.csv');
  const given = words(
    '--policy',
    'lru,end-turn-first',
    '--sessions',
    '5',
    '--capacity',
    '6400',
    '--seeds',
    '2',
    '--csv',
    csv,
  );
  const { status, out, err } = await runCli(given);
  expect({ status, err }).toEqual({ status: 0, err: '' });
  expect(out).toMatch(/8 recorded sessions, prefix residency/);
  expect(out).toMatch(/5 sessions, 6,400 tokens of context memory/);
  expect(out).toMatch(/end-turn-first +\d/);
  const rows = readFileSync(csv, 'utf8').trim().split('\r\n');
  expect(rows).toHaveLength(3);
  expect(rows[1]).toContain(',lru,5,6400,2,');
  const again = await runCli([...given, '--threads', '1']);
  expect(again.out).toBe(out);
});

const own = `export default () => { const list = []; return { name: 'x', admit: (page) => list.push(page) > 0, touch() {},
  evict(need, eligible) { const at = list.findIndex(eligible); return at < 0 ? undefined : list.splice(at, 1)[0]; }, remove(page) { list.splice(list.indexOf(page), 1); } }; };`;

test('a policy of the user’s own', async () => {
  const file = files.write('own.ts', own);
  const { results } = await runJson<SessionReport>(
    ...words('--policy', `${file},lru`, '--sessions', '5', '--capacity', '6400', '--seeds', '1'),
  );
  expect(results.map(({ policy }) => policy)).toEqual([file, 'lru']);
});

const plot = files.path('x.svg');
const refused: readonly [more: string[], line: RegExp | string][] = [
  [['--sessions', '9'], /sessions: 9 is not allowed; allowed: an integer from 1 to 8/],
  [['--sessions', '0'], /--sessions: "0" is not allowed/],
  [['--policy', 'opt'], /--policy: "opt" is not allowed; allowed: all, fifo, .*hit-density/],
  [['--policy', 'steps-to-execution', '--sessions', '5'], /steps-to-execution/],
  [['--capacity', '10%'], /--capacity: "10%" is not allowed; allowed: an integer/],
  [['--unit', 'pages'], '--unit: means nothing with --residency prefix; allowed with independent'],
  [['--plot', plot], /--plot: .* is not allowed/],
];
for (const [more, line] of refused)
  test(`page --residency prefix ${more.join(' ').replace(plot, 'x.svg')}`, async () => {
    const { status, out, err } = await runCli(words(...more));
    expect({ status, out, lines: err.split('\n').length }, err).toEqual({ status: 2, out: '', lines: 1 });
    expect(err.replace('error: ', '')).toMatch(line);
    expect(existsSync(plot)).toBe(false);
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
  expect(err).toMatch(/azure.csv: is of format azure; allowed with --residency prefix: recorded sessions/);
});
