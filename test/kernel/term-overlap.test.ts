import { expect, test } from 'vitest';

import { rankByTermOverlap } from '../../src/kernel/term-overlap.ts';

test('the score is the share of the query\u2019s distinct words; the later text wins a tie', () => {
  const texts = ['Paging', 'paging and scheduling', 'nothing', 'scheduling, paging!'];
  expect(rankByTermOverlap('Paging paging scheduling', texts)).toEqual([
    { index: 3, score: 1 },
    { index: 1, score: 1 },
    { index: 0, score: 0.5 },
  ]);
});

test('words are letters and digits of any script, whatever their case', () => {
  expect(rankByTermOverlap('ÜBER 42', ['über-42', 'uber', '4 2'])).toEqual([{ index: 0, score: 1 }]);
  expect(rankByTermOverlap('', ['a'])).toEqual([]);
  expect(rankByTermOverlap('a', [])).toEqual([]);
});
