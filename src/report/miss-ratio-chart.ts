/** The miss-ratio chart of a comparison: a line a policy, opt as the bound that it is for equal pages. */
import { formatCount } from './format.ts';
import type { ChartSeries, LineChart } from './line-chart-model.ts';
import type { PagingResult, PagingResults } from './paging-results.ts';

/** A curve beside the policies' points: the exact one of LRU, or an estimate. */
export interface MissRatioSeries {
  readonly label: string;
  /** `capacity` ascends; `halfWidth`: of a confidence interval. */
  readonly points: readonly {
    readonly capacity: number;
    readonly missRatio: number;
    readonly halfWidth?: number;
  }[];
}

export function missRatioChart(data: PagingResults, curves: readonly MissRatioSeries[] = []): LineChart {
  const { trace, requests, unique, unit, seed, results } = data;
  return {
    title: `Miss ratio against capacity: ${fileName(trace)}`,
    subtitle: `${formatCount(requests)} references to ${formatCount(unique)} pages; seed ${seed}`,
    x: {
      label: unit === 'pages' ? 'capacity in pages' : 'capacity in the sizes of the trace',
      scale: 'log',
      format: 'count',
    },
    y: { label: 'miss ratio', scale: 'linear', format: 'percent' },
    series: [
      ...policiesOf(results)
        .map((policy) => policySeries(policy, data))
        .sort((a, b) => Number(a.kind !== 'bound') - Number(b.kind !== 'bound')),
      ...curves.map(({ label, points }): ChartSeries => ({
        label,
        points: points.map(({ capacity, missRatio, halfWidth }) => ({
          x: capacity,
          y: missRatio,
          ...(halfWidth === undefined ? {} : { halfWidth }),
        })),
      })),
    ],
  };
}

/** The last part of a path: what a title has room for. */
export function fileName(path: string): string {
  return /[^/\\]*$/.exec(path)![0] || path;
}

/** In the order of their first results. */
export function policiesOf(results: readonly PagingResult[]): string[] {
  return [...new Set(results.map(({ policy }) => policy))];
}

function policySeries(policy: string, { unit, results }: PagingResults): ChartSeries {
  const points = results
    .filter((result) => result.policy === policy)
    .map(({ capacity, missRatio }) => ({ x: capacity, y: missRatio }))
    .sort((a, b) => a.x - b.x);
  if (policy !== 'opt') return { label: policy, points };
  // With pages of different sizes, farthest next use is no longer the best that there is.
  return unit === 'pages'
    ? { label: 'opt: the bound', points, kind: 'bound' }
    : { label: 'opt (approximation)', points };
}
