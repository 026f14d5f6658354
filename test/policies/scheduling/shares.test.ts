/** What the fair-share policies promise: shares by tickets or weight, within bounds at every decision. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  cfsWith,
  eevdfDefaults,
  eevdfWith,
  lotteryWith,
  randomWith,
  strideWith,
} from '../../../src/policies/index.ts';
import type { CreateSchedulingPolicy } from '../../../src/kernel/contracts.ts';
import type { Pid } from '../../../src/kernel/ids.ts';
import { scheduleOnCores, type Job } from '../../support/core-schedule.ts';
import { pid } from '../../support/process-view.ts';
import { seedCount } from '../../support/seeds.ts';

const sliceUs = 1_000;
const endless = 1e9;

/** Jobs that are ready from 0 on for ever, by their shares. */
const greedy = (shares: readonly number[]): Job[] =>
  shares.map((share) => ({ arrival: 0, bursts: [endless], tickets: share, weight: share }));
const shareLists = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 7 });

/** Core time of each job when `untilUs` is reached, and a look at them before each pick. */
function serve(
  create: CreateSchedulingPolicy,
  shares: readonly number[],
  untilUs: number,
  onPick: (served: readonly number[]) => void = () => {},
): number[] {
  let last: number[] = [];
  scheduleOnCores({
    create,
    jobs: greedy(shares),
    untilUs,
    beforePick: ({ served }) => {
      last = shares.map((_, index) => served(pid(index + 1)));
      onPick(last);
    },
  });
  return last;
}

test('stride: no two are ever further apart from their shares than one slice', () => {
  fc.assert(
    fc.property(shareLists, (shares) => {
      serve(strideWith({ sliceUs }), shares, 100 * sliceUs, (served) => {
        for (const [one, a] of shares.entries())
          for (const [other, b] of shares.entries()) {
            const error = (served[one]! * b - served[other]! * a) / (a + b);
            expect(Math.abs(error)).toBeLessThanOrEqual(sliceUs);
          }
      });
    }),
    { seed: 2, numRuns: seedCount(40, 2_000) },
  );
});

test('eevdf: nobody is ever more than one request ahead of its share or behind it', () => {
  fc.assert(
    fc.property(shareLists, (shares) => {
      const all = shares.reduce((sum, share) => sum + share, 0);
      let worst = 0;
      serve(eevdfWith({ ...eevdfDefaults, sliceUs }), shares, 100 * sliceUs, (served) => {
        const total = served.reduce((sum, us) => sum + us, 0);
        for (const [index, share] of shares.entries())
          worst = Math.max(worst, Math.abs((total * share) / all - served[index]!));
      });
      expect(worst).toBeLessThanOrEqual(sliceUs);
      expect(worst).toBeGreaterThan(0);
    }),
    { seed: 3, numRuns: seedCount(40, 2_000) },
  );
});

test('cfs: virtual run times stay within a few slices of each other, and shares follow weights', () => {
  const options = { latencyUs: 8 * sliceUs, minGranularityUs: sliceUs, wakeupGranularityUs: sliceUs };
  fc.assert(
    fc.property(shareLists, (shares) => {
      const all = shares.reduce((sum, share) => sum + share, 0);
      const periodUs = Math.max(options.latencyUs, shares.length * sliceUs);
      const longest = Math.max(...shares.map((share) => Math.max(sliceUs, (periodUs * share) / all) / share));
      const served = serve(cfsWith(options), shares, 400 * sliceUs, (us) => {
        const times = us.map((one, index) => one / shares[index]!);
        // Each newcomer began up to one slice behind.
        expect(Math.max(...times) - Math.min(...times)).toBeLessThanOrEqual(3 * periodUs);
      });
      const times = served.map((one, index) => one / shares[index]!);
      expect(Math.max(...times) - Math.min(...times)).toBeLessThanOrEqual(2 * longest + periodUs);
    }),
    { seed: 4, numRuns: seedCount(40, 2_000) },
  );
});

