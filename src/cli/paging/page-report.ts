/** The results of `ringzero page`: as the document that `--json` prints, and as tables for people. */
import { Chalk } from 'chalk';

import type { PageCounts } from '../../sim/paging/page-replay.ts';
import { pageCost, type PageCost, type PageCostModel } from '../../sim/paging/page-cost.ts';
import { formatCount, formatMoney, formatPercent } from '../../report/format.ts';
import { table } from '../../report/table.ts';
import { printable } from '../../report/text-width.ts';
import type { Io } from '../command.ts';
import type { PagePoint } from './page-job.ts';

/** One policy at one capacity. Ratios are of references; `sizeHitRatio` of sizes, where the trace has them. */
export interface PageResult {
  readonly policy: string;
  readonly capacity: number;
  readonly requests: number;
  readonly misses: number;
  readonly missRatio: number;
  readonly hitRatio: number;
  readonly sizeHitRatio?: number;
  readonly evictions: number;
  readonly bypasses: number;
  /** Misses above those of opt, as a share of all references; below 0 only where opt is an approximation (sizes). */
  readonly gapToOpt?: number;
  readonly cost?: PageCost;
  /** Policy work alone. */
  readonly seconds: number;
  readonly requestsPerSecond: number;
  readonly intervals?: readonly PageInterval[];
}

/** One stretch of the trace, up to reference number `until` (not included). */
export interface PageInterval {
  readonly until: number;
  readonly requests: number;
  readonly misses: number;
  readonly missRatio: number;
}

export interface ResultOptions {
  readonly hasSizes: boolean;
  /** Misses of opt at a capacity, where known. */
  readonly optMisses: ReadonlyMap<number, number>;
  readonly cost: PageCostModel | undefined;
}

export function pageResult(
  { policy, capacity, counts, seconds, series }: PagePoint,
  options: ResultOptions,
): PageResult {
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

function intervalsOf(series: readonly PageCounts[]): PageInterval[] {
  return series.map((counts, index) => {
    const before = series[index - 1];
    const requests = counts.requests - (before?.requests ?? 0);
    const misses = counts.misses - (before?.misses ?? 0);
    return { until: counts.requests, requests, misses, missRatio: misses / requests };
  });
}

/** What stands above the tables. */
export interface PageHeading {
  readonly trace: string;
  readonly format: string;
  readonly requests: number;
  readonly unique: number;
  readonly unit: 'pages' | 'size';
  readonly seed: number;
  readonly readSeconds: number;
  readonly isFromCache: boolean;
  /** Sum of the sizes of all pages, at their first use; with unit `pages` their number. */
  readonly footprint: number;
  readonly repeat: string;
}

export function pageLines(heading: PageHeading, results: readonly PageResult[], io: Io): string[] {
  const chalk = new Chalk({ level: io.colours ? 1 : 0 });
  const width = Math.min(io.columns, 120);
  const { trace, format, requests, unique, unit, seed } = heading;
  const capacities = [...new Set(results.map(({ capacity }) => capacity))];
  const read = `${heading.isFromCache ? 'opened from the cache' : 'read'} in ${heading.readSeconds.toFixed(2)} s`;
  const lines = [
    `${chalk.bold(printable(trace))}  ${chalk.dim(`${format}, ${read}, seed ${seed}`)}`,
    `${formatCount(requests)} references to ${formatCount(unique)} pages${
      unit === 'size' ? ` of ${formatCount(heading.footprint)} in all` : ''
    }; every page is missed once, so at most ${formatPercent(1 - unique / requests)} can hit`,
  ];
  if (capacities.length > 1) lines.push('', ...matrixLines(results, capacities, unit, width, chalk.dim));
  else
    lines.push(
      '',
      chalk.bold(`capacity ${formatCount(capacities[0]!)}${unit === 'pages' ? ' pages' : ''}`) +
        chalk.dim(`  (${formatPercent(capacities[0]! / heading.footprint)} of the footprint)`),
      ...detailLines(results, width, chalk.dim),
    );
  lines.push('', chalk.dim(`repeat: ${heading.repeat}`));
  return lines;
}

/** Fewest misses first. */
function detailLines(results: readonly PageResult[], width: number, dim: (text: string) => string): string[] {
  const sorted = results.toSorted((a, b) => a.misses - b.misses);
  const has = (field: keyof PageResult): boolean => sorted.some((result) => result[field] !== undefined);
  const columns = [
    { header: 'policy', shown: ({ policy }: PageResult) => policy },
    { header: 'hit ratio', shown: ({ hitRatio }: PageResult) => formatPercent(hitRatio) },
    ...(has('sizeHitRatio')
      ? [{ header: 'by size', shown: ({ sizeHitRatio }: PageResult) => formatPercent(sizeHitRatio!) }]
      : []),
    ...(has('gapToOpt')
      ? [{ header: 'gap to opt', shown: ({ gapToOpt }: PageResult) => points(gapToOpt) }]
      : []),
    { header: 'misses', shown: ({ misses }: PageResult) => formatCount(misses) },
    { header: 'evictions', shown: ({ evictions }: PageResult) => formatCount(evictions) },
    ...(has('cost')
      ? [
          { header: 'prefill tokens', shown: ({ cost }: PageResult) => formatCount(cost!.prefillTokens) },
          { header: 'cost', shown: ({ cost }: PageResult) => formatMoney(cost!.microDollars) },
        ]
      : []),
    {
      header: 'M refs/s',
      shown: ({ requestsPerSecond }: PageResult) => (requestsPerSecond / 1e6).toFixed(1),
    },
  ];
  return table({
    columns: columns.map(({ header }, index) => ({ header, align: index === 0 ? 'left' : 'right' })),
    rows: sorted.map((result) => columns.map(({ shown }) => shown(result))),
    width,
    paintHeader: dim,
  });
}

/** Hit ratios, a column for each capacity; the best policies on average first. */
function matrixLines(
  results: readonly PageResult[],
  capacities: readonly number[],
  unit: 'pages' | 'size',
  width: number,
  dim: (text: string) => string,
): string[] {
  const of = new Map(results.map((result) => [`${result.policy} ${result.capacity}`, result]));
  const mean = (policy: string): number => {
    const own = results.filter((result) => result.policy === policy);
    return own.reduce((sum, { hitRatio }) => sum + hitRatio, 0) / own.length;
  };
  const policies = [...new Set(results.map(({ policy }) => policy))].sort((a, b) => mean(b) - mean(a));
  const gap = (policy: string): number[] =>
    results.flatMap((result) =>
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
