/** A comparison of scheduling policies as one HTML page: the workload, the results, the chart, and how to repeat it. */
import type { Interval } from '../base/t-interval.ts';
import {
  budgetActions,
  byCompletion,
  clairvoyantNote,
  completionChart,
  groupChart,
  nodePressureChart,
  pressureChart,
  formatFigure,
  halfOf,
  markedName,
  seedWords,
  type ComparisonResults,
  type FigureKind,
  type FigureResult,
  type PolicyResult,
} from './comparison-results.ts';
import { formatCount, formatDuration, formatPercent } from './format.ts';
import {
  htmlDrawing,
  htmlFacts,
  htmlPage,
  htmlTable,
  noteSections,
  repeatSection,
  type HtmlCell,
  type HtmlColumn,
  type Section,
} from './html.ts';
import { fileName } from './miss-ratio-chart.ts';
import { pressureChartSvg, type PressureChart } from './pressure-chart.ts';
import { quantileChartSvg } from './quantile-chart.ts';

export interface ComparisonReport {
  readonly results: ComparisonResults;
  /** Of the workload and the kernel. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** What a reader must know, one sentence each. */
  readonly notes: readonly string[];
  /** The command line that repeats it. */
  readonly command: string;
  /** Of Ring Zero. */
  readonly version: string;
}

export function comparisonHtml({ results, facts, notes, command, version }: ComparisonReport): string {
  const { workload, summary, seed, seeds, baseline, figures } = results;
  const policies = byCompletion(results);
  const times = figures.filter(({ unit }) => unit !== 'share');
  const stalls = figures.filter(
    ({ unit, name }) => unit === 'share' && policies.some((one) => (one.figures[name]?.value.mean ?? 0) > 0),
  );
  const marks = policies.some(({ isClairvoyant }) => isClairvoyant) ? [clairvoyantNote] : [];
  const sections: Section[] = [
    { heading: 'The workload', content: htmlFacts([['workload', workload], ...facts]) },
    {
      heading: 'Job completion time',
      content: htmlDrawing(quantileChartSvg(completionChart(results), { width: 960 })),
    },
    { heading: 'Completion time against the baseline and the lower bound', content: gapTable(results) },
    ...noteSections([...marks, ...notes]),
    { heading: 'All figures', content: figureTable(policies, times, valueCell) },
    {
      heading: `Differences from ${baseline}, paired by seed`,
      content: figureTable(
        policies.filter(({ policy }) => policy !== baseline),
        times,
        differenceCell,
      ),
    },
    ...groupSections(results),
    ...(stalls.length === 0
      ? []
      : [
          {
            heading: 'Pressure: share of the time in which processes were stalled',
            content: pressureDrawing(pressureChart(results)) + figureTable(policies, stalls, valueCell),
          },
        ]),
    ...budgetSections(results),
    ...actionSections(policies),
    { heading: 'Programs', content: programTable(policies) },
    { heading: 'What the figures are', content: htmlFacts(terms(baseline)) },
    repeatSection(command, version, seed),
  ];
  return htmlPage(
    `Scheduling laboratory: ${fileName(workload)}`,
    `${summary}; ringzero ${version}, ${seedWords(seed, seeds)}`,
    sections,
  );
}

const right = (header: string): HtmlColumn => ({ header, align: 'right' });
const nothing: HtmlCell = { text: '–', value: -1 };

function gapTable(results: ComparisonResults): string {
  const { baseline, boundUs } = results;
  const policies = byCompletion(results);
  const base = policies.find(({ policy }) => policy === baseline)!.figures['completion']!.value.mean;
  const columns = [
    'mean',
    '± (95 %)',
    `against ${baseline}`,
    '± (95 %)',
    'above the lower bound',
    '± (95 %)',
  ];
  const rows = policies.map((one): HtmlCell[] => {
    const { value, difference } = one.figures['completion']!;
    const relative = difference && scaled(difference, base);
    return [
      { text: markedName(one) },
      { text: formatDuration(value.mean), value: value.mean },
      half(value, formatDuration),
      relative === undefined
        ? nothing
        : {
            text: `${signed(relative.mean, formatPercent)}${difference!.isSignificant ? ' *' : ''}`,
            value: relative.mean,
          },
      relative === undefined ? nothing : half(relative, formatPercent),
      one.gap === undefined ? nothing : { text: formatPercent(one.gap.mean), value: one.gap.mean },
      one.gap === undefined ? nothing : half(one.gap, formatPercent),
    ];
  });
  const bound = boundUs === undefined ? '' : ` The lower bound is ${formatDuration(boundUs)}.`;
  return `${htmlTable([{ header: 'policy' }, ...columns.map(right)], rows)}
<p class="sub">* the interval of the paired difference does not contain 0.${bound}</p>`;
}

