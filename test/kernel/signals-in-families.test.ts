/** Signals to parents and children, and who may send them. */
import { expect, test } from 'vitest';

import type { ProgramBody } from '../../src/kernel/syscalls.ts';
import { runAgents, type AgentRun } from '../support/run-agents.ts';
import { burst, failed, ok, SECOND, send, sleep, spawn, waitFor } from '../support/syscalls.ts';

const S = SECOND;

const family: AgentRun = {
  agents: [{ body: [spawn('child'), burst(100 * S)] }],
  programs: { child: [spawn('grandchild'), sleep(100 * S)], grandchild: [sleep(100 * S)] },
};

test.each([
  ['terminate', 'cancelled'],
  ['kill', 'killed'],
] as const)('%s: children and their children end with it', (signal, outcome) => {
  const { all } = runAgents({ ...family, signals: [[10 * S, 1, signal]] });
  expect(all('process.terminated').map((event) => [event.pid, event.atUs, event.outcome])).toEqual(
    expect.arrayContaining([1, 2, 3].map((pid) => [pid, 10 * S, outcome])),
  );
});

test('stop and continue: children are stopped and continued with it', () => {
  const { all } = runAgents({
    ...family,
    signals: [
      [10 * S, 1, 'stop'],
      [20 * S, 1, 'continue'],
    ],
  });
  expect(all('process.suspended').map(({ pid, atUs }) => [pid, atUs])).toEqual(
    expect.arrayContaining([1, 2, 3].map((pid) => [pid, 10 * S])),
  );
  expect(all('process.continued').map(({ pid }) => pid)).toEqual(expect.arrayContaining([1, 2, 3]));
  expect(all('process.terminated').map(({ outcome }) => outcome)).toEqual([
    'completed',
    'completed',
    'completed',
  ]);
});

test('a process that completes, or fails, leaves its children to go on as orphans', () => {
  const child: ProgramBody = function* (sys) {
    const { parent } = sys;
    yield sleep(10 * S);
    return [parent, sys.parent];
  };
  const fails: ProgramBody = function* () {
    yield spawn('child');
    yield sleep(S);
    throw new Error('no');
  };
  const { value, end } = runAgents({
    agents: [{ body: [spawn('child'), sleep(S)] }, { body: fails }],
    programs: { child },
  });
  expect(end(1)).toMatchObject({ outcome: 'completed', atUs: S });
  expect(end(2)).toMatchObject({ outcome: 'completed', atUs: 10 * S });
  expect(value(2)).toEqual([1, 1]);
  expect(end(3)).toMatchObject({ outcome: 'failed', atUs: S });
  expect(end(4)).toMatchObject({ outcome: 'completed', atUs: 10 * S });
  expect(value(4)).toEqual([3, 3]);
});

test('the syscall signal: descendants only, unless the process may signal all', () => {
  const parent: ProgramBody = function* () {
    yield spawn('child');
    yield sleep(S);
    return (yield { kind: 'signal', pid: 3 as never, signal: 'kill' }) as never;
  };
  const child = [spawn('grandchild'), sleep(9 * S)];
  const programs = { child, grandchild: [sleep(9 * S)] };
  const grand = runAgents({ agents: [{ body: parent }], programs });
  expect(grand.value(1)).toEqual(ok());
  expect(grand.end(3).outcome).toBe('killed');

  const stranger = (signal: 'descendants' | 'all') =>
    runAgents({
      agents: [
        { body: [sleep(9 * S)] },
        { atUs: S, capabilities: { signal }, body: [{ kind: 'signal', pid: 1 as never, signal: 'kill' }] },
      ],
    });
  const refused = stranger('descendants');
  expect(refused.results(2)).toEqual([failed('NOT_PERMITTED', 'descendants')]);
  expect(refused.end(1).outcome).toBe('completed');
  const allowed = stranger('all');
  expect(allowed.results(2)).toEqual([ok()]);
  expect(allowed.end(1)).toMatchObject({ outcome: 'killed', atUs: S });
});

test('the syscall signal: to a process that has ended, or never was, it fails', () => {
  const { results } = runAgents({
    agents: [
      {
        body: [
          spawn('child'),
          sleep(S),
          { kind: 'signal', pid: 2 as never, signal: 'stop' },
          { kind: 'signal', pid: 9 as never, signal: 'stop' },
        ],
      },
    ],
    programs: { child: [] },
  });
  expect(results(1).slice(2)).toEqual([failed('UNKNOWN_PROCESS', 'process'), failed('UNKNOWN_PROCESS', '9')]);
});

test('a message to a suspended process is there when it continues', () => {
  const { value } = runAgents({
    agents: [
      {
        body: function* () {
          yield spawn('child');
          yield { kind: 'signal', pid: 2 as never, signal: 'stop' };
          yield send(2, 'first');
          yield send(2, 'second');
          yield { kind: 'signal', pid: 2 as never, signal: 'continue' };
          yield waitFor(2);
        },
      },
    ],
    programs: {
      child: function* () {
        const first = yield { kind: 'receive' };
        const second = yield { kind: 'receive' };
        return [first, second] as never;
      },
    },
  });
  expect(value(2)).toEqual([ok({ from: 1, message: 'first' }), ok({ from: 1, message: 'second' })]);
});
