/** A short soak; `npm run soak:inputs` is the long one. */
import { expect, test } from 'vitest';

import { seedCount } from '../support/seeds.ts';
import { soakWorld } from './soak-world.ts';

test('inputs with faults and crashes whose unflushed writes are lost: no promise is broken', () => {
  const wanted = seedCount(10_000, 1_000_000);
  const total = { inputs: 0, faults: 0, crashes: 0, lostWrites: 0 };
  const happened = new Set<string>();
  for (let seed = 1; total.inputs < wanted; seed++) {
    const { inputs, faults, lostWrites } = run(seed);
    total.inputs += inputs;
    total.lostWrites += lostWrites;
    total.crashes += faults.crash;
    for (const [kind, count] of Object.entries(faults)) {
      total.faults += count;
      if (count > 0) happened.add(kind);
    }
  }
  expect(total.faults / total.inputs).toBeGreaterThan(0.01);
  expect(total.crashes).toBeGreaterThan(10);
  expect(total.lostWrites).toBeGreaterThan(10);
  expect([...happened].sort()).toEqual([
    'crash',
    'modelFailure',
    'modelTruncation',
    'personAbsent',
    'personLate',
    'personRepeat',
    'storageFailure',
    'toolFailure',
    'toolLate',
    'toolLost',
    'toolRepeat',
  ]);
});

function run(seed: number): ReturnType<typeof soakWorld> {
  try {
    return soakWorld(seed, 2_000);
  } catch (error) {
    throw new Error(`soakWorld(${seed}, 2000): ${String(error)}`, { cause: error });
  }
}
