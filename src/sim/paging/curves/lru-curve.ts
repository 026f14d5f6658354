/**
 * The exact miss-ratio curve of LRU for all capacities, from one pass over the references: LRU memories are nested, so a reference hits in all those
 * that are at least as large as its stack distance.
 *
 * Source: R. L. Mattson, J. Gecsei, D. R. Slutz, I. L. Traiger, "Evaluation techniques for storage hierarchies", IBM Systems Journal 9(2), 1970.
 */
import type { MissRatioCurve } from './miss-ratio-curve.ts';
import { StackDistances } from './stack-distances.ts';

export class LruCurve implements MissRatioCurve {
  readonly requests: number;
  /** [stack distance, 1 to the number of pages] how many references have it; [0] first uses, which no memory turns into hits. */
  readonly distances: Int32Array;
  /** [capacity, 0 to the number of pages] misses; a larger memory has those of the last. */
  readonly misses: Int32Array;

  constructor(distances: Int32Array) {
    this.distances = distances;
    this.misses = new Int32Array(distances.length);
    let misses = distances[0]!;
    for (let capacity = distances.length - 1; capacity >= 0; capacity--) {
      this.misses[capacity] = misses;
      if (capacity > 0) misses += distances[capacity]!;
    }
    this.requests = misses;
  }

  /** `capacity` in pages. */
  missesAt(capacity: number): number {
    return this.misses[Math.min(Math.floor(capacity), this.misses.length - 1)]!;
  }

  missRatioAt(capacity: number): number {
    return this.requests === 0 ? 0 : this.missesAt(capacity) / this.requests;
  }
}

/** `ids`: 1 to `unique`. */
export function lruCurve(ids: Int32Array, unique: number): LruCurve {
  const stack = new StackDistances(unique);
  const distances = new Int32Array(unique + 1);
  const { length } = ids;
  for (let at = 0; at < length; at++) distances[stack.use(ids[at]!)]!++;
  return new LruCurve(distances);
}
