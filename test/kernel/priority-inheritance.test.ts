/** Priority inversion, and how inheritance bounds it: exact times on one core. */
import { expect, test } from 'vitest';

import type { KernelOptions } from '../../src/kernel/options.ts';
import { priorityDefaults, priorityWith } from '../../src/policies/scheduling/priority.ts';
import { priorityPreemptive } from '../../src/policies/scheduling/static-priority.ts';
import { gantt } from '../support/gantt.ts';
import { runAgents, type Agent } from '../support/run-agents.ts';
import { acquire, burst, release, SECOND, semOpen, semWait, sleep, spawn } from '../support/syscalls.ts';

const S = SECOND;

/** One core; nobody's slice ends, and hardly anybody ages. */
function run(agents: readonly Agent[], lockProtocol: KernelOptions['lockProtocol'] = 'inheritance') {
  return runAgents({
    agents,
    kernel: {
      scheduling: priorityWith({ ...priorityDefaults, agingUsPerPoint: 1_000_000_000, sliceUs: Infinity }),
      lockProtocol,
    },
  });
}

/** The low one holds what the high one needs, and the one between them needs nothing but the core. */
const inversion: readonly Agent[] = [
  { priority: 80, body: [acquire('a'), burst(10 * S), release('a'), burst(S)] },
  { priority: 10, atUs: 2 * S, body: [acquire('a'), burst(S), release('a')] },
  { priority: 40, atUs: 3 * S, body: [burst(60 * S)] },
];

test('without inheritance the one between keeps the urgent one waiting for as long as it likes', () => {
  const { events, all } = run(inversion, 'none');
  expect(gantt(events)).toEqual([
    [1, 0, 3 * S, 'priority'],
    [3, 3 * S, 63 * S, 'ended'],
    [1, 63 * S, 70 * S, 'ended'],
    [2, 70 * S, 71 * S, 'ended'],
    [1, 71 * S, 72 * S, 'ended'],
  ]);
  expect(all('process.boosted')).toEqual([]);
});

test('with inheritance it waits for the lock alone', () => {
  const { events, all } = run(inversion);
  expect(gantt(events)).toEqual([
    [1, 0, 10 * S, 'ended'],
    [2, 10 * S, 11 * S, 'ended'],
    [3, 11 * S, 71 * S, 'ended'],
    [1, 71 * S, 72 * S, 'ended'],
  ]);
  expect(all('process.boosted').map(({ pid, priority, atUs }) => [pid, priority, atUs])).toEqual([
    [1, 10, 2 * S],
  ]);
  expect(all('process.unboosted').map(({ pid, priority, atUs }) => [pid, priority, atUs])).toEqual([
    [1, 80, 10 * S],
  ]);
});

test.each(['none', 'inheritance'] as const)('the same with fixed priorities: %s', (lockProtocol) => {
  const { all } = runAgents({
    agents: [
      { priority: 80, body: [acquire('a'), sleep(S), burst(9 * S), release('a')] },
      { priority: 10, atUs: 2 * S, body: [acquire('a'), burst(S)] },
      { priority: 40, body: [burst(60 * S)] },
    ],
    kernel: { scheduling: priorityPreemptive, lockProtocol },
  });
  // Lent while it stands in the queue: it takes the core from the one between.
  expect(all('process.terminated', 3)[0]!.atUs).toBe((lockProtocol === 'none' ? 70 : 12) * S);
});

test('a holder that stands in the queue is moved up, with the time for which it has stood there', () => {
  const { events } = run([
    { priority: 80, body: [acquire('a'), sleep(S), burst(4 * S), release('a')] },
    { priority: 40, body: [burst(9 * S)] },
    { priority: 50, body: [burst(5 * S)] },
    { priority: 45, atUs: 2 * S, body: [acquire('a'), burst(S)] },
  ]);
  // 45 against 40 is no reason to preempt, but comes before 50.
  expect(gantt(events)).toEqual([
    [2, 0, 9 * S, 'ended'],
    [1, 9 * S, 13 * S, 'ended'],
    [4, 13 * S, 14 * S, 'ended'],
    [3, 14 * S, 19 * S, 'ended'],
  ]);
});

