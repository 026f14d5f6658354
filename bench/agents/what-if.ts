/**
 * How far a what-if is from really running it: agents on a provider with real latencies are recorded under one policy, predicted under other settings, and really run again under these.
 * `npx tsx bench/agents/what-if.ts [ROUNDS]`, some 30 s a round.
 */
import { formatDuration, formatMoney, formatPercent } from '../../src/report/format.ts';
import { table } from '../../src/report/table.ts';
import { Metrics } from '../../src/sim/metrics/metrics.ts';
import type { RunMetrics } from '../../src/sim/metrics/run-metrics.ts';
import { rerun } from '../../src/sim/recording.ts';
import { RecordedWork } from '../../src/sim/whatif/recorded-work.ts';
import { ratesOf, simulateWork, specWith, type OtherSettings } from '../../src/sim/whatif/what-if.ts';
import type { LiveSpec } from '../../src/sim/live-spec.ts';
import { each } from '../../test/support/recorded-live.ts';
import { runSlowly, slowSpec, type SlowWork } from '../../test/support/slow-provider.ts';
import { commit, machine } from '../machine.ts';

const [rounds = 3] = process.argv.slice(2).map(Number);
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
  const turns = Array.from({ length: 6 }, (_, agent) => 1 + ((agent * 5 + round * 3) % 7));
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

const shown = (settings: OtherSettings): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');
const errorOf = (predicted: number, real: number): number => Math.abs(predicted - real) / real;
const errors = { completion: [] as number[], turnaround: [] as number[], cost: [] as number[] };
const rows: string[][] = [];
for (let round = 0; round < rounds; round++) {
  const slow = workOf(round);
  const { work } = await measured(recordedSpec, slow);
  for (const settings of changes) {
    const spec = specWith(recordedSpec, settings, work.spawns) as LiveSpec;
    const { metrics: predicted } = simulateWork({ spec, parts: {}, work, rates: ratesOf(work), settings });
    const { metrics: real } = await measured(spec, slow);
    const completion = errorOf(predicted.makespanUs, real.makespanUs);
    const turnaround = errorOf(predicted.turnaround.mean, real.turnaround.mean);
    const cost = errorOf(predicted.microDollars, real.microDollars);
    errors.completion.push(completion);
    errors.turnaround.push(turnaround);
    errors.cost.push(cost);
    rows.push([
      String(round + 1),
      shown(settings),
      `${formatDuration(predicted.makespanUs)} / ${formatDuration(real.makespanUs)}`,
      formatPercent(completion),
      formatPercent(turnaround),
      `${formatMoney(predicted.microDollars)} / ${formatMoney(real.microDollars)}`,
      formatPercent(cost),
    ]);
  }
}
const headers = [
  'round',
  'what if',
  'completion: predicted / real',
  'off by',
  'turnaround off by',
  'cost',
  'off by',
];
for (const line of table({ columns: headers.map((header) => ({ header })), rows })) console.log(line);
const median = (values: readonly number[]): string =>
  formatPercent(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0);
console.log(
  `\nmedian: completion ${median(errors.completion)}, turnaround ${median(errors.turnaround)}, cost ${median(errors.cost)}; ` +
    `commit ${commit()}, ${machine()}`,
);
