import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { CreatePagingPolicy } from '../../../src/kernel/contracts.ts';
import type { PageId } from '../../../src/kernel/ids.ts';
import { lru } from '../../../src/policies/paging/lru.ts';
import { PageReplay, pageReplayDefaults } from '../../../src/sim/paging/page-replay.ts';
import { denseTrace } from '../../support/dense-trace.ts';

test('a policy sees all references so far, those of misses that were not loaded too, whenever it first asks', () => {
  const references = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(references, fc.nat(40), fc.boolean(), (drawn, firstAsk, hasTimes) => {
      const plain = denseTrace(drawn);
      const { ids, unique } = plain;
      const timesUs = Float64Array.from(ids, (_, at) => 7 * at + (at % 3));
      const trace = hasTimes ? { ...plain, timesUs } : plain;
      const timeOf = (at: number): number => (hasTimes ? timesUs[at]! : at * pageReplayDefaults.tickUs);
      let at = -1;
      const asking: CreatePagingPolicy = (context) => {
        const { pages } = context;
        const inner = lru(context);
        const ask = (): void => {
          if (++at < firstAsk) return;
          const past = ids.subarray(0, at + 1);
          for (let page = 1; page <= unique; page++) {
            expect(pages.accesses(page as PageId)).toBe(past.filter((id) => id === page).length);
            const last = past.lastIndexOf(page);
            expect(pages.lastAccessUs(page as PageId)).toBe(last < 0 ? 0 : timeOf(last));
          }
        };
        return {
          name: 'asking',
          miss(page) {
            ask();
            return page % 3 > 0;
          },
          touch(page, nowUs) {
            ask();
            inner.touch(page, nowUs);
          },
          admit: (page, nowUs) => inner.admit(page, nowUs),
          evict: (need, eligible, isContinued) => inner.evict(need, eligible, isContinued),
          remove: (page) => inner.remove(page),
        };
      };
      new PageReplay(trace, asking, { ...pageReplayDefaults, capacity: 2 }).run();
      expect(at).toBe(ids.length - 1);
    }),
    { seed: 1, numRuns: 200 },
  );
});
