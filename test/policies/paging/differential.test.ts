/** Every paging policy against its naive twin: the same victims, whatever happens in between. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { CreatePagingPolicy } from '../../../src/kernel/contracts.ts';
import type { PageId } from '../../../src/kernel/ids.ts';
import { pagingPolicies } from '../../../src/policies/index.ts';
import { ListedFuture } from '../../support/future-view.ts';
import { ResidentSet, seededTrace, smallestCapacity } from '../../support/resident-set.ts';
import { seedCount } from '../../support/seeds.ts';
import { inLockstep } from './lockstep.ts';
import { naivePagingPolicies } from './naive/index.ts';

const steps = fc.array(
  fc.record({
    what: fc.constantFrom(
      ...(['request', 'request', 'request', 'request', 'request', 'pin', 'unpin', 'remove'] as const),
      ...([
        'importance',
        'accesses',
        'putBack',
        'split',
        'evict',
        'evict',
        'pin',
        'forget',
        'prompt',
      ] as const),
    ),
    id: fc.integer({ min: 1, max: 14 }),
    figure: fc.integer({ min: 0, max: 5 }),
    // Few different times, so that keys tie.
    passedUs: fc.constantFrom(0, 0, 1, 600_000_000),
  }),
  { minLength: 50, maxLength: 150 },
);

for (const [name, create] of Object.entries<CreatePagingPolicy>(pagingPolicies)) {
  const smallest = smallestCapacity(create);
  const twin = naivePagingPolicies[name]!;

  for (const unit of ['pages', 'size'] as const)
    test(`${name}: chooses the victims of its naive twin, by ${unit}`, () => {
      const capacities = fc.integer({ min: smallest, max: smallest + 8 });
      fc.assert(
        fc.property(steps, capacities, (happenings, capacity) => {
          const memory = new ResidentSet(
            inLockstep(create, twin),
            unit === 'pages' ? capacity : 3 * capacity,
            unit,
          );
          const { pages, policy, resident, pinned } = memory;
          let nowUs = 0;
          let nextPart = 100;
          for (const { what, id, figure, passedUs } of happenings) {
            const page = id as PageId;
            nowUs += passedUs;
            if (what === 'request') memory.request(page, nowUs, unit === 'pages' ? 1 : 1 + figure);
            else if (what === 'prompt')
              memory.requestAll(
                Array.from({ length: 1 + figure }, (_, at) => (id + at) as PageId),
                nowUs,
              );
            else if (what === 'unpin') memory.unpin(page);
            else if (what === 'evict') memory.evict();
            else if (what === 'putBack') {
              const victim = policy.putBack === undefined ? undefined : memory.evict();
              if (victim === undefined) continue;
              policy.putBack!(victim);
              resident.add(victim);
              memory.used += pages.size(victim);
            } else if (what === 'forget') {
              if (!resident.has(page)) policy.forget?.(page);
            } else if (!resident.has(page)) continue;
            else if (what === 'pin') pinned.add(page);
            else if (what === 'remove') memory.remove(page);
            else if (what === 'split') {
              if (policy.split === undefined) continue;
              // The same figures; its place in the tie-break is behind the page's.
              const part = nextPart++ as PageId;
              pages.set(part, {
                importance: pages.importance(page),
                accesses: pages.accesses(page),
                lastAccessUs: pages.lastAccessUs(page),
                order: pages.order(page) + 1 / part,
              });
              policy.split(page, part, figure > 2);
              resident.add(part);
              memory.used++;
            } else {
              if (what === 'importance') pages.importances[page] = figure / 5;
              else pages.accessCounts[page] = figure;
              policy.changed?.(page);
            }
            policy.checkInvariants!(resident.size);
          }
          for (const page of pinned) memory.unpin(page);
          while (memory.evict() !== undefined);
          expect(resident.size).toBe(0);
        }),
        { seed: 5, numRuns: seedCount(80, 10_000) },
      );
    });

  test(`${name}: misses as its naive twin on a long trace`, () => {
    const trace = seededTrace(7, seedCount(5_000, 20_000), 1_000);
    const memory = new ResidentSet(inLockstep(create, twin), 100, 'pages', new ListedFuture(trace));
    trace.forEach((page, at) => void memory.request(page, at * 1_000_000));
    expect(memory.misses).toBeGreaterThan(trace.length / 4);
  });
}
