/** Every policy with an exact order against its naive twin on random jobs: the same schedule to the microsecond, also when it is saved and loaded at every instant. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { CreateSchedulingPolicy } from '../../../src/kernel/contracts.ts';
import {
  edfDefaults,
  edfWith,
  lotteryWith,
  mlfqWith,
  schedulingPolicies,
  staticPriorityWith,
  strideWith,
  type MlfqOptions,
} from '../../../src/policies/index.ts';
import { scheduleOnCores, type Job } from '../../support/core-schedule.ts';
import { seedCount } from '../../support/seeds.ts';
import { naive, naiveEdf, naiveLottery, naiveMlfq, naivePriorities, naiveStride } from './naive-policies.ts';

/** Few values, so that ties and coincidences are many. */
const length = fc.integer({ min: 1, max: 14 });
const job: fc.Arbitrary<Job> = fc.record({
  arrival: fc.integer({ min: 0, max: 30 }),
  bursts: fc
    .array(length, { minLength: 1, maxLength: 5 })
    .map((list) => (list.length % 2 === 0 ? list.slice(1) : list)),
  priority: fc.constantFrom(0, 20, 20, 50, 80),
  tickets: fc.integer({ min: 1, max: 4 }),
  weight: fc.constantFrom(1, 1, 2, 3, 0.5),
  deadline: fc.constantFrom(Infinity, Infinity, 20, 40, 60),
});
const jobs = fc.array(job, { minLength: 1, maxLength: 9 });
const alwaysReady = fc.array(
  job.map((one) => ({ ...one, arrival: 0, bursts: [one.bursts.reduce((sum, us) => sum + us, 0) * 5] })),
  { minLength: 1, maxLength: 6 },
);
const cores = fc.constantFrom(1, 1, 2, 3);

const classes = edfDefaults.classes.map((one, index) => ({ ...one, withinUs: 10 * (index + 1) }));
const mlfqOptions: MlfqOptions = {
  queues: 4,
  slicesUs: [2, 3, 5],
  allotmentsUs: [3, 5, 8],
  boostUs: 37,
  demotion: 'allotment',
  allotmentOnWait: 'keep',
  wokenTo: 'tail',
  isPreemptive: true,
};
const variants: readonly Partial<MlfqOptions>[] = [
  {},
  { boostUs: Infinity },
  { boostUs: 5 },
  { allotmentOnWait: 'reset' },
  { wokenTo: 'head' },
  { isPreemptive: false },
  { demotion: 'slice', isPreemptive: false },
  { demotion: 'slice', wokenTo: 'head', boostUs: 20 },
  { queues: 1 },
];

const twins: readonly (readonly [
  string,
  CreateSchedulingPolicy,
  CreateSchedulingPolicy,
  fc.Arbitrary<Job[]>,
])[] = [
  ['sjf', schedulingPolicies.sjf, naive.sjf, jobs],
  ['srtf', schedulingPolicies.srtf, naive.srtf, jobs],
  ['hrrn', schedulingPolicies.hrrn, naive.hrrn, jobs],
  ...[true, false].flatMap((isPreemptive) =>
    [Infinity, 4].map((sliceUs) => {
      const options = { isPreemptive, sliceUs, preemptedTo: 'tail' } as const;
      return [
        `priority, ${isPreemptive ? 'preemptive' : 'non-preemptive'}, slice ${sliceUs}`,
        staticPriorityWith(options),
        naivePriorities(options),
        jobs,
      ] as const;
    }),
  ),
  ['edf', edfWith({ isPreemptive: true, classes }), naiveEdf({ isPreemptive: true, classes }), jobs],
  ...variants.map((variant) => {
    const options = { ...mlfqOptions, ...variant };
    return [`mlfq ${JSON.stringify(variant)}`, mlfqWith(options), naiveMlfq(options), jobs] as const;
  }),
  ...[true, false].map((compensates) => {
    const options = { sliceUs: 6, compensates };
    return [
      `lottery ${compensates ? 'with' : 'without'} compensation`,
      lotteryWith(options),
      naiveLottery(options),
      jobs,
    ] as const;
  }),
  ['stride', strideWith({ sliceUs: 6 }), naiveStride(6), alwaysReady],
];

for (const [name, create, twin, workloads] of twins) {
  test(`${name}: schedules as its naive twin`, () => {
    let switches = 0;
    fc.assert(
      fc.property(workloads, cores, fc.boolean(), (list, coreCount, reloads) => {
        const told = scheduleOnCores({ create, jobs: list, cores: coreCount, reloads });
        const expected = scheduleOnCores({ create: twin, jobs: list, cores: coreCount });
        switches += told.segments.length;
        expect(told).toEqual(expected);
      }),
      { seed: 5, numRuns: seedCount(80, 20_000) },
    );
    expect(switches).toBeGreaterThan(300);
  });
}
