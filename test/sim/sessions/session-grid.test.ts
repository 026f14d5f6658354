/** Cells, provider caches and the grid, on small sessions made here. */
import { expect, test } from 'vitest';

import { engineDefaults } from '../../../src/kernel/engine-options.ts';
import { pagingPolicies } from '../../../src/policies/paging/index.ts';
import { replayOnProvider } from '../../../src/sim/sessions/provider-cache.ts';
import { drawCell, runCell } from '../../../src/sim/sessions/session-cell.ts';
import {
  compare,
  gapClosed,
  gridTasks,
  runGrid,
  runTask,
  type GridRequest,
} from '../../../src/sim/sessions/session-grid.ts';
import { halfOf, type SessionTrace } from '../../../src/sim/sessions/session-trace.ts';
import { call, chain } from './support.ts';

const second = 1_000_000;

/** Ten sessions of 3 to 12 calls that grow by a block a call; the odd ones have a sub-agent. */
const trace: SessionTrace = {
  name: 'made',
  blockTokens: 100,
  sessions: Array.from({ length: 10 }, (_, index) => {
    const calls = Array.from({ length: index + 3 }, (_unused, at) =>
      call(at * (5 + index) * second, at, [[at + 1, 1]], {
        durationUs: second,
        tokensIn: (at + 1) * 100 + 7,
        tokensOut: 10,
        pause: at % 3 === 2 ? 'person' : 'tool',
      }),
    );
    const subAgent = { ...chain([call(0, 0, [[1, 4]])]), startUs: 3 * second };
    return { name: `session ${index}`, chains: index % 2 === 0 ? [chain(calls)] : [chain(calls), subAgent] };
  }),
};

const cell = { sessions: 4, memoryTokens: 2_000, arrivalsUs: 20 * second, endUs: 60 * second };

test('a cell draws sessions without replacement, each at a moment of its own, the same for each seed', () => {
  const chains = drawCell(trace, { ...cell, seed: 3 });
  expect(drawCell(trace, { ...cell, seed: 3 })).toEqual(chains);
  expect(drawCell(trace, { ...cell, seed: 4 })).not.toEqual(chains);
  const own = chains.filter(({ chain: { calls } }) => calls.length > 1);
  expect(new Set(own.map((placed) => placed.chain)).size).toBe(4);
  expect(new Set(chains.map(({ space }) => space)).size).toBe(chains.length);
  for (const {
    startUs,
    chain: { calls },
  } of own) {
    expect(calls.length).toBeGreaterThanOrEqual(5);
    expect(startUs).toBeLessThan(20 * second);
  }
  // Sub-agents begin with their own offset, and do not count.
  const all = drawCell(trace, { ...cell, sessions: 8, seed: 1 });
  expect(all.length).toBe(12);
});

test('too few sessions are bad input that says how many there are', () => {
  for (const sessions of [0, 9, 1.5])
    expect(() => drawCell(trace, { ...cell, sessions, seed: 1 })).toThrow(
      `sessions: ${sessions} is not allowed; allowed: an integer from 1 to 8 (those of made with at least 5 calls)`,
    );
});

test('figures of a cell are those of its counts', () => {
  const { counts, ...figures } = runCell(trace, pagingPolicies.lru, {
    ...cell,
    memoryTokens: 1_000,
    seed: 1,
  });
  const { hitBlocks, contextBlocks, tokensIn, repeatedBlocks } = counts;
  expect(hitBlocks).toBeGreaterThan(0);
  expect(repeatedBlocks).toBeGreaterThan(0);
  const prefillTokens = tokensIn - hitBlocks * 100;
  expect(figures).toEqual({
    tokenHitRate: hitBlocks / contextBlocks,
    prefillTokens,
    repeatedTokens: repeatedBlocks * 100,
    prefillUs: Math.round((prefillTokens / 8_000) * 1e6),
    repeatedUs: Math.round(((repeatedBlocks * 100) / 8_000) * 1e6),
    prefetchedTokens: 0,
    usefulPrefetchedTokens: 0,
    promptMicroDollarsPerSession: Math.ceil(prefillTokens * 3 + hitBlocks * 100 * 0.3) / 4,
  });
});

