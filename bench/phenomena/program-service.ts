import {
  programMixture,
  programShapes,
  shapeOf,
  shapes,
} from '../../src/lessons/phenomena/program-mixture.ts';
import {
  offered,
  programService,
  type ProgramScheduler,
  type ProgramServiceFigures,
} from '../../src/lessons/phenomena/program-service.ts';
import { lineChartSvg } from '../../src/report/line-chart.ts';
import { mean } from '../../src/sim/metrics/statistics.ts';
import { figure, percent, type ResultPage, table } from './page.ts';

const programs = 300;
const seeds = [1, 2, 3];
const cores = 4;
const loads = [0.5, 0.6, 0.7, 0.8, 0.9];
const highest = loads.at(-1)!;
const compared = ['random', 'fifo', 'mlfq per call', 'mlfq', 'plas', 'atlas', 'srtf'] as const;
const drawn = ['fifo', 'mlfq per call', 'plas', 'atlas'] as const;

export function programServicePage(): ResultPage {
  const workloads = seeds.map((seed) => ({ seed, workload: programMixture(programs, seed) }));
  const run = (schedulers: readonly ProgramScheduler[], load: number): readonly ProgramServiceFigures[] =>
    programService(
      schedulers,
      workloads.map(({ seed, workload }) => offered(workload, { load, cores, seed })),
      { groups: programShapes, groupOf: shapeOf },
    );
  const runs = run(compared, highest);
  const byLoad = loads.map((load) => ({
    load,
    runs: load === highest ? runs.filter(({ scheduler }) => isDrawn(scheduler)) : run(drawn, load),
  }));
  const of = (scheduler: ProgramScheduler): ProgramServiceFigures =>
    runs.find((one) => one.scheduler === scheduler)!;
  const gain = (scheduler: ProgramScheduler, group: number): number =>
    of('fifo').groups[group]!.mean / of(scheduler).groups[group]!.mean;
  const [chat, toolUser, writer] = [0, 1, 2];
  const bound = boundOf(runs[0]!);
  return {
    name: 'program-service',
    title: 'Scheduling programs rather than calls',
    finding: `plas: chats are done ${figure(gain('plas', chat))} times as fast as under fifo, programs of many short calls ${figure(gain('plas', toolUser))} times; writers take ${figure(1 / gain('plas', writer))} times as long`,
    phenomenon: [
      'An agent is a program of many model calls. Served first come, first served, each of its calls waits behind the long calls of others, over and over, so that a program with many short calls waits most for what it needs. PLAS ranks a call by the service that its whole program has had (ATLAS: by the longest path of calls that it had to wait for), least first, in queues whose bins double, with preemption; nothing is predicted. Short programs pass; programs with many short calls, which had waited most, save most time; and long programs pay.',
    ],
    sources:
      'M. Luo and others, “Autellix: an efficient serving engine for LLM agents as general programs”, 2025 (arXiv 2502.13965)',
    workload: [
      `${programs} programs, drawn from each of ${seeds.length} seeds, which arrive independently of each other on an engine of ${cores} cores with memory for all, so that order alone matters. A call takes its prompt at 8,000 and its answer at 60 tokens a second; tools take 2 s on average. The load is the core time that the programs want, as a share of the core time that there is while they arrive.`,
      table(
        ['shape', 'share of the programs', 'calls', 'mean answer, tokens'],
        programShapes.map((shape) => {
          const { share, calls, answerTokens } = shapes[shape];
          const range = `${calls[0]} to ${calls[1]}`;
          return [
            shape,
            percent(share),
            shape === 'team' ? `1, then ${range} members side by side with 2 each, then 1` : range,
            figure(answerTokens),
          ];
        }),
      ),
    ],
    figures: [
      `Mean time from arrival to end, s, at a load of ${percent(highest)}:`,
      table(
        ['policy', 'all programs', 'p95', ...programShapes, 'gap to the lower bound'],
        runs.map((one) => [
          one.scheduler,
          figure(one.mean),
          figure(mean(one.runs.map(({ completionUs }) => completionUs.p95)) / 1e6),
          ...one.groups.map((group) => figure(group.mean)),
          percent(one.mean / bound - 1),
        ]),
      ),
      `The lower bound of the mean, whatever the policy, is ${figure(bound)} s; random is the baseline; srtf knows how long each call will be. The p95 is the mean of the seeds’.`,
      'Mean over all programs, s, by load:',
      table(
        ['policy', ...loads.map(percent)],
        drawn.map((scheduler) => [
          scheduler,
          ...byLoad.map(({ runs }) => figure(runs.find((one) => one.scheduler === scheduler)!.mean)),
        ]),
      ),
      `The published direction holds: under plas chats are done ${figure(gain('plas', chat))} times as fast as under fifo, tool users ${figure(gain('plas', toolUser))} times, and writers take ${figure(1 / gain('plas', writer))} times as long. Teams do better under atlas, which does not hold against one member what the others had.`,
      'How much of it is knowing programs? `mlfq per call` lets short calls pass and forgets what a program had with each call that ends; `mlfq` remembers it for each process. Most of the gain over fifo is theirs already, since the long calls in this mixture are those of the long programs. What knowing programs adds goes to the shortest programs, at the cost of the longer ones.',
      'What becomes of it on recorded agents is [a page of its own](program-service-recorded.md).',
    ],
    charts: [
      {
        alt: 'Mean completion time against load: fifo rises steeply, mlfq per call, plas and atlas stay nearer to the bound',
        svg: lineChartSvg(
          {
            title: 'Scheduling programs rather than calls',
            subtitle: `${programs} programs of four shapes on ${cores} cores; means of ${seeds.length} seeds`,
            x: { label: 'load', scale: 'linear', format: 'percent' },
            y: { label: 'mean time from arrival to end, s', scale: 'linear', format: 'count' },
            series: [
              {
                label: 'lower bound',
                kind: 'bound',
                points: byLoad.map(({ load, runs }) => ({ x: load, y: boundOf(runs[0]!) })),
              },
              ...drawn.map((scheduler) => ({
                label: scheduler,
                points: byLoad.map(({ load, runs }) => ({
                  x: load,
                  y: runs.find((one) => one.scheduler === scheduler)!.mean,
                })),
              })),
            ],
          },
          { width: 720, height: 420 },
        ),
      },
    ],
    repeat: [],
    code: 'src/lessons/phenomena/program-service.ts',
    seeds: `seeds ${seeds.join(', ')}`,
    inputs: {},
  };
}

const isDrawn = (scheduler: ProgramScheduler): boolean => drawn.some((one) => one === scheduler);

/** Mean of the seeds, s. */
function boundOf({ runs }: ProgramServiceFigures): number {
  return mean(runs.map(({ boundUs }) => boundUs ?? 0)) / 1e6;
}
