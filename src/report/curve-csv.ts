/** Miss-ratio curves as CSV: a row for each curve at each capacity. */
import { csv } from './csv.ts';

export interface CurveRows {
  readonly policy: string;
  /** How it was found: `exact`, `approximate`, `sampled` or `replay`. */
  readonly method: string;
  readonly points: readonly {
    readonly capacity: number;
    /** Absent where only the ratio was estimated. */
    readonly misses?: number;
    readonly missRatio: number;
    /** Half of a 95 % confidence interval, of an estimate. */
    readonly halfWidth?: number;
  }[];
}

export interface CurveFile {
  readonly trace: string;
  readonly unit: 'pages' | 'size';
  readonly seed: number;
  readonly requests: number;
  readonly curves: readonly CurveRows[];
}

export function curveCsv({ trace, unit, seed, requests, curves }: CurveFile): string {
  const header = 'trace,unit,seed,policy,method,capacity,requests,misses,missRatio,halfWidth'.split(',');
  function* rows() {
    for (const { policy, method, points } of curves)
      for (const { capacity, misses = null, missRatio, halfWidth = null } of points)
        yield [trace, unit, seed, policy, method, capacity, requests, misses, missRatio, halfWidth];
  }
  return csv(header, rows());
}
