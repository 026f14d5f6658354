/** `ringzero curve --trace FILE`: miss ratios against capacities: LRU's exact curve, its estimate from samples, other policies at points. */
import type { Command as CommanderCommand } from 'commander';

import { invalid, KernelError } from '../../kernel/errors.ts';
import type { PagingResults } from '../../report/paging-results.ts';
import { logSpaced } from '../../sim/paging/curves/capacity-points.ts';
import type { ReferenceTrace } from '../../sim/paging/reference-trace.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { parseInteger, parseList } from '../options.ts';
import { footprintOf, type Capacity } from '../../sim/paging/capacity.ts';
import { capacitiesOf, parseCapacity } from '../paging/capacity-list.ts';
import { curveDocument, curveFiles, type CurveFindings, curveLines } from '../paging/curve-report.ts';
import {
  exactLru,
  lruBySize,
  reuseHistograms,
  sampledLru,
  type Sampling,
  timeCurves,
} from '../paging/curve-run.ts';
import { pagingResult } from '../paging/page-report.ts';
import {
  ownPolicyNotes,
  parsePolicies,
  policiesAllowed,
  type PolicyChoice,
} from '../paging/policy-choice.ts';
import {
  addReferenceFlags,
  missRatioPlot,
  noteAboveFootprint,
  readTrace,
  type ReferenceFlags,
} from '../paging/reference-flags.ts';
import { inOrder, runPolicies } from '../paging/policy-runs.ts';
import {
  addResultFileFlags,
  checkResultFiles,
  type ResultFileFlags,
  writeResultFiles,
} from '../result-files.ts';
import { isGiven, keepGiven, repeatWords, type RunFlags } from '../run-flags.ts';

interface CurveOptions extends CommonOptions, Pick<RunFlags, 'given'>, ResultFileFlags, ReferenceFlags {
  readonly policy: string;
  readonly capacity: string;
  readonly sample?: string;
  readonly sampleSize?: number;
  readonly samples: number;
  readonly exact: boolean;
  readonly workingSet: boolean;
  readonly reuse: boolean;
}

const mostSamples = 10;

/** Points of `auto`, from a thousandth of the footprint up; and those that a line is drawn through. */
const autoPoints = 12;
const linePoints = 240;

export const curveCommand: Command<CurveOptions> = {
  name: 'curve',
  summary: 'Miss-ratio curves: LRU at every capacity from one pass, other policies at points.',
  register(command: CommanderCommand): void {
    command
      .requiredOption('--trace <file>', 'page references, plain or compressed, - for standard input')
      .option(
        '--policy <names>',
        `policies to replay at the capacities: ${policiesAllowed} (default: none)`,
        '',
      )
      .option(
        '--capacity <list>',
        `in the unit, or as a share of the footprint such as 10%; auto: ${autoPoints} points; all: every capacity for LRU, auto for the others`,
        'auto',
      );
    addReferenceFlags(command);
    command
      .option('--sample <rate>', 'estimate LRU from this share of the pages, such as 1% or 0.01 (SHARDS)')
      .option('--sample-size <n>', 'estimate LRU from at most N pages at a time (SHARDS)', (text: string) =>
        parseInteger('--sample-size', text, { min: 1 }),
      )
      .option(
        '--samples <n>',
        'independent samples, from which the error is estimated',
        (text: string) => parseInteger('--samples', text, { min: 2, max: mostSamples }),
        5,
      )
      .option('--exact', 'with samples: the exact curve, too, and how far they are from it', false)
      .option('--working-set', 'working-set sizes, their misses, and footprints, by window', false)
      .option('--reuse', 'histograms of reuse distances and reuse times', false);
    addResultFileFlags(command, missRatioPlot);
    keepGiven(command);
  },
  async run({ options }: Call<CurveOptions>, io: Io): Promise<number> {
    const policies = options.policy === '' ? [] : parsePolicies('--policy', options.policy);
    const sampling = samplingOf(options);
    const wanted = capacityWish(options);
    checkResultFiles(options, [options.trace]);
    const { trace, seconds, isFromCache } = await readTrace(options, io);
    const footprint = footprintOf(trace, options.unit);
    const smallest = options.unit === 'pages' ? 1 : largestSize(trace);
    const capacities =
      typeof wanted === 'string' ? autoCapacities(smallest, footprint) : capacitiesOf(wanted, footprint);
    capacities.sort((a, b) => a - b);
    // Beside other policies the line is drawn where they are.
    const lineFrom = policies.length === 0 ? smallest : Math.max(smallest, capacities[0]!);
    const all =
      wanted === 'all'
        ? Array.from({ length: trace.unique }, (_, index) => index + 1)
        : ascending([
            ...capacities,
            ...logSpaced({ from: lineFrom, to: Math.max(lineFrom, footprint) }, linePoints),
          ]);
    noteAboveFootprint(capacities, footprint, io);
    const notes = ownPolicyNotes(policies);
    io.progress('LRU');
    const lru = lruFindings(trace, all, options, sampling, notes);
    if (options.workingSet || options.reuse) io.progress('reuse');
    const data = await replays(trace, policies, capacities, options, io);
    const findings: CurveFindings = {
      data,
      capacities,
      ...lru,
      ...(options.workingSet ? { times: timeCurves(trace) } : {}),
      notes,
      repeat: repeatWords('curve', [], options).join(' '),
      readSeconds: seconds,
      isFromCache,
    };
    await writeResultFiles(options, curveFiles(findings));
    io.progress('');
    if (options.json) io.out(JSON.stringify(curveDocument(findings), null, 1));
    else for (const line of curveLines(findings, io)) io.out(line);
    return 0;
  },
};

