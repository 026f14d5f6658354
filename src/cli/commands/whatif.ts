/** `ringzero whatif RECORDING --scheduler …`: the same work under other settings, beside what was recorded (docs/whatif.md). */
import type { Command as CommanderCommand } from 'commander';

import { openInputFile } from '../../adapters/files/input-file.ts';
import { engineDefaults } from '../../kernel/engine-options.ts';
import { invalid, KernelError } from '../../kernel/errors.ts';
import { kernelPagingNames, loadControlPolicies } from '../../policies/index.ts';
import { formatCount, formatDuration, formatMoney, formatPercent } from '../../report/format.ts';
import { table } from '../../report/table.ts';
import { Metrics } from '../../sim/metrics/metrics.ts';
import type { RunMetrics } from '../../sim/metrics/run-metrics.ts';
import { rerun } from '../../sim/recording.ts';
import { noSlice } from '../../sim/spec.ts';
import { RecordedWork } from '../../sim/whatif/recorded-work.ts';
import {
  ratesOf,
  simulateWork,
  specWith,
  type OtherSettings,
  type Simulated,
  type Spec,
} from '../../sim/whatif/what-if.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { parseDurationUs, parseInteger } from '../options.ts';
import { packageVersion } from '../package-version.ts';
import { recordedTokenizer } from '../recorded-tokenizer.ts';
import { choice, isGiven, keepGiven, repeatWords, spelledUs, type RunFlags } from '../run-flags.ts';
import {
  chosenScheduler,
  parseScheduler,
  recordedScheduler,
  schedulersAllowed,
} from '../scheduler-choice.ts';
import { liveParts } from '../live-parts.ts';

interface WhatIfOptions extends CommonOptions, Pick<RunFlags, 'given'> {
  readonly scheduler?: string;
  readonly slice?: number;
  readonly paging?: string;
  readonly loadControl?: string;
  readonly memory?: number;
  readonly cores?: number;
  readonly tokensPerHour?: number;
}

const settingFlags = [
  '--scheduler',
  '--slice',
  '--paging',
  '--load-control',
  '--memory',
  '--cores',
  '--tokens-per-hour',
];

const caveat =
  'this predicts time and cost, not the quality of answers: models, tools and people answer as they did in the recording';

export const whatIfCommand: Command<WhatIfOptions> = {
  name: 'whatif',
  summary: 'Simulate a recorded run under other settings, beside what was recorded.',
  register(command: CommanderCommand): void {
    command
      .argument(
        '<recording>',
        'a file made with --record, of a simulated or a live run, plain or compressed, - for standard input',
      )
      .option('--scheduler <policy>', `scheduling policy: ${schedulersAllowed}`, (text: string) =>
        parseScheduler('--scheduler', text),
      )
      .option('--slice <time>', 'time slice, such as 60s or 100ms', (text) =>
        parseDurationUs('--slice', text),
      )
      .option(
        '--paging <policy>',
        `paging policy: ${kernelPagingNames.join(', ')}`,
        choice('--paging', kernelPagingNames),
      )
      .option(
        '--load-control <policy>',
        `load control: ${Object.keys(loadControlPolicies).join(', ')}`,
        choice('--load-control', Object.keys(loadControlPolicies)),
      )
      .option('--memory <tokens>', 'context memory of each engine in tokens', (text) =>
        parseInteger('--memory', text, { min: 1 }),
      )
      .option('--cores <n>', 'cores of each engine', (text) =>
        parseInteger('--cores', text, { min: 1, max: 65_536 }),
      )
      .option('--tokens-per-hour <n>', 'token budget of each root process in each hour', (text) =>
        parseInteger('--tokens-per-hour', text, { min: 1 }),
      );
    keepGiven(command);
  },
  async run({ operands: [file = ''], options }: Call<WhatIfOptions>, io: Io): Promise<number> {
    if (!settingFlags.some((flag) => isGiven(options, flag)))
      throw new KernelError(
        'INVALID_ARGUMENT',
        `whatif: nothing is otherwise; allowed: ${settingFlags.join(', ')}`,
      );
    const scheduler =
      options.scheduler === undefined ? undefined : await chosenScheduler('--scheduler', options.scheduler);
    io.progress(`reading ${file}`);
    const { spec, work, recorded } = await readWork(file, options);
    const withoutSlice = noSlice(options.scheduler ?? spec.scheduler);
    if (options.slice !== undefined && withoutSlice !== undefined)
      throw invalid('--slice', spelledUs(options.slice), withoutSlice);
    const parts = await liveParts(spec);
    const rates = ratesOf(work);
    const settings = settingsOf(options, scheduler?.spec);
    io.progress('simulating');
    const same = simulateWork({ spec, parts, work, rates });
    const otherSpec = specWith(spec, settings, work.spawns);
    const otherParts = scheduler === undefined ? parts : { ...parts, own: scheduler.create };
    const other = simulateWork({ spec: otherSpec, parts: otherParts, work, rates, settings });
    io.progress('');
    const { seed } = spec;
    const findings: Findings = {
      file,
      spec,
      otherSpec,
      settings,
      recorded,
      same,
      other,
      repeat: repeatWords('whatif', [file], { given: options.given, seed }).join(' '),
    };
    if (options.json) io.out(JSON.stringify(documentOf(findings), null, 1));
    else for (const line of linesOf(findings, io)) io.out(line);
    return 0;
  },
};

