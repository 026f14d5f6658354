/** What the pages on textbook jobs have in common. */
import { ganttOf } from '../../src/cli/sched-report.ts';
import type { PolicyJobs } from '../../src/lessons/phenomena/job-figures.ts';
import { ganttSvg } from '../../src/report/gantt-svg.ts';
import type { Job } from '../../src/sim/jobs/job.ts';
import { tickUs } from '../../src/sim/jobs/read-jobs.ts';

/** A Gantt chart for each policy; `noteOf` says beside its name what the chart is to show. */
export function jobCharts<Run extends PolicyJobs>(
  title: string,
  runs: readonly Run[],
  noteOf: (run: Run) => string,
): string {
  return ganttSvg(
    runs.map((run) => {
      const { policy, jobs, result } = run;
      return { ...ganttOf({ name: policy, jobs, cores: 1, result }), note: noteOf(run) };
    }),
    { title, unit: 'ticks' },
  );
}

/** The jobs as a file for `ringzero sched`. */
export function jobsCsv(jobs: readonly Job[]): string {
  const hasPriorities = jobs.some(({ priority }) => priority !== undefined);
  const rows = jobs.map(({ name, arrivalUs, burstsUs, priority }) =>
    [
      name,
      arrivalUs / tickUs,
      burstsUs.map((us) => us / tickUs).join(' '),
      ...(hasPriorities ? [priority] : []),
    ].join(','),
  );
  return `${[`name,arrival,bursts${hasPriorities ? ',priority' : ''}`, ...rows].join('\n')}\n`;
}