function samplingOf(options: CurveOptions): Sampling | undefined {
  const { sample, sampleSize, samples, exact, unit } = options;
  if (sample !== undefined && sampleSize !== undefined)
    throw invalid('--sample-size', sampleSize, 'either --sample or --sample-size');
  const sampling: Sampling | undefined =
    sample !== undefined
      ? { kind: 'rate', rate: parseRate(sample) }
      : sampleSize === undefined
        ? undefined
        : { kind: 'size', pages: sampleSize };
  if (sampling !== undefined && unit === 'size')
    throw invalid('--unit', unit, 'pages with --sample and --sample-size');
  if (sampling === undefined && isGiven(options, '--samples'))
    throw invalid('--samples', samples, 'only with --sample or --sample-size');
  if (sampling === undefined && exact)
    throw new KernelError(
      'INVALID_ARGUMENT',
      '--exact: means nothing without samples, where the curve is exact; allowed with --sample or --sample-size',
    );
  return sampling;
}

/** A share of the pages: `1%` or `0.01`. */
function parseRate(text: string): number {
  const [, number = '', percent] = /^(\d+(?:\.\d+)?)(%)?$/.exec(text) ?? [];
  const rate = Number(number) / (percent === undefined ? 1 : 100);
  if (!(rate > 0 && rate <= 1)) throw invalid('--sample', text, 'a share above 0, at most 1 or 100%');
  return rate;
}

function capacityWish({ capacity, unit }: CurveOptions): readonly Capacity[] | 'auto' | 'all' {
  if (capacity === 'auto') return capacity;
  if (capacity !== 'all') return parseList('--capacity', capacity, parseCapacity);
  if (unit === 'size') throw invalid('--capacity', capacity, 'auto or a list with --unit size');
  return capacity;
}

function autoCapacities(smallest: number, footprint: number): number[] {
  return logSpaced({ from: Math.max(smallest, Math.round(footprint / 1_000)), to: footprint }, autoPoints);
}

/** From where on the curve of LRU is exact, if no page changes its size. */
function largestSize({ sizes = new Uint32Array() }: ReferenceTrace): number {
  let largest = 1;
  for (let at = 0; at < sizes.length; at++) largest = Math.max(largest, sizes[at]!);
  return largest;
}

function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

function lruFindings(
  trace: ReferenceTrace,
  capacities: readonly number[],
  { unit, seed, samples, exact: wantsExact, reuse }: CurveOptions,
  sampling: Sampling | undefined,
  notes: string[],
): Pick<CurveFindings, 'exact' | 'sampled' | 'reuse'> {
  const { sizes } = trace;
  const whole =
    (unit === 'size' && !reuse) || (sampling !== undefined && !wantsExact && !reuse)
      ? undefined
      : exactLru(trace, capacities);
  const reused = reuse && whole !== undefined ? { reuse: reuseHistograms(trace, whole.curve) } : {};
  if (unit === 'size' && sizes !== undefined) {
    const { result, exactFrom } = lruBySize({ ...trace, sizes }, capacities);
    if (exactFrom === Infinity)
      notes.push(
        'pages change their sizes: the curve of LRU from one pass is an approximation; --policy lru replays it',
      );
    else if (result.method === 'approximate')
      notes.push(
        `the curve of LRU is exact from capacity ${exactFrom}, the size of the largest page; below it is an approximation`,
      );
    return { exact: result, ...reused };
  }
  if (sampling === undefined) return { ...(whole === undefined ? {} : { exact: whole.result }), ...reused };
  return {
    ...(whole === undefined ? {} : { exact: whole.result }),
    sampled: sampledLru(trace, capacities, {
      sampling,
      samples,
      seed,
      ...(whole === undefined ? {} : { exact: whole.curve }),
    }),
    ...reused,
  };
}

async function replays(
  trace: ReferenceTrace,
  policies: readonly PolicyChoice[],
  capacities: readonly number[],
  { trace: file, unit, seed, threads, tick: tickUs }: CurveOptions,
  io: Io,
): Promise<PagingResults> {
  const points =
    policies.length === 0
      ? []
      : await runPolicies(trace, policies, capacities, { unit, seed, threads, tickUs, interval: 0 }, io);
  const optMisses = new Map(
    points.filter(({ policy }) => policy === 'opt').map(({ capacity, counts }) => [capacity, counts.misses]),
  );
  return {
    trace: file,
    format: trace.format,
    requests: trace.ids.length,
    unique: trace.unique,
    unit,
    seed,
    results: inOrder(policies, capacities, points).map((point) =>
      pagingResult(point, { hasSizes: trace.sizes !== undefined, optMisses, cost: undefined }),
    ),
  };
}
