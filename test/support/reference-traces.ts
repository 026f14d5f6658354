/** The traces and miss counts of ../shared, read the plain way: split lines, a Map for dense ids. */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

import type { ReferenceTrace } from '../../src/sim/paging/reference-trace.ts';

const shared = new URL('../../../shared/', import.meta.url);

export const haveReference = existsSync(new URL('reference/paging.csv', shared));

/** For the name of a test that is skipped without it. */
export const referenceMissing = haveReference
  ? ''
  : ' (skipped: ../shared is absent; its traces are Mooncake’s, CloudPhysics’ and those of the LIRS paper)';

export interface ReferenceRow {
  readonly trace: string;
  readonly requests: number;
  readonly unique: number;
  readonly capacity: number;
  readonly policy: string;
  readonly misses: number;
  readonly unit: 'pages' | 'size';
}

export function referenceRows(): ReferenceRow[] {
  const [, ...lines] = readFileSync(new URL('reference/paging.csv', shared), 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [trace, requests, unique, capacity, policy, misses, unit] = line.split(',') as [
      string,
      ...string[],
    ];
    return {
      trace,
      requests: Number(requests),
      unique: Number(unique),
      capacity: Number(capacity),
      policy: policy!,
      misses: Number(misses),
      unit: unit as 'pages' | 'size',
    };
  });
}

const files: Readonly<Record<string, string>> = {
  conversation: 'mooncake-conversation.jsonl.gz',
  synthetic: 'mooncake-synthetic.jsonl.gz',
  cloudPhysicsIO: 'cloudphysics.csv.gz',
};

/** A trace by its name in the rows. */
export function sharedTrace(name: string): ReferenceTrace {
  const file = files[name] ?? `lirs/${name}.trace.gz`;
  const lines = gunzipSync(readFileSync(new URL(`traces/${file}`, shared)))
    .toString('utf8')
    .split(/\r?\n/);
  const ids: string[] = [];
  const sizes: number[] = [];
  for (const line of lines) {
    if (line === '' || line === '*') continue;
    if (file.endsWith('.jsonl.gz'))
      for (const id of (JSON.parse(line) as { hash_ids: number[] }).hash_ids) ids.push(String(id));
    else if (file.endsWith('.csv.gz')) {
      const [, id, size] = line.split(',');
      if (!/^\d+$/.test(id!)) continue;
      ids.push(id!);
      sizes.push(Number(size));
    } else ids.push(line);
  }
  const dense = new Map<string, number>();
  for (const id of ids) if (!dense.has(id)) dense.set(id, dense.size + 1);
  return {
    name,
    format: file.endsWith('.jsonl.gz') ? 'mooncake' : file.endsWith('.csv.gz') ? 'csv' : 'ids',
    ids: Int32Array.from(ids, (id) => dense.get(id)!),
    unique: dense.size,
    ...(sizes.length > 0 ? { sizes: Uint32Array.from(sizes) } : {}),
  };
}
