/**
 * LRU in sizes, at as many capacities as wanted, from one pass.
 *
 * Exact where no page is larger than the capacity and none changes its size: what LRU then holds is always the longest beginning of the stack that
 * fits, so that a reference hits if its distance in sizes is at most the capacity. Otherwise an approximation: a page larger than memory
 * is not loaded but stands in the stack, and a page that grew or shrank counts here with its size at its last use, in memory with the one at its loading.
 */
import type { ReferenceTrace } from '../reference-trace.ts';
import { SizeStackDistances } from './size-stack-distances.ts';

interface SizePoint {
  /** In the trace's sizes. */
  readonly capacity: number;
  readonly misses: number;
  /** The sizes of those that missed. */
  readonly missedSize: number;
}

export interface SizePoints {
  /** In the order of the capacities. */
  readonly points: readonly SizePoint[];
  /** From this capacity on they are exact; Infinity when a page changes its size. */
  readonly exactFrom: number;
}

/** `capacities` ascend. The trace has sizes. */
export function lruSizePoints(
  trace: ReferenceTrace & { readonly sizes: Uint32Array },
  capacities: readonly number[],
): SizePoints {
  const { ids, sizes, unique } = trace;
  const stack = new SizeStackDistances(unique);
  const bounds = Float64Array.from(capacities);
  // [index] references that hit from this capacity on, and not below; the last: at none of them.
  const hits = new Float64Array(bounds.length + 1);
  const hitSizes = new Float64Array(bounds.length + 1);
  const sizeOf = new Uint32Array(unique + 1);
  let exactFrom = 0;
  for (let at = 0; at < ids.length; at++) {
    const page = ids[at]!;
    const size = sizes[at]!;
    const distance = stack.use(page, size);
    if (distance !== Infinity && sizeOf[page] !== size) exactFrom = Infinity;
    sizeOf[page] = size;
    if (size > exactFrom) exactFrom = size;
    const index = firstAtLeast(bounds, distance);
    hits[index]!++;
    hitSizes[index]! += size;
  }
  const points: SizePoint[] = [];
  let misses = hits[bounds.length]!;
  let missedSize = hitSizes[bounds.length]!;
  for (let index = bounds.length - 1; index >= 0; index--) {
    points.unshift({ capacity: bounds[index]!, misses, missedSize });
    misses += hits[index]!;
    missedSize += hitSizes[index]!;
  }
  return { points, exactFrom };
}

/** Index of the first that is at least `value`; their number when all are smaller. */
function firstAtLeast(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
