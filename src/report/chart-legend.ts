/** The legend of a chart: in the corner of the drawing where the fewest lines run, or under it where every corner has some. */
import { element, textElement } from './svg.ts';
import { BOUND_GROUND, markerAt, strokeOf, type SeriesStyle } from './series-styles.ts';
import { estimatedWidth } from './timeline-marks.ts';

export interface LegendEntry {
  readonly label: string;
  readonly style: SeriesStyle;
  readonly isBound: boolean;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface PlacedLegend {
  readonly svg: string;
  /** px that it needs under the drawing; 0 when it stands inside. */
  readonly below: number;
}

const ROW = 16;
const SWATCH = 26;
const SIZE = 11;
const PADDING = 7;

/** `plot`: where the lines are drawn; `lines`: their points, px, no further apart than a few px; `under`: the top of the room under it. */
export function chartLegend(
  entries: readonly LegendEntry[],
  plot: Box,
  lines: readonly (readonly [x: number, y: number])[],
  under: number,
): PlacedLegend {
  const cell = SWATCH + 6 + Math.max(0, ...entries.map(({ label }) => estimatedWidth(label, SIZE))) + 10;
  const columns = entries.length > 8 ? 2 : 1;
  const rows = Math.ceil(entries.length / columns);
  const width = columns * cell + 2 * PADDING - 6;
  const height = rows * ROW + 2 * PADDING - 4;
  const corners = [
    [plot.right - width - 8, plot.top + 8],
    [plot.left + 8, plot.bottom - height - 8],
    [plot.left + 8, plot.top + 8],
    [plot.right - width - 8, plot.bottom - height - 8],
  ] as const;
  const fits = width < (plot.right - plot.left) * 0.7 && height < (plot.bottom - plot.top) * 0.7;
  const free = corners.find(
    ([left, top]) =>
      fits &&
      !lines.some(([x, y]) => x > left - 4 && x < left + width + 4 && y > top - 4 && y < top + height + 4),
  );
  if (free === undefined) return underneath(entries, plot, cell, under);
  const [left, top] = free;
  const ground = { x: left, y: top, width, height, rx: 4, fill: '#FFFFFF', stroke: '#D5DAE3' };
  return {
    svg: element(
      'g',
      { 'data-legend': 'inside' },
      element('rect', { ...ground, 'fill-opacity': 0.9 }) +
        entries
          .map((entry, index) =>
            drawn(
              entry,
              left + PADDING + Math.floor(index / rows) * cell,
              top + PADDING + (index % rows) * ROW + ROW / 2 - 2,
            ),
          )
          .join(''),
    ),
    below: 0,
  };
}

function underneath(entries: readonly LegendEntry[], plot: Box, cell: number, top: number): PlacedLegend {
  const columns = Math.max(1, Math.floor((plot.right - plot.left) / cell));
  const drawnEntries = entries.map((entry, index) =>
    drawn(entry, plot.left + (index % columns) * cell, top + Math.floor(index / columns) * ROW + ROW / 2),
  );
  return {
    svg: element('g', { 'data-legend': 'under' }, drawnEntries.join('')),
    below: Math.ceil(entries.length / columns) * ROW + 8,
  };
}

function drawn({ label, style, isBound }: LegendEntry, x: number, y: number): string {
  const ground = { x, y: y + 1, width: SWATCH, height: 5, fill: BOUND_GROUND };
  return [
    isBound ? element('rect', ground) : '',
    element('path', { d: `M${x.toFixed(1)} ${y.toFixed(1)}h${SWATCH}`, ...strokeOf(style) }),
    markerAt(x + SWATCH / 2, y, style),
    textElement(x + SWATCH + 6, y + 4, label, { 'font-size': SIZE }),
  ].join('');
}
