/** sjf, srtf and edf are optimal where they are proved to be: against every schedule there is, on small sets. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { edfWith, schedulingPolicies } from '../../../src/policies/index.ts';
import { scheduleOnCores, type Job } from '../../support/core-schedule.ts';
import { seedCount } from '../../support/seeds.ts';

interface Small {
  readonly arrival: number;
  readonly length: number;
  /** After its arrival. */
  readonly within: number;
}

const small = (arrivals: readonly number[]): fc.Arbitrary<Small[]> =>
  fc.array(
    fc.record({
      arrival: fc.constantFrom(...arrivals),
      length: fc.integer({ min: 1, max: 4 }),
      within: fc.integer({ min: 1, max: 12 }),
    }),
    { minLength: 1, maxLength: 4 },
  );

const jobsOf = (list: readonly Small[]): Job[] =>
  list.map(({ arrival, length, within }) => ({ arrival, bursts: [length], deadline: arrival + within }));

/** The best value of all schedules that may switch at every unit of time: `cost` of a job that ends then, summed; Infinity ends a branch. */
function best(jobs: readonly Small[], cost: (job: Small, endsAt: number) => number): number {
  const known = new Map<string, number>();
  const search = (now: number, left: readonly number[]): number => {
    if (left.every((one) => one === 0)) return 0;
    const key = `${now} ${left.join()}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    let least = Infinity;
    let isIdle = true;
    for (const [index, one] of left.entries()) {
      const job = jobs[index]!;
      if (one === 0 || job.arrival > now) continue;
      isIdle = false;
      const ended = one === 1 ? cost(job, now + 1) : 0;
      if (ended < Infinity) least = Math.min(least, ended + search(now + 1, left.with(index, one - 1)));
    }
    if (isIdle) least = search(now + 1, left);
    known.set(key, least);
    return least;
  };
  return search(
    0,
    jobs.map(({ length }) => length),
  );
}

const turnaround = (jobs: readonly Small[], finish: readonly number[]): number =>
  finish.reduce((sum, us, index) => sum + us - jobs[index]!.arrival, 0);
const meanCost = (job: Small, endsAt: number): number => endsAt - job.arrival;

test('srtf: no schedule has a smaller mean turnaround', () => {
  fc.assert(
    fc.property(small([0, 1, 2, 3, 5]), (jobs) => {
      const { finish } = scheduleOnCores({ create: schedulingPolicies.srtf, jobs: jobsOf(jobs) });
      expect(turnaround(jobs, finish)).toBe(best(jobs, meanCost));
    }),
    { seed: 7, numRuns: seedCount(300, 20_000) },
  );
});

test('sjf: no schedule has a smaller mean turnaround when all are there at once', () => {
  fc.assert(
    fc.property(small([0]), (jobs) => {
      const { finish } = scheduleOnCores({ create: schedulingPolicies.sjf, jobs: jobsOf(jobs) });
      expect(turnaround(jobs, finish)).toBe(best(jobs, meanCost));
    }),
    { seed: 8, numRuns: seedCount(300, 20_000) },
  );
});

test('edf: meets every deadline whenever any schedule does', () => {
  let feasible = 0;
  fc.assert(
    fc.property(small([0, 1, 2, 3, 5]), (jobs) => {
      const isFeasible =
        best(jobs, ({ arrival, within }, endsAt) => (endsAt <= arrival + within ? 0 : Infinity)) === 0;
      const { finish } = scheduleOnCores({
        create: edfWith({ isPreemptive: true, classes: [] }),
        jobs: jobsOf(jobs),
      });
      const isMet = finish.every((us, index) => us <= jobs[index]!.arrival + jobs[index]!.within);
      expect(isMet).toBe(isFeasible);
      if (isFeasible) feasible++;
    }),
    { seed: 9, numRuns: seedCount(500, 50_000) },
  );
  expect(feasible).toBeGreaterThan(100);
});
