/**
 * `node loop-worker.mjs STEPS`: one live agent that makes so many model turns with one tool call each, with a model and a tool that answer at once, its state saved in memory after each
 * step. Prints one line of JSON.
 */
import { SystemClock } from '../../src/adapters/clock/system-clock.ts';
import { LiveTools } from '../../src/adapters/tools/live-tool.ts';
import { agentProgram } from '../../src/agents/loop/agent-program.ts';
import type { AgentTask } from '../../src/agents/loop/agent-task.ts';
import { LiveKernel } from '../../src/host/live-kernel.ts';
import type { ModelPort } from '../../src/host/ports.ts';
import { estimateTokens } from '../../src/kernel/estimate.ts';
import type { Json } from '../../src/kernel/ids.ts';
import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import { importanceLru } from '../../src/policies/paging/importance-lru.ts';
import { priority } from '../../src/policies/scheduling/priority.ts';

/** `firstUs`, `lastUs`: what one of the first steps takes and one of the last, over a tenth of the steps each; of steps that come at once. */
export interface LoopRow {
  readonly steps: number;
  readonly seconds: number;
  readonly stepsPerSecond: number;
  readonly megabytes: number;
  readonly firstUs: number;
  readonly lastUs: number;
}

const [steps = 1_000] = process.argv.slice(2).map(Number);
const roomTokens = 1_000_000_000;

/** Asks for the tool `count` as often as there are steps. */
function instantModel(atMs: number[], limit: number): ModelPort {
  let turn = 0;
  return {
    call: () => {
      atMs.push(performance.now());
      const isLast = turn === limit;
      return Promise.resolve({
        text: isLast ? 'done' : 'next',
        toolCalls: isLast ? [] : [{ id: `call-${turn}`, tool: 'count', arguments: { turn: turn++ } }],
        finish: isLast ? ('stop' as const) : ('tool-calls' as const),
        usage: {},
      });
    },
  };
}

async function run(limit: number): Promise<readonly number[]> {
  const atMs: number[] = [];
  const tools = new LiveTools([
    {
      spec: {
        name: 'count',
        description: 'Counts.',
        parameters: { type: 'object', properties: { turn: { type: 'number' } } },
        reads: [],
        writes: [],
      },
      call: (args) => Promise.resolve({ ok: true, value: `counted ${(args as { turn: number }).turn}` }),
    },
  ]);
  const live = new LiveKernel({
    kernel: {
      seed: 1,
      scheduling: priority,
      paging: importanceLru,
      engines: [{ name: 'model', preemption: 'none', memoryTokens: Infinity }],
      programs: [agentProgram],
      tools: tools.specs,
    },
    clock: new SystemClock(),
    models: { model: instantModel(atMs, limit) },
    tools,
    people: { ask: () => {}, withdraw: () => {} },
    storage: new MemoryStorage(),
    countTokens: estimateTokens,
  });
  const task: AgentTask = {
    task: 'Count.',
    tools: ['count'],
    toolCalls: limit + 1,
    iterations: limit + 2,
    checkpointEvery: 1,
    reflectEvery: 0,
    windowTokens: roomTokens,
  };
  const { outcome, value } = await live.spawn({
    program: 'agent',
    arguments: task as unknown as Json,
    name: 'counter',
    run: 'bench',
  }).end;
  if (outcome !== 'completed' || atMs.length !== limit + 1)
    throw new Error(`${outcome} after ${atMs.length} turns: ${JSON.stringify(value)}`);
  return atMs;
}

// Compiled code on both sides of what is compared.
await run(300);
const start = performance.now();
const atMs = await run(steps);
const seconds = (performance.now() - start) / 1_000;
const tenth = Math.floor(steps / 10);
const meanUs = (from: number): number => ((atMs[from + tenth]! - atMs[from]!) * 1_000) / tenth;
const row: LoopRow = {
  steps,
  seconds,
  stepsPerSecond: steps / seconds,
  megabytes: process.memoryUsage().rss / 1_048_576,
  firstUs: meanUs(Math.min(10, tenth)),
  lastUs: meanUs(steps - tenth),
};
console.log(JSON.stringify(row));
