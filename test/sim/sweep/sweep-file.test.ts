/** Sweep files: what they make cells of, what their keys change with, and what is no sweep. */
import { expect, test } from 'vitest';

import { KernelError } from '../../../src/kernel/errors.ts';
import { cellWords, keyOf, type Cell } from '../../../src/sim/sweep/cells.ts';
import { parseSweep } from '../../../src/sim/sweep/sweep-file.ts';

const page = { kind: 'page', workloads: 'a.ids', policies: ['lru', 'opt'], capacities: [10, '5%'] };
const compare = { kind: 'compare', workloads: ['b.json', 'b.json'], policies: 'fifo' };
const sessions = { kind: 'sessions', workloads: 'c.jsonl', policies: 'lru', capacities: 1_000, sessions: 2 };

const cellsOf = (grid: object, more: object = {}, seed?: number): readonly Cell[] => {
  const { grids } = parseSweep('x.json', JSON.stringify({ ...more, grids: [grid] }), seed);
  return grids[0]!.workloads.flatMap((workload) => grids[0]!.cellsOf(workload));
};

test('a grid is the product of all that is varied, by machine, policy and seed', () => {
  const cells = cellsOf(page, { seeds: { from: 7, count: 2 } });
  expect(cells.map(cellWords)).toEqual([
    'lru, seed 7, a.ids, capacity 10, unit pages, tickUs 1000',
    'lru, seed 8, a.ids, capacity 10, unit pages, tickUs 1000',
    'opt, seed 7, a.ids, capacity 10, unit pages, tickUs 1000',
    'opt, seed 8, a.ids, capacity 10, unit pages, tickUs 1000',
    'lru, seed 7, a.ids, capacity 5%, unit pages, tickUs 1000',
    'lru, seed 8, a.ids, capacity 5%, unit pages, tickUs 1000',
    'opt, seed 7, a.ids, capacity 5%, unit pages, tickUs 1000',
    'opt, seed 8, a.ids, capacity 5%, unit pages, tickUs 1000',
  ]);
});

test('what is named twice is taken once; seeds of a grid go before those of the sweep, and those before that of the command', () => {
  expect(cellsOf(compare, {}, 5).map(cellWords)).toEqual(['fifo, seed 5, b.json']);
  const twice = { ...compare, policies: ['fifo', 'srtf', 'fifo'], seeds: [1, 1, 2] };
  expect(cellsOf(twice, { seeds: [9] }, 5).map(cellWords)).toEqual([
    'fifo, seed 1, b.json',
    'fifo, seed 2, b.json',
    'srtf, seed 1, b.json',
    'srtf, seed 2, b.json',
  ]);
});

test('every dimension of a machine multiplies', () => {
  const grid = {
    ...compare,
    capacities: [1, 2],
    cores: [1, 2, 3],
    paging: ['lru', 'fifo'],
    loadControl: ['none', 'working-set'],
    slice: '1s',
  };
  const cells = cellsOf(grid);
  expect(cells).toHaveLength(24);
  expect(new Set(cells.map((cell) => JSON.stringify(cell))).size).toBe(24);
  expect(cells.at(-1)).toEqual({
    kind: 'compare',
    workload: 'b.json',
    policy: 'fifo',
    seed: 1,
    capacity: 2,
    cores: 3,
    paging: 'fifo',
    loadControl: 'working-set',
    sliceUs: 1_000_000,
  });
  expect(cellsOf({ ...sessions, sessions: [2, 3], capacities: [1, 2, 3] })).toHaveLength(6);
});

test('all stands for every policy of the kind', () => {
  const policies = (grid: object): string[] => cellsOf(grid).map(({ policy }) => policy);
  expect(policies({ ...page, policies: 'all', capacities: 1 })).toContain('s3-fifo');
  expect(policies({ ...compare, policies: 'all' })).toContain('justitia');
  expect(policies({ ...sessions, policies: 'all' })).toContain('provider-1h');
});

