/** `ringzero page --trace FILE`: paging policies compared on one recorded reference string. */
import type { Command as CommanderCommand } from 'commander';

import { engineDefaults } from '../../kernel/engine-options.ts';
import { invalid, KernelError } from '../../kernel/errors.ts';
import type { Call, Command, Io } from '../command.ts';
import { parseDurationUs, parseInteger, parseList, parsePositive } from '../options.ts';
import { packageVersion } from '../package-version.ts';
import { footprintOf } from '../../sim/paging/capacity.ts';
import { capacitiesOf, parseCapacity } from '../paging/capacity-list.ts';
import { type PageFindings, pageFiles, pageLines, pagingResult } from '../paging/page-report.ts';
import { ownPolicyNotes, parsePolicies, policiesOfBoth, type PolicyChoice } from '../paging/policy-choice.ts';
import {
  addReferenceFlags,
  missRatioPlot,
  noteAboveFootprint,
  readTrace,
  type ReferenceFlags,
} from '../paging/reference-flags.ts';
import { inOrder, runPolicies } from '../paging/policy-runs.ts';
import { addResultFileFlags, checkResultFiles, writeResultFiles } from '../result-files.ts';
import { runSessionPage, type SessionPageOptions } from '../paging/session-page.ts';
import { checkLoadLatency, choice, isGiven, keepGiven, repeatWords } from '../run-flags.ts';

interface PageOptions extends SessionPageOptions, ReferenceFlags {
  readonly residency: 'independent' | 'prefix';
  readonly interval: number;
  readonly pageTokens?: number;
  readonly bound?: boolean;
}

const defaultCapacities = '1%,10%';
/** Up to so many references in all, opt runs beside the policies that are asked for. */
const mostForBound = 5_000_000;
/** Intervals of one replay: all counts are kept, and written in one document. */
const mostIntervals = 10_000;
/** Tokens of a block of a mooncake trace. */
const mooncakeTokens = 512;

