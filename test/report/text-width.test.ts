import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { fit, printable, textWidth, truncate, truncateName, wrapped } from '../../src/report/text-width.ts';

test('width in columns of a terminal', () => {
  const cases: [text: string, width: number][] = [
    ['', 0],
    ['agent', 5],
    ['µs · ä', 6],
    ['エージェント', 12],
    ['计划员', 6],
    ['에이전트', 8],
    ['ｱｲ', 2], // halfwidth kana
    ['Ａ', 2], // fullwidth
    ['e\u0301', 1], // e and a combining accent
    ['가', 2],
    ['👩‍💻', 2], // joined by a zero-width joiner
    ['👍🏽', 2], // with a skin tone
    ['❤\uFE0F', 1],
    ['🇩🇪', 2],
    ['█▌·…─', 5],
    ['𠮷', 2], // outside the basic plane
  ];
  for (const [text, width] of cases) expect(textWidth(text), text).toBe(width);
});

test('truncation counts columns and never splits a wide character', () => {
  expect(truncate('abcdef', 6)).toBe('abcdef');
  expect(truncate('abcdef', 5)).toBe('abcd…');
  expect(truncate('计划员', 6)).toBe('计划员');
  expect(truncate('计划员', 5)).toBe('计划…');
  expect(truncate('计划员', 4)).toBe('计…');
  expect(truncate('计划员', 1)).toBe('…');
  expect(truncate('计划员', 0)).toBe('');
  expect(truncate('e\u0301e\u0301e\u0301', 2)).toBe('e\u0301…');
  expect(truncate('x👩‍💻y', 3)).toBe('x…');
});

test('fitting fills or cuts to the width', () => {
  expect(fit('ab', 4)).toBe('ab  ');
  expect(fit('ab', 4, 'right')).toBe('  ab');
  expect(fit('计划', 5)).toBe('计划 ');
  expect(fit('计划', 3)).toBe('计…');
  // Two columns left, but the next character needs two and the sign one.
  expect(fit('a计划', 4)).toBe('a计…');
  expect(fit('计划员', 4)).toBe('计… ');
});

test('whatever the text, a fitted one has the width', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.integer({ min: 0, max: 20 }),
      fc.constantFrom('left' as const, 'right' as const),
      (text, width, align) => {
        expect(textWidth(fit(printable(text), width, align))).toBe(width);
      },
    ),
    { seed: 9, numRuns: 1000 },
  );
});

test('a name cannot move the cursor, colour the screen or turn its direction', () => {
  expect(printable('\u001B[31mred\u001B[0m')).toBe('\uFFFD[31mred\uFFFD[0m');
  expect(printable('a\tb\nc\rd')).toBe('a b c d');
  expect(printable('\u009B31m \u0007 \u007F')).toBe('\uFFFD31m \uFFFD \uFFFD');
  expect(printable('\u202Egpj.exe \u2066')).toBe('\uFFFDgpj.exe \uFFFD');
  expect(printable('plain — Ünïcödé 计划 👩‍💻')).toBe('plain — Ünïcödé 计划 👩‍💻');
});

test('wrapped: whole words in lines that fit, all but the first behind the indent', () => {
  expect(wrapped('one two three four', 9, '  ')).toEqual(['one two', '  three', '  four']);
  expect(wrapped('one two', 7)).toEqual(['one two']);
  expect(wrapped('a overlong b', 4, ' ')).toEqual(['a', ' overlong', ' b']);
});

test('a name keeps its last word where there is room', () => {
  expect(truncateName('worker number 12', 16)).toBe('worker number 12');
  expect(truncateName('worker number 12', 10)).toBe('worker …12');
  expect(truncateName('worker number 12', 4)).toBe('wor…');
  expect(truncateName('abcdefgh', 5)).toBe('abcd…');
  expect(truncateName('', 5)).toBe('');
});