test('what is lent preempts at once', () => {
  const { events } = run([
    { priority: 80, body: [acquire('a'), sleep(S), burst(4 * S), release('a')] },
    { priority: 40, body: [burst(9 * S)] },
    { priority: 10, atUs: 2 * S, body: [acquire('a'), burst(S)] },
  ]);
  expect(gantt(events)).toEqual([
    [2, 0, 2 * S, 'priority'],
    [1, 2 * S, 6 * S, 'ended'],
    [3, 6 * S, 7 * S, 'ended'],
    [2, 7 * S, 14 * S, 'ended'],
  ]);
});

test('it is lent along a chain of holders, and given back one after another', () => {
  const { all, events } = run([
    { priority: 90, body: [acquire('a'), burst(6 * S), release('a')] },
    { priority: 80, atUs: S, body: [acquire('b'), acquire('a'), release('b'), release('a')] },
    { priority: 10, atUs: 2 * S, body: [acquire('b'), burst(S)] },
    { priority: 50, atUs: 3 * S, body: [burst(S)] },
  ]);
  expect(all('process.boosted').map(({ pid, priority, atUs }) => [pid, priority, atUs / S])).toEqual([
    [1, 80, 1],
    [2, 10, 2],
    [1, 10, 2],
  ]);
  expect(all('process.unboosted').map(({ pid, priority, atUs }) => [pid, priority, atUs / S])).toEqual([
    [1, 90, 6],
    [2, 80, 6],
  ]);
  expect(gantt(events)).toEqual([
    [1, 0, 6 * S, 'ended'],
    [3, 6 * S, 7 * S, 'ended'],
    [4, 7 * S, 8 * S, 'ended'],
  ]);
});

test('of several waiters the most urgent counts; what it lent ends with its wait', () => {
  const { all } = run([
    { priority: 90, body: [acquire('a'), sleep(9 * S), release('a')] },
    { priority: 70, atUs: S, body: [acquire('a'), sleep(S)] },
    { priority: 20, atUs: 2 * S, body: [acquire('a', 3 * S)] },
    { priority: 30, atUs: 3 * S, body: [acquire('a')] },
  ]);
  expect(all('process.boosted').map(({ pid, priority, atUs }) => [pid, priority, atUs / S])).toEqual([
    [1, 70, 1],
    [1, 20, 2],
    [1, 30, 5],
    // The next owner inherits from who is left.
    [2, 30, 9],
  ]);
  expect(all('process.unboosted').map(({ pid, priority }) => [pid, priority])).toEqual([[1, 90]]);
});

test('in a deadlock all are as urgent as the most urgent who waits for one of them, as long as it waits', () => {
  const { all, kernel } = run([
    { priority: 80, body: [acquire('a'), acquire('c'), sleep(S), acquire('b')] },
    { priority: 70, body: [acquire('b'), sleep(S), acquire('a')] },
    { priority: 20, atUs: 2 * S, body: [acquire('c', 3 * S)] },
  ]);
  const priorities = kernel.snapshot().processes.map(({ effectivePriority }) => effectivePriority);
  expect(priorities.slice(0, 2)).toEqual([70, 70]);
  expect(all('process.boosted').map(({ pid, priority, atUs }) => [pid, priority, atUs / S])).toEqual([
    [1, 70, 1],
    [1, 20, 2],
    [2, 20, 2],
    [1, 70, 5],
  ]);
  expect(all('process.unboosted').map(({ pid, atUs }) => [pid, atUs / S])).toEqual([[2, 5]]);
});

test('a child has the own priority of its parent, not what that was lent', () => {
  const { all } = runAgents({
    agents: [
      { priority: 80, body: [acquire('a'), sleep(2 * S), spawn('child')] },
      { priority: 10, body: [acquire('a')] },
    ],
    programs: { child: [] },
  });
  expect(all('process.spawned', 3)[0]!.priority).toBe(80);
});

test('a semaphore has no owner: nothing is lent', () => {
  const { all } = runAgents({
    agents: [
      { priority: 80, body: [semOpen('s', 1), semWait('s'), spawn('child', { priority: 10 }), sleep(S)] },
    ],
    programs: { child: [semWait('s', 2 * S)] },
  });
  expect(all('process.boosted')).toEqual([]);
});
