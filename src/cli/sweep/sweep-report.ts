/** What `ringzero sweep` found: as tables for people, as one JSON document, and as files. */
import { Chalk } from 'chalk';

import type { FigureKind } from '../../report/comparison-results.ts';
import { formatCount } from '../../report/format.ts';
import {
  figureWords,
  sweepCsv,
  sweepHtml,
  type SweepGrid,
  type SweepResults,
} from '../../report/sweep-results.ts';
import { table } from '../../report/table.ts';
import { printable, truncate } from '../../report/text-width.ts';
import type { Capacity } from '../../sim/paging/capacity.ts';
import { cellWords, shownCapacity, type Cell, type CellKind } from '../../sim/sweep/cells.ts';
import { rowsOf, sweepFigures, type SweepFigure } from '../../sim/sweep/figures.ts';
import { hasFailed, lineOf, type Outcome } from '../../sim/sweep/outcomes.ts';
import type { Result } from '../../sim/sweep/run-cell.ts';
import type { Io } from '../command.ts';
import type { PlannedGrid, SweepPlan } from './sweep-plan.ts';

export interface SweepFindings {
  readonly plan: SweepPlan;
  /** By key, of every cell. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly repeat: string;
}

/** For the table of a terminal. */
const shownFigures: Readonly<Record<CellKind, readonly string[]>> = {
  page: ['missRatio', 'sizeMissRatio', 'misses', 'evictions'],
  compare: ['completion', 'p95', 'fairness', 'cost'],
  sessions: ['tokenHitRate', 'prefillTokens', 'repeatedTokens', 'microDollarsPerSession'],
};
/** Failed cells of which it is told why. */
const mostTold = 20;

function sweepResults({ plan, outcomes }: Pick<SweepFindings, 'plan' | 'outcomes'>): SweepResults {
  const failed = plan.cells.flatMap(({ key, cell }) => {
    const outcome = outcomes.get(key);
    return outcome !== undefined && hasFailed(outcome) ? [{ key, cell, error: outcome.error }] : [];
  });
  const failures = failed
    .slice(0, mostTold)
    .map(({ key, cell, error }) => `cell ${key.slice(0, 12)} (${cellWords(cell)}): ${error}`);
  if (failed.length > mostTold) failures.push(`and ${failed.length - mostTold} more`);
  return {
    name: plan.name,
    cells: plan.cells.length,
    failed: failed.length,
    failures,
    grids: plan.grids.map((grid) => gridOf(grid, outcomes)),
    results: plan.grids.flatMap(({ name, kind, cells }) =>
      cells.map(({ key, cell }) => {
        const outcome = outcomes.get(key);
        return {
          grid: name,
          kind,
          cell: flat(cell),
          figures: figuresOf(kind, outcome),
          error: outcome === undefined ? 'no result' : hasFailed(outcome) ? outcome.error : '',
        };
      }),
    ),
  };
}

function gridOf({ name, kind, cells }: PlannedGrid, outcomes: SweepFindings['outcomes']): SweepGrid {
  const rows = rowsOf(cells, outcomes).map(({ cell, ...row }) => {
    const { seed: _, ...values } = flat(cell);
    return {
      ...row,
      values: Object.fromEntries(Object.entries(values).map(([field, value]) => [field, String(value)])),
    };
  });
  const fields = [...new Set(rows.flatMap(({ values }) => Object.keys(values)))];
  const several = fields.filter(
    (field) => field !== 'policy' && new Set(rows.map(({ values }) => values[field])).size > 1,
  );
  const isShown = (figure: string): boolean =>
    shownFigures[kind].includes(figure) &&
    !(figure === 'sizeMissRatio' && flat(cells[0]!.cell)['unit'] !== 'size');
  const all = Object.entries(sweepFigures[kind]).map(
    ([figure, { label, unit, better }]: [string, SweepFigure]): FigureKind => ({
      name: figure,
      label,
      unit,
      better,
    }),
  );
  const shown = all.filter((one) => isShown(one.name));
  return {
    name,
    varied: [...several, 'policy'],
    figures: [...shown, ...all.filter((one) => !isShown(one.name))],
    shown: shown.length,
    rows,
  };
}

function flat(cell: Cell): Readonly<Record<string, string | number>> {
  const { kind: _, ...fields } = cell;
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]: [string, string | number | Capacity]) => [
      name,
      typeof value === 'object' ? shownCapacity(value) : value,
    ]),
  );
}

function figuresOf(kind: CellKind, outcome: Outcome | undefined): Record<string, number | null> {
  if (outcome === undefined || hasFailed(outcome)) return {};
  const result = JSON.parse(outcome.result) as Result;
  return Object.fromEntries(Object.entries(sweepFigures[kind]).map(([name, { of }]) => [name, of(result)]));
}

/** What is the same in every run of the same sweep. The results are the lines of `--output`. */
export function sweepDocument({ plan, outcomes, repeat }: SweepFindings): object {
  const { failed, failures, grids } = sweepResults({ plan, outcomes });
  return {
    command: 'sweep',
    ringzero: plan.version,
    name: plan.name,
    cells: plan.cells.length,
    failed,
    ...(failures.length === 0 ? {} : { failures }),
    repeat,
    grids: grids.map(({ name, varied, rows }) => ({ name, varied, rows })),
    results: plan.cells.map((one): unknown => JSON.parse(lineOf(one, outcomes.get(one.key)!))),
  };
}

export function sweepFiles({ plan, outcomes, repeat }: SweepFindings): {
  readonly html: () => string;
  readonly csv: () => string;
} {
  const results = sweepResults({ plan, outcomes });
  return {
    html: () => sweepHtml({ results, command: repeat, version: plan.version }),
    csv: () => sweepCsv(results),
  };
}

export function sweepLines(findings: SweepFindings, io: Io): string[] {
  const chalk = new Chalk({ level: io.colours ? 1 : 0 });
  const width = Math.min(io.columns, 120);
  const { name, cells, failed, failures, grids } = sweepResults(findings);
  return [
    chalk.bold(printable(name)) +
      chalk.dim(`: ${formatCount(cells)} cells${failed === 0 ? '' : `, ${formatCount(failed)} failed`}`),
    ...grids.flatMap((grid) => ['', ...gridLines(grid, width, chalk)]),
    ...(failures.length === 0 ? [] : ['', ...failures.map((line) => chalk.red(printable(line)))]),
    '',
    chalk.dim(truncate(`repeat: ${findings.repeat}`, Math.max(width, findings.repeat.length + 8))),
  ];
}

function gridLines(
  { name, varied, figures, shown, rows }: SweepGrid,
  width: number,
  chalk: InstanceType<typeof Chalk>,
): string[] {
  const columns = figures
    .slice(0, shown)
    .filter((one) => rows.some((row) => row.figures[one.name] !== undefined));
  const seeds = Math.max(...rows.map((row) => row.seeds));
  const lines = table({
    columns: [
      ...varied.map((header) => ({ header, shrinkTo: 8, isName: true })),
      ...columns.map(({ label }) => ({ header: label, align: 'right' as const })),
    ],
    rows: rows.map((row) => [
      ...varied.map((field) => printable(row.values[field] ?? '–')),
      ...columns.map((one) => figureWords(one, row.figures[one.name])),
    ]),
    width,
    paintHeader: chalk.dim,
  });
  const words = seeds === 1 ? '' : `: means over ${seeds} seeds ± half of the 95 % interval`;
  return [chalk.bold(printable(name)) + chalk.dim(words), ...lines.map((line) => line.trimEnd())];
}
