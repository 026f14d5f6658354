import { expect, test } from 'vitest';

import {
  arrivalTimes,
  burstyDefaults,
  parseArrivals,
  withArrivals,
} from '../../../src/sim/workloads/arrivals.ts';
import type { Arrivals } from '../../../src/sim/workloads/arrivals.ts';
import { workloadOf } from '../../../src/sim/workloads/workload.ts';
import { problemOf } from './support.ts';

const hourUs = 3_600_000_000;
const bursty = { kind: 'bursty', ratePerHour: 120, ...burstyDefaults } as const;
const agents = [1, 2, 3].map((number) => ({ name: `a${number}`, steps: [] }));
const bare = workloadOf('bare', 'generated', agents);

/** Variance over mean of the counts in windows: 1 for a Poisson process, more for bursts. */
function dispersion(times: readonly number[], windowUs: number): number {
  const counts = Array.from({ length: Math.floor(times.at(-1)! / windowUs) }, () => 0);
  for (const timeUs of times) {
    const window = Math.floor(timeUs / windowUs);
    if (window < counts.length) counts[window]!++;
  }
  const mean = counts.reduce((a, b) => a + b) / counts.length;
  return counts.reduce((sum, count) => sum + (count - mean) * (count - mean), 0) / counts.length / mean;
}

test('the option reads all, recorded and poisson:RATE an hour', async () => {
  expect(parseArrivals('all')).toEqual({ kind: 'all' });
  expect(parseArrivals('recorded')).toEqual({ kind: 'recorded' });
  expect(parseArrivals('poisson:12.5')).toEqual({ kind: 'poisson', ratePerHour: 12.5 });
  for (const text of [
    '',
    'poisson',
    'poisson:',
    'poisson:0',
    'poisson:-3',
    'poisson:1e9',
    'poisson:Infinity',
    'ALL',
  ]) {
    expect(await problemOf(() => parseArrivals(text), 'INVALID_ARGUMENT')).toBe(
      `--arrivals: ${JSON.stringify(text)} is not allowed; allowed: all, recorded, poisson:RATE with RATE in agents an hour, greater than 0`,
    );
  }
});

test('all arrive at 0; recorded arrivals stay, and are an error where there are none', async () => {
  const all = withArrivals(bare, { kind: 'all' }, 1);
  expect(all.agents.map(({ arrivalUs }) => arrivalUs)).toEqual([0, 0, 0]);
  expect(all.hasArrivals).toBe(true);
  const recorded = workloadOf(
    'r',
    'azure',
    agents.map((agent, index) => ({ ...agent, arrivalUs: index * 5 })),
  );
  expect(withArrivals(recorded, { kind: 'recorded' }, 1).agents.map(({ arrivalUs }) => arrivalUs)).toEqual([
    0, 5, 10,
  ]);
  expect(await problemOf(() => withArrivals(bare, { kind: 'recorded' }, 1), 'INVALID_ARGUMENT')).toBe(
    '--arrivals: "recorded" is not allowed; allowed: all, poisson:RATE (bare records no arrivals)',
  );
});

test('drawn arrivals are whole µs in ascending order at the rate, the same for a seed', () => {
  // At 6 an hour many a burst or calm passes without an arrival.
  const poisson = { kind: 'poisson', ratePerHour: 120 } as const;
  for (const arrivals of [poisson, bursty, { ...bursty, ratePerHour: 6 }]) {
    const times = arrivalTimes(arrivals, 200_000, 5);
    expect(
      times.every((timeUs, index) => Number.isInteger(timeUs) && timeUs >= (times[index - 1] ?? 0)),
    ).toBe(true);
    const rate = times.length / (times.at(-1)! / hourUs);
    expect(rate / arrivals.ratePerHour, arrivals.kind).toBeGreaterThan(0.96);
    expect(rate / arrivals.ratePerHour, arrivals.kind).toBeLessThan(1.04);
    expect(arrivalTimes(arrivals, 1000, 5)).toEqual(times.slice(0, 1000));
    expect(arrivalTimes(arrivals, 1000, 6)).not.toEqual(times.slice(0, 1000));
    expect(arrivalTimes(arrivals, 100, 5)).toEqual(times.slice(0, 100));
  }
});

test('bursty arrivals come in bursts, Poisson arrivals do not', () => {
  const windowUs = 600_000_000;
  expect(dispersion(arrivalTimes({ kind: 'poisson', ratePerHour: 120 }, 20_000, 5), windowUs)).toBeCloseTo(
    1,
    0,
  );
  expect(dispersion(arrivalTimes(bursty, 20_000, 5), windowUs)).toBeGreaterThan(5);
  // A burst that is no faster than the calm is no burst.
  const flat = { ...bursty, burstFactor: 1 };
  expect(dispersion(arrivalTimes(flat, 20_000, 5), windowUs)).toBeCloseTo(1, 0);
});

test('a rate or a burst out of range is an error', async () => {
  const problem = (arrivals: Arrivals): Promise<string> =>
    problemOf(() => withArrivals(bare, arrivals, 1), 'INVALID_ARGUMENT');
  for (const ratePerHour of [0, -1, Number.NaN, Infinity]) {
    expect(await problem({ kind: 'poisson', ratePerHour })).toContain(
      `--arrivals.ratePerHour: ${ratePerHour} is not`,
    );
    expect(await problem({ ...bursty, ratePerHour })).toContain('ratePerHour');
  }
  expect(await problem({ ...bursty, burstFactor: 0.5 })).toContain(
    '--arrivals.burstFactor: 0.5 is not allowed',
  );
  expect(await problem({ ...bursty, burstUs: 0 })).toContain('--arrivals.burstUs: 0 is not allowed');
  expect(await problem({ ...bursty, calmUs: 1.5 })).toContain('--arrivals.calmUs: 1.5 is not allowed');
});
