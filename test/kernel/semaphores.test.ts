/** Counting semaphores of a run: nothing is taken that was not posted, and who has waited longest is served first. */
import { expect, test } from 'vitest';

import { runAgents } from '../support/run-agents.ts';
import { failed, ok, SECOND, semOpen, semPost, semWait, sleep, spawn } from '../support/syscalls.ts';

const S = SECOND;
const left = (semaphore: string, count: number) => ok({ semaphore, count });

test('who opens it first gives the count', () => {
  const { results } = runAgents({
    agents: [{ body: [semOpen('s', 2), spawn('child'), semWait('s'), sleep(S), semOpen('s', 9)] }],
    programs: { child: [semOpen('s', 7), semWait('s')] },
  });
  expect(results(1)[0]).toEqual(ok({ semaphore: 's', count: 2, isNew: true }));
  expect(results(1)[2]).toEqual(left('s', 1));
  expect(results(2)).toEqual([ok({ semaphore: 's', count: 1, isNew: false }), left('s', 0)]);
  expect(results(1)[4]).toEqual(ok({ semaphore: 's', count: 0, isNew: false }));
});

test('producer and consumer share a buffer of two places', () => {
  const { all } = runAgents({
    agents: [{ body: [semOpen('free', 2), semOpen('full', 0), spawn('producer'), spawn('consumer')] }],
    programs: {
      producer: function* () {
        for (let item = 0; item < 5; item++) {
          yield sleep(S);
          yield semWait('free');
          yield semPost('full');
        }
      },
      consumer: function* () {
        for (let item = 0; item < 5; item++) {
          yield semWait('full');
          yield sleep(3 * S);
          yield semPost('free');
        }
      },
    },
  });
  const times = (type: 'semaphore.posted' | 'semaphore.taken', semaphore: string) =>
    all(type)
      .filter((event) => event.semaphore === semaphore)
      .map(({ atUs, count }) => [atUs / S, count]);
  // Items 4 and 5 wait until the first two have left the buffer, at 4 s and 7 s.
  expect(times('semaphore.taken', 'free')).toEqual([
    [1, 1],
    [2, 0],
    [4, 0],
    [7, 0],
    [10, 0],
  ]);
  expect(times('semaphore.taken', 'full').map(([at]) => at)).toEqual([1, 4, 7, 10, 13]);
  expect(times('semaphore.posted', 'free').map(([at]) => at)).toEqual([4, 7, 10, 13, 16]);
});

test('what is posted goes to who has waited longest, and not to who is stopped', () => {
  const { all } = runAgents({
    agents: [
      {
        body: [
          semOpen('s', 0),
          spawn('waiter'),
          spawn('waiter'),
          spawn('waiter'),
          sleep(2 * S),
          semPost('s'),
          semPost('s'),
          semPost('s'),
          sleep(9 * S),
        ],
      },
    ],
    programs: { waiter: [semWait('s')] },
    signals: [
      [S, 2, 'stop'],
      [5 * S, 2, 'continue'],
    ],
  });
  expect(all('semaphore.taken').map(({ pid, atUs, count }) => [pid, atUs / S, count])).toEqual([
    [3, 2, 0],
    [4, 2, 0],
    [2, 5, 0],
  ]);
});

test('who gives up takes nothing', () => {
  const { results, kernel } = runAgents({
    agents: [{ body: [semOpen('s', 0), spawn('waiter'), sleep(2 * S), semPost('s'), sleep(S)] }],
    programs: { waiter: [semWait('s', 0), semWait('s', S), semOpen('s', 5)] },
    untilUs: 2_500_000,
  });
  expect(results(2)).toEqual([
    failed('TIMEOUT', 'semaphore "s": nothing was posted'),
    failed('TIMEOUT', 'semaphore "s": nothing was posted'),
    ok({ semaphore: 's', count: 0, isNew: false }),
  ]);
  expect(kernel.snapshot().semaphores).toEqual([{ run: 'run-1', semaphore: 's', count: 1, waiters: [] }]);
});

test('each run has its own, until its last process has ended', () => {
  const { results, kernel } = runAgents({
    agents: [
      { body: [semOpen('s', 1), sleep(S)] },
      { body: [semWait('s'), semPost('s'), semOpen('t', 3), semWait('s')] },
    ],
  });
  expect(results(2)).toEqual([
    failed(
      'UNKNOWN_SEMAPHORE',
      'semaphore: "s" is not open in run run-2; allowed: none, because none is open',
    ),
    failed('UNKNOWN_SEMAPHORE'),
    ok({ semaphore: 't', count: 3, isNew: true }),
    failed('UNKNOWN_SEMAPHORE', 'allowed: t'),
  ]);
  expect(kernel.snapshot().semaphores).toEqual([]);
});

test('no count is below 0, broken, or above what a semaphore holds', () => {
  const most = 2_147_483_647;
  const { results } = runAgents({
    agents: [
      {
        body: [semOpen('s', -1), semOpen('s', 0.5), semOpen('s', most + 1), semOpen('s', most), semPost('s')],
      },
    ],
  });
  expect(results(1)).toEqual([
    failed('INVALID_ARGUMENT', `count: -1 is not allowed; allowed: an integer from 0 to ${most}`),
    failed('INVALID_ARGUMENT'),
    failed('INVALID_ARGUMENT'),
    ok({ semaphore: 's', count: most, isNew: true }),
    failed('INVALID_ARGUMENT', `semaphore: "s" is not allowed; allowed: one whose count is below ${most}`),
  ]);
});
