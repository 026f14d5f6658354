/**
 * The average footprint fp(w): how many different pages a stretch of w references has, averaged over all stretches of that length.
 *
 * Source: X. Xiang, B. Bao, C. Ding, Y. Gao, "Linear-time modeling of program working set in shared cache", PACT 2011; X. Xiang, C. Ding, H. Luo,
 * B. Bao, "HOTL: a higher order theory of locality", ASPLOS 2013: the formula from reuse times, first and last uses. Each page misses the stretches that lie
 * between two of its uses, t − w of them for a time t > w; these are counted and taken from all.
 */
import type { ReuseTimes } from './reuse-times.ts';

export interface FootprintPoint {
  /** In references. */
  readonly window: number;
  readonly pages: number;
}

/** `windows`: integers from 1 to the length of the trace, ascending. */
export function footprint(times: ReuseTimes, windows: readonly number[]): FootprintPoint[] {
  const { requests, unique, reuses, firstUses, lastUses } = times;
  const points: FootprintPoint[] = [];
  // Of the times above w: how many, and how far above it in all.
  let above = 0;
  let excess = 0;
  let time = requests;
  for (let index = windows.length - 1; index >= 0; index--) {
    const window = windows[index]!;
    while (time > window) {
      above += reuses[time]! + firstUses[time]! + lastUses[time]!;
      excess += above;
      time--;
    }
    points.unshift({ window, pages: unique - excess / (requests - window + 1) });
  }
  return points;
}
