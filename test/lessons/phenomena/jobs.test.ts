/** The phenomena on textbook jobs: exact figures, worked out by hand where that is possible. */
import { expect, test } from 'vitest';

import { convoyEffect } from '../../../src/lessons/phenomena/convoy-effect.ts';
import {
  coreShare,
  jobOf,
  longestWait,
  meanTurnaround,
  repeatedBursts,
  utilisation,
} from '../../../src/lessons/phenomena/job-figures.ts';
import { mlfqGaming } from '../../../src/lessons/phenomena/mlfq-gaming.ts';
import { agingBound, starvation } from '../../../src/lessons/phenomena/starvation.ts';
import { schedulingPolicies } from '../../../src/policies/index.ts';
import { runJobs } from '../../../src/sim/jobs/run-jobs.ts';

test('figures of a run by hand', () => {
  // a: 0-4, I/O to 9, 10-12; b: 4-10.
  const jobs = [jobOf('a', 0, [4, 5, 2]), jobOf('b', 1, [6])];
  const result = runJobs({ jobs, policy: schedulingPolicies.fifo });
  const run = { policy: 'fifo', jobs, result };
  expect(meanTurnaround(run, () => true)).toBe((12 + 9) / 2);
  expect(meanTurnaround(run, ({ name }) => name === 'b')).toBe(9);
  expect([longestWait(run, 0), longestWait(run, 1)]).toEqual([1, 3]);
  expect(coreShare(result, 0, 5_000_000)).toBe(4 / 5);
  expect(coreShare(result, 1, 8_000_000)).toBe(4 / 8);
  expect(utilisation(run)).toEqual({ core: 12 / 12, devices: 5 / 12 });
  expect(repeatedBursts(3, 1, 9)).toEqual([1, 9, 1, 9, 1]);
});

test('convoy: short jobs behind a long one take more than twice as long as with preemption, and all are done later', () => {
  const [fifo, roundRobin, srtf] = convoyEffect();
  expect([fifo!.policy, roundRobin!.policy, srtf!.policy]).toEqual(['fifo', 'round-robin', 'srtf']);
  // Under fifo, four rounds of 30 for the long job and 4 for the others, and then four rounds of 1 + 9 alone: they end at 173, 174, 175 and 176.
  expect(fifo).toMatchObject({ shortTurnaround: 174.5, longTurnaround: 132, longestWait: 33, makespan: 176 });
  // Under srtf the short jobs never wait for the long one: the first as if it were alone, the others a tick more each.
  expect(srtf).toMatchObject({ shortTurnaround: (71 + 72 + 73 + 74) / 4, longestWait: 3, makespan: 158 });
  expect(roundRobin!.shortTurnaround).toBeLessThan(76);
  expect(fifo!.core).toBeCloseTo((120 + 32) / 176, 12);
  expect(srtf!.devices).toBeGreaterThan(fifo!.devices);
  expect(srtf!.longTurnaround).toBeGreaterThan(fifo!.longTurnaround);
});

test('gaming: forgetting starves the honest job, a boost gives it an allotment in a while, accounting its share', () => {
  const [gamed, boosted, kept, both] = mlfqGaming();
  // Its first allotment is all that it gets while the gamers are there, which have 2 × 180 ticks of work.
  expect(gamed).toMatchObject({ honestShare: 10 / 300, longestWait: 360, honestFinish: 560 });
  // One allotment of 10 every 100 ticks.
  expect(boosted!.honestShare).toBe(30 / 300);
  expect(boosted!.longestWait).toBeLessThanOrEqual(100);
  for (const cured of [kept!, both!]) {
    expect(cured.honestShare).toBeGreaterThan(1 / 3);
    expect(cured.longestWait).toBeLessThanOrEqual(20);
    expect(cured.honestFinish).toBeLessThan(gamed!.honestFinish);
  }
  for (const { honestShare, gamerShare } of [gamed!, boosted!, kept!, both!])
    expect(honestShare + gamerShare).toBeCloseTo(1, 12);
});

test('starvation: the wait grows with every important job that comes; aging bounds it', () => {
  const [fixed, aging] = starvation(60);
  expect(fixed!.waits.map(({ wait }) => wait)).toEqual([100, 200, 300, 400, 500, 600]);
  expect(agingBound).toBe(370);
  expect(aging!.waits.map(({ wait }) => wait)).toEqual([100, 200, 300, 360, 360, 360]);
});
