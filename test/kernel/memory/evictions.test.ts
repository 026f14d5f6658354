/** What is missing, what leaves to make room, and what that costs. */
import { expect, test } from 'vitest';

import type { Allocate, Syscall } from '../../../src/kernel/syscalls.ts';
import { runAgents, type Agent } from '../../support/run-agents.ts';
import { burst, sleep, think } from '../../support/syscalls.ts';

import { evicted, last, memory, page, paid, S } from './scenario.ts';

/** One agent that has the prompts one after another, each a list of pages. */
const prompts = (...lists: readonly (readonly string[])[]): Agent => ({
  body: lists.flatMap((names) => [
    { kind: 'truncate', pages: 0 } as const,
    ...names.map((name) => page(name)),
    think(20),
  ]),
});

test('faults are compulsory the first time and capacity after an eviction', () => {
  const ran = runAgents({
    agents: [prompts(['a'], ['b'], ['c'], ['a'])],
    ...memory(320, { residency: 'independent' }),
  });
  expect(ran.all('page.faulted').map(({ kind, tokens }) => [kind, tokens])).toEqual([
    ['compulsory', 100],
    ['compulsory', 100],
    ['compulsory', 100],
  ]);
  const small = runAgents({
    agents: [prompts(['a'], ['b'], ['c'], ['a'])],
    ...memory(220, { residency: 'independent' }),
  });
  expect(small.all('page.faulted').at(-1)).toMatchObject({ kind: 'capacity', tokens: 100 });
  expect(paid(small).at(-1)).toEqual([0, 100, 0]);
});

test('lru evicts what was used longest ago, the pages of the running call never', () => {
  const ran = runAgents({
    agents: [prompts(['a'], ['b'], ['a'], ['c', 'd'])],
    ...memory(320, { residency: 'independent' }),
  });
  // b goes for c and d; a, used later, stays: 100 + 200 + room for 20.
  expect(evicted(ran)).toEqual([[2, 1]]);
});

test('room for the maximal answer is kept free while the call runs', () => {
  const body = (name: string): Agent => ({ body: [page(name), burst(10 * S, { maxOutput: 50 })] });
  const { all } = runAgents({ agents: [body('a'), body('b')], ...memory(299, {}, { cores: 2 }) });
  // 2 × 150 don't fit into 299: the second waits though a core is idle.
  expect(all('process.waiting', 2)).toMatchObject([{ on: 'memory', atUs: 0 }]);
  expect(all('process.dispatched', 2)[0]?.atUs).toBe(10 * S);
  const fits = runAgents({ agents: [body('a'), body('b')], ...memory(300, {}, { cores: 2 }) });
  expect(fits.all('process.dispatched', 2)[0]?.atUs).toBe(0);
});

test('prefix, leaf: what others stand on never leaves before them', () => {
  const ran = runAgents({
    agents: [prompts(['a', 'b', 'c'], ['x'], ['a', 'b', 'c'])],
    ...memory(330, { residency: 'prefix' }),
  });
  // x needs 90 more: the tip c leaves; then it is repeated, and nothing else.
  expect(evicted(ran)[0]).toEqual([3, 1]);
  expect(paid(ran).at(-1)).toEqual([0, 100, 200]);
});

test('prefix, any: a hole re-bills everything behind it', () => {
  // Importance decides here: the first page of the prompt is the least important, so it leaves first.
  const body: Syscall[] = [
    page('a', 100, { importance: 0.1 }),
    page('b'),
    page('c'),
    think(20),
    { kind: 'truncate', pages: 0 },
    page('x'),
    think(20),
    { kind: 'truncate', pages: 0 },
    page('a'),
    page('b'),
    page('c'),
    think(20),
  ];
  const run = (victims: 'any' | 'leaf') =>
    runAgents({
      agents: [{ body }],
      kernel: { residency: 'prefix', victims, engines: [{ memoryTokens: 330 }] },
    });
  const any = run('any');
  expect(evicted(any)[0]).toEqual([1, 1]);
  expect(paid(any).at(-1)).toEqual([0, 300, 0]);
  expect(any.all('page.faulted').slice(-2)).toMatchObject([
    { kind: 'capacity', tokens: 100 },
    { kind: 'hole', pages: 2, tokens: 200 },
  ]);
  expect(paid(run('leaf')).at(-1)).toEqual([0, 100, 200]);
});

test('prefix, any: lru evicts the tail of a prefix first, for it is told that it is colder', () => {
  const ran = runAgents({
    agents: [prompts(['a', 'b', 'c'], ['x'])],
    ...memory(330, { residency: 'prefix', victims: 'any' }),
  });
  expect(evicted(ran)).toEqual([[3, 1]]);
});

test('a part of an extent leaves, and comes back alone', () => {
  const context: Allocate = { kind: 'allocate', tokens: 10, blocks: { space: 's', first: 0, count: 30 } };
  const ran = runAgents({
    agents: [
      {
        body: [
          context,
          think(20),
          { kind: 'truncate', pages: 0 },
          page('x', 150),
          think(20),
          { kind: 'truncate', pages: 0 },
          context,
          think(20),
        ],
      },
    ],
    ...memory(330, { residency: 'prefix' }),
  });
  // 300 + 150 + 20 in 330: 14 blocks leave, from the tail.
  expect(evicted(ran)[0]).toEqual([17, 14]);
  expect(paid(ran).at(-1)).toEqual([0, 140, 160]);
});

test('an answer is in memory without a load of its own', () => {
  const answer = think(40, { keepAnswer: true, script: { tokensOut: 40, text: 'yes' } });
  const ran = runAgents({ agents: [{ body: [page('a'), answer, think(10)] }], ...memory(1_000) });
  expect(paid(ran)).toEqual([
    [100, 0, 0],
    [0, 0, 140],
  ]);
});

test('an answer that does not fit beside what is pinned stays outside, and nothing leaves for it', () => {
  // Agent 2 answers 80 tokens where 10 were reserved. Agent 1 runs on, and so does what it pins.
  const overlong = {
    kind: 'think',
    maxOutput: 10,
    keepAnswer: true,
    script: { tokensOut: 80, durationUs: S, text: 'long' },
  } as const;
  const ran = runAgents({
    agents: [
      {
        body: [
          page('old'),
          think(10),
          { kind: 'truncate', pages: 0 },
          page('a'),
          burst(50 * S, { maxOutput: 10 }),
        ],
      },
      { atUs: 5 * S, body: [page('b'), overlong, sleep(90 * S)] },
    ],
    ...memory(350, { residency: 'independent' }, { cores: 2 }),
    untilUs: 40 * S,
  });
  // 100 + 10 pinned, b's 100, old's 100: 40 are free. old would have to leave, and then the answer would fit: so it does.
  expect(evicted(ran)).toEqual([[1, 1]]);
  const tight = runAgents({
    agents: [
      {
        body: [
          page('old', 20),
          think(10),
          { kind: 'truncate', pages: 0 },
          page('a'),
          burst(50 * S, { maxOutput: 60 }),
        ],
      },
      { atUs: 5 * S, body: [page('b'), overlong, sleep(90 * S)] },
    ],
    ...memory(300, { residency: 'independent' }, { cores: 2 }),
    untilUs: 40 * S,
  });
  // 160 pinned, b's 100: the 40 that are left, old's 20 among them, are too few.
  expect(evicted(tight)).toEqual([]);
  expect(last(tight).residentTokens).toBe(220);
});
