/**
 * A line chart as one self-contained SVG on its own light ground, which is as readable on a dark page; the same data give the same bytes. Series differ in colour,
 * marker and dashes; the area that no line can reach is shaded; intervals are bands.
 */
import { assert } from '../base/assert.ts';
import { chartLegend, type Box } from './chart-legend.ts';
import { chartScale, type ChartScale } from './chart-scale.ts';
import type { ChartAxis, ChartPoint, ChartSeries, LineChart } from './line-chart-model.ts';
import {
  BOUND_GROUND,
  boundStyle,
  markerAt,
  seriesStyle,
  strokeOf,
  type SeriesStyle,
} from './series-styles.ts';
import { element, escapeXml, lineElement, px, svgDocument, textElement } from './svg.ts';
import { truncate } from './text-width.ts';
import { estimatedWidth } from './timeline-marks.ts';
import { faintInk, ink, MARGIN } from './timeline-styles.ts';

export interface ChartSize {
  /** px, at least 320 and 240; default 800 and 480. */
  readonly width?: number;
  readonly height?: number;
}

/** px between two markers of a line with many points. */
const MARKER_DISTANCE = 70;
/** Up to this many points, each has a marker. */
const FEW_POINTS = 24;

/** Throws nothing for an empty chart: it says so. */
export function lineChartSvg(chart: LineChart, { width = 800, height = 480 }: ChartSize = {}): string {
  assert(width >= 320 && height >= 240, () => `a chart of ${width} × ${height} px; at least 320 × 240`);
  const { title, subtitle = '', x, y } = chart;
  const points = chart.series.flatMap((series) => series.points.filter((point) => isShown(chart, point)));
  const xScale = chartScale(
    x,
    points.map((point) => point.x),
    9,
  );
  const yScale = chartScale(
    y,
    points.flatMap(({ y, halfWidth = 0 }) => [y + halfWidth, Math.max(0, y - halfWidth)]),
    7,
  );
  const labelWidth = Math.max(0, ...yScale.ticks.map(({ label }) => estimatedWidth(label, 11)));
  const plot: Box = {
    left: MARGIN + 20 + labelWidth,
    top: subtitle === '' ? 46 : 62,
    right: width - MARGIN - 8,
    bottom: height - MARGIN - 34,
  };
  const frame: Frame = { plot, xScale, yScale };
  const series = chart.series.map((one, index): Drawn => {
    const isBound = one.kind === 'bound';
    const linesBefore = chart.series.slice(0, index).filter(({ kind }) => kind !== 'bound').length;
    const shown = one.points.filter((point) => isShown(chart, point));
    return {
      series: one,
      isBound,
      style: isBound ? boundStyle : seriesStyle(linesBefore),
      places: shown.map((point) => placeOf(frame, point)),
      shown,
    };
  });
  const legend = chartLegend(
    series.map(({ series: { label }, style, isBound }) => ({ label, style, isBound })),
    plot,
    series.flatMap(({ places }) => dense(thinned(places))),
    height - MARGIN + 2,
  );
  const order = [...series].sort((a, b) => Number(b.isBound) - Number(a.isBound));
  const wide = (text: string, size: number): string =>
    truncate(text, Math.floor((width - 2 * MARGIN) / (size * 0.56)));
  return svgDocument({ width, height: height + legend.below, title, description: description(chart), ink }, [
    '',
    textElement(MARGIN, 27, wide(title, 15), { 'font-size': 15, 'font-weight': 600 }),
    subtitle === '' ? '' : textElement(MARGIN, 44, wide(subtitle, 11), { fill: faintInk }),
    ...order.filter(({ isBound }) => isBound).map((one) => shade(one, frame)),
    ...axes(chart, frame, width),
    ...order.map((one) => line(one, frame, series.indexOf(one))),
    points.length === 0 ? textElement(plot.left + 10, plot.top + 20, 'No points.', { fill: faintInk }) : '',
    legend.svg,
  ]);
}

interface Frame {
  readonly plot: Box;
  readonly xScale: ChartScale;
  readonly yScale: ChartScale;
}

type Place = readonly [x: number, y: number];

interface Drawn {
  readonly series: ChartSeries;
  readonly isBound: boolean;
  readonly style: SeriesStyle;
  /** Of those points that the axes can show: px. */
  readonly places: readonly Place[];
  readonly shown: readonly ChartPoint[];
}

/** A logarithmic axis has no place for 0. */
function isShown({ x, y }: LineChart, point: ChartPoint): boolean {
  return (x.scale === 'linear' || point.x > 0) && (y.scale === 'linear' || point.y > 0);
}

function placeOf({ plot, xScale, yScale }: Frame, { x, y }: Pick<ChartPoint, 'x' | 'y'>): Place {
  return [
    plot.left + xScale.at(x) * (plot.right - plot.left),
    plot.bottom - yScale.at(y) * (plot.bottom - plot.top),
  ];
}

