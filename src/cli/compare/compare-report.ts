/** What `ringzero compare` found: as tables and a chart for people, as one JSON document, and as files. */
import { Chalk } from 'chalk';

import type { Interval } from '../../base/t-interval.ts';
import { clairvoyantPolicies } from '../../policies/index.ts';
import { comparisonCsv } from '../../report/comparison-csv.ts';
import { comparisonHtml } from '../../report/comparison-html.ts';
import {
  budgetActions,
  byCompletion,
  clairvoyantNote,
  completionChart,
  completionUnit,
  formatFigure,
  markedName,
  seedWords,
  type ComparisonResults,
  type FigureResult,
  type FigureKind,
  type PolicyResult,
} from '../../report/comparison-results.ts';
import { formatCount, formatDuration, formatPercent } from '../../report/format.ts';
import { quantileChartSvg } from '../../report/quantile-chart.ts';
import { quantileChartText } from '../../report/quantile-chart-text.ts';
import { table, type Paint } from '../../report/table.ts';
import { printable, textWidth, truncate, wrapped } from '../../report/text-width.ts';
import { meanAndHalf } from '../../report/time-unit.ts';
import {
  comparedFigures,
  comparison,
  figureNames,
  isSignificant,
  programFigures,
  type ComparedFigure,
  type ComparedValue,
  type ProgramFigureName,
  type PolicyRuns,
} from '../../sim/compare/comparison.ts';
import type { ProgramFigures } from '../../sim/compare/run-figures.ts';
import type { Io } from '../command.ts';
import { packageVersion } from '../package-version.ts';
import type { ResultFiles } from '../result-files.ts';
import type { ComparedScheduler } from './compare-job.ts';

/** The results, and what stands above and below them. */
export interface CompareFindings {
  readonly results: ComparisonResults;
  /** In the order of the policies, by seed. */
  readonly runs: readonly PolicyRuns[];
  readonly schedulers: readonly ComparedScheduler[];
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly notes: readonly string[];
  readonly repeat: string;
}

export type Heading = Pick<ComparisonResults, 'workload' | 'summary' | 'seed' | 'seeds' | 'baseline'>;

export function comparisonResults(heading: Heading, runs: readonly PolicyRuns[]): ComparisonResults {
  const compared = comparison(runs, heading.baseline);
  const bounds = runs[0]!.runs.map(({ boundUs }) => boundUs);
  const known = bounds.filter((bound) => bound !== null);
  return {
    ...heading,
    figures: figureNames
      .filter((name) => compared.some(({ figures }) => figures[name] !== undefined))
      .map((name): FigureKind => {
        const { label, unit, better }: ComparedFigure = comparedFigures[name];
        return { name, label, unit, better };
      }),
    policies: compared.map(({ scheduler, figures, groups, ...rest }): PolicyResult => ({
      policy: scheduler,
      isClairvoyant: clairvoyantPolicies.has(scheduler),
      figures: markedFigures(figures),
      ...rest,
      groups: groups.map((one) => ({ ...one, figures: markedFigures(one.figures) })),
    })),
    ...(known.length < bounds.length
      ? {}
      : { boundUs: known.reduce((sum, one) => sum + one, 0) / known.length }),
  };
}

function markedFigures(figures: Readonly<Record<string, ComparedValue>>): PolicyResult['figures'] {
  return Object.fromEntries(
    Object.entries(figures).map(([name, { value, difference }]) => [
      name,
      difference === undefined
        ? { value }
        : { value, difference: { ...difference, isSignificant: isSignificant(difference) } },
    ]),
  );
}

export function compareFiles({ results, runs, facts, notes, repeat }: CompareFindings): ResultFiles {
  return {
    plot: () => quantileChartSvg(completionChart(results)),
    html: () => comparisonHtml({ results, facts, notes, command: repeat, version: packageVersion() }),
    csv: () => comparisonCsv(results.workload, csvRows(results, runs)),
  };
}

function csvRows({ seed }: ComparisonResults, policies: readonly PolicyRuns[]) {
  return policies.flatMap(({ scheduler, runs }) =>
    runs.flatMap((run, index) => {
      const heading = {
        policy: scheduler,
        isClairvoyant: clairvoyantPolicies.has(scheduler),
        seed: seed + index,
      };
      const values = {
        ...countsOf(run),
        cutShort: run.cutShort,
        ...Object.fromEntries(figureNames.map((name) => [name, comparedFigures[name].of(run)])),
        bound: run.boundUs,
        makespan: run.makespanUs,
        deadlines: run.deadlines,
        ...run.budgetActions,
      };
      const groups = run.groups.map((own) => ({
        ...heading,
        group: own.group,
        values: {
          ...countsOf(own),
          ...(own.programs === 0
            ? {}
            : Object.fromEntries(programFigureNames.map((name) => [name, programFigures[name].of(own)]))),
          deadlines: own.deadlines,
        },
      }));
      return [{ ...heading, group: '', values }, ...groups];
    }),
  );
}

const programFigureNames = Object.keys(programFigures) as ProgramFigureName[];

