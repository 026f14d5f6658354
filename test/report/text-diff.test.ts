import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { textDiff } from '../../src/report/text-diff.ts';

test('lines that only one of the texts has, with two of both around them', () => {
  const a = ['1', '2', '3', '4', '5', '6', '7', '8'].join('\n');
  const b = ['1', '2', '3', '4', 'five', '6', '7', '8', '9'].join('\n');
  expect(textDiff(a, b)).toEqual([
    '  … 2 lines that are the same',
    '  3',
    '  4',
    '- 5',
    '+ five',
    '  6',
    '  7',
    '  8',
    '+ 9',
  ]);
  expect(textDiff(a, a)).toEqual([]);
});

test('of one line each the words around what differs', () => {
  const words = Array.from({ length: 30 }, (_, index) => `w${index}`);
  const other = words.with(15, 'else');
  expect(textDiff(words.join(' '), other.join(' '))).toEqual([
    '- … w7 w8 w9 w10 w11 w12 w13 w14 w15 w16 w17 w18 w19 w20 w21 w22 w23 …',
    '+ … w7 w8 w9 w10 w11 w12 w13 w14 else w16 w17 w18 w19 w20 w21 w22 w23 …',
  ]);
  expect(textDiff('', 'new')).toEqual(['- ', '+ new']);
});

test('what is marked makes of the one text the other, and no more is marked than must be', () => {
  const line = fc.constantFrom('a', 'b', 'c');
  const lines = fc.array(line, { minLength: 2, maxLength: 12 });
  fc.assert(
    fc.property(lines, lines, (a, b) => {
      const told = textDiff(a.join('\n'), b.join('\n'));
      const marked = (mark: string): string[] =>
        told.filter((one) => one.startsWith(`${mark} `)).map((one) => one.slice(2));
      const left = told.filter((one) => one.startsWith('  … '));
      const hidden = left.reduce((sum, one) => sum + Number(/\d+/.exec(one)![0]), 0);
      const shared = marked(' ').length - left.length + hidden;
      if (told.length === 0) return expect(a).toEqual(b);
      expect(marked('-').length + shared).toBe(a.length);
      expect(marked('+').length + shared).toBe(b.length);
      expect(shared).toBe(longestCommon(a, b));
    }),
    { seed: 1, numRuns: 300 },
  );
});

function longestCommon(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return 0;
  const known = new Map<string, number>();
  const from = (i: number, j: number): number => {
    if (i === a.length || j === b.length) return 0;
    const key = `${i} ${j}`;
    const cached = known.get(key);
    if (cached !== undefined) return cached;
    const length = a[i] === b[j] ? 1 + from(i + 1, j + 1) : Math.max(from(i + 1, j), from(i, j + 1));
    known.set(key, length);
    return length;
  };
  return from(0, 0);
}

test('texts too long to be compared whole are told one after the other, without what both begin and end with', () => {
  const [a, b] = ['a', 'b'].map((name) => Array.from({ length: 3_000 }, (_, index) => `${name} ${index}`));
  const told = textDiff(['first', ...a!, 'last'].join('\n'), ['first', ...b!, 'last'].join('\n'));
  expect(told).toHaveLength(6_002);
  expect([told[0], told[1], told[3_001], told.at(-1)]).toEqual(['  first', '- a 0', '+ b 0', '  last']);
});
