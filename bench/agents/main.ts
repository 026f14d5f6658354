/**
 * `npm run bench:agents [-- --quick] [-- --write]`: what live agents cost, in five parts. `--quick` takes less of each and no peer (CI: does it run); `--write` keeps the output as
 * docs/results/agents.md.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { formatDuration, formatPercent } from '../../src/report/format.ts';
import { compiled, resultOf } from '../bundled-worker.ts';
import { commit, machine } from '../machine.ts';
import { ResultPage, whole } from '../result-page.ts';
import type { CrowdRow } from './crowd-worker.ts';
import type { LoopRow } from './loop-worker.ts';
import type { ProviderRow } from './provider-worker.ts';
import type { TelemetryRow } from './telemetry-worker.ts';
import type { WhatIfRow } from './what-if-worker.ts';

const { values: flags } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, write: { type: 'boolean', default: false } },
});
const isQuick = flags.quick;
const sizes = isQuick ? [100] : [100, 1_000, 10_000];
/** It takes the square of the steps: 10,000 of them would be hours. */
const peerSizes = isQuick ? [] : [100, 1_000];
const loopRounds = isQuick ? 1 : 3;
const telemetrySteps = isQuick ? 100 : 1_000;
const telemetryRounds = isQuick ? 2 : 15;
const windows = isQuick ? [16_000] : [4_000, 16_000, 100_000];
const providerSteps = isQuick ? 20 : 100;
const providerRounds = isQuick ? 2 : 20;
const crowd = isQuick ? 50 : 1_000;
const crowdSteps = isQuick ? 1 : 4;
const whatIfRounds = isQuick ? 1 : 3;
const whatIfAgents = isQuick ? 2 : 6;
const whatIfChanges = isQuick ? 1 : 5;
const peers = fileURLToPath(new URL('../peers/', import.meta.url));

const page = new ResultPage();
const { say, sayTable } = page;
const folder = mkdtempSync(join(tmpdir(), 'ringzero-bench-'));
try {
  say('# Agent benchmarks');
  say();
  say(
    `Made by \`npm run bench:agents${isQuick ? ' -- --quick' : ''}\` at commit ${commit()}, Node ${process.version}, ${machine()}.`,
  );
  say('The machine is shared: compare figures of one run with each other.');
  say();
  saySteps();
  sayTelemetry();
  await withServer((url) => {
    sayProvider(url);
    sayCrowd(url);
  });
  sayWhatIf();
} finally {
  rmSync(folder, { recursive: true });
}
if (flags.write) page.keep('agents');

function saySteps(): void {
  say('## A step of the loop');
  say();
  say(
    'One live agent: model turn, one tool call, its state saved in memory after each step; model and tool answer at once. Both sides have run 10 times 100 steps before, so that their code is compiled. Ours is',
  );
  say(
    `the best of ${loopRounds}, each in a process of its own; LangGraph.js is its prebuilt agent with its in-memory checkpointer. The first steps, from the tenth on, and the last are a tenth of all each, in processor`,
  );
  say(
    'time with all threads. Targets: 100 times as many steps a second at 1,000 steps, and a last step that takes at most 1.2 times the first.',
  );
  say();
  const worker = program('loop-worker');
  if (peerSizes.length > 0 && !existsSync(join(peers, 'node_modules')))
    execFileSync('npm', ['ci', '--loglevel=error'], { cwd: peers, stdio: 'inherit' });
  const rows = sizes.map((steps) => {
    const ours = best(Array.from({ length: loopRounds }, () => run(worker, steps) as LoopRow));
    /** It tells no more than steps a second and megabytes. */
    const peer = peerSizes.includes(steps)
      ? (run(join(peers, 'langgraph.mjs'), steps) as LoopRow)
      : undefined;
    return [
      whole(steps),
      whole(ours.stepsPerSecond),
      whole(ours.firstUs),
      whole(ours.lastUs),
      (ours.lastUs / ours.firstUs).toFixed(2),
      whole(ours.megabytes),
      peer === undefined ? '' : whole(peer.stepsPerSecond),
      peer === undefined ? '' : whole(peer.megabytes),
      peer === undefined ? '' : whole(ours.stepsPerSecond / peer.stepsPerSecond),
    ];
  });
  sayTable(
    [
      'steps',
      'steps a second',
      'processor µs a step, first',
      'last',
      'last / first',
      'MB',
      'LangGraph.js: steps a second',
      'MB',
      'times as many',
    ],
    rows,
  );
}

