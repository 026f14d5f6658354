import { logNormal } from '../base/distributions.ts';
import type { Rng } from '../base/rng.ts';

/** Of a log-normal distribution, µs: median > 0, p90 >= median. */
export interface LatencyQuantiles {
  readonly medianUs: number;
  readonly p90Us: number;
}

/**
 * How long tools and people take where nothing is recorded. A tool: a call of a web service, 1.2 s, one in ten over 6 s (a convention: no trace
 * here records such times). A person: the think times of the recorded coding sessions, median 10 s and p90 157 s.
 */
export const latencyDefaults = {
  tool: { medianUs: 1_200_000, p90Us: 6_000_000 },
  person: { medianUs: 10_000_000, p90Us: 157_000_000 },
} satisfies Record<string, LatencyQuantiles>;

/** Draws whole µs, at least 1. */
export function latencySampler({ medianUs, p90Us }: LatencyQuantiles): (rng: Rng) => number {
  const draw = logNormal({ median: medianUs, p90: p90Us });
  return (rng) => Math.max(1, Math.round(draw(rng)));
}
