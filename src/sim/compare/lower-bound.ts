/**
 * What no scheduling policy can beat. A program takes at least its critical path; and the mean over all programs is at least that of one core n times as fast that always serves the
 * program with the least work left (SRPT), since whatever n cores do such a core can do, too, and SRPT has the least mean flow time of all on one.
 *
 * Source: L. Schrage, "A Proof of the Optimality of the Shortest Remaining Processing Time Discipline", 1968.
 */
import { assert } from '../../base/assert.ts';
import { KeyedHeap } from '../../base/heap.ts';
import type { Demand } from './demand.ts';

export interface Arrival {
  readonly arrivalUs: number;
  readonly demand: Demand;
}

/** Least mean time from arrival to end, µs; `cores` over all engines. */
export function leastMeanUs(programs: readonly Arrival[], cores: number): number {
  assert(programs.length > 0, 'a lower bound for no programs');
  let paths = 0;
  for (const { demand } of programs) paths += demand.criticalPathUs;
  const works = programs.map(({ arrivalUs, demand }) => ({ arrivalUs, workUs: demand.coreUs }));
  return Math.max(paths / programs.length, shortestRemainingFirst(works, cores) / programs.length);
}

/** The sum of the flow times under SRPT on one core of this speed, µs. */
export function shortestRemainingFirst(
  jobs: readonly { readonly arrivalUs: number; readonly workUs: number }[],
  speed: number,
): number {
  const order = jobs
    .map((_, index) => index)
    .sort((a, b) => jobs[a]!.arrivalUs - jobs[b]!.arrivalUs || a - b);
  // By work left; ids of the heap are the jobs'.
  const left = new KeyedHeap();
  let nowUs = 0;
  let flowUs = 0;
  const serveUntil = (untilUs: number): void => {
    while (left.size > 0 && nowUs < untilUs) {
      const job = left.peek();
      const endsUs = nowUs + left.peekKey() / speed;
      if (endsUs > untilUs) {
        left.update(job, left.peekKey() - (untilUs - nowUs) * speed, job);
        break;
      }
      nowUs = endsUs;
      left.popMin();
      flowUs += nowUs - jobs[job]!.arrivalUs;
    }
    if (nowUs < untilUs && untilUs < Infinity) nowUs = untilUs;
  };
  for (const job of order) {
    serveUntil(jobs[job]!.arrivalUs);
    left.push(job, jobs[job]!.workUs, job);
  }
  serveUntil(Infinity);
  return flowUs;
}
