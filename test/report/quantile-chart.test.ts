import { expect, test } from 'vitest';

import { quantileChartSvg } from '../../src/report/quantile-chart.ts';
import type { QuantileChart } from '../../src/report/quantile-chart-model.ts';
import { quantileChartText } from '../../src/report/quantile-chart-text.ts';
import { textWidth } from '../../src/report/text-width.ts';
import { meanAndHalf, threeDigits, timeUnitFor } from '../../src/report/time-unit.ts';

const chart: QuantileChart = {
  title: 'Times <of> policies',
  label: 'completion time in s',
  quantiles: ['p50', 'p95', 'p99'],
  rows: [
    { label: 'fifo', mean: 30, halfWidth: 5, quantiles: [20, 60, 80] },
    { label: 'srtf †', mean: 18, halfWidth: 0, quantiles: [6, 70, 100] },
  ],
  bound: { label: 'lower bound', value: 12 },
};

test('in a terminal', () => {
  const lines = quantileChartText(chart, { width: 60 });
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "fifo   │      ┊   ○────●───────────────□─────────△
    srtf † │   ○─────●──────────────────────────□──────────────△
           └┬─────────────────────────┬────────────────────────┬
            0                        50                      100
            ○ p50   □ p95   △ p99   ● mean   ┊ lower bound
                                            completion time in s"
  `);
  for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(60);
});

test('values that differ by much stand on a logarithmic axis', () => {
  const rows = [
    { label: 'a', mean: 5, halfWidth: 0, quantiles: [1, 30, 900] },
    { label: 'b', mean: 7, halfWidth: 0, quantiles: [1, 30, 1_000] },
  ];
  const { bound: _, ...unbound } = chart;
  expect(quantileChartText({ ...unbound, rows }, { width: 60 }).join('\n')).toMatchInlineSnapshot(`
    "a │○────────────●──────────────□──────────────────────────△
    b │○───────────────●───────────□───────────────────────────△
      └┬────┬───────┬─────┬────┬───────┬────┬─────┬───────┬────┬
       1                 10                100               1 k
       ○ p50   □ p95   △ p99   ● mean
                              completion time in s (logarithmic)"
  `);
  expect(quantileChartSvg({ ...unbound, rows })).toContain('(logarithmic)');
  expect(quantileChartSvg(chart)).not.toContain('(logarithmic)');
});

/** x of the mark that follows this piece of markup. */
function placesIn(row: string): number[] {
  return [...row.matchAll(/translate\(([\d.]+) /g)].map(([, x]) => Number(x));
}

test('as SVG: a row for each policy, its marks in order, the interval around its mean, the bound before all means', () => {
  const svg = quantileChartSvg(chart);
  expect(svg).toContain('Times &lt;of&gt; policies');
  const [, fifo = '', srtf = ''] = svg.split('data-row="');
  const [p50, p95, p99, mean] = placesIn(fifo.slice(0, fifo.indexOf('</g>'))) as [
    number,
    number,
    number,
    number,
  ];
  expect(p50).toBeLessThan(mean);
  expect(mean).toBeLessThan(p95);
  expect(p95).toBeLessThan(p99);
  const [, from, to] = /M([\d.]+) [\d.]+V[\d.]+M([\d.]+) /.exec(fifo)!;
  expect((Number(from) + Number(to)) / 2).toBeCloseTo(mean, 0);
  // 10 s wide on an axis on which 60 s lie between p50 and p99.
  expect(Number(to) - Number(from)).toBeCloseTo((p99 - p50) / 6, 0);
  expect(srtf.slice(0, srtf.indexOf('</g>'))).not.toMatch(/M[\d.]+ [\d.]+V/);
  const bound = Number(/data-bound=""><line x1="([\d.]+)"/.exec(svg)![1]);
  expect(bound).toBeLessThan(mean);
  expect(bound).toBeLessThan(p50);
  expect(quantileChartSvg(chart)).toBe(svg);
  expect(quantileChartSvg({ ...chart, rows: [] })).toContain('<svg');
});

test('one unit for many times, with three digits', () => {
  expect(
    [0, 1_999, 2_000, 1_999_999, 119_999_999, 120_000_000, 7_200_000_000, 172_800_000_000].map(
      (us) => timeUnitFor(us).name,
    ),
  ).toEqual(['µs', 'µs', 'ms', 'ms', 's', 'min', 'h', 'd']);
  expect([0.1234, 1.234, 9.996, 12.34, 99.96, 1234.5, 0].map(threeDigits)).toEqual([
    '0.123',
    '1.23',
    '10.0',
    '12.3',
    '100',
    '1,235',
    '0',
  ]);
  expect(meanAndHalf(12.34, 0.56)).toBe('12.3 ± 0.6');
  expect(meanAndHalf(12.34, 0)).toBe('12.3 ± 0');
  expect(meanAndHalf(1234, Infinity)).toBe('1,234');
});
