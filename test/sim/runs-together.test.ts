/** Property: stored runs with the same pids go on in one kernel as each goes on in a kernel of its own. A failing seed names itself; it becomes a scenario of its own. */
import { expect, test } from 'vitest';

import { seedCount } from '../support/seeds.ts';
import { runsTogether, type TogetherResult } from './runs-together.ts';

function runSeed(seed: number): TogetherResult {
  try {
    return runsTogether(seed);
  } catch (error) {
    throw new Error(`runsTogether(${seed}): ${String(error)}`, { cause: error });
  }
}

test('runs of the same pids go on in one kernel as alone', () => {
  const total = { runs: 0, restored: 0, spawned: 0, renumbered: 0 };
  for (let seed = 1; seed <= seedCount(25, 20_000); seed++) {
    const result = runSeed(seed);
    for (const name of ['runs', 'restored', 'spawned', 'renumbered'] as const) total[name] += result[name];
  }
  // They are many, of more than one process, and start others.
  expect(total.runs).toBeGreaterThan(25);
  expect(total.restored).toBeGreaterThan(total.runs);
  expect(total.spawned).toBeGreaterThan(total.runs);
  expect(total.renumbered).toBeGreaterThan(total.runs / 2);
});
