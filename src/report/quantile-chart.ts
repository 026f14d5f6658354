/**
 * Distributions side by side as one self-contained SVG on its own light ground, which is as readable on a dark page: a row for each with its name, a mark for each quantile, and the mean with
 * its confidence interval. The same data give the same bytes. Marks differ in shape and in colour.
 */
import { assert } from '../base/assert.ts';
import { chartScale, type ChartScale } from './chart-scale.ts';
import {
  quantileAxis,
  quantileValues,
  type QuantileChart,
  type QuantileRow,
} from './quantile-chart-model.ts';
import { markerAt, seriesStyle, type SeriesStyle } from './series-styles.ts';
import { element, escapeXml, lineElement, svgDocument, textElement } from './svg.ts';
import { truncate } from './text-width.ts';
import { threeDigits } from './time-unit.ts';
import { estimatedWidth } from './timeline-marks.ts';
import { faintInk, ink, MARGIN } from './timeline-styles.ts';

export interface QuantileChartSize {
  /** px, at least 400; default 800. */
  readonly width?: number;
}

/** px */
const ROW = 26;
const LEGEND = 24;
const WIDEST_NAME = 200;
const SIZE = 11;

/** Circle, square and triangle in the first colours; the mean is a diamond. */
const quantileStyle = (index: number): SeriesStyle => seriesStyle(index);
const meanStyle: SeriesStyle = { ...seriesStyle(3), colour: ink };

/** Throws nothing for an empty chart: it has no rows. */
export function quantileChartSvg(chart: QuantileChart, { width = 800 }: QuantileChartSize = {}): string {
  assert(width >= 400, () => `a chart of ${width} px; at least 400`);
  const { title, subtitle = '', rows, bound } = chart;
  const names = rows.map(({ label }) => truncate(label, Math.floor(WIDEST_NAME / (SIZE * 0.56))));
  const left = MARGIN + 10 + Math.max(0, ...names.map((name) => estimatedWidth(name, SIZE)));
  const top = subtitle === '' ? 52 : 68;
  const place: Place = {
    left,
    right: width - MARGIN - 14,
    top,
    bottom: top + rows.length * ROW + 6,
    scale: chartScale(quantileAxis(chart), quantileValues(chart), 9),
  };
  const wide = (text: string, size: number): string =>
    truncate(text, Math.floor((width - 2 * MARGIN) / (size * 0.56)));
  const height = place.bottom + 44 + LEGEND + MARGIN - 6;
  const description = `${chart.label}: ${rows.map((row) => told(row, chart)).join('; ')}.`;
  return svgDocument({ width, height, title, description, ink }, [
    '',
    textElement(MARGIN, 27, wide(title, 15), { 'font-size': 15, 'font-weight': 600 }),
    subtitle === '' ? '' : textElement(MARGIN, 44, wide(subtitle, SIZE), { fill: faintInk }),
    ...axis(chart, place),
    bound === undefined ? '' : boundLine(bound, place),
    ...rows.map((row, index) => drawnRow(row, names[index]!, index, chart, place)),
    legend(chart, place.left, place.bottom + 44 + LEGEND / 2),
  ]);
}

interface Place {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly scale: ChartScale;
}

/** Kept on the axis: an interval may begin before it. */
function xOf(value: number, { left, right, scale }: Place): number {
  const at = value <= 0 ? 0 : Math.min(1, Math.max(0, scale.at(value)));
  return left + at * (right - left);
}

function axis(chart: QuantileChart, place: Place): string[] {
  const { left, right, top, bottom, scale } = place;
  const { label, scale: kind } = quantileAxis(chart);
  const labelled = scale.ticks.filter((tick) => tick.label !== '');
  return [
    ...scale.ticks.map((tick) => {
      const x = xOf(tick.value, place);
      return lineElement(x, top, x, bottom, { stroke: tick.label === '' ? '#F4F5F9' : '#E2E6ED' });
    }),
    lineElement(left, bottom, right, bottom, { stroke: '#8A91A0' }),
    ...labelled.map(({ value, label: text }) =>
      textElement(xOf(value, place), bottom + 16, text, { 'text-anchor': 'middle' }),
    ),
    textElement((left + right) / 2, bottom + 33, kind === 'log' ? `${label} (logarithmic)` : label, {
      'text-anchor': 'middle',
      fill: faintInk,
    }),
  ];
}

