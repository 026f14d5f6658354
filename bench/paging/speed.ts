/** How fast each policy works through references, beside the calibration of the same process. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { buildSync } from 'esbuild';

import { pagingPolicies } from '../../src/policies/index.ts';
import type { ReferenceTrace } from '../../src/sim/paging/reference-trace.ts';
import { peerCalibration, peerFigures } from './peer-figures.ts';
import { peers } from './peers.ts';
import { type SpeedRow, speedWorkloads } from './speed-workloads.ts';

/** Writes the ids of a workload where the workers find them. */
export function layOut(folder: string, workload: string, { ids }: ReferenceTrace): void {
  writeFileSync(join(folder, `${workload}.ids`), new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength));
}

/**
 * Markdown rows, one for each policy and workload. One process after another, so that none disturbs another. They run compiled, as an installed package does: where Node
 * strips types itself, every access to a typed array is checked once more, which costs up to a tenth.
 */
export function* speedLines(folder: string, rounds: number): Generator<string> {
  const worker = join(folder, 'speed-worker.mjs');
  buildSync({
    entryPoints: [fileURLToPath(new URL('speed-worker.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: worker,
  });
  yield '| policy | workload | M refs/s | the C peer | ratio to it | relative to the calibration | the C peer, relative | ratio to that | bytes above the trace | allowed |';
  yield '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |';
  for (const policy of [...Object.keys(pagingPolicies), ...Object.keys(peers)]) {
    // Without a figure to be compared with, one round says enough; some of these take a minute for it.
    const own = Object.hasOwn(peerFigures, policy) || Object.hasOwn(peers, policy) ? rounds : 1;
    const words = ['--expose-gc', worker, policy, folder, String(own)];
    const rows = JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' })) as SpeedRow[];
    for (const row of rows) yield lineOf(policy, row);
  }
}

function lineOf(policy: string, row: SpeedRow): string {
  const place = speedWorkloads.findIndex(({ workload }) => workload === row.workload);
  const relative = row.references / row.zipfCalibration;
  const peer = peerFigures[policy]?.[place];
  const peerRelative = peer === undefined ? undefined : peer / peerCalibration;
  const cells = [
    policy,
    row.workload,
    (row.references / 1e6).toFixed(1),
    peer === undefined ? '–' : peer.toFixed(1),
    peer === undefined ? '–' : (row.references / 1e6 / peer).toFixed(1),
    relative.toFixed(2),
    peerRelative === undefined ? '–' : peerRelative.toFixed(2),
    peerRelative === undefined ? '–' : (relative / peerRelative).toFixed(2),
    row.bytes > 0 ? row.bytes.toLocaleString('en') : '–',
    (32 * row.unique + 16 * row.capacity).toLocaleString('en'),
  ];
  return `| ${cells.join(' | ')} |`;
}
