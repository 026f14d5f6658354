/** Jobs whose times are ticks, on the kernel: a tick is a second of virtual time, and a millionth of one is exact. */
import type { CreateSchedulingPolicy } from '../../kernel/contracts.ts';
import { invalid } from '../../kernel/errors.ts';
import { tickUs } from '../../sim/jobs/read-jobs.ts';
import { runJobs } from '../../sim/jobs/run-jobs.ts';
import { mean } from './two-decimals.ts';

export interface JobProblem {
  /** Place in the list, from 0. */
  readonly job: number;
  readonly arrival: number;
  readonly length: number;
  readonly priority?: number;
}
export interface Times {
  readonly response: number;
  readonly turnaround: number;
  readonly wait: number;
}
export interface JobTimes extends Times {
  readonly job: number;
  readonly finish: number;
}
export interface TickSlice {
  readonly start: number;
  readonly end: number;
  readonly job: number;
  /** The job ended with it. */
  readonly done: boolean;
}

/** Slices in order of time. Throws KernelError for a job with a time that is no number of ticks. */
export function runTicks(
  jobs: readonly JobProblem[],
  policy: CreateSchedulingPolicy,
): { readonly perJob: readonly JobTimes[]; readonly slices: readonly TickSlice[] } {
  const { perJob, slices } = runJobs({
    policy,
    jobs: jobs.map(({ job, arrival, length, priority }) => ({
      name: `job ${job}`,
      arrivalUs: microseconds('arrival', arrival),
      burstsUs: [microseconds('length', length)],
      ...(priority === undefined ? {} : { priority }),
    })),
  });
  return {
    perJob: perJob.map(({ job, finishUs, responseUs, turnaroundUs, waitingUs }) => ({
      job: jobs[job]!.job,
      finish: finishUs / tickUs,
      response: responseUs / tickUs,
      turnaround: turnaroundUs / tickUs,
      wait: waitingUs / tickUs,
    })),
    slices: slices.map(({ job, fromUs, toUs, end }) => ({
      start: fromUs / tickUs,
      end: toUs / tickUs,
      job: jobs[job]!.job,
      done: end === 'done',
    })),
  };
}

export function meanTimes(times: readonly Times[]): Times {
  return {
    response: mean(times.map(({ response }) => response)),
    turnaround: mean(times.map(({ turnaround }) => turnaround)),
    wait: mean(times.map(({ wait }) => wait)),
  };
}

function microseconds(field: string, ticks: number): number {
  const us = Math.round(ticks * tickUs);
  if (!(us >= 0) || !Number.isSafeInteger(us)) throw invalid(field, ticks, 'a number of ticks of at least 0');
  return us;
}