export const pageCommand: Command<PageOptions> = {
  name: 'page',
  summary: 'Compare paging policies on a recorded page reference string.',
  register(command: CommanderCommand): void {
    command
      .requiredOption('--trace <file>', 'page references, plain or compressed, - for standard input')
      .option('--policy <names>', `policies with commas between: ${policiesOfBoth}`, 'all')
      .option(
        '--capacity <list>',
        'in the unit, or as a share of the footprint such as 10%; with commas between (default: 1%,10%; with --residency prefix 1000000 tokens)',
      );
    addReferenceFlags(command);
    command
      .option(
        '--interval <n>',
        'counts after every N references, too (default: none)',
        (text: string) => parseInteger('--interval', text, { min: 1 }),
        0,
      )
      .option(
        '--page-tokens <n>',
        'tokens of a page: shows what the misses cost (default: 512 for mooncake, else not shown)',
        (text: string) => parseInteger('--page-tokens', text, { min: 1 }),
      )
      .option('--bound', 'run opt, too, for the gap to it, however long the trace is')
      .option('--no-bound', 'don’t run opt if it isn’t asked for')
      .option(
        '--residency <model>',
        'independent (each page alone) or prefix (recorded sessions, whose contexts are chains of blocks)',
        choice('--residency', ['independent', 'prefix']),
        'independent',
      )
      .option('--sessions <list>', 'prefix: how many sessions are drawn; several with commas between', '40')
      .option(
        '--seeds <n>',
        'prefix: so many draws, from --seed on',
        (text: string) => parseInteger('--seeds', text, { min: 1, max: 10_000 }),
        5,
      )
      .option(
        '--calls <how>',
        'prefix: a call pins its context for as long as it took (recorded) or only while it is loaded (instant)',
        choice('--calls', ['recorded', 'instant']),
        'recorded',
      )
      .option(
        '--victims <rule>',
        'prefix: what may be evicted, any block or a leaf only',
        choice('--victims', ['leaf', 'any']),
        'leaf',
      )
      .option(
        '--admission <rule>',
        'prefix: whether what comes must be loaded, or a policy may prefer what is there',
        choice('--admission', ['may', 'must']),
        'may',
      )
      .option(
        '--workflows <what>',
        'prefix: whether a policy knows in which order the agents of a session call (known), as steps-to-execution must',
        choice('--workflows', ['unknown', 'known']),
        'unknown',
      )
      .option(
        '--load-rate <n>',
        'prefix: tokens a second that a slower tier, which keeps what was evicted, loads for policies that prefetch (default: there is no such tier)',
        (text: string) => parsePositive('--load-rate', text),
        0,
      )
      .option(
        '--load-latency <time>',
        'prefix: of each load from that tier, such as 5ms (default: none)',
        (text: string) => parseDurationUs('--load-latency', text),
      );
    addResultFileFlags(command, missRatioPlot);
    keepGiven(command);
  },
  async run({ options }: Call<PageOptions>, io: Io): Promise<number> {
    checkFlags(options);
    if (options.residency === 'prefix') return runSessionPage(options, io);
    const { unit, seed, threads } = options;
    const policies = parsePolicies('--policy', options.policy);
    const wanted = parseList('--capacity', options.capacity ?? defaultCapacities, parseCapacity);
    const { trace, seconds: readSeconds, isFromCache } = await readTrace(options, io);
    checkInterval(options.interval, trace.ids.length);
    const footprint = footprintOf(trace, unit);
    const capacities = capacitiesOf(wanted, footprint);
    noteAboveFootprint(capacities, footprint, io);
    const notes = ownPolicyNotes(policies);

    const isBoundNamed = policies.some(({ name }) => name === 'opt');
    const references = trace.ids.length * policies.length * capacities.length;
    const runsBound = !isBoundNamed && (options.bound ?? references <= mostForBound);
    if (!isBoundNamed && options.bound === undefined && !runsBound)
      notes.push('opt was not run, which takes long here: --bound runs it for the gap');
    if (unit === 'size' && (isBoundNamed || runsBound))
      notes.push('with sizes, opt (farthest next use) is an approximation of the best possible');
    const points = await runPolicies(
      trace,
      policies,
      capacities,
      {
        unit,
        seed,
        threads,
        tickUs: options.tick,
        interval: options.interval,
        beside: runsBound ? [{ name: 'opt' }] : [],
      },
      io,
    );

    const optMisses = new Map(
      points
        .filter(({ policy }) => policy === 'opt')
        .map(({ capacity, counts }) => [capacity, counts.misses]),
    );
    const tokensPerPage = options.pageTokens ?? (trace.format === 'mooncake' ? mooncakeTokens : undefined);
    const results = inOrder(policies, capacities, points).map((point) =>
      pagingResult(point, {
        hasSizes: trace.sizes !== undefined,
        optMisses,
        cost: tokensPerPage === undefined ? undefined : { tokensPerPage, engine: engineDefaults },
      }),
    );
    const findings: PageFindings = {
      data: {
        trace: options.trace,
        format: trace.format,
        requests: trace.ids.length,
        unique: trace.unique,
        unit,
        seed,
        results,
      },
      footprint,
      readSeconds,
      isFromCache,
      notes,
      repeat: repeatWords('page', [], { given: options.given, seed }).join(' '),
    };
    await writeResultFiles(options, pageFiles(findings));
    if (options.json) io.out(JSON.stringify(documentOf(findings, policies), null, 1));
    else for (const line of pageLines(findings, io)) io.out(line);
    return 0;
  },
};

/** Flags of one residency mean nothing in the other. */
function checkFlags(options: PageOptions): void {
  checkResultFiles(options, [options.trace]);
  const other = options.residency === 'prefix' ? onlyIndependent : onlyPrefix;
  const stray = other.find((flag) => isGiven(options, flag));
  if (stray !== undefined)
    throw new KernelError(
      'INVALID_ARGUMENT',
      `${stray}: means nothing with --residency ${options.residency}; allowed with ${options.residency === 'prefix' ? 'independent' : 'prefix'}`,
    );
  checkLoadLatency(options);
}

function checkInterval(interval: number, references: number): void {
  const least = Math.ceil(references / mostIntervals);
  if (interval !== 0 && interval < least)
    throw invalid(
      '--interval',
      interval,
      `an integer from ${least} up with ${references} references, which are ${mostIntervals} intervals at most`,
    );
}

const onlyPrefix = [
  '--sessions',
  '--seeds',
  '--calls',
  '--victims',
  '--admission',
  '--workflows',
  '--load-rate',
  '--load-latency',
];
const onlyIndependent = [
  '--unit',
  '--format',
  '--interval',
  '--tick',
  '--page-tokens',
  '--bound',
  '--no-bound',
  '--no-cache',
];

function documentOf(
  { data, readSeconds, isFromCache, footprint, notes, repeat }: PageFindings,
  policies: readonly PolicyChoice[],
): object {
  const { results, ...facts } = data;
  const files = policies.flatMap(({ name, file }) => (file === undefined ? [] : [{ name, ...file }]));
  return {
    command: 'page',
    ringzero: packageVersion(),
    ...facts,
    footprint,
    repeat,
    ...(files.length === 0 ? {} : { policyFiles: files }),
    ...(notes.length === 0 ? {} : { notes }),
    results,
    wall: { readSeconds, isFromCache },
  };
}
