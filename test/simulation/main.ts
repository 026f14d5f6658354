/**
 * `npm run simulate [-- --seeds N] [--from SEED] [--scenario FILE] [--every-boundary] [--all] [--no-shrink]`: runs the worlds of N seeds, or of one file. The first that breaks a promise is printed and shrunk
 * to a minimal scenario file; the exit status is 1 then. `--every-boundary`: each world once for each place where a crash can come. `--all`: goes on behind a failure.
 */
import { parseArgs } from 'node:util';

import { brokenPromiseOf, type BrokenPromise } from './broken-promise.ts';
import { checkScenario } from './check-scenario.ts';
import { drawScenario } from './draw-scenario.ts';
import { everyBoundary } from './every-boundary.ts';
import { readScenario, writeScenario } from './scenario-file.ts';
import type { Scenario } from './scenario.ts';
import { shrink } from './shrink.ts';

const { values: flags } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    scenario: { type: 'string' },
    'every-boundary': { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    counts: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: true },
  },
  allowNegative: true,
});

for (const name of ['seeds', 'from'] as const)
  if (!/^\d{1,15}$/.test(flags[name])) {
    console.error(
      `--${name}: ${JSON.stringify(flags[name])} is not allowed; allowed: an integer of at least 0`,
    );
    process.exit(2);
  }

const startMs = performance.now();
const counts = new Map<string, number>();
let worlds = 0;
let failures = 0;
// A promise that nobody waits for is rejected: of the world that runs.
let stray: unknown;
process.on('unhandledRejection', (error) => (stray ??= error));

if (flags.scenario !== undefined) await look(readScenario(flags.scenario), flags.scenario);
else {
  const from = Number(flags.from);
  for (let seed = from; seed < from + Number(flags.seeds) && (flags.all || failures === 0); seed++)
    await look(drawScenario(seed), `seed ${seed}`);
}
if (flags.counts)
  for (const [what, count] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
    console.log(`${count} ${what}`);
const seconds = (performance.now() - startMs) / 1_000;
console.log(
  `${worlds} worlds, ${failures} broken, ${seconds.toFixed(1)} s, ${Math.round(worlds / seconds)} a second`,
);
process.exitCode = failures > 0 ? 1 : 0;

async function look(scenario: Scenario, name: string): Promise<void> {
  const { ends, crashed } = flags['every-boundary']
    ? await everyBoundary(scenario)
    : { ends: undefined, crashed: [scenario] };
  for (const one of crashed) {
    const broken = await brokenIn(one, ends);
    if (broken === undefined) continue;
    failures++;
    console.log(`${name}: ${broken.promise}: ${broken.message}`);
    if (flags.shrink) await keepSmallest(one, broken, name);
    if (!flags.all) return;
  }
}

async function brokenIn(scenario: Scenario, ends?: readonly string[]): Promise<BrokenPromise | undefined> {
  worlds++;
  try {
    const result = await checkScenario(scenario, ends);
    if (stray !== undefined) throw stray;
    for (const [what, count] of result.counts) counts.set(what, (counts.get(what) ?? 0) + count);
    return undefined;
  } catch (error) {
    stray = undefined;
    return brokenPromiseOf(error);
  }
}

async function keepSmallest(scenario: Scenario, broken: BrokenPromise, name: string): Promise<void> {
  let last = broken;
  const smallest = await shrink(scenario, async (smaller) => {
    const found = await brokenIn(smaller);
    if (found?.promise !== broken.promise) return false;
    last = found;
    return true;
  });
  const file = writeScenario(name.replaceAll(/\W+/g, '-'), smallest, last);
  console.log(`  shrunk to ${file}: ${last.message}`);
}
