/** When the agents of a workload arrive: all at once, as recorded, or by chance. */
import { exponential } from '../../base/distributions.ts';
import { rngFor } from '../../base/rng.ts';
import type { Rng } from '../../base/rng.ts';
import { invalid } from '../../kernel/errors.ts';
import { workloadOf } from './workload.ts';
import type { Workload } from './workload.ts';

export type Arrivals =
  | { readonly kind: 'all' }
  | { readonly kind: 'recorded' }
  | PoissonArrivals
  | BurstyArrivals;

/** Independent arrivals: exponential gaps. */
interface PoissonArrivals {
  readonly kind: 'poisson';
  /** Agents an hour on average, > 0. */
  readonly ratePerHour: number;
}

/**
 * A Poisson process whose rate switches between calm and burst (a Markov-modulated Poisson process with two states). The average
 * over both is `ratePerHour`.
 *
 * Source: W. Fischer, K. Meier-Hellstern, "The Markov-modulated Poisson process (MMPP) cookbook", Performance Evaluation 18(2), 1993.
 */
interface BurstyArrivals {
  readonly kind: 'bursty';
  readonly ratePerHour: number;
  /** How many times the calm rate the burst rate is, at least 1. */
  readonly burstFactor: number;
  /** Mean length of a burst and of the calm between two, µs; exponential. */
  readonly burstUs: number;
  readonly calmUs: number;
}
/** Bursts of five minutes on average, one every 30, at ten times the calm rate. */
export const burstyDefaults = { burstFactor: 10, burstUs: 300_000_000, calmUs: 1_500_000_000 };

const hourUs = 3_600_000_000;
/** The rate at which two arrivals would fall on one µs; also what `poisson:RATE` allows. */
const highestRate = hourUs;

/** `all`, `recorded` or `poisson:RATE`, RATE in agents an hour. Throws KernelError INVALID_ARGUMENT. */
export function parseArrivals(text: string, field = '--arrivals'): Arrivals {
  if (text === 'all' || text === 'recorded') return { kind: text };
  const [, digits] = /^poisson:(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  const ratePerHour = Number(digits);
  if (ratePerHour > 0 && ratePerHour <= highestRate) return { kind: 'poisson', ratePerHour };
  throw invalid(field, text, 'all, recorded, poisson:RATE with RATE in agents an hour, greater than 0');
}

/** The workload with `arrivalUs` set for every agent, in the order of the agents. `recorded` needs a workload that has arrivals. */
export function withArrivals(
  workload: Workload,
  arrivals: Arrivals,
  seed: number | string,
  field = '--arrivals',
): Workload {
  if (arrivals.kind === 'recorded') {
    if (workload.hasArrivals) return workload;
    throw invalid(field, 'recorded', `all, poisson:RATE (${workload.name} records no arrivals)`);
  }
  const times = arrivalTimes(arrivals, workload.agents.length, seed, field);
  const agents = workload.agents.map((agent, index) => ({ ...agent, arrivalUs: times[index]! }));
  return workloadOf(workload.name, workload.format, agents);
}

/** `count` times in ascending order, µs from the beginning, drawn from the stream `arrivals`. */
export function arrivalTimes(
  arrivals: Exclude<Arrivals, { kind: 'recorded' }>,
  count: number,
  seed: number | string,
  field = 'arrivals',
): number[] {
  const rng = rngFor(seed, 'arrivals');
  switch (arrivals.kind) {
    case 'all':
      return Array.from({ length: count }, () => 0);
    case 'poisson':
      checkRate(field, arrivals.ratePerHour);
      return poissonTimes(arrivals, count, rng);
    case 'bursty':
      checkBursty(field, arrivals);
      return burstyTimes(arrivals, count, rng);
  }
}

function poissonTimes({ ratePerHour }: PoissonArrivals, count: number, rng: Rng): number[] {
  const gap = exponential({ mean: hourUs / ratePerHour });
  let nowUs = 0;
  return Array.from({ length: count }, () => Math.round((nowUs += gap(rng))));
}

function burstyTimes(arrivals: BurstyArrivals, count: number, rng: Rng): number[] {
  const { ratePerHour, burstFactor, burstUs, calmUs } = arrivals;
  const burstShare = burstUs / (burstUs + calmUs);
  const calmGapUs = (hourUs / ratePerHour) * (1 - burstShare + burstShare * burstFactor);
  const states = [
    { gap: exponential({ mean: calmGapUs }), stay: exponential({ mean: calmUs }) },
    { gap: exponential({ mean: calmGapUs / burstFactor }), stay: exponential({ mean: burstUs }) },
  ] as const;
  let state: 0 | 1 = rng.next() < burstShare ? 1 : 0; // as if it had gone on for ever
  let nowUs = 0;
  let switchUs = states[state].stay(rng);
  return Array.from({ length: count }, () => {
    for (;;) {
      const nextUs = nowUs + states[state].gap(rng);
      if (nextUs < switchUs) return Math.round((nowUs = nextUs));
      // An exponential gap has no memory: what was waited doesn't count after the switch.
      nowUs = switchUs;
      state = state === 0 ? 1 : 0;
      switchUs = nowUs + states[state].stay(rng);
    }
  });
}

function checkBursty(field: string, { ratePerHour, burstFactor, burstUs, calmUs }: BurstyArrivals): void {
  checkRate(field, ratePerHour);
  if (!(burstFactor >= 1 && burstFactor <= 1_000_000)) {
    throw invalid(`${field}.burstFactor`, burstFactor, 'a number from 1 to 1000000');
  }
  for (const [name, us] of Object.entries({ burstUs, calmUs })) {
    if (!Number.isSafeInteger(us) || us < 1)
      throw invalid(`${field}.${name}`, us, 'an integer of µs from 1 up');
  }
}

function checkRate(field: string, ratePerHour: number): void {
  if (ratePerHour > 0 && ratePerHour <= highestRate) return;
  throw invalid(`${field}.ratePerHour`, ratePerHour, `a number greater than 0, at most ${highestRate}`);
}
