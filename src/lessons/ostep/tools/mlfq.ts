/** mlfq.py: a multi-level feedback queue. */
import { invalid } from '../../../kernel/errors.ts';
import { type MlfqAnswer, type MlfqJob, type MlfqOptions, type MlfqProblem, solveMlfq } from '../mlfq.ts';
import type { RandomSource } from '../mersenne-twister.ts';
import { type GivenFlags, mostThings, mostTicks, parseNumber } from './flags.ts';
import { computeFlag, type HomeworkTool, seedFlag } from './tool.ts';

export const mlfqTool: HomeworkTool<MlfqProblem, MlfqAnswer> = {
  name: 'mlfq',
  program: 'mlfq.py',
  summary: 'A multi-level feedback queue with slices, allotments, boosts and I/O (mlfq.py).',
  flags: [
    { flag: '-n', value: 'n', help: 'queues', default: '3' },
    { flag: '-q', value: 'ticks', help: 'slice in every queue; 0: it never ends', default: '10' },
    { flag: '-Q', value: 'list', help: 'slices, highest queue first, instead of -n and -q' },
    { flag: '-a', value: 'n', help: 'slices in a queue until a job drops; below 1: never', default: '1' },
    { flag: '-A', value: 'list', help: 'the same for each queue, highest first, from 1 but for the last' },
    { flag: '-B', value: 'ticks', help: 'time between boosts; 0: none', default: '0' },
    { flag: '-i', value: 'ticks', help: 'time of an I/O', default: '5' },
    { flag: '-S', help: 'an I/O refills slice and allotment' },
    { flag: '-I', help: 'after an I/O a job enters its queue at the front' },
    {
      flag: '-l',
      value: 'list',
      help: 'jobs as START,RUN,IOFREQ with colons between, such as 0,20,0:5,10,3',
    },
    { flag: '-j', value: 'n', help: 'without -l: jobs to draw', default: '3' },
    { flag: '-m', value: 'ticks', help: 'without -l: longest run time', default: '100' },
    { flag: '-M', value: 'ticks', help: 'without -l: longest time between I/Os; 0: no I/O', default: '10' },
    seedFlag,
    computeFlag,
  ],
  read: (given, { random }) => ({
    options: readOptions(given),
    jobs: given.has('-l') ? readJobs(given.text('-l')) : drawJobs(given, random),
  }),
  solve: solveMlfq,
};

function readOptions(given: GivenFlags): MlfqOptions {
  const ticks = { min: 0, max: mostTicks };
  const anything = { min: -mostTicks, max: mostTicks };
  const everyQuantum = given.integer('-q', ticks);
  const quantum = given.has('-Q')
    ? given.list('-Q', (item) => parseNumber('-Q', item, ticks))
    : Array.from({ length: given.integer('-n', { min: 1, max: mostThings }) }, () => everyQuantum);
  const numQueues = quantum.length;
  const everyAllotment = given.integer('-a', anything);
  const allotment = given.has('-A')
    ? given.list('-A', (item) => parseNumber('-A', item, anything))
    : quantum.map(() => everyAllotment);
  if (allotment.length !== numQueues)
    throw invalid('-A', given.text('-A'), `${numQueues} allotments, one a queue`);
  if (given.has('-A') && allotment.slice(0, -1).some((slices) => slices < 1))
    throw invalid('-A', given.text('-A'), 'allotments from 1 up, but for the last one');
  return {
    numQueues,
    quantum,
    allotment,
    boost: given.integer('-B', ticks),
    ioTime: given.integer('-i', ticks),
    stay: given.has('-S'),
    iobump: given.has('-I'),
  };
}

function readJobs(text: string): MlfqJob[] {
  const ticks = { min: 0, max: mostTicks };
  return text.split(':').map((item, job) => {
    const parts = item.split(',');
    if (parts.length !== 3) throw invalid('-l', item, 'jobs like START,RUN,IOFREQ with colons between');
    const [arrival = '', length = '', ioFreq = ''] = parts;
    return {
      job,
      arrival: parseNumber('-l: start', arrival, ticks),
      length: parseNumber('-l: run time', length, { min: 1, max: mostTicks }),
      ioFreq: parseNumber('-l: I/O frequency', ioFreq, ticks),
    };
  });
}

/** Two draws a job: its run time, then the time between its I/Os. */
function drawJobs(given: GivenFlags, random: RandomSource): MlfqJob[] {
  const count = given.integer('-j', { min: 1, max: mostThings });
  const longest = given.integer('-m', { min: 1, max: mostTicks });
  const rarest = given.integer('-M', { min: 0, max: mostTicks });
  return Array.from({ length: count }, (_, job) => {
    const length = Math.floor(random.uniform() * (longest - 1) + 1);
    const ioFreq = Math.floor(random.uniform() * (rarest - 1) + 1);
    return { job, arrival: 0, length, ioFreq };
  });
}
