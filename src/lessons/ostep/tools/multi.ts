/** multi.py: several CPUs with caches. */
import { invalid } from '../../../kernel/errors.ts';
import type { RandomSource } from '../mersenne-twister.ts';
import { type MultiAnswer, type MultiJob, type MultiProblem, solveMulti } from '../multi.ts';
import { type GivenFlags, mostThings, mostTicks, parseNumber } from './flags.ts';
import { computeFlag, type HomeworkTool, seedFlag } from './tool.ts';

export const multiTool: HomeworkTool<MultiProblem, MultiAnswer> = {
  name: 'multi',
  program: 'multi.py',
  summary: 'Several CPUs with caches: one queue or one each, affinity, stealing (multi.py).',
  flags: [
    { flag: '-n', value: 'n', help: 'CPUs', default: '2' },
    { flag: '-q', value: 'ticks', help: 'slice, from 1', default: '10' },
    { flag: '-L', value: 'list', help: 'jobs as NAME:RUN:WORKINGSET with commas between, such as a:30:200' },
    { flag: '-p', help: 'a queue for each CPU (without: one for all)' },
    {
      flag: '-P',
      value: 'ticks',
      help: 'with -p: time between looks into other queues; 0: none',
      default: '30',
    },
    { flag: '-A', value: 'list', help: 'affinities as JOB:CPU.CPU with commas between, such as a:0,b:0.1' },
    { flag: '-M', value: 'size', help: 'cache of a CPU', default: '100' },
    { flag: '-w', value: 'ticks', help: 'time until a job is warm', default: '10' },
    { flag: '-r', value: 'n', help: 'how much faster a warm job runs, from 1', default: '2' },
    { flag: '-o', help: 'idle CPUs choose in an order drawn anew each tick' },
    { flag: '-j', value: 'n', help: 'without -L: jobs to draw', default: '3' },
    { flag: '-R', value: 'ticks', help: 'without -L: bound of run times', default: '100' },
    { flag: '-W', value: 'size', help: 'without -L: bound of working sets', default: '200' },
    { flag: '-t', help: 'with -c: show every tick' },
    { flag: '-T', help: 'with -c: what is left to run after each tick' },
    { flag: '-C', help: 'with -c: who is warm after each tick' },
    { flag: '-S', help: 'with -c: the queues after each tick' },
    seedFlag,
    computeFlag,
  ],
  read(given, { random }) {
    const numCpus = given.integer('-n', { min: 1, max: mostThings });
    const jobs = given.has('-L') ? readJobs(given) : drawJobs(given, random);
    return {
      options: {
        numCpus,
        quantum: given.integer('-q', { min: 1, max: mostTicks }),
        perCpuQueues: given.has('-p'),
        peekInterval: given.integer('-P', { min: 0, max: mostTicks }),
        warmupTime: given.integer('-w', { min: 0, max: mostTicks }),
        warmRate: given.integer('-r', { min: 1, max: mostTicks }),
        cacheSize: given.integer('-M', { min: 0, max: mostTicks }),
        randomOrder: given.has('-o'),
        affinity: given.has('-A') ? readAffinity(given, jobs, numCpus) : {},
      },
      jobs,
    };
  },
  solve: solveMulti,
};

function readJobs(given: GivenFlags): MultiJob[] {
  const jobs = given.list('-L', readJob);
  const names = new Set<string>();
  for (const { name } of jobs) {
    if (names.has(name)) throw invalid('-L', name, 'a name that no other job has');
    names.add(name);
  }
  return jobs;
}

function readJob(item: string): MultiJob {
  const [name = '', length = '', workingSet = '', ...more] = item.split(':');
  if (name === '' || workingSet === '' || more.length > 0)
    throw invalid('-L', item, 'jobs like NAME:RUN:WORKINGSET');
  const range = { min: 0, max: mostTicks };
  return { name, length: parseNumber('-L', length, range), workingSet: parseNumber('-L', workingSet, range) };
}

function readAffinity(
  given: GivenFlags,
  jobs: readonly MultiJob[],
  numCpus: number,
): Record<string, number[]> {
  const names = jobs.map(({ name }) => name);
  const entries = given.list('-A', (item): [string, number[]] => {
    const [name = '', cpus = '', ...more] = item.split(':');
    if (name === '' || cpus === '' || more.length > 0)
      throw invalid('-A', item, 'affinities like JOB:CPU.CPU');
    if (!names.includes(name)) throw invalid('-A', name, `one of the jobs ${names.join(', ')}`);
    return [name, cpus.split('.').map((cpu) => parseNumber('-A', cpu, { min: 0, max: numCpus - 1 }))];
  });
  return Object.fromEntries(entries);
}

/** Multiples of 10, which may be 0: the run time, then the working set. */
function drawJobs(given: GivenFlags, random: RandomSource): MultiJob[] {
  const range = { min: 0, max: mostTicks };
  const [longest, largest] = [given.integer('-R', range), given.integer('-W', range)];
  const draw = (bound: number): number => 10 * Math.floor((random.uniform() * bound) / 10);
  return Array.from({ length: given.integer('-j', { min: 1, max: mostThings }) }, (_, job) => ({
    name: String(job),
    length: draw(longest),
    workingSet: draw(largest),
  }));
}
