import { expect, test } from 'vitest';

import { solveLottery } from '../../../src/lessons/ostep/lottery.ts';

const jobs = [
  { job: 0, length: 2, tickets: 3 },
  { job: 1, length: 3, tickets: 1 },
];

test('the drawn ticket counts through the list, and tickets of finished jobs leave', () => {
  const { draws, finishOrder, perJob } = solveLottery({ quantum: 1, jobs, randoms: [3, 4, 6, 5, 9] });
  expect(draws.map(({ winningTicket, totalTickets, job }) => [winningTicket, totalTickets, job])).toEqual([
    [3, 4, 1],
    [0, 4, 0],
    [2, 4, 0],
    [0, 1, 1],
    [0, 1, 1],
  ]);
  expect(finishOrder).toEqual([0, 1]);
  expect(perJob).toEqual([
    { job: 0, response: 1, turnaround: 3 },
    { job: 1, response: 0, turnaround: 5 },
  ]);
});

test('the clock goes on by whole slices', () => {
  const { perJob, drawsUsed } = solveLottery({ quantum: 2, jobs, randoms: [3, 4, 6, 5, 9] });
  expect(drawsUsed).toBe(3);
  expect(perJob.map(({ turnaround }) => turnaround)).toEqual([4, 6]);
});

test('a job of length 0 needs a draw that was not counted: work may be left', () => {
  const given = [
    { job: 0, length: 0, tickets: 1 },
    { ...jobs[1]!, length: 1 },
  ];
  const { perJob } = solveLottery({ quantum: 1, jobs: given, randoms: [0] });
  expect(perJob).toEqual([
    { job: 0, response: 0, turnaround: 1 },
    { job: 1, response: null, turnaround: null },
  ]);
});

test('what cannot be a problem is refused, also when it shows only on the way', () => {
  const broke = [jobs[0]!, { job: 1, length: 3, tickets: 0 }];
  expect(() => solveLottery({ quantum: 1, jobs: broke, randoms: [0, 0, 0, 0, 0] })).toThrow(
    'tickets: 0 in all are left at time 2 (job 1); allowed: jobs with at least one ticket each',
  );
  expect(() => solveLottery({ quantum: 0, jobs, randoms: [] })).toThrow('quantum: 0');
  expect(() => solveLottery({ quantum: 1, jobs, randoms: [1] })).toThrow('randoms: 1');
  expect(() => solveLottery({ quantum: 1, jobs: [], randoms: [] })).toThrow('jobs: ');
});
