/** `ringzero sched --jobs FILE --policy NAMES`: textbook jobs under one or several scheduling policies, exact and explained (docs/sched.md). */
import type { Command as CommanderCommand } from 'commander';

import { openInputFile } from '../../adapters/files/input-file.ts';
import { invalid, KernelError } from '../../kernel/errors.ts';
import { schedulingPolicies } from '../../policies/index.ts';
import { ganttSvg } from '../../report/gantt-svg.ts';
import type { Decision } from '../../sim/jobs/decisions.ts';
import { missingFact } from '../../sim/jobs/facts.ts';
import { mostTicks, readJobs, tickUs } from '../../sim/jobs/read-jobs.ts';
import { runJobs } from '../../sim/jobs/run-jobs.ts';
import { noSlice, schedulerOf } from '../../sim/spec.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { parseInteger, parsePositive } from '../options.ts';
import { isPolicyFile } from '../own-policy.ts';
import { isGiven, keepGiven, repeatWords, type RunFlags } from '../run-flags.ts';
import { chosenScheduler, schedulersAllowed } from '../scheduler-choice.ts';
import { checkOutput } from '../line-file.ts';
import { checkPlotName, writePlot } from '../plot-file.ts';
import { ganttOf, schedDocument, schedLines, type PolicyRun } from '../sched-report.ts';

interface SchedOptions extends CommonOptions, Pick<RunFlags, 'given'> {
  readonly jobs: string;
  readonly policy: string;
  readonly slice: number;
  readonly cores: number;
  readonly gantt: boolean;
  readonly why: boolean;
  readonly plot?: string;
}

const names = Object.keys(schedulingPolicies);

export const schedCommand: Command<SchedOptions> = {
  name: 'sched',
  summary: 'Textbook jobs under scheduling policies: times, Gantt charts, and why each was picked.',
  register(command: CommanderCommand): void {
    command
      .requiredOption('--jobs <file>', 'jobs as JSON or CSV, - for standard input (docs/sched.md)')
      .requiredOption(
        '--policy <names>',
        `all, or some of ${names.join(', ')}, or files such as ./mine.ts, separated by commas`,
      )
      .option(
        '--slice <ticks>',
        'longest run before another that is ready gets the core, where the policy has slices',
        parseSlice,
        1,
      )
      .option(
        '--cores <n>',
        'how many cores',
        (text: string) => parseInteger('--cores', text, { min: 1, max: 1_024 }),
        1,
      )
      .option('--gantt', 'draw a Gantt chart for each policy here', false)
      .option('--why', 'at each choice: who was ready, with what key, and which rule decided', false)
      .option('--plot <file>', 'draw the Gantt charts into this file: .svg or .png');
    keepGiven(command);
  },
  async run({ options }: Call<SchedOptions>, io: Io): Promise<number> {
    const { seed, cores, slice, plot } = options;
    const chosen = policiesOf(options.policy);
    const slicesOf = chosen.map(noSlice);
    if (isGiven(options, '--slice') && !slicesOf.includes(undefined))
      throw invalid('--slice', slice, slicesOf[0]!);
    if (plot !== undefined) {
      checkPlotName(plot);
      checkOutput('--plot', plot, [options.jobs]);
    }
    const opened = await openInputFile(options.jobs);
    const jobs = readJobs(opened.name, await opened.text());
    const runs: PolicyRun[] = [];
    for (const name of chosen) {
      const missing = missingFact(name, jobs);
      if (missing !== undefined) {
        if (options.policy !== 'all') throw new KernelError('INVALID_FILE', `${opened.name}: ${missing}`);
        io.err(`note: ${name} is left out: ${missing}`);
        continue;
      }
      const hasSlices = noSlice(name) === undefined;
      const { create, spec } = await chosenScheduler('--policy', name);
      const policy = schedulerOf(name, hasSlices ? Math.round(slice * tickUs) : undefined, create);
      const decisions: Decision[] = [];
      const onDecision = options.why ? { onDecision: (one: Decision) => void decisions.push(one) } : {};
      const result = runJobs({ jobs, policy, cores, seed, ...onDecision });
      const { schedulerFile } = spec;
      runs.push({
        name,
        ...(schedulerFile === undefined ? {} : { sha256: schedulerFile.sha256 }),
        jobs,
        cores,
        ...(hasSlices ? { slice } : {}),
        result,
        decisions,
      });
    }
    if (plot !== undefined)
      await writePlot(
        plot,
        ganttSvg(runs.map(ganttOf), { title: `${opened.name}: ${jobs.length} jobs`, unit: 'ticks' }),
      );
    const repeat = repeatWords('sched', [], options).join(' ');
    if (options.json)
      io.out(JSON.stringify(schedDocument(runs, { seed, jobs: opened.name, repeat }, options.why), null, 1));
    else for (const line of schedLines(runs, options, io)) io.out(line);
    return 0;
  },
};

/** In the order of the list; each once. Throws KernelError INVALID_ARGUMENT for a name that is none. */
function policiesOf(text: string): readonly string[] {
  if (text === 'all') return names;
  const chosen = [...new Set(text.split(','))];
  for (const name of chosen)
    if (!names.includes(name) && !isPolicyFile(name))
      throw invalid('--policy', name, `all, ${schedulersAllowed}`);
  return chosen;
}

/** Finer fractions would be rounded. */
function parseSlice(text: string): number {
  const ticks = parsePositive('--slice', text);
  const us = Math.round(ticks * tickUs);
  if (us < 1 || ticks > mostTicks || Math.abs(us / tickUs - ticks) > 1e-9)
    throw invalid('--slice', text, `a number of ticks above 0, up to ${mostTicks}, with up to six decimals`);
  return ticks;
}
