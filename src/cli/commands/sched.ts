/** `ringzero sched --jobs FILE --policy NAMES`: textbook jobs under one or several scheduling policies, exact and explained (docs/sched.md). */
import type { Command as CommanderCommand } from 'commander';

import { openInputFile } from '../../adapters/files/input-file.ts';
import { invalid, KernelError } from '../../kernel/errors.ts';
import { Kernel } from '../../kernel/kernel.ts';
import { schedulingPolicies } from '../../policies/index.ts';
import { ganttSvg } from '../../report/gantt-svg.ts';
import type { Decision } from '../../sim/jobs/decisions.ts';
import { missingFact } from '../../sim/jobs/facts.ts';
import type { Job } from '../../sim/jobs/job.ts';
import { mostTicks, readJobs, tickUs } from '../../sim/jobs/read-jobs.ts';
import { jobsKernel, type JobsRun, runJobs } from '../../sim/jobs/run-jobs.ts';
import { noSlice, schedulerOf, sliceRule } from '../../sim/spec.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { checkOutputs } from '../line-file.ts';
import { parseInteger, parseNames, parsePositive } from '../options.ts';
import { isPolicyFile } from '../own-policy.ts';
import { packageVersion } from '../package-version.ts';
import { checkPlotName, writePlot } from '../plot-file.ts';
import { addRunFileFlags, openRunFiles, type RunFileFlags, runFileOutputs } from '../run-files.ts';
import { isGiven, keepGiven, repeatWords, type RunFlags } from '../run-flags.ts';
import { ganttOf, type PolicyRun, schedDocument, schedLines } from '../sched-report.ts';
import { chosenScheduler, schedulersAllowed } from '../scheduler-choice.ts';

interface SchedOptions extends CommonOptions, Pick<RunFlags, 'given'>, RunFileFlags {
  readonly jobs: string;
  readonly policy: string;
  readonly slice: number;
  readonly cores: number;
  readonly gantt: boolean;
  readonly why: boolean;
  readonly plot?: string;
}

const names = Object.keys(schedulingPolicies);

/** Slices of a run. More are a mistake in the figures: no chart shows them, and the answer would fill memory. */
const mostSlices = 50_000;
/** Slices in a drawing: what has no pixel is no picture. */
const mostDrawnSlices = 20_000;
/** Lines of --why, of all policies together. */
const mostReasons = 200_000;

