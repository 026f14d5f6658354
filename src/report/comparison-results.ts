/** What a comparison of scheduling policies found: plain data, for tables, charts and pages. Times are µs, money is micro-dollars, shares are 0 to 1. */
import type { Interval } from '../base/t-interval.ts';
import { formatCount, formatDuration, formatMoney, formatPercent } from './format.ts';
import { fileName } from './miss-ratio-chart.ts';
import { hasPressure, type PressureChart, type PressureRow } from './pressure-chart.ts';
import type { QuantileChart } from './quantile-chart-model.ts';
import { threeDigits, timeUnitFor, type TimeUnit } from './time-unit.ts';

export interface ComparisonResults {
  /** The file, as it was given. */
  readonly workload: string;
  /** What it holds and on what it ran, in a few words. */
  readonly summary: string;
  /** The first of the seeds, and how many there are. */
  readonly seed: number;
  readonly seeds: number;
  readonly baseline: string;
  /** Those that a policy has, in the order of reports. */
  readonly figures: readonly FigureKind[];
  readonly policies: readonly PolicyResult[];
  /** Lower bound of the mean completion time, mean over the seeds; absent where it need not hold. */
  readonly boundUs?: number;
}

export interface FigureKind {
  readonly name: string;
  readonly label: string;
  readonly unit: FigureUnit;
  readonly better: 'less' | 'more';
}
type FigureUnit = 'time' | 'count' | 'index' | 'money' | 'share';

export interface PolicyResult {
  readonly policy: string;
  /** It goes by what nobody knows live: how long a call or an agent will take. */
  readonly isClairvoyant: boolean;
  readonly figures: Readonly<Record<string, FigureResult>>;
  /** Of the mean completion time, above the lower bound, as a share of that. */
  readonly gap?: Interval;
  /** Over all seeds. */
  readonly programs: number;
  readonly completed: number;
  readonly failed: number;
  readonly unfinished: number;
  readonly cutShort: number;
  /** What budgets did, over all seeds: calls that waited for their pace or ran on a cheaper model, processes that were suspended or stopped. */
  readonly budgetActions: Readonly<Record<BudgetAction, number>>;
  /** Shares of time in which the processes of a budget node were stalled. */
  readonly budgets: readonly ({ readonly node: string } & StalledShares)[];
  /** The same for every policy; none where agents come in fewer than two groups. */
  readonly groups: readonly GroupResult[];
}

/** In the order of reports. */
export const budgetActions = ['throttled', 'degraded', 'suspended', 'stopped'] as const;
type BudgetAction = (typeof budgetActions)[number];

/** Of the programs of one group of agents. */
interface GroupResult {
  readonly group: string;
  /** Over all seeds. */
  readonly programs: number;
  readonly completed: number;
  /** Those of single programs; none where a seed has no programs of the group. */
  readonly figures: PolicyResult['figures'];
}

/** The mean over the seeds with its 95 % interval, which has no ends with a single seed; and the paired difference from the baseline. */
export interface FigureResult {
  readonly value: Interval;
  readonly difference?: Interval & { readonly isSignificant: boolean };
}

type StalledShares = Readonly<
  Record<'cores' | 'memory' | 'budget', { readonly some: number; readonly full: number }>
>;

/** The least mean completion time first. */
export function byCompletion({ policies }: ComparisonResults): PolicyResult[] {
  const mean = ({ figures }: PolicyResult): number => figures['completion']?.value.mean ?? Infinity;
  return policies.toSorted((a, b) => mean(a) - mean(b));
}

/** `srtf †`: who is clairvoyant is marked. */
export function markedName({ policy, isClairvoyant }: PolicyResult): string {
  return isClairvoyant ? `${policy} †` : policy;
}
export const clairvoyantNote = '† clairvoyant: goes by how long a call or an agent will take';

/** Of completion times. */
export function completionUnit({ policies }: ComparisonResults): TimeUnit {
  return timeUnitFor(Math.max(0, ...policies.map(({ figures }) => figures['completion']?.value.mean ?? 0)));
}

/** Half of an interval; 0 where it has no ends. */
export function halfOf({ mean, high }: Interval): number {
  return high === Infinity ? 0 : high - mean;
}

