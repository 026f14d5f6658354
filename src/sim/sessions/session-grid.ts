/**
 * The comparison on sessions: policies × cells × seeds. Every policy sees the same sessions at the same times in a cell of one seed. Cells are independent,
 * and requests and rows are plain data, so that a grid can be cut into `gridTasks` for several threads.
 */
import { pairedInterval, tInterval, type Interval } from '../../base/t-interval.ts';
import { pagingPolicy } from '../../policies/paging/index.ts';
import { providerCaches, replayOnProvider } from './provider-cache.ts';
import {
  cellDefaults,
  drawCell,
  resultOf,
  runCell,
  type CellOptions,
  type CellRequest,
  type CellResult,
} from './session-cell.ts';
import type { SessionTrace } from './session-trace.ts';

/** One row of the comparison: a policy of the tables under its name, with what of the cell is different for it; or a provider's cache. */
export interface Contender {
  readonly name: string;
  /** Default: `name`. */
  readonly policy?: string;
  readonly victims?: CellOptions['victims'];
  readonly admission?: CellOptions['admission'];
}

export interface GridRequest {
  readonly contenders: readonly Contender[];
  readonly sessions: readonly number[];
  readonly memoryTokens: readonly number[];
  readonly seeds: readonly number[];
  /** The same for all. */
  readonly cell?: Partial<CellOptions>;
}

/** The cells that the issue names, and everything that runs in them. */
export const gridDefaults = {
  sessions: [20, 40, 80],
  memoryTokens: [500_000, 1_000_000, 2_000_000],
  seeds: [1, 2, 3, 4, 5],
} as const;

export interface GridTask {
  readonly contender: Contender;
  readonly request: CellRequest;
}

export interface GridRow extends GridTask {
  readonly result: CellResult;
}

/** Every single run of the grid, in order: cell by cell, in it contender by contender, for each all seeds. */
export function gridTasks({ contenders, sessions, memoryTokens, seeds, cell }: GridRequest): GridTask[] {
  const tasks: GridTask[] = [];
  for (const count of sessions)
    for (const tokens of memoryTokens)
      for (const contender of contenders)
        for (const seed of seeds)
          tasks.push({
            contender,
            request: { ...cell, sessions: count, memoryTokens: tokens, seed, ...differenceOf(contender) },
          });
  return tasks;
}

/** Throws KernelError INVALID_ARGUMENT: an unknown policy, one that cannot run here, or too few sessions. */
export function runTask(trace: SessionTrace, { contender, request }: GridTask): GridRow {
  const provider = providerCaches.find(({ name }) => name === contender.name);
  if (provider === undefined) {
    const paging = pagingPolicy(contender.policy ?? contender.name);
    return { contender, request, result: runCell(trace, paging, request) };
  }
  const options = { ...cellDefaults, ...request };
  const place = { ...options, blockTokens: trace.blockTokens };
  const { counts, promptMicroDollars } = replayOnProvider(drawCell(trace, request), provider, place);
  const result = resultOf(counts, trace.blockTokens, options);
  const promptMicroDollarsPerSession = promptMicroDollars / request.sessions;
  return { contender, request, result: { ...result, promptMicroDollarsPerSession } };
}

/** `onRow` is told of each as it is done. */
export function runGrid(
  trace: SessionTrace,
  request: GridRequest,
  onRow?: (row: GridRow) => void,
): GridRow[] {
  return gridTasks(request).map((task) => {
    const row = runTask(trace, task);
    onRow?.(row);
    return row;
  });
}

// ---- What rows come to ---------------------------------------------------------------------------------------------

export type Measure = 'tokenHitRate' | 'promptMicroDollarsPerSession' | 'prefillTokens' | 'repeatedTokens';

/** One figure of a contender in a cell, seed by seed in the order of the rows. */
export function valuesOf(
  rows: readonly GridRow[],
  { name, sessions, memoryTokens }: { name: string; sessions: number; memoryTokens: number },
  measure: Measure,
): number[] {
  const values: number[] = [];
  for (const { contender, request, result } of rows)
    if (contender.name === name && request.sessions === sessions && request.memoryTokens === memoryTokens)
      values.push(result[measure]);
  return values;
}

export interface CellComparison {
  readonly sessions: number;
  readonly memoryTokens: number;
  /** Of the measure, and of its paired difference to the baseline. */
  readonly value: Interval;
  readonly difference: Interval;
}

/** `name` in every cell, beside `baseline` on the same seeds. */
export function compare(
  rows: readonly GridRow[],
  { name, baseline, measure }: { name: string; baseline: string; measure: Measure },
): CellComparison[] {
  return cellsOf(rows).map((cell) => {
    const values = valuesOf(rows, { ...cell, name }, measure);
    return {
      ...cell,
      value: tInterval(values),
      difference: pairedInterval(values, valuesOf(rows, { ...cell, name: baseline }, measure)),
    };
  });
}

/**
 * How much of the gap in token hit rate from `baseline` to `bound` the policy closes, 1: all of it. In a cell and a seed it is the policy's gain over the cell's mean gap
 * (a cell's share is so a ratio of means, and seeds with next to no gap do not decide); the mean over the cells, with its 95 % interval over the seeds.
 */
export function gapClosed(
  rows: readonly GridRow[],
  { name, baseline, bound }: { name: string; baseline: string; bound: string },
): Interval {
  const cells = cellsOf(rows);
  const shares = cells.map((cell) => {
    const of = (which: string): number[] => valuesOf(rows, { ...cell, name: which }, 'tokenHitRate');
    const [own, base, best] = [of(name), of(baseline), of(bound)];
    const gap = tInterval(best).mean - tInterval(base).mean;
    return own.map((value, seed) => (gap === 0 ? 0 : (value - base[seed]!) / gap));
  });
  const seeds = shares[0]?.length ?? 0;
  return tInterval(
    Array.from({ length: seeds }, (_, seed) => {
      let sum = 0;
      for (const ofCell of shares) sum += ofCell[seed]!;
      return sum / shares.length;
    }),
  );
}

/** In order of appearance. */
function cellsOf(rows: readonly GridRow[]): { readonly sessions: number; readonly memoryTokens: number }[] {
  const cells = new Map<string, { readonly sessions: number; readonly memoryTokens: number }>();
  for (const { request } of rows) {
    const { sessions, memoryTokens } = request;
    const key = `${sessions}/${memoryTokens}`;
    if (!cells.has(key)) cells.set(key, { sessions, memoryTokens });
  }
  return [...cells.values()];
}

function differenceOf({ victims, admission }: Contender): Partial<CellOptions> {
  return { ...(victims === undefined ? {} : { victims }), ...(admission === undefined ? {} : { admission }) };
}
