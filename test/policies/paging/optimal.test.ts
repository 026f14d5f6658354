/** With pages of one size, the optimal policy has no more misses than any policy that loads on every miss; and no more than all ways of choosing victims. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { CreatePagingPolicy } from '../../../src/kernel/contracts.ts';
import { KernelError } from '../../../src/kernel/errors.ts';
import { pagingPolicies } from '../../../src/policies/index.ts';
import { pageReplayDefaults, PageReplay, type PageCounts } from '../../../src/sim/paging/page-replay.ts';
import type { ReferenceTrace } from '../../../src/sim/paging/reference-trace.ts';
import { denseTrace } from '../../support/dense-trace.ts';
import { seedCount } from '../../support/seeds.ts';

const { opt, ...others } = pagingPolicies;

/** Some runs, some jumps: pages that follow one another, and the low ones more often. */
const references = fc
  .array(
    fc.record({ from: fc.nat({ max: 30 }), from2: fc.nat({ max: 30 }), run: fc.integer({ min: 1, max: 9 }) }),
    {
      minLength: 5,
      maxLength: 40,
    },
  )
  .map((jumps) => jumps.flatMap(({ from, from2, run }) => range(Math.min(from, from2), run)));

const range = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, at) => first + at);

/** Undefined: the policy cannot run at this capacity. */
function countsOf(
  trace: ReferenceTrace,
  create: CreatePagingPolicy,
  capacity: number,
): PageCounts | undefined {
  try {
    const replay = new PageReplay(trace, create, { ...pageReplayDefaults, capacity });
    replay.run();
    return replay.counts;
  } catch (error) {
    if (error instanceof KernelError && error.code === 'INVALID_ARGUMENT') return undefined;
    throw error;
  }
}

test('opt misses no more than any policy of the table that loads on every miss', () => {
  const compared = new Set<string>();
  fc.assert(
    fc.property(references, fc.integer({ min: 1, max: 24 }), (pages, capacity) => {
      const trace = denseTrace(pages);
      const fewest = countsOf(trace, opt, capacity)!;
      expect(fewest.bypasses).toBe(0);
      for (const [name, create] of Object.entries<CreatePagingPolicy>(others)) {
        const counts = countsOf(trace, create, capacity);
        if (counts === undefined || counts.bypasses > 0) continue;
        compared.add(name);
        expect(counts.misses, name).toBeGreaterThanOrEqual(fewest.misses);
      }
    }),
    { seed: 1, numRuns: seedCount(500, 10_000) },
  );
  expect([...compared].sort()).toEqual(Object.keys(others).sort());
});

test('opt misses as often as the best of all choices of victims', () => {
  const few = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 16 });
  fc.assert(
    fc.property(few, fc.integer({ min: 1, max: 4 }), (pages, capacity) => {
      expect(countsOf(denseTrace(pages), opt, capacity)!.misses).toBe(fewestMisses(pages, capacity));
    }),
    { seed: 2, numRuns: seedCount(200, 5_000) },
  );
});

/** From reference `at` on, with these pages resident. */
function fewestMisses(
  pages: readonly number[],
  capacity: number,
  at = 0,
  resident: readonly number[] = [],
): number {
  if (at === pages.length) return 0;
  const page = pages[at]!;
  if (resident.includes(page)) return fewestMisses(pages, capacity, at + 1, resident);
  const rests =
    resident.length < capacity
      ? [resident]
      : resident.map((victim) => resident.filter((other) => other !== victim));
  return 1 + Math.min(...rests.map((rest) => fewestMisses(pages, capacity, at + 1, [...rest, page])));
}
