/** A histogram as one self-contained SVG: a column a bin, one apart for what has no value. The same data give the same bytes. */
import { assert } from '../base/assert.ts';
import { chartScale } from './chart-scale.ts';
import { formatCount, formatPercent } from './format.ts';
import { element, escapeXml, lineElement, px, svgDocument, textElement } from './svg.ts';
import { estimatedWidth } from './timeline-marks.ts';
import { faintInk, ink, MARGIN } from './timeline-styles.ts';

export interface HistogramChart {
  readonly title: string;
  /** Of the values. */
  readonly xLabel: string;
  /** Values of a bin, both included; ascending, without gaps. */
  readonly bins: readonly { readonly from: number; readonly to: number; readonly count: number }[];
  /** What has no value: drawn apart, at the right. */
  readonly rest?: { readonly label: string; readonly count: number };
}

const HEIGHT = 300;
const LABEL_SIZE = 10;

/** `width`: px, at least 320; default 800. */
export function histogramSvg(chart: HistogramChart, width = 800): string {
  assert(width >= 320, () => `a histogram ${width} px wide; at least 320`);
  const { title, xLabel, bins, rest } = chart;
  const total = bins.reduce((sum, { count }) => sum + count, rest?.count ?? 0);
  const share = (count: number): number => (total === 0 ? 0 : count / total);
  const columns = [
    ...bins.map(({ from, to, count }) => ({
      label: range(from, to, short),
      name: range(from, to, formatCount),
      count,
      fill: '#0072B2',
    })),
    ...(rest === undefined
      ? []
      : [{ label: rest.label, name: rest.label, count: rest.count, fill: '#B07800' }]),
  ];
  const scale = chartScale(
    { label: '', scale: 'linear', format: 'percent' },
    [0, ...columns.map(({ count }) => share(count))],
    5,
  );
  const [left, top, right, bottom] = [MARGIN + 64, 46, width - MARGIN - 8, HEIGHT - MARGIN - 34];
  const y = (value: number): number => bottom - scale.at(value) * (bottom - top);
  const gap = rest === undefined || bins.length === 0 ? 0 : 0.6;
  const step = (right - left) / Math.max(1, columns.length + gap);
  const x = (index: number): number => left + (index + (index >= bins.length ? gap : 0)) * step;
  // Only as many labels as have room beside each other.
  const widest = Math.max(
    0,
    ...columns.slice(0, bins.length).map(({ label }) => estimatedWidth(label, LABEL_SIZE)),
  );
  const every = Math.max(1, Math.ceil((widest + 6) / step));
  const parts = [
    textElement(MARGIN, 27, title, { 'font-size': 15, 'font-weight': 600 }),
    ...scale.ticks.flatMap(({ value, label }) => [
      lineElement(left, y(value), right, y(value), { stroke: '#E2E6ED' }),
      textElement(left - 6, y(value) + 4, label, { 'text-anchor': 'end' }),
    ]),
    ...columns.map(({ name, count, fill }, index) => {
      const box = { x: x(index) + step * 0.08, width: step * 0.84, y: y(share(count)), fill };
      const text = `${name}: ${formatCount(count)} of ${formatCount(total)} (${formatPercent(share(count))})`;
      return element(
        'rect',
        { ...box, height: bottom - y(share(count)) },
        element('title', {}, escapeXml(text)),
      );
    }),
    lineElement(left, bottom, right, bottom, { stroke: '#8A91A0' }),
    ...columns.map(({ label }, index) =>
      index % every === 0 || index === bins.length
        ? textElement(
            Math.min(x(index) + step / 2, width - MARGIN - estimatedWidth(label, LABEL_SIZE) / 2),
            bottom + 15,
            label,
            {
              'text-anchor': 'middle',
              'font-size': LABEL_SIZE,
            },
          )
        : '',
    ),
    textElement((left + right) / 2, bottom + 33, xLabel, { 'text-anchor': 'middle', fill: faintInk }),
    textElement(0, 0, 'share of references', {
      transform: `translate(${px(MARGIN + 6)} ${px((top + bottom) / 2)}) rotate(-90)`,
      'text-anchor': 'middle',
      fill: faintInk,
    }),
  ];
  const description = `${formatCount(total)} references by ${xLabel}.`;
  return svgDocument({ width, height: HEIGHT, title, description, ink }, ['', ...parts]);
}

function range(from: number, to: number, write: (value: number) => string): string {
  return from === to ? write(from) : `${write(from)}–${write(to)}`;
}

/** In powers of two, as the bins are: `8 k` is 8,192, or 8,193 where a bin begins. */
function short(value: number): string {
  if (value < 1_024) return String(value);
  return value < 1_048_576 ? `${Math.floor(value / 1_024)} k` : `${Math.floor(value / 1_048_576)} M`;
}
