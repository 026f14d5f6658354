/** Who starves and who does not: one job against a stream of others that could keep the core busy for ever. */
import { expect, test } from 'vitest';

import {
  cfsWith,
  eevdfWith,
  lotteryWith,
  mlfqDefaults,
  mlfqWith,
  priorityDefaults,
  priorityWith,
  roundRobinWith,
  schedulingPolicies,
  strideWith,
} from '../../../src/policies/index.ts';
import type { CreateSchedulingPolicy } from '../../../src/kernel/contracts.ts';
import { scheduleOnCores, type Job } from '../../support/core-schedule.ts';

/** Every 10 µs one of 10 µs, better in every respect than the job of 100 µs that was there first. */
const jobs: Job[] = [
  { arrival: 0, bursts: [100], priority: 90, deadline: 50_000 },
  ...Array.from({ length: 500 }, (_, index) => ({
    arrival: index * 10,
    bursts: [10],
    priority: 10,
    deadline: 10 * index + 15,
  })),
];
const untilUs = 5_000;

/** When the job is done; NaN: not while the stream lasts. */
const doneUs = (create: CreateSchedulingPolicy): number =>
  scheduleOnCores({ create, jobs, untilUs }).finish[0]!;

const mlfq = { ...mlfqDefaults, queues: 3, slicesUs: [10], allotmentsUs: [10], boostUs: 50 };

test.each<readonly [string, CreateSchedulingPolicy]>([
  ['fifo', schedulingPolicies.fifo],
  ['round-robin', roundRobinWith({ sliceUs: 10 })],
  ['priority, which ages', priorityWith({ ...priorityDefaults, agingUsPerPoint: 5, sliceUs: 10 })],
  ['hrrn', schedulingPolicies.hrrn],
  ['mlfq with boosts', mlfqWith(mlfq)],
  ['lottery', lotteryWith({ sliceUs: 10, compensates: true })],
  ['stride', strideWith({ sliceUs: 10 })],
  ['cfs', cfsWith({ latencyUs: 50, minGranularityUs: 5, wakeupGranularityUs: 5 })],
  ['eevdf', eevdfWith({ sliceUs: 10, lagOnWait: 'keep' })],
  ['random', schedulingPolicies.random],
])('%s: it gets done', (_, create) => {
  expect(doneUs(create)).toBeLessThan(untilUs);
});

test.each<readonly [string, CreateSchedulingPolicy]>([
  ['sjf', schedulingPolicies.sjf],
  ['srtf', schedulingPolicies.srtf],
  ['priority-preemptive', schedulingPolicies['priority-preemptive']],
  ['priority-nonpreemptive', schedulingPolicies['priority-nonpreemptive']],
  ['edf', schedulingPolicies.edf],
  ['mlfq without boosts', mlfqWith({ ...mlfq, boostUs: Infinity })],
])('%s: it starves while the stream lasts', (_, create) => {
  expect(doneUs(create)).toBeNaN();
});
