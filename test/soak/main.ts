/**
 * `npm run soak:inputs [-- --inputs N] [--seed N] [--workers N]`: random worlds one after another, on so many threads, until kernels have taken so many inputs (default 100 million, two threads). Prints how many inputs,
 * faults and crashes there were and how long it took; a world in which a promise is broken prints its seed, and the exit status is 1.
 */
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';

import type { SoakReport, SoakTask } from './worker.ts';

const { values: flags } = parseArgs({
  options: {
    inputs: { type: 'string', default: '100000000' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
  },
});
const wanted = integer('inputs');
const firstSeed = integer('seed');
const workers = integer('workers');

const startMs = performance.now();
const total = { inputs: 0, events: 0, processes: 0, faults: 0, crashes: 0, lostWrites: 0, worlds: 0 };
const kinds = new Map<string, number>();
let nextSeed = firstSeed;
let problems = 0;
let toldMs = startMs;

await Promise.all(Array.from({ length: workers }, work));
const faulty = [...kinds].map(([kind, count]) => `${kind} ${count}`).join(', ');
console.log(`${summary()}, ${problems} broken promises, seeds ${firstSeed} to ${nextSeed - 1}`);
console.log(`faults: ${faulty}`);
const share = (100 * total.faults) / total.inputs;
console.log(`${share.toFixed(2)} faults per hundred inputs, ${total.lostWrites} writes lost in crashes`);
if (problems > 0 || share < 1) process.exitCode = 1;

/** One thread takes one world after the other. */
function work(): Promise<void> {
  const worker = new Worker(new URL('worker.ts', import.meta.url));
  return new Promise((resolve, reject) => {
    const next = (): void => {
      if (total.inputs >= wanted) {
        void worker.terminate();
        return resolve();
      }
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
      worker.postMessage({ seed: nextSeed++ } satisfies SoakTask);
    };
    worker.on('error', reject);
    worker.on('message', (report: SoakReport) => {
      take(report);
      next();
    });
    next();
  });
}

function take(report: SoakReport): void {
  if ('problem' in report) {
    problems++;
    console.log(`seed ${report.seed}: ${report.problem}`);
    return;
  }
  const { inputs, events, processes, faults, lostWrites } = report.result;
  total.worlds++;
  total.inputs += inputs;
  total.events += events;
  total.processes += processes;
  total.lostWrites += lostWrites;
  total.crashes += faults.crash;
  for (const [kind, count] of Object.entries(faults)) {
    total.faults += count;
    kinds.set(kind, (kinds.get(kind) ?? 0) + count);
  }
  const nowMs = performance.now();
  if (nowMs - toldMs < 60_000) return;
  toldMs = nowMs;
  console.log(summary());
}

function summary(): string {
  const { worlds, inputs, events, processes, faults, crashes } = total;
  const seconds = (performance.now() - startMs) / 1_000;
  return `${inputs} inputs (${Math.round(inputs / seconds)} a second), ${events} events, ${processes} processes, ${faults} faults, ${crashes} crashes in ${worlds} worlds, ${seconds.toFixed(1)} s`;
}

function integer(flag: keyof typeof flags): number {
  const number = Number(flags[flag]);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  console.error(`--${flag}: ${flags[flag]} is not allowed; allowed: an integer of at least 1`);
  process.exit(2);
}
