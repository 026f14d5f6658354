/** Locks as syscalls: one owner at a time, first come, first served, and never lost with its owner. */
import { expect, test } from 'vitest';

import { runAgents } from '../support/run-agents.ts';
import { acquire, burst, failed, ok, release, SECOND, sleep, spawn } from '../support/syscalls.ts';

const S = SECOND;
const got = (lock: string, token: number, ownerEnded = false) => ok({ lock, token, ownerEnded });

test('a lock is handed on in the order of asking, to processes of any run', () => {
  const { all, results, end } = runAgents({
    agents: [
      { body: [acquire('a'), sleep(3 * S), release('a')] },
      { atUs: S, priority: 90, body: [acquire('a'), sleep(2 * S), release('a')] },
      { atUs: 2 * S, priority: 10, body: [acquire('a'), release('a')] },
    ],
    kernel: { engines: [{ cores: 3 }] },
  });
  expect(all('lock.acquired').map(({ pid, atUs, token }) => [pid, atUs, token])).toEqual([
    [1, 0, 1],
    [2, 3 * S, 2],
    [3, 5 * S, 3],
  ]);
  expect(all('lock.queued').map(({ pid, owner, atUs }) => [pid, owner, atUs])).toEqual([
    [2, 1, S],
    [3, 1, 2 * S],
  ]);
  expect(results(2)).toEqual([got('a', 2), ok(), ok({ lock: 'a', token: 2 })]);
  expect(end(3).atUs).toBe(5 * S);
});

test('the time without it is waited for a lock, to the microsecond', () => {
  const { all } = runAgents({
    agents: [{ body: [acquire('a'), sleep(2_000_001)] }, { body: [acquire('a'), sleep(S)] }],
  });
  expect(all('process.waiting', 2).map(({ on, atUs }) => [on, atUs])).toEqual([
    ['lock', 0],
    ['timer', 2_000_001],
  ]);
});

test('only its owner releases it; asking twice fails at once', () => {
  const { results } = runAgents({
    agents: [
      { body: [release('a'), acquire('a'), acquire('a'), acquire('b'), release('c'), sleep(S)] },
      { body: [release('a')] },
    ],
  });
  expect(results(1)).toEqual([
    failed('NOT_OWNER', 'lock: "a" is not held by process 1; allowed: none, because it holds none'),
    got('a', 1),
    failed('DEADLOCK', 'lock: "a" is held by process 1 itself'),
    got('b', 2),
    failed('NOT_OWNER', 'lock: "c" is not held by process 1; allowed: "a", "b"'),
    ok(),
  ]);
  expect(results(2)).toEqual([failed('NOT_OWNER')]);
});

test('who gives up leaves the queue, and what comes later goes to the next one', () => {
  const { results, all } = runAgents({
    agents: [
      { body: [acquire('a'), sleep(3 * S), release('a')] },
      { body: [acquire('a', 0), acquire('a', 2 * S), sleep(S)] },
      { body: [acquire('a'), sleep(S)] },
    ],
  });
  expect(results(2).slice(0, 2)).toEqual([
    failed('TIMEOUT', 'lock "a" is held by process 1'),
    failed('TIMEOUT', 'lock "a" is held by process 1'),
  ]);
  expect(all('lock.withdrawn')).toMatchObject([{ pid: 2, lock: 'a', why: 'timeout', atUs: 2 * S }]);
  expect(all('lock.acquired').map(({ pid, atUs }) => [pid, atUs])).toEqual([
    [1, 0],
    [3, 3 * S],
  ]);
});

test('who is handed the lock in the very instant in which its time is over has it', () => {
  const { results } = runAgents({
    agents: [{ body: [acquire('a'), sleep(2 * S), release('a')] }, { body: [acquire('a', 2 * S)] }],
  });
  expect(results(2)).toEqual([got('a', 2)]);
});

test.each([0.5, -1, 31_536_000_000_001])('a time limit of %d µs is refused', (timeoutUs) => {
  const { results } = runAgents({ agents: [{ body: [acquire('a', timeoutUs), acquire('a')] }] });
  expect(results(1)).toEqual([failed('INVALID_ARGUMENT', 'timeoutUs: '), got('a', 1)]);
});

