/**
 * One run under one policy, in a process of its own: `node calls-worker.mjs POLICY AGENTS CALLS yes|no SEED` (tools between the calls). As runs are compared: with all metrics, without records, checks and event hash.
 * Prints one JSON document.
 */
import { runWorkload } from '../../src/sim/run-workload.ts';
import { agentsFor, specFor } from './agents.ts';

export interface CallsRow {
  /** Of processor time, and by the clock on the wall. */
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly calls: number;
  readonly dispatches: number;
  readonly events: number;
}

const [policy = '', agents = '', calls = '', tools = '', seed = ''] = process.argv.slice(2);
const workload = agentsFor(Number(agents), Number(calls), tools === 'yes', Number(seed));
const before = process.cpuUsage();
const started = performance.now();
const { metrics, events } = runWorkload({
  spec: specFor(policy, Number(agents), Number(seed)),
  agents: workload,
  program: 'replayed',
  check: false,
  keepRecords: false,
  hashEvents: false,
});
const wallSeconds = (performance.now() - started) / 1_000;
const { user, system } = process.cpuUsage(before);
if (metrics.modelCallsCompleted !== Number(agents) * Number(calls))
  throw new Error(`${metrics.modelCallsCompleted} calls have ended well, not ${agents} × ${calls}`);
const row: CallsRow = {
  cpuSeconds: (user + system) / 1e6,
  wallSeconds,
  calls: metrics.modelCalls,
  dispatches: metrics.dispatches,
  events,
};
console.log(JSON.stringify(row));
