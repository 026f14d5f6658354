/** What `ringzero curve` prints and writes: lines for people, one JSON document, charts, a page, CSV. */
import { Chalk } from 'chalk';

import { labelledBar } from '../../report/bars.ts';
import { curveCsv, type CurveRows } from '../../report/curve-csv.ts';
import { formatCount, formatPercent } from '../../report/format.ts';
import type { HistogramChart } from '../../report/histogram-chart.ts';
import { lineChartSvg } from '../../report/line-chart.ts';
import type { LineChart } from '../../report/line-chart-model.ts';
import { fileName, missRatioChart, type MissRatioSeries } from '../../report/miss-ratio-chart.ts';
import { pagingHtml } from '../../report/paging-html.ts';
import type { PagingResults } from '../../report/paging-results.ts';
import { table } from '../../report/table.ts';
import { terminalChart } from '../../report/terminal-chart.ts';
import { printable } from '../../report/text-width.ts';
import type { HistogramBin } from '../../sim/paging/curves/log-histogram.ts';
import type { Io } from '../command.ts';
import { packageVersion } from '../package-version.ts';
import type { LruResult, ReuseHistograms, SampledResult, TimeCurves } from './curve-run.ts';
import type { ResultFiles } from '../result-files.ts';

export interface CurveFindings {
  /** The trace, and the policies that were replayed. */
  readonly data: PagingResults;
  /** The capacities of the replays, and of the rows that people read. */
  readonly capacities: readonly number[];
  readonly exact?: LruResult;
  readonly sampled?: SampledResult;
  readonly times?: TimeCurves;
  readonly reuse?: ReuseHistograms;
  readonly notes: readonly string[];
  readonly repeat: string;
  readonly readSeconds: number;
  readonly isFromCache: boolean;
}

export function curveFiles(findings: CurveFindings): ResultFiles {
  const { data, times, reuse, notes, repeat } = findings;
  return {
    plot: () => lineChartSvg(missRatioChart(data, seriesOf(findings))),
    html: () =>
      pagingHtml({
        data,
        curves: seriesOf(findings),
        charts: times === undefined ? [] : [windowChart(data, times)],
        histograms: reuse === undefined ? [] : histogramsOf(reuse),
        facts: methodFacts(findings),
        notes,
        command: repeat,
        version: packageVersion(),
      }),
    csv: () => curveCsv({ ...data, curves: rowsOf(findings) }),
  };
}

/** Everything but `wall` is the same in every run of the same command. */
export function curveDocument(findings: CurveFindings): object {
  const { data, capacities, exact, sampled, times, reuse, notes, repeat } = findings;
  const { results, ...facts } = data;
  const withoutSeconds = ({ seconds: _seconds, ...rest }: LruResult): object => rest;
  return {
    command: 'curve',
    ringzero: packageVersion(),
    ...facts,
    repeat,
    capacities,
    curves: [exact, sampled].filter((curve) => curve !== undefined).map(withoutSeconds),
    results,
    ...(times === undefined ? {} : times),
    ...(reuse === undefined ? {} : { reuse }),
    notes,
    wall: {
      readSeconds: findings.readSeconds,
      isFromCache: findings.isFromCache,
      ...(exact === undefined ? {} : { exactSeconds: exact.seconds }),
      ...(sampled === undefined ? {} : { sampledSeconds: sampled.seconds }),
    },
  };
}

