/** The results of `ringzero page`: as the document that `--json` prints, and as tables for people. */
import { Chalk } from 'chalk';

import type { PageCounts } from '../../sim/paging/page-replay.ts';
import { pageCost, type PageCostModel } from '../../sim/paging/page-cost.ts';
import { formatCount, formatMoney, formatPercent } from '../../report/format.ts';
import { lineChartSvg } from '../../report/line-chart.ts';
import { missRatioChart } from '../../report/miss-ratio-chart.ts';
import { pagingCsv } from '../../report/paging-csv.ts';
import { pagingHtml } from '../../report/paging-html.ts';
import {
  fewestTimed,
  type PagingInterval,
  type PagingResult,
  type PagingResults,
} from '../../report/paging-results.ts';
import { table } from '../../report/table.ts';
import { printable } from '../../report/text-width.ts';
import type { Io } from '../command.ts';
import { packageVersion } from '../package-version.ts';
import type { PagePoint } from './page-job.ts';
import type { ResultFiles } from '../result-files.ts';

export interface ResultOptions {
  readonly hasSizes: boolean;
  /** Misses of opt at a capacity, where known. */
  readonly optMisses: ReadonlyMap<number, number>;
  readonly cost: PageCostModel | undefined;
}

export function pagingResult(
  { policy, capacity, counts, seconds, series }: PagePoint,
  options: ResultOptions,
): PagingResult {
  const { requests, misses } = counts;
  const best = options.optMisses.get(capacity);
  return {
    policy,
    capacity,
    requests,
    misses,
    missRatio: misses / requests,
    hitRatio: 1 - misses / requests,
    ...(options.hasSizes && counts.requestedSize > 0
      ? { sizeHitRatio: 1 - counts.missedSize / counts.requestedSize }
      : {}),
    evictions: counts.evictions,
    bypasses: counts.bypasses,
    ...(best === undefined ? {} : { gapToOpt: (misses - best) / requests }),
    ...(options.cost === undefined ? {} : { cost: pageCost(counts, options.cost) }),
    seconds,
    requestsPerSecond: Math.round(requests / Math.max(seconds, 1e-9)),
    ...(series.length === 0 ? {} : { intervals: intervalsOf(series) }),
  };
}

function intervalsOf(series: readonly PageCounts[]): PagingInterval[] {
  return series.map((counts, index) => {
    const before = series[index - 1];
    const requests = counts.requests - (before?.requests ?? 0);
    const misses = counts.misses - (before?.misses ?? 0);
    return { until: counts.requests, requests, misses };
  });
}

/** The results, and what stands above them. */
export interface PageFindings {
  readonly data: PagingResults;
  readonly readSeconds: number;
  readonly isFromCache: boolean;
  /** In the unit. */
  readonly footprint: number;
  readonly notes: readonly string[];
  readonly repeat: string;
}

export function pageFiles({ data, notes, repeat, footprint }: PageFindings): ResultFiles {
  return {
    plot: () => lineChartSvg(missRatioChart(data)),
    html: () =>
      pagingHtml({
        data,
        facts: [['footprint', `${formatCount(footprint)}${data.unit === 'pages' ? ' pages' : ''}`]],
        notes,
        command: repeat,
        version: packageVersion(),
      }),
    csv: () => pagingCsv(data),
  };
}

export function pageLines(findings: PageFindings, io: Io): string[] {
  const chalk = new Chalk({ level: io.colours ? 1 : 0 });
  const width = Math.min(io.columns, 120);
  const { footprint, notes } = findings;
  const { trace, format, requests, unique, unit, seed, results } = findings.data;
  const capacities = [...new Set(results.map(({ capacity }) => capacity))].sort((a, b) => a - b);
  const read = `${findings.isFromCache ? 'opened from the cache' : 'read'} in ${findings.readSeconds.toFixed(2)} s`;
  const lines = [
    `${chalk.bold(printable(trace))}  ${chalk.dim(`${format}, ${read}, seed ${seed}`)}`,
    `${formatCount(requests)} references to ${formatCount(unique)} pages${
      unit === 'size' ? ` of ${formatCount(footprint)} in all` : ''
    }; every page is missed once, so at most ${formatPercent(1 - unique / requests)} can hit`,
  ];
  if (capacities.length > 1) lines.push('', ...matrixLines(results, capacities, unit, width, chalk.dim));
  else
    lines.push(
      '',
      chalk.bold(`capacity ${formatCount(capacities[0]!)}${unit === 'pages' ? ' pages' : ''}`) +
        chalk.dim(`  (${formatPercent(capacities[0]! / footprint)} of the footprint)`),
      ...detailLines(results, width, chalk.dim),
    );
  lines.push(...notes.map((note) => `note: ${note}`), '', chalk.dim(`repeat: ${findings.repeat}`));
  return lines;
}

