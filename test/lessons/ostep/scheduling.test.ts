import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { shareProcessor } from '../../../src/lessons/ostep/processor-sharing.ts';
import { solveScheduling } from '../../../src/lessons/ostep/scheduling.ts';
import { solveTextbookScheduling } from '../../../src/lessons/ostep/textbook-scheduling.ts';

const jobs = (...lengths: number[]) => lengths.map((length, job) => ({ job, arrival: 0, length }));

test('a job that is alone has a line for each slice; SJF lists its jobs as they ran', () => {
  const alone = solveScheduling({ policy: 'RR', quantum: 2, jobs: jobs(5) });
  expect(alone.timeline).toEqual([
    { start: 0, end: 2, job: 0, done: false },
    { start: 2, end: 4, job: 0, done: false },
    { start: 4, end: 5, job: 0, done: true },
  ]);
  const shortest = solveScheduling({ policy: 'SJF', quantum: null, jobs: jobs(3, 0, 1, 1) });
  expect(shortest.printedJobOrder).toEqual([1, 2, 3, 0]);
  expect(shortest.timeline[0]).toEqual({ start: 0, end: 0, job: 1, done: true });
  expect(shortest.averageExact).toEqual({ response: 0.75, turnaround: 2, wait: 0.75 });
});

test('averages are rounded as Python does: halves to even', () => {
  const { average, averageExact } = solveScheduling({
    policy: 'FIFO',
    quantum: null,
    jobs: jobs(1, 1, 1, 1, 1, 1, 1, 2),
  });
  expect([averageExact.turnaround, average.turnaround]).toEqual([4.625, 4.62]);
});

test.each([
  [{ policy: 'RR', quantum: 0, jobs: jobs(1) }, 'quantum: 0 is not allowed'],
  [{ policy: 'FIFO', quantum: null, jobs: [] }, 'jobs: "nothing" is not allowed'],
  [{ policy: 'LIFO', quantum: null, jobs: jobs(1) }, 'policy: "LIFO" is not allowed; allowed: FIFO, SJF, RR'],
  [{ policy: 'FIFO', quantum: null, jobs: jobs(-1) }, 'length: -1 is not allowed'],
])('%j is refused', (problem, line) => {
  expect(() => solveScheduling(problem as never)).toThrow(line);
});

/** Stallings' five jobs. */
const stallings = [3, 6, 4, 5, 2].map((length, job) => ({ job, arrival: 2 * job, length }));

test.each([
  ['FCFS', null, [3, 9, 13, 18, 20]],
  ['RR', 1, [4, 18, 17, 20, 15]],
  ['RR', 4, [3, 17, 11, 20, 19]],
  ['SJF', null, [3, 9, 15, 20, 11]],
  ['SRTF', null, [3, 15, 8, 20, 10]],
  ['HRRN', null, [3, 9, 13, 20, 15]],
  ['FEEDBACK q=1', 1, [4, 20, 16, 19, 11]],
  ['FEEDBACK q=2^i', '2^level', [4, 17, 18, 20, 14]],
])('Stallings: %s with slices of %s', (policy, quantum, finishes) => {
  const { perJob } = solveTextbookScheduling({ policy, quantum, jobs: stallings });
  expect(perJob.map(({ finish }) => finish)).toEqual(finishes);
});

test('priorities: whichever number runs first, with turns among equals', () => {
  const jobs = [2, 1, 2].map((priority, job) => ({ job, arrival: job === 1 ? 1 : 0, length: 4, priority }));
  const solve = (policy: string, priorityRule?: string) =>
    solveTextbookScheduling({
      policy,
      quantum: 2,
      jobs,
      ...(priorityRule === undefined ? {} : { priorityRule }),
    })
      .timeline.map(({ job, start }) => `${job}@${start}`)
      .join(' ');
  expect(solve('PRIORITY')).toBe('0@0 1@4 2@8');
  expect(solve('PRIORITY+RR')).toBe('0@0 1@2 2@6 0@8 2@10');
  expect(solve('PRIORITY+RR preemptive')).toBe('0@0 1@1 2@5 0@7 2@9 0@11');
  expect(solve('PRIORITY', 'larger number runs first')).toBe('0@0 2@4 1@8');
});

test('processor sharing: an example, and it never loses or gains time', () => {
  const shared = shareProcessor([
    { job: 0, arrival: 0, length: 3 },
    { job: 1, arrival: 1, length: 1 },
    { job: 2, arrival: 10, length: 2 },
  ]);
  expect(shared.map(({ finish }) => finish)).toEqual([4, 3, 12]);
  const job = fc.record({ arrival: fc.integer({ min: 0, max: 20 }), length: fc.integer({ min: 0, max: 9 }) });
  fc.assert(
    fc.property(fc.array(job, { minLength: 1, maxLength: 8 }), (list) => {
      const all = list.map((one, index) => ({ ...one, job: index }));
      const ends = shareProcessor(all).map(({ finish }) => finish);
      // The last of all ends when a core that is never idle without need would be done.
      let idleUntil = 0;
      for (const { arrival, length } of all.toSorted((a, b) => a.arrival - b.arrival))
        idleUntil = Math.max(idleUntil, arrival) + length;
      expect(Math.max(...ends)).toBeCloseTo(idleUntil, 9);
      // Of two that come together, the longer is not the first to end.
      for (const a of all)
        for (const b of all)
          if (a.arrival === b.arrival && a.length < b.length)
            expect(ends[a.job]!).toBeLessThan(ends[b.job]! + 1e-9);
    }),
    { seed: 5 },
  );
});

test('a policy that no textbook has is refused', () => {
  expect(() => solveTextbookScheduling({ policy: 'LIFO', quantum: null, jobs: stallings })).toThrow(
    'policy: "LIFO" is not allowed; allowed: FCFS, SJF',
  );
});
