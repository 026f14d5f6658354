/**
 * The rule set of OSTEP's scheduler.py: FIFO, SJF and RR on jobs that are all there at time 0.
 *
 * Built on the kernel: its own fifo, sjf and round-robin answer alike. Two things are told otherwise there and are put so here: a job that is alone has one line for each slice
 * (the kernel lets it go on), and SJF lists its jobs in the order in which they ran.
 *
 * Source of the rules: the behaviour of scheduler.py of 2025-10-26.
 */
import { invalid } from '../../kernel/errors.ts';
import type { CreateSchedulingPolicy } from '../../kernel/contracts.ts';
import { tickUs } from '../../sim/jobs/read-jobs.ts';
import { roundRobinWith, schedulingPolicies } from '../../policies/index.ts';
import { checkInteger, checkNotEmpty, checkTicks } from './checks.ts';
import { type JobProblem, meanTimes, runTicks, type Times } from './job-ticks.ts';
import { twoDecimals } from './two-decimals.ts';

export interface SchedulingProblem {
  readonly policy: 'FIFO' | 'SJF' | 'RR';
  /** Ticks; null where the policy has no slices. */
  readonly quantum: number | null;
  readonly jobs: readonly JobProblem[];
}

export interface SchedulingAnswer {
  readonly perJob: readonly (Times & { readonly job: number })[];
  /** With two decimals, and unrounded. */
  readonly average: Times;
  readonly averageExact: Times;
  readonly timeline: readonly {
    readonly start: number;
    readonly end: number;
    readonly job: number;
    readonly done: boolean;
  }[];
  readonly printedJobOrder: readonly number[];
}

/** Throws KernelError for a malformed problem. */
export function solveScheduling(problem: SchedulingProblem): SchedulingAnswer {
  const { policy, quantum, jobs } = problem;
  checkNotEmpty('jobs', jobs);
  if (policy === 'RR') checkInteger('quantum', quantum ?? 0, 1);
  checkTicks(jobs.reduce((sum, { length }) => sum + length, 0));
  const { perJob, slices } = runTicks(
    jobs.map((job) => ({ ...job, arrival: 0 })),
    policyOf(problem),
  );
  const times = perJob.map(({ job, response, turnaround, wait }) => ({ job, response, turnaround, wait }));
  const exact = meanTimes(times);
  return {
    perJob: times,
    average: {
      response: twoDecimals(exact.response),
      turnaround: twoDecimals(exact.turnaround),
      wait: twoDecimals(exact.wait),
    },
    averageExact: exact,
    timeline: slices.flatMap(({ start, end, job, done }) =>
      lines(start, end, policy === 'RR' ? quantum! : Infinity).map(([from, to]) => ({
        start: from,
        end: to,
        job,
        done: done && to === end,
      })),
    ),
    printedJobOrder: policy === 'SJF' ? slices.map(({ job }) => job) : jobs.map(({ job }) => job),
  };
}

function policyOf({ policy, quantum }: SchedulingProblem): CreateSchedulingPolicy {
  switch (policy) {
    case 'FIFO':
      return schedulingPolicies.fifo;
    case 'SJF':
      return schedulingPolicies.sjf;
    case 'RR':
      return roundRobinWith({ sliceUs: quantum! * tickUs });
    default:
      throw invalid('policy', policy, 'FIFO, SJF, RR');
  }
}

/** A stretch as slices of at most `quantum`; one of no length is a line, too. */
function lines(start: number, end: number, quantum: number): (readonly [from: number, to: number])[] {
  const found: (readonly [number, number])[] = [];
  let from = start;
  do {
    const to = Math.min(end, from + quantum);
    found.push([from, to]);
    from = to;
  } while (from < end);
  return found;
}
