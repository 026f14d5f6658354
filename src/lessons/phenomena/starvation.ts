/**
 * Starvation and aging: under fixed priorities an unimportant job waits for as long as more important ones keep coming. Aging raises the priority of whoever waits, so
 * that its wait has a bound that does not depend on how many come.
 *
 * Source: A. Silberschatz, P. B. Galvin, G. Gagne, "Operating System Concepts", 10th edition, section 5.3.4.
 */
import { priorityDefaults, schedulingPolicies } from '../../policies/index.ts';
import type { Job } from '../../sim/jobs/job.ts';
import { tickUs } from '../../sim/jobs/read-jobs.ts';
import { runJobs } from '../../sim/jobs/run-jobs.ts';
import { jobOf, longestWait } from './job-figures.ts';

const importantPriority = 20;
const unimportantPriority = 80;
/** Of each job, ticks; an important one arrives as the one before it ends. */
const jobTicks = 10;

/** One unimportant job and so many important ones, which alone keep the core busy. */
export function starvingJobs(important: number): readonly Job[] {
  return [
    jobOf('unimportant', 0, [jobTicks], { priority: unimportantPriority }),
    ...Array.from({ length: important }, (_, index) =>
      jobOf(`important ${index + 1}`, index * jobTicks, [jobTicks], { priority: importantPriority }),
    ),
  ];
}

/** How long the unimportant job waits, ticks, by how many important ones come. */
export interface StarvationFigures {
  readonly policy: 'priority-preemptive' | 'priority';
  readonly waits: readonly { readonly important: number; readonly wait: number }[];
}

/** With 10, 20, … important jobs, up to `mostImportant`. */
export function starvation(mostImportant = 100): readonly StarvationFigures[] {
  const counts = Array.from({ length: mostImportant / 10 }, (_, index) => (index + 1) * 10);
  return (['priority-preemptive', 'priority'] as const).map((policy) => ({
    policy,
    waits: counts.map((important) => {
      const jobs = starvingJobs(important);
      const result = runJobs({ jobs, policy: schedulingPolicies[policy] });
      return { important, wait: longestWait({ policy, jobs, result }, 0) };
    }),
  }));
}

/**
 * The bound of aging, ticks: so long it takes until the difference of the priorities is made up for; then whoever runs ends first.
 */
export const agingBound =
  ((unimportantPriority - importantPriority) * priorityDefaults.agingUsPerPoint) / tickUs + jobTicks;
