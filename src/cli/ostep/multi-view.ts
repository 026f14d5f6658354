import type { MultiAnswer, MultiProblem } from '../../lessons/ostep/multi.ts';
import { count, decimals, figures, type Header, type ToolView, type ViewOptions } from './tool-view.ts';

export const multiView: ToolView<MultiProblem, MultiAnswer> = {
  title: ({ options, jobs }) =>
    `${count(jobs.length, 'job')} on ${count(options.numCpus, 'CPU')}, slices end every ${count(options.quantum, 'tick')}`,
  problem: ({ options, jobs }) => {
    const { perCpuQueues, peekInterval, randomOrder, affinity } = options;
    const stealing = peekInterval === 0 ? 'none' : `looks into another queue every ${peekInterval} ticks`;
    return [
      `queues    ${perCpuQueues ? 'one for each CPU' : 'one for all'}`,
      ...(perCpuQueues ? [`stealing  ${stealing}`] : []),
      ...(randomOrder ? ['order     idle CPUs choose in an order drawn each tick'] : []),
      `cache     ${options.cacheSize} a CPU; warm after ${count(options.warmupTime, 'tick')}, then ${options.warmRate} times as fast`,
      '',
      ...figures(
        ['job', 'run time', 'working set', { left: 'CPUs' }],
        jobs.map(({ name, length, workingSet }) => [
          name,
          String(length),
          String(workingSet),
          Object.hasOwn(affinity, name) ? affinity[name]!.join(', ') : 'all',
        ]),
      ),
    ];
  },
  question: 'when all jobs are done; how much of the time each CPU works, and how much of it on a warm job.',
  answer: (answer, _problem, options) => [
    ...ticks(answer, options),
    `All jobs are done at time ${answer.finishedTime}.`,
    '',
    ...figures(
      ['CPU', 'working %', 'warm %'],
      answer.perCpu.map(({ cpu, utilization, warm }) => [String(cpu), decimals(utilization), decimals(warm)]),
    ),
    '',
    ...figures(
      ['job', 'response', 'turnaround'],
      answer.perJob.map(({ job, response, turnaround }) => [job, String(response), String(turnaround)]),
    ),
  ],
};

/** A line a tick, with what the flags ask for. */
function ticks(answer: MultiAnswer, { given }: ViewOptions): string[] {
  if (!['-t', '-T', '-C', '-S'].some((flag) => given.has(flag))) return [];
  const { timeline, timeLeftAfter, warmAfterChanges, queueAfterChanges, finishedTime } = answer;
  const cpus = timeline.map((_, cpu) => cpu);
  const headers: Header[] = ['time', ...cpus.map((cpu) => ({ left: `CPU ${cpu}` }))];
  if (given.has('-T')) headers.push(...cpus.map((cpu) => `left ${cpu}`));
  if (given.has('-C')) headers.push(...cpus.map((cpu) => ({ left: `warm ${cpu}` })));
  if (given.has('-S')) headers.push({ left: 'queues' });
  const warm = warmAfterChanges.map((changes) => perTick<readonly string[]>(changes, finishedTime));
  const queued = perTick<MultiAnswer['initialQueues']>(queueAfterChanges, finishedTime);
  const rows = Array.from({ length: finishedTime }, (_, tick) => {
    const row = [String(tick), ...timeline.map((jobs) => jobs[tick] ?? '-')];
    if (given.has('-T')) row.push(...timeLeftAfter.map((left) => String(left[tick] ?? '')));
    if (given.has('-C')) row.push(...warm.map((names) => names[tick]!.join(' ')));
    if (given.has('-S')) row.push(queues(queued[tick]!));
    return row;
  });
  return [...figures(headers, rows), ''];
}

/** [tick] the value that holds then. */
function perTick<Value>(
  changes: readonly (readonly [tick: number, value: Value])[],
  ticks: number,
): readonly Value[] {
  const values: Value[] = [];
  for (const [index, [from, value]] of changes.entries())
    for (let tick = from; tick < (changes[index + 1]?.[0] ?? ticks); tick++) values.push(value);
  return values;
}

function queues(lists: readonly string[] | readonly (readonly string[])[]): string {
  return lists.map((list) => (typeof list === 'string' ? list : `[${list.join(' ')}]`)).join(' ');
}
