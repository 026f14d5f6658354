import { expect, test } from 'vitest';

import { hasPressure, pressureChartSvg, type PressureRow } from '../../src/report/pressure-chart.ts';

const none = { some: 0, full: 0 };
const row = (label: string, shares: Partial<PressureRow['shares']>): PressureRow => ({
  label,
  shares: { cores: none, memory: none, budget: none, ...shares },
});

/** [width, is pale] of the bars of a row. */
function barsOf(svg: string, label: string): [number, boolean][] {
  const [, drawn = ''] = svg.split(`<g data-row="${label}">`);
  return [...drawn.split('</g>')[0]!.matchAll(/<rect [^>]*>/g)].map(([rect]) => [
    Number(/width="([\d.]+)"/.exec(rect)![1]),
    rect.includes('fill-opacity'),
  ]);
}

test('a pale bar for some, a full one in it for all, of the resources that anybody was stalled on', () => {
  const rows = [
    row('fifo', { cores: { some: 0.8, full: 0.2 }, budget: { some: 0.4, full: 0.0001 } }),
    row('a "<b>"', { cores: { some: 0.4, full: 0 } }),
  ];
  const svg = pressureChartSvg({ title: 'Pressure', subtitle: 'seed 1', rows });
  const [some, full, budget, ...rest] = barsOf(svg, 'fifo');
  expect([some![1], full![1], budget![1], rest]).toEqual([true, false, true, []]);
  expect(full![0] / some![0]).toBeCloseTo(1 / 4, 2);
  expect(budget![0] / some![0]).toBeCloseTo(1 / 2, 2);
  expect(barsOf(svg, 'a &quot;&lt;b&gt;&quot;')).toEqual([[budget![0], true]]);
  expect(svg).toContain('>cores</text>');
  expect(svg).toContain('>budget</text>');
  expect(svg).not.toContain('>memory</text>');
  expect(svg).toContain('fifo: cores some 80 %, full 20 %, memory some 0 %');
  expect(svg).toBe(pressureChartSvg({ title: 'Pressure', subtitle: 'seed 1', rows }));
});

test('whether anybody was stalled', () => {
  expect(hasPressure(row('x', { memory: { some: 0.1, full: 0 } }))).toBe(true);
  expect(hasPressure(row('x', { memory: { some: 0.0001, full: 0 } }))).toBe(false);
});
