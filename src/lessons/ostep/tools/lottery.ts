/** lottery.py: slices by lot. */
import {
  largestRandom,
  type LotteryAnswer,
  lotteryDraws,
  type LotteryJob,
  type LotteryProblem,
  solveLottery,
} from '../lottery.ts';
import type { RandomSource } from '../mersenne-twister.ts';
import { blaming, type GivenFlags, mostThings, mostTicks } from './flags.ts';
import { computeFlag, type HomeworkTool, seedFlag } from './tool.ts';

export const lotteryTool: HomeworkTool<LotteryProblem, LotteryAnswer> = {
  name: 'lottery',
  program: 'lottery.py',
  summary: 'Slices drawn by lot, in proportion to tickets (lottery.py).',
  flags: [
    { flag: '-l', value: 'list', help: 'jobs as RUN:TICKETS with commas between, such as 8:75,4:25' },
    { flag: '-q', value: 'ticks', help: 'slice, from 1', default: '1' },
    { flag: '-j', value: 'n', help: 'without -l: jobs to draw', default: '3' },
    { flag: '-m', value: 'ticks', help: 'without -l: run times below this, from 2', default: '10' },
    { flag: '-T', value: 'n', help: 'without -l: tickets below this, from 2', default: '100' },
    seedFlag,
    computeFlag,
  ],
  read(given, { random }) {
    const quantum = given.integer('-q', { min: 1, max: mostTicks });
    const jobs = given.has('-l') ? readJobs(given) : drawJobs(given, random);
    const draws = given.has('-l') ? blaming('-l', () => lotteryDraws(jobs)) : lotteryDraws(jobs);
    const randoms = Array.from({ length: draws }, () => Math.floor(random.uniform() * (largestRandom + 1)));
    return { quantum, jobs, randoms };
  },
  // Drawn jobs have what they need.
  solve: (problem) => blaming('-l', () => solveLottery(problem)),
};

function readJobs(given: GivenFlags): LotteryJob[] {
  const range = { min: 0, max: mostTicks };
  return given.list('-l', (item) => given.numbers('-l', item, 'RUN:TICKETS', [range, range])).map(asJob);
}

/** The run time, then the tickets, each drawn again while it is 0: the bounds leave something else. */
function drawJobs(given: GivenFlags, random: RandomSource): LotteryJob[] {
  const range = { min: 2, max: mostTicks };
  const [longest, most] = [given.integer('-m', range), given.integer('-T', range)];
  const draw = (bound: number): number => {
    for (;;) {
      const drawn = Math.floor(bound * random.uniform());
      if (drawn > 0) return drawn;
    }
  };
  const count = given.integer('-j', { min: 1, max: mostThings });
  return Array.from({ length: count }, () => [draw(longest), draw(most)]).map(asJob);
}

function asJob([length = 0, tickets = 0]: readonly number[], job: number): LotteryJob {
  return { job, length, tickets };
}
