/**
 * A table in plain text: columns aligned, cut to the width of the terminal, coloured by functions that the caller passes in. Colours
 * are put on after cutting and filling, so that they never count as width.
 */
import { fit, printable, textWidth, truncateName } from './text-width.ts';

/** Puts a colour on a text; the identity where there are none. */
export type Paint = (text: string) => string;

interface Column {
  readonly header: string;
  /** Default left; numbers read better right. */
  readonly align?: 'left' | 'right';
  /** Least columns it shrinks to when the table is too wide; default: its full width, so that it doesn't shrink. */
  readonly shrinkTo?: number;
  /** Its cells are names, which may differ in their last word alone. */
  readonly isName?: boolean;
  /** Colour of a cell, from its text and its row. */
  readonly paint?: (cell: string, row: number) => string;
}

export interface TableOptions {
  readonly columns: readonly Column[];
  /** One text for each column. */
  readonly rows: readonly (readonly string[])[];
  /** Columns of the terminal; default: no limit. */
  readonly width?: number;
  /** Between two columns; default two spaces. */
  readonly gap?: string;
  readonly paintHeader?: Paint;
  /** The line under the header; '' for none. Default `─`. */
  readonly rule?: string;
}

/** The lines of the table, without line ends. No line is wider than `width`; what has no room left of its right edge is not shown. */
export function table(options: TableOptions): string[] {
  const { columns, width = Infinity, gap = '  ', paintHeader = identity, rule = '─' } = options;
  const rows = options.rows.map((row) => columns.map((_, index) => printable(row[index] ?? '')));
  const natural = columns.map(({ header }, index) =>
    rows.reduce((widest, row) => Math.max(widest, textWidth(row[index]!)), textWidth(header)),
  );
  const widths = shownWidths(natural, columns, width, textWidth(gap));
  const shown = columns.slice(0, widths.length);
  const lines = [line(shown.map(({ header }, index) => paintHeader(cell(header, index))))];
  if (rule !== '') lines.push(line(widths.map((columns) => paintHeader(rule.repeat(columns)))));
  for (const [number, row] of rows.entries())
    lines.push(line(shown.map(({ paint }, index) => (paint ?? identity)(cell(row[index]!, index), number))));
  return lines;

  function cell(text: string, index: number): string {
    // Nothing behind the last column needs its spaces.
    const isLastLeft = index === widths.length - 1 && shown[index]!.align !== 'right';
    const { isName = false, align } = shown[index]!;
    const filled = fit(isName ? truncateName(text, widths[index]!) : text, widths[index]!, align);
    return isLastLeft ? filled.trimEnd() : filled;
  }
  function line(cells: readonly string[]): string {
    return cells.join(gap);
  }
}

/** Widths of the columns that are shown: as many as fit when all have shrunk as far as they can, then no narrower than they must be. */
function shownWidths(
  natural: readonly number[],
  columns: readonly Column[],
  width: number,
  gapWidth: number,
): number[] {
  const least = natural.map((full, index) => Math.min(full, columns[index]!.shrinkTo ?? full));
  let shown = natural.length;
  while (shown > 1 && totalWidth(least.slice(0, shown), gapWidth) > width) shown--;
  const widths = natural.slice(0, shown);
  while (totalWidth(widths, gapWidth) > width) {
    // The widest of those that can shrink gives way.
    let widest = -1;
    for (const [index, columns] of widths.entries()) {
      if (columns > least[index]! && (widest === -1 || columns > widths[widest]!)) widest = index;
    }
    if (widest === -1) return [Math.max(0, width)];
    widths[widest]!--;
  }
  return widths;
}

function totalWidth(widths: readonly number[], gapWidth: number): number {
  return widths.reduce((sum, columns) => sum + columns + gapWidth, -gapWidth);
}

const identity = (text: string): string => text;
