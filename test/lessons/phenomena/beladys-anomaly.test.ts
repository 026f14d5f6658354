import { expect, test } from 'vitest';

import {
  anomalousReferences,
  anomalousStrings,
  faultsOf,
  rises,
} from '../../../src/lessons/phenomena/beladys-anomaly.ts';

test('the string of the paper: fifo has more faults with 4 frames than with 3, lru and opt have not', () => {
  expect(faultsOf(anomalousReferences, ['fifo', 'lru', 'opt'], 6)).toEqual([
    { policy: 'fifo', faults: [12, 12, 9, 10, 5, 5] },
    { policy: 'lru', faults: [12, 12, 10, 8, 5, 5] },
    { policy: 'opt', faults: [12, 9, 7, 6, 5, 5] },
  ]);
});

test('faults that rise once, and faults that only fall', () => {
  expect(rises([9, 10, 5])).toBe(true);
  expect(rises([9, 5, 5])).toBe(false);
});

test('on drawn strings fifo shows it now and then, stack algorithms never', () => {
  const drawn = anomalousStrings(['fifo', 'lru', 'opt'], { strings: 150, references: 60, pages: 7, seed: 1 });
  expect(drawn.map(({ policy }) => policy)).toEqual(['fifo', 'lru', 'opt']);
  const [fifo, lru, opt] = drawn.map(({ anomalous }) => anomalous);
  expect(fifo).toBeGreaterThan(0);
  expect(fifo).toBeLessThan(30);
  expect([lru, opt]).toEqual([0, 0]);
});
