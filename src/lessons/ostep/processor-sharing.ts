import type { JobProblem } from './job-ticks.ts';

/**
 * Processor sharing: all jobs that are there are served at once, each with an equal share of the core. Finish times are exact but for the rounding of a few divisions.
 *
 * Source: L. Kleinrock, "Time-shared Systems: A Theoretical Treatment", 1967.
 */
export function shareProcessor(
  jobs: readonly JobProblem[],
): readonly { readonly job: number; readonly finish: number; readonly turnaround: number }[] {
  const left = jobs.map(({ length }) => length);
  const finishes = jobs.map(() => NaN);
  const arrivals = [...new Set(jobs.map(({ arrival }) => arrival))].sort((a, b) => a - b);
  let now = arrivals[0] ?? 0;
  for (;;) {
    const active = jobs.flatMap(({ arrival }, index) =>
      arrival <= now && Number.isNaN(finishes[index]!) ? [index] : [],
    );
    const next = arrivals.find((arrival) => arrival > now) ?? Infinity;
    if (active.length === 0) {
      if (next === Infinity) break;
      now = next;
      continue;
    }
    const least = Math.min(...active.map((index) => left[index]!));
    const ends = now + least * active.length;
    const until = Math.min(ends, next);
    const served = ends <= next ? least : (until - now) / active.length;
    for (const index of active) {
      left[index]! -= served;
      // Those with as little left as the first end with it.
      if (ends <= next && left[index]! <= 1e-12 * jobs[index]!.length) finishes[index] = until;
    }
    now = until;
  }
  return jobs.map(({ job, arrival }, index) => ({
    job,
    finish: finishes[index]!,
    turnaround: finishes[index]! - arrival,
  }));
}
