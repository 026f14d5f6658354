import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { PageRuns } from '../../../src/sim/checkers/page-runs.ts';
import { seedCount } from '../../support/seeds.ts';

test('pages come in and leave in any portions that add up', () => {
  const runs = new PageRuns();
  expect(runs.add(10, 100, 6400)).toBeUndefined();
  expect(runs.add(110, 10, 50)).toBeUndefined();
  // The tail of the first batch and the head of the second, then what is left of both.
  expect(runs.remove(100, 15, 640 + 25)).toBeUndefined();
  expect([runs.pages, runs.tokens]).toEqual([95, 5785]);
  expect(runs.add(100, 10, 640)).toBeUndefined();
  expect(runs.remove(115, 5, 25)).toBeUndefined();
  expect(runs.remove(10, 100, 6400)).toBeUndefined();
  expect([runs.pages, runs.tokens]).toEqual([0, 0]);
});

test('what is wrong is told', () => {
  const runs = new PageRuns();
  runs.add(10, 10, 100);
  expect(runs.add(19, 5, 5)).toBe('page 19 is resident already');
  expect(runs.add(5, 6, 6)).toBe('page 10 is resident already');
  expect(runs.remove(5, 6, 6)).toBe('page 5 is not resident');
  expect(runs.remove(15, 6, 6)).toBe('page 20 is not resident');
  expect(runs.remove(30, 1, 1)).toBe('page 30 is not resident');
  expect(runs.add(40, 0, 0)).toBe('0 pages: at least 1 must move');
  expect(runs.add(40, 2, 1)).toBe('1 tokens in 2 pages: a page has at least 1');
  expect(runs.add(-1, 2, 2)).toBe('page -1 is not an id');
  expect(runs.remove(10, 4, 95)).toBe('95 tokens leave, and 5 are left for the other 6 pages');
});

test('the last pages of a batch take the rest of its tokens', () => {
  const runs = new PageRuns();
  runs.add(10, 10, 100);
  expect(runs.remove(10, 4, 40)).toBeUndefined();
  expect(runs.remove(14, 6, 59)).toBe('59 tokens leave, but 60 came in');
});

test('batches of which parts left together are one from then on', () => {
  const runs = new PageRuns();
  runs.add(10, 10, 100);
  runs.add(20, 10, 200);
  expect(runs.remove(15, 10, 150)).toBeUndefined();
  expect(runs.remove(10, 5, 30)).toBeUndefined();
  expect(runs.remove(25, 5, 119)).toBe('119 tokens leave, but 120 came in');
});

const move = fc.record({
  first: fc.integer({ min: 0, max: 9 }),
  pages: fc.integer({ min: 1, max: 3 }),
  isAdd: fc.boolean(),
});

test('runs agree with a set of single pages', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 80 }), (moves) => {
      const runs = new PageRuns();
      const resident = new Set<number>();
      const tokensOf = (page: number): number => 1 + (page % 7);
      for (const { first, pages, isAdd } of moves) {
        const range = Array.from({ length: pages }, (_, index) => first + index);
        const offender = range.find((page) => resident.has(page) === isAdd);
        const tokens = range.reduce((sum, page) => sum + tokensOf(page), 0);
        const problem = isAdd ? runs.add(first, pages, tokens) : runs.remove(first, pages, tokens);
        if (offender === undefined) {
          expect(problem).toBeUndefined();
          for (const page of range) {
            if (isAdd) resident.add(page);
            else resident.delete(page);
          }
        } else {
          expect(problem).toBe(`page ${offender} is ${isAdd ? 'resident already' : 'not resident'}`);
        }
        expect(runs.pages).toBe(resident.size);
        expect(runs.tokens).toBe([...resident].reduce((sum, page) => sum + tokensOf(page), 0));
      }
    }),
    { seed: 11, numRuns: seedCount(500, 20_000) },
  );
});
