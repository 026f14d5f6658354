/** What a sweep found: plain data, for tables, CSV and pages. Times are µs, money is micro-dollars, shares are 0 to 1. */
import type { Interval } from '../base/t-interval.ts';
import { formatFigure, halfOf, type FigureKind } from './comparison-results.ts';
import { csv, type CsvField } from './csv.ts';
import { htmlFacts, htmlPage, htmlTable, noteSections, type HtmlCell, type Section } from './html.ts';

export interface SweepResults {
  readonly name: string;
  /** Of all grids, each once. */
  readonly cells: number;
  readonly failed: number;
  /** Why, one line each; not all where there are very many. */
  readonly failures: readonly string[];
  readonly grids: readonly SweepGrid[];
  /** Every cell, in order. */
  readonly results: readonly SweepCellResult[];
}

export interface SweepGrid {
  readonly name: string;
  /** Names of what is varied in it, in the order of its columns: the policy, and workload, capacity and so on where there are several. */
  readonly varied: readonly string[];
  /** Those that stand in the table of a terminal come first. */
  readonly figures: readonly FigureKind[];
  /** So many of them stand there. */
  readonly shown: number;
  readonly rows: readonly SweepGridRow[];
}

/** Cells that differ in their seeds alone. */
interface SweepGridRow {
  /** By the names of `varied`. */
  readonly values: Readonly<Record<string, string>>;
  readonly seeds: number;
  readonly failed: number;
  readonly figures: Readonly<Record<string, Interval>>;
}

interface SweepCellResult {
  readonly grid: string;
  readonly kind: string;
  /** All that the cell says, flat. */
  readonly cell: Readonly<Record<string, CsvField>>;
  readonly figures: Readonly<Record<string, number | null>>;
  /** '' where there are figures. */
  readonly error: string;
}

/** `12.3 % ± 0.4 %`; the mean alone where the seeds do not differ. */
export function figureWords({ unit }: FigureKind, value: Interval | undefined): string {
  if (value === undefined) return '–';
  const half = halfOf(value);
  return `${formatFigure(value.mean, unit)}${half === 0 ? '' : ` ± ${formatFigure(half, unit)}`}`;
}

/** A row for each cell; what a kind of cell does not have is an empty field. */
export function sweepCsv({ results }: SweepResults): string {
  const said = namesOf(results.map(({ cell }) => cell));
  const figures = namesOf(results.map((one) => one.figures));
  return csv(
    ['grid', 'kind', ...said, ...figures, 'error'],
    results.map((one) => [
      one.grid,
      one.kind,
      ...said.map((name) => one.cell[name] ?? null),
      ...figures.map((name) => one.figures[name] ?? null),
      one.error === '' ? null : one.error,
    ]),
  );
}

function namesOf(objects: readonly Readonly<Record<string, unknown>>[]): string[] {
  return [...new Set(objects.flatMap((one) => Object.keys(one)))];
}

export interface SweepReport {
  readonly results: SweepResults;
  readonly command: string;
  /** Of Ring Zero. */
  readonly version: string;
}

export function sweepHtml({ results, command, version }: SweepReport): string {
  const { name, cells, failed, failures, grids } = results;
  const sections: Section[] = [
    ...grids.map((grid) => ({ heading: grid.name, content: gridTable(grid) })),
    ...noteSections(failures),
    {
      heading: 'To repeat it',
      content: htmlFacts([
        ['command', command],
        ['ringzero', version],
      ]),
    },
  ];
  return htmlPage(
    `Sweep: ${name}`,
    `${cells} cells${failed === 0 ? '' : `, ${failed} of them failed`}; ringzero ${version}`,
    sections,
  );
}

function gridTable({ varied, figures, rows }: SweepGrid): string {
  const known = figures.filter(({ name }) => rows.some((row) => row.figures[name] !== undefined));
  return htmlTable(
    [
      ...varied.map((header) => ({ header })),
      { header: 'seeds', align: 'right' as const },
      ...known.map(({ label }) => ({ header: label, align: 'right' as const })),
    ],
    rows.map((row) => [
      ...varied.map((name): HtmlCell => ({ text: row.values[name] ?? '–' })),
      { text: String(row.seeds - row.failed), value: row.seeds - row.failed },
      ...known.map((figure): HtmlCell => {
        const value = row.figures[figure.name];
        const sort = value === undefined ? {} : { value: value.mean };
        return { text: figureWords(figure, value), ...sort };
      }),
    ]),
  );
}
