import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { runCli, runJson, scratch } from '../support/run-cli.ts';
import { projectRoot } from '../support/source.ts';

interface PageReport {
  readonly trace: string;
  readonly requests: number;
  readonly unique: number;
  readonly format: string;
  readonly footprint: number;
  readonly repeat: string;
  readonly policyFiles?: readonly { readonly name: string; readonly sha256: string }[];
  readonly results: readonly {
    readonly policy: string;
    readonly capacity: number;
    readonly requests: number;
    readonly misses: number;
    readonly missRatio: number;
    readonly hitRatio: number;
    readonly sizeHitRatio?: number;
    readonly evictions: number;
    readonly bypasses: number;
    readonly gapToOpt?: number;
    readonly cost?: {
      readonly prefillTokens: number;
      readonly prefillSeconds: number;
      readonly microDollars: number;
    };
    readonly seconds: number;
    readonly requestsPerSecond: number;
    readonly intervals?: readonly {
      readonly until: number;
      readonly requests: number;
      readonly misses: number;
    }[];
  }[];
}

const files = scratch();
/** Belady's: opt misses 7 times with 3 pages and 6 with 4, fifo 9 and 10, lru 10 and 8. */
const belady = files.write('belady.txt', [1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5].join('\n'));
const long = files.write('long.txt', Array.from({ length: 60_000 }, (_, at) => (at * at) % 17).join('\n'));
const sized = files.write('sized.csv', 'time,id,size\n0,7,40\n1,8,60\n2,7,40\n3,9,50\n4,7,40\n5,10,500\n');
const page = (...words: string[]): Promise<PageReport> =>
  runJson<PageReport>('page', '--no-cache', '--trace', ...words);
const missesOf = ({ results }: PageReport): [string, number, number][] =>
  results.map(({ policy, capacity, misses }) => [policy, capacity, misses]);

test('policies and capacities are compared in one call, in the order in which they were asked for', async () => {
  const report = await page(belady, '--policy', 'lru,fifo,opt', '--capacity', '3,4');
  expect(report).toMatchObject({ trace: belady, requests: 12, unique: 5, format: 'ids', footprint: 5 });
  expect(missesOf(report)).toEqual([
    ['lru', 3, 10],
    ['lru', 4, 8],
    ['fifo', 3, 9],
    ['fifo', 4, 10],
    ['opt', 3, 7],
    ['opt', 4, 6],
  ]);
  const [first] = report.results;
  expect(first).toMatchObject({
    requests: 12,
    missRatio: 10 / 12,
    evictions: 7,
    bypasses: 0,
    gapToOpt: 3 / 12,
  });
  expect(first!.seconds).toBeGreaterThan(0);
  expect(report.repeat).toBe(`ringzero page --trace ${belady} --policy lru,fifo,opt --capacity 3,4 --seed 1`);
});

test('one policy alone, a share as capacity, the gap without asking for opt', async () => {
  const report = await page(belady, '--policy', 'fifo', '--capacity', '60%');
  expect(missesOf(report)).toEqual([['fifo', 3, 9]]);
  expect(report.results[0]!.gapToOpt).toBeCloseTo(2 / 12, 12);
  const without = await page(belady, '--policy', 'fifo', '--capacity', '60%', '--no-bound');
  expect(without.results[0]!.gapToOpt).toBeUndefined();
});

test('sizes: a page larger than memory is missed and evicts nothing', async () => {
  const report = await page(sized, '--policy', 'lru', '--capacity', '100', '--unit', 'size');
  // 7 and 8 fill memory; 7 hits; 9 evicts 8; 7 hits; 10 does not fit.
  expect(report.results[0]).toMatchObject({ misses: 4, evictions: 1, bypasses: 1 });
  expect(report.results[0]!.sizeHitRatio).toBeCloseTo(80 / 730, 12);
  expect(report.footprint).toBe(650);
  const pages = await page(sized, '--policy', 'lru', '--capacity', '2');
  expect(pages.results[0]).toMatchObject({ misses: 4, bypasses: 0 });
  expect(pages.results[0]!.sizeHitRatio).toBeCloseTo(80 / 730, 12);
});

test('intervals that nobody could look through are refused', async () => {
  const many = files.write('many.ids', Array.from({ length: 10_001 }, (_, at) => `${at % 7}\n`).join(''));
  const words = ['page', '--trace', many, '--policy', 'lru', '--capacity', '3', '--interval'];
  expect(await runCli([...words, '1'])).toEqual({
    status: 2,
    out: '',
    err: 'error: --interval: 1 is not allowed; allowed: an integer from 2 up with 10001 references, which are 10000 intervals at most',
  });
  expect((await runCli([...words, '2'])).status).toBe(0);
});

