import { expect, test } from 'vitest';

import { chartScale } from '../../src/report/chart-scale.ts';
import { lineChartSvg } from '../../src/report/line-chart.ts';
import type { ChartAxis, ChartSeries, LineChart } from '../../src/report/line-chart-model.ts';
import { seriesStyle } from '../../src/report/series-styles.ts';
import { withStrokedText } from '../../src/report/stroked-text.ts';

const linear: ChartAxis = { label: 'misses', scale: 'linear', format: 'percent' };
const logarithmic: ChartAxis = { label: 'capacity', scale: 'log', format: 'count' };
const labels = (axis: ChartAxis, values: readonly number[], most: number): string[] =>
  chartScale(axis, values, most)
    .ticks.map(({ label }) => label)
    .filter((label) => label !== '');

function chart(series: readonly ChartSeries[], more: Partial<LineChart> = {}): LineChart {
  return { title: 'A chart', x: logarithmic, y: linear, series, ...more };
}

const falling: ChartSeries = {
  label: 'lru',
  points: [
    { x: 1, y: 0.9 },
    { x: 10, y: 0.5 },
    { x: 1_000, y: 0.1 },
  ],
};

test('linear ticks stand at round values and hold all that is shown', () => {
  expect(labels(linear, [0, 0.83], 6)).toEqual(['0 %', '20 %', '40 %', '60 %', '80 %', '100 %']);
  expect(labels(linear, [0, 0.031], 5)).toEqual(['0 %', '1 %', '2 %', '3 %', '4 %']);
  expect(labels({ ...linear, format: 'count' }, [0, 30_000], 4)).toEqual(['0', '10 k', '20 k', '30 k']);
  expect(labels(linear, [], 5).at(-1)).toBe('100 %');
  expect(labels(linear, [0.5, 0.5], 5).length).toBeGreaterThan(1);
});

test('a linear axis begins at 0 unless all values lie in its upper half', () => {
  expect(labels(linear, [0.2, 0.6], 5)[0]).toBe('0 %');
  expect(labels(linear, [0.9, 0.95], 5)[0]).not.toBe('0 %');
});

test('logarithmic ticks are powers of ten, with steps between where there are few', () => {
  expect(labels(logarithmic, [1, 1_000_000], 9)).toEqual(['1', '10', '100', '1 k', '10 k', '100 k', '1 M']);
  expect(labels(logarithmic, [2_000_000, 2e9], 7)).toEqual(['10 M', '100 M', '1 G']);
  expect(labels(logarithmic, [3, 80], 9)).toEqual(['5', '10', '20', '50']);
  expect(labels(logarithmic, [0, 1, 1e12], 5).length).toBeLessThanOrEqual(5);
  expect(chartScale(logarithmic, [10, 1_000], 5).at(100)).toBeCloseTo(0.5, 12);
});

test('the same data give the same bytes, and every series is named', () => {
  const one = lineChartSvg(chart([falling, { ...falling, label: 'arc' }]));
  expect(lineChartSvg(chart([falling, { ...falling, label: 'arc' }]))).toBe(one);
  expect(one).toContain('>lru<');
  expect(one).toContain('>arc<');
  expect(one).toContain('lru: 50.00 % at 10');
  expect(one).not.toMatch(/NaN|undefined|Infinity/);
});

test('names from outside are text, never markup', () => {
  const svg = lineChartSvg(chart([{ ...falling, label: '<script>"&' }], { title: '</svg><b>' }));
  expect(svg).not.toContain('<script>');
  expect(svg).not.toContain('<b>');
  expect(svg.match(/<\/svg>/g)).toHaveLength(1);
});

test('what lies below the bound is shaded, and the bound takes no colour of the others', () => {
  const svg = lineChartSvg(chart([{ ...falling, label: 'opt', kind: 'bound' }, falling]));
  expect(svg).toContain('data-bound');
  expect(svg).toContain(`stroke="${seriesStyle(0).colour}"`);
  expect(svg).not.toContain(seriesStyle(1).colour);
});

test('the legend stands where no line runs, or under the drawing', () => {
  expect(lineChartSvg(chart([falling]))).toContain('data-legend="inside"');
  const everywhere = Array.from({ length: 6 }, (_, index) => ({
    label: `policy ${index}`,
    points: [
      { x: 1, y: index / 5 },
      { x: 10, y: 1 - index / 5 },
      { x: 1_000, y: index / 5 },
    ],
  }));
  expect(lineChartSvg(chart(everywhere))).toContain('data-legend="under"');
});

test('28 series all look different', () => {
  const looks = Array.from({ length: 28 }, (_, index) => JSON.stringify(seriesStyle(index)));
  expect(new Set(looks).size).toBe(28);
});

test('single points, no points, zeros on a logarithmic axis, intervals: always a drawing', () => {
  for (const series of [
    [],
    [{ label: 'a', points: [] }],
    [{ label: 'a', points: [{ x: 7, y: 0.5 }] }],
    [{ label: 'a', points: [{ x: 0, y: 0.5 }] }],
    [
      {
        label: 'a',
        points: [
          { x: 1, y: 0.5, halfWidth: 0.6 },
          { x: 9, y: 0.2, halfWidth: 0.1 },
        ],
      },
    ],
  ] satisfies ChartSeries[][]) {
    const svg = lineChartSvg(chart(series));
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(svg.trimEnd()).toMatch(/<\/svg>$/);
  }
  expect(lineChartSvg(chart([]))).toContain('No points.');
});

test('as lines, no text is left and none is lost', () => {
  const svg = lineChartSvg(chart([falling]));
  const stroked = withStrokedText(svg);
  expect(stroked).not.toContain('<text');
  const paths = (drawing: string): number => drawing.split('<path').length;
  expect(paths(stroked) - paths(svg)).toBe(svg.split('<text').length - 1);
  expect(stroked).not.toMatch(/NaN|undefined/);
});
