/** scheduler.py: jobs that are all there at time 0, run by FIFO, SJF or RR. */
import { invalid } from '../../../kernel/errors.ts';
import { type SchedulingAnswer, type SchedulingProblem, solveScheduling } from '../scheduling.ts';
import { mostThings, mostTicks } from './flags.ts';
import { computeFlag, type HomeworkTool, seedFlag } from './tool.ts';

export const schedulerTool: HomeworkTool<SchedulingProblem, SchedulingAnswer> = {
  name: 'scheduler',
  program: 'scheduler.py',
  summary: 'Jobs on one CPU: FIFO, SJF, RR (scheduler.py).',
  flags: [
    { flag: '-p', value: 'policy', help: 'FIFO, SJF, RR', default: 'FIFO' },
    { flag: '-q', value: 'ticks', help: 'slice of RR, from 1', default: '1' },
    { flag: '-l', value: 'list', help: 'run times with commas between, such as 5,10,2.5' },
    { flag: '-j', value: 'n', help: 'without -l: jobs to draw', default: '3' },
    { flag: '-m', value: 'ticks', help: 'without -l: longest run time', default: '10' },
    seedFlag,
    computeFlag,
  ],
  read(given, { random }) {
    const policy = given.choice('-p', ['FIFO', 'SJF', 'RR']);
    // What has no end there is refused, whatever the policy.
    const quantum = given.integer('-q', { min: 1, max: mostTicks });
    const lengths = given.has('-l')
      ? given.list('-l', (item) => runTime(item))
      : drawLengths(
          given.integer('-j', { min: 1, max: mostThings }),
          given.integer('-m', { min: 1, max: mostTicks }),
          () => random.uniform(),
        );
    return {
      policy,
      quantum: policy === 'RR' ? quantum : null,
      jobs: lengths.map((length, job) => ({ job, arrival: 0, length })),
    };
  },
  solve: (problem) => solveScheduling(problem),
};

function drawLengths(count: number, longest: number, uniform: () => number): number[] {
  return Array.from({ length: count }, () => Math.floor(longest * uniform()) + 1);
}

/** May be a fraction, and 0. */
function runTime(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value <= mostTicks) return value;
  throw invalid('-l', text, `numbers from 0 to ${mostTicks}`);
}
