import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { openInputFile } from '../../src/adapters/files/input-file.ts';
import type { AgentSpec } from '../../src/agents/steps.ts';
import { engineDefaults } from '../../src/kernel/engine-options.ts';
import {
  offered,
  programService,
  type ProgramServiceFigures,
} from '../../src/lessons/phenomena/program-service.ts';
import { formatCount } from '../../src/report/format.ts';
import { lineChartSvg } from '../../src/report/line-chart.ts';
import { mean } from '../../src/sim/metrics/statistics.ts';
import { readWorkload } from '../../src/sim/workloads/read-workload.ts';
import type { Workload } from '../../src/sim/workloads/workload.ts';
import { figure, percent, type ResultPage, table } from './page.ts';

const trace = fileURLToPath(new URL('../../../shared/traces/weka-claude-code.jsonl.gz', import.meta.url));
const seed = 1;
const cores = 4;
const loads = [0.9, 1.1, 1.5, 2];
const shownLoad = 1.5;
const schedulers = ['fifo', 'mlfq', 'plas', 'atlas'] as const;
const groups = ['few short calls', 'few long calls', 'many short calls', 'many long calls'] as const;

/** Undefined: the recording is not there. */
export async function programServiceRecordedPage(): Promise<ResultPage | undefined> {
  if (!existsSync(trace)) return undefined;
  const workload = await readWorkload(await openInputFile(trace));
  const { groupOf, medianCalls, medianSeconds } = callGroups(workload);
  const byLoad = loads.map((load) => ({
    load,
    runs: programService(schedulers, [offered(workload, { load, cores, seed })], { groups, groupOf }),
  }));
  const { runs } = byLoad.find(({ load }) => load === shownLoad)!;
  const [fifo, , plas] = runs;
  const inCalls = (run: typeof fifo, group: number): number => run!.groups[group]!.inCalls;
  const all = ({ groups }: ProgramServiceFigures): number =>
    groups.reduce((sum, { inCalls, programs }) => sum + inCalls * programs, 0) / workload.facts.agents;
  return {
    name: 'program-service-recorded',
    title: 'Scheduling programs on recorded agents',
    finding: `recorded coding sessions: those of few short calls spend ${percent(1 - inCalls(plas, 0) / inCalls(fifo, 0))} less time in their calls under plas, those of many long ones ${percent(inCalls(plas, 3) / inCalls(fifo, 3) - 1)} more`,
    phenomenon: [
      'The same as [on generated programs](program-service.md), measured on recorded coding sessions. They differ from those in what matters here: people and tools take most of a session’s time, and sessions with many calls are long, however short each call is.',
    ],
    sources:
      'the policies: M. Luo and others, arXiv 2502.13965; the recording: weka-claude-code of callanjfox/kv-cache-tester (Apache-2.0), not part of the project',
    workload: [
      `${formatCount(workload.facts.agents)} sessions with ${formatCount(workload.facts.modelCalls)} model calls, replayed with their recorded times on ${cores} cores with memory for all; they arrive independently of each other, at the rate that makes the load (above 100 %: for as long as they arrive). They are divided at the medians: of the number of calls (${medianCalls}), and of the mean time of a call (${figure(medianSeconds)} s).`,
    ],
    figures: [
      `Mean time of a session in its calls, on a core or waiting for one, s, at a load of ${percent(shownLoad)}:`,
      table(
        ['policy', 'all sessions', ...groups],
        runs.map((run) => [
          run.scheduler,
          figure(all(run)),
          ...run.groups.map((group) => figure(group.inCalls)),
        ]),
      ),
      'The same by load, sessions of few short calls and all sessions:',
      table(
        [
          'policy',
          ...loads.flatMap((load) => [`few short calls, ${percent(load)}`, `all, ${percent(load)}`]),
        ],
        schedulers.map((scheduler, index) => [
          scheduler,
          ...byLoad.flatMap(({ runs }) => [figure(inCalls(runs[index], 0)), figure(all(runs[index]!))]),
        ]),
      ),
      'Short programs gain here, too, and long ones pay. What does not carry over is the gain of programs with many short calls: a session of many calls has soon had more service than most, and plas ranks it behind them. The mean over all sessions hardly changes.',
    ],
    charts: [
      {
        alt: 'Mean time in calls against load for sessions of few short calls: plas and atlas rise less than fifo and mlfq',
        svg: lineChartSvg(
          {
            title: 'Recorded coding sessions of few short calls',
            subtitle: `of ${workload.facts.agents} sessions on ${cores} cores; seed ${seed}`,
            x: { label: 'load', scale: 'linear', format: 'percent' },
            y: { label: 'mean time in calls, s', scale: 'linear', format: 'count' },
            series: schedulers.map((scheduler, index) => ({
              label: scheduler,
              points: byLoad.map(({ load, runs }) => ({ x: load, y: inCalls(runs[index], 0) })),
            })),
          },
          { width: 640, height: 360 },
        ),
      },
    ],
    repeat: [],
    code: 'src/lessons/phenomena/program-service.ts',
    seeds: `seed ${seed}, the recording in ../shared/traces`,
    inputs: {},
  };
}

/** Divides the programs at the medians of how many calls they have and of how long these take on average. */
function callGroups({ agents }: Workload): {
  readonly groupOf: (name: string) => (typeof groups)[number];
  readonly medianCalls: number;
  readonly medianSeconds: number;
} {
  const byName = new Map(agents.map((agent) => [agent.name, callsOf(agent)]));
  const all = [...byName.values()];
  const medianCalls = median(all.map(({ calls }) => calls));
  const medianSeconds = median(all.map(({ seconds }) => seconds));
  return {
    groupOf: (name) => {
      const { calls, seconds } = byName.get(name)!;
      return groups[(calls > medianCalls ? 2 : 0) + (seconds > medianSeconds ? 1 : 0)]!;
    },
    medianCalls,
    medianSeconds,
  };
}

/** A call without a recorded time takes that of its answer. */
function callsOf({ steps }: AgentSpec): { readonly calls: number; readonly seconds: number } {
  const seconds = steps.flatMap((step) =>
    step.op === 'think'
      ? [
          step.durationUs === undefined
            ? step.tokensOut / engineDefaults.decodeTokensPerSecond
            : step.durationUs / 1e6,
        ]
      : [],
  );
  return { calls: seconds.length, seconds: mean(seconds) };
}

/** The upper one of two. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
