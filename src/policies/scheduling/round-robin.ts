/**
 * Round-robin: in order of becoming ready, each for one slice at most; one whose slice ends goes to the back.
 *
 * Source: L. Kleinrock, "Analysis of a time-shared processor", 1964.
 */
import { assert } from '../../base/assert.ts';
import type { CreateSchedulingPolicy } from '../../kernel/contracts.ts';
import { ArrivalOrder } from './arrival-order.ts';

export interface RoundRobinOptions {
  /** Longest run before another ready process gets the core, µs; > 0. */
  readonly sliceUs: number;
}

/** `sliceUs`: 60 s, the source system's. */
export const roundRobinDefaults: RoundRobinOptions = { sliceUs: 60_000_000 };

export function roundRobinWith({ sliceUs }: RoundRobinOptions): CreateSchedulingPolicy {
  assert(sliceUs > 0, `sliceUs ${sliceUs}: must be > 0`);
  return ({ processes }) => new ArrivalOrder('round-robin', sliceUs, processes);
}

export const roundRobin: CreateSchedulingPolicy = roundRobinWith(roundRobinDefaults);
