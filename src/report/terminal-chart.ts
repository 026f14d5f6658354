/**
 * A line chart in a terminal: lines of braille dots, and on each line here and there the letter of its series, so that it can be read without colours. The
 * key stands under it.
 */
import { assert } from '../base/assert.ts';
import { chartScale, type ChartScale } from './chart-scale.ts';
import type { ChartPoint, ChartSeries, LineChart } from './line-chart-model.ts';
import type { Paint } from './table.ts';
import { axisLabels, axisLine } from './text-axis.ts';
import { fit, printable, textWidth, truncate } from './text-width.ts';

export interface TerminalChartOptions {
  /** Columns in all, at least 40. */
  readonly width: number;
  /** Rows of the drawing itself, at least 4; default 16. */
  readonly height?: number;
  /** By series, again from the first when there are more series; default: none. */
  readonly paints?: readonly Paint[];
}

/** Columns between two letters of a line. */
const LETTER_DISTANCE = 15;
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** Bits of a braille character by row and column of its dots; the character is 0x2800 plus them. */
const dots = [
  [1, 8],
  [2, 16],
  [4, 32],
  [64, 128],
] as const;

/** Lines without their ends, none wider than `width`. Colours don't count as width. */
export function terminalChart(chart: LineChart, options: TerminalChartOptions): string[] {
  const { width, height = 16, paints = [] } = options;
  assert(width >= 40 && height >= 4, () => `a chart of ${width} × ${height} characters; at least 40 × 4`);
  const points = chart.series.flatMap((series) => shownPoints(chart, series));
  const yScale = chartScale(
    chart.y,
    points.map(({ y }) => y),
    Math.max(2, Math.ceil(height / 4)),
  );
  const gutter = Math.max(0, ...yScale.ticks.map(({ label }) => textWidth(label)));
  const columns = width - gutter - 2;
  const xScale = chartScale(
    chart.x,
    points.map(({ x }) => x),
    Math.floor(columns / 9),
  );
  const canvas = new Canvas(columns, height);
  const traces = chart.series.map((series) =>
    heights(shownPoints(chart, series), { xScale, yScale, canvas }),
  );
  for (const [index, trace] of traces.entries()) canvas.line(trace, index);
  // Every line gets one letter before any gets another.
  for (const [index, trace] of traces.entries())
    canvas.firstLetter(trace, index, (index + 0.5) / traces.length);
  for (const [index, trace] of traces.entries()) canvas.moreLetters(trace, index);
  const paint = (index: number, text: string): string =>
    paints.length === 0 ? text : paints[index % paints.length]!(text);

  const labels = rowLabels(yScale, height);
  const drawn = canvas
    .rows(paint)
    .map((row, at) => `${(labels.get(at) ?? '').padStart(gutter)} ${labels.has(at) ? '┤' : '│'}${row}`);
  const place = `${chart.x.label}${chart.x.scale === 'log' ? ' (logarithmic)' : ''}`;
  return [
    truncate(printable(chart.title), width),
    truncate(printable(chart.y.label), width),
    ...drawn,
    `${' '.repeat(gutter)} └${axisLine(xScale, columns)}`,
    truncate(`${' '.repeat(gutter + 2)}${axisLabels(xScale, columns)}`, width).trimEnd(),
    fit(printable(place), width, 'right'),
    ...keyLines(chart.series, width, paint),
  ];
}

function letterOf(index: number): string {
  return letters[index % letters.length]!;
}

function shownPoints({ x, y }: LineChart, { points }: ChartSeries): ChartPoint[] {
  return points.filter(
    (point) => (x.scale === 'linear' || point.x > 0) && (y.scale === 'linear' || point.y > 0),
  );
}

interface Frame {
  readonly xScale: ChartScale;
  readonly yScale: ChartScale;
  readonly canvas: Canvas;
}

/** [column of dots] row of dots of the line there, from the top; NaN where it isn't. */
function heights(points: readonly ChartPoint[], { xScale, yScale, canvas }: Frame): Float64Array {
  const { dotColumns, dotRows } = canvas;
  const rows = new Float64Array(dotColumns).fill(NaN);
  const places = points.map(
    ({ x, y }) => [xScale.at(x) * (dotColumns - 1), (1 - yScale.at(y)) * (dotRows - 1)] as const,
  );
  let next = 0;
  for (let column = 0; column < dotColumns; column++) {
    while (next < places.length && places[next]![0] < column) next++;
    const after = places[next];
    const before = places[next - 1];
    if (before !== undefined && after !== undefined) {
      const share = (column - before[0]) / (after[0] - before[0]);
      rows[column] = before[1] + (after[1] - before[1]) * share;
    }
  }
  // The ends, and a series of a single point, lie between columns.
  for (const [x, y] of [places[0], places.at(-1)].filter((place) => place !== undefined)) {
    const column = Math.min(dotColumns - 1, Math.round(x));
    if (Number.isNaN(rows[column]!)) rows[column] = y;
  }
  return rows;
}

