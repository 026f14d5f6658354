/** The promises that outlive crashes hold in worlds drawn from seeds, wherever a crash comes in one world, and in those that have shown a defect before. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { onlySeed, seedCount } from '../support/seeds.ts';
import { brokenPromiseOf } from './broken-promise.ts';
import { checkScenario } from './check-scenario.ts';
import { drawScenario } from './draw-scenario.ts';
import { everyBoundary } from './every-boundary.ts';
import { readScenario, scenariosFolder } from './scenario-file.ts';
import { smallScenario } from './small-scenario.ts';

test('worlds from seeds keep every promise', async () => {
  const seeds = onlySeed === undefined ? seedCount(60, 20_000) : onlySeed;
  for (let seed = onlySeed ?? 1; seed <= seeds; seed++)
    try {
      await checkScenario(drawScenario(seed));
    } catch (error) {
      const { promise, message } = brokenPromiseOf(error);
      throw new Error(
        `${promise}: ${message}; again, and smaller: npm run simulate -- --from ${seed} --seeds 1`,
        { cause: error },
      );
    }
});

test('a crash at any place keeps every promise', async () => {
  const { ends, crashed } = await everyBoundary(smallScenario);
  expect(crashed.length).toBeGreaterThan(60);
  for (const one of crashed) await checkScenario(one, ends);
});

describe('what has shown a defect', () => {
  test.for(readdirSync(scenariosFolder))('%s', async (file) => {
    await checkScenario(readScenario(join(scenariosFolder, file)));
  });
});

test('the same scenario is the same world', async () => {
  for (let seed = 1; seed <= seedCount(3, 200); seed++) {
    const scenario = drawScenario(seed);
    // As a file has it.
    const again = JSON.parse(JSON.stringify(scenario)) as typeof scenario;
    expect(await checkScenario(again)).toEqual(await checkScenario(scenario));
  }
});