interface Findings {
  readonly file: string;
  readonly spec: Spec;
  readonly otherSpec: Spec;
  readonly settings: OtherSettings;
  readonly recorded: RunMetrics;
  readonly same: Simulated;
  readonly other: Simulated;
  readonly repeat: string;
}

/** Throws KernelError INVALID_FILE when the recording is none, or does not say what happened. */
async function readWork(
  file: string,
  options: WhatIfOptions,
): Promise<{ readonly spec: Spec; readonly work: RecordedWork; readonly recorded: RunMetrics }> {
  const opened = await openInputFile(file);
  const work = new RecordedWork();
  let metrics: Metrics | undefined;
  const { header, isSame } = await rerun(opened.name, opened.lines(), {
    ownScheduler: recordedScheduler,
    tokenizer: recordedTokenizer,
    records: true,
    ...(isGiven(options, '--seed') ? { seed: options.seed } : {}),
    onStart: ({ engines, budgets }) => (metrics = new Metrics({ engines, budgets })),
    onStep: (kernel, input, output) => work.onStep(kernel, input, output),
    onEvent: (event) => metrics!.onEvent(event),
  });
  if (!isSame)
    throw new KernelError(
      'INVALID_FILE',
      `${opened.name}: a rerun of it comes out otherwise (see ringzero rerun), so that it does not say what happened; allowed: a recording of this version`,
    );
  if (work.spawns.length === 0)
    throw new KernelError(
      'INVALID_FILE',
      `${opened.name}: no process in it; allowed: a recording of at least one`,
    );
  return { spec: header.options as unknown as Spec, work, recorded: metrics!.result(work.lastUs) };
}

function settingsOf(
  { slice, paging, loadControl, memory, cores, tokensPerHour }: WhatIfOptions,
  scheduler: Pick<OtherSettings, 'scheduler' | 'schedulerFile'> | undefined,
): OtherSettings {
  return {
    ...scheduler,
    ...(slice === undefined ? {} : { sliceUs: slice }),
    ...(paging === undefined ? {} : { paging }),
    ...(loadControl === undefined ? {} : { loadControl }),
    ...(memory === undefined ? {} : { memoryTokens: memory }),
    ...(cores === undefined ? {} : { cores }),
    ...(tokensPerHour === undefined ? {} : { tokensPerHour }),
  };
}

// ---- What is told --------------------------------------------------------------------------------------------------------

function documentOf(findings: Findings): object {
  const { file, spec, otherSpec, settings, recorded, same, other, repeat } = findings;
  return {
    command: 'whatif',
    recording: file,
    ringzero: packageVersion(),
    seed: spec.seed,
    repeat,
    settings,
    options: otherSpec,
    recorded: figuresOf(recorded),
    simulated: { ...figuresOf(same.metrics), answers: same.answers },
    whatif: { ...figuresOf(other.metrics), answers: other.answers },
    unmatchedShare: unmatched(other),
    untold: other.untold,
    caveat,
  };
}

