/**
 * Independent references whose popularity follows Zipf's law: the k-th most popular of `ids` pages has probability proportional to 1/k^alpha, whatever
 * came before (the independent reference model). alpha 0 is uniform; web and storage caches see 0.6 to 1.2.
 *
 * How ranks map to pages doesn't matter: a trace numbers its pages by first appearance. Drawn by inverting the distribution function, with a guide table
 * (H.-C. Chen, Y. Asau, "On generating random variates from an empirical distribution", AIIE Transactions 6(2), 1974): two steps on average, however
 * many ids there are, where the rejection of base/distributions.ts needs logarithms. 12 bytes an id while it generates.
 */
import { pow } from '../../../base/math.ts';
import { rngFor } from '../../../base/rng.ts';
import type { Rng } from '../../../base/rng.ts';
import type { ReferenceTrace } from '../reference-trace.ts';
import { checkAlpha, checkCount, traceOfPattern } from './pattern.ts';
import type { GeneratorOptions, Pattern } from './pattern.ts';

export interface ZipfOptions {
  /** Pages there are, 1 to 2^26; fewer appear in a short trace. */
  readonly ids: number;
  /** 0 to 100. */
  readonly alpha: number;
}

const mostIds = 67_108_864;

/** Throws KernelError INVALID_ARGUMENT. */
export function generateZipf(options: GeneratorOptions & ZipfOptions): ReferenceTrace {
  return traceOfPattern('zipf', zipfPattern(options, rngFor(options.seed, 'references/zipf')), options);
}

export function zipfPattern({ ids, alpha }: ZipfOptions, rng: Rng): Pattern {
  checkCount('ids', ids, mostIds);
  checkAlpha(alpha);
  const upTo = new Float64Array(ids); // [rank - 1] weight of this rank and all before it
  let total = 0;
  for (let index = 0; index < ids; index++) upTo[index] = total += pow(index + 1, -alpha);
  const guide = new Int32Array(ids); // [n] the first rank - 1 that reaches beyond n parts of `ids` of the whole
  for (let part = 0, index = 0; part < ids; part++) {
    while (upTo[index]! <= (part / ids) * total) index++;
    guide[part] = index;
  }
  return {
    pages: ids,
    next() {
      const share = rng.next();
      const weight = share * total;
      let index = guide[Math.floor(share * ids)]!;
      while (index < ids - 1 && upTo[index]! <= weight) index++;
      return index;
    },
  };
}