class Canvas {
  readonly dotColumns: number;
  readonly dotRows: number;
  private readonly columns: number;
  private readonly height: number;
  private readonly bits: Uint8Array; // [cell]
  private readonly owners: Int16Array; // [cell] the series that drew there last; -1 for none
  private readonly marks: string[]; // [cell] a letter, or ''

  constructor(columns: number, height: number) {
    this.columns = columns;
    this.height = height;
    this.dotColumns = columns * 2;
    this.dotRows = height * 4;
    this.bits = new Uint8Array(columns * height);
    this.owners = new Int16Array(columns * height).fill(-1);
    this.marks = Array.from({ length: columns * height }, () => '');
  }

  line(rows: Float64Array, series: number): void {
    let before = NaN;
    for (const [column, row] of rows.entries()) {
      if (!Number.isNaN(row)) {
        const to = Math.round(row);
        // Half of a steep step each, so that no gap is left.
        const from = Number.isNaN(before) ? to : before + Math.sign(to - before);
        for (let dot = Math.min(from, to); dot <= Math.max(from, to); dot++) this.dot(column, dot, series);
        this.dot(column, to, series);
        before = to;
      } else before = NaN;
    }
  }

  /** Where it stands alone, as near as possible to this share of the line; anywhere on it, where there is no such place. */
  firstLetter(rows: Float64Array, series: number, share: number): void {
    const cells = this.cellsOf(rows);
    const wanted = Math.floor(share * cells.length);
    const byDistance = cells
      .map((cell, at) => ({ cell, distance: Math.abs(at - wanted) }))
      .sort((a, b) => a.distance - b.distance);
    const place = byDistance.find(({ cell }) => this.isFree(cell)) ?? byDistance[0];
    if (place !== undefined) this.put(place.cell, series);
  }

  /** One every so many columns, where it stands alone. */
  moreLetters(rows: Float64Array, series: number): void {
    let next = 2 + ((series * 4) % LETTER_DISTANCE);
    for (const [at, cell] of this.cellsOf(rows).entries()) {
      if (this.marks[cell] === letterOf(series)) next = at + LETTER_DISTANCE;
      if (at < next || !this.isFree(cell)) continue;
      this.put(cell, series);
      next = at + LETTER_DISTANCE;
    }
  }

  rows(paint: (series: number, text: string) => string): string[] {
    return Array.from({ length: this.height }, (_, row) => {
      let text = '';
      for (let column = 0; column < this.columns; column++) {
        const cell = row * this.columns + column;
        const bits = this.bits[cell]!;
        const character = this.marks[cell]! || (bits === 0 ? ' ' : String.fromCodePoint(0x2800 + bits));
        text += character === ' ' ? ' ' : paint(this.owners[cell]!, character);
      }
      return text.trimEnd();
    });
  }

  private isFree(cell: number): boolean {
    // Two letters side by side read as a word.
    return (
      this.marks[cell] === '' && (this.marks[cell - 1] ?? '') === '' && (this.marks[cell + 1] ?? '') === ''
    );
  }

  /** The cells that a line runs through, one a column. */
  private cellsOf(rows: Float64Array): number[] {
    const cells: number[] = [];
    for (const [column, row] of rows.entries())
      if (column % 2 === 0 && !Number.isNaN(row))
        cells.push((Math.round(row) >> 2) * this.columns + (column >> 1));
    return cells;
  }

  private put(cell: number, series: number): void {
    this.marks[cell] = letterOf(series);
    this.owners[cell] = series;
  }

  private dot(column: number, row: number, series: number): void {
    const cell = (row >> 2) * this.columns + (column >> 1);
    this.bits[cell]! |= dots[row & 3]![column & 1]!;
    this.owners[cell] = series;
  }
}

/** [row] label of the tick in it. */
function rowLabels(scale: ChartScale, height: number): ReadonlyMap<number, string> {
  const labels = new Map<number, string>();
  for (const { value, label } of scale.ticks) {
    const row = Math.round((1 - scale.at(value)) * (height * 4 - 1)) >> 2;
    if (label !== '') labels.set(row, label);
  }
  return labels;
}

/** `A lru   B arc`, as many on a line as fit. */
function keyLines(
  series: readonly ChartSeries[],
  width: number,
  paint: (series: number, text: string) => string,
): string[] {
  const lines: string[] = [];
  let used = Infinity;
  for (const [index, { label }] of series.entries()) {
    const name = truncate(printable(label), width - 6);
    const needed = textWidth(name) + 5;
    if (used + needed > width) {
      lines.push(' ');
      used = 1;
    }
    lines[lines.length - 1] += ` ${paint(index, letterOf(index))} ${name}  `;
    used += needed;
  }
  return lines.map((line) => line.trimEnd());
}
