import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { lru } from '../../../../src/policies/paging/lru.ts';
import { lruSizePoints } from '../../../../src/sim/paging/curves/lru-size-points.ts';
import { policyPoints } from '../../../support/policy-points.ts';
import { generateZipf } from '../../../../src/sim/paging/generate/zipf.ts';
import { pageReplayDefaults } from '../../../../src/sim/paging/page-replay.ts';
import { denseTrace } from '../../../support/dense-trace.ts';
import { seedCount } from '../../../support/seeds.ts';

const bySize = { ...pageReplayDefaults, unit: 'size' } as const;

/** Each page has one size. */
function sized(raw: readonly number[], sizeOf: (page: number) => number) {
  const trace = denseTrace(raw);
  return { ...trace, sizes: Uint32Array.from(trace.ids, sizeOf) };
}

test('constant sizes, none above the capacity: exactly the misses of a replay', () => {
  const pages = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 120 });
  const sizes = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 12, maxLength: 12 });
  fc.assert(
    fc.property(pages, sizes, (raw, sizes) => {
      const trace = sized(raw, (page) => sizes[page - 1]!);
      const capacities = [9, 10, 13, 20, 31, 50, 200];
      const { points, exactFrom } = lruSizePoints(trace, capacities);
      expect(exactFrom).toBe(Math.max(...trace.sizes));
      expect(points.map(({ misses, missedSize }) => [misses, missedSize])).toEqual(
        policyPoints(trace, lru, capacities, bySize).map(({ counts }) => [counts.misses, counts.missedSize]),
      );
    }),
    { numRuns: seedCount(200, 10_000), seed: 1 },
  );
});

test('also when time is compacted again and again', () => {
  const { ids, unique } = generateZipf({ requests: 100_000, ids: 300, alpha: 0.5, seed: 1 });
  const trace = sized([...ids], (page) => (page * 7919) % 1_000_003);
  const capacities = [2_000_000, 50_000_000, 120_000_000];
  expect(unique).toBe(300);
  expect(lruSizePoints(trace, capacities).points.map(({ misses }) => misses)).toEqual(
    policyPoints(trace, lru, capacities, bySize).map(({ counts }) => counts.misses),
  );
});

test('a page that changes its size: nowhere called exact', () => {
  const trace = { ...denseTrace([1, 1]), sizes: Uint32Array.of(5, 6) };
  expect(lruSizePoints(trace, [10]).exactFrom).toBe(Infinity);
});
