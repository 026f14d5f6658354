/** Property: whenever a kernel crashes, nothing is lost but what was under way. A failing seed names itself; it becomes a scenario of its own. */
import { expect, test } from 'vitest';

import { seedCount } from '../support/seeds.ts';
import { crashWorld, type CrashResult } from './random-crash.ts';

function runSeed(seed: number): CrashResult {
  try {
    return crashWorld(seed);
  } catch (error) {
    throw new Error(`crashWorld(${seed}): ${String(error)}`, { cause: error });
  }
}

test('crashes at random moments of random worlds: what was stored goes on as it was', () => {
  const total = { restored: 0, moved: 0, interrupted: 0 };
  for (let seed = 1; seed <= seedCount(130, 50_000); seed++) {
    const { restored, moved, counts } = runSeed(seed);
    total.restored += restored;
    total.moved += moved;
    total.interrupted += counts.get('tool.interrupted') ?? 0;
  }
  // These worlds restore something, and most of it can be compared in full.
  expect(total.restored).toBeGreaterThan(300);
  expect(total.moved).toBeLessThan(total.restored / 2);
  expect(total.interrupted).toBeGreaterThan(10);
});
