import { expect, test } from 'vitest';

import { ganttSvg } from '../../src/report/gantt-svg.ts';
import { ganttText, shortNumber, type GanttChart } from '../../src/report/gantt-text.ts';

const chart: GanttChart = {
  cores: 1,
  end: 8,
  jobs: [
    { name: 'a', arrival: 0, finish: 8, io: [{ from: 2, to: 5 }] },
    { name: 'b', arrival: 1, finish: 6, io: [] },
  ],
  slices: [
    { core: 0, job: 0, from: 0, to: 2 },
    { core: 0, job: 1, from: 2, to: 6 },
    { core: 0, job: 0, from: 6, to: 8 },
  ],
};

test('the chart in text: whose slice it is, and what each job does', () => {
  expect(ganttText(chart, { width: 24 })).toEqual([
    'core │a  │b      │a  │',
    'a    ████······░░████',
    'b      ░░████████',
    '     0         5',
    '     █ running  ░ ready  · I/O',
  ]);
});

test('with more time than columns, a cell shows what fills most of it', () => {
  const long: GanttChart = {
    cores: 2,
    end: 1_000,
    jobs: [{ name: 'x', arrival: 0, finish: 1_000, io: [] }],
    slices: [{ core: 1, job: 0, from: 500, to: 1_000 }],
  };
  const lines = ganttText(long, { width: 28 });
  expect(lines[0]).toBe('core 0 │');
  expect(lines[1]).toBe(`core 1 ${' '.repeat(10)}│x${' '.repeat(8)}│`);
  expect(lines[2]).toBe(`x      ${'░'.repeat(10)}${'█'.repeat(10)}`);
});

test('no line is wider than the terminal, and nothing is drawn of no time', () => {
  for (const width of [30, 60, 80, 200])
    for (const line of ganttText(chart, { width }).slice(0, -1))
      expect(line.length).toBeLessThanOrEqual(width);
  const empty: GanttChart = {
    cores: 1,
    end: 0,
    jobs: [{ name: 'z', arrival: 0, finish: 0, io: [] }],
    slices: [],
  };
  expect(ganttText(empty, { width: 80 })[0]).toBe('core │');
  expect(ganttSvg([{ ...empty, title: 't', note: '' }], { title: 'none', unit: 'ticks' })).toContain(
    '</svg>',
  );
});

test('the drawing has a box for each slice, with a title that says when', () => {
  const svg = ganttSvg([{ ...chart, title: 'fifo', note: 'mean 7 & 5' }], { title: 'Jobs', unit: 'ticks' });
  expect(svg.match(/data-job="\d"/g)).toEqual(['data-job="0"', 'data-job="1"', 'data-job="0"']);
  expect(svg).toContain('<title>b: 2 to 6</title>');
  expect(svg).toContain('mean 7 &amp; 5');
  expect(ganttSvg([{ ...chart, title: 'fifo', note: 'mean 7 & 5' }], { title: 'Jobs', unit: 'ticks' })).toBe(
    svg,
  );
});

test('what stands beside a title stands behind it, however long it is', () => {
  const noteAt = (title: string): number => {
    const svg = ganttSvg([{ ...chart, title, note: 'the note' }], { title: 'Jobs', unit: 'ticks' });
    return Number(/<text x="([\d.]+)"[^>]*>the note</.exec(svg)![1]);
  };
  expect(noteAt('mlfq')).toBe(noteAt('fifo'));
  expect(noteAt('forgotten at a wait, no boost')).toBeGreaterThan(noteAt('fifo') + 50);
});

test.each([
  [3, '3'],
  [0.1 + 0.2, '0.3'],
  [1e-6, '0.000001'],
])('%d is written as %s', (value, text) => {
  expect(shortNumber(value)).toBe(text);
});

test('names that differ in their last word alone are told apart, and leave room for the chart', () => {
  const long: GanttChart = {
    cores: 1,
    end: 20,
    jobs: [1, 2].map((number) => ({
      name: `a job with a very long name, number ${number}`,
      arrival: 0,
      finish: 20,
      io: [],
    })),
    slices: [
      { core: 0, job: 0, from: 0, to: 10 },
      { core: 0, job: 1, from: 10, to: 20 },
    ],
  };
  expect(ganttText(long, { width: 60 })).toEqual([
    'core            │1                  │2                  │',
    `a job with a …1 ${'█'.repeat(20)}${'░'.repeat(20)}`,
    `a job with a …2 ${'░'.repeat(20)}${'█'.repeat(20)}`,
    '                0         5         10        15        20',
    '                █ running  ░ ready  · I/O',
  ]);
  const svg = ganttSvg([{ ...long, title: 'fifo', note: '' }], { title: 'Jobs', unit: 'ticks' });
  expect(svg).toContain('>a job with a v…2<');
});
