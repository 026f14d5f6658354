/** Capacities to look at a curve at, where nobody named any: dense where curves bend, and few enough to replay. */
import { pow } from '../../../base/math.ts';

/** At most `count` different integers `from` to `to`, ascending, both ends included, at equal distances on a logarithmic axis. */
export function logSpaced(
  { from, to }: { readonly from: number; readonly to: number },
  count: number,
): number[] {
  const points = new Set<number>([from, to]);
  for (let step = 1; step < count - 1; step++)
    points.add(Math.round(from * pow(to / from, step / (count - 1))));
  return [...points].sort((a, b) => a - b);
}

/** `count` integers at equal distances up to `largest`: what an error of a curve is averaged over. */
export function evenlySpaced(largest: number, count: number): number[] {
  const points = new Set<number>();
  for (let step = 1; step <= count; step++) points.add(Math.max(1, Math.round((largest * step) / count)));
  return [...points];
}
