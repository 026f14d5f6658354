/**
 * One policy, or peer, in a process of its own: `node --expose-gc speed-worker.ts POLICY FOLDER ROUNDS`. The folder holds a trace for each workload as ids of
 * four bytes. Prints one JSON document.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { pagingPolicies } from '../../src/policies/index.ts';
import type { CreatePagingPolicy } from '../../src/kernel/contracts.ts';
import { PageReplay, pageReplayDefaults } from '../../src/sim/paging/page-replay.ts';
import type { ReferenceTrace } from '../../src/sim/paging/reference-trace.ts';
import { calibrate } from './calibration.ts';
import { peers } from './peers.ts';
import { type SpeedRow, speedWorkloads } from './speed-workloads.ts';

const [name = '', folder = '', rounds = '3'] = process.argv.slice(2);
/** The workload on which the calibration of the peer's machine is known. */
const zipf = traceOf('zipf')!;
const zipfCapacity = 76_260;
const rows: SpeedRow[] = [];
for (const { workload, capacity } of speedWorkloads) {
  const trace = workload === 'zipf' ? zipf : traceOf(workload);
  if (trace === undefined) continue;
  const { unique } = trace;
  const row: SpeedRow = {
    workload,
    unique,
    capacity,
    references: 0,
    zipfCalibration: 0,
    misses: 0,
    bytes: 0,
  };
  // A short trace is gone through so often that a round takes as long as that of a long one. What disturbs a run makes it slower, never faster: the best one counts.
  const repeats = Math.max(1, Math.ceil(2_000_000 / trace.ids.length));
  for (let round = 0; round < Number(rounds) + 1; round++) {
    for (let repeat = 0; repeat < repeats; repeat++) {
      const { seconds, misses } = measure(trace, capacity);
      row.misses = misses;
      // The first round is for the compiler.
      if (round > 0) row.references = Math.max(row.references, trace.ids.length / seconds);
    }
    const start = performance.now();
    calibrate(zipf.ids, zipf.unique, zipfCapacity);
    const calibrationSeconds = (performance.now() - start) / 1_000;
    if (round > 0) row.zipfCalibration = Math.max(row.zipfCalibration, zipf.ids.length / calibrationSeconds);
  }
  row.bytes = heldBy(trace, capacity);
  rows.push(row);
}
console.log(JSON.stringify(rows));

function traceOf(workload: string): ReferenceTrace | undefined {
  const path = join(folder, `${workload}.ids`);
  if (!existsSync(path)) return undefined;
  const { buffer, byteOffset, byteLength } = readFileSync(path);
  const ids = new Int32Array(buffer.slice(byteOffset, byteOffset + byteLength));
  let unique = 0;
  for (const id of ids) if (id > unique) unique = id;
  return { name: workload, format: 'generated', ids, unique };
}

/** Policy work alone. `kept` is what holds the state at the end. */
function measure(
  trace: ReferenceTrace,
  capacity: number,
): { seconds: number; misses: number; kept: unknown } {
  const peer = peers[name];
  if (peer !== undefined) {
    const start = performance.now();
    const replayed = peer(trace.ids, capacity);
    return { seconds: (performance.now() - start) / 1_000, ...replayed };
  }
  const create = (pagingPolicies as Record<string, CreatePagingPolicy>)[name]!;
  const replay = new PageReplay(trace, create, { ...pageReplayDefaults, capacity });
  const start = performance.now();
  replay.run();
  const seconds = (performance.now() - start) / 1_000;
  return { seconds, misses: replay.counts.misses, kept: replay };
}

/** Bytes that the replay and its policy hold at the end, beside the trace. */
function heldBy(trace: ReferenceTrace, capacity: number): number {
  const before = heldBytes();
  const { kept } = measure(trace, capacity);
  const after = heldBytes();
  return kept === undefined ? 0 : after - before;
}

function heldBytes(): number {
  // The memory behind typed arrays is given back one collection later.
  globalThis.gc!();
  globalThis.gc!();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