test('a provider holds a context for its time to live from the last call on, and bills writes and reads', () => {
  // Calls at 0, 4, 9, 15 s with 1, 2, 3, 4 blocks; held for 5 s: the last one comes too late.
  const calls = [0, 4, 9, 15].map((at, index) =>
    call(at * second, index, [[index + 1, 1]], { tokensIn: index * 100 + 130 }),
  );
  const { counts, promptMicroDollars } = replayOnProvider(
    [{ chain: chain(calls), startUs: 0, space: 2, workflow: 0 }],
    { name: 'provider', ttlUs: 5 * second, writeFactor: 1.25 },
    { endUs: 20 * second, blockTokens: 100, engine: engineDefaults },
  );
  expect(counts).toMatchObject({
    calls: 4,
    contextBlocks: 10,
    hitBlocks: 3,
    repeatedBlocks: 3,
    tokensIn: 1_120,
  });
  // 300 read at 0.3, 700 written at 3.75, 120 plain at 3.
  expect(promptMicroDollars).toBe(Math.ceil(300 * 0.3 + 700 * 3.75 + 120 * 3));
});

const request: GridRequest = {
  contenders: [
    { name: 'lru' },
    { name: 'hit-density' },
    { name: 'must load', policy: 'hit-density', admission: 'must' },
    { name: 'holes', policy: 'importance-lru', victims: 'any' },
    { name: 'clairvoyant-sessions' },
    { name: 'provider-5m' },
  ],
  sessions: [4, 6],
  memoryTokens: [1_000, 2_000],
  seeds: [1, 2, 3],
  cell: { arrivalsUs: 20 * second, endUs: 60 * second },
};

test('a grid is its tasks, as plain data, in order', () => {
  const rows = runGrid(trace, request);
  const tasks = gridTasks(request);
  expect(rows.length).toBe(6 * 2 * 2 * 3);
  expect(JSON.parse(JSON.stringify(rows))).toEqual(rows);
  const again = tasks.map((task) => runTask(structuredClone(trace), structuredClone(task)));
  expect(again).toEqual(rows);
  expect(rows[3]).toMatchObject({ contender: { name: 'hit-density' }, request: { sessions: 4, seed: 1 } });
  const rateOf = (name: string): number[] =>
    rows.filter(({ contender }) => contender.name === name).map(({ result }) => result.tokenHitRate);
  expect(rateOf('must load')).not.toEqual(rateOf('hit-density'));
  for (const rate of rateOf('provider-5m')) expect(rate).toBeGreaterThan(0.5);
});

test('comparisons are paired by seed, and the gap is that of the cells', () => {
  const rows = runGrid(trace, request);
  const bound = 'clairvoyant-sessions';
  const cells = compare(rows, { name: bound, baseline: 'lru', measure: 'tokenHitRate' });
  expect(cells.map(({ sessions, memoryTokens }) => [sessions, memoryTokens])).toEqual([
    [4, 1_000],
    [4, 2_000],
    [6, 1_000],
    [6, 2_000],
  ]);
  for (const { difference } of cells) expect(difference.mean).toBeGreaterThan(0);
  expect(gapClosed(rows, { name: 'lru', baseline: 'lru', bound }).mean).toBe(0);
  expect(gapClosed(rows, { name: bound, baseline: 'lru', bound }).mean).toBeCloseTo(1, 9);
  const own = gapClosed(rows, { name: 'hit-density', baseline: 'lru', bound });
  expect(own.low).toBeLessThan(own.mean);
  expect(own.mean).toBeLessThan(1);
});

test('an unknown policy, and one that cannot run here, say so in one line', () => {
  const task = (name: string) => ({ contender: { name }, request: { ...cell, seed: 1 } });
  expect(() => runTask(trace, task('fastest'))).toThrow('paging: "fastest" is not allowed');
  expect(() => runTask(trace, task('steps-to-execution'))).toThrow('workflow');
});

test('the halves of a trace have all sessions between them', () => {
  const names = (half: 'even' | 'odd'): string[] => halfOf(trace, half).sessions.map(({ name }) => name);
  expect(names('even')).toEqual(['session 0', 'session 2', 'session 4', 'session 6', 'session 8']);
  expect(names('odd')).toEqual(['session 1', 'session 3', 'session 5', 'session 7', 'session 9']);
});
