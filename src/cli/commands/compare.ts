/** `ringzero compare WORKLOAD --scheduler A,B`: scheduling policies compared on recorded or generated agents (docs/compare.md). */
import type { Command as CommanderCommand } from 'commander';

import { invalid } from '../../kernel/errors.ts';
import { schedulingPolicies } from '../../policies/index.ts';
import { changesWithSeed } from '../../sim/compare/compared-workload.ts';
import type { PolicyRuns } from '../../sim/compare/comparison.ts';
import { neededFacts } from '../../sim/jobs/facts.ts';
import { noSlice } from '../../sim/spec.ts';
import type { Call, Command, Io } from '../command.ts';
import type { ComparedScheduler } from '../compare/compare-job.ts';
import { inputFacts, inputSummary, readCompared, type CompareInput } from '../compare/compare-input.ts';
import {
  compareDocument,
  compareFiles,
  compareLines,
  comparisonResults,
  type CompareFindings,
} from '../compare/compare-report.ts';
import { runComparison } from '../compare/compare-runs.ts';
import { addKernelFlags, type KernelFlags } from '../kernel-flags.ts';
import { parseInteger, parseNames } from '../options.ts';
import { ownPolicyFile } from '../own-policy.ts';
import {
  addResultFileFlags,
  checkResultFiles,
  writeResultFiles,
  type ResultFileFlags,
} from '../result-files.ts';
import { isGiven, keepGiven, repeatWords, spelledUs } from '../run-flags.ts';
import { chosenScheduler, parseScheduler, schedulersAllowed } from '../scheduler-choice.ts';
import { addThreadsFlag } from '../thread-pool.ts';

interface CompareOptions extends KernelFlags, ResultFileFlags {
  readonly scheduler: string;
  readonly baseline: string;
  readonly seeds: number;
  readonly threads: number;
  readonly check: boolean;
}

const defaultSchedulers = 'fifo,round-robin,priority,mlfq,srtf,vtc,plas,atlas,justitia';
/** Model calls in all runs together, below which threads would take longer to start than to run them. */
const fewCalls = 40_000;

export const compareCommand: Command<CompareOptions> = {
  name: 'compare',
  summary: 'Compare scheduling policies on recorded or generated agents, with intervals and a lower bound.',
  register(command: CommanderCommand): void {
    command
      .argument(
        '<workload>',
        'recorded agents as for replay, or a scenario as for simulate, - for standard input; found by content',
      )
      .option(
        '--scheduler <names>',
        `all, or scheduling policies with commas between: ${schedulersAllowed}`,
        defaultSchedulers,
      )
      .option(
        '--baseline <name>',
        'the policy that the others are compared with; runs beside them where it is not one of them',
        (text: string) => parseScheduler('--baseline', text),
        'random',
      )
      .option(
        '--seeds <n>',
        'runs of each policy, with the seeds from --seed on',
        (text: string) => parseInteger('--seeds', text, { min: 1, max: 10_000 }),
        5,
      );
    addKernelFlags(command);
    addThreadsFlag(command);
    command.option('--check', 'watch every promise of the design in every run', false);
    addResultFileFlags(command, {
      drawn: 'the completion times of the policies',
      input: 'the workload',
    });
    keepGiven(command);
  },
  async run({ operands, options }: Call<CompareOptions>, io: Io): Promise<number> {
    const [path = ''] = operands;
    const { baseline, check } = options;
    checkResultFiles(options, operands);
    const schedulers = schedulersOf(options);
    // What cannot be imported is told before anything runs.
    for (const { name } of schedulers) await chosenScheduler('--scheduler', name);
    io.progress(`reading ${path}`);
    const input = await readCompared(path, options);
    const { seed } = input;
    const mostSeeds = Number.MAX_SAFE_INTEGER - seed + 1;
    if (options.seeds > mostSeeds)
      throw invalid(
        '--seeds',
        options.seeds,
        `an integer from 1 to ${mostSeeds}: seeds go up to ${Number.MAX_SAFE_INTEGER}`,
      );
    const seeds = Array.from({ length: options.seeds }, (_, index) => seed + index);
    checkSlice(schedulers, options);
    const calls = input.workload.facts.modelCalls * schedulers.length * seeds.length;
    const isLong = isGiven(options, '--threads') || calls > fewCalls;
    const started = performance.now();
    const threads = isLong ? options.threads : 1;
    const runs = await runComparison(input.compared, { schedulers, seeds, check, threads }, io);
    const results = comparisonResults(
      { workload: path, summary: inputSummary(input), seed, seeds: seeds.length, baseline },
      runs,
    );
    const findings: CompareFindings = {
      results,
      runs,
      schedulers,
      facts: inputFacts(input),
      notes: notesOf(input, schedulers, runs),
      repeat: repeatWords('compare', operands, { given: options.given, seed }).join(' '),
    };
    await writeResultFiles(options, compareFiles(findings));
    const wall = { seconds: (performance.now() - started) / 1_000, threads };
    if (options.json) io.out(JSON.stringify({ ...compareDocument(findings), wall }, null, 1));
    else for (const line of compareLines(findings, io)) io.out(line);
    return runs.some(wentWrong) ? 1 : 0;
  },
};

