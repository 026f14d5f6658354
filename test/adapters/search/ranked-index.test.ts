import { expect, test } from 'vitest';

import { RankedIndex } from '../../../src/adapters/search/ranked-index.ts';
import { MemoryStorage } from '../../../src/kernel/memory-storage.ts';
import { storageContract } from '../../kernel/storage-contract.ts';

storageContract('memory with a ranked index', () => new MemoryStorage(() => new RankedIndex()), {
  ranksByTermOverlap: false,
});

function indexOf(texts: readonly string[]): RankedIndex {
  const index = new RankedIndex();
  for (const [number, text] of texts.entries()) index.add(number, text);
  return index;
}

test('a rare word counts more than a frequent one', () => {
  const index = indexOf(['the build fails', 'the tests', 'the docs', 'the migration of the docs']);
  expect(index.search('the migration', 4).map(({ number }) => number)[0]).toBe(3);
});

test('beginnings and near spellings are found, scores stay within their bounds, the later wins a tie', () => {
  const index = indexOf(['deployment of services', 'unrelated words', 'deployment of services']);
  const found = index.search('deploy servises', 5);
  expect(found.map(({ number }) => number)).toEqual([2, 0]);
  for (const { score } of found) {
    expect(score).toBeGreaterThan(0);
    expect(score).toBeLessThanOrEqual(1);
  }
  expect(index.search('deployment', 1)).toEqual([{ number: 2, score: 1 }]);
  expect(index.search('', 5)).toEqual([]);
  expect(index.search('zzz', 5)).toEqual([]);
});

test('what was removed is found no more, and what a long life replaces does not pile up', () => {
  const index = new RankedIndex();
  for (let number = 0; number < 2_000; number++) {
    index.add(number, `note ${number % 3}`);
    if (number > 0) index.remove(number - 1, `note ${(number - 1) % 3}`);
  }
  expect(index.search('note', 5).map(({ number }) => number)).toEqual([1_999]);
});