test('the key changes with the version, the content and every field of the cell, and not with the name of the file', () => {
  const cell = cellsOf(page)[0]!;
  const at = { version: '1.0.0', content: 'c' };
  const others = [
    keyOf(cell, { ...at, version: '1.0.1' }),
    keyOf(cell, { ...at, content: 'd' }),
    ...Object.entries({ policy: 'mru', seed: 2, capacity: { amount: 11 }, unit: 'size', tickUs: 5 }).map(
      ([field, value]) => keyOf({ ...cell, [field]: value }, at),
    ),
  ];
  expect(new Set([keyOf(cell, at), ...others]).size).toBe(8);
  expect(keyOf({ ...cell, workload: 'elsewhere.ids' }, at)).toBe(keyOf(cell, at));
});

const refused: readonly [document: unknown, line: string | RegExp][] = [
  [[], 'x.json: document: [] is not allowed; allowed: an object with the fields grids, name, seeds'],
  [{}, 'x.json: grids: missing; allowed: a list of at least 1'],
  [{ grids: [] }, 'x.json: grids: [] is not allowed; allowed: a list of at least 1'],
  [{ grids: [{}] }, 'x.json: grids[0].kind: missing; allowed: page, compare, sessions'],
  [{ grids: [{ ...page, kind: 'run' }] }, /grids\[0\]\.kind: "run" is not allowed; allowed: page, compare/],
  [
    { grids: [{ ...page, policies: ['lru', 'lruu'] }] },
    /^x\.json: grids\[0\]\.policies\[1\]: "lruu" is not allowed; allowed: all, .*s3-fifo/,
  ],
  [{ grids: [{ ...page, policies: [] }] }, /grids\[0\]\.policies: \[\] is not allowed/],
  [{ grids: [{ ...page, workloads: undefined }] }, /grids\[0\]\.workloads: missing/],
  [{ grids: [{ ...page, cores: 3 }] }, /grids\[0\]\.cores: unknown field: 3 .*capacities/],
  [
    { grids: [{ ...page, capacities: [1, '0%'] }] },
    /grids\[0\]\.capacities\[1\]: "0%" .*at least 1, or a share of the footprint such as "10%"$/,
  ],
  [{ grids: [{ ...page, capacities: 1.5 }] }, /grids\[0\]\.capacities: 1\.5 is not allowed/],
  [{ grids: [page], seeds: -1 }, 'x.json: seeds: -1 is not allowed; allowed: an integer of at least 0'],
  [{ grids: [page], seeds: { from: 1 } }, /seeds\.count: missing; allowed: an integer from 1 to 10000/],
  [{ grids: [page], seeds: { from: Number.MAX_SAFE_INTEGER, count: 2 } }, /seeds: .* allowed: seeds up to/],
  [{ grids: [{ ...compare, arrivals: 'soon' }] }, /grids\[0\]\.arrivals: "soon" .*poisson:RATE/],
  [{ grids: [{ ...compare, slice: '0s' }] }, /grids\[0\]\.slice: "0s" is not allowed/],
  [{ grids: [{ ...compare, paging: 'opt' }] }, /grids\[0\]\.paging: "opt" is not allowed/],
  [{ grids: [{ ...sessions, policies: 'opt' }] }, /grids\[0\]\.policies: "opt" is not allowed/],
  [
    {
      grids: [
        { ...page, name: 'a' },
        { ...compare, name: 'a' },
      ],
    },
    'x.json: grids[1].name: "a" is not allowed; allowed: a name that no other grid has',
  ],
  [
    {
      grids: [{ ...page, policies: 'all', capacities: Array.from({ length: 500 }, (_, at) => at + 1) }],
      seeds: { from: 0, count: 10_000 },
    },
    /^x\.json: \d+ cells; allowed: 100000 at most$/,
  ],
];
for (const [document, line] of refused)
  test(`no sweep: ${String(line).slice(0, 60)}`, () => {
    const problem = problemOf(document);
    if (typeof line === 'string') expect(problem).toBe(line);
    else expect(problem).toMatch(line);
  });

function problemOf(document: unknown): string {
  try {
    parseSweep('x.json', JSON.stringify(document));
    return 'nothing is wrong';
  } catch (error) {
    expect(error).toBeInstanceOf(KernelError);
    return (error as KernelError).message;
  }
}
