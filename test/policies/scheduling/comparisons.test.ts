/**
 * Decisions compare as often as a balanced tree is high: counted, not timed, by bench/scheduling, in the queues that the policies share. A policy with another queue shows here as one that
 * compares nothing.
 */
import { expect, test } from 'vitest';

import { comparisonsSoFar, countComparisons } from '../../../bench/scheduling/comparisons.ts';
import { Decisions } from '../../../bench/scheduling/decisions.ts';
import type { CreateSchedulingPolicy } from '../../../src/kernel/contracts.ts';
import { schedulingPolicies, type SchedulingPolicyName } from '../../../src/policies/index.ts';

countComparisons();

/** Comparisons per decision and level of a binary tree over the ready, at most. A sift in a heap of four children compares two and a half times per such level. */
const perLevel: Record<SchedulingPolicyName, number> = {
  fifo: 1,
  'round-robin': 1,
  random: 0,
  sjf: 4,
  srtf: 6,
  'priority-preemptive': 4,
  'priority-nonpreemptive': 4,
  priority: 5,
  hrrn: 5,
  mlfq: 4,
  lottery: 2,
  stride: 4,
  cfs: 6,
  eevdf: 15,
  edf: 6,
  vtc: 4,
  plas: 8,
  atlas: 8,
  justitia: 5,
};
const decisions = 2_000;

for (const [name, create] of Object.entries<CreateSchedulingPolicy>(schedulingPolicies)) {
  const most = perLevel[name as SchedulingPolicyName];
  for (const ready of [256, 4_096])
    test(`${name}: at most ${most} log2 n comparisons per decision while n = ${ready} are ready`, () => {
      const made = comparisonsOf(create, ready, 10);
      expect(made).toBeLessThanOrEqual(most * Math.log2(ready));
      expect(made > 0).toBe(most > 0);
    });
}

for (const name of ['plas', 'atlas', 'justitia'] as const)
  test(`${name}: as many where all are processes of one run`, () => {
    expect(comparisonsOf(schedulingPolicies[name], 4_096, Infinity)).toBeLessThanOrEqual(perLevel[name] * 12);
  });

/** On the average, after everybody may have had a turn. */
function comparisonsOf(create: CreateSchedulingPolicy, ready: number, perRun: number): number {
  const run = new Decisions(create, ready, 1, perRun);
  run.make(ready);
  const before = comparisonsSoFar();
  run.make(decisions);
  return (comparisonsSoFar() - before) / decisions;
}
