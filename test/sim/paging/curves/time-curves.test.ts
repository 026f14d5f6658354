/** Working sets, footprints and histograms against their definitions, counted the slow way. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { footprint } from '../../../../src/sim/paging/curves/footprint.ts';
import { logHistogram } from '../../../../src/sim/paging/curves/log-histogram.ts';
import { reuseTimes } from '../../../../src/sim/paging/curves/reuse-times.ts';
import { workingSetCurve } from '../../../../src/sim/paging/curves/working-set-curve.ts';
import { denseTrace } from '../../../support/dense-trace.ts';
import { seedCount } from '../../../support/seeds.ts';

const pages = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 60 });
const options = { numRuns: seedCount(100, 5_000), seed: 1 };

test('working set: mean size and misses by Denning’s definition', () => {
  fc.assert(
    fc.property(pages, (raw) => {
      const { ids, unique } = denseTrace(raw);
      const windows = [1, 2, 3, 5, 20, ids.length, ids.length + 5];
      windows.sort((a, b) => a - b);
      const naive = windows.map((window) => {
        let sizes = 0;
        let misses = 0;
        for (let at = 0; at < ids.length; at++) {
          sizes += new Set(ids.slice(Math.max(0, at + 1 - window), at + 1)).size;
          if (!ids.slice(Math.max(0, at - window), at).includes(ids[at]!)) misses++;
        }
        return { window, meanSize: sizes / ids.length, missRatio: misses / ids.length };
      });
      expect(workingSetCurve(reuseTimes(ids, unique), windows)).toEqual(naive);
    }),
    options,
  );
});

test('footprint: the mean over all stretches of a length', () => {
  fc.assert(
    fc.property(pages, (raw) => {
      const { ids, unique } = denseTrace(raw);
      const windows = Array.from(ids, (_, index) => index + 1);
      for (const { window, pages } of footprint(reuseTimes(ids, unique), windows)) {
        let sum = 0;
        for (let from = 0; from + window <= ids.length; from++)
          sum += new Set(ids.slice(from, from + window)).size;
        expect(pages).toBeCloseTo(sum / (ids.length - window + 1), 9);
      }
    }),
    options,
  );
});

test('a loop: every reuse is as far as the loop is long', () => {
  const { ids, unique } = denseTrace(Array.from({ length: 100 }, (_, at) => at % 10));
  const times = reuseTimes(ids, unique);
  expect(times.reuses[10]).toBe(90);
  expect(workingSetCurve(times, [9, 10]).map(({ missRatio }) => missRatio)).toEqual([1, 0.1]);
  expect(footprint(times, [4, 10, 50])).toEqual([
    { window: 4, pages: 4 },
    { window: 10, pages: 10 },
    { window: 50, pages: 10 },
  ]);
});

test('histogram: bins that double, up to the last that holds anything', () => {
  expect(logHistogram(Int32Array.of(99, 5, 0, 1, 2, 4, 0, 0, 0, 0, 0))).toEqual([
    { from: 1, to: 1, count: 5 },
    { from: 2, to: 2, count: 0 },
    { from: 3, to: 4, count: 3 },
    { from: 5, to: 8, count: 4 },
  ]);
  expect(logHistogram(new Int32Array(4))).toEqual([]);
});
