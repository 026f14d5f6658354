import { expect, test } from 'vitest';

import { referenceStatistics } from '../../../src/sim/paging/reference-statistics.ts';

test('counted by hand', () => {
  const ids = Int32Array.of(1, 2, 1, 3, 1, 2);
  const bare = { name: 'x', format: 'ids', ids, unique: 3 } as const;
  const expected = { requests: 6, unique: 3, meanReuses: 1, oneHitShare: 1 / 3, mostPopularShare: 1 / 2 };
  expect(referenceStatistics(bare)).toEqual(expected);
  const sizes = Uint32Array.of(10, 20, 10, 30, 12, 20);
  const timesUs = Float64Array.of(0, 1, 2, 3, 4, 7);
  expect(referenceStatistics({ ...bare, sizes, timesUs })).toEqual({
    ...expected,
    sizes: { min: 10, max: 30, mean: 17, footprint: 60, changing: 1 },
    spanUs: 7,
  });
});
