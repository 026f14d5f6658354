/** What every generator of references shares: a pattern says which of its pages comes next, and a trace is made of it. */
import { invalid } from '../../../kernel/errors.ts';
import { unshared, type Allocate } from '../reference-columns.ts';
import type { ReferenceTrace } from '../reference-trace.ts';

/** A source of references without end. */
export interface Pattern {
  /** It names pages from 0 to `pages` - 1. */
  readonly pages: number;
  next(): number;
}

export interface GeneratorOptions {
  /** References, 1 to 2^31 - 1. */
  readonly requests: number;
  readonly seed: number | string;
  /** Default: memory of this thread alone. */
  readonly allocate?: Allocate;
}

const mostRequests = 0x7fffffff;
export const mostPages = 0x0fffffff;

/** Pages are numbered anew in order of first appearance, as in every trace. Throws KernelError INVALID_ARGUMENT. */
export function traceOfPattern(
  name: string,
  pattern: Pattern,
  { requests, allocate = unshared }: Omit<GeneratorOptions, 'seed'>,
): ReferenceTrace {
  checkCount('requests', requests, mostRequests);
  const ids = new Int32Array(allocate(4 * requests));
  const dense = new Int32Array(pattern.pages); // [page of the pattern] id, or 0
  let unique = 0;
  for (let index = 0; index < requests; index++) {
    const page = pattern.next();
    let id = dense[page]!;
    if (id === 0) dense[page] = id = ++unique;
    ids[index] = id;
  }
  return { name, format: 'generated', ids, unique };
}

/** Throws KernelError INVALID_ARGUMENT unless it is an integer from 1 to `most`. */
export function checkCount(field: string, value: number, most = mostPages): void {
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw invalid(field, value, `an integer from 1 to ${most}`);
}

/** Throws KernelError INVALID_ARGUMENT unless it is a number from 0 to 100. */
export function checkAlpha(value: number): void {
  if (!(value >= 0 && value <= 100)) throw invalid('alpha', value, 'a number from 0 to 100');
}