test('counts after every interval add up', async () => {
  const { results } = await page(belady, '--policy', 'lru', '--capacity', '3', '--interval', '5');
  expect(results[0]!.intervals).toMatchObject([
    { until: 5, requests: 5, misses: 5 },
    { until: 10, requests: 5, misses: 3 },
    { until: 12, requests: 2, misses: 2 },
  ]);
});

test('what the misses would cost', async () => {
  const { results } = await page(belady, '--policy', 'lru', '--capacity', '4', '--page-tokens', '1000');
  // 8,000 tokens prefilled at 8,000 a second and 3 $ a million, 4,000 found at 0.30 $ a million.
  expect(results[0]!.cost).toMatchObject({
    prefillTokens: 8_000,
    prefillSeconds: 1,
    microDollars: 24_000 + 1_200,
  });
});

test('a capacity above the footprint is allowed, with a note', async () => {
  const { status, out, err } = await runCli([
    'page',
    '--trace',
    belady,
    '--policy',
    'lru',
    '--capacity',
    '100',
    '--no-cache',
    '--json',
  ]);
  expect(status).toBe(0);
  expect((JSON.parse(out) as PageReport).results[0]!.misses).toBe(5);
  expect(err).toBe('note: capacity 100 is above the footprint of 5: every policy misses each page once');
});

test('a policy that cannot run at one of the capacities is left out there, with a note', async () => {
  const words = [
    'page',
    '--trace',
    belady,
    '--policy',
    'slru,lru',
    '--capacity',
    '3,4',
    '--no-cache',
    '--json',
  ];
  const { status, out, err } = await runCli(words);
  expect(status).toBe(0);
  const rows = missesOf(JSON.parse(out) as PageReport).map(([policy, capacity]) => [policy, capacity]);
  expect(rows).toEqual([
    ['slru', 4],
    ['lru', 3],
    ['lru', 4],
  ]);
  expect(err).toMatch(/^note: slru at capacity 3 is left out: .*4 or more for slru/);
  // The mean is over capacity 4 alone: 8 misses of 12, where opt has 6.
  const printed = await runCli(words.filter((word) => word !== '--json'));
  expect(printed.out).toMatch(/lru\s+16.7 %\s+33.3 %\s+16.7/);
});

test('the same command gives the same document, but for the wall clock; another thread count changes nothing', async () => {
  // Long enough for threads.
  const words = [long, '--policy', 'lru,fifo,importance-lru', '--capacity', '2,3,4'];
  const plain = ({ results, ...rest }: PageReport & { wall?: unknown }): object => ({
    ...rest,
    wall: 0,
    results: results.map((result) => ({ ...result, seconds: 0, requestsPerSecond: 0 })),
  });
  const first = plain(await page(...words));
  expect(plain(await page(...words, '--threads', '1'))).toEqual(first);
  expect(plain(await page(...words, '--threads', '7'))).toEqual(first);
});

test('for people: policies with the fewest misses first; with several capacities a column each', async () => {
  const words = ['page', '--trace', belady, '--policy', 'lru,fifo', '--no-cache', '--capacity'];
  const one = await runCli([...words, '3']);
  expect(one.err).toBe('');
  const rows = one.out.split('\n').filter((line) => /^(lru|fifo) /.test(line));
  expect(rows.map((row) => row.split(/\s{2,}/).slice(0, 4))).toEqual([
    ['fifo', '25 %', '16.7', '9'],
    ['lru', '16.7 %', '25.0', '10'],
  ]);
  const two = await runCli([...words, '3,4']);
  expect(two.out).toMatch(/lru\s+16.7 %\s+33.3 %\s+20.8/);
  expect(two.out).toContain(`repeat: ringzero page --trace ${belady}`);
});

// ---- A user's own ------------------------------------------------------------------------------------------------------

const [, ownPolicy] = /```ts\n(import type \{ CreatePagingPolicy[\s\S]*?)```/.exec(
  readFileSync(join(projectRoot, 'docs/paging.md'), 'utf8'),
)!;
const own = files.write('second-chance.ts', ownPolicy!);

