import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { bar, labelledBar, splitBar, splitLegend, type BarPart } from '../../src/report/bars.ts';

const split: readonly BarPart[] = [
  { label: 'decode', value: 50, glyph: '█' },
  { label: 'tool', value: 0, glyph: 't' },
  { label: 'ready', value: 30, glyph: '░' },
  { label: 'memory', value: 20, glyph: 'm' },
];

test('a bar shows eighths of a column', () => {
  expect(bar(0, 4)).toBe('····');
  expect(bar(1, 4)).toBe('████');
  expect(bar(0.5, 4)).toBe('██··');
  expect(bar(0.53125, 4)).toBe('██▏·');
  expect(bar(31 / 32, 4)).toBe('███▉');
  // Less than half an eighth is rounded away; beyond the whole is full.
  expect(bar(0.015, 4)).toBe('····');
  expect(bar(1.7, 4)).toBe('████');
  expect(bar(-1, 2)).toBe('··');
  expect(() => bar(Number.NaN, 4)).toThrow('NaN');
});

test('a bar with label, percentage and note', () => {
  expect(labelledBar({ label: 'memory', fraction: 0.5, note: '50 of 100' }, { width: 4 })).toBe(
    'memory  ██··    50 %  50 of 100',
  );
  expect(
    labelledBar({ label: '计划', fraction: 1 }, { width: 2, labelWidth: 5, paint: (text) => `<${text}>` }),
  ).toBe('计划   <██>   100 %');
  expect(labelledBar({ label: 'a-long-name', fraction: 0 }, { width: 2, labelWidth: 6 })).toBe(
    'a-lon…  ··     0 %',
  );
  expect(labelledBar({ label: 'x\u001B[2J', fraction: 0 }, { width: 1 })).toContain('x\uFFFD[2J');
});

test('a split bar gives each part its share of the columns', () => {
  expect(splitBar(split, 10)).toBe('█████░░░mm');
  // 2.5, 1.5 and 1 columns: of the equal remainders the first part gets the column.
  expect(splitBar(split, 5)).toBe('███░m');
  expect(
    splitBar(
      split.map((part) => ({ ...part, value: 0 })),
      5,
    ),
  ).toBe('     ');
  expect(
    splitBar([{ label: 'a', value: 1, glyph: 'a', paint: (text) => `<${text}>` }, ...split.slice(1, 2)], 3),
  ).toBe('<aaa>');
  expect(() => splitBar([{ label: 'a', value: -1, glyph: 'a' }], 3)).toThrow('a part of -1');
  expect(() => splitBar([{ label: 'a', value: Infinity, glyph: 'a' }], 3)).toThrow('a part of Infinity');
});

test('the columns of a split bar sum to its width, and each is its share to less than one', () => {
  const values = fc.array(fc.integer({ min: 0, max: 1e15 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 60 }), (parts, width) => {
      const drawn = splitBar(
        parts.map((value, index) => ({ label: '', value, glyph: String(index) })),
        width,
      );
      expect(drawn).toHaveLength(width);
      const whole = parts.reduce((sum, value) => sum + value, 0);
      if (whole === 0) return;
      for (const [index, value] of parts.entries()) {
        const columns = drawn.split(String(index)).length - 1;
        expect(Math.abs(columns - (value / whole) * width)).toBeLessThan(1);
      }
    }),
    { seed: 4, numRuns: 500 },
  );
});

test('the legend names what there is', () => {
  expect(splitLegend(split)).toBe('█ decode 50 %  ░ ready 30 %  m memory 20 %');
  expect(splitLegend([])).toBe('');
});