function axes({ x, y }: LineChart, { plot, xScale, yScale }: Frame, width: number): string[] {
  const { left, right, top, bottom } = plot;
  const xAt = (value: number): number => left + xScale.at(value) * (right - left);
  const yAt = (value: number): number => bottom - yScale.at(value) * (bottom - top);
  return [
    ...yScale.ticks.map(({ value, label }) =>
      lineElement(left, yAt(value), right, yAt(value), { stroke: label === '' ? '#F1F3F7' : '#E2E6ED' }),
    ),
    ...xScale.ticks.map(({ value, label }) =>
      lineElement(xAt(value), top, xAt(value), bottom, { stroke: label === '' ? '#F4F5F9' : '#E6E9EF' }),
    ),
    lineElement(left, bottom, right, bottom, { stroke: '#8A91A0' }),
    lineElement(left, top, left, bottom, { stroke: '#8A91A0' }),
    ...xScale.ticks
      .filter(({ label }) => label !== '')
      .flatMap(({ value, label }) => [
        lineElement(xAt(value), bottom, xAt(value), bottom + 4, { stroke: '#8A91A0' }),
        textElement(
          Math.min(xAt(value), width - MARGIN - estimatedWidth(label, 11) / 2),
          bottom + 16,
          label,
          {
            'text-anchor': 'middle',
          },
        ),
      ]),
    ...yScale.ticks
      .filter(({ label }) => label !== '')
      .map(({ value, label }) => textElement(left - 6, yAt(value) + 4, label, { 'text-anchor': 'end' })),
    textElement((left + right) / 2, bottom + 33, axisName(x), {
      'text-anchor': 'middle',
      fill: faintInk,
    }),
    textElement(0, 0, axisName(y), {
      transform: `translate(${px(MARGIN + 6)} ${px((top + bottom) / 2)}) rotate(-90)`,
      'text-anchor': 'middle',
      fill: faintInk,
    }),
  ];
}

function axisName({ label, scale }: ChartAxis): string {
  return scale === 'log' ? `${label} (logarithmic)` : label;
}

/** From the bound down to the axis. */
function shade({ places }: Drawn, { plot }: Frame): string {
  const [first] = places;
  if (first === undefined || places.length < 2) return '';
  const d = `M${px(first[0])} ${px(plot.bottom)}${places.map(lineTo).join('')}L${px(places.at(-1)![0])} ${px(plot.bottom)}Z`;
  return element('path', { d, fill: BOUND_GROUND, 'data-bound': '' });
}

function line({ series, style, places, shown }: Drawn, frame: Frame, index: number): string {
  const path = thinned(places)
    .map((place, at) => (at === 0 ? `M${px(place[0])} ${px(place[1])}` : lineTo(place)))
    .join('');
  let nextMarker =
    shown.length <= FEW_POINTS ? -Infinity : frame.plot.left + ((index * 23 + 12) % MARKER_DISTANCE);
  const marks = places.map((place, at) => {
    if (place[0] < nextMarker) return '';
    if (shown.length > FEW_POINTS) nextMarker = place[0] + MARKER_DISTANCE;
    const { x, y } = shown[at]!;
    const { xScale, yScale } = frame;
    const title = `${series.label}: ${yScale.format(y)} at ${xScale.format(x)}`;
    return markerAt(place[0], place[1], style, element('title', {}, escapeXml(title)));
  });
  return element(
    'g',
    { 'data-series': series.label },
    band(shown, style, frame) +
      (places.length < 2 ? '' : element('path', { d: path, ...strokeOf(style) })) +
      marks.join(''),
  );
}

function band(shown: readonly ChartPoint[], { colour }: SeriesStyle, frame: Frame): string {
  if (shown.length < 2 || shown.every(({ halfWidth = 0 }) => halfWidth === 0)) return '';
  const edge = (side: number): Place[] =>
    shown.map(({ x, y, halfWidth = 0 }) => placeOf(frame, { x, y: Math.max(0, y + side * halfWidth) }));
  const around = [...edge(1), ...edge(-1).reverse()];
  const d = `M${around.map(([x, y]) => `${px(x)} ${px(y)}`).join('L')}Z`;
  // Faint, with an edge: where many lie on each other, each can still be followed.
  const edges = { stroke: colour, 'stroke-opacity': 0.45, 'stroke-width': 0.8 };
  return element('path', { d, fill: colour, 'fill-opacity': 0.08, ...edges });
}

function lineTo([x, y]: Place): string {
  return `L${px(x)} ${px(y)}`;
}

/** Without the points that make no difference: those within half a px of the one before, and those between two at the same height. */
function thinned(places: readonly Place[]): Place[] {
  const apart: Place[] = [];
  for (const [index, place] of places.entries()) {
    const [x, y] = apart.at(-1) ?? [-Infinity, 0];
    const isNear = Math.abs(place[0] - x) < 0.5 && Math.abs(place[1] - y) < 0.5;
    if (!isNear || index === places.length - 1) apart.push(place);
  }
  return apart.filter(([, y], index) => {
    const before = apart[index - 1];
    const after = apart[index + 1];
    return before === undefined || after === undefined || px(before[1]) !== px(y) || px(y) !== px(after[1]);
  });
}

/** Points on the lines between, every 4 px at most: a line must not pass under a legend unseen. */
function dense(places: readonly Place[]): Place[] {
  return places.flatMap(([x, y], index) => {
    const [beforeX, beforeY] = places[index - 1] ?? [x, y];
    const steps = Math.max(1, Math.ceil(Math.max(Math.abs(x - beforeX), Math.abs(y - beforeY)) / 4));
    return Array.from({ length: steps }, (_, step): Place => {
      const share = (step + 1) / steps;
      return [beforeX + (x - beforeX) * share, beforeY + (y - beforeY) * share];
    });
  });
}

function description({ x, y, series }: LineChart): string {
  const names = series.map(({ label }) => label).join(', ');
  return `${y.label} against ${x.label}: ${names === '' ? 'no series' : names}.`;
}
