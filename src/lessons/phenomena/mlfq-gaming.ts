/**
 * Gaming a multi-level feedback queue: a job that gives up the core just before its allotment is used up looks interactive and keeps the topmost queue, when a wait
 * makes the scheduler forget what was used. The cure is to account: what was used of the allotment is kept, in however many pieces. A priority boost alone only helps
 * the starved a little, from time to time.
 *
 * Source: R. H. and A. C. Arpaci-Dusseau, "Operating Systems: Three Easy Pieces", chapter 8, sections 8.3 to 8.4.
 */
import { mlfqDefaults, mlfqWith, type MlfqOptions } from '../../policies/index.ts';
import type { Job } from '../../sim/jobs/job.ts';
import { tickUs } from '../../sim/jobs/read-jobs.ts';
import { runJobs } from '../../sim/jobs/run-jobs.ts';
import { coreShare, jobOf, longestWait, type PolicyJobs, repeatedBursts } from './job-figures.ts';

/** Two that compute for 9 of the 10 ticks of an allotment and then do I/O of one tick, in turns, and one that only computes. */
export function gamingJobs(): readonly Job[] {
  return [
    jobOf('honest', 0, [200]),
    jobOf('gamer 1', 0, repeatedBursts(20, 9, 1)),
    jobOf('gamer 2', 0, repeatedBursts(20, 9, 1)),
  ];
}

/** Three queues with slices and allotments of 10 ticks. */
const gamedQueues: MlfqOptions = {
  ...mlfqDefaults,
  queues: 3,
  slicesUs: [10 * tickUs],
  allotmentsUs: [10 * tickUs],
  boostUs: Infinity,
};

/** Ticks of the run that shares are of: all three jobs have work for longer. */
export const gamedTicks = 300;
/** Ticks between two boosts. */
export const boostTicks = 100;

export interface GamingFigures extends PolicyJobs {
  readonly allotmentOnWait: MlfqOptions['allotmentOnWait'];
  readonly hasBoost: boolean;
  /** Share of the core that the honest job got, and both gamers together. */
  readonly honestShare: number;
  readonly gamerShare: number;
  /** Longest time in a row that the honest job waited, ticks. */
  readonly longestWait: number;
  /** When the honest job ended, ticks. */
  readonly honestFinish: number;
}

export function mlfqGaming(): readonly GamingFigures[] {
  const jobs = gamingJobs();
  return (['reset', 'keep'] as const).flatMap((allotmentOnWait) =>
    [false, true].map((hasBoost): GamingFigures => {
      const options = {
        ...gamedQueues,
        allotmentOnWait,
        boostUs: hasBoost ? boostTicks * tickUs : Infinity,
      };
      const policy = `${allotmentOnWait === 'keep' ? 'kept' : 'forgotten'} at a wait, ${hasBoost ? `boost every ${boostTicks} ticks` : 'no boost'}`;
      const run: PolicyJobs = { policy, jobs, result: runJobs({ jobs, policy: mlfqWith(options) }) };
      const share = (job: number): number => coreShare(run.result, job, gamedTicks * tickUs);
      return {
        ...run,
        allotmentOnWait,
        hasBoost,
        honestShare: share(0),
        gamerShare: share(1) + share(2),
        longestWait: longestWait(run, 0),
        honestFinish: run.result.perJob[0]!.finishUs / tickUs,
      };
    }),
  );
}
