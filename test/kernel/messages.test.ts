/** Messages between processes, questions to people, and what storage remembers. */
import { expect, test } from 'vitest';

import type { Pid, RequestId } from '../../src/kernel/ids.ts';
import type { Request } from '../../src/kernel/requests.ts';
import type { Receive } from '../../src/kernel/syscalls.ts';
import { runAgents } from '../support/run-agents.ts';
import { SteppedKernel } from '../support/step-kernel.ts';
import { failed, ok, SECOND, send, sleep, spawn, waitFor } from '../support/syscalls.ts';

const S = SECOND;
const receive = (timeoutUs?: number): Receive =>
  timeoutUs === undefined ? { kind: 'receive' } : { kind: 'receive', timeoutUs };

// ---- Messages ----------------------------------------------------------------------------------------------------------

test('messages are received in the order in which they were sent, each once', () => {
  const { results, all } = runAgents({
    agents: [{ body: [spawn('child'), send(2, 'a'), send(2, { b: [1] }), send(2, null), waitFor(2)] }],
    programs: { child: [sleep(S), receive(), receive(), receive(), receive(0)] },
  });
  expect(results(2).slice(1)).toEqual([
    ok({ from: 1, message: 'a' }),
    ok({ from: 1, message: { b: [1] } }),
    ok({ from: 1, message: null }),
    failed('TIMEOUT', 'no message waits'),
  ]);
  expect(all('message.sent')).toHaveLength(3);
  expect(all('message.received', 2)).toHaveLength(3);
});

test('who waits for a message has it at once', () => {
  const { results, end } = runAgents({
    agents: [{ body: [spawn('child'), sleep(3 * S), send(2, 'now'), sleep(S)] }],
    programs: { child: [receive(5 * S)] },
  });
  expect(results(2)).toEqual([ok({ from: 1, message: 'now' })]);
  expect(end(2).atUs).toBe(3 * S);
});

test('receive gives up at its time, to the microsecond, and the message then waits for the next one', () => {
  const { results, all } = runAgents({
    agents: [{ body: [spawn('child'), sleep(2 * S), send(2, 'late'), sleep(S)] }],
    programs: { child: [receive(1_500_000), sleep(S), receive()] },
  });
  expect(results(2)).toEqual([failed('TIMEOUT', 'in time'), ok(), ok({ from: 1, message: 'late' })]);
  expect(all('process.waiting', 2).map(({ on, atUs }) => [on, atUs])).toEqual([
    ['message', 0],
    ['timer', 1_500_000],
  ]);
});

test.each([-1, 0.5, Number.NaN])('receive with a limit of %d is refused', (timeoutUs) => {
  const { results } = runAgents({ agents: [{ body: [receive(timeoutUs)] }] });
  expect(results(1)).toEqual([failed('INVALID_ARGUMENT', 'timeoutUs')]);
});

test('a full mailbox refuses: MAILBOX_FULL; there is room again after a receive', () => {
  const { results } = runAgents({
    agents: [
      { body: [spawn('child'), send(2, 1), send(2, 2), send(2, 3), sleep(2 * S), send(2, 4), waitFor(2)] },
    ],
    programs: { child: [sleep(S), receive(), sleep(2 * S), receive(), receive()] },
    kernel: { mailboxLimit: 2 },
  });
  expect(results(1).slice(1, 6)).toEqual([
    ok(),
    ok(),
    failed('MAILBOX_FULL', 'holds 2 messages; allowed: up to 2'),
    ok(),
    ok(),
  ]);
  expect(results(2).filter((result) => result.ok && result.value !== null)).toMatchObject(
    [1, 2, 4].map((message) => ({ value: { message } })),
  );
});

test('a message to one that has ended, or never was, fails: UNKNOWN_PROCESS', () => {
  const { results } = runAgents({
    agents: [{ body: [spawn('child'), waitFor(2), send(2, 'x'), send(9, 'x'), send(0, 'x')] }],
    programs: { child: [] },
  });
  expect(results(1).slice(2)).toEqual([
    failed('UNKNOWN_PROCESS', '2'),
    failed('UNKNOWN_PROCESS', '9'),
    failed('UNKNOWN_PROCESS', '0'),
  ]);
});

