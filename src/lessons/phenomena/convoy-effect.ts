/**
 * The convoy effect: under first come, first served, many jobs with short bursts queue up behind one with long bursts; they do their I/O together and then wait for it
 * together, so that the core and the devices stand idle in turn, and short jobs take as long as the long one.
 *
 * Source: A. Silberschatz, P. B. Galvin, G. Gagne, "Operating System Concepts", 10th edition, section 5.3.1; the word: M. Blasgen, J. Gray, M. Mitoma, T. Price, "The
 * convoy phenomenon", ACM SIGOPS Operating Systems Review 13(2), 1979 (of locks).
 */
import type { CreateSchedulingPolicy } from '../../kernel/contracts.ts';
import { roundRobinWith, schedulingPolicies } from '../../policies/index.ts';
import type { Job } from '../../sim/jobs/job.ts';
import { tickUs } from '../../sim/jobs/read-jobs.ts';
import { runJobs } from '../../sim/jobs/run-jobs.ts';
import {
  jobOf,
  longestWait,
  meanTurnaround,
  type PolicyJobs,
  repeatedBursts,
  utilisation,
} from './job-figures.ts';

/** One job that computes for 30 ticks at a time, and four that compute for one tick between I/O of 9. */
export function convoyJobs(): readonly Job[] {
  return [
    jobOf('compute', 0, repeatedBursts(4, 30, 3)),
    ...[1, 2, 3, 4].map((number) => jobOf(`io ${number}`, 0, repeatedBursts(8, 1, 9))),
  ];
}

export interface ConvoyFigures extends PolicyJobs {
  /** Mean turnaround of the I/O-bound jobs, and turnaround of the compute-bound one, ticks. */
  readonly shortTurnaround: number;
  readonly longTurnaround: number;
  /** The longest that an I/O-bound job was ready in a row, ticks. */
  readonly longestWait: number;
  /** Share of the run that the core was used. */
  readonly core: number;
  /** Devices at work on average until the last I/O-bound job had ended. */
  readonly devices: number;
  readonly makespan: number;
}

const policies: Readonly<Record<string, CreateSchedulingPolicy>> = {
  fifo: schedulingPolicies.fifo,
  'round-robin': roundRobinWith({ sliceUs: tickUs }),
  srtf: schedulingPolicies.srtf,
};

/** Round-robin has slices of one tick. */
export function convoyEffect(): readonly ConvoyFigures[] {
  const jobs = convoyJobs();
  return Object.entries(policies).map(([policy, create]) => {
    const run: PolicyJobs = { policy, jobs, result: runJobs({ jobs, policy: create }) };
    return {
      ...run,
      ...utilisation(run),
      shortTurnaround: meanTurnaround(run, ({ name }) => name !== 'compute'),
      longTurnaround: meanTurnaround(run, ({ name }) => name === 'compute'),
      longestWait: Math.max(
        ...jobs.map((job, index) => (job.name === 'compute' ? 0 : longestWait(run, index))),
      ),
      makespan: run.result.makespanUs / tickUs,
    };
  });
}
