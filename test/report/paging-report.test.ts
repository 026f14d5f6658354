/** Histograms, the HTML page and the CSV files of the paging laboratory. */
import { expect, test } from 'vitest';

import { curveCsv } from '../../src/report/curve-csv.ts';
import { histogramSvg } from '../../src/report/histogram-chart.ts';
import { missRatioChart } from '../../src/report/miss-ratio-chart.ts';
import { pagingCsv } from '../../src/report/paging-csv.ts';
import { pagingHtml } from '../../src/report/paging-html.ts';
import type { PagingResult, PagingResults } from '../../src/report/paging-results.ts';

function result(policy: string, capacity: number, misses: number): PagingResult {
  return {
    policy,
    capacity,
    requests: 100,
    misses,
    missRatio: misses / 100,
    hitRatio: 1 - misses / 100,
    evictions: misses - 5,
    bypasses: 0,
    seconds: 0.5,
    requestsPerSecond: 200,
  };
}

const data: PagingResults = {
  trace: 'traces/<a>.csv',
  format: 'csv',
  requests: 100,
  unique: 20,
  unit: 'pages',
  seed: 7,
  results: [
    result('lru', 5, 60),
    result('lru', 10, 40),
    result('opt', 5, 50),
    { ...result('fifo', 5, 70), gapToOpt: 0.2 },
  ],
};

test('the miss-ratio chart: the bound first, a line a policy, curves beside them', () => {
  const chart = missRatioChart(data, [{ label: 'lru, exact', points: [{ capacity: 1, missRatio: 0.9 }] }]);
  expect(chart.title).toBe('Miss ratio against capacity: <a>.csv');
  expect(chart.series.map(({ label, kind = 'line' }) => `${label} (${kind})`)).toEqual([
    'opt: the bound (bound)',
    'lru (line)',
    'fifo (line)',
    'lru, exact (line)',
  ]);
  expect(chart.series[1]!.points).toEqual([
    { x: 5, y: 0.6 },
    { x: 10, y: 0.4 },
  ]);
});

test('in sizes, opt is no bound', () => {
  const [, opt] = missRatioChart({ ...data, unit: 'size' }).series;
  expect(opt).toMatchObject({ label: 'opt (approximation)' });
  expect(opt?.kind).toBeUndefined();
});

test('CSV: a row a result, empty fields for what was not measured', () => {
  const [header, first, , , last] = pagingCsv(data).split('\r\n');
  expect(header).toMatch(/^trace,unit,seed,policy,capacity,requests,misses,missRatio,/);
  expect(first).toBe('traces/<a>.csv,pages,7,lru,5,100,60,0.6,0.4,,,55,0,,,,0.5,200');
  expect(last).toContain('fifo,5,100,70,0.7,');
});

test('CSV of curves: capacity by capacity', () => {
  const curves = [
    { policy: 'lru', method: 'exact', points: [{ capacity: 1, misses: 9, missRatio: 0.9 }] },
    { policy: 'lru', method: 'sampled', points: [{ capacity: 1, missRatio: 0.8, halfWidth: 0.1 }] },
  ];
  expect(
    curveCsv({ trace: 't', unit: 'pages', seed: 1, requests: 10, curves }).split('\r\n').slice(1, 3),
  ).toEqual(['t,pages,1,lru,exact,1,10,9,0.9,', 't,pages,1,lru,sampled,1,10,,0.8,0.1']);
});

test('the page stands alone: everything inside, nothing from outside, names escaped', () => {
  const html = pagingHtml({
    data,
    notes: ['a <note>'],
    histograms: [{ title: 'Reuse times', xLabel: 'references', bins: [{ from: 1, to: 1, count: 3 }] }],
    command: `ringzero page --trace '<a>.csv'`,
    version: '1.2.3',
  });
  expect(html).not.toMatch(/\b(?:src|href)=|@import|url\((?!#)/);
  expect(
    html.replace('http://www.w3.org/2000/svg', '').replaceAll('http://www.w3.org/2000/svg', ''),
  ).not.toContain('http:');
  expect(html).not.toContain('<a>');
  expect(html).toContain('a &lt;note&gt;');
  expect(html.match(/<svg /g)).toHaveLength(2);
  expect(html).toContain('ringzero page --trace &#39;&lt;a&gt;.csv&#39;');
  expect(html).toContain('<dd>1.2.3</dd>');
});

test('the page’s table: measured columns only, the best policy but opt marked at each capacity', () => {
  const html = pagingHtml({ data, command: 'c', version: 'v' });
  const headers = [...html.matchAll(/<th [^>]*>([^<]*)</g)].map(([, header]) => header);
  expect(headers).toEqual(['policy', 'capacity', 'misses', 'miss ratio', 'above opt', 'evictions']);
  const best = [...html.matchAll(/<tr><td>([\w-]+)<\/td>[^\n]*class="r best"/g)].map(([, policy]) => policy);
  expect(best).toEqual(['lru', 'lru']);
  const equal = pagingHtml({
    data: { ...data, results: [result('lru', 5, 60), result('fifo', 5, 70), result('opt', 5, 60)] },
    command: 'c',
    version: 'v',
  });
  expect(equal).toMatch(/<td>opt<\/td>[^\n]*60/);
  expect(equal).not.toMatch(/<td>opt<\/td>[^\n]*best/);
});

test('the page tells the speed of long replays only', () => {
  const long = { ...result('lru', 5, 60), requests: 1_000_000 };
  const html = pagingHtml({ data: { ...data, results: [long] }, command: 'c', version: 'v' });
  expect(html).toContain('M references/s');
});

test('intervals become a chart for each capacity', () => {
  const intervals = [
    { until: 50, requests: 50, misses: 40 },
    { until: 100, requests: 50, misses: 20 },
  ];
  const html = pagingHtml({
    data: { ...data, results: [{ ...result('lru', 5, 60), intervals }] },
    command: 'c',
    version: 'v',
  });
  expect(html).toContain('Miss ratio along the trace, at capacity 5');
  expect(html).toContain('lru: 80.00 % at 50');
});

test('a histogram: a column a bin with its count, the rest apart', () => {
  const svg = histogramSvg({
    title: 'Reuse distances',
    xLabel: 'pages',
    bins: [
      { from: 1, to: 1, count: 10 },
      { from: 2, to: 2, count: 0 },
      { from: 3, to: 4, count: 30 },
    ],
    rest: { label: 'first use', count: 60 },
  });
  expect(svg).toContain('3–4: 30 of 100 (30 %)');
  expect(svg).toContain('first use: 60 of 100 (60 %)');
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  expect(histogramSvg({ title: 't', xLabel: 'x', bins: [] })).not.toMatch(/NaN|Infinity/);
});
