import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { literalPattern, Pattern, PatternScan, type Stretch } from '../../src/base/pattern-scan.ts';

/** Overlapping ones as one. */
function united(stretches: readonly Stretch[]): Stretch[] {
  const all: { start: number; end: number }[] = [];
  for (const { start, end } of stretches.toSorted((a, b) => a.start - b.start)) {
    const last = all.at(-1);
    if (last !== undefined && start < last.end) last.end = Math.max(last.end, end);
    else all.push({ start, end });
  }
  return all;
}

function found(pattern: Pattern, pieces: readonly string[]): Stretch[] {
  const scan = new PatternScan(pattern);
  const all: Stretch[] = [];
  let released = 0;
  for (const piece of pieces) {
    scan.push(piece);
    const stretches = scan.take();
    // What was said to be settled stays so.
    for (const { start } of stretches) expect(start).toBeGreaterThanOrEqual(released);
    all.push(...stretches);
    released = scan.openFrom;
  }
  scan.end();
  for (const { start } of scan.take().filter((stretch) => all.push(stretch)))
    expect(start).toBeGreaterThanOrEqual(released);
  return united(all);
}

/** Every match from every start to every end, by the engine's own. */
function expected(source: string, text: string): Stretch[] {
  const isFolded = source.startsWith('(?i)');
  const plain = isFolded ? source.slice(4) : source;
  const all: Stretch[] = [];
  for (let start = 0; start < text.length; start++)
    for (let end = start + 1; end <= text.length; end++) {
      const at = new RegExp(
        `(?<=^[^]{${start}})(?:${plain})(?=[^]{${text.length - end}}$)`,
        isFolded ? 'i' : '',
      );
      const match = at.exec(text);
      if (match !== null && match.index === start && match[0].length === end - start)
        all.push({ start, end });
    }
  return united(all);
}

const sources = [
  'a',
  'ab*',
  'a+b|b',
  '[ab]c?',
  '(?:ab)+',
  'a{2,3}',
  '^a.',
  'b$',
  '\\ba\\b',
  '[^a]b',
  'a.*c',
  '(?i)AB',
  '(a|b)(c|)',
  '(a+)+b',
  'c\\Bb?',
];

test('finds what any match covers, however the text is cut into pieces', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' ', '\n'), maxLength: 9 });
  fc.assert(
    fc.property(fc.constantFrom(...sources), fc.array(texts, { maxLength: 3 }), (source, pieces) => {
      expect(found(new Pattern(source), pieces)).toEqual(expected(source, pieces.join('')));
    }),
    { seed: 3, numRuns: 400 },
  );
});

test('no pattern takes longer than the text is long: what makes others backtrack for ever is done in one pass', () => {
  for (const source of ['^(a+)+$', '(a|aa)+b', '(.*)*x', '\\w+@\\w+\\.com', '(a*)*b'].filter(
    (one) => !one.startsWith('^'),
  ))
    expect(found(new Pattern(source), ['a'.repeat(20_000)])).toEqual([]);
  expect(found(new Pattern('^(a+)+$'), [`${'a'.repeat(20_000)}!`])).toEqual([]);
  expect(found(new Pattern('^(a+)+$'), ['a'.repeat(20_000)])).toEqual([{ start: 0, end: 20_000 }]);
});

test.each([
  'a(',
  'a)',
  '[a',
  '*a',
  '(?=a)',
  '(?<n>a)',
  '\\1',
  'a{3,2}',
  'a\\',
  '[b-a]',
  '\\p{L}',
  '',
  'a*',
  '(a|)',
  '^',
  '((a{99}){99}){99}',
  '((((a{0}){9999}){9999}){9999}){9999}b',
])('%j is no pattern', (source) => {
  expect(() => new Pattern(source)).toThrow(SyntaxError);
});

test('a literal is found as it stands', () => {
  const text = 'a.b*(c)[d]{e}|f\\g^h$i?+';
  expect(found(literalPattern(text), [`x${text}x`])).toEqual([{ start: 1, end: 1 + text.length }]);
  expect(found(literalPattern(text), [text.replace('.', 'x')])).toEqual([]);
});
