/**
 * SHARDS: the LRU miss-ratio curve from a sample of the pages, chosen by a hash of their ids, all of whose references are kept. A stack
 * distance among sampled pages, divided by the sampling rate, estimates the one in the whole trace.
 *
 * Source: C. A. Waldspurger, N. Park, A. Garthwaite, I. Ahmad, "Efficient MRC Construction with SHARDS", FAST 2015: sections 3.1 (fixed rate: a page is
 * sampled if hash mod P < T), 3.2 (fixed size: T is lowered whenever more than s_max pages are sampled) and 4.2 (SHARDS-adj: the difference between the
 * expected and the actual number of sampled references is added to the first row).
 * Departs from it: instead of rescaling old counts when T falls, each reference counts 1/R, R the rate at its time, which comes to the same; the distance of
 * a page of rank r is (r − 1)/R + 1, as the page itself is surely in the stack. Rows of the fixed-size form are
 * as wide as 1/128 of their distance. Columns by page take memory by the size of the trace, which is in memory anyway.
 */
import { BitSet } from '../../../base/bit-set.ts';
import { mix32 } from '../../../base/hash.ts';
import { KeyedHeap } from '../../../base/heap.ts';
import type { ReferenceTrace } from '../reference-trace.ts';
import { SampledCurve } from './sampled-curve.ts';
import { StackDistances } from './stack-distances.ts';

/** The paper's P. */
const SHARDS_MODULUS = 0x1000000;

type References = Pick<ReferenceTrace, 'ids' | 'unique'>;

/** `rate`: above 0, at most 1; rounded to a multiple of 1/P. With 1 the curve is exact. */
export function shardsFixedRate({ ids, unique }: References, rate: number, seed: number): SampledCurve {
  const threshold = Math.max(1, Math.round(rate * SHARDS_MODULUS));
  const actualRate = threshold / SHARDS_MODULUS;
  const isSampled = new BitSet(unique);
  let sampledPages = 0;
  for (let page = 1; page <= unique; page++) {
    if (pageHash(page, seed) >= threshold) continue;
    isSampled.add(page);
    sampledPages++;
  }
  const stack = new StackDistances(unique, sampledPages);
  const ranks = new Float64Array(sampledPages + 1); // [rank] references; [0] first uses
  let sampledRequests = 0;
  for (let at = 0; at < ids.length; at++) {
    const page = ids[at]!;
    if (!isSampled.has(page)) continue;
    ranks[stack.use(page)]!++;
    sampledRequests++;
  }
  const rows = Math.max(1, sampledPages);
  const weights = new Float64Array(rows);
  const distances = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    weights[row] = (ranks[row + 1] ?? 0) / actualRate;
    distances[row] = row / actualRate + 1;
  }
  weights[0]! += ids.length - sampledRequests / actualRate;
  const { length: requests } = ids;
  return new SampledCurve({ distances, weights, requests, sampledRequests, sampledPages, rate: actualRate });
}

/** `mostPages`: the paper's s_max, an integer > 0. */
export function shardsFixedSize({ ids, unique }: References, mostPages: number, seed: number): SampledCurve {
  const stack = new StackDistances(unique, Math.min(unique, mostPages + 1));
  const highestHash = new KeyedHeap(); // the sampled pages, largest hash first
  const bins = new Float64Array(binOf(0x7fffffff) + 1);
  let threshold = SHARDS_MODULUS;
  let sampledRequests = 0;
  let represented = 0;
  for (let at = 0; at < ids.length; at++) {
    const page = ids[at]!;
    const hash = pageHash(page, seed);
    if (hash >= threshold) continue;
    const weight = SHARDS_MODULUS / threshold;
    sampledRequests++;
    represented += weight;
    const rank = stack.use(page);
    if (rank > 0) {
      bins[binOf(Math.min(0x7fffffff, Math.round((rank - 1) * weight) + 1))]! += weight;
      continue;
    }
    highestHash.push(page, -hash, page);
    if (highestHash.size <= mostPages) continue;
    // Pages with the same hash leave together.
    threshold = -highestHash.peekKey();
    while (highestHash.size > 0 && -highestHash.peekKey() >= threshold) stack.remove(highestHash.popMin());
  }
  bins[binOf(1)]! += ids.length - represented;
  const filled = [...bins.keys()].filter((bin) => bin === binOf(1) || bins[bin]! > 0);
  return new SampledCurve({
    distances: Float64Array.from(filled, (bin) => lastOfBin(bin)),
    weights: Float64Array.from(filled, (bin) => bins[bin]!),
    requests: ids.length,
    sampledRequests,
    sampledPages: highestHash.size,
    rate: threshold / SHARDS_MODULUS,
  });
}

/** An integer from 0 to P − 1: the same in every engine, and another order of the pages for every seed. */
function pageHash(page: number, seed: number): number {
  return mix32(mix32(page) + mix32(seed ^ 0x9e3779b9)) & (SHARDS_MODULUS - 1);
}

const FRACTION_BITS = 7;

/** Below 256 each integer has its own bin; above, 128 bins for each doubling. */
function binOf(distance: number): number {
  const shift = Math.max(0, 31 - Math.clz32(distance) - FRACTION_BITS);
  return (shift << FRACTION_BITS) + (distance >>> shift);
}

/** The largest distance of a bin. */
function lastOfBin(bin: number): number {
  const shift = Math.max(0, (bin >>> FRACTION_BITS) - 1);
  return (((bin - (shift << FRACTION_BITS) + 1) << shift) >>> 0) - 1;
}
