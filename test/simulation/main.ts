/** `npm run simulate -- [--seeds N] [--from SEED] [--scenario FILE] [--no-shrink]` */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { brokenPromiseOf } from './broken-promise.ts';
import { drawScenario } from './draw-scenario.ts';
import { runScenario } from './run-scenario.ts';
import type { Scenario } from './scenario.ts';

const { values: flags } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    scenario: { type: 'string' },
    all: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: true },
  },
  allowNegative: true,
});

const startMs = performance.now();
const counts = new Map<string, number>();
let worlds = 0;
if (flags.scenario !== undefined)
  await run(JSON.parse(readFileSync(flags.scenario, 'utf8')) as Scenario, flags.scenario);
else {
  const from = Number(flags.from);
  for (let seed = from; seed < from + Number(flags.seeds) && (flags.all || process.exitCode !== 1); seed++)
    await run(drawScenario(seed), `seed ${seed}`);
}
const seconds = (performance.now() - startMs) / 1_000;
console.log(`${worlds} worlds in ${seconds.toFixed(1)} s (${Math.round(worlds / seconds)} a second)`);

async function run(scenario: Scenario, name: string): Promise<void> {
  worlds++;
  try {
    for (const [what, count] of (await runScenario(scenario)).counts)
      counts.set(what, (counts.get(what) ?? 0) + count);
  } catch (error) {
    const { promise, message, stack } = brokenPromiseOf(error);
    console.log(`${name}: ${promise}: ${message}`);
    if (process.env['STACK']) console.log(stack);
    process.exitCode = 1;
  }
}
