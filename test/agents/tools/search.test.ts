import { expect, test } from 'vitest';

import { builtInTools } from '../../../src/agents/tools/built-in.ts';
import { searchCorpus } from '../../../src/agents/tools/search-corpus.ts';
import { search, searchTool } from '../../../src/agents/tools/search.ts';
import { ToolRegistry } from '../../../src/kernel/tools.ts';

const titles = (query: string, limit?: number): string[] =>
  search(limit === undefined ? { query } : { query, limit }).results.map(({ title }) => title);

const best: readonly [query: string, title: string][] = [
  ['thrashing', 'Thrashing'],
  ['What is a deadlock?', 'Deadlock'],
  ['which policy evicts the page used farthest in the future', 'Optimal page replacement'],
  ['Belady anomaly FIFO more frames more faults', 'Belady’s anomaly'],
  ["banker's algorithm", 'Banker’s algorithm'],
  ['time slices in turn', 'Round robin scheduling'],
  ['mars pathfinder', 'Priority inversion'],
  ['red-black tree virtual runtime', 'Completely fair scheduler'],
  ['INODES', 'Inode'],
  ['attention keys and values of tokens', 'KV cache paging'],
];
for (const [query, title] of best) {
  test(`${query} → ${title}`, () => {
    expect(titles(query)[0]).toBe(title);
  });
}

test('at most `limit` results, five by default, best first', () => {
  const { results } = search({ query: 'page memory', limit: 20 });
  expect(results.length).toBeGreaterThan(10);
  expect(results.length).toBeLessThanOrEqual(20);
  expect(titles('page memory')).toEqual(results.slice(0, 5).map(({ title }) => title));
  expect(titles('page memory', 1)).toHaveLength(1);
  const scores = results.map(({ score }) => score);
  expect(scores).toEqual(scores.toSorted((a, b) => b - a));
  expect(Math.min(...scores)).toBeGreaterThan(0);
});

test('nothing matches: an empty list', () => {
  for (const query of ['zebra', 'the of and', '?!', '', "'s"])
    expect(search({ query })).toEqual({ results: [] });
});

test('scores are those of the formula, on a corpus small enough to work out by hand', () => {
  // Terms with the title three times: alpha ×4 beta (5 terms); beta ×4 (4 terms); mean length 4.5.
  const corpus = [
    { title: 'Alpha', text: 'alphas, and the beta' },
    { title: 'Beta', text: 'beta' },
  ];
  const weight = (idf: number, count: number, length: number): number =>
    (idf * count * 2.2) / (count + 1.2 * (0.25 + (0.75 * length) / 4.5));
  const rare = Math.log(1 + 1.5 / 1.5); // in one of two
  const common = Math.log(1 + 0.5 / 2.5); // in both
  const { results } = search({ query: 'alpha beta beta' }, corpus);
  expect(results.map(({ title }) => title)).toEqual(['Alpha', 'Beta']);
  expect(results[0]!.score).toBeCloseTo(weight(rare, 4, 5) + weight(common, 1, 5), 4);
  expect(results[1]!.score).toBeCloseTo(weight(common, 4, 4), 4);
});

test('ties keep the order of the corpus', () => {
  const corpus = ['One', 'Two', 'Three'].map((title) => ({ title, text: 'same' }));
  expect(search({ query: 'same' }, corpus).results.map(({ title }) => title)).toEqual([
    'One',
    'Two',
    'Three',
  ]);
});

test('every entry is found by its own title, and titles differ', () => {
  expect(searchCorpus.length).toBeGreaterThanOrEqual(40);
  expect(new Set(searchCorpus.map(({ title }) => title)).size).toBe(searchCorpus.length);
  for (const { title } of searchCorpus) expect(titles(title)[0]).toBe(title);
});

test('the built-in tools can be registered and run', () => {
  const registry = new ToolRegistry(builtInTools.map(({ spec }) => spec));
  expect(registry.names()).toEqual(['calculator', 'search']);
  expect(registry.check(registry.get('search')!, { query: 'x', limit: 21 })).toBe(
    'arguments.limit: 21 is not allowed; allowed: an integer from 1 to 20',
  );
  const [calculator, searcher] = builtInTools;
  expect(calculator!.run({ expression: '6 * 7' })).toEqual({ ok: true, value: 42 });
  expect(calculator!.run({ expression: '6 *' })).toMatchObject({ ok: false });
  expect(searcher!.spec).toBe(searchTool);
  const result = searcher!.run({ query: 'semaphore', limit: 1 });
  expect(result).toMatchObject({ ok: true, value: { results: [{ title: 'Semaphore' }] } });
});
