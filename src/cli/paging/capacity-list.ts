/** `--capacity 100,10%`: capacities as numbers, or as shares of the footprint. */
import { invalid } from '../../kernel/errors.ts';
import { amountOf, parseShare, type Capacity } from '../../sim/paging/capacity.ts';
import { parseInteger } from '../options.ts';

/** For parseList. */
export function parseCapacity(text: string): Capacity {
  if (!/^\d+(?:\.\d+)?%$/.test(text)) return { amount: parseInteger('--capacity', text, { min: 1 }) };
  const share = parseShare(text);
  if (share === undefined) throw invalid('--capacity', text, 'a share above 0 %');
  return share;
}

/** In the unit, without repetitions. */
export function capacitiesOf(given: readonly Capacity[], footprint: number): number[] {
  return [...new Set(given.map((capacity) => amountOf(capacity, footprint)))];
}
