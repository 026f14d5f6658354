/** The runs of a comparison of scheduling policies as CSV: a row for each policy and seed, and behind it one for each group of agents. Times are µs, money is micro-dollars, shares are 0 to 1. */
import { csv } from './csv.ts';

export interface ComparisonRow {
  readonly policy: string;
  readonly isClairvoyant: boolean;
  readonly seed: number;
  /** '' for all programs. */
  readonly group: string;
  /** By name, the same names in each row of the whole; null or missing: there is no such figure. */
  readonly values: Readonly<Record<string, number | null | undefined>>;
}

export function comparisonCsv(workload: string, rows: readonly ComparisonRow[]): string {
  const names = Object.keys(rows[0]?.values ?? {});
  return csv(
    ['workload', 'policy', 'clairvoyant', 'seed', 'group', ...names],
    rows.map(({ policy, isClairvoyant, seed, group, values }) => [
      workload,
      policy,
      isClairvoyant,
      seed,
      group,
      ...names.map((name) => values[name] ?? null),
    ]),
  );
}