function best(rows: readonly LoopRow[]): LoopRow {
  return rows.reduce((first, row) => (row.stepsPerSecond > first.stepsPerSecond ? row : first));
}

function sayTelemetry(): void {
  say('## What telemetry adds to a step');
  say();
  say(
    `The same agent with ${whole(telemetrySteps)} steps, each of which is two spans; processor time of a step with all threads, median of ${telemetryRounds} rounds in which the four take turns, in one process. The collector, in`,
  );
  say('a process of its own, takes whatever comes; the last export is waited for, and counted.');
  say();
  const worker = fileURLToPath(new URL('telemetry-worker.ts', import.meta.url));
  const rows = run(worker, telemetrySteps, telemetryRounds) as readonly TelemetryRow[];
  const words: Readonly<Record<TelemetryRow['kind'], string>> = {
    off: 'none',
    figures: 'metrics alone (`serve`, for Prometheus)',
    spans: 'metrics and spans, not sent',
    otlp: 'metrics and spans, sent (`--otlp`)',
  };
  const off = rows[0]!.us;
  sayTable(
    ['telemetry', 'µs a step', 'adds', 'times', 'spans dropped'],
    rows.map(({ kind, us, dropped }) => [
      words[kind],
      whole(us),
      whole(us - off),
      (us / off).toFixed(2),
      whole(dropped),
    ]),
  );
}

function sayProvider(url: string): void {
  say('## What the kernel adds to a provider');
  say();
  say(
    'An agent with the AI SDK’s provider for OpenAI-compatible endpoints and a model server on this machine, in a process of its own, that streams ten words and a tool call; beside it our adapter without a kernel,',
  );
  say(
    `asked the same, and the provider in a bare loop, sent the same prompts, which reads the stream and does nothing with it. µs a step, median of ${providerRounds} rounds of ${providerSteps} steps in which the three take turns;`,
  );
  say(
    'in brackets the quartiles. Processor time is that of the agents’ process with all its threads. The adapter maps the prompt, puts the answer together and mends what servers do wrong; the kernel is all the rest,',
  );
  say(
    'with its records in memory. A model call is a program that only asks; a step is one of the agent loop: also the tool call, its result in the prompt, what is dropped from the window, and the state saved. The target is',
  );
  say('that the kernel adds less than 50 µs.');
  say();
  const worker = program('provider-worker');
  const cases = [
    ...(isQuick ? [] : [['call', 100_000] as const]),
    ...windows.map((window) => ['step', window] as const),
  ];
  const rows = cases.map(([kind, window]) => {
    const row = run(worker, url, kind, window, providerSteps, providerRounds) as ProviderRow;
    const { messages, bare, adapter, kernel } = row;
    const byAdapter = minus(adapter, bare);
    const byKernel = minus(kernel, adapter);
    return [
      kind === 'call' ? 'a model call' : `a step, window ${whole(window)}`,
      whole(messages),
      whole(quantile(bare, 'cpuUs', 0.5)),
      spread(byAdapter, 'cpuUs'),
      spread(byKernel, 'cpuUs'),
      whole(quantile(bare, 'wallUs', 0.5)),
      spread(byAdapter, 'wallUs'),
      spread(byKernel, 'wallUs'),
    ];
  });
  const of = (time: string): string[] => [`${time}: bare`, 'adapter adds', 'kernel adds'];
  sayTable(['', 'messages', ...of('processor'), ...of('wall')], rows);
}

