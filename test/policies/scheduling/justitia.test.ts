import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { FairSharing } from '../../../src/policies/scheduling/fair-sharing.ts';
import { schedulingPolicies } from '../../../src/policies/index.ts';
import { ArrayProcesses, core, pid } from '../../support/process-view.ts';
import { seedCount } from '../../support/seeds.ts';

test('all calls of the agent that would end first under fair sharing go first', () => {
  const processes = new ArrayProcesses();
  processes.runs.push(-1, 1, 2, 2, 3);
  processes.parents[3] = pid(2);
  processes.expectations.push(NaN, 500_000, 100_000, NaN, 400_000);
  // Memory 100,000 tokens: the first agent alone would take 5 s.
  const policy = schedulingPolicies.justitia(processes.context());
  policy.ready(pid(1), 0);
  policy.ready(pid(2), 0);
  policy.ready(pid(3), 0);
  // At 2 s agent 2 has just ended in the fair world (it and agent 1 had half each), so V = 100,000; agent 3 would end at 500,000, as agent 1.
  policy.ready(pid(4), 2_000_000);
  expect(policy.explain!(pid(4), 2_000_000)).toContain('virtual finish time 500000, not 100000');
  expect([1, 2, 3, 4].map(() => policy.pick(core(0), 2_000_000))).toEqual([2, 3, 1, 4]);
});

test('the calls of an agent that nobody predicted add up as they come', () => {
  const processes = new ArrayProcesses();
  processes.prompts[1] = 1_000;
  processes.outputs[1] = 200;
  processes.bursts[1] = 10_000_000;
  const policy = schedulingPolicies.justitia(processes.context());
  policy.ready(pid(1), 0);
  // 1,000 tokens, and 200 half of the time, for 10 s.
  expect(policy.explain!(pid(1), 0)).toContain('virtual finish time 11000, of the calls it asked for so far');
  policy.pick(core(0), 0);
  policy.charge!(pid(1), { coreUs: 1, tokensIn: 0, tokensOut: 0 }, 1);
  policy.waiting(pid(1), 1);
  policy.ready(pid(1), 1);
  expect(policy.explain!(pid(1), 1)).toContain('virtual finish time 22000');
});

/** Members served at once in small steps: who ends, and when. */
function shareNaively(rate: number, members: readonly Member[], stepUs: number): number[] {
  const left = members.map(({ cost }) => cost);
  const ends = members.map(() => NaN);
  for (let nowUs = 0; ends.some(Number.isNaN); nowUs += stepUs) {
    const active = members.flatMap(({ atUs }, index) => (atUs <= nowUs && left[index]! > 0 ? [index] : []));
    const weight = active.reduce((sum, index) => sum + members[index]!.weight, 0);
    for (const index of active) {
      left[index]! -= (rate * stepUs * members[index]!.weight) / weight;
      if (left[index]! <= 0) ends[index] = nowUs + stepUs;
    }
  }
  return ends;
}
interface Member {
  readonly atUs: number;
  readonly cost: number;
  readonly weight: number;
}

test('fair sharing: finish times, given at arrival, order the members as they end', () => {
  const member = fc.record({
    atUs: fc.integer({ min: 0, max: 50 }).map((us) => us * 10),
    cost: fc.integer({ min: 1, max: 300 }),
    weight: fc.integer({ min: 1, max: 4 }),
  });
  let pairs = 0;
  fc.assert(
    fc.property(fc.array(member, { minLength: 2, maxLength: 8 }), (unsorted) => {
      const members = unsorted.toSorted((a, b) => a.atUs - b.atUs);
      const sharing = new FairSharing(2);
      for (const [index, { atUs, cost, weight }] of members.entries())
        sharing.arrive(index, cost, weight, atUs);
      const ends = shareNaively(2, members, 0.5);
      for (const a of members.keys())
        for (const b of members.keys())
          // What is close together the steps of the naive one cannot tell apart.
          if (ends[a]! < ends[b]! - 6) {
            pairs++;
            expect(sharing.finish(a)).toBeLessThan(sharing.finish(b));
          }
    }),
    { seed: 6, numRuns: seedCount(200, 10_000) },
  );
  expect(pairs).toBeGreaterThan(1_000);
});

test('fair sharing: one that is loaded goes on exactly as the one that was saved', () => {
  const weights = [0.1, 0.2, 0.3, 0.7];
  const saved = new FairSharing(2);
  for (const index of [3, 1, 0, 2]) saved.arrive(index, 100, weights[index]!, 0);
  const loaded = new FairSharing(2);
  loaded.load(saved.save());
  for (const sharing of [saved, loaded]) sharing.arrive(4, 10, 1, 7);
  expect(loaded.save()).toEqual(saved.save());
});
