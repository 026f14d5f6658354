/** How much a memory for page references holds: as a number, or as a share of all that the trace ever uses. */
import type { ReferenceTrace } from './reference-trace.ts';

/** An absolute number in the unit, or a share of the footprint above 0. */
export type Capacity = { readonly amount: number } | { readonly share: number };

/** `10%` is a share of 0.1; undefined: it is no share above 0 %. */
export function parseShare(text: string): Capacity | undefined {
  const [, percent] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? [];
  return percent === undefined || Number(percent) === 0 ? undefined : { share: Number(percent) / 100 };
}

/** In the unit, at least 1. */
export function amountOf(capacity: Capacity, footprint: number): number {
  return 'amount' in capacity ? capacity.amount : Math.max(1, Math.round(capacity.share * footprint));
}

/** The largest capacity that makes a difference: the number of pages or, in sizes, the sum of all pages' sizes. */
export function footprintOf(trace: ReferenceTrace, unit: 'pages' | 'size'): number {
  return unit === 'pages' ? trace.unique : sizeOfAll(trace);
}

/** Sum of the sizes of all pages, each as at its first reference. */
function sizeOfAll({ ids, sizes, unique }: ReferenceTrace): number {
  let sum = 0;
  for (let at = 0, seen = 0; seen < unique; at++) {
    if (ids[at]! <= seen) continue; // ids are numbered in order of first appearance
    seen = ids[at]!;
    sum += sizes![at]!;
  }
  return sum;
}