type Costs = ProviderRow['bare'];

/** Round by round. */
function minus(costs: Costs, others: Costs): Costs {
  return costs.map(({ cpuUs, wallUs }, round) => ({
    cpuUs: cpuUs - others[round]!.cpuUs,
    wallUs: wallUs - others[round]!.wallUs,
  }));
}

function quantile(costs: Costs, field: keyof Costs[number], share: number): number {
  const sorted = costs.map((cost) => cost[field]).toSorted((a, b) => a - b);
  return sorted[Math.round((sorted.length - 1) * share)]!;
}

function spread(costs: Costs, field: keyof Costs[number]): string {
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => whole(quantile(costs, field, share)));
  return `${middle} (${low} to ${high})`;
}

function sayCrowd(url: string): void {
  say(`## ${whole(crowd)} live agents at once`);
  say();
  say(
    `All in one process, with ${crowdSteps + 1} turns each, all but the last with a tool call, through the same provider; the server, in another process, types every answer for a second, a word at a time. MB are the most that the agents’`,
  );
  say(
    'process had resident at any time. Where nobody tells V8 how much memory there is, it lets more garbage gather before it looks. The target is 512 MB.',
  );
  say();
  const worker = program('crowd-worker');
  const rows = [['--max-old-space-size=320'], []].map((options) => {
    const row = runWith(options, worker, url, crowd, crowdSteps) as CrowdRow;
    const { calls, streams, deltas, seconds, cpuSeconds, startMegabytes, peakMegabytes } = row;
    return [
      options.length === 0 ? '`node`' : `\`node ${options.join(' ')}\``,
      whole(calls),
      whole(streams),
      whole(deltas),
      seconds.toFixed(1),
      cpuSeconds.toFixed(1),
      whole(startMegabytes),
      whole(peakMegabytes),
    ];
  });
  sayTable(
    [
      '',
      'model calls',
      'answers streaming at once',
      'words told',
      'seconds',
      'of processor time',
      'MB before',
      'MB at most',
    ],
    rows,
  );
}

function sayWhatIf(): void {
  say('## How far a what-if is off');
  say();
  say(
    `${whatIfAgents} agents on a provider with real latencies are recorded under fifo on one core, predicted under other settings, and really run again under these. Medians of ${whatIfRounds} rounds, each of other work. The target is 10 %.`,
  );
  say();
  const worker = program('what-if-worker');
  const rows = run(worker, whatIfRounds, whatIfAgents, whatIfChanges) as readonly WhatIfRow[];
  const changes = [...new Set(rows.map(({ change }) => change))];
  const told = (name: string, chosen: readonly WhatIfRow[]): string[] => [
    name,
    formatDuration(median(chosen.map(({ predictedUs }) => predictedUs))),
    formatDuration(median(chosen.map(({ realUs }) => realUs))),
    formatPercent(median(chosen.map(({ completion }) => completion))),
    formatPercent(median(chosen.map(({ turnaround }) => turnaround))),
    formatPercent(median(chosen.map(({ cost }) => cost))),
  ];
  sayTable(
    ['what if', 'completion: predicted', 'real', 'off by', 'mean turnaround off by', 'cost off by'],
    [
      ...changes.map((name) =>
        told(
          name,
          rows.filter(({ change }) => change === name),
        ),
      ),
      told('all', rows),
    ],
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** The model server, while `act` runs. */
async function withServer(act: (url: string) => void): Promise<void> {
  const server = spawn(process.execPath, [program('model-server')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [line] = (await once(server.stdout, 'data')) as [Uint8Array];
    act(String(line).trim());
  } finally {
    server.kill();
  }
}

function program(name: string): string {
  return compiled(new URL(`${name}.ts`, import.meta.url), folder);
}

function run(file: string, ...words: readonly (string | number)[]): unknown {
  return resultOf(file, words);
}

function runWith(options: readonly string[], file: string, ...words: readonly (string | number)[]): unknown {
  return resultOf(file, words, options);
}