test('the policy of docs/paging.md runs, named by its file and hash, alone and beside others', async () => {
  const report = await page(belady, '--policy', `${own},fifo`, '--capacity', '3');
  // 1 2 3 | 4 for 1, 1 for 2, 2 for 3, 5 for 4; 1 and 2 hit; 3 for 5, clearing 1 and 2; 4 for 1; 5 for 2.
  expect(missesOf(report)[0]!.slice(0, 2)).toEqual([own, 3]);
  expect(report.results[0]!.misses).toBe(10);
  expect(report.policyFiles).toMatchObject([
    { name: own, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
  ]);
  const printed = await runCli([
    'page',
    '--trace',
    belady,
    '--policy',
    `${own},lru`,
    '--capacity',
    '3',
    '--no-cache',
  ]);
  expect(printed.out).toContain(`note: ${own} is the file with SHA-256 ${report.policyFiles![0]!.sha256}`);
  const alone = await page(belady, '--policy', own, '--capacity', '3', '--no-bound');
  expect(alone.results[0]!.misses).toBe(10);
});

const broken: readonly [name: string, text: string, line: RegExp][] = [
  ['throws.ts', 'export default () => { throw new Error("no idea"); };', /throws\.ts threw: no idea/],
  [
    'nothing.ts',
    'export const answer = 42;',
    /nothing\.ts" is not allowed; allowed: a module that exports one function/,
  ],
  ['syntax.ts', 'export default (', /syntax\.ts" is not allowed; allowed: a module that can be imported/],
  [
    'evicts-nothing.ts',
    `export default () => ({ name: 'x', admit: () => true, touch() {}, remove() {}, evict: () => undefined });`,
    /paging policy x: evict chose nothing; allowed: one of the 3 resident pages/,
  ],
  [
    'evicts-anything.ts',
    `export default () => ({ name: 'x', admit: () => true, touch() {}, remove() {}, evict: () => 5 });`,
    /evicts-anything\.ts: paging policy x: evicted page 5, which is not resident/,
  ],
  [
    'admits-nothing.ts',
    `export default () => ({ name: 'x', admit() {}, touch() {}, remove() {}, evict: () => 5 });`,
    /paging policy x: admit answered undefined; allowed: true or false/,
  ],
];
for (const [name, text, line] of broken)
  test(`a policy that ${name.replace('.ts', '')} is one clear line, alone and beside another`, async () => {
    const file = files.write(name, text);
    for (const [trace, policies] of [
      [belady, file],
      [belady, `${file},lru`],
      [long, `${file},lru,fifo,clock,sieve`],
    ] as const) {
      const words = [
        'page',
        '--trace',
        trace,
        '--policy',
        policies,
        '--capacity',
        '3,4',
        '--no-cache',
        '--no-bound',
      ];
      const { status, out, err } = await runCli(words);
      expect({ status, out, lines: err.split('\n').length }, err).toEqual({ status: 2, out: '', lines: 1 });
      expect(err).toMatch(line);
    }
  });

// ---- Bad input ---------------------------------------------------------------------------------------------------------

const refused: readonly [words: string[], line: string | RegExp][] = [
  [
    ['--trace', belady, '--capacity', '0'],
    'error: --capacity: "0" is not allowed; allowed: an integer from 1 up',
  ],
  [
    ['--trace', belady, '--capacity', '0%'],
    'error: --capacity: "0%" is not allowed; allowed: a share above 0 %',
  ],
  [['--trace', belady, '--capacity', '5,'], /--capacity: "" is not allowed/],
  [['--trace', belady, '--policy', 'lru,magic'], /--policy: "magic" is not allowed; allowed: all, .*lru/],
  [
    ['--trace', belady, '--policy', './none.ts'],
    /--policy: ".\/none.ts" is not allowed; allowed: a file that can be read/,
  ],
  [['--trace', belady, '--unit', 'size', '--capacity', '5'], /belady.txt: has no sizes \(read as ids\)/],
  [['--trace', files.path('absent')], /absent: does not exist/],
  [
    ['--trace', belady, '--policy', 'slru,lirs', '--capacity', '2'],
    'error: capacity: 2 is not allowed; allowed: 4 or more for slru, which divides it by 4',
  ],
  [
    ['--trace', belady, '--policy', 'slru', '--capacity', '2,3', '--json'],
    'error: capacity: 2 is not allowed; allowed: 4 or more for slru, which divides it by 4',
  ],
  [['--policy', 'lru'], /--trace/],
];
for (const [words, line] of refused)
  test(`page ${words.join(' ').replace(/\/\S*\//g, '')}`, async () => {
    const { status, out, err } = await runCli(['page', '--no-cache', ...words]);
    expect({ status, out, lines: err.split('\n').length }, err).toEqual({ status: 2, out: '', lines: 1 });
    if (typeof line === 'string') expect(err).toBe(line);
    else expect(err).toMatch(line);
  });
