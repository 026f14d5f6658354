/** What a trace looks like before any policy has seen it. */
import type { ReferenceTrace } from './reference-trace.ts';

export interface ReferenceStatistics {
  readonly requests: number;
  /** Different pages: the footprint in pages, and the misses that no memory avoids. */
  readonly unique: number;
  /** References to a page after its first, per page. */
  readonly meanReuses: number;
  /** Share of the pages that are referenced once. */
  readonly oneHitShare: number;
  /** Share of the references that go to the most popular page. */
  readonly mostPopularShare: number;
  readonly sizes?: SizeStatistics;
  /** From the first reference to the last. */
  readonly spanUs?: number;
}

interface SizeStatistics {
  readonly min: number;
  readonly max: number;
  /** Over references. */
  readonly mean: number;
  /** Of all pages together, each with the size of its first reference. */
  readonly footprint: number;
  /** Pages whose references have different sizes. */
  readonly changing: number;
}

export function referenceStatistics({ ids, unique, sizes, timesUs }: ReferenceTrace): ReferenceStatistics {
  const counts = new Int32Array(unique + 1); // [page]
  for (const id of ids) counts[id]!++;
  let oneHit = 0;
  let most = 0;
  for (let id = 1; id <= unique; id++) {
    if (counts[id] === 1) oneHit++;
    if (counts[id]! > most) most = counts[id]!;
  }
  const spanUs = timesUs?.at(-1);
  return {
    requests: ids.length,
    unique,
    meanReuses: (ids.length - unique) / unique,
    oneHitShare: oneHit / unique,
    mostPopularShare: most / ids.length,
    ...(sizes === undefined ? {} : { sizes: sizeStatistics(ids, unique, sizes) }),
    ...(spanUs === undefined ? {} : { spanUs }),
  };
}

function sizeStatistics(ids: Int32Array, unique: number, sizes: Uint32Array): SizeStatistics {
  const first = new Uint32Array(unique + 1); // [page]
  const isChanging = new Uint8Array(unique + 1); // [page]
  let min = Infinity;
  let max = 0;
  let sum = 0;
  for (let index = 0; index < ids.length; index++) {
    const id = ids[index]!;
    const size = sizes[index]!;
    if (size < min) min = size;
    if (size > max) max = size;
    sum += size;
    if (first[id] === 0) first[id] = size;
    else if (first[id] !== size) isChanging[id] = 1;
  }
  let footprint = 0;
  let changing = 0;
  for (let id = 1; id <= unique; id++) {
    footprint += first[id]!;
    changing += isChanging[id]!;
  }
  return { min, max, mean: sum / ids.length, footprint, changing };
}
