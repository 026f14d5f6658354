/** `--capacity 100,10%`: capacities as numbers, or as shares of the footprint. */
import { invalid } from '../../kernel/errors.ts';
import type { ReferenceTrace } from '../../sim/paging/reference-trace.ts';
import { parseInteger } from '../options.ts';

/** An absolute number, or a share of the footprint. */
export type Capacity = { readonly amount: number } | { readonly share: number };

/** For parseList. */
export function parseCapacity(text: string): Capacity {
  const [, percent] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? [];
  if (percent === undefined) return { amount: parseInteger('--capacity', text, { min: 1 }) };
  if (Number(percent) > 0) return { share: Number(percent) / 100 };
  throw invalid('--capacity', text, 'a share above 0 %');
}

/** In the unit, without repetitions. */
export function capacitiesOf(given: readonly Capacity[], footprint: number): number[] {
  const amounts = given.map((capacity) =>
    'amount' in capacity ? capacity.amount : Math.max(1, Math.round(capacity.share * footprint)),
  );
  return [...new Set(amounts)];
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