test('the world writes, too: its messages come from 0, in their order among all others', () => {
  const kernel = new SteppedKernel({
    agents: [{ body: [sleep(S), receive(), receive(), receive()] }],
    kernel: { mailboxLimit: 2 },
  });
  const message = (atUs: number, text: string) =>
    kernel.step(atUs, { type: 'message.sent', to: 1 as Pid, message: text });
  kernel.spawn(0, 1);
  const sleeps = kernel.requests.find((request) => request.type === 'timer.set');
  message(1, 'a');
  message(2, 'b');
  // The mailbox is full: this one changes nothing.
  const { events } = kernel;
  const before = events.length;
  message(3, 'lost');
  expect(events).toHaveLength(before);
  expect(kernel.process(1).mail).toBe(2);
  kernel.step(S, { type: 'timer.fired', timer: sleeps!.timer });
  message(2 * S, 'c');
  expect(events.filter(({ type }) => type.startsWith('message.'))).toMatchObject([
    { type: 'message.sent', pid: 0, to: 1, number: 1 },
    { type: 'message.sent', pid: 0, to: 1, number: 2 },
    { type: 'message.received', pid: 1, from: 0, number: 1 },
    { type: 'message.received', pid: 1, from: 0, number: 2 },
    { type: 'message.sent', pid: 0, to: 1, number: 3 },
    { type: 'message.received', pid: 1, from: 0, number: 3 },
  ]);
  // It has ended.
  expect(kernel.process(1).state).toBe('terminated');
  message(3 * S, 'late');
  expect(events.at(-1)).toMatchObject({ type: 'process.terminated' });
});

test('a process can write to itself', () => {
  const { results } = runAgents({ agents: [{ body: [send(1, 'note'), receive()] }] });
  expect(results(1)[1]).toEqual(ok({ from: 1, message: 'note' }));
});

test('a mailbox is not inherited, and does not outlive its process', () => {
  const { kernel } = runAgents({
    agents: [{ body: [spawn('child'), send(2, 'x'), sleep(2 * S)] }],
    programs: { child: [sleep(S)] },
    untilUs: S,
  });
  expect(kernel.snapshot().processes.map(({ mail }) => mail)).toEqual([0, 0]);
});

// ---- People ------------------------------------------------------------------------------------------------------------

test.each(['answer', 'approve', 'edit', 'deny'] as const)('ask: the person answers with %s', (decision) => {
  const kernel = new SteppedKernel({
    agents: [{ body: [{ kind: 'ask', question: { text: 'Go on?' }, purpose: 'approve' }, sleep(S)] }],
  });
  const [asked] = kernel.spawn(0, 1);
  expect(asked).toMatchObject({
    type: 'person.ask',
    question: { text: 'Go on?' },
    purpose: 'approve',
    identity: { pid: 1, n: 1 },
  });
  expect(kernel.process(1)).toMatchObject({ state: 'waiting', waitingOn: 'person' });
  const { request } = asked as Extract<Request, { type: 'person.ask' }>;
  kernel.step(9 * S, { type: 'person.answered', request, decision, value: { text: 'well' } });
  expect(kernel.records.find((record) => record.type === 'history')).toMatchObject({
    result: ok({ decision, value: { text: 'well' } }),
    atUs: 9 * S,
  });
  // A second answer to the same question is none.
  expect(kernel.step(9 * S, { type: 'person.answered', request, decision: 'deny', value: null })).toEqual([]);
});

test('an answer to a question that nobody asked changes nothing', () => {
  const kernel = new SteppedKernel({ agents: [{ body: [sleep(S)] }] });
  kernel.spawn(0, 1);
  expect(
    kernel.step(1, { type: 'person.answered', request: 77 as RequestId, decision: 'approve', value: null }),
  ).toEqual([]);
});

// ---- Storage -----------------------------------------------------------------------------------------------------------

