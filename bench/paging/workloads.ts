/** The traces of the paging benchmarks: those of ../shared where it is there, and generated ones. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { readReferences } from '../../src/cli/read-references.ts';
import { generateLoop, generateScan } from '../../src/sim/paging/generate/scan-and-loop.ts';
import { generateSessionReferences } from '../../src/sim/paging/generate/sessions.ts';
import { generateZipf } from '../../src/sim/paging/generate/zipf.ts';
import type { ReferenceTrace } from '../../src/sim/paging/reference-trace.ts';

const folder = fileURLToPath(new URL('../../../shared/traces/', import.meta.url));
const files: Readonly<Record<string, string>> = {
  conversation: 'mooncake-conversation.jsonl.gz',
  synthetic: 'mooncake-synthetic.jsonl.gz',
  cloudphysics: 'cloudphysics.csv.gz',
  ...Object.fromEntries(
    ['2_pools', 'cpp', 'cs', 'gli', 'loop', 'multi1', 'multi2', 'multi3', 'ps', 'sprite', 'zigzag'].map(
      (name) => [name, `lirs/${name}.trace.gz`],
    ),
  ),
};

const seed = 1;

/** A recorded trace by its name; undefined where ../shared/traces is absent. */
export async function recordedTrace(name: string): Promise<ReferenceTrace | undefined> {
  const path = folder + files[name]!;
  return existsSync(path) ? (await readReferences(path, { cache: false })).trace : undefined;
}

/** All that are there, in the order of the table above. */
export async function recordedTraces(): Promise<{ name: string; trace: ReferenceTrace }[]> {
  const traces: { name: string; trace: ReferenceTrace }[] = [];
  for (const name of Object.keys(files)) {
    const trace = await recordedTrace(name);
    if (trace !== undefined) traces.push({ name, trace });
  }
  return traces;
}

/** Zipf with alpha 1, the speed benchmark's. */
export function zipfTrace(requests: number, ids: number): ReferenceTrace {
  return generateZipf({ requests, ids, alpha: 1, seed });
}

/** Generated traces in which policies differ, of about `requests` references each. */
export function generatedTraces(requests: number): { name: string; trace: ReferenceTrace }[] {
  const pages = Math.ceil(requests / 10);
  return [
    { name: 'generated zipf 0.8', trace: generateZipf({ requests, ids: pages, alpha: 0.8, seed }) },
    { name: 'generated zipf 1.0', trace: generateZipf({ requests, ids: pages, alpha: 1, seed }) },
    { name: 'generated loop', trace: generateLoop({ requests, ids: Math.ceil(requests / 50) }) },
    { name: 'generated scan', trace: generateScan({ requests }) },
    {
      name: 'agent sessions',
      trace: generateSessionReferences({ sessions: Math.ceil(requests / 20_000), seed }),
    },
  ];
}
