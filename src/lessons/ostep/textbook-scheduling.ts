/**
 * Scheduling exercises of textbooks, by their honest rules: jobs that arrive at one instant, or when a slice ends, are all there before somebody is picked, and stand before the job whose
 * slice it was.
 *
 * Built on the kernel's own policies, all but processor sharing: a core serves one job at a time, and no slice is short enough to be shared out equally, to the last digit.
 */
import type { CreateSchedulingPolicy } from '../../kernel/contracts.ts';
import { invalid } from '../../kernel/errors.ts';
import {
  mlfqDefaults,
  mlfqWith,
  roundRobinWith,
  schedulingPolicies,
  staticPriorityDefaults,
  staticPriorityWith,
} from '../../policies/index.ts';
import { tickUs } from '../../sim/jobs/read-jobs.ts';
import { mean } from './two-decimals.ts';
import { checkInteger, checkNotEmpty, checkTicks } from './checks.ts';
import {
  type JobProblem,
  type JobTimes,
  meanTimes,
  runTicks,
  type TickSlice,
  type Times,
} from './job-ticks.ts';
import { shareProcessor } from './processor-sharing.ts';

export interface TextbookSchedulingProblem {
  readonly policy: string;
  /** Ticks; null, or a description, where the policy has none or its own. */
  readonly quantum: number | string | null;
  readonly jobs: readonly JobProblem[];
  /** Which number runs first, in words; smaller ones when it is missing. */
  readonly priorityRule?: string | null;
  readonly rules?: string;
}

export interface TextbookSchedulingAnswer {
  readonly perJob: readonly Partial<JobTimes>[];
  readonly average: Partial<Times> & { readonly finish: number };
  /** Adjacent slices of one job are one; empty under processor sharing. */
  readonly timeline: readonly Omit<TickSlice, 'done'>[];
}

/** Throws KernelError for a malformed problem and for a policy that no textbook has. */
export function solveTextbookScheduling(problem: TextbookSchedulingProblem): TextbookSchedulingAnswer {
  const { policy, jobs } = problem;
  checkNotEmpty('jobs', jobs);
  checkTicks(jobs.reduce((sum, { length }) => sum + length, 0));
  if (policy === 'PROCESSOR SHARING') {
    const perJob = shareProcessor(jobs);
    return {
      perJob,
      average: {
        finish: mean(perJob.map(({ finish }) => finish)),
        turnaround: mean(perJob.map(({ turnaround }) => turnaround)),
      },
      timeline: [],
    };
  }
  const { perJob, slices } = runTicks(ranked(problem), policyOf(problem));
  const finish = mean(perJob.map((one) => one.finish));
  return { perJob, average: { finish, ...meanTimes(perJob) }, timeline: joined(slices) };
}

function policyOf({ policy, quantum }: TextbookSchedulingProblem): CreateSchedulingPolicy {
  switch (policy) {
    case 'FCFS':
      return schedulingPolicies.fifo;
    case 'SJF':
      return schedulingPolicies.sjf;
    case 'SRTF':
      return schedulingPolicies.srtf;
    case 'HRRN':
      return schedulingPolicies.hrrn;
    case 'RR':
      return roundRobinWith({ sliceUs: sliceUs(quantum) });
    case 'PRIORITY':
      return schedulingPolicies['priority-nonpreemptive'];
    case 'PRIORITY+RR':
      return staticPriorityWith({
        ...staticPriorityDefaults,
        isPreemptive: false,
        sliceUs: sliceUs(quantum),
      });
    case 'PRIORITY+RR preemptive':
      return staticPriorityWith({ ...staticPriorityDefaults, sliceUs: sliceUs(quantum) });
    case 'FEEDBACK q=1':
      return feedback([tickUs]);
    case 'FEEDBACK q=2^i':
      return feedback(doublingSlicesUs);
    default:
      throw invalid(
        'policy',
        policy,
        'FCFS, SJF, SRTF, HRRN, RR, PRIORITY, PRIORITY+RR, PRIORITY+RR preemptive, FEEDBACK q=1, FEEDBACK q=2^i, PROCESSOR SHARING',
      );
  }
}

/** Stallings: levels without end; who loses the core at the end of a slice sinks one level; nobody is preempted inside a slice. */
const feedback = (slicesUs: readonly number[]): CreateSchedulingPolicy =>
  mlfqWith({
    ...mlfqDefaults,
    queues: 1_000_000,
    slicesUs,
    boostUs: Infinity,
    demotion: 'slice',
    isPreemptive: false,
  });

/** Longer than any exercise from the last on. */
const doublingSlicesUs = Array.from({ length: 30 }, (_, level) => tickUs * (1 << level));

function sliceUs(quantum: number | string | null): number {
  const ticks = Number(quantum ?? 0);
  checkInteger('quantum', ticks, 1);
  return ticks * tickUs;
}

/** Priorities from 0 up, smaller ones first, whatever the book's numbers are. */
function ranked({ jobs, priorityRule }: TextbookSchedulingProblem): readonly JobProblem[] {
  const isLargerFirst = /^(larger|higher|greater|bigger|largest|highest)/i.test(priorityRule ?? '');
  const levels = [...new Set(jobs.map(({ priority = 0 }) => priority))].sort((a, b) =>
    isLargerFirst ? b - a : a - b,
  );
  return jobs.map((job) => ({ ...job, priority: (100 * levels.indexOf(job.priority ?? 0)) / levels.length }));
}

function joined(slices: readonly TickSlice[]): Omit<TickSlice, 'done'>[] {
  const whole: { start: number; end: number; readonly job: number }[] = [];
  for (const { start, end, job } of slices) {
    const last = whole.at(-1);
    if (last !== undefined && last.job === job && last.end === start) last.end = end;
    else if (end > start) whole.push({ start, end, job });
  }
  return whole;
}