/** Fewest misses first. */
function detailLines(
  results: readonly PagingResult[],
  width: number,
  dim: (text: string) => string,
): string[] {
  const sorted = results.toSorted((a, b) => a.misses - b.misses);
  const has = (field: keyof PagingResult): boolean => sorted.some((result) => result[field] !== undefined);
  const columns = [
    { header: 'policy', shown: ({ policy }: PagingResult) => policy },
    { header: 'hit ratio', shown: ({ hitRatio }: PagingResult) => formatPercent(hitRatio) },
    ...(has('sizeHitRatio')
      ? [{ header: 'by size', shown: ({ sizeHitRatio }: PagingResult) => formatPercent(sizeHitRatio!) }]
      : []),
    ...(has('gapToOpt')
      ? [{ header: 'gap to opt', shown: ({ gapToOpt }: PagingResult) => points(gapToOpt) }]
      : []),
    { header: 'misses', shown: ({ misses }: PagingResult) => formatCount(misses) },
    { header: 'evictions', shown: ({ evictions }: PagingResult) => formatCount(evictions) },
    ...(has('cost')
      ? [
          { header: 'prefill tokens', shown: ({ cost }: PagingResult) => formatCount(cost!.prefillTokens) },
          { header: 'cost', shown: ({ cost }: PagingResult) => formatMoney(cost!.microDollars) },
        ]
      : []),
    ...(sorted[0]!.requests < fewestTimed
      ? []
      : [
          {
            header: 'M refs/s',
            shown: ({ requestsPerSecond }: PagingResult) => (requestsPerSecond / 1e6).toFixed(1),
          },
        ]),
  ];
  return table({
    columns: columns.map(({ header }, index) => ({ header, align: index === 0 ? 'left' : 'right' })),
    rows: sorted.map((result) => columns.map(({ shown }) => shown(result))),
    width,
    paintHeader: dim,
  });
}

/** Hit ratios, a column for each capacity; the best policies on average first. Means are over the capacities at which all ran, if there is one. */
function matrixLines(
  results: readonly PagingResult[],
  capacities: readonly number[],
  unit: 'pages' | 'size',
  width: number,
  dim: (text: string) => string,
): string[] {
  const of = new Map(results.map((result) => [`${result.policy} ${result.capacity}`, result]));
  const policies = [...new Set(results.map(({ policy }) => policy))];
  const shared = results.filter(({ capacity }) =>
    policies.every((policy) => of.has(`${policy} ${capacity}`)),
  );
  const comparable = shared.length === 0 ? results : shared;
  const mean = (policy: string): number => {
    const own = comparable.filter((result) => result.policy === policy);
    return own.reduce((sum, { hitRatio }) => sum + hitRatio, 0) / own.length;
  };
  policies.sort((a, b) => mean(b) - mean(a));
  const gap = (policy: string): number[] =>
    comparable.flatMap((result) =>
      result.policy === policy && result.gapToOpt !== undefined ? [result.gapToOpt] : [],
    );
  const hasGaps = results.some(({ gapToOpt }) => gapToOpt !== undefined);
  return [
    dim(`hit ratio by capacity${unit === 'pages' ? ' in pages' : ''}`),
    ...table({
      columns: [
        { header: 'policy' },
        ...capacities.map((capacity) => ({ header: formatCount(capacity), align: 'right' as const })),
        ...(hasGaps ? [{ header: 'mean gap to opt', align: 'right' as const }] : []),
      ],
      rows: policies.map((policy) => {
        const gaps = gap(policy);
        return [
          policy,
          ...capacities.map((capacity) => {
            const result = of.get(`${policy} ${capacity}`);
            return result === undefined ? '–' : formatPercent(result.hitRatio);
          }),
          ...(hasGaps
            ? [points(gaps.length === 0 ? undefined : gaps.reduce((sum, one) => sum + one, 0) / gaps.length)]
            : []),
        ];
      }),
      width,
      paintHeader: dim,
    }),
  ];
}

/** A difference of two ratios, in percentage points. */
function points(difference: number | undefined): string {
  return difference === undefined ? '–' : (difference * 100).toFixed(1);
}
