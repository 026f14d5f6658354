/** Where the time of a dispatch goes: V8's sampling profiler over the dispatch benchmark, summed by part of the source. */
import { Session } from 'node:inspector/promises';

import { dispatchRun } from './dispatch.ts';

export interface Phase {
  readonly part: string;
  readonly share: number;
}

/** What a folder or file of the source stands for; the first that matches counts. */
const parts: readonly (readonly [string, string])[] = [
  ['src/kernel/memory/', 'context memory: pin, touch, unpin'],
  ['src/kernel/scheduler.ts', 'scheduler: dispatch, preempt, free the core'],
  ['src/policies/', 'policies: ready queue, paging'],
  ['src/base/heap.ts', 'heaps: ready queue and event queue'],
  ['src/kernel/', 'rest of the kernel: inputs, programs, budgets'],
  ['src/sim/devices/', 'simulated engine'],
  ['src/sim/', 'simulation loop'],
];

/** Shares of all samples, largest first. */
export async function phases(rounds: number): Promise<Phase[]> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 100 });
  const run = (): void => {
    const { simulation } = dispatchRun(10_000);
    simulation.run();
  };
  run();
  await session.post('Profiler.start');
  for (let round = 0; round < rounds; round++) run();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  const sums = new Map<string, number>();
  const nodes = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  for (const sample of profile.samples ?? []) {
    const { url, functionName } = nodes.get(sample)!;
    const part =
      functionName === '(garbage collector)'
        ? 'garbage collector'
        : (parts.find(([path]) => url.includes(path))?.[1] ?? 'other');
    sums.set(part, (sums.get(part) ?? 0) + 1);
  }
  const total = profile.samples?.length ?? 1;
  return [...sums]
    .map(([part, samples]) => ({ part, share: samples / total }))
    .toSorted((a, b) => b.share - a.share);
}