function figuresOf(metrics: RunMetrics): object {
  const { makespanUs, processes, completed, failed, unfinished, modelCalls, toolCalls } = metrics;
  const { tokensIn, tokensCached, tokensOut, microDollars, turnaround, split } = metrics;
  return {
    makespanUs,
    turnaround,
    processes,
    completed,
    failed,
    unfinished,
    modelCalls,
    toolCalls,
    tokensIn,
    tokensCached,
    tokensOut,
    microDollars,
    split,
  };
}

/** Of the calls that were asked of the recording, those that it has not, or with another prompt. */
function unmatched({ answers: { matching, changed, missing } }: Simulated): number {
  const all = matching + changed + missing;
  return all === 0 ? 0 : (changed + missing) / all;
}

function linesOf({ file, spec, otherSpec, recorded, same, other, repeat }: Findings, io: Io): string[] {
  const runs = [recorded, same.metrics, other.metrics];
  const row = (label: string, of: (metrics: RunMetrics) => string): string[] => [label, ...runs.map(of)];
  const reasons = Object.keys(recorded.split.waiting).filter((reason) =>
    runs.some(({ split }) => (split.waiting[reason] ?? 0) > 0),
  );
  const runningUs = ({ split: { running } }: RunMetrics): number =>
    Object.values(running).reduce((sum: number, us: number) => sum + us, 0);
  const rows = [
    row('completion time', ({ makespanUs }) => formatDuration(makespanUs)),
    row('mean turnaround', ({ turnaround }) => formatDuration(turnaround.mean)),
    row('cost', ({ microDollars }) => formatMoney(microDollars)),
    row('tokens in', ({ tokensIn }) => formatCount(tokensIn)),
    row('  of them cached', ({ tokensCached }) => formatCount(tokensCached)),
    row('tokens out', ({ tokensOut }) => formatCount(tokensOut)),
    row('model calls', ({ modelCalls }) => formatCount(modelCalls)),
    row('completed', ({ completed, processes }) => `${formatCount(completed)} of ${formatCount(processes)}`),
    row('on cores', (metrics) => formatDuration(runningUs(metrics))),
    row('in the ready queue', ({ split }) => formatDuration(split.readyUs)),
    ...reasons.map((reason) =>
      row(`waiting: ${reason}`, ({ split }) => formatDuration(split.waiting[reason] ?? 0)),
    ),
    ...(runs.some(({ split }) => split.suspendedUs > 0)
      ? [row('suspended', ({ split }) => formatDuration(split.suspendedUs))]
      : []),
  ];
  const columns = ['', 'recorded', 'simulated', 'what if'].map((header, index) =>
    index === 0 ? { header } : { header, align: 'right' as const },
  );
  return [
    `${file}  seed ${spec.seed}`,
    `recorded: ${machineOf(spec)}`,
    `what if:  ${machineOf(otherSpec)}`,
    '',
    ...table({ columns, rows, width: io.columns }),
    '',
    'simulated: the same settings in simulation; how far it is from what was recorded is how far to trust the what-if',
    answersLine(other),
    ...(other.untold === 0
      ? []
      : [
          `${other.untold} messages and signals from outside are left out: their processes do not come to be`,
        ]),
    caveat,
    '',
    `repeat: ${repeat}`,
  ];
}

function answersLine(simulated: Simulated): string {
  const { matching, changed, missing } = simulated.answers;
  const all = matching + changed + missing;
  if (all === 0) return 'answers: all stand in what the recorded agents were given';
  return (
    `answers: ${formatPercent(unmatched(simulated))} of ${formatCount(all)} calls no longer match the recording ` +
    `(${formatCount(changed)} with another prompt, ${formatCount(missing)} that it does not have)`
  );
}

function machineOf({ scheduler, paging, engines, budgets }: Spec): string {
  const { cores, memoryTokens } = { ...engineDefaults, ...engines[0] };
  const limits = budgets.filter(({ limits: own }) => own !== undefined && own.length > 0).length;
  const many = engines.length === 1 ? '' : `${engines.length} engines, each `;
  return (
    `${scheduler} / ${paging}, ${many}${formatCount(cores)} core${cores === 1 ? '' : 's'}, ` +
    `${memoryTokens === 'endless' ? 'memory without end' : `${formatCount(memoryTokens)} tokens of memory`}${limits === 0 ? '' : `, ${formatCount(limits)} limited budgets`}`
  );
}
