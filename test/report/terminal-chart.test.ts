import { expect, test } from 'vitest';

import type { ChartSeries, LineChart } from '../../src/report/line-chart-model.ts';
import { terminalChart } from '../../src/report/terminal-chart.ts';
import { textWidth } from '../../src/report/text-width.ts';

const chart = (series: readonly ChartSeries[], title = 'A chart'): LineChart => ({
  title,
  x: { label: 'capacity in pages', scale: 'log', format: 'count' },
  y: { label: 'miss ratio', scale: 'linear', format: 'percent' },
  series,
});
const line = (label: string, ...ys: number[]): ChartSeries => ({
  label,
  points: ys.map((y, index) => ({ x: [1, 10, 100, 1_000][index]!, y })),
});

test('two lines, readable without colours', () => {
  const drawn = terminalChart(chart([line('lru', 1, 0.8, 0.2, 0), line('opt', 0.5, 0.4, 0.1, 0)]), {
    width: 60,
    height: 8,
  });
  expect(drawn.join('\n')).toMatchInlineSnapshot(`
    "A chart
    miss ratio
    100 % ┤⠉⠑A⠒⠢⠤⠤⢄⣀⣀
          │          ⠉⠉⠉A⠒⠒⠤⠤⣀
          │                   ⠉⠒⠤⡀
          │                      ⠈⠑⠢⢄⡀
          │⠉⠉⠉⠉⠉⠉B⠒⠒⠒⠒⠢⠤⠤⠤⠤⠤⣀⣀⡀      ⠈⠑A⢄⡀
          │                   ⠈⠉B⠒⠤⠤⣀⣀   ⠈⠒⠤⣀
          │                           ⠉⠉⠒⠢⠤⢄⣀⡉⠒⠒⠤⠤⠤⣀⣀⣀
      0 % ┤                                  ⠈⠉B⠉⠑B⠒⠒⠒A⠫⠵⠶⠶⠦⠤⣤⣄⣀
          └┬────┬──────┬────┬─────┬─────┬─────┬────┬──────┬────┬
           1               10                100             1 k
                                 capacity in pages (logarithmic)
      A lru   B opt"
  `);
});

test('no line is wider than asked for, whatever the names', () => {
  const names = [
    'lru',
    'a policy with quite a long name, longer than the terminal is wide, that is',
    '漢字',
    'x\u001B[31m',
  ];
  const series = names.map((name, index) => line(name, 1 - index / 10, 0.5, 0.2, index / 10));
  for (const width of [40, 80, 120]) {
    const drawn = terminalChart(chart(series, 't'.repeat(200)), { width });
    expect(Math.max(...drawn.map(textWidth))).toBeLessThanOrEqual(width);
    expect(drawn.join('')).not.toContain('\u001B');
  }
});

test('every series has its letter on the drawing, also when all lie upon each other', () => {
  const series = Array.from({ length: 12 }, (_, index) => line(`p${index}`, 0.9, 0.5, 0.2, 0.1));
  const rows = terminalChart(chart(series), { width: 80 }).filter((row) => /[┤│]/.test(row));
  // Nor do two stand side by side and read as a word.
  expect(rows.join('\n')).not.toMatch(/[A-L]{2}/);
  for (const letter of 'ABCDEFGHIJKL')
    expect(rows.some((row) => row.replace(/%/, '').includes(letter))).toBe(true);
});

test('colours are put on what is drawn and change nothing else', () => {
  const series = [line('a', 1, 0.5), line('b', 0.2, 0.9)];
  const paints = [(text: string) => `<${text}>`, (text: string) => `{${text}}`];
  const plain = terminalChart(chart(series), { width: 60 });
  const painted = terminalChart(chart(series), { width: 60, paints });
  expect(painted.map((row) => row.replaceAll(/[<>{}]/g, ''))).toEqual(plain);
  expect(painted.at(-1)).toContain('<A> a');
  expect(painted.at(-1)).toContain('{B} b');
});

test('nothing, one point, zeros: always a drawing', () => {
  for (const series of [[], [line('a')], [line('a', 0.5)], [line('a', 0, 0)]])
    expect(terminalChart(chart(series), { width: 50 }).join('\n')).not.toMatch(/NaN|undefined/);
});
