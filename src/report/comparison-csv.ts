/** The runs of a comparison of scheduling policies as CSV: a row for each policy and seed. Times are µs, money is micro-dollars, shares are 0 to 1. */
import { csv } from './csv.ts';

export interface ComparisonRow {
  readonly policy: string;
  readonly isClairvoyant: boolean;
  readonly seed: number;
  /** By name, the same names in each row; null: the run has no such figure. */
  readonly values: Readonly<Record<string, number | null>>;
}

export function comparisonCsv(workload: string, rows: readonly ComparisonRow[]): string {
  const names = Object.keys(rows[0]?.values ?? {});
  return csv(
    ['workload', 'policy', 'clairvoyant', 'seed', ...names],
    rows.map(({ policy, isClairvoyant, seed, values }) => [
      workload,
      policy,
      isClairvoyant,
      seed,
      ...names.map((name) => values[name]!),
    ]),
  );
}
