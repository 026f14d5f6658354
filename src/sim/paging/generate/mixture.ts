/**
 * Several patterns in one trace, each with pages of its own: `interleaved`, every reference drawn from one of them by weight; or in `phases`, one pattern
 * after another, each for its share of a round. A pattern goes on where it stopped when its next phase comes.
 */
import { weightedChoice } from '../../../base/distributions.ts';
import { rngFor } from '../../../base/rng.ts';
import type { Rng } from '../../../base/rng.ts';
import { invalid } from '../../../kernel/errors.ts';
import type { ReferenceTrace } from '../reference-trace.ts';
import { checkCount, mostPages, traceOfPattern } from './pattern.ts';
import type { GeneratorOptions, Pattern } from './pattern.ts';
import { loopPattern, scanPattern } from './scan-and-loop.ts';
import { stackPattern } from './stack.ts';
import { zipfPattern } from './zipf.ts';

export interface MixturePart {
  readonly pattern: 'zipf' | 'stack' | 'loop' | 'scan';
  /** Of all but scans. */
  readonly ids?: number;
  /** Of `zipf` and `stack`. */
  readonly alpha?: number;
  /** Share of the references, relative to the other parts', > 0. */
  readonly weight?: number;
}

export interface MixtureOptions {
  readonly parts: readonly MixturePart[];
  readonly arrange?: 'interleaved' | 'phases';
  /** How often the phases come, each in turn; with `phases` only. */
  readonly rounds?: number;
}

export const patternDefaults = { ids: 10_000, alpha: 1, weight: 1 };

/** Throws KernelError INVALID_ARGUMENT. */
export function generateMixture(options: GeneratorOptions & MixtureOptions): ReferenceTrace {
  const { parts, requests, seed, arrange = 'interleaved', rounds = 1 } = options;
  if (parts.length === 0) throw invalid('parts', 'none', 'at least one pattern');
  checkCount('rounds', rounds, requests);
  const weights = parts.map(({ weight = patternDefaults.weight }) => weight);
  const bad = weights.find((weight) => !(weight > 0 && weight <= 1_000_000));
  if (bad !== undefined) throw invalid('weight', bad, 'a number greater than 0, at most 1000000');
  const patterns = parts.map((part, index) =>
    patternOf(part, requests, rngFor(seed, `references/part-${index + 1}`)),
  );
  const pages = patterns.reduce((sum, pattern) => sum + pattern.pages, 0);
  if (pages > mostPages) throw invalid('parts', `${pages} pages`, `at most ${mostPages} pages together`);
  const chosen =
    arrange === 'phases'
      ? phases(weights, requests / rounds)
      : interleaved(weights, rngFor(seed, 'references/mixture'));
  return traceOfPattern('mixture', { pages, next: mixed(patterns, chosen) }, options);
}

function patternOf(part: MixturePart, requests: number, rng: Rng): Pattern {
  const { pattern, ids = patternDefaults.ids, alpha = patternDefaults.alpha } = part;
  switch (pattern) {
    case 'zipf':
      return zipfPattern({ ids, alpha }, rng);
    case 'stack':
      return stackPattern({ ids, alpha }, rng);
    case 'loop':
      return loopPattern(ids);
    case 'scan':
      return scanPattern(requests);
  }
}

/** Pages of a pattern come behind those of the patterns before it. */
function mixed(patterns: readonly Pattern[], chosen: () => number): () => number {
  let before = 0;
  const offsets = patterns.map(({ pages }) => (before += pages) - pages);
  return () => {
    const index = chosen();
    return offsets[index]! + patterns[index]!.next();
  };
}

function interleaved(weights: readonly number[], rng: Rng): () => number {
  const part = weightedChoice(weights);
  return () => part(rng);
}

/** `roundRequests`: references of one round, not necessarily whole. Where a phase ends is rounded, not how long it is, so that no error adds up. */
function phases(weights: readonly number[], roundRequests: number): () => number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let before = 0;
  const ends = weights.map((weight) => ((before += weight) / total) * roundRequests);
  ends[ends.length - 1] = roundRequests;
  let round = 0;
  let part = 0;
  let index = 0;
  return () => {
    while (index >= Math.round(round * roundRequests + ends[part]!)) {
      part++;
      if (part < ends.length) continue;
      part = 0;
      round++;
    }
    index++;
    return part;
  };
}
