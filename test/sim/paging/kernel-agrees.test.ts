/** The replay of references and the kernel page alike: one agent touches the same pages, one after another, in a context memory of as many tokens. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import { type CreatePagingPolicy, NEVER_USED } from '../../../src/kernel/contracts.ts';
import type { PageId, PageNumber } from '../../../src/kernel/ids.ts';
import type { KernelEvent } from '../../../src/kernel/events.ts';
import { pagingPolicies } from '../../../src/policies/index.ts';
import { priority } from '../../../src/policies/scheduling/priority.ts';
import type { ProgramGenerator } from '../../../src/kernel/syscalls.ts';
import { nextUses } from '../../../src/sim/paging/next-use.ts';
import { pageReplayDefaults, PageReplay } from '../../../src/sim/paging/page-replay.ts';
import type { ReferenceTrace } from '../../../src/sim/paging/reference-trace.ts';
import { Simulation } from '../../../src/sim/simulation.ts';
import { denseTrace } from '../../support/dense-trace.ts';
import { smallestCapacity } from '../../support/resident-set.ts';
import { seedCount } from '../../support/seeds.ts';

const tickUs = pageReplayDefaults.tickUs;

/** References to pages that are numbered as they first appear. */
const traces = fc
  .array(fc.integer({ min: 1, max: 14 }), { minLength: 1, maxLength: 80 })
  .map((drawn) => denseTrace(drawn));

/** Pages faulted by a kernel whose one agent touches them. Chance and future are those of the replay. */
function kernelMisses(trace: ReferenceTrace, create: CreatePagingPolicy, capacity: number): number {
  let misses = 0;
  let at = -1;
  const { ids, unique } = trace;
  const next = nextUses(ids, unique);
  const future = {
    nextUse(page: PageId): number {
      for (let back = at; back >= 0; back--) if (ids[back] === page) return next[back]!;
      return NEVER_USED;
    },
    pageAt: (reference: number) => ids[reference] as PageId,
  };
  const simulation = new Simulation({
    kernel: {
      scheduling: priority,
      paging: (context) => create({ ...context, rng: rngFor(pageReplayDefaults.seed, 'paging'), future }),
      engines: [{ memoryTokens: capacity }],
      residency: 'independent',
      programs: [
        {
          name: 'reader',
          version: 1,
          *body(): ProgramGenerator {
            yield { kind: 'allocate', tokens: 1, blocks: { space: 'trace', first: 1, count: unique } };
            for (at = 0; at < ids.length; at++) {
              yield { kind: 'touch', pages: [ids[at]! as PageNumber] };
              yield { kind: 'sleep', us: tickUs };
            }
          },
        },
      ],
    },
    onEvent(event: KernelEvent) {
      if (event.type === 'page.faulted') misses += event.pages;
    },
  });
  simulation.spawn(0, { program: 'reader', name: 'reader', run: 'run-1', arguments: null });
  simulation.run();
  return misses;
}

for (const [name, create] of Object.entries<CreatePagingPolicy>(pagingPolicies))
  test(`${name}: the kernel misses as the replay does`, () => {
    const smallest = smallestCapacity(create);
    fc.assert(
      fc.property(traces, fc.integer({ min: smallest, max: smallest + 6 }), (trace, capacity) => {
        const replay = new PageReplay(trace, create, { ...pageReplayDefaults, capacity });
        replay.run();
        replay.checkInvariants();
        expect(kernelMisses(trace, create, capacity)).toBe(replay.counts.misses);
      }),
      { seed: 8, numRuns: seedCount(150, 10_000) },
    );
  });