export function curveLines(findings: CurveFindings, io: Io): string[] {
  const { data, times, reuse, notes, repeat, readSeconds, isFromCache } = findings;
  const chalk = new Chalk({ level: io.colours ? 1 : 0 });
  const width = Math.min(io.columns, 120);
  const read = `${isFromCache ? 'opened from the cache' : 'read'} in ${readSeconds.toFixed(2)} s`;
  const paints = [chalk.cyan, chalk.yellow, chalk.green, chalk.magenta, chalk.blue, chalk.red];
  const chart = missRatioChart(data, seriesOf(findings));
  return [
    `${chalk.bold(printable(data.trace))}  ${chalk.dim(`${data.format}, ${read}, seed ${data.seed}`)}`,
    `${formatCount(data.requests)} references to ${formatCount(data.unique)} pages; every page is missed once, so no miss ratio is below ${formatPercent(data.unique / data.requests)}`,
    '',
    ...terminalChart(chart, { width: Math.max(40, width), ...(io.colours ? { paints } : {}) }),
    '',
    ...tableLines(findings, width, chalk.dim),
    '',
    ...methodFacts(findings).map(([name, value]) => `${name}: ${value}`),
    ...(times === undefined ? [] : ['', ...windowLines(times, width, chalk.dim)]),
    ...(reuse === undefined ? [] : ['', ...reuseLines(reuse, width, chalk)]),
    ...notes.map((note) => `note: ${note}`),
    '',
    chalk.dim(`repeat: ${repeat}`),
  ];
}

function seriesOf({ data, exact, sampled, times }: CurveFindings): MissRatioSeries[] {
  return [
    ...(exact === undefined
      ? []
      : [{ label: exact.method === 'exact' ? 'lru, exact' : 'lru, approximate', points: exact.points }]),
    ...(sampled === undefined ? [] : [{ label: 'lru, sampled', points: sampled.points }]),
    // Working sets are counted in pages.
    ...(times === undefined || data.unit === 'size'
      ? []
      : [
          {
            label: 'working set, by mean size',
            points: times.workingSet.map(({ meanSize, missRatio }) => ({ capacity: meanSize, missRatio })),
          },
        ]),
  ];
}

function rowsOf({ data, exact, sampled }: CurveFindings): CurveRows[] {
  const policies = [...new Set(data.results.map(({ policy }) => policy))];
  return [
    ...[exact, sampled].filter((curve) => curve !== undefined),
    ...policies.map((policy) => ({
      policy,
      method: 'replay',
      points: data.results.filter((result) => result.policy === policy),
    })),
  ];
}

/** How the curves were found, and how good they are. */
function methodFacts({ exact, sampled }: CurveFindings): (readonly [string, string])[] {
  const facts: [string, string][] = [];
  if (exact !== undefined)
    facts.push([`lru, ${exact.method}`, `one pass over all references, ${exact.seconds.toFixed(2)} s`]);
  if (sampled !== undefined) {
    const { samples, rate, sampledPages, sampledRequests, meanHalfWidth, meanAbsoluteError, seconds } =
      sampled;
    const points = (share: number): string => `${(share * 100).toFixed(2)} points`;
    facts.push(
      [
        'lru, sampled',
        `SHARDS, ${samples} samples of ${formatPercent(rate)} of the pages each (about ${formatCount(sampledPages)} pages, ${formatCount(sampledRequests)} references), ${seconds.toFixed(2)} s`,
      ],
      ['expected error', `95 % interval ± ${points(meanHalfWidth)} on average`],
    );
    if (meanAbsoluteError !== undefined)
      facts.push([
        'actual error',
        `mean absolute error ${points(meanAbsoluteError)}; of one sample alone ${points(sampled.meanAbsoluteErrorOfOne ?? 0)} on average`,
      ]);
  }
  return facts;
}