function scaled({ mean, low, high }: Interval, by: number): Interval {
  const one = by === 0 ? 1 : by;
  return { mean: mean / one, low: low / one, high: high / one };
}

function half(interval: Interval, write: (value: number) => string): HtmlCell {
  if (interval.high === Infinity) return nothing;
  return { text: write(halfOf(interval)), value: halfOf(interval) };
}

function figureTable(
  policies: readonly PolicyResult[],
  figures: readonly FigureKind[],
  cell: (result: FigureResult | undefined, kind: FigureKind, isBest: boolean) => HtmlCell,
): string {
  const all = policies.map((one) => one.figures);
  const best = new Map(figures.map((kind) => [kind.name, bestOf(all, kind)]));
  return htmlTable(
    [{ header: 'policy' }, ...figures.map(({ label }) => right(label))],
    policies.map((one) => [
      { text: markedName(one) },
      ...figures.map((kind) => {
        const result = one.figures[kind.name];
        return cell(result, kind, result !== undefined && result.value.mean === best.get(kind.name));
      }),
    ]),
  );
}

/** None where all are alike. */
function bestOf(all: readonly PolicyResult['figures'][], { name, better }: FigureKind): number | undefined {
  const means = all.flatMap((figures) => figures[name]?.value.mean ?? []);
  if (new Set(means).size < 2) return undefined;
  return better === 'less' ? Math.min(...means) : Math.max(...means);
}

function valueCell(result: FigureResult | undefined, { unit }: FigureKind, isBest: boolean): HtmlCell {
  if (result === undefined) return nothing;
  const { value } = result;
  const halfWidth = halfOf(value);
  const around = halfWidth === 0 ? '' : ` ± ${formatFigure(halfWidth, unit)}`;
  return { text: formatFigure(value.mean, unit) + around, value: value.mean, isBest };
}

function differenceCell(result: FigureResult | undefined, { unit }: FigureKind): HtmlCell {
  const difference = result?.difference;
  if (difference === undefined) return nothing;
  const halfWidth = halfOf(difference);
  const around = halfWidth === 0 ? '' : ` ± ${formatFigure(halfWidth, unit)}`;
  const mark = difference.isSignificant ? ' *' : '';
  return {
    text: `${signed(difference.mean, (value) => formatFigure(value, unit))}${around}${mark}`,
    value: difference.mean,
  };
}

function signed(value: number, write: (size: number) => string): string {
  return `${value > 0 ? '+' : value < 0 ? '−' : ''}${write(Math.abs(value))}`;
}

/** What stands for a row each in the table of groups; the first is also compared with the baseline. */
const groupColumns = ['completion', 'p50', 'p95', 'p99', 'tokenLatency', 'deadlineMisses', 'cost'];

function groupSections(results: ComparisonResults): Section[] {
  const policies = byCompletion(results);
  const { groups = [] } = policies[0] ?? {};
  if (groups.length === 0) return [];
  const kinds = groupColumns.flatMap((name) =>
    policies.some((one) => one.groups.some(({ figures }) => figures[name] !== undefined))
      ? results.figures.filter((kind) => kind.name === name)
      : [],
  );
  const [completion] = kinds;
  const rows = groups.flatMap(({ group }, index) =>
    policies.map((one): HtmlCell[] => {
      const { programs, figures } = one.groups[index]!;
      return [
        { text: markedName(one) },
        { text: group },
        { text: formatCount(programs), value: programs },
        ...(completion === undefined ? [] : [differenceCell(figures[completion.name], completion)]),
        ...kinds.map((kind) => {
          const best = bestOf(
            policies.map((other) => other.groups[index]!.figures),
            kind,
          );
          const result = figures[kind.name];
          return valueCell(result, kind, result !== undefined && result.value.mean === best);
        }),
      ];
    }),
  );
  const columns = [
    'programs',
    ...(completion === undefined ? [] : [`completion against ${results.baseline}`]),
    ...kinds.map(({ label }) => label),
  ];
  const drawings = groups.flatMap((_, index) => {
    const chart = groupChart(results, index);
    return chart === undefined ? [] : htmlDrawing(quantileChartSvg(chart, { width: 960 }));
  });
  return [
    {
      heading: 'By group of agents',
      content: [
        ...drawings,
        htmlTable([{ header: 'policy' }, { header: 'group' }, ...columns.map(right)], rows),
      ].join('\n'),
    },
  ];
}

