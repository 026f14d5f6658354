import { expect, test } from 'vitest';

import { TermOverlapIndex } from '../../src/kernel/term-overlap.ts';

function indexOf(texts: readonly string[]): TermOverlapIndex {
  const index = new TermOverlapIndex();
  for (const [number, text] of texts.entries()) index.add(number, text);
  return index;
}

test('the score is the share of the query\u2019s distinct words; the later text wins a tie', () => {
  const index = indexOf(['Paging', 'paging and scheduling', 'nothing', 'scheduling, paging!']);
  expect(index.search('Paging paging scheduling', 5)).toEqual([
    { number: 3, score: 1 },
    { number: 1, score: 1 },
    { number: 0, score: 0.5 },
  ]);
  expect(index.search('paging scheduling', 1)).toEqual([{ number: 3, score: 1 }]);
});

test('what was removed is found no more', () => {
  const index = indexOf(['cold cache', 'cold start']);
  index.remove(0, 'cold cache');
  expect(index.search('cold cache', 5)).toEqual([{ number: 1, score: 0.5 }]);
  expect(index.search('cache', 5)).toEqual([]);
});

test('words are letters and digits of any script, whatever their case', () => {
  expect(indexOf(['über-42', 'uber', '4 2']).search('ÜBER 42', 5)).toEqual([{ number: 0, score: 1 }]);
  expect(indexOf(['a']).search('', 5)).toEqual([]);
  expect(indexOf([]).search('a', 5)).toEqual([]);
});
