/** A comparison of paging policies as one HTML page: the trace, the results, the charts, and how to repeat it. */
import { formatCount, formatDuration, formatMoney, formatPercent } from './format.ts';
import { histogramSvg, type HistogramChart } from './histogram-chart.ts';
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
import { lineChartSvg } from './line-chart.ts';
import type { LineChart } from './line-chart-model.ts';
import { fileName, missRatioChart, policiesOf, type MissRatioSeries } from './miss-ratio-chart.ts';
import { fewestTimed, type PagingInterval, type PagingResult, type PagingResults } from './paging-results.ts';

export interface PagingReport {
  readonly data: PagingResults;
  /** Beside the policies' points. */
  readonly curves?: readonly MissRatioSeries[];
  /** Further charts and histograms, in this order. */
  readonly charts?: readonly LineChart[];
  readonly histograms?: readonly HistogramChart[];
  /** Further facts of the trace or the run. */
  readonly facts?: readonly (readonly [name: string, value: string])[];
  /** What a reader must know, one sentence each: which rows were left out, what is an estimate. */
  readonly notes?: readonly string[];
  /** The command line that repeats it. */
  readonly command: string;
  /** Of Ring Zero. */
  readonly version: string;
}

export function pagingHtml(report: PagingReport): string {
  const { data, curves = [], charts = [], histograms = [], notes = [], command, version } = report;
  const { trace, requests, unique, seed, results } = data;
  const sections: Section[] = [
    { heading: 'The trace', content: traceFacts(report) },
    ...(results.length + curves.length === 0
      ? []
      : [
          {
            heading: 'Miss ratio',
            content: htmlDrawing(lineChartSvg(missRatioChart(data, curves), { width: 960, height: 520 })),
          },
        ]),
    ...noteSections(notes),
    ...(results.length === 0 ? [] : [{ heading: 'Results', content: resultTable(results) }]),
    ...intervalSections(data),
    ...drawings('Further curves', charts.map(wideChart)),
    ...drawings(
      'Reuse',
      histograms.map((chart) => histogramSvg(chart, 960)),
    ),
    repeatSection(command, version, seed),
  ];
  const subtitle = `${formatCount(requests)} references to ${formatCount(unique)} pages; ringzero ${version}, seed ${seed}`;
  return htmlPage(`Paging laboratory: ${fileName(trace)}`, subtitle, sections);
}

function traceFacts({ data, facts = [] }: PagingReport): string {
  const { trace, format, requests, unique, unit } = data;
  return htmlFacts([
    ['trace', trace],
    ['format', format],
    ['references', formatCount(requests)],
    ['different pages', formatCount(unique)],
    ['compulsory misses', requests === 0 ? '0' : formatPercent(unique / requests)],
    ['capacities in', unit === 'pages' ? 'pages' : 'the sizes of the trace'],
    ...facts,
  ]);
}

interface ResultColumn extends HtmlColumn {
  readonly cell: (result: PagingResult) => HtmlCell;
  /** Left out when no result has it. */
  readonly isMeasured?: (result: PagingResult) => boolean;
}

function resultTable(results: readonly PagingResult[]): string {
  const fewest = new Map<number, number>(); // capacity → misses of the best policy but opt
  for (const { policy, capacity, misses } of results)
    if (policy !== 'opt') fewest.set(capacity, Math.min(misses, fewest.get(capacity) ?? Infinity));
  const several = policiesOf(results).length > 2;
  const isBest = ({ policy, capacity, misses }: PagingResult): boolean =>
    policy !== 'opt' && several && fewest.get(capacity) === misses;
  const number = (
    header: string,
    value: (result: PagingResult) => number | undefined,
    write: (value: number) => string,
  ): ResultColumn => ({
    header,
    align: 'right',
    cell: (result) => {
      const measured = value(result);
      return measured === undefined ? { text: '–', value: -1 } : { text: write(measured), value: measured };
    },
    isMeasured: (result) => value(result) !== undefined,
  });
  const best = (column: ResultColumn): ResultColumn => ({
    ...column,
    cell: (result) => ({ ...column.cell(result), isBest: isBest(result) }),
  });
  const columns: readonly ResultColumn[] = [
    { header: 'policy', cell: ({ policy }) => ({ text: policy }) },
    number('capacity', ({ capacity }) => capacity, formatCount),
    best(number('misses', ({ misses }) => misses, formatCount)),
    best(number('miss ratio', ({ missRatio }) => missRatio, twoDecimals)),
    number('above opt', ({ gapToOpt }) => gapToOpt, twoDecimals),
    number('size hit ratio', ({ sizeHitRatio }) => sizeHitRatio, twoDecimals),
    number('evictions', ({ evictions }) => evictions, formatCount),
    number('not loaded', ({ bypasses }) => (bypasses === 0 ? undefined : bypasses), formatCount),
    number('prefill tokens', ({ cost }) => cost?.prefillTokens, formatCount),
    number(
      'prefill time',
      ({ cost }) => cost?.prefillSeconds,
      (seconds) => formatDuration(seconds * 1_000_000),
    ),
    number('cost', ({ cost }) => cost?.microDollars, formatMoney),
    number(
      'M references/s',
      ({ requests, requestsPerSecond }) => (requests < fewestTimed ? undefined : requestsPerSecond),
      (rate) => (rate / 1_000_000).toFixed(1),
    ),
  ];
  const shown = columns.filter(({ isMeasured }) => isMeasured === undefined || results.some(isMeasured));
  return htmlTable(
    shown,
    results.map((result) => shown.map(({ cell }) => cell(result))),
  );
}

/** Miss ratios differ by little. */
function twoDecimals(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

/** A chart for each capacity at which a policy has intervals. */
function intervalSections({ results, trace }: PagingResults): Section[] {
  const withIntervals = results.filter(({ intervals }) => intervals !== undefined && intervals.length > 0);
  const capacities = [...new Set(withIntervals.map(({ capacity }) => capacity))];
  const charts = capacities.map((capacity): LineChart => ({
    title: `Miss ratio along the trace, at capacity ${formatCount(capacity)}`,
    subtitle: fileName(trace),
    x: { label: 'references', scale: 'linear', format: 'count' },
    y: { label: 'miss ratio of the interval', scale: 'linear', format: 'percent' },
    series: withIntervals
      .filter((result) => result.capacity === capacity)
      .map(({ policy, intervals = [] }) => ({ label: policy, points: intervals.map(intervalPoint) })),
  }));
  return drawings('Along the trace', charts.map(wideChart));
}

function drawings(heading: string, svgs: readonly string[]): Section[] {
  return svgs.length === 0 ? [] : [{ heading, content: svgs.map(htmlDrawing).join('\n') }];
}

function wideChart(chart: LineChart): string {
  return lineChartSvg(chart, { width: 960, height: 420 });
}

function intervalPoint({ until, requests, misses }: PagingInterval): {
  readonly x: number;
  readonly y: number;
} {
  return { x: until, y: requests === 0 ? 0 : misses / requests };
}
