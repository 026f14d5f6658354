import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { type Rng, rngFor, rngFromState, type RngState } from '../../src/base/rng.ts';

const take = (rng: Rng, count: number): number[] => Array.from({ length: count }, () => rng.uint32());

test('the words are those that the reference implementation gives from the state 1, 2, 3, 4', () => {
  const rng = rngFromState({ seed: '', name: '', words: [1, 2, 3, 4] });
  expect(take(rng, 10)).toEqual([
    11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
  ]);
});

test('a seed and a name give the same stream for ever: changing this changes every published figure', () => {
  expect(take(rngFor(1, 'arrivals'), 4)).toEqual([2447896905, 3860329823, 1555733062, 1413520567]);
});

test('another seed, another name and an empty name are other streams; a number is its decimal text', () => {
  const streams = [
    rngFor(1, 'a'),
    rngFor(2, 'a'),
    rngFor(1, 'b'),
    rngFor(1, ''),
    rngFor('', ''),
    rngFor(-1, 'a'),
  ];
  const firsts = streams.map((rng) => take(rng, 4).join());
  expect(new Set(firsts).size).toBe(streams.length);
  expect(take(rngFor('1', 'a'), 4)).toEqual(take(rngFor(1, 'a'), 4));
  expect(() => rngFor(NaN, 'a')).toThrow('seed NaN');
});

test('seeds that follow each other give streams without a common trend', () => {
  // The first number of 10,000 streams: as evenly spread as 10,000 numbers of one stream.
  const cells = new Float64Array(100);
  for (let seed = 0; seed < 10_000; seed++) cells[Math.floor(rngFor(seed, 'x').next() * 100)]! += 1;
  expect(chiSquare(cells, 100)).toBeLessThan(148.2); // 99 degrees of freedom, p 0.001
});

test('a fork depends on names only, not on what was drawn before', () => {
  const parent = rngFor(5, 'root');
  const early = take(parent.fork('child'), 3);
  take(parent, 100);
  expect(take(parent.fork('child'), 3)).toEqual(early);
  expect(take(rngFor(5, 'root/child'), 3)).toEqual(early);
  expect(take(parent.fork('other'), 3)).not.toEqual(early);
});

test('a saved stream goes on at its place, through JSON, with its forks', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.nat({ max: 50 }), (seed, name, drawn) => {
      const rng = rngFor(seed, name);
      take(rng, drawn);
      const state = JSON.parse(JSON.stringify(rng.save())) as RngState;
      const expected = take(rng, 5);
      const other = rngFor(99, 'other');
      other.load(state);
      expect(take(other, 5)).toEqual(expected);
      expect(take(rngFromState(state), 5)).toEqual(expected);
      expect(take(other.fork('x'), 2)).toEqual(take(rng.fork('x'), 2));
    }),
    { seed: 1, numRuns: 100 },
  );
});

test('a state that the generator cannot have is refused', () => {
  const rng = rngFor(1, 'x');
  for (const words of [
    [0, 0, 0, 0],
    [1, 2, 3],
    [1, 2, 3, 2 ** 32],
    [1, 2, 3, -1],
    [1, 2, 3, 0.5],
  ]) {
    expect(() => rng.load({ seed: '1', name: 'x', words: words as unknown as RngState['words'] })).toThrow(
      'four words',
    );
  }
});

test('next is in [0, 1), uses 53 bits, and is evenly spread', () => {
  const rng = rngFor(1, 'next');
  const cells = new Float64Array(1000);
  let sum = 0;
  let usesLastBits = false;
  for (let draw = 0; draw < 1_000_000; draw++) {
    const value = rng.next();
    cells[Math.floor(value * 1000)]! += 1;
    sum += value;
    usesLastBits ||= value > 0.5 && (value * 2 ** 53) % 2 === 1;
  }
  expect(cells.reduce((a, b) => a + b)).toBe(1_000_000);
  expect(chiSquare(cells, 1000)).toBeLessThan(1142.8); // 999 degrees of freedom, p 0.001
  expect(Math.abs(sum / 1_000_000 - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 12 / 1_000_000));
  expect(usesLastBits).toBe(true);
});

test('integer is even, also where a remainder would favour the small ones', () => {
  // 3 · 2^30 does not divide 2^32: without rejection the first third would come up half of the time.
  const bound = 3 * 2 ** 30;
  const rng = rngFor(1, 'integer');
  const thirds = new Float64Array(3);
  for (let draw = 0; draw < 90_000; draw++) thirds[Math.floor(rng.integer(bound) / 2 ** 30)]! += 1;
  expect(chiSquare(thirds, 30_000)).toBeLessThan(13.8); // 2 degrees of freedom, p 0.001
  // The same above 2^32, where two words are drawn.
  const wide = 3 * 2 ** 51;
  thirds.fill(0);
  for (let draw = 0; draw < 90_000; draw++) thirds[Math.floor(rng.integer(wide) / 2 ** 51)]! += 1;
  expect(chiSquare(thirds, 30_000)).toBeLessThan(13.8);
});

test('integer stays in its range, reaches all of it, and refuses what is no bound', () => {
  const rng = rngFor(1, 'range');
  for (const bound of [1, 2, 7, 2 ** 32, 2 ** 32 + 1, 2 ** 53]) {
    for (let draw = 0; draw < 200; draw++) {
      const value = rng.integer(bound);
      expect(Number.isSafeInteger(value) && value >= 0 && value < bound).toBe(true);
    }
  }
  expect(new Set(Array.from({ length: 200 }, () => rng.integer(7))).size).toBe(7);
  for (const bound of [0, -1, 1.5, NaN, 2 ** 53 + 2]) expect(() => rng.integer(bound)).toThrow('bound');
});

test('two streams of one seed are not correlated', () => {
  const a = rngFor(1, 'a');
  const b = rngFor(1, 'b');
  let sum = 0;
  for (let draw = 0; draw < 100_000; draw++) sum += (a.next() - 0.5) * (b.next() - 0.5);
  expect(Math.abs(sum / 100_000 / (1 / 12))).toBeLessThan(4 / Math.sqrt(100_000));
});

function chiSquare(cells: Float64Array, expected: number): number {
  return cells.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}
