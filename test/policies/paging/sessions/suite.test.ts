/** What every policy on sessions must do, whatever its idea; also where nobody tells of sessions. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { CreatePagingPolicy } from '../../../../src/kernel/contracts.ts';
import type { PageId, Pid } from '../../../../src/kernel/ids.ts';
import { sessionPolicies } from '../../../../src/policies/index.ts';
import { ResidentSet } from '../../../support/resident-set.ts';
import { seedCount } from '../../../support/seeds.ts';

const page = (id: number): PageId => id as PageId;
const user = (id: number): Pid => id as Pid;

/** With all that a policy may want to know of the calls to come. */
const planned =
  (create: CreatePagingPolicy): CreatePagingPolicy =>
  (context) =>
    create({ ...context, plan: { nextCallUs: (pid) => 1_000 * pid, stepsToCall: (pid) => pid } });

const operation = fc.record({
  what: fc.constantFrom(
    'usedBy',
    'usedBy',
    'request',
    'request',
    'request',
    'ends',
    'waits',
    'exited',
    'pin',
    'unpin',
    'remove',
  ),
  id: fc.integer({ min: 1, max: 16 }),
  user: fc.integer({ min: 1, max: 4 }),
});

for (const [name, create] of Object.entries(sessionPolicies)) {
  test(`${name}: is named as in the table`, () => {
    expect(new ResidentSet(planned(create), 4).policy.name).toBe(name);
  });

  test(`${name}: evicts each resident page once, those of nobody least recently used first`, () => {
    const memory = new ResidentSet(planned(create), 20);
    for (let id = 1; id <= 20; id++) memory.request(page(id), id);
    while (memory.evict() !== undefined);
    const inOrder = Array.from({ length: 20 }, (_, at) => at + 1);
    expect(memory.victims).toEqual(inOrder);
    memory.policy.checkInvariants!(0);
  });

  test(`${name}: never evicts what is not eligible, whoever calls, waits, ends or is pinned meanwhile`, () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 120 }), (operations) => {
        const memory = new ResidentSet(planned(create), 6);
        const { policy } = memory;
        for (const [at, { what, id, user: number }] of operations.entries()) {
          const nowUs = at * 1_000_000;
          const isResident = memory.resident.has(page(id));
          if (what === 'usedBy') policy.usedBy?.(user(number), id % 3 > 0, nowUs);
          else if (what === 'ends') policy.ends?.(user(number), nowUs);
          else if (what === 'waits') policy.waits?.(user(number), ['tool', 'person', 'core'][id % 3]!, nowUs);
          else if (what === 'exited') policy.exited?.(user(number), nowUs);
          else if (what === 'request') memory.request(page(id), nowUs);
          else if (what === 'unpin') memory.unpin(page(id));
          else if (what === 'pin' && isResident) memory.pinned.add(page(id));
          else if (what === 'remove' && isResident) memory.remove(page(id));
          policy.checkInvariants!(memory.resident.size);
        }
        memory.pinned.clear();
        while (memory.evict() !== undefined);
        expect(memory.resident.size).toBe(0);
      }),
      { seed: 4, numRuns: seedCount(60, 10_000) },
    );
  });
}
