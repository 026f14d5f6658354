/** Every paging policy against its naive twin: the same victims, whatever happens in between. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { CreatePagingPolicy } from '../../../src/kernel/contracts.ts';
import type { PageId } from '../../../src/kernel/ids.ts';
import { pagingPolicies } from '../../../src/policies/index.ts';
import { ResidentSet, seededTrace } from '../../support/resident-set.ts';
import { seedCount } from '../../support/seeds.ts';
import { inLockstep, naivePagingPolicies } from './naive.ts';

const steps = fc.array(
  fc.record({
    what: fc.constantFrom(
      ...(['request', 'request', 'request', 'request', 'pin', 'unpin', 'remove', 'evict'] as const),
      ...(['importance', 'accesses', 'putBack', 'split', 'evict', 'evict', 'pin', 'check'] as const),
    ),
    id: fc.integer({ min: 1, max: 14 }),
    figure: fc.integer({ min: 0, max: 5 }),
    // Few different times, so that keys tie.
    passedUs: fc.constantFrom(0, 0, 1, 600_000_000),
  }),
  { minLength: 50, maxLength: 150 },
);

for (const [name, create] of Object.entries<CreatePagingPolicy>(pagingPolicies)) {
  test(`${name}: chooses the victims of its naive twin`, () => {
    fc.assert(
      fc.property(steps, (happenings) => {
        const memory = new ResidentSet(inLockstep(create, naivePagingPolicies[name]!), 7);
        const { pages, policy, resident, pinned } = memory;
        let nowUs = 0;
        let nextPart = 100;
        for (const { what, id, figure, passedUs } of happenings) {
          const page = id as PageId;
          nowUs += passedUs;
          if (what === 'request') memory.request(page, nowUs);
          else if (what === 'unpin') memory.unpin(page);
          else if (what === 'evict') memory.evict();
          else if (what === 'check') policy.checkInvariants!(resident.size);
          else if (what === 'putBack') {
            const victim = memory.evict();
            if (victim !== undefined) policy.putBack!(victim);
            if (victim !== undefined) resident.add(victim);
          } else if (!resident.has(page)) continue;
          else if (what === 'pin') pinned.add(page);
          else if (what === 'remove') memory.remove(page);
          else if (what === 'split') {
            // The same figures; its place in the tie-break is behind the page's.
            const part = nextPart++ as PageId;
            pages.set(part, {
              importance: pages.importance(page),
              accesses: pages.accesses(page),
              lastAccessUs: pages.lastAccessUs(page),
              order: pages.order(page) + 1 / part,
            });
            policy.split!(page, part, figure > 2);
            resident.add(part);
          } else {
            if (what === 'importance') pages.importances[page] = figure / 5;
            else pages.accessCounts[page] = figure;
            policy.changed!(page);
          }
        }
        policy.checkInvariants!(resident.size);
        for (const page of pinned) memory.unpin(page);
        while (memory.evict() !== undefined);
        expect(resident.size).toBe(0);
      }),
      { seed: 5, numRuns: seedCount(500, 50_000) },
    );
  });

  test(`${name}: misses as its naive twin on a long trace`, () => {
    const memory = new ResidentSet(inLockstep(create, naivePagingPolicies[name]!), 100);
    seededTrace(7, 20_000, 1_000).forEach((page, at) => void memory.request(page, at * 1_000_000));
    expect(memory.misses).toBeGreaterThan(10_000);
  });
}