/** In the order in which they are named, each once; the baseline first where it is not one of them. Throws KernelError INVALID_ARGUMENT. */
function schedulersOf({ scheduler, baseline }: CompareOptions): ComparedScheduler[] {
  const table = Object.keys(schedulingPolicies);
  const named = parseNames(scheduler, table);
  const names = new Set(named.includes(baseline) ? named : [baseline, ...named]);
  return [...names].map((name) => {
    if (name !== baseline) parseScheduler('--scheduler', name, `all, ${schedulersAllowed}`);
    return table.includes(name) ? { name } : { name, file: ownPolicyFile('--scheduler', name) };
  });
}

/** Throws KernelError INVALID_ARGUMENT for a slice that is for nobody. */
function checkSlice(schedulers: readonly ComparedScheduler[], { slice }: CompareOptions): void {
  if (slice === undefined || schedulers.some(({ name }) => noSlice(name) === undefined)) return;
  throw invalid('--slice', spelledUs(slice), 'no slice: none of these schedulers has slices that can be set');
}

/** What a reader must know, one sentence each. */
function notesOf(
  { compared, workload, spec }: CompareInput,
  schedulers: readonly ComparedScheduler[],
  runs: readonly PolicyRuns[],
): string[] {
  const notes: string[] = [];
  const names = (some: readonly { readonly name: string }[]): string =>
    some.map(({ name }) => name).join(', ');
  if (!changesWithSeed(compared))
    notes.push(
      `every seed has the same agents, so that intervals show the chance in the policies alone${
        compared.kind === 'recorded' ? '; --arrivals poisson:RATE draws when agents arrive' : ''
      }`,
    );
  const unsliced = schedulers.filter(({ name }) => noSlice(name) !== undefined);
  if (spec.sliceUs !== undefined && unsliced.length > 0)
    notes.push(`the slice of ${spelledUs(spec.sliceUs)} is not for ${names(unsliced)}`);
  for (const { name } of schedulers) {
    const need = neededFacts[name];
    if (
      need !== undefined &&
      workload.agents.every(({ scheduling }) => scheduling?.[need.fact] === undefined)
    )
      notes.push(`no agent says its ${need.field}, so that to ${name} all are alike`);
  }
  for (const { scheduler, runs: own } of runs) {
    const parts = (['failed', 'unfinished', 'cutShort'] as const).flatMap((kind) => {
      const count = own.reduce((sum, run) => sum + run[kind], 0);
      return count === 0 ? [] : [`${count} ${endings[kind]}`];
    });
    const all = own.reduce((sum, { programs }) => sum + programs, 0);
    if (parts.length > 0) notes.push(`${scheduler}: of ${all} programs ${parts.join(', ')}`);
  }
  if (runs.some(({ runs: own }) => own.some(({ boundUs }) => boundUs === null)))
    notes.push(
      `no lower bound: it holds for programs that do all that they were to do${
        compared.kind === 'recorded' && runs.some(({ runs: own }) => own.some(({ cutShort }) => cutShort > 0))
          ? '; calls that are larger than context memory run with --oversize bypass, or with more --memory'
          : ''
      }`,
    );
  for (const { name, file } of schedulers)
    if (file !== undefined) notes.push(`${name} is the file with SHA-256 ${file.sha256}`);
  return notes;
}

const endings = {
  failed: 'failed',
  unfinished: 'did not end',
  cutShort: 'had a call, a tool or a sub-agent fail',
} as const;

/** As of a single run: programs that failed, or that nothing can wake any more, or not one answer to all model calls. */
function wentWrong({ runs }: PolicyRuns): boolean {
  return runs.some(
    ({ failed, unfinished, isCut, isUnanswered }) =>
      failed > 0 || (!isCut && (unfinished > 0 || isUnanswered)),
  );
}