test('what one process remembers another recalls, best first, in the same scope only', () => {
  const { results, all } = runAgents({
    agents: [
      {
        body: [
          { kind: 'remember', scope: 'notes', text: 'the cat sleeps' },
          { kind: 'remember', scope: 'notes', text: 'the black cat sleeps here' },
          { kind: 'remember', scope: 'secret', text: 'black cat' },
        ],
      },
      {
        atUs: 5 * S,
        body: [
          { kind: 'recall', scope: 'notes', query: 'black cat' },
          { kind: 'recall', scope: 'notes', query: 'black cat', limit: 1 },
          { kind: 'recall', scope: 'notes', query: 'dog' },
        ],
      },
    ],
    flushUs: S,
  });
  expect(results(2)).toEqual([
    ok([
      { text: 'the black cat sleeps here', score: 1, atUs: S },
      { text: 'the cat sleeps', score: 0.5, atUs: 0 },
    ]),
    ok([{ text: 'the black cat sleeps here', score: 1, atUs: S }]),
    ok([]),
  ]);
  expect(all('process.waiting', 1).map(({ on, atUs }) => [on, atUs])).toEqual([
    ['storage', 0],
    ['storage', S],
    ['storage', 2 * S],
  ]);
});

test('what is remembered under a key takes the place of what was, and comes back with its data', () => {
  const { results } = runAgents({
    agents: [
      {
        body: [
          { kind: 'remember', scope: 'notes', text: 'the cat sleeps', key: 'cat', data: { sure: 0.4 } },
          { kind: 'remember', scope: 'notes', text: 'the cat hunts', key: 'cat', data: { sure: 0.8 } },
          { kind: 'recall', scope: 'notes', query: 'cat' },
        ],
      },
    ],
    flushUs: S,
  });
  expect(results(1)[2]).toEqual(
    ok([{ text: 'the cat hunts', score: 1, key: 'cat', data: { sure: 0.8 }, atUs: S }]),
  );
});

test.each([0, -1, 1.5])('recall of at most %d is refused', (limit) => {
  const { results } = runAgents({ agents: [{ body: [{ kind: 'recall', scope: 'a', query: 'b', limit }] }] });
  expect(results(1)).toEqual([failed('INVALID_ARGUMENT', `limit: ${limit}`)]);
});

test('a checkpoint waits until it is durable', () => {
  const { all, end, store } = runAgents({
    agents: [{ body: [{ kind: 'checkpoint', state: { step: 1 } }] }],
    flushUs: 7_000,
  });
  expect(all('checkpoint.saved')).toMatchObject([{ atUs: 0, n: 1 }]);
  expect(end(1).atUs).toBe(7_000);
  expect(store.lastCheckpoint({ run: 'run-1', branch: 'main', pid: 1 as never })).toMatchObject({
    n: 1,
    state: { step: 1 },
  });
});

test.each(['checkpoint', 'remember', 'recall'] as const)(
  '%s: when storage fails, the program is told: STORAGE_FAILED',
  (kind) => {
    const syscall = {
      checkpoint: { kind: 'checkpoint', state: 1 },
      remember: { kind: 'remember', scope: 'a', text: 'b' },
      recall: { kind: 'recall', scope: 'a', query: 'b' },
    } as const;
    const kernel = new SteppedKernel({ agents: [{ body: [syscall[kind], sleep(S)] }] });
    const [asked] = kernel.spawn(0, 1);
    const { request, op } = asked as Extract<Request, { type: 'storage.request' }>;
    expect(op.kind).toBe(kind === 'checkpoint' ? 'flush' : kind);
    kernel.step(1, { type: 'storage.done', request, ok: false, value: 'disk full' });
    expect(kernel.records.find((record) => record.type === 'history')).toMatchObject({
      kind,
      result: { ok: false, code: 'STORAGE_FAILED', message: 'disk full' },
    });
    expect(kernel.process(1)).toMatchObject({ state: 'waiting', waitingOn: 'timer' });
  },
);
