/**
 * The two patterns without chance. A scan touches every page once, one after another, and none again: no memory helps, and what it pushes out was worth
 * more. A loop goes round the same pages in the same order: LRU misses every time as soon as one page doesn't fit, MRU and OPT keep what does.
 */
import type { ReferenceTrace } from '../reference-trace.ts';
import { checkCount, traceOfPattern } from './pattern.ts';
import type { GeneratorOptions, Pattern } from './pattern.ts';

/** Throws KernelError INVALID_ARGUMENT. */
export function generateScan(options: Omit<GeneratorOptions, 'seed'>): ReferenceTrace {
  return traceOfPattern('scan', scanPattern(options.requests), options);
}

/** Throws KernelError INVALID_ARGUMENT. */
export function generateLoop(
  options: Omit<GeneratorOptions, 'seed'> & { readonly ids: number },
): ReferenceTrace {
  return traceOfPattern('loop', loopPattern(options.ids), options);
}

/** At most `pages` references. */
export function scanPattern(pages: number): Pattern {
  checkCount('requests', pages);
  let at = 0;
  return { pages, next: () => at++ };
}

export function loopPattern(ids: number): Pattern {
  checkCount('ids', ids);
  let at = ids - 1;
  return { pages: ids, next: () => (at = at + 1 === ids ? 0 : at + 1) };
}
