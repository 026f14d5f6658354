/** One thread of the soak: runs the world of each seed that it is told. */
import { parentPort } from 'node:worker_threads';

import { messageOf } from '../../src/kernel/errors.ts';
import { soakWorld, worldInputs, type SoakResult } from './soak-world.ts';

export interface SoakTask {
  readonly seed: number;
}

export type SoakReport =
  | { readonly seed: number; readonly result: Omit<SoakResult, 'setup'> }
  | { readonly seed: number; readonly problem: string };

parentPort!.on('message', ({ seed }: SoakTask) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
  parentPort!.postMessage(reportOf(seed));
});

function reportOf(seed: number): SoakReport {
  try {
    const { inputs, events, processes, faults, lostWrites } = soakWorld(seed, worldInputs);
    return { seed, result: { inputs, events, processes, faults, lostWrites } };
  } catch (error) {
    return { seed, problem: messageOf(error) };
  }
}
