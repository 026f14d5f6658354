/** Property: in random worlds whose engines have slower tiers, prefetching breaks no promise, whatever the policy wants; and the same seed gives the same events. */
import { expect, test } from 'vitest';

import type { CreatePagingPolicy } from '../../src/kernel/contracts.ts';
import { stepsToExecution } from '../../src/policies/paging/sessions/steps-to-execution.ts';
import { fickle, lastActiveFirst } from '../support/prefetching-policies.ts';
import { seedCount } from '../support/seeds.ts';
import { Draw } from './random-draw.ts';
import { runWorld, type WorldResult, type WorldSetup } from './random-world.ts';
import { rngFor } from '../../src/base/rng.ts';

const policies: readonly CreatePagingPolicy[] = [stepsToExecution, lastActiveFirst, fickle];

/** The same world with prefixes, small memories, slower tiers and a policy that prefetches from them. */
function withTiers(seed: number, setup: WorldSetup): WorldSetup {
  const draw = new Draw(rngFor(seed, 'world/tiers'));
  const { kernel } = setup;
  return {
    ...setup,
    kernel: {
      ...kernel,
      residency: 'prefix',
      victims: draw.of(['leaf', 'leaf', 'any'] as const),
      paging: draw.of(policies),
      plan: { stepsToCall: (pid) => (pid * 7) % 5 },
      engines: kernel.engines!.map((engine) => ({
        ...engine,
        memoryTokens: Math.ceil(engine.memoryTokens! / draw.of([1, 2, 4])),
        loadTokensPerSecond: draw.of([100, 777, 77_777, 10_000_000]),
        loadLatencyUs: draw.of([0, 1_500, 2_000_000]),
      })),
    },
  };
}

function runSeed(seed: number): WorldResult {
  try {
    return runWorld(seed, { alter: (setup) => withTiers(seed, setup) });
  } catch (error) {
    throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
  }
}

test('random programs, faults and signals: prefetching breaks no promise and leaves nothing behind', () => {
  const counts = new Map<string, number>();
  for (let seed = 1; seed <= seedCount(80, 50_000); seed++)
    for (const [type, count] of runSeed(seed).counts) counts.set(type, (counts.get(type) ?? 0) + count);
  // Rarely: few of these programs live long enough beside each other. Those of the kernel's own test of prefetching do it all the time.
  expect(counts.get('prefetch.ended')).toBeGreaterThan(5);
});

test('the same seed gives the same events', () => {
  for (let seed = 1; seed <= seedCount(15, 1_000); seed++)
    expect(runSeed(seed), `seed ${seed}`).toEqual(runSeed(seed));
});
