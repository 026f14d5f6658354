/** What is shown of the results of a sweep: figures of each kind of cell, and their means over the seeds. */
import { tInterval, type Interval } from '../../base/t-interval.ts';
import { comparedFigures, type ComparedFigure } from '../compare/comparison.ts';
import type { RunFigures } from '../compare/run-figures.ts';
import type { CellResult } from '../sessions/session-cell.ts';
import type { Cell, CellKind, KeyedCell } from './cells.ts';
import { hasFailed, type Outcome } from './outcomes.ts';
import type { PageResult } from './page-cell.ts';
import type { Result } from './run-cell.ts';

export type SweepFigure = ComparedFigure<Result>;

const pageFigures: Readonly<Record<string, ComparedFigure<PageResult>>> = {
  missRatio: share('miss ratio', ({ misses, requests }) => misses / requests),
  sizeMissRatio: share('size miss ratio', ({ missedSize, requestedSize }) =>
    requestedSize === 0 ? null : missedSize / requestedSize,
  ),
  misses: count('misses', ({ misses }) => misses),
  evictions: count('evictions', ({ evictions }) => evictions),
  bypasses: count('bypasses', ({ bypasses }) => bypasses),
};

const sessionFigures: Readonly<Record<string, ComparedFigure<CellResult>>> = {
  tokenHitRate: {
    ...share('token hit rate', ({ tokenHitRate }: CellResult) => tokenHitRate),
    better: 'more',
  },
  prefillTokens: count('prefilled tokens', ({ prefillTokens }) => prefillTokens),
  repeatedTokens: count('of these again', ({ repeatedTokens }) => repeatedTokens),
  microDollarsPerSession: {
    label: 'prompts a session',
    unit: 'money',
    better: 'less',
    of: ({ promptMicroDollarsPerSession }) => promptMicroDollarsPerSession,
  },
};

const runFigures: Readonly<Record<string, ComparedFigure>> = {
  ...comparedFigures,
  completed: { ...count('completed', ({ completed }: RunFigures) => completed), better: 'more' },
  failed: count('failed', ({ failed }) => failed),
  unfinished: count('unfinished', ({ unfinished }) => unfinished),
};

/** By name, in the order of reports. */
export const sweepFigures: Readonly<Record<CellKind, Readonly<Record<string, SweepFigure>>>> = {
  page: pageFigures as Readonly<Record<string, SweepFigure>>,
  compare: runFigures as Readonly<Record<string, SweepFigure>>,
  sessions: sessionFigures as Readonly<Record<string, SweepFigure>>,
};

function share<Figures>(label: string, of: (figures: Figures) => number | null): ComparedFigure<Figures> {
  return { label, unit: 'share', better: 'less', of };
}

function count<Figures>(label: string, of: (figures: Figures) => number): ComparedFigure<Figures> {
  return { label, unit: 'count', better: 'less', of };
}

/** Cells that differ in their seeds alone. */
export interface SweepRow {
  /** The first of them. */
  readonly cell: Cell;
  readonly seeds: number;
  /** Of these without a result. */
  readonly failed: number;
  /** Over the seeds that have results; missing where one of them has no such figure. */
  readonly figures: Readonly<Record<string, Interval>>;
}

/** In the order of the cells. `outcomes`: by key; what is not there yet counts as nothing. */
export function rowsOf(cells: readonly KeyedCell[], outcomes: ReadonlyMap<string, Outcome>): SweepRow[] {
  const groups = new Map<string, KeyedCell[]>();
  for (const one of cells) {
    const { seed: _, ...same } = one.cell;
    const name = JSON.stringify(same);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [one]);
    else group.push(one);
  }
  return [...groups.values()].map((group): SweepRow => {
    const found = group.map(({ key }) => outcomes.get(key));
    const results = found.flatMap((outcome) =>
      outcome === undefined || hasFailed(outcome) ? [] : [JSON.parse(outcome.result) as Result],
    );
    const { cell } = group[0]!;
    const figures: Record<string, Interval> = {};
    for (const [name, { of }] of Object.entries(sweepFigures[cell.kind])) {
      const values = results.map(of).filter((value) => value !== null);
      if (values.length > 0 && values.length === results.length) figures[name] = intervalOf(values);
    }
    const failed = found.filter((outcome) => outcome !== undefined && hasFailed(outcome)).length;
    return { cell, seeds: group.length, failed, figures };
  });
}

/** Sums of equal values are not always a multiple of them. */
function intervalOf(values: readonly number[]): Interval {
  const [first] = values as [number];
  const areEqual = values.length > 1 && values.every((value) => value === first);
  return areEqual ? { mean: first, low: first, high: first } : tInterval(values);
}