function pressureDrawing(chart: PressureChart | undefined): string {
  return chart === undefined ? '' : htmlDrawing(pressureChartSvg(chart));
}

/** More budget nodes are in the table alone. */
const mostDrawnNodes = 8;

function budgetSections(results: ComparisonResults): Section[] {
  const policies = byCompletion(results);
  const { budgets: nodes = [] } = policies[0] ?? {};
  if (policies.every(({ budgets }) => budgets.length === 0)) return [];
  const resources = ['cores', 'memory', 'budget'] as const;
  const columns = resources.flatMap((resource) => [`${resource}, some`, `${resource}, full`]);
  const rows = policies.flatMap((one) =>
    one.budgets.map((shares): HtmlCell[] => [
      { text: markedName(one) },
      { text: shares.node },
      ...resources.flatMap((resource) =>
        [shares[resource].some, shares[resource].full].map((share) => ({
          text: formatPercent(share),
          value: share,
        })),
      ),
    ]),
  );
  return [
    {
      heading: 'Pressure by budget node',
      content: [
        ...nodes
          .slice(0, mostDrawnNodes)
          .map((_, index) => pressureDrawing(nodePressureChart(results, index))),
        htmlTable([{ header: 'policy' }, { header: 'node' }, ...columns.map(right)], rows),
      ].join('\n'),
    },
  ];
}

function actionSections(policies: readonly PolicyResult[]): Section[] {
  if (policies.every((one) => budgetActions.every((action) => one.budgetActions[action] === 0))) return [];
  const rows = policies.map((one): HtmlCell[] => [
    { text: markedName(one) },
    ...budgetActions.map((action) => {
      const count = one.budgetActions[action];
      return { text: formatCount(count), value: count };
    }),
  ]);
  return [
    {
      heading: 'What budgets did, over all seeds',
      content: htmlTable([{ header: 'policy' }, ...budgetActions.map(right)], rows),
    },
  ];
}

function programTable(policies: readonly PolicyResult[]): string {
  const count = (value: number): HtmlCell => ({ text: formatCount(value), value });
  return htmlTable(
    [{ header: 'policy' }, ...['programs', 'completed', 'failed', 'unfinished', 'cut short'].map(right)],
    policies.map((one) => [
      { text: markedName(one) },
      ...[one.programs, one.completed, one.failed, one.unfinished, one.cutShort].map(count),
    ]),
  );
}

function terms(baseline: string): (readonly [string, string])[] {
  return [
    ['program', 'a root process with all its descendants; it ends when the root does'],
    ['job completion time', 'from the arrival of a program to its end'],
    ['token latency', 'job completion time over the answer tokens of the program, mean over programs'],
    [
      'Jain fairness',
      'Jain’s index of the programs’ slowdown, completion time over critical path: 1 when all alike',
    ],
    [
      'service gap',
      'the largest difference in core time over weight that two clients received in an interval in which both wanted some',
    ],
    ['starvation', 'the longest that a process stood ready without getting a core'],
    ['± (95 %)', 'half of the confidence interval of the mean over the seeds (Student’s t)'],
    [`against ${baseline}`, 'the same seeds under both; the interval is that of the differences'],
    [
      'lower bound',
      'of the mean: the mean critical path, and shortest remaining work first on one core as fast as all together',
    ],
    ['cut short', 'had a call or a tool refused, or a sub-agent fail: then the lower bound need not hold'],
  ];
}
