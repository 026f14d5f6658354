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
    // A call, of one page, and what is waited for then.
    'turn',
    'turn',
    'turn',
    'exited',
    'pin',
    'unpin',
    'remove',
  ),
  id: fc.integer({ min: 1, max: 16 }),
  user: fc.integer({ min: 1, max: 4 }),
});

type Operation = typeof operation extends fc.Arbitrary<infer Drawn> ? Drawn : never;

function perform(memory: ResidentSet, { what, id, user: number }: Operation, nowUs: number): void {
  const { policy } = memory;
  const isResident = memory.resident.has(page(id));
  if (what === 'usedBy') policy.usedBy?.(user(number), id % 3 > 0, nowUs);
  else if (what === 'ends') policy.ends?.(user(number), nowUs);
  else if (what === 'waits') policy.waits?.(user(number), ['tool', 'person', 'core'][id % 3]!, nowUs);
  else if (what === 'turn') {
    policy.usedBy?.(user(number), true, nowUs);
    memory.request(page(id), nowUs);
    policy.ends?.(user(number), nowUs + 300_000);
    policy.waits?.(user(number), ['tool', 'person'][id % 2]!, nowUs + 300_000);
  } else if (what === 'exited') policy.exited?.(user(number), nowUs);
  else if (what === 'request') memory.request(page(id), nowUs);
  else if (what === 'unpin') memory.unpin(page(id));
  else if (what === 'pin' && isResident) memory.pinned.add(page(id));
  else if (what === 'remove' && isResident) memory.remove(page(id));
}

for (const [name, create] of Object.entries<CreatePagingPolicy>(sessionPolicies)) {
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
        for (const [at, each] of operations.entries()) {
          perform(memory, each, at * 1_000_000);
          policy.checkInvariants!(memory.resident.size);
        }
        memory.pinned.clear();
        while (memory.evict() !== undefined);
        expect(memory.resident.size).toBe(0);
      }),
      { seed: 4, numRuns: seedCount(60, 10_000) },
    );
  });

  test(`${name}: saved, and loaded into a new one, it goes on with the same victims and wants the same prefetched`, () => {
    fc.assert(
      fc.property(
        fc.array(operation, { maxLength: 150 }),
        fc.array(operation, { maxLength: 60 }),
        (before, after) => {
          const memory = new ResidentSet(planned(create), 6);
          const { policy, resident, pinned } = memory;
          for (const [at, each] of before.entries()) perform(memory, each, at * 1_000_000);
          const copy = planned(create)(memory.newContext());
          copy.load!(JSON.parse(JSON.stringify(policy.save!())));
          copy.checkInvariants!(resident.size);
          expect(copy.save!()).toEqual(policy.save!());
          const other = new ResidentSet(() => copy, 6);
          for (const id of resident) {
            other.pages.set(id);
            other.resident.add(id);
          }
          for (const id of pinned) other.pinned.add(id);
          other.used = memory.used;
          memory.victims.length = 0;
          for (const [at, each] of after.entries()) {
            const nowUs = (before.length + at) * 1_000_000;
            perform(memory, each, nowUs);
            perform(other, each, nowUs);
            expect(copy.prefetch?.(nowUs)).toEqual(policy.prefetch?.(nowUs));
          }
          while (memory.evict() !== undefined) other.evict();
          expect(other.evict()).toBeUndefined();
          expect(other.victims).toEqual(memory.victims);
          expect(copy.save!()).toEqual(policy.save!());
        },
      ),
      { seed: 6, numRuns: seedCount(40, 10_000) },
    );
    const memory = new ResidentSet(planned(create), 6);
    memory.request(page(1), 1);
    expect(() => memory.policy.load!(memory.policy.save!())).toThrow('in use');
  });
}
