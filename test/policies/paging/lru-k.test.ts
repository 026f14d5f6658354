import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { PageId } from '../../../src/kernel/ids.ts';
import { lruKWith } from '../../../src/policies/index.ts';
import { ResidentSet } from '../../support/resident-set.ts';
import { seedCount } from '../../support/seeds.ts';
import { inLockstep } from './lockstep.ts';
import { lruK } from './naive/lru-k.ts';

test('lru-k: chooses the victims of its naive twin whatever its periods are', () => {
  const options = fc.record({
    k: fc.integer({ min: 1, max: 4 }),
    correlatedUses: fc.integer({ min: 0, max: 4 }),
    retainedTurns: fc.constantFrom(0.5, 1, 2, 100),
  });
  const step = fc.record({
    what: fc.constantFrom('request', 'request', 'request', 'request', 'pin', 'unpin', 'remove', 'forget'),
    id: fc.integer({ min: 1, max: 12 }),
  });
  fc.assert(
    fc.property(options, fc.array(step, { minLength: 60, maxLength: 100 }), (chosen, steps) => {
      const memory = new ResidentSet(inLockstep(lruKWith(chosen), lruK(chosen)), 5);
      steps.forEach(({ what, id }, at) => {
        const page = id as PageId;
        const isResident = memory.resident.has(page);
        if (what === 'request') memory.request(page, at);
        else if (what === 'unpin') memory.unpin(page);
        else if (what === 'pin' && isResident) memory.pinned.add(page);
        else if (what === 'remove' && isResident) memory.remove(page);
        else if (what === 'forget' && !isResident) memory.policy.forget!(page);
        memory.policy.checkInvariants!(memory.resident.size);
      });
    }),
    { seed: 6, numRuns: seedCount(300, 10_000) },
  );
});

test('lru-k: saved in the middle, with periods, it goes on with the same victims', () => {
  const create = lruKWith({ k: 3, correlatedUses: 2, retainedTurns: 2 });
  const memory = new ResidentSet(create, 8);
  const request = (at: number): void => void memory.request((1 + ((at * at * 7) % 23)) as PageId, at);
  for (let at = 0; at < 100; at++) request(at);
  const copy = new ResidentSet(create, 8);
  copy.policy.load!(JSON.parse(JSON.stringify(memory.policy.save!())));
  expect(copy.policy.save!()).toEqual(memory.policy.save!());
  for (let count = 0; count < 9; count++)
    expect(copy.policy.evict(1, () => true)).toBe(memory.policy.evict(1, () => true));
});

test('lru-k: refuses options that are not allowed', () => {
  expect(() => lruKWith({ k: 0 })).toThrow('k: 0 is not allowed; allowed: an integer of 1 or more');
  expect(() => lruKWith({ correlatedUses: -1 })).toThrow('correlatedUses: -1');
  expect(() => lruKWith({ retainedTurns: 0 })).toThrow('retainedTurns: 0');
});
