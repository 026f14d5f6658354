/**
 * `node loop-worker.mjs STEPS`: one live agent that makes so many model turns with one tool call each, with a model and a tool that answer at once, its state saved in memory after each
 * step. Prints one line of JSON.
 */
import type { ModelPort } from '../../src/host/ports.ts';
import { count, countingKernel } from './counting-kernel.ts';

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
const windowTokens = 1_000_000_000;

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

/** Returns when each model call began, ms. */
async function run(limit: number): Promise<readonly number[]> {
  const atMs: number[] = [];
  const live = countingKernel({ model: instantModel(atMs, limit) });
  await count(live, limit, { windowTokens });
  live.close();
  return atMs;
}

// Compiled code on both sides of what is compared; the peer does the same.
for (let round = 0; round < 10; round++) await run(100);
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