function countsOf({ programs, completed, failed, unfinished }: ProgramFigures) {
  return { programs, completed, failed, unfinished };
}

/** What `--json` prints. Everything but `wall` is the same in every run of the same command. */
export function compareDocument({
  results,
  runs,
  schedulers,
  facts,
  notes,
  repeat,
}: CompareFindings): object {
  const { policies, ...heading } = results;
  const files = schedulers.flatMap(({ name, file }) => (file === undefined ? [] : [{ name, ...file }]));
  return {
    command: 'compare',
    ringzero: packageVersion(),
    ...heading,
    facts: Object.fromEntries(facts),
    repeat,
    ...(files.length === 0 ? {} : { policyFiles: files }),
    ...(notes.length === 0 ? {} : { notes }),
    policies: policies.map((one, index) => ({
      ...one,
      runs: runs[index]!.runs.map((run, at) => ({ seed: results.seed + at, ...run })),
    })),
  };
}

// ---- For people --------------------------------------------------------------------------------------------------------

interface Look {
  readonly width: number;
  readonly dim: Paint;
  readonly bold: Paint;
}

export function compareLines({ results, notes, repeat }: CompareFindings, io: Io): string[] {
  const chalk = new Chalk({ level: io.colours ? 1 : 0 });
  const look: Look = { width: Math.min(io.columns, 120), dim: chalk.dim, bold: chalk.bold };
  const { workload, summary, seed, seeds, policies } = results;
  const { name: unit } = completionUnit(results);
  const means = seeds === 1 ? '' : ': means over the seeds ± half of the 95 % interval';
  const marks = [
    ...(policies.some(hasSignificance)
      ? [`* differs from ${results.baseline}: the interval of the paired difference does not contain 0`]
      : []),
    ...(policies.some(({ isClairvoyant }) => isClairvoyant) ? [clairvoyantNote] : []),
  ];
  return [
    chalk.bold(printable(workload)),
    ...wrapped(`${summary}; ${seedWords(seed, seeds)}`, look.width).map((line) => chalk.dim(line)),
    '',
    chalk.bold(`job completion time in ${unit}`) + chalk.dim(means),
    ...completionLines(results, look),
    '',
    ...quantileChartText(completionChart(results), look),
    '',
    chalk.bold('other figures') + chalk.dim(seeds === 1 ? '' : ': means over the seeds'),
    ...otherLines(results, look),
    ...groupLines(results, look),
    ...pressureLines(results, look),
    ...actionLines(results, look),
    ...(marks.length + notes.length === 0 ? [] : ['']),
    ...marks.flatMap((mark) => wrapped(mark, look.width, '  ')).map((line) => chalk.dim(line)),
    ...notes.flatMap((note) => wrapped(`note: ${note}`, look.width, '  ')),
    '',
    chalk.dim(`repeat: ${repeat}`),
  ];
}

function hasSignificance({ figures, groups }: PolicyResult): boolean {
  const isMarked = (one: FigureResult | undefined): boolean => one?.difference?.isSignificant === true;
  return (
    ['completion', ...otherFigures.map(([name]) => name)].some((name) => isMarked(figures[name])) ||
    groups.some((group) => isMarked(group.figures['completion']))
  );
}

const right = (header: string) => ({ header, align: 'right' as const });

function completionLines(results: ComparisonResults, { width, dim }: Look): string[] {
  const { baseline, boundUs } = results;
  const policies = byCompletion(results);
  const unit = completionUnit(results);
  const base = policies.find(({ policy }) => policy === baseline)!.figures['completion']!.value.mean;
  const hasGap = policies.some(({ gap }) => gap !== undefined);
  const time = ({ mean, high }: Interval): string => meanAndHalf(mean / unit.us, (high - mean) / unit.us);
  const quantile = ({ figures }: PolicyResult, name: string): string =>
    meanAndHalf(figures[name]!.value.mean / unit.us, Infinity);
  const lines = table({
    columns: [
      { header: 'policy', shrinkTo: 12 },
      right('mean'),
      right(`vs ${printable(baseline)}, %`),
      right('p50'),
      right('p95'),
      right('p99'),
      ...(hasGap ? [right('above bound')] : []),
    ],
    rows: policies.map((one) => {
      const { value, difference } = one.figures['completion']!;
      return [
        printable(markedName(one)),
        time(value),
        difference === undefined ? '–' : percentOf(difference, base),
        ...['p50', 'p95', 'p99'].map((name) => quantile(one, name)),
        ...(hasGap ? [one.gap === undefined ? '–' : formatPercent(one.gap.mean)] : []),
      ];
    }),
    width,
    paintHeader: dim,
  });
  if (boundUs !== undefined) lines.push(dim(`lower bound of the mean: ${formatDuration(boundUs)}`));
  return lines;
}

