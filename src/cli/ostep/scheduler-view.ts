import type { SchedulingAnswer, SchedulingProblem } from '../../lessons/ostep/scheduling.ts';
import { count, decimals, figures, type ToolView } from './tool-view.ts';

export const schedulerView: ToolView<SchedulingProblem, SchedulingAnswer> = {
  title: ({ policy, quantum, jobs }) =>
    `${count(jobs.length, 'job')}, all there at time 0, by ${policy}${quantum === null ? '' : ` with slices of ${quantum}`}`,
  problem: ({ jobs }) =>
    figures(
      ['job', 'run time'],
      jobs.map(({ job, length }) => [String(job), String(length)]),
    ),
  question: 'when each job runs; its response, turnaround and waiting time; their averages.',
  answer: ({ timeline, perJob, average }) => [
    ...figures(
      ['from', 'to', 'job', { left: 'it ends' }],
      timeline.map(({ start, end, job, done }) => [
        decimalsIfAny(start),
        decimalsIfAny(end),
        String(job),
        done ? 'yes' : '',
      ]),
    ),
    '',
    ...figures(
      ['job', 'response', 'turnaround', 'waiting'],
      [
        ...perJob.map((one) => [String(one.job), ...[one.response, one.turnaround, one.wait].map(decimals)]),
        ['average', ...[average.response, average.turnaround, average.wait].map(decimals)],
      ],
    ),
  ],
};

function decimalsIfAny(time: number): string {
  return Number.isInteger(time) ? String(time) : decimals(time);
}
