/**
 * `node crowd-worker.mjs URL AGENTS STEPS`: so many live agents at once in this process, each with so many turns with a tool call and a last one, every answer streamed by a model server a word at a time.
 * Prints one line of JSON.
 */
import { openAiCompatible } from '../../src/adapters/models/openai-compatible.ts';
import { count, countingKernel } from './counting-kernel.ts';

export interface CrowdRow {
  readonly agents: number;
  readonly calls: number;
  /** Answers under way at once, at most. */
  readonly streams: number;
  /** Text deltas told. */
  readonly deltas: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Of the process, before the first agent and at most. */
  readonly startMegabytes: number;
  readonly peakMegabytes: number;
}

const [url = '', ...numbers] = process.argv.slice(2);
const [agents = 1_000, steps = 4] = numbers.map(Number);
const result = ` ${'and what the tool found. '.repeat(40)}`;

const live = countingKernel({ model: openAiCompatible({ url }), cores: agents, result });
const streaming = new Set<number>();
let streams = 0;
let deltas = 0;
live.answers.watch(({ call, delta }) => {
  if (delta.type !== 'text') return void streaming.delete(call.pid);
  deltas++;
  streaming.add(call.pid);
  streams = Math.max(streams, streaming.size);
});
const startMegabytes = process.memoryUsage().rss / 1_048_576;
const start = performance.now();
await Promise.all(
  Array.from({ length: agents }, (_, agent) =>
    count(live, steps, { models: ['typing'], name: `agent-${agent}`, checkpointEvery: 1 }),
  ),
);
const seconds = (performance.now() - start) / 1_000;
live.close();
const { user, system } = process.cpuUsage();
const row: CrowdRow = {
  agents,
  calls: agents * (steps + 1),
  streams,
  deltas,
  seconds,
  cpuSeconds: (user + system) / 1e6,
  startMegabytes,
  peakMegabytes: process.resourceUsage().maxRSS / 1_024,
};
console.log(JSON.stringify(row));