/** `−12.3 ± 2.1 *`; space instead of the star where it says nothing, so that numbers stay below each other. */
function percentOf(
  { mean, low, high, isSignificant: isSure }: Interval & { readonly isSignificant: boolean },
  base: number,
): string {
  const share = (value: number): number => (base === 0 ? 0 : (100 * value) / base);
  const sign = mean > 0 ? '+' : mean < 0 ? '−' : '';
  const half = low === -Infinity ? '' : ` ± ${share(high - mean).toFixed(1)}`;
  return `${sign}${Math.abs(share(mean)).toFixed(1)}${half} ${isSure ? '*' : ' '}`;
}

/** With short headers: all fit into 80 columns. */
const otherFigures: readonly (readonly [name: string, header: string])[] = [
  ['tokenLatency', 'a token'],
  ['programsPerHour', 'jobs/h'],
  ['fairness', 'Jain'],
  ['serviceGap', 'service gap'],
  ['starvation', 'starvation'],
  ['deadlineMisses', 'missed'],
  ['cost', 'cost'],
];

function otherLines(results: ComparisonResults, { width, dim }: Look): string[] {
  const shown = otherFigures.filter(([name]) => results.figures.some((figure) => figure.name === name));
  return table({
    columns: [{ header: 'policy', shrinkTo: 12 }, ...shown.map(([, header]) => right(header))],
    rows: byCompletion(results).map((one) => [
      printable(markedName(one)),
      ...shown.map(([name]) => {
        const result = one.figures[name];
        const { unit } = results.figures.find((figure) => figure.name === name)!;
        if (result === undefined) return '–';
        return (
          formatFigure(result.value.mean, unit) + (result.difference?.isSignificant === true ? '*' : ' ')
        );
      }),
    ]),
    width,
    paintHeader: dim,
  }).map((line) => line.trimEnd());
}

/** Mean completion times of the groups, a column for each; as many tables as are needed for the width. */
function groupLines(results: ComparisonResults, { width, dim, bold }: Look): string[] {
  const policies = byCompletion(results);
  const { groups = [] } = policies[0] ?? {};
  if (groups.length === 0) return [];
  const names = groups.map(({ group }) => truncate(printable(group), 20));
  const first = Math.max(6, ...policies.map((one) => textWidth(printable(markedName(one)))));
  const blocks: number[][] = [[]];
  let used = first;
  for (const [index, name] of names.entries()) {
    const columns = 2 + Math.max(textWidth(name), 10);
    if (used + columns > width && blocks.at(-1)!.length > 0) {
      blocks.push([]);
      used = first;
    }
    blocks.at(-1)!.push(index);
    used += columns;
  }
  const cell = (one: PolicyResult, index: number): string => {
    const result = one.groups[index]!.figures['completion'];
    if (result === undefined) return '–';
    return formatDuration(result.value.mean) + (result.difference?.isSignificant === true ? '*' : ' ');
  };
  return [
    '',
    bold('completion time by group') +
      dim(results.seeds === 1 ? ': means' : ': means over programs and seeds'),
    ...blocks.flatMap((block, number) => [
      ...(number === 0 ? [] : ['']),
      ...table({
        columns: [{ header: 'policy', shrinkTo: 12 }, ...block.map((index) => right(names[index]!))],
        rows: policies.map((one) => [printable(markedName(one)), ...block.map((index) => cell(one, index))]),
        width,
        paintHeader: dim,
      }).map((line) => line.trimEnd()),
    ]),
  ];
}

/** What budgets did, where they did anything. */
function actionLines(results: ComparisonResults, { width, dim, bold }: Look): string[] {
  const done = budgetActions.filter((action) =>
    results.policies.some((one) => one.budgetActions[action] > 0),
  );
  if (done.length === 0) return [];
  return [
    '',
    bold('budgets') + dim(results.seeds === 1 ? '' : ': over all seeds'),
    ...table({
      columns: [{ header: 'policy', shrinkTo: 12 }, ...done.map((action) => right(action))],
      rows: byCompletion(results).map((one) => [
        printable(markedName(one)),
        ...done.map((action) => formatCount(one.budgetActions[action])),
      ]),
      width,
      paintHeader: dim,
    }),
  ];
}

/** Less is shown as nothing. */
const leastShown = 0.0005;

/** Of the resources that anybody was stalled on. */
function pressureLines(results: ComparisonResults, { width, dim, bold }: Look): string[] {
  const stalls = results.figures.filter(
    ({ name, unit }) =>
      unit === 'share' &&
      results.policies.some(({ figures }) => (figures[name]?.value.mean ?? 0) >= leastShown),
  );
  if (stalls.length === 0) return [];
  return [
    '',
    bold('pressure') + dim(': share of the time in which some, or all not idle, were stalled'),
    ...table({
      columns: [
        { header: 'policy', shrinkTo: 12 },
        ...stalls.map(({ label }) => right(label.replace(/^(\w+) stalled on (\w+)$/, '$2 $1'))),
      ],
      rows: byCompletion(results).map((one) => [
        printable(markedName(one)),
        ...stalls.map(({ name }) => formatPercent(one.figures[name]?.value.mean ?? 0)),
      ]),
      width,
      paintHeader: dim,
    }),
  ];
}
