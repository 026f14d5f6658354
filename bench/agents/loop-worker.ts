/**
 * `node loop-worker.mjs STEPS`: one live agent that makes so many model turns with one tool call each, with a model and a tool that answer at once, its state saved in memory after each
 * step. Prints one line of JSON.
 */
import { count, countingKernel } from './counting-kernel.ts';
import { instantModel } from './instant-model.ts';

/** `firstUs`, `lastUs`: processor time of one of the first steps, from the tenth on, and of one of the last, over a tenth of all steps each: it tells growth from other load of the machine. */
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

async function run(limit: number, onTurn: (turn: number) => void = () => {}): Promise<void> {
  const live = countingKernel({ model: instantModel(limit, onTurn) });
  await count(live, limit, { windowTokens });
  live.close();
}

// Compiled code on both sides of what is compared; the peer does the same.
for (let round = 0; round < 10; round++) await run(100);
const tenth = Math.floor(steps / 10);
const marks = new Map([10, 10 + tenth, steps - tenth, steps].map((turn) => [turn, 0]));
const start = performance.now();
await run(steps, (turn) => {
  if (!marks.has(turn)) return;
  const { user, system } = process.cpuUsage();
  marks.set(turn, user + system);
});
const seconds = (performance.now() - start) / 1_000;
const meanUs = (from: number): number => (marks.get(from + tenth)! - marks.get(from)!) / tenth;
const row: LoopRow = {
  steps,
  seconds,
  stepsPerSecond: steps / seconds,
  megabytes: process.memoryUsage().rss / 1_048_576,
  firstUs: meanUs(10),
  lastUs: meanUs(steps - tenth),
};
console.log(JSON.stringify(row));