test('lottery: shares come out within four standard deviations; random gives everybody the same', () => {
  const slices = 4_000;
  for (const shares of [
    [1, 1],
    [3, 1],
    [5, 3, 2],
    [1, 2, 3, 4],
  ]) {
    const all = shares.reduce((sum, share) => sum + share, 0);
    const check = (served: readonly number[], chances: readonly number[]): void => {
      for (const [index, chance] of chances.entries()) {
        const deviation = Math.sqrt(chance * (1 - chance) * slices);
        expect(Math.abs(served[index]! / sliceUs - chance * slices)).toBeLessThanOrEqual(4 * deviation);
      }
    };
    check(
      serve(lotteryWith({ sliceUs, compensates: true }), shares, slices * sliceUs),
      shares.map((share) => share / all),
    );
    check(
      serve(randomWith({ sliceUs }), shares, slices * sliceUs),
      shares.map(() => 1 / shares.length),
    );
  }
});

test('lottery: one that uses a fifth of its slices gets its share all the same, thanks to compensation', () => {
  // It computes 200 µs and is ready again at once, again and again; the other one uses whole slices. 100 tickets each.
  const jobs: Job[] = [
    { arrival: 0, bursts: Array.from({ length: 4_001 }, (_, index) => (index % 2 === 0 ? 200 : 0)) },
    { arrival: 0, bursts: [endless] },
  ];
  const ratio = (compensates: boolean): number => {
    let served = [0, 0];
    scheduleOnCores({
      create: lotteryWith({ sliceUs, compensates }),
      jobs,
      untilUs: 500 * sliceUs,
      onInstant: (look) => (served = [1, 2].map((id) => look.served(id as Pid))),
    });
    return served[0]! / served[1]!;
  };
  expect(ratio(true)).toBeGreaterThan(0.8);
  expect(ratio(false)).toBeLessThan(0.3);
});

test('eevdf: who is owed time comes back with its lag, or without it', () => {
  const order = (lagOnWait: 'keep' | 'forget'): number[] => {
    const { segments } = scheduleOnCores({
      create: eevdfWith({ sliceUs, lagOnWait }),
      jobs: [
        { arrival: 0, bursts: [endless] },
        // Kept waiting for almost a slice, it is owed most of it; it leaves after 10 µs, and is back at 2,000.
        { arrival: 1, bursts: [10, 990, 10], weight: 4 },
        { arrival: 1_999, bursts: [10], weight: 4 },
      ],
      untilUs: 3_000,
    });
    return segments.map(({ job }) => job);
  };
  expect(order('keep').slice(0, 5)).toEqual([0, 1, 0, 1, 2]);
  expect(order('forget').slice(0, 5)).toEqual([0, 1, 0, 2, 1]);
});

test('eevdf: who leaves ahead of its share does not come back with a clean slate', () => {
  // Most of a slice, and away for a moment, again and again: not more than half, and one slice.
  const jobs: Job[] = [
    { arrival: 0, bursts: Array.from({ length: 401 }, (_, index) => (index % 2 === 0 ? 900 : 1)) },
    { arrival: 0, bursts: [endless] },
  ];
  let served = [0, 0];
  scheduleOnCores({
    create: eevdfWith({ sliceUs, lagOnWait: 'keep' }),
    jobs,
    untilUs: 100 * sliceUs,
    onInstant: (look) => (served = [1, 2].map((id) => look.served(id as Pid))),
  });
  expect(served[0]! - served[1]!).toBeLessThanOrEqual(sliceUs);
});

test('eevdf: no lag gets lost, however unequal the weights', () => {
  const job = fc.record({
    arrival: fc.integer({ min: 0, max: 10_000_000 }),
    bursts: fc.array(fc.integer({ min: 1, max: 27_000_000 }), { minLength: 3, maxLength: 3 }),
    weight: fc.constantFrom(0.001, 0.37, 1, 12_345.678, 1_000_000),
  });
  fc.assert(
    fc.property(
      fc.array(job, { minLength: 2, maxLength: 6 }),
      fc.integer({ min: 1, max: 3 }),
      (jobs, cores) => {
        // That all lags sum to 0 is asserted when the last one leaves.
        const { finish } = scheduleOnCores({ create: eevdfWith(eevdfDefaults), jobs, cores });
        expect(finish.every((us) => us > 0)).toBe(true);
      },
    ),
    { seed: 8, numRuns: seedCount(100, 2_000) },
  );
});
