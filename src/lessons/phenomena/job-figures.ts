/** What the experiments on textbook jobs have in common: jobs whose times are ticks, and figures of their runs. */
import { coreTimeUs, type Job } from '../../sim/jobs/job.ts';
import { tickUs } from '../../sim/jobs/read-jobs.ts';
import type { JobsResult } from '../../sim/jobs/run-jobs.ts';
import { mean } from '../../sim/metrics/statistics.ts';

/** A job with these bursts of core time and I/O, in ticks. */
export function jobOf(
  name: string,
  arrival: number,
  bursts: readonly number[],
  rest: Pick<Job, 'priority' | 'scheduling'> = {},
): Job {
  return { name, arrivalUs: arrival * tickUs, burstsUs: bursts.map((ticks) => ticks * tickUs), ...rest };
}

/** `count` bursts of `burst` ticks with I/O of `io` ticks between. */
export function repeatedBursts(count: number, burst: number, io: number): number[] {
  return Array.from({ length: 2 * count - 1 }, (_, index) => (index % 2 === 0 ? burst : io));
}

/** One policy's run of the jobs. */
export interface PolicyJobs {
  /** As a reader should see it. */
  readonly policy: string;
  readonly jobs: readonly Job[];
  readonly result: JobsResult;
}

/** Mean turnaround of the jobs that `isMeant`, ticks. */
export function meanTurnaround({ jobs, result }: PolicyJobs, isMeant: (job: Job) => boolean): number {
  return (
    mean(result.perJob.filter(({ job }) => isMeant(jobs[job]!)).map(({ turnaroundUs }) => turnaroundUs)) /
    tickUs
  );
}

/** Share of the time from 0 to `untilUs` that job number `job` had a core. */
export function coreShare({ slices }: JobsResult, job: number, untilUs: number): number {
  let us = 0;
  for (const slice of slices)
    if (slice.job === job && slice.fromUs < untilUs) us += Math.min(slice.toUs, untilUs) - slice.fromUs;
  return us / untilUs;
}

/** Share of the run that the core was used, and how many devices were at work on average: each job has one of its own. */
export function utilisation({ jobs, result }: PolicyJobs): {
  readonly core: number;
  readonly devices: number;
} {
  const { makespanUs } = result;
  const coreUs = jobs.reduce((sum, { burstsUs }) => sum + coreTimeUs(burstsUs), 0);
  const allUs = jobs.reduce((sum, { burstsUs }) => sum + burstsUs.reduce((total, us) => total + us, 0), 0);
  return { core: coreUs / makespanUs, devices: (allUs - coreUs) / makespanUs };
}

/** Longest time in a row that job number `job` was there, not ended, in no I/O of its own and on no core, ticks. */
export function longestWait({ jobs, result }: PolicyJobs, job: number): number {
  const { arrivalUs, burstsUs } = jobs[job]!;
  let readyUs = arrivalUs;
  let burst = 0;
  let longestUs = 0;
  for (const slice of result.slices) {
    if (slice.job !== job) continue;
    longestUs = Math.max(longestUs, slice.fromUs - readyUs);
    readyUs = slice.toUs;
    if (slice.end === 'io') {
      readyUs += burstsUs[2 * burst + 1]!;
      burst++;
    }
  }
  return longestUs / tickUs;
}
