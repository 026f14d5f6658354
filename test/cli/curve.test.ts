import { existsSync, readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { generateZipf } from '../../src/sim/paging/generate/zipf.ts';
import { runCli, runJson, scratch } from '../support/run-cli.ts';

interface Point {
  readonly capacity: number;
  readonly misses?: number;
  readonly missRatio: number;
  readonly halfWidth?: number;
}

interface CurveReport {
  readonly requests: number;
  readonly unique: number;
  readonly repeat: string;
  readonly capacities: readonly number[];
  readonly curves: readonly {
    readonly policy: string;
    readonly method: string;
    readonly points: readonly Point[];
    readonly samples?: number;
    readonly meanHalfWidth?: number;
    readonly meanAbsoluteError?: number;
  }[];
  readonly results: readonly (Point & { readonly policy: string })[];
  readonly workingSet?: readonly {
    readonly window: number;
    readonly meanSize: number;
    readonly missRatio: number;
  }[];
  readonly footprint?: readonly { readonly window: number; readonly pages: number }[];
  readonly reuse?: {
    readonly firstUses: number;
    readonly distances: readonly { readonly from: number; readonly to: number; readonly count: number }[];
  };
  readonly notes: readonly string[];
  readonly wall?: unknown;
}

const files = scratch();
const zipf = files.write(
  'zipf.txt',
  [...generateZipf({ requests: 5_000, ids: 500, alpha: 0.8, seed: 1 }).ids].join('\n'),
);
const sized = files.write(
  'sized.csv',
  ['time,id,size', ...[7, 8, 7, 9, 10, 7, 9, 8].map((id, at) => `${at},${id},${id * 10}`)].join('\n'),
);
const curve = (...words: string[]): Promise<CurveReport> =>
  runJson<CurveReport>('curve', '--no-cache', '--threads', '1', '--trace', ...words);
const at = (points: readonly Point[], capacity: number): Point | undefined =>
  points.find((point) => point.capacity === capacity);

test('the curve of LRU has the misses of its replays, at every capacity', async () => {
  const report = await curve(zipf, '--policy', 'lru', '--capacity', '3,10%');
  expect(report).toMatchObject({ requests: 5_000, curves: [{ policy: 'lru', method: 'exact' }] });
  expect(report.capacities).toEqual([3, Math.round(report.unique / 10)]);
  const [lru] = report.curves;
  for (const { policy, capacity, misses } of report.results)
    expect([policy, at(lru!.points, capacity)?.misses]).toEqual(['lru', misses]);
  expect(report.results).toHaveLength(2);
});

test('--capacity all: a point at every capacity', async () => {
  const { curves, unique } = await curve(zipf, '--capacity', 'all');
  expect(curves[0]!.points.map(({ capacity }) => capacity)).toEqual(
    Array.from({ length: unique }, (_, index) => index + 1),
  );
});

test('samples: an estimate with its interval, and with --exact how far off it is', async () => {
  const { curves } = await curve(zipf, '--sample', '20%', '--exact', '--samples', '4');
  expect(curves.map(({ method }) => method)).toEqual(['exact', 'sampled']);
  const [exact, sampled] = curves;
  expect(sampled).toMatchObject({ samples: 4 });
  expect(sampled!.meanAbsoluteError).toBeLessThan(0.05);
  expect(sampled!.meanHalfWidth).toBeGreaterThan(0);
  for (const { capacity, missRatio } of sampled!.points)
    expect(Math.abs(missRatio - at(exact!.points, capacity)!.missRatio)).toBeLessThan(0.15);
  const alone = await curve(zipf, '--sample-size', '100');
  expect(alone.curves.map(({ method }) => method)).toEqual(['sampled']);
  expect(alone.curves[0]!.meanAbsoluteError).toBeUndefined();
});

test('working sets, footprints and reuse', async () => {
  const { workingSet = [], footprint = [], reuse, unique } = await curve(zipf, '--working-set', '--reuse');
  expect(workingSet[0]).toMatchObject({ window: 1, meanSize: 1 });
  expect(workingSet.at(-1)!.missRatio).toBeCloseTo(unique / 5_000, 12);
  expect(footprint.at(-1)).toEqual({ window: 5_000, pages: unique });
  const counted = reuse!.distances.reduce((sum, { count }) => sum + count, reuse!.firstUses);
  expect(counted).toBe(5_000);
});

test('sizes: from the largest page on the curve from one pass is exact', async () => {
  const { curves, results, notes } = await curve(sized, '--unit', 'size', '--policy', 'lru');
  expect(curves[0]!.method).toBe('exact');
  for (const { capacity, misses } of results) expect(at(curves[0]!.points, capacity)?.misses).toBe(misses);
  expect(notes).toEqual([]);
  const below = await curve(sized, '--unit', 'size', '--capacity', '80');
  expect(below.notes).toEqual([expect.stringContaining('exact from capacity 100')]);
});

test('the same command gives the same document and the same plot, to the byte', async () => {
  const words = [zipf, '--sample', '10%', '--exact', '--seed', '3', '--plot'];
  const { wall: _first, ...first } = await curve(...words, files.path('a.svg'));
  const { wall: _second, ...second } = await curve(...words, files.path('b.svg'));
  expect(second).toEqual(first);
  expect(first.repeat).toBe(`ringzero curve --trace ${zipf} --sample 10% --exact --seed 3`);
  const svg = readFileSync(files.path('a.svg'), 'utf8');
  expect(svg).toContain('zipf.txt');
  expect(readFileSync(files.path('b.svg'), 'utf8')).toBe(svg);
});

test('--plot as PNG, --report, --csv', async () => {
  const [png, html, csv] = ['c.png', 'c.html', 'c.csv'].map((name) => files.path(name)) as [
    string,
    string,
    string,
  ];
  await curve(
    zipf,
    '--policy',
    'fifo',
    '--working-set',
    '--reuse',
    '--plot',
    png,
    '--report',
    html,
    '--csv',
    csv,
  );
  expect([...readFileSync(png).subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
  const page = readFileSync(html, 'utf8');
  expect(page.match(/<svg /g)).toHaveLength(4);
  expect(page).toContain('ringzero curve --trace');
  expect(readFileSync(csv, 'utf8')).toMatch(/,fifo,replay,\d+,5000,\d+,/);
});

test('for people: a chart, a table, how it was found and how to repeat it, within the terminal', async () => {
  const { status, out, err } = await runCli([
    'curve',
    '--no-cache',
    '--threads',
    '1',
    '--trace',
    zipf,
    '--policy',
    'fifo',
    '--sample',
    '5%',
    '--exact',
    '--reuse',
    '--working-set',
  ]);
  expect({ status, err }).toEqual({ status: 0, err: '' });
  for (const text of [
    'A fifo',
    'B lru, exact',
    'capacity',
    'expected error',
    'actual error',
    'first use',
    'repeat: ringzero curve',
  ])
    expect(out).toContain(text);
});

test('a capacity above the footprint is allowed, with a note', async () => {
  const { status, err } = await runCli(['curve', '--no-cache', '--trace', zipf, '--capacity', '9999']);
  expect({ status, err }).toEqual({
    status: 0,
    err: expect.stringMatching(/^note: capacity 9999 is above the footprint/),
  });
});

const bad: readonly (readonly [words: readonly string[], problem: RegExp])[] = [
  [['--capacity', '0'], /^error: --capacity: "0" is not allowed; allowed: an integer from 1/],
  [['--capacity', 'some'], /^error: --capacity: "some"/],
  [['--capacity', 'all', '--unit', 'size'], /^error: --capacity: "all"/],
  [['--policy', 'nope'], /^error: --policy: "nope"/],
  [['--sample', '0'], /^error: --sample: "0" is not allowed; allowed: a share above 0/],
  [['--sample', '2'], /^error: --sample: "2"/],
  [['--sample', '150%'], /^error: --sample: "150%" is not allowed; allowed: a share above 0, at most 1/],
  [['--sample', '0.0001%'], /^error: --sample: 0.000001 is not allowed; allowed: a larger share/],
  [['--exact'], /^error: --exact: means nothing without samples/],
  [['--sample', '1%', '--sample-size', '5'], /^error: --sample-size: /],
  [['--sample', '1%', '--unit', 'size'], /^error: --unit: "size"/],
  [['--samples', '3'], /^error: --samples: /],
  [['--unit', 'size'], /^error: .*zipf\.txt: has no sizes/],
  [
    ['--plot', 'x.jpg'],
    /^error: --plot: "x.jpg" is not allowed; allowed: a file name that ends in .svg or .png/,
  ],
  [['--csv', '/nowhere/at/all.csv'], /^error: --csv: /],
  [['--csv', 'same.svg', '--plot', 'same.svg'], /^error: --csv: "same.svg"/],
  [['--csv', zipf], /^error: --csv: /],
];

for (const [words, problem] of bad) {
  test(`bad input in one line: ${words.slice(0, 4).join(' ')}`, async () => {
    const { status, out, err } = await runCli(['curve', '--no-cache', '--trace', zipf, ...words]);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(problem);
    expect(err).not.toContain('\n');
  });
}

test('nothing is written when the input is bad', async () => {
  const plot = files.path('never.svg');
  await runCli(['curve', '--no-cache', '--trace', files.path('missing.txt'), '--plot', plot]);
  expect(existsSync(plot)).toBe(false);
});
