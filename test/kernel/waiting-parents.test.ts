/** Waiting for a child: for so long, or until a message comes; and messages to siblings by their name. */
import { expect, test } from 'vitest';

import type { Pid } from '../../src/kernel/ids.ts';
import type { Message, ProgramBody, Syscall, SyscallResult } from '../../src/kernel/syscalls.ts';
import { live } from '../support/lives.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import { runAgents, type AgentRun } from '../support/run-agents.ts';
import { failed, ok, SECOND, send, sleep, spawn, waitFor } from '../support/syscalls.ts';

const S = SECOND;
const slow = [sleep(10 * S)];
const wait = (fields: object): Syscall => ({ kind: 'wait', pid: 0, ...fields });

test('a wait gives up after its time limit; the child works on, and can be waited for', () => {
  const { results, end } = runAgents({
    agents: [{ body: [spawn('slow'), wait({ timeoutUs: 4 * S }), wait({ timeoutUs: 0 }), waitFor(2)] }],
    programs: { slow },
  });
  expect(results(1).slice(1)).toEqual([
    failed('TIMEOUT', 'no child ended in time'),
    failed('TIMEOUT', 'no child has ended'),
    ok({ pid: 2, outcome: 'completed', value: null }),
  ]);
  expect(end(1).atUs).toBe(10 * S);
});

test('a child that ends in time ends the wait, and its time limit with it', () => {
  const { results, end } = runAgents({
    agents: [{ body: [spawn('slow'), wait({ timeoutUs: 20 * S }), sleep(S)] }],
    programs: { slow },
  });
  expect(results(1)[1]).toEqual(ok({ pid: 2, outcome: 'completed', value: null }));
  expect(end(1).atUs).toBe(11 * S);
});

test.each(['terminate', 'kill'] as const)(
  '%s of a process that waits so leaves no timer behind',
  (signal) => {
    const { simulation } = runAgents({
      agents: [{ body: [spawn('slow'), wait({ timeoutUs: 500 * S })] }],
      programs: { slow },
      signals: [[S, 1, signal]],
    });
    expect(simulation.nowUs).toBe(S);
  },
);

/** Notes what it hears until its child has ended. */
const hearing: ProgramBody = function* () {
  yield spawn('slow');
  const heard: [number, string][] = [];
  for (;;) {
    const ended = yield wait({ orMessage: true, timeoutUs: 60 * S });
    if (ended.ok) return heard;
    const mail = (yield { kind: 'receive', timeoutUs: 0 }) as SyscallResult<Message>;
    heard.push(mail.ok ? [mail.value.from, mail.value.message as string] : [-1, ended.code]);
  }
};
const hearer: AgentRun = {
  agents: [{ body: hearing }],
  programs: { slow },
  messages: [
    [3 * S, 1, 'one'],
    [4 * S, 1, 'two'],
    [7 * S, 1, 'three'],
  ],
};

test('a wait that is to hear of messages gives up when one is there, which stays until it is received', () => {
  const { value, results, end } = runAgents(hearer);
  expect(value(1)).toEqual([
    [0, 'one'],
    [0, 'two'],
    [0, 'three'],
  ]);
  expect(results(1)[1]).toEqual(failed('INTERRUPTED', 'a message is there'));
  expect(end(1).atUs).toBe(10 * S);
  // Not every wait.
  const deaf = runAgents({ ...hearer, agents: [{ body: [spawn('slow'), waitFor(0)] }] });
  expect(deaf.results(1)[1]).toEqual(ok({ pid: 2, outcome: 'completed', value: null }));
});

test('after a crash anywhere it hears the same, once', () => {
  const whole = new MemoryStore();
  const { steps } = live(hearer, whole);
  const said = whole.ends('run-1').find(({ pid }) => pid === 1)!.value;
  for (let crash = 1; crash < steps; crash++) {
    const store = new MemoryStore();
    const { nowUs } = live(hearer, store, { steps: crash });
    live(hearer, store, { fromUs: nowUs });
    expect(store.ends('run-1').find(({ pid }) => pid === 1)!.value, `crash after ${crash}`).toEqual(said);
  }
});

test('a child that waits for its parent, which waits for it and for messages of nobody else: a deadlock', () => {
  const { results, all } = runAgents({
    agents: [{ body: [spawn('kid'), wait({ orMessage: true })] }],
    programs: { kid: [{ kind: 'receive' }] },
    kernel: { deadlocks: 'resolve' },
  });
  expect(new Set(all('deadlock.detected')[0]!.members.map(({ pid }) => pid as number))).toEqual(
    new Set([1, 2]),
  );
  expect(results(2)).toEqual([failed('DEADLOCK')]);
  expect(results(1)[1]).toEqual(ok({ pid: 2, outcome: 'completed', value: null }));
});

test('a sibling is written to by its name: the latest that lives, never oneself, nobody of another family', () => {
  const hears: ProgramBody = function* (sys) {
    const mail = (yield { kind: 'receive', timeoutUs: 5 * S }) as SyscallResult<Message>;
    return mail.ok ? `${sys.name} heard ${mail.value.message as string} of ${mail.value.from}` : null;
  };
  const { results, value } = runAgents({
    agents: [
      {
        body: [
          spawn('hears', { name: 'bob' }),
          spawn('hears', { name: 'bob' }),
          spawn('writes', { name: 'ann' }),
          waitFor(0),
          waitFor(0),
          waitFor(0),
        ],
      },
      { body: [spawn('hears', { name: 'zoe' }), sleep(S)] },
    ],
    programs: {
      hears,
      writes: [
        send('bob' as unknown as Pid, 'hi'),
        send('ann' as unknown as Pid, 'me'),
        send('zoe' as unknown as Pid, 'stranger'),
        send('' as unknown as Pid, 'x'),
      ],
    },
  });
  const writer = 4;
  expect(results(writer)).toEqual([
    ok(),
    failed('UNKNOWN_PROCESS', 'to: no sibling of the name "ann" is at work'),
    failed('UNKNOWN_PROCESS', 'to: no sibling of the name "zoe" is at work'),
    failed('INVALID_ARGUMENT', 'to: "" is not allowed'),
  ]);
  expect([value(2), value(3)]).toEqual([null, `bob heard hi of ${writer}`]);
});