export function completionChart(results: ComparisonResults): QuantileChart {
  const { workload, summary, seed, seeds, boundUs } = results;
  const unit = completionUnit(results);
  return {
    title: `Job completion time by scheduling policy: ${fileName(workload)}`,
    subtitle: `${summary}; ${seedWords(seed, seeds)}`,
    ...completionRows(results, unit, ({ figures }) => figures),
    ...(boundUs === undefined
      ? {}
      : { bound: { label: 'lower bound of the mean', value: boundUs / unit.us } }),
  };
}

/** Of the programs of one group, in the order of the whole; undefined where a seed has none. */
export function groupChart(results: ComparisonResults, index: number): QuantileChart | undefined {
  const figuresOf = ({ groups }: PolicyResult): PolicyResult['figures'] => groups[index]!.figures;
  const means = results.policies.flatMap((one) => figuresOf(one)['completion']?.value.mean ?? []);
  if (means.length < results.policies.length) return undefined;
  const { group, programs } = results.policies[0]!.groups[index]!;
  return {
    title: group,
    subtitle: `${formatCount(programs)} programs over ${results.seeds === 1 ? 'one seed' : `${results.seeds} seeds`}`,
    ...completionRows(results, timeUnitFor(Math.max(0, ...means)), figuresOf),
  };
}

function completionRows(
  results: ComparisonResults,
  unit: TimeUnit,
  figuresOf: (policy: PolicyResult) => PolicyResult['figures'],
): Pick<QuantileChart, 'label' | 'quantiles' | 'rows'> {
  const quantiles = ['p50', 'p95', 'p99'];
  return {
    label: `job completion time in ${unit.name}`,
    quantiles,
    rows: byCompletion(results).map((result) => {
      const figures = figuresOf(result);
      const { value } = figures['completion']!;
      return {
        label: rowName(result, results),
        mean: value.mean / unit.us,
        halfWidth: halfOf(value) / unit.us,
        quantiles: quantiles.map((name) => figures[name]!.value.mean / unit.us),
      };
    }),
  };
}

function rowName(result: PolicyResult, { baseline }: ComparisonResults): string {
  return result.policy === baseline ? `${markedName(result)} (baseline)` : markedName(result);
}

/** On what the processes of the whole run were stalled; undefined where nobody was. */
export function pressureChart(results: ComparisonResults): PressureChart | undefined {
  const rows = byCompletion(results).map((result): PressureRow => {
    const share = (name: string): number => result.figures[name]?.value.mean ?? 0;
    const of = (resource: string) => ({ some: share(`${resource}Some`), full: share(`${resource}Full`) });
    const shares = { cores: of('cores'), memory: of('memory'), budget: of('budget') };
    return { label: rowName(result, results), shares };
  });
  return chartOf(results, 'Pressure by scheduling policy', rows);
}

/** The same for the processes of one budget node. */
export function nodePressureChart(results: ComparisonResults, index: number): PressureChart | undefined {
  const rows = byCompletion(results).map((result): PressureRow => ({
    label: rowName(result, results),
    shares: result.budgets[index]!,
  }));
  return chartOf(results, `Budget ${results.policies[0]!.budgets[index]!.node}`, rows);
}

function chartOf(
  { seed, seeds }: ComparisonResults,
  title: string,
  rows: readonly PressureRow[],
): PressureChart | undefined {
  if (!rows.some(hasPressure)) return undefined;
  return {
    title,
    subtitle: `share of the time in which processes were stalled; ${seedWords(seed, seeds)}`,
    rows,
  };
}

/** `seeds 1 to 5`. */
export function seedWords(seed: number, seeds: number): string {
  return seeds === 1 ? `seed ${seed}` : `seeds ${seed} to ${seed + seeds - 1}`;
}

export function formatFigure(value: number, unit: FigureUnit): string {
  const sign = value < 0 ? '−' : '';
  const size = Math.abs(value);
  switch (unit) {
    case 'time':
      return sign + formatDuration(size);
    case 'count':
      return sign + (Number.isInteger(size) ? formatCount(size) : threeDigits(size));
    case 'index':
      return sign + size.toFixed(3);
    case 'money':
      return sign + formatMoney(Math.round(size));
    case 'share':
      return sign + formatPercent(size);
  }
}
