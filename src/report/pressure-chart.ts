/**
 * Pressure side by side as one self-contained SVG on its own light ground: a row for each policy, or budget node of a policy, and in it a bar for each resource that anybody was stalled on. The
 * pale bar is the share of the time in which some were stalled, the full one in it that in which all were. The same data give the same bytes.
 */
import { chartScale, type ChartScale } from './chart-scale.ts';
import { formatPercent } from './format.ts';
import { seriesStyle } from './series-styles.ts';
import { element, escapeXml, lineElement, svgDocument, textElement } from './svg.ts';
import { truncate } from './text-width.ts';
import { estimatedWidth } from './timeline-marks.ts';
import { faintInk, ink, MARGIN } from './timeline-styles.ts';

export interface PressureChart {
  readonly title: string;
  readonly subtitle: string;
  readonly rows: readonly PressureRow[];
}

/** Shares are 0 to 1. */
export interface PressureRow {
  readonly label: string;
  readonly shares: Readonly<
    Record<(typeof resources)[number], { readonly some: number; readonly full: number }>
  >;
}

/** In the order of bars, legend and colours. */
const resources = ['cores', 'memory', 'budget'] as const;

/** Nothing to be seen below. */
const leastDrawn = 0.0005;

/** px */
const BAR = 8;
const GAP = 3;
const PADDING = 8;
const LEGEND = 24;
const WIDEST_NAME = 220;
const SIZE = 11;

export function hasPressure({ shares }: PressureRow): boolean {
  return resources.some((resource) => shares[resource].some >= leastDrawn);
}

/** `width`: px. Resources that nobody was stalled on are left out. */
export function pressureChartSvg({ title, subtitle, rows }: PressureChart, width = 960): string {
  const shown = resources.flatMap((resource, index) =>
    rows.some(({ shares }) => shares[resource].some >= leastDrawn)
      ? [{ resource, colour: seriesStyle(index).colour }]
      : [],
  );
  const names = rows.map(({ label }) => truncate(label, Math.floor(WIDEST_NAME / (SIZE * 0.56))));
  const left = MARGIN + 10 + Math.max(0, ...names.map((name) => estimatedWidth(name, SIZE)));
  const right = width - MARGIN - 14;
  const rowHeight = Math.max(1, shown.length) * (BAR + GAP) - GAP + PADDING;
  const top = 60;
  const bottom = top + rows.length * rowHeight;
  const scale = chartScale(
    { label: '', scale: 'linear', format: 'percent' },
    [0, ...rows.flatMap(({ shares }) => resources.map((resource) => shares[resource].some))],
    9,
  );
  const x = (share: number): number => left + scale.at(share) * (right - left);
  const wide = (text: string, size: number): string =>
    truncate(text, Math.floor((width - 2 * MARGIN) / (size * 0.56)));
  const drawnRows = rows.map(({ label, shares }, index) => {
    const rowTop = top + index * rowHeight;
    const bars = shown.map(({ resource, colour }, place) => {
      const y = rowTop + PADDING / 2 + place * (BAR + GAP);
      const { some, full } = shares[resource];
      return [some, full]
        .map((share, kind) =>
          share < leastDrawn
            ? ''
            : element('rect', {
                x: left,
                y,
                width: x(share) - left,
                height: BAR,
                fill: colour,
                ...(kind === 0 ? { 'fill-opacity': 0.4 } : {}),
              }),
        )
        .join('');
    });
    return element(
      'g',
      { 'data-row': label },
      [
        element('title', {}, escapeXml(told({ label, shares }))),
        index === 0 ? '' : lineElement(MARGIN, rowTop, right, rowTop, { stroke: '#E9ECF2' }),
        textElement(left - 10, rowTop + rowHeight / 2 + 4, names[index]!, { 'text-anchor': 'end' }),
        ...bars,
      ].join(''),
    );
  });
  return svgDocument(
    {
      width,
      height: bottom + 44 + LEGEND + MARGIN - 6,
      title,
      description: `${rows.map(told).join('; ')}.`,
      ink,
    },
    [
      '',
      textElement(MARGIN, 27, wide(title, 15), { 'font-size': 15, 'font-weight': 600 }),
      textElement(MARGIN, 44, wide(subtitle, SIZE), { fill: faintInk }),
      ...axis(scale, { x, left, right, top, bottom }),
      ...drawnRows,
      legend(shown, left, bottom + 44 + LEGEND / 2),
    ],
  );
}

interface Place {
  readonly x: (share: number) => number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function axis({ ticks }: ChartScale, { x, left, right, top, bottom }: Place): string[] {
  return [
    ...ticks.map(({ value }) => lineElement(x(value), top, x(value), bottom, { stroke: '#E2E6ED' })),
    lineElement(left, bottom, right, bottom, { stroke: '#8A91A0' }),
    ...ticks.map(({ value, label }) =>
      textElement(x(value), bottom + 16, label, { 'text-anchor': 'middle' }),
    ),
    textElement((left + right) / 2, bottom + 33, 'share of the time', {
      'text-anchor': 'middle',
      fill: faintInk,
    }),
  ];
}

function legend(
  shown: readonly { readonly resource: string; readonly colour: string }[],
  left: number,
  y: number,
): string {
  let x = left;
  const swatch = (fill: string, opacity: number, label: string): string => {
    const box = { x, y: y - BAR / 2, width: 16, height: BAR, fill, 'fill-opacity': opacity };
    const drawn = element('rect', box) + textElement(x + 22, y + 4, label);
    x += 22 + estimatedWidth(label, SIZE) + 20;
    return drawn;
  };
  const entries = [
    ...shown.map(({ resource, colour }) => swatch(colour, 1, resource)),
    swatch(ink, 0.4, 'some were stalled'),
    swatch(ink, 1, 'all that were not idle'),
  ];
  return element('g', { 'data-legend': 'under' }, entries.join(''));
}

/** `fifo: cores some 41.2 %, full 0 %; …`. */
function told({ label, shares }: PressureRow): string {
  const parts = resources.map(
    (resource) =>
      `${resource} some ${formatPercent(shares[resource].some)}, full ${formatPercent(shares[resource].full)}`,
  );
  return `${label}: ${parts.join(', ')}`;
}