export const schedCommand: Command<SchedOptions> = {
  name: 'sched',
  summary: 'Textbook jobs under scheduling policies: times, Gantt charts, and why each was picked.',
  register(command: CommanderCommand): void {
    command
      .requiredOption('--jobs <file>', 'jobs as JSON or CSV, - for standard input (docs/sched.md)')
      .requiredOption(
        '--policy <names>',
        `all, or some of ${names.join(', ')}, or files such as ./mine.ts, separated by commas; priority ages those that wait, priority-preemptive and priority-nonpreemptive keep to the jobs’ numbers`,
      )
      .option(
        '--slice <ticks>',
        `longest run before another that is ready gets the core, for ${names.filter((name) => sliceRule(name) === 'settable').join(', ')}; ${names.filter((name) => sliceRule(name) === 'own').join(', ')} have slices of their own, the others none`,
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
    addRunFileFlags(command);
    keepGiven(command);
  },
  async run({ options }: Call<SchedOptions>, io: Io): Promise<number> {
    const { seed, plot } = options;
    const chosen = policiesOf(options.policy);
    checkOptions(chosen, options);
    const opened = await openInputFile(options.jobs);
    const jobs = readJobs(opened.name, await opened.text());
    const repeat = repeatWords('sched', [], options).join(' ');
    const named = parseNames(options.policy, []);
    const reasons = { count: 0 };
    const runs: PolicyRun[] = [];
    for (const name of chosen) {
      const missing = missingFact(name, jobs);
      if (missing === undefined) runs.push(await runOf({ name, jobs, options, repeat, reasons }));
      else if (named.includes(name)) throw new KernelError('INVALID_FILE', `${opened.name}: ${missing}`);
      else io.err(`note: ${name} is left out: ${missing}`);
    }
    if (plot !== undefined) {
      const slices = runs.reduce((sum, { result }) => sum + result.slices.length, 0);
      if (slices > mostDrawnSlices)
        throw invalid('--plot', plot, `with at most ${mostDrawnSlices} slices in all charts, not ${slices}`);
      await writePlot(
        plot,
        ganttSvg(runs.map(ganttOf), {
          title: `${opened.name}: ${count(jobs.length)} (bar: on a core, line: ready, dots: I/O)`,
          unit: 'ticks',
        }),
      );
    }
    const about = { seed, jobs: opened.name, repeat, notes: notesOf(chosen, options) };
    if (options.json) io.out(JSON.stringify(schedDocument(runs, about, options.why), null, 1));
    else for (const line of schedLines(runs, { ...options, notes: about.notes }, io)) io.out(line);
    return 0;
  },
};

const count = (jobs: number): string => `${jobs} ${jobs === 1 ? 'job' : 'jobs'}`;

/** In the order of the list; each once. Throws KernelError INVALID_ARGUMENT for a name that is none. */
function policiesOf(text: string): readonly string[] {
  const chosen = parseNames(text, names);
  for (const name of chosen)
    if (!names.includes(name) && !isPolicyFile(name))
      throw invalid('--policy', name, `all, ${schedulersAllowed}`);
  return chosen;
}

/** Before any file is touched. Throws KernelError INVALID_ARGUMENT. */
function checkOptions(chosen: readonly string[], options: SchedOptions): void {
  const { slice, plot, jobs } = options;
  if (isGiven(options, '--slice') && !chosen.some((name) => sliceRule(name) === 'settable'))
    throw invalid(
      '--slice',
      slice,
      chosen.length === 1
        ? noSlice(chosen[0]!)!
        : 'no slice: none of these policies has slices that can be set',
    );
  const runFiles = runFileOutputs(options);
  for (const [option, path] of Object.entries(runFiles))
    if (path !== undefined && chosen.length > 1)
      throw invalid(option, path, `with one policy, whose run it shows, not with ${chosen.length}`);
  if (plot !== undefined) checkPlotName(plot);
  checkOutputs({ '--plot': plot, ...runFiles }, [jobs]);
}

interface Request {
  readonly name: string;
  readonly jobs: readonly Job[];
  readonly options: SchedOptions;
  readonly repeat: string;
  /** Of all policies so far. */
  readonly reasons: { count: number };
}

async function runOf({ name, jobs, options, repeat, reasons }: Request): Promise<PolicyRun> {
  const { seed, cores, slice, why } = options;
  const rule = sliceRule(name);
  const { create, spec } = await chosenScheduler('--policy', name);
  const policy = schedulerOf(name, rule === 'settable' ? Math.round(slice * tickUs) : undefined, create);
  const decisions: Decision[] = [];
  const run: JobsRun = {
    jobs,
    policy,
    cores,
    seed,
    sliceLimit: { most: mostSlices, exceeded: (atUs) => tooManySlices(name, slice, atUs) },
  };
  const machine = new Kernel(jobsKernel(run)).options;
  const files = openRunFiles(options, machine, { ringzero: packageVersion(), seed, repeat });
  try {
    const result = runJobs({
      ...run,
      onEvent: (event) => files.onEvent(event),
      ...(why
        ? {
            onDecision(one: Decision) {
              reasons.count += one.ready.length;
              if (reasons.count > mostReasons) throw tooManyReasons();
              decisions.push(one);
            },
          }
        : {}),
    });
    files.close(result.makespanUs);
    const { schedulerFile } = spec;
    return {
      name,
      ...(schedulerFile === undefined ? {} : { sha256: schedulerFile.sha256 }),
      jobs,
      cores,
      sliceRule: rule,
      ...(rule === 'settable' ? { slice } : {}),
      result,
      decisions,
    };
  } catch (error) {
    files.discard();
    throw inTicks(error);
  }
}

function tooManySlices(name: string, slice: number, atUs: number): KernelError {
  const at = `it had more at tick ${atUs / tickUs}`;
  if (sliceRule(name) === 'settable')
    return invalid('--slice', slice, `one with which ${name} needs at most ${mostSlices} slices; ${at}`);
  return new KernelError(
    'INVALID_ARGUMENT',
    `${name}: too many slices, ${at}; allowed: at most ${mostSlices}, with longer slices or fewer and shorter jobs`,
  );
}

function tooManyReasons(): KernelError {
  return new KernelError(
    'INVALID_ARGUMENT',
    `--why: more than ${mostReasons} reasons; allowed: fewer or shorter jobs, longer slices, or fewer policies`,
  );
}

/** What a user's own policy did wrong is told in the kernel's units. */
function inTicks(error: unknown): unknown {
  if (!(error instanceof KernelError) || error.code !== 'POLICY_BROKEN') return error;
  const units = `1 tick is ${tickUs} µs, process 1 the first job that arrives`;
  return new KernelError(error.code, `${error.message} (${units})`, { cause: error });
}

/** What a reader must know, one sentence each. */
function notesOf(chosen: readonly string[], options: SchedOptions): string[] {
  const own = chosen.filter((name) => sliceRule(name) === 'own');
  if (chosen.length === 1 || own.length === 0 || own.length === chosen.length) return [];
  if (!isGiven(options, '--slice')) return [];
  return [`--slice is not for ${own.join(', ')}: slices of ${own.length === 1 ? 'its' : 'their'} own`];
}

/** Finer fractions would be rounded. */
function parseSlice(text: string): number {
  const ticks = parsePositive('--slice', text);
  const us = Math.round(ticks * tickUs);
  if (us < 1 || ticks > mostTicks || Math.abs(us / tickUs - ticks) > 1e-9)
    throw invalid('--slice', text, `a number of ticks above 0, up to ${mostTicks}, with up to six decimals`);
  return ticks;
}
