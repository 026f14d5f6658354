/**
 * One run under one policy, in a process of its own: `node calls-worker.mjs POLICY AGENTS CALLS yes|no SEED` (tools between the calls). It is what `ringzero compare` does for each policy
 * and seed. Prints one JSON document.
 */
import { compareRun } from '../../src/sim/compare/compare-run.ts';
import { leastDemand } from '../../src/sim/compare/demand.ts';
import { machineOf } from '../../src/sim/compare/machine.ts';
import { agentsFor, specFor } from './agents.ts';

export interface CallsRow {
  /** Of processor time, and by the clock on the wall. */
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
}

const [policy = '', count = '', calls = '', tools = '', seed = ''] = process.argv.slice(2);
const agents = agentsFor(Number(count), Number(calls), tools === 'yes', Number(seed));
const spec = specFor(policy, Number(count), Number(seed));
const machine = machineOf(spec);
const demands = agents.map((agent) => leastDemand(agent, machine));
const before = process.cpuUsage();
const started = performance.now();
const figures = compareRun({ spec, agents, demands, program: 'replayed', machine }, policy);
const wallSeconds = (performance.now() - started) / 1_000;
const { user, system } = process.cpuUsage(before);
if (figures.completed !== agents.length || figures.cutShort > 0)
  throw new Error(`${figures.completed} of ${agents.length} agents completed, ${figures.cutShort} cut short`);
console.log(JSON.stringify({ cpuSeconds: (user + system) / 1e6, wallSeconds } satisfies CallsRow));
