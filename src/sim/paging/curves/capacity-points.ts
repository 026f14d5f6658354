/** Capacities to look at a curve at, where nobody named any: dense where curves bend, and few enough to replay. */
import { pow } from '../../../base/math.ts';

/** At most `count` different integers from 1 to `largest`, ascending, both ends included, at equal distances on a logarithmic axis. */
export function logSpaced(largest: number, count: number): number[] {
  const points = new Set<number>([1]);
  for (let step = 1; step < count; step++) points.add(Math.round(pow(largest, step / (count - 1))));
  points.add(largest);
  return [...points].filter((point) => point <= largest).sort((a, b) => a - b);
}

/** `count` integers at equal distances up to `largest`: what an error of a curve is averaged over. */
export function evenlySpaced(largest: number, count: number): number[] {
  const points = new Set<number>();
  for (let step = 1; step <= count; step++) points.add(Math.max(1, Math.round((largest * step) / count)));
  return [...points];
}
