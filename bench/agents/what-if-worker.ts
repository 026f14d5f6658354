/**
 * `node what-if-worker.mjs ROUNDS AGENTS CHANGES`: how far a what-if is from really running it. Agents on a provider with real latencies are recorded under one policy, predicted under so many other
 * settings, and really run again under these; some 30 s a round of 6 agents and all settings. Prints one line of JSON.
 */
import { Metrics } from '../../src/sim/metrics/metrics.ts';
import type { RunMetrics } from '../../src/sim/metrics/run-metrics.ts';
import { rerun } from '../../src/sim/recording.ts';
import { RecordedWork } from '../../src/sim/whatif/recorded-work.ts';
import { ratesOf, simulateWork, specWith, type OtherSettings } from '../../src/sim/whatif/what-if.ts';
import type { LiveSpec } from '../../src/sim/live-spec.ts';
import { each } from '../../test/support/recorded-live.ts';
import { runSlowly, slowSpec, type SlowWork } from '../../test/support/slow-provider.ts';

const [rounds = 3, agents = 6, most = Infinity] = process.argv.slice(2).map(Number);
const recordedSpec = slowSpec('fifo');
const changes: readonly OtherSettings[] = [
  { scheduler: 'sjf' },
  { scheduler: 'plas' },
  { scheduler: 'random' },
  { cores: 2 },
  { scheduler: 'sjf', cores: 3 },
];

/** Agents of some turns each, drawn anew in each round from its number. */
function workOf(round: number): SlowWork {
  const turns = Array.from({ length: agents }, (_, agent) => 1 + ((agent * 5 + round * 3) % 7));
  return { turns, latencyMs: 80, tokenMs: 10, toolMs: 100 };
}

async function measured(
  spec: LiveSpec,
  work: SlowWork,
): Promise<{ work: RecordedWork; metrics: RunMetrics }> {
  const { lines } = await runSlowly(spec, work);
  const recorded = new RecordedWork();
  let metrics: Metrics | undefined;
  await rerun('recording', each(lines), {
    records: true,
    onStart: ({ engines, budgets }) => (metrics = new Metrics({ engines, budgets })),
    onStep: (kernel, input, output) => recorded.onStep(kernel, input, output),
    onEvent: (event) => metrics!.onEvent(event),
  });
  return { work: recorded, metrics: metrics!.result(recorded.lastUs) };
}

export interface WhatIfRow {
  readonly change: string;
  readonly predictedUs: number;
  readonly realUs: number;
  /** Shares of what was real by which the prediction was off. */
  readonly completion: number;
  readonly turnaround: number;
  readonly cost: number;
}

const shown = (settings: OtherSettings): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');
const errorOf = (predicted: number, real: number): number => Math.abs(predicted - real) / real;
const rows: WhatIfRow[] = [];
for (let round = 0; round < rounds; round++) {
  const slow = workOf(round);
  const { work } = await measured(recordedSpec, slow);
  for (const settings of changes.slice(0, most)) {
    const spec = specWith(recordedSpec, settings, work.spawns) as LiveSpec;
    const { metrics: predicted } = simulateWork({ spec, parts: {}, work, rates: ratesOf(work), settings });
    const { metrics: real } = await measured(spec, slow);
    rows.push({
      change: shown(settings),
      predictedUs: predicted.makespanUs,
      realUs: real.makespanUs,
      completion: errorOf(predicted.makespanUs, real.makespanUs),
      turnaround: errorOf(predicted.turnaround.mean, real.turnaround.mean),
      cost: errorOf(predicted.microDollars, real.microDollars),
    });
  }
}
console.log(JSON.stringify(rows));
