/**
 * The working set W(t, T): the pages used in the last T references. Its mean size, and the miss ratio of a memory that holds it and nothing else, as
 * functions of the window T.
 *
 * Sources: P. J. Denning, "The working set model for program behavior", CACM 11(5), 1968; P. J. Denning and S. C. Schwartz, "Properties of the
 * working-set model", CACM 15(3), 1972, for both from the histogram of reuse times. Departs from the latter: exact for the finite trace, whose
 * end cuts off the last stay of each page.
 */
import type { ReuseTimes } from './reuse-times.ts';

export interface WorkingSetPoint {
  /** T, in references. */
  readonly window: number;
  /** Pages, averaged over the moments after each reference. */
  readonly meanSize: number;
  /** Share of the references whose page was not used in the T before. */
  readonly missRatio: number;
}

/** `windows`: integers > 0, ascending. The trace isn't empty. */
export function workingSetCurve(times: ReuseTimes, windows: readonly number[]): WorkingSetPoint[] {
  const { requests, reuses, lastUses } = times;
  const points: WorkingSetPoint[] = [];
  // A page stays for min(T, time to its next use, time to the end) after each use; so the mean grows from T − 1 to T by the share
  // of uses that stay for T at least.
  let staying = requests;
  let presence = 0;
  let missing = requests;
  let time = 0;
  for (const window of windows) {
    while (time < Math.min(window, requests)) {
      presence += staying;
      time++;
      staying -= reuses[time]! + lastUses[time]!;
      missing -= reuses[time]!;
    }
    points.push({ window, meanSize: presence / requests, missRatio: missing / requests });
  }
  return points;
}
