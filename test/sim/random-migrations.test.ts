/** Property: whoever changes its engine, whenever, the kernel keeps its promises, and no core idles without need. */
import { expect, test } from 'vitest';

import { seedCount } from '../support/seeds.ts';
import { crashWorld } from './random-crash.ts';
import { checkWorkConserved, migrating, naming } from './migrating-worlds.ts';
import { runWorld } from './random-world.ts';

test('random worlds of several engines: no promise is broken, nothing is left behind, no core idles without need', () => {
  const counts = new Map<string, number>();
  for (let seed = 1; seed <= seedCount(40, 10_000); seed++) {
    try {
      const { counts: own } = runWorld(seed, { alter: migrating(seed), onStep: checkWorkConserved });
      for (const [type, count] of own) counts.set(type, (counts.get(type) ?? 0) + count);
    } catch (error) {
      throw new Error(`world ${seed}: ${String(error)}`, { cause: error });
    }
  }
  expect(counts.get('process.migrated')).toBeGreaterThan(20);
});

test('the same seed gives the same events', () => {
  for (let seed = 1; seed <= seedCount(8, 1_000); seed++) {
    const alter = migrating(seed);
    expect(runWorld(seed, { alter }), `world ${seed}`).toEqual(runWorld(seed, { alter }));
  }
});

test('after crashes, too, what was stored goes on as it was', () => {
  let moves = 0;
  for (let seed = 1; seed <= seedCount(25, 10_000); seed++) {
    try {
      moves += crashWorld(seed, migrating(seed)).counts.get('process.migrated') ?? 0;
    } catch (error) {
      throw new Error(`crashed world ${seed}: ${String(error)}`, { cause: error });
    }
  }
  expect(moves).toBeGreaterThan(3);
});

test('calls that name their engine run there and nowhere else, before and after crashes', () => {
  const counts = new Map<string, number>();
  for (let seed = 1; seed <= seedCount(25, 10_000); seed++) {
    try {
      const { counts: own } = runWorld(seed, { alter: naming(seed), onStep: checkWorkConserved });
      for (const [type, count] of own) counts.set(type, (counts.get(type) ?? 0) + count);
      crashWorld(seed, naming(seed));
    } catch (error) {
      throw new Error(`world ${seed}: ${String(error)}`, { cause: error });
    }
  }
  expect(counts.get('process.migrated')).toBeGreaterThan(50);
});