function boundLine({ label, value }: NonNullable<QuantileChart['bound']>, place: Place): string {
  const x = xOf(value, place);
  const { top, bottom } = place;
  const line = lineElement(x, top - 2, x, bottom, {
    stroke: ink,
    'stroke-width': 1.2,
    'stroke-dasharray': '4 3',
  });
  const isRight = x > (place.left + place.right) / 2;
  return element(
    'g',
    { 'data-bound': '' },
    line +
      textElement(isRight ? x + 4 : x - 4, top - 6, label, {
        'text-anchor': isRight ? 'end' : 'start',
        'font-size': 10,
        fill: faintInk,
      }),
  );
}

function drawnRow(row: QuantileRow, name: string, index: number, chart: QuantileChart, place: Place): string {
  const middle = place.top + index * ROW + ROW / 2 + 3;
  const x = (value: number): number => xOf(value, place);
  const { mean, halfWidth, quantiles } = row;
  const [first = mean] = quantiles;
  const whiskers =
    halfWidth === 0
      ? ''
      : element('path', {
          d: whiskerPath(x(mean - halfWidth), x(mean + halfWidth), middle),
          stroke: meanStyle.colour,
          'stroke-width': 1.6,
          fill: 'none',
        });
  return element(
    'g',
    { 'data-row': row.label },
    [
      element('title', {}, escapeXml(told(row, chart))),
      index % 2 === 1
        ? element('rect', {
            x: MARGIN,
            y: middle - ROW / 2,
            width: place.right - MARGIN,
            height: ROW,
            fill: '#000000',
            'fill-opacity': 0.02,
          })
        : '',
      textElement(place.left - 10, middle + 4, name, { 'text-anchor': 'end' }),
      lineElement(x(first), middle, x(quantiles.at(-1) ?? mean), middle, {
        stroke: '#B4BAC6',
        'stroke-width': 3,
      }),
      ...quantiles.map((value, at) => markerAt(x(value), middle, quantileStyle(at))),
      whiskers,
      markerAt(x(mean), middle, meanStyle),
    ].join(''),
  );
}

function whiskerPath(from: number, to: number, y: number): string {
  const [a, b] = [from.toFixed(1), to.toFixed(1)];
  const [high, low, middle] = [(y - 5).toFixed(1), (y + 5).toFixed(1), y.toFixed(1)];
  return `M${a} ${high}V${low}M${b} ${high}V${low}M${a} ${middle}H${b}`;
}

function legend({ quantiles, rows }: QuantileChart, left: number, y: number): string {
  const hasIntervals = rows.some(({ halfWidth }) => halfWidth > 0);
  const entries = [
    ...quantiles.map((label, at) => ({ label, style: quantileStyle(at) })),
    { label: hasIntervals ? 'mean, with its 95 % interval' : 'mean', style: meanStyle },
  ];
  let x = left;
  const drawn = entries.map(({ label, style }) => {
    const entry = markerAt(x + 5, y, style) + textElement(x + 15, y + 4, label);
    x += 15 + estimatedWidth(label, SIZE) + 20;
    return entry;
  });
  return element('g', { 'data-legend': 'under' }, drawn.join(''));
}

/** `fifo: mean 12.3 ± 0.4, p50 10.1, …`. */
function told({ label, mean, halfWidth, quantiles }: QuantileRow, chart: QuantileChart): string {
  const half = halfWidth === 0 ? '' : ` ± ${threeDigits(halfWidth)}`;
  const parts = quantiles.map((value, at) => `${chart.quantiles[at]!} ${threeDigits(value)}`);
  return `${label}: ${[`mean ${threeDigits(mean)}${half}`, ...parts].join(', ')}`;
}
