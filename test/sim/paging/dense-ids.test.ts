import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import { ReferenceColumns } from '../../../src/sim/paging/reference-columns.ts';
import { naiveDense, plainColumns } from '../../support/references.ts';

const TWO_32 = 0x100000000n;

/** Dense ids of recorded ones, through the columns, which translate in batches. */
function dense(recorded: readonly bigint[]): { ids: readonly number[]; unique: number } {
  const columns = new ReferenceColumns();
  for (const id of recorded) columns.add(Number(id % TWO_32), Number(id / TWO_32), 0, 0);
  return plainColumns(columns);
}

test('ids are numbered in order of first appearance, direct ones and others alike', () => {
  const recorded = [7n, 2n ** 63n, 7n, 0n, 2n ** 32n + 7n, 4_194_303n, 4_194_304n, 2n ** 63n, 2n ** 64n - 1n];
  expect(dense(recorded)).toEqual({ ids: [1, 2, 1, 3, 4, 5, 6, 2, 7], unique: 7 });
});

test('ids that differ in one half only, multiples and runs are told apart, as by a Map', () => {
  const shapes = fc.constantFrom<(n: bigint) => bigint>(
    (n) => n,
    (n) => n * 4_096n,
    (n) => n << 32n,
    (n) => n << 40n,
    (n) => n + 2n ** 31n,
    (n) => (n * 0x9e3779b97f4a7c15n) % 2n ** 64n,
  );
  const references = fc.array(fc.tuple(shapes, fc.bigInt({ min: 0n, max: 300n })), {
    minLength: 1,
    maxLength: 700,
  });
  fc.assert(
    fc.property(references, (drawn) => {
      const recorded = drawn.map(([shape, n]) => shape(n));
      expect(dense(recorded)).toEqual(naiveDense(recorded));
    }),
    { seed: 11, numRuns: 200 },
  );
});

test('many ids with one half in common: those that meet in the table are told apart', () => {
  const rng = rngFor(2, 'dense');
  const words = Array.from({ length: 20_000 }, () => BigInt(rng.uint32()));
  for (const recorded of [words.map((word) => word * TWO_32 + 7n), words.map((word) => 7n * TWO_32 + word)]) {
    const twice = [...recorded, ...recorded];
    const { ids, unique } = dense(twice);
    const naive = naiveDense(twice);
    expect(unique).toBe(naive.unique);
    expect(ids.join() === naive.ids.join()).toBe(true);
  }
});

test('the table of direct ids grows as they do, in the middle of a batch too', () => {
  const recorded = Array.from({ length: 23 }, (_, bit) => [
    2n ** BigInt(bit),
    2n ** BigInt(bit) - 1n,
    5n,
  ]).flat();
  const twice = [...recorded, ...recorded, 2n ** 40n, ...recorded];
  expect(dense(twice)).toEqual(naiveDense(twice));
});

test('the table grows: 100,000 scattered ids, each twice', () => {
  const rng = rngFor(1, 'dense');
  const recorded = Array.from(
    { length: 100_000 },
    () => BigInt(rng.uint32()) * TWO_32 + BigInt(rng.uint32()),
  );
  const { ids, unique } = dense([...recorded, ...recorded]);
  expect(unique).toBe(new Set(recorded).size);
  expect(ids.slice(0, 100_000).join()).toBe(ids.slice(100_000).join());
  expect(Math.max(...ids.slice(0, 1_000))).toBe(1_000);
});
