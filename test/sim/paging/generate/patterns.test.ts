import { expect, test } from 'vitest';

import { generateMixture } from '../../../../src/sim/paging/generate/mixture.ts';
import { parseMixturePart } from '../../../../src/sim/paging/generate/parse-mixture-part.ts';
import { generateLoop, generateScan } from '../../../../src/sim/paging/generate/scan-and-loop.ts';
import { generateStack } from '../../../../src/sim/paging/generate/stack.ts';
import { generateZipf, zipfPattern } from '../../../../src/sim/paging/generate/zipf.ts';
import { rngFor } from '../../../../src/base/rng.ts';
import { naiveDense, plain, problemOf } from '../../../support/references.ts';

/** Sum over classes of (seen − expected)² / expected. */
function chiSquare(seen: readonly number[], shares: readonly number[]): number {
  const total = seen.reduce((sum, count) => sum + count, 0);
  return seen.reduce((sum, count, index) => {
    const expected = total * shares[index]!;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
}

test('zipf: ranks have the probabilities of the law, for each alpha', () => {
  for (const alpha of [0, 0.7, 1, 1.3]) {
    const pages = 50;
    const pattern = zipfPattern({ ids: pages, alpha }, rngFor(5, `alpha ${alpha}`));
    const seen = Array.from({ length: pages }, () => 0);
    for (let draw = 0; draw < 100_000; draw++) seen[pattern.next()]!++;
    const weights = seen.map((_, index) => 1 / (index + 1) ** alpha);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    // 49 degrees of freedom: above 95 in one of 10,000 cases.
    expect(
      chiSquare(
        seen,
        weights.map((weight) => weight / total),
      ),
      `alpha ${alpha}`,
    ).toBeLessThan(95);
  }
});

test('zipf: extremes', () => {
  expect(plain(generateZipf({ requests: 4, ids: 1, alpha: 1, seed: 1 }))).toEqual({
    ids: [1, 1, 1, 1],
    unique: 1,
  });
  // At this alpha all but the first rank are as good as never.
  expect(generateZipf({ requests: 1_000, ids: 1_000, alpha: 50, seed: 1 }).unique).toBe(1);
});

test('the same seed makes the same trace, another seed another one', () => {
  const options = { requests: 1_000, ids: 100, alpha: 1 };
  const first = plain(generateZipf({ ...options, seed: 7 }));
  expect(plain(generateZipf({ ...options, seed: 7 }))).toEqual(first);
  expect(plain(generateZipf({ ...options, seed: 8 }))).not.toEqual(first);
  expect(naiveDense(first.ids)).toEqual(first); // dense, in order of first appearance
});

test('scan: every page once; loop: round and round', () => {
  expect(plain(generateScan({ requests: 4 }))).toEqual({ ids: [1, 2, 3, 4], unique: 4 });
  expect(plain(generateLoop({ requests: 7, ids: 3 }))).toEqual({ ids: [1, 2, 3, 1, 2, 3, 1], unique: 3 });
});

test('stack: reuses have the depths of the law, so that the misses of LRU are known', () => {
  const ids = 200;
  const trace = generateStack({ requests: 60_000, ids, alpha: 0.8, seed: 3 });
  expect(naiveDense([...trace.ids])).toEqual(plain(trace));
  const stack: number[] = []; // the most recently used page last
  const seen = Array.from({ length: ids }, () => 0);
  for (const id of trace.ids) {
    const at = stack.lastIndexOf(id);
    // Until every page has appeared, a page's depth among those that have is too small.
    if (stack.length === ids) seen[ids - 1 - at]!++;
    if (at !== -1) stack.splice(at, 1);
    stack.push(id);
  }
  const weights = seen.map((_, index) => 1 / (index + 1) ** 0.8);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  expect(seen.reduce((sum, count) => sum + count)).toBeGreaterThan(40_000);
  // 199 degrees of freedom: above 280 in one of 10,000 cases.
  expect(
    chiSquare(
      seen,
      weights.map((weight) => weight / total),
    ),
  ).toBeLessThan(280);
});

test('a mixture in phases: each part for its share of a round, going on where it stopped', () => {
  const parts = [
    { pattern: 'loop', ids: 2, weight: 3 },
    { pattern: 'scan', weight: 1 },
  ] as const;
  const { ids } = generateMixture({ requests: 16, seed: 1, parts, arrange: 'phases', rounds: 2 });
  expect([...ids]).toEqual([1, 2, 1, 2, 1, 2, 3, 4, 1, 2, 1, 2, 1, 2, 5, 6]);
  // Rounds whose length is not whole: 33 1/3 references each, of which 8 1/3 are the scan's.
  const many = generateMixture({ requests: 1_000, seed: 1, parts, arrange: 'phases', rounds: 30 });
  expect(Math.abs(many.unique - 2 - 250)).toBeLessThan(5);
});

test('an interleaved mixture: parts have pages of their own, and their shares', () => {
  const { ids, unique } = generateMixture({
    requests: 40_000,
    seed: 1,
    parts: [
      { pattern: 'loop', ids: 10, weight: 3 },
      { pattern: 'zipf', ids: 5, alpha: 0 },
    ],
  });
  expect(unique).toBe(15);
  const counts = Array.from({ length: 16 }, () => 0);
  for (const id of ids) counts[id]!++;
  const ofLoop = counts.filter((count) => count > 2_500);
  expect(ofLoop.length).toBe(10); // 3,000 each; the others 2,000
  expect(Math.max(...ofLoop) - Math.min(...ofLoop)).toBeLessThanOrEqual(1);
});

test('parts are read from text', async () => {
  expect(parseMixturePart('--part', 'scan')).toEqual({ pattern: 'scan' });
  expect(parseMixturePart('--part', 'zipf:ids=1000,alpha=0.8,weight=3')).toEqual({
    pattern: 'zipf',
    ids: 1_000,
    alpha: 0.8,
    weight: 3,
  });
  for (const text of ['', 'zap', 'loop:alpha=1', 'loop:ids', 'loop:ids=-1', 'loop:ids=1,ids=2', 'a:b:c'])
    expect(await problemOf(() => parseMixturePart('--part', text)), text).toBe(
      `INVALID_ARGUMENT: --part: "${text}" is not allowed; allowed: zipf:ids=N,alpha=N, stack:ids=N,alpha=N, loop:ids=N, scan, each also with weight=N`,
    );
});

test('what cannot be is told with field, value and what is allowed', async () => {
  const zipf = { requests: 10, ids: 10, alpha: 1, seed: 1 };
  const wrong: [action: () => unknown, message: string][] = [
    [
      () => generateZipf({ ...zipf, requests: 0 }),
      'requests: 0 is not allowed; allowed: an integer from 1 to 2147483647',
    ],
    [
      () => generateZipf({ ...zipf, ids: 0.5 }),
      'ids: 0.5 is not allowed; allowed: an integer from 1 to 67108864',
    ],
    [() => generateZipf({ ...zipf, alpha: -1 }), 'alpha: -1 is not allowed; allowed: a number from 0 to 100'],
    [
      () => generateLoop({ requests: 5, ids: 0 }),
      'ids: 0 is not allowed; allowed: an integer from 1 to 268435455',
    ],
    [
      () => generateScan({ requests: 0 }),
      'requests: 0 is not allowed; allowed: an integer from 1 to 268435455',
    ],
    [
      () => generateMixture({ requests: 5, seed: 1, parts: [] }),
      'parts: "none" is not allowed; allowed: at least one pattern',
    ],
    [
      () => generateMixture({ requests: 5, seed: 1, parts: [{ pattern: 'scan', weight: 0 }] }),
      'weight: 0 is not allowed; allowed: a number greater than 0, at most 1000000',
    ],
  ];
  for (const [action, message] of wrong) expect(await problemOf(action)).toBe(`INVALID_ARGUMENT: ${message}`);
});
