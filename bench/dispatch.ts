/**
 * Kernel dispatches a second: 1,000, 10,000 and 100,000 processes on 8 cores, three bursts of 1 s each, slice 100 ms, default policies, one budget
 * node, four pages each; events are built and counted, not stored; no records. Beside it, in the same process, a bare loop of two tinyqueues (a ready
 * queue and an event queue of that many entries, one pop and push of each a turn): what the two queues alone would allow.
 */
import TinyQueue from 'tinyqueue';

import type { KernelEvent } from '../src/kernel/events.ts';
import type { Program } from '../src/kernel/syscalls.ts';
import { importanceLru } from '../src/policies/paging/importance-lru.ts';
import { priorityDefaults, priorityWith } from '../src/policies/scheduling/priority.ts';
import { Simulation } from '../src/sim/simulation.ts';

export interface DispatchRow {
  readonly processes: number;
  readonly dispatches: number;
  readonly events: number;
  readonly perSecond: number;
  /** By processor time of this process: closer to the truth on a shared machine. */
  readonly perCpuSecond: number;
  /** Turns of the bare loop a second, measured right after. */
  readonly bareLoopPerSecond: number;
}

const bursts = 3;
const burst: Program = {
  name: 'burst',
  version: 1,
  *body() {
    for (let page = 0; page < 4; page++) yield { kind: 'allocate', tokens: 100 };
    for (let index = 0; index < bursts; index++)
      yield {
        kind: 'think',
        maxOutput: 1,
        keepAnswer: false,
        script: { tokensOut: 1, durationUs: 1_000_000 },
      };
  },
};

export function dispatchRun(
  processes: number,
  onEvent: (event: KernelEvent) => void = () => {},
): {
  simulation: Simulation;
  counts: { events: number; dispatches: number };
} {
  const counts = { events: 0, dispatches: 0 };
  const simulation = new Simulation({
    kernel: {
      scheduling: priorityWith({ ...priorityDefaults, sliceUs: 100_000 }),
      paging: importanceLru,
      programs: [burst],
      records: false,
      engines: [{ cores: 8, memoryTokens: processes * 400 + 8 }],
    },
    onEvent: (event) => {
      counts.events++;
      onEvent(event);
      if (event.type === 'process.dispatched') counts.dispatches++;
    },
  });
  for (let index = 0; index < processes; index++)
    simulation.spawn(0, { program: 'burst', name: 'burst', run: `run-${index}`, arguments: null });
  return { simulation, counts };
}

/** The processes are there and wait for their first burst before the clock starts: what is timed is dispatching. */
function measure(processes: number): DispatchRow {
  const { simulation, counts } = dispatchRun(processes);
  simulation.run(0);
  const before = { ...counts };
  const cpu = process.cpuUsage();
  const started = performance.now();
  simulation.run();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const dispatches = counts.dispatches - before.dispatches;
  return {
    processes,
    dispatches,
    events: counts.events - before.events,
    perSecond: Math.round(dispatches / seconds),
    perCpuSecond: Math.round((dispatches / (user + system)) * 1e6),
    bareLoopPerSecond: bareLoop(processes),
  };
}

function bareLoop(entries: number): number {
  const byTime = (a: Entry, b: Entry): number => a.at - b.at || a.seq - b.seq;
  const queues = [new TinyQueue<Entry>([], byTime), new TinyQueue<Entry>([], byTime)];
  let seq = 0;
  for (const queue of queues)
    for (let index = 0; index < entries; index++) queue.push({ at: index * 7919, seq: ++seq });
  const turn = (): void => {
    for (const queue of queues) {
      const entry = queue.pop()!;
      entry.at += 100_000;
      entry.seq = ++seq;
      queue.push(entry);
    }
  };
  for (let warm = 0; warm < 200_000; warm++) turn();
  const turns = 500_000;
  const started = performance.now();
  for (let index = 0; index < turns; index++) turn();
  return Math.round((turns / (performance.now() - started)) * 1000);
}
interface Entry {
  at: number;
  seq: number;
}

/** Best of `repeats` for each size (a third as many of the largest), after a warm-up run. */
export function dispatchBench(sizes: readonly number[], repeats: number): DispatchRow[] {
  for (let warm = 0; warm < 3; warm++) measure(10_000);
  return sizes.map((size) => {
    const rows = Array.from({ length: size >= 100_000 ? Math.ceil(repeats / 3) : repeats }, () =>
      measure(size),
    );
    return rows.reduce((best, row) => (row.perSecond > best.perSecond ? row : best));
  });
}

/** Bytes that one idle process (it waits in a call it has asked for; four pages) takes, from the heap's growth. Needs --expose-gc. */
export function idleBytes(processes: number): number {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (collect === undefined) return NaN;
  collect();
  const before = process.memoryUsage();
  const { simulation } = dispatchRun(processes);
  simulation.run(0);
  collect();
  const after = process.memoryUsage();
  const bytes = after.heapUsed + after.external - before.heapUsed - before.external;
  // Used after the measurement, so that it is alive during it.
  if (simulation.kernel.alive !== processes)
    throw new Error(`${simulation.kernel.alive} processes are alive, not ${processes}`);
  return Math.round(bytes / processes);
}
