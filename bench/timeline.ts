/** How long it takes to come to any event of a long run, and to step back there; and what a timeline takes. Seeded: only the clock differs from run to run. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { rngFor } from '../src/base/rng.ts';
import type { KernelEvent } from '../src/kernel/events.ts';
import { Timeline } from '../src/sim/timeline/timeline.ts';
import { dispatchRun } from './dispatch.ts';

export interface TimelineRow {
  readonly processes: number;
  readonly events: number;
  /** Events a second that it takes in. */
  readonly perSecond: number;
  /** Bytes an event: as it is kept; and all that the timeline holds, by the heap's growth. */
  readonly storedBytes: number;
  readonly heapBytes: number;
  /** ms, to any event and with its view of all processes; the same one event back. */
  readonly seek: Spread;
  readonly back: Spread;
}

/** ms. */
interface Spread {
  readonly mean: number;
  /** Of processor time, all threads of the process: closer to the truth on a shared machine. */
  readonly cpuMean: number;
  readonly cpuP99: number;
}

const samples = 300;
/** Before them, so that the code is compiled. */
const warmUp = 20;

/** In a process of its own, so that nothing else is on the heap. */
export function timelineBench(processes: number): TimelineRow {
  const file = fileURLToPath(import.meta.url);
  return JSON.parse(
    execFileSync(process.execPath, ['--expose-gc', file, String(processes)], { encoding: 'utf8' }),
  ) as TimelineRow;
}

function measure(processes: number): TimelineRow {
  const events: KernelEvent[] = [];
  const { simulation } = dispatchRun(processes, (event) => events.push(event));
  simulation.run();
  const engines = simulation.kernel.options.engines;
  const before = heapBytes();
  const timeline = new Timeline({ engines, budgets: [] });
  const started = performance.now();
  for (const event of events) timeline.add(event);
  const seconds = (performance.now() - started) / 1000;
  const heap = heapBytes() - before;
  const rng = rngFor(1, 'bench/timeline');
  const seek = spread(() => timeline.seek(Math.floor(rng.next() * timeline.count) + 1), timeline);
  const back = spread(() => timeline.seek(Math.max(0, timeline.index - 1)), timeline);
  return {
    processes,
    events: events.length,
    perSecond: Math.round(events.length / seconds),
    storedBytes: timeline.storedBytes / events.length,
    heapBytes: heap / events.length,
    seek,
    back,
  };
}

function spread(move: () => void, timeline: Timeline): Spread {
  const wall: number[] = [];
  const cpu: number[] = [];
  for (let sample = 0; sample < warmUp + samples; sample++) {
    const used = process.cpuUsage();
    const started = performance.now();
    move();
    const { length } = timeline.view().processes;
    wall.push(performance.now() - started);
    const { user, system } = process.cpuUsage(used);
    cpu.push((user + system) / 1000);
    if (length === 0 && timeline.index > 0) throw new Error('a view of no process');
  }
  const warm = cpu.slice(warmUp).toSorted((a, b) => a - b);
  return {
    mean: mean(wall.slice(warmUp)),
    cpuMean: mean(warm),
    cpuP99: warm[Math.floor(samples * 0.99)]!,
  };
}

const mean = (times: readonly number[]): number => times.reduce((sum, ms) => sum + ms, 0) / times.length;

function heapBytes(): number {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (collect === undefined) throw new Error('node --expose-gc bench/timeline.ts PROCESSES');
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  console.log(JSON.stringify(measure(Number(process.argv[2]))));
