import { expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import type { PageId } from '../../../src/kernel/ids.ts';
import { pagingPolicies } from '../../../src/policies/index.ts';

/** Found by the soak of the differential tests, 10,000 traces. */
test('HAND_hot goes to a page that becomes hot while memory fills and cold ones stand before it', () => {
  const page = (id: number): PageId => id as PageId;
  const policy = pagingPolicies['clock-pro']({
    capacity: 2,
    unit: 'pages',
    rng: rngFor(1, 'clock-pro'),
    pages: {
      size: () => 1,
      importance: () => 0.5,
      accesses: () => 1,
      lastAccessUs: () => 0,
      order: (id) => id,
    },
  });
  policy.admit(page(3), 0); // hot
  policy.admit(page(1), 0); // cold
  policy.remove(page(3));
  policy.admit(page(2), 0); // hot, behind the cold one
  expect(() => policy.checkInvariants!(2)).not.toThrow();
  expect(policy.evict(1, () => true)).toBe(1);
});
