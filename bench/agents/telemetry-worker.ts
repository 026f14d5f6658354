/**
 * `node telemetry-worker.mjs STEPS ROUNDS`: one live agent that makes so many model turns with one tool call each, with a model and a tool that answer at once, without telemetry and with more and more of
 * it, in turns. `figures`: metrics alone; `spans`: spans, too, which are thrown away; `otlp`: they go to a collector in a process of its own. Prints one line of JSON. `collector`: is that process.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { SystemClock } from '../../src/adapters/clock/system-clock.ts';
import { openOtlpExporter } from '../../src/adapters/telemetry/otlp-exporter.ts';
import { otlpSettings } from '../../src/adapters/telemetry/otlp-settings.ts';
import { openTelemetry, type TelemetryExporter } from '../../src/host/telemetry/open-telemetry.ts';
import { count, countingKernel } from './counting-kernel.ts';
import { instantModel } from './instant-model.ts';

const kinds = ['off', 'figures', 'spans', 'otlp'] as const;
type Kind = (typeof kinds)[number];

/** `us`: processor time of a step with all threads, the median of the rounds; `dropped`: spans that the collector did not get, of all rounds. */
export interface TelemetryRow {
  readonly kind: Kind;
  readonly us: number;
  readonly dropped: number;
}

const [first = '1000', second = '5'] = process.argv.slice(2);
if (first === 'collector') collect();
else await measure(Number(first), Number(second));

/** Takes whatever comes, and prints where it listens. */
function collect(): void {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end());
  });
  server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
}

async function measure(steps: number, rounds: number): Promise<void> {
  const collector = spawn(process.execPath, [process.argv[1]!, 'collector'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const url = await addressOf(collector);
    // Compiled code on all sides.
    for (const kind of kinds) for (let round = 0; round < 5; round++) await run(kind, 100, url);
    const found = new Map<Kind, { us: number; dropped: number }[]>();
    for (let round = 0; round < rounds; round++)
      for (const kind of kinds) found.set(kind, [...(found.get(kind) ?? []), await run(kind, steps, url)]);
    const rows = kinds.map((kind): TelemetryRow => {
      const all = found.get(kind)!;
      const sorted = all.map(({ us }) => us).toSorted((a, b) => a - b);
      const dropped = all.reduce((sum, one) => sum + one.dropped, 0);
      return { kind, us: sorted[Math.floor(sorted.length / 2)]!, dropped };
    });
    console.log(JSON.stringify(rows));
  } finally {
    collector.kill();
  }
}

async function addressOf({ stdout }: ChildProcess): Promise<string> {
  const [line] = (await once(stdout!, 'data')) as [Buffer];
  return `http://127.0.0.1:${line.toString().trim()}`;
}

async function run(kind: Kind, steps: number, url: string): Promise<{ us: number; dropped: number }> {
  const exporter = await exporterOf(kind, url);
  const live = countingKernel({ model: instantModel(steps) });
  const telemetry = kind === 'off' ? undefined : openTelemetry(live, { clock: new SystemClock(), exporter });
  const before = process.cpuUsage();
  await count(live, steps, { windowTokens: 1_000_000_000 });
  live.close();
  await telemetry?.close();
  const { user, system } = process.cpuUsage(before);
  return { us: (user + system) / steps, dropped: exporter?.dropped ?? 0 };
}

async function exporterOf(kind: Kind, url: string): Promise<TelemetryExporter | undefined> {
  if (kind === 'spans') return { begin() {}, add() {}, dropped: 0, close: () => Promise.resolve() };
  if (kind !== 'otlp') return undefined;
  const settings = otlpSettings({ flag: 'url', url }, {})!;
  return openOtlpExporter({ settings, onNotice: (line) => console.error(line) });
}
