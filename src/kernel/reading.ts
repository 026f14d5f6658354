/** What recovery reads of a storage, told once for callers that wait and for those that don't. */
import type { StorageManager, Synchronous } from './storage.ts';

/** What storage has to tell: at once, or when it is awaited. */
type StorageReader = Pick<
  StorageManager,
  'processes' | 'ends' | 'history' | 'journal' | 'tally' | 'lastCheckpoint'
>;

/** Yields what it wants to read, and is resumed with that: the same for a caller that waits and for one that doesn't. */
export type Reading<Result> = Generator<(store: StorageReader) => unknown, Result, unknown>;

export function* read<Value>(act: (store: StorageReader) => Promise<Value>): Reading<Value> {
  return (yield act) as Value;
}

/** For a store that answers at once. */
export function readAtOnce<Result>(store: Synchronous<StorageReader>, reading: Reading<Result>): Result {
  // Nobody waits for what it gives.
  const reader = store as unknown as StorageReader;
  for (let step = reading.next(); ; step = reading.next(step.value(reader)))
    if (step.done === true) return step.value;
}

/** Which branch of each run is meant. */
export type ChosenBranches = (run: string) => string;
