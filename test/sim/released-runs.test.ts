/** Property: a run may leave its kernel stopped, and come back, at any moment. A failing seed names itself; it becomes a scenario of its own. */
import { expect, test } from 'vitest';

import { seedCount } from '../support/seeds.ts';
import { releasedRuns, type ReleaseResult } from './released-runs.ts';

function runSeed(seed: number): ReleaseResult {
  try {
    return releasedRuns(seed);
  } catch (error) {
    throw new Error(`releasedRuns(${seed}): ${String(error)}`, { cause: error });
  }
}

test('runs are let go and taken up again at random moments of random worlds', () => {
  const total = { released: 0, parked: 0, restored: 0 };
  for (let seed = 1; seed <= seedCount(20, 20_000); seed++) {
    const result = runSeed(seed);
    for (const name of ['released', 'parked', 'restored'] as const) total[name] += result[name];
  }
  expect(total.released).toBeGreaterThan(20);
  expect(total.parked).toBeGreaterThan(20);
  expect(total.restored).toBe(total.parked);
});
