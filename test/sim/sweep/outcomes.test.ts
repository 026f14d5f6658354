/** Lines of results: what stands in them is found again, whole lines only, and nothing that failed. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { keyOf, type Cell, type KeyedCell } from '../../../src/sim/sweep/cells.ts';
import { rowsOf } from '../../../src/sim/sweep/figures.ts';
import { failedOutcome, lineOf, resultsIn, type Outcome } from '../../../src/sim/sweep/outcomes.ts';

const cell: Cell = {
  kind: 'page',
  // As a file may be called, and a policy may not.
  workload: 'a "b",\n"result":{} c',
  policy: 'lru',
  seed: 1,
  capacity: { amount: 3 },
  unit: 'pages',
  tickUs: 1,
};
const keyed = (seed: number): KeyedCell => {
  const own = { ...cell, seed };
  return { key: keyOf(own, { version: '1', content: 'c' }), cell: own };
};
const done = (misses: number): Outcome => ({
  result: `{"capacity":3,"requests":10,"misses":${misses},"requestedSize":10,"missedSize":${misses},"evictions":0,"bypasses":0}`,
});

test('of a text cut anywhere, every whole line is found and nothing else', () => {
  const lines = [1, 2, 3].map((seed) => lineOf(keyed(seed), done(seed)));
  const text = lines.map((line) => `${line}\n`).join('');
  fc.assert(
    fc.property(fc.integer({ min: 0, max: text.length }), (end) => {
      const whole = lines.filter((_, at) => end >= lines.slice(0, at + 1).join('\n').length).length;
      expect(resultsIn(text.slice(0, end).split('\n'))).toEqual(
        new Map([1, 2, 3].slice(0, whole).map((seed) => [keyed(seed).key, done(seed)])),
      );
    }),
    { seed: 1, numRuns: 200 },
  );
});

test('what failed is told on one line, and tried again', () => {
  const outcome = failedOutcome(new Error('first\n  second'));
  expect(outcome).toEqual({ error: 'first second' });
  const line = lineOf(keyed(1), outcome);
  expect(JSON.parse(line)).toEqual({ key: keyed(1).key, cell: keyed(1).cell, error: 'first second' });
  expect(resultsIn([line]).size).toBe(0);
});

test('means are over the seeds that have results; of equal values the mean is that value', () => {
  const cells = [1, 2, 3].map(keyed);
  const outcomes = new Map<string, Outcome>([
    [cells[0]!.key, done(1)],
    [cells[1]!.key, done(1)],
    [cells[2]!.key, { error: 'no' }],
  ]);
  const [row] = rowsOf(cells, outcomes);
  expect(row).toMatchObject({ seeds: 3, failed: 1 });
  expect(row!.figures['missRatio']).toEqual({ mean: 0.1, low: 0.1, high: 0.1 });
});