test('an owner that ends releases what it holds, and the next one is told; the one after that is not', () => {
  const { results, all, kernel } = runAgents({
    agents: [
      { body: [acquire('a'), acquire('b'), acquire('c'), release('c'), burst(S)] },
      { atUs: 1, body: [acquire('a'), release('a'), sleep(2 * S), acquire('b'), acquire('c')] },
      { atUs: 2, body: [acquire('a'), sleep(S)] },
    ],
    kernel: { engines: [{ cores: 2 }] },
  });
  expect(all('lock.released', 1).map(({ lock, ownerEnded }) => [lock, ownerEnded])).toEqual([
    ['c', false],
    ['a', true],
    ['b', true],
  ]);
  expect(results(2)[0]).toEqual(got('a', 4, true));
  expect(results(3)[0]).toEqual(got('a', 5));
  // Nobody waited for it then: whoever comes first is told.
  expect(results(2).slice(3)).toEqual([got('b', 6, true), got('c', 7)]);
  expect(kernel.snapshot().locks.map(({ lock, ownerEnded }) => [lock, ownerEnded])).toEqual([
    ['a', true],
    ['b', true],
    ['c', true],
  ]);
});

test('a holder that is killed in its call releases when the call is over', () => {
  const { results, all } = runAgents({
    agents: [{ body: [acquire('a'), burst(10 * S)] }, { body: [acquire('a')] }],
    signals: [[2 * S, 1, 'kill']],
  });
  expect(results(2)).toEqual([got('a', 2, true)]);
  expect(all('lock.acquired', 2)[0]!.atUs).toBe(2 * S);
});

test('a waiter that is killed is passed over, and its place is gone', () => {
  const { all } = runAgents({
    agents: [
      { body: [acquire('a'), sleep(3 * S), release('a'), sleep(S)] },
      { body: [acquire('a')] },
      { body: [acquire('a')] },
    ],
    signals: [[S, 2, 'kill']],
  });
  expect(all('lock.withdrawn')).toMatchObject([{ pid: 2, why: 'ended', atUs: S }]);
  expect(all('lock.acquired').map(({ pid }) => pid)).toEqual([1, 3]);
});

test('a holder that is stopped keeps its lock, until it is continued and releases it', () => {
  const { all } = runAgents({
    agents: [{ body: [acquire('a'), sleep(2 * S), release('a')] }, { atUs: 1, body: [acquire('a')] }],
    signals: [
      [S, 1, 'stop'],
      [9 * S, 1, 'continue'],
    ],
  });
  expect(all('lock.acquired', 2)[0]!.atUs).toBe(9 * S);
});

test('a waiter that is stopped takes nothing; continued, it has its old place, or the lock if that is free', () => {
  const { all } = runAgents({
    agents: [
      { body: [acquire('a'), sleep(2 * S), release('a')] },
      { body: [acquire('a'), sleep(2 * S), release('a')] },
      { body: [acquire('a'), sleep(3 * S), release('a')] },
      { body: [acquire('a'), sleep(S), release('a')] },
    ],
    signals: [
      [S, 2, 'stop'],
      [S, 4, 'stop'],
      [3 * S, 2, 'continue'],
      [9 * S, 4, 'continue'],
    ],
  });
  expect(all('lock.acquired').map(({ pid, atUs }) => [pid, atUs])).toEqual([
    [1, 0],
    [3, 2 * S],
    [2, 5 * S],
    [4, 9 * S],
  ]);
});

test('a snapshot names the owner and who waits, in order', () => {
  const { kernel } = runAgents({
    agents: [
      { body: [acquire('a'), sleep(9 * S)] },
      { priority: 10, body: [acquire('a')] },
      { body: [acquire('a')] },
    ],
    untilUs: S,
  });
  const { locks, processes } = kernel.snapshot();
  expect(locks).toEqual([{ lock: 'a', owner: 1, token: 1, ownerEnded: false, waiters: [2, 3] }]);
  expect(processes.map(({ priority, effectivePriority }) => [priority, effectivePriority])).toEqual([
    [50, 10],
    [10, 10],
    [50, 50],
  ]);
});

test('what a parent holds is not its child’s', () => {
  const { results } = runAgents({
    agents: [{ body: [acquire('a'), spawn('child'), sleep(S)] }],
    programs: { child: [release('a')] },
  });
  expect(results(2)).toEqual([failed('NOT_OWNER')]);
});
