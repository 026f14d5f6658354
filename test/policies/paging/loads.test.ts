/** Loads as a kernel makes them: the misses of several pages first, then the evictions for all, then the pages; a load may be given up on the way. */
import * as fc from 'fast-check';
import { test } from 'vitest';

import type { CreatePagingPolicy } from '../../../src/kernel/contracts.ts';
import type { PageId } from '../../../src/kernel/ids.ts';
import { pagingPolicies } from '../../../src/policies/index.ts';
import { ResidentSet, smallestCapacity } from '../../support/resident-set.ts';
import { seedCount } from '../../support/seeds.ts';
import { inLockstep } from './lockstep.ts';
import { naivePagingPolicies } from './naive/index.ts';

const load = fc.record({
  pages: fc.uniqueArray(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 }),
  isGivenUp: fc.constantFrom(false, false, false, false, true),
});

/** Those that are resident are pinned and touched; the others come in together. */
function use(memory: ResidentSet, wanted: readonly PageId[], isGivenUp: boolean, nowUs: number): void {
  const { policy, resident, pages, pinned, capacity } = memory;
  const missing = wanted.filter((page) => !resident.has(page));
  for (const page of wanted) if (resident.has(page)) pinned.add(page);
  for (const page of missing) pages.set(page);
  const isRefused = missing.filter((page) => policy.miss?.(page, nowUs) === false).length > 0;
  for (let isContinued = false; memory.used + missing.length > capacity; isContinued = true)
    if (memory.evict(isContinued) === undefined) break;
  const fits = memory.used + missing.length <= capacity;
  if (fits && !isGivenUp && !isRefused)
    for (const page of wanted)
      if (resident.has(page)) policy.touch(page, nowUs);
      else if (policy.admit(page, nowUs)) {
        resident.add(page);
        memory.used++;
      }
  // What a load found pinned may leave in the next one, without a word.
  pinned.clear();
  for (
    let page = policy.shed?.(memory.isEligible);
    page !== undefined;
    page = policy.shed?.(memory.isEligible)
  ) {
    resident.delete(page);
    memory.used--;
  }
}

for (const [name, create] of Object.entries<CreatePagingPolicy>(pagingPolicies))
  test(`${name}: chooses the victims of its naive twin when several pages are loaded at once`, () => {
    const capacity = Math.max(6, smallestCapacity(create));
    fc.assert(
      fc.property(fc.array(load, { minLength: 40, maxLength: 80 }), (loads) => {
        const memory = new ResidentSet(inLockstep(create, naivePagingPolicies[name]!), capacity);
        loads.forEach(({ pages, isGivenUp }, at) => {
          use(memory, pages as PageId[], isGivenUp, at);
          // Looking may set right what was left behind, so not each time.
          if (at % 5 === 4) memory.policy.checkInvariants!(memory.resident.size);
        });
      }),
      { seed: 8, numRuns: seedCount(100, 10_000) },
    );
  });
