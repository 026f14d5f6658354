import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { lru } from '../../../../src/policies/paging/lru.ts';
import { evenlySpaced } from '../../../../src/sim/paging/curves/capacity-points.ts';
import { lruCurve } from '../../../../src/sim/paging/curves/lru-curve.ts';
import { policyPoints } from '../../../support/policy-points.ts';
import { StackDistances } from '../../../../src/sim/paging/curves/stack-distances.ts';
import { generateZipf } from '../../../../src/sim/paging/generate/zipf.ts';
import { pageReplayDefaults } from '../../../../src/sim/paging/page-replay.ts';
import type { ReferenceTrace } from '../../../../src/sim/paging/reference-trace.ts';
import { denseTrace } from '../../../support/dense-trace.ts';
import {
  haveReference,
  referenceMissing,
  referenceRows,
  sharedTrace,
} from '../../../support/reference-traces.ts';
import { isSoak, seedCount } from '../../../support/seeds.ts';

function replayedMisses(trace: ReferenceTrace, capacities: readonly number[]): number[] {
  return policyPoints(trace, lru, capacities, pageReplayDefaults).map(({ counts }) => counts.misses);
}

function expectAsReplayed(trace: ReferenceTrace, capacities: readonly number[]): void {
  const curve = lruCurve(trace.ids, trace.unique);
  expect(capacities.map((capacity) => curve.missesAt(capacity))).toEqual(replayedMisses(trace, capacities));
}

test('worked by hand: a b c a b b d a', () => {
  const curve = lruCurve(Int32Array.of(1, 2, 3, 1, 2, 2, 4, 1), 4);
  // Ranks in the stack: first, first, first, 3, 3, 1, first, 3.
  expect([...curve.distances]).toEqual([4, 1, 0, 3, 0]);
  expect([...curve.misses]).toEqual([8, 7, 7, 4, 4]);
  expect(curve.missRatioAt(3.9)).toBe(0.5);
  expect(curve.missRatioAt(1e9)).toBe(0.5);
});

test('no references: no misses', () => {
  expect(lruCurve(new Int32Array(0), 0).missRatioAt(5)).toBe(0);
});

test('every capacity has exactly the misses of a replay', () => {
  const pages = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 120 });
  fc.assert(
    fc.property(pages, (raw) => {
      const trace = denseTrace(raw);
      expectAsReplayed(
        trace,
        Array.from({ length: trace.unique + 1 }, (_, index) => index + 1),
      );
    }),
    { numRuns: seedCount(200, 10_000), seed: 1 },
  );
});

test('also when time is compacted again and again', () => {
  const trace = generateZipf({ requests: 300_000, ids: 30_000, alpha: 0.6, seed: 1 });
  expectAsReplayed(trace, evenlySpaced(trace.unique, 6));
  expectAsReplayed(generateZipf({ requests: 300_000, ids: 40, alpha: 1, seed: 1 }), [1, 2, 7, 20, 40]);
});

test('pages that leave the stack no longer count, whenever they leave', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.boolean()), { maxLength: 80 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 70_000 }), (steps, before) => {
      const stack = new StackDistances(9);
      // Uses of one page bring the end of the slots, where they are compacted, near to the steps.
      for (let use = 0; use < before; use++) stack.use(1);
      let naive = before > 0 ? [1] : [];
      for (const [page, leaves] of steps) {
        const rank = naive.indexOf(page) + 1;
        naive = naive.filter((other) => other !== page);
        if (leaves && rank > 0) stack.remove(page);
        if (leaves) continue;
        expect(stack.use(page)).toBe(rank);
        naive.unshift(page);
        expect(stack.size).toBe(naive.length);
      }
    }),
    { numRuns: seedCount(100, 1_000), seed: 1 },
  );
});

test.skipIf(!haveReference)(`the lru rows of other systems, from one pass each${referenceMissing}`, () => {
  const rows = referenceRows().filter(
    ({ policy, unit, requests }) => policy === 'lru' && unit === 'pages' && (isSoak || requests < 130_000),
  );
  expect(rows.length).toBeGreaterThan(10);
  for (const name of new Set(rows.map(({ trace }) => trace))) {
    const { ids, unique } = sharedTrace(name);
    const curve = lruCurve(ids, unique);
    for (const row of rows.filter(({ trace }) => trace === name))
      expect(curve.missesAt(row.capacity), `${name} at ${row.capacity}`).toBe(row.misses);
  }
});
