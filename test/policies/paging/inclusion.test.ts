/**
 * Stack policies (R. L. Mattson, J. Gecsei, D. R. Slutz, I. L. Traiger, "Evaluation techniques for storage hierarchies", 1970): what a memory holds, a larger one
 * holds, too, after every reference; so more memory never misses more. FIFO is none: Belady's anomaly stands in traces.test.ts.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { PageId } from '../../../src/kernel/ids.ts';
import { pagingPolicies } from '../../../src/policies/index.ts';
import { pageReplayDefaults, PageReplay } from '../../../src/sim/paging/page-replay.ts';
import { denseTrace } from '../../support/dense-trace.ts';
import { ResidentSet } from '../../support/resident-set.ts';
import { seedCount } from '../../support/seeds.ts';

const pages = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 30, maxLength: 150 });
const capacity = fc.integer({ min: 1, max: 12 });

for (const name of ['lru', 'mru'] as const)
  test(`${name}: a larger memory holds what a smaller one holds`, () => {
    fc.assert(
      fc.property(pages, capacity, fc.integer({ min: 1, max: 5 }), (references, small, more) => {
        const [less, larger] = [small, small + more].map(
          (size) => new ResidentSet(pagingPolicies[name], size),
        );
        for (const [at, page] of references.entries()) {
          less!.request(page as PageId, at);
          larger!.request(page as PageId, at);
          expect([...less!.resident].filter((held) => !larger!.resident.has(held))).toEqual([]);
        }
      }),
      { seed: 6, numRuns: seedCount(500, 10_000) },
    );
  });

for (const name of ['lru', 'mru', 'opt'] as const)
  test(`${name}: more memory never misses more`, () => {
    fc.assert(
      fc.property(pages, capacity, (references, small) => {
        const trace = denseTrace(references);
        const [fewer, more] = [small, small + 1].map((size) => {
          const replay = new PageReplay(trace, pagingPolicies[name], {
            ...pageReplayDefaults,
            capacity: size,
          });
          replay.run();
          return replay.counts.misses;
        });
        expect(more).toBeLessThanOrEqual(fewer!);
      }),
      { seed: 6, numRuns: seedCount(500, 10_000) },
    );
  });