/** Miss ratios: a row a capacity, a column a curve. */
function tableLines(findings: CurveFindings, width: number, dim: (text: string) => string): string[] {
  const { capacities } = findings;
  const curves = rowsOf(findings);
  const names = curves.map(({ policy, method }) => (method === 'replay' ? policy : `${policy}, ${method}`));
  let used = 16; // the column of capacities
  const most = names.findIndex((name, index) => {
    used += 2 + Math.max(name.length, curves[index]!.method === 'sampled' ? 15 : 8);
    return used > width;
  });
  const shown = curves.slice(0, most === -1 ? curves.length : Math.max(1, most));
  const cells = shown.map(({ points }) => new Map(points.map((point) => [point.capacity, point])));
  const lines = table({
    columns: [
      { header: 'capacity', align: 'right' },
      ...shown.map((_, index) => ({ header: names[index]!, align: 'right' as const })),
    ],
    rows: capacities.map((capacity) => [
      formatCount(capacity),
      ...cells.map((points) => {
        const point = points.get(capacity);
        if (point === undefined) return '–';
        const { missRatio, halfWidth } = point;
        const ratio = `${(missRatio * 100).toFixed(2)} %`;
        return halfWidth === undefined ? ratio : `${ratio} ± ${(halfWidth * 100).toFixed(2)}`;
      }),
    ]),
    width,
    paintHeader: dim,
  });
  const rest = curves.length - shown.length;
  return [
    dim('miss ratio'),
    ...lines,
    ...(rest > 0 ? [dim(`… and ${rest} more policies; --json, --csv and --report have all`)] : []),
  ];
}

/** Rows of windows that people read; the document has all. */
const shownWindows = 12;

function windowLines(
  { workingSet, footprint }: TimeCurves,
  width: number,
  dim: (text: string) => string,
): string[] {
  const step = Math.max(1, Math.floor(workingSet.length / shownWindows));
  const rows = workingSet.flatMap(({ window, meanSize, missRatio }, index) =>
    index % step === 0 || index === workingSet.length - 1
      ? [
          [
            formatCount(window),
            meanSize.toFixed(1),
            footprint[index]!.pages.toFixed(1),
            `${(missRatio * 100).toFixed(2)} %`,
          ],
        ]
      : [],
  );
  return [
    dim(
      'by window, in references: mean size of the working set, average footprint, misses of the working set',
    ),
    ...table({
      columns: ['window', 'working set', 'footprint', 'miss ratio'].map((header) => ({
        header,
        align: 'right',
      })),
      rows,
      width,
      paintHeader: dim,
    }),
  ];
}

function windowChart({ trace }: PagingResults, { workingSet, footprint }: TimeCurves): LineChart {
  return {
    title: `Working set and footprint: ${fileName(trace)}`,
    subtitle: 'how many different pages are used in a stretch of time',
    x: { label: 'window in references', scale: 'log', format: 'count' },
    y: { label: 'pages', scale: 'log', format: 'count' },
    series: [
      {
        label: 'working set, mean size',
        points: workingSet.map(({ window, meanSize }) => ({ x: window, y: meanSize })),
      },
      { label: 'average footprint', points: footprint.map(({ window, pages }) => ({ x: window, y: pages })) },
    ],
  };
}

function histogramsOf({ firstUses, distances, times }: ReuseHistograms): HistogramChart[] {
  const rest = { label: 'first use', count: firstUses };
  return [
    {
      title: 'Reuse distances',
      xLabel: 'different pages since the last use, its own included',
      bins: distances,
      rest,
    },
    { title: 'Reuse times', xLabel: 'references since the last use', bins: times, rest },
  ];
}

function reuseLines(
  { firstUses, distances, times }: ReuseHistograms,
  width: number,
  { dim, cyan }: { dim: (text: string) => string; cyan: (text: string) => string },
): string[] {
  const bars = (bins: readonly HistogramBin[]): string[] => {
    const rows = [
      ...bins.map(({ from, to, count }) => ({
        label: from === to ? formatCount(from) : `${formatCount(from)}–${formatCount(to)}`,
        count,
      })),
      { label: 'first use', count: firstUses },
    ];
    const total = rows.reduce((sum, { count }) => sum + count, 0);
    const labelWidth = Math.max(...rows.map(({ label }) => label.length));
    return rows.map(({ label, count }) =>
      labelledBar(
        { label, fraction: count / total },
        { width: Math.max(10, Math.min(48, width - labelWidth - 12)), labelWidth, paint: cyan },
      ),
    );
  };
  return [
    dim('reuse distances: different pages since the last use'),
    ...bars(distances),
    '',
    dim('reuse times: references since the last use'),
    ...bars(times),
  ];
}
