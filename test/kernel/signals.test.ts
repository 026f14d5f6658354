/** What the signals stop, continue, terminate and kill do to programs, calls, tools, questions and budgets. */
import { expect, test } from 'vitest';

import type { Pid } from '../../src/kernel/ids.ts';
import type { SignalName } from '../../src/kernel/inputs.ts';
import type { ProgramBody, SyscallResult } from '../../src/kernel/syscalls.ts';
import type { ToolSpec } from '../../src/kernel/tools.ts';
import { gantt } from '../support/gantt.ts';
import { runAgents, type Agent } from '../support/run-agents.ts';
import { SteppedKernel } from '../support/step-kernel.ts';
import {
  allocate,
  burst,
  callTools,
  HOUR,
  ok,
  SECOND,
  sleep,
  spawn,
  think,
  tool,
  waitFor,
} from '../support/syscalls.ts';

const S = SECOND;
const writer: ToolSpec = {
  name: 'write',
  description: 'writes',
  parameters: { type: 'object' },
  effects: () => ({ reads: [], writes: ['disk'] }),
};
const quota = [
  { name: 'team', limits: [{ resource: 'tokens', amount: 100, window: { kind: 'fixed', lengthUs: HOUR } }] },
] as const;

test('stop: a running call is aborted, and goes on when the process continues', () => {
  const { events, all } = runAgents({
    agents: [{ body: [burst(10 * S)] }, { atUs: S, body: [burst(2 * S)] }],
    signals: [
      [4 * S, 1, 'stop'],
      [20 * S, 1, 'continue'],
    ],
  });
  expect(gantt(events)).toEqual([
    [1, 0, 4 * S, 'signal'],
    [2, 4 * S, 6 * S, 'ended'],
    [1, 20 * S, 26 * S, 'ended'],
  ]);
  expect(all('process.suspended', 1)).toHaveLength(1);
});

test('stop: a second stop, and a continue of one that is not stopped, change nothing', () => {
  const { events, all } = runAgents({
    agents: [{ body: [burst(10 * S)] }],
    signals: [
      [S, 1, 'continue'],
      [2 * S, 1, 'stop'],
      [3 * S, 1, 'stop'],
      [4 * S, 1, 'continue'],
      [5 * S, 1, 'continue'],
    ],
  });
  expect(gantt(events)).toEqual([
    [1, 0, 2 * S, 'signal'],
    [1, 4 * S, 12 * S, 'ended'],
  ]);
  expect(all('signal.delivered')).toHaveLength(5);
});

test('stop: what arrives while it is suspended is kept for it', () => {
  const asked: Agent = {
    body: function* () {
      const reply = yield {
        kind: 'ask',
        question: null,
        purpose: 'answer',
        script: { answer: 'blue', durationUs: 5 * S },
      };
      return { reply: reply as never };
    },
  };
  const { value, end } = runAgents({
    agents: [asked],
    signals: [
      [S, 1, 'stop'],
      [60 * S, 1, 'continue'],
    ],
  });
  expect(end(1).atUs).toBe(60 * S);
  expect(value(1)).toEqual({ reply: ok({ decision: 'answer', value: 'blue' }) });
});

test('stop: a sleep goes on while the process is suspended', () => {
  const { end } = runAgents({
    agents: [{ body: [sleep(10 * S)] }],
    signals: [
      [S, 1, 'stop'],
      [2 * S, 1, 'continue'],
    ],
  });
  expect(end(1).atUs).toBe(10 * S);
});

test('stop: a child that is stopped before its program began starts when it is continued', () => {
  const { end, value } = runAgents({
    agents: [
      {
        body: function* () {
          const child = (yield spawn('child')) as SyscallResult<number>;
          if (!child.ok) return null;
          yield { kind: 'signal', pid: child.value as never, signal: 'stop' };
          yield sleep(5 * S);
          yield { kind: 'signal', pid: child.value as never, signal: 'continue' };
          return (yield waitFor(child.value)) as SyscallResult<never> satisfies SyscallResult<never>;
        },
      },
    ],
    programs: {
      child: function* () {
        yield sleep(S);
        return 'done';
      },
    },
  });
  expect(end(2)).toMatchObject({ outcome: 'completed', atUs: 6 * S });
  expect(value(1)).toEqual(ok({ pid: 2, outcome: 'completed', value: 'done' }));
});

test('stop: a process can stop itself; its syscall returns when it is continued', () => {
  const self: ProgramBody = function* (sys) {
    const result = yield { kind: 'signal', pid: sys.pid, signal: 'stop' };
    return [sys.now, result as never];
  };
  const { value } = runAgents({ agents: [{ body: self }], signals: [[7 * S, 1, 'continue']] });
  expect(value(1)).toEqual([7 * S, ok()]);
});

test.each([
  ['terminate', 'cancelled'],
  ['kill', 'killed'],
] as const)('%s: a process can end itself', (signal, outcome) => {
  const { end } = runAgents({ agents: [{ body: (sys) => inTurnOf(signal, sys.pid) }] });
  expect(end(1)).toMatchObject({ outcome });
});

function* inTurnOf(signal: SignalName, pid: Pid): ReturnType<ProgramBody> {
  yield { kind: 'signal', pid, signal };
  yield sleep(S);
}

test('terminate: `finally` of the program runs, what it yields there does not', () => {
  const seen: string[] = [];
  const { end, all } = runAgents({
    agents: [
      {
        body: function* () {
          try {
            yield sleep(100 * S);
          } finally {
            seen.push('finally');
            yield burst(S);
            seen.push('never');
          }
        },
      },
    ],
    signals: [[S, 1, 'terminate']],
  });
  expect(seen).toEqual(['finally']);
  expect(end(1).outcome).toBe('cancelled');
  expect(all('call.requested')).toEqual([]);
});

test('kill: an exception in `finally` is told, and ends nothing but the process', () => {
  const { end, all } = runAgents({
    agents: [
      {
        body: function* () {
          try {
            yield sleep(100 * S);
          } finally {
            fail('cannot close');
          }
        },
      },
      { body: [sleep(5 * S)] },
    ],
    signals: [[S, 1, 'kill']],
  });
  expect(end(1).outcome).toBe('killed');
  expect(all('program.failed')).toMatchObject([{ pid: 1, message: 'cannot close' }]);
  expect(end(2).outcome).toBe('completed');
});

test('a kill outranks a terminate that is under way, a terminate does not outrank a kill', () => {
  for (const order of [
    ['terminate', 'kill'],
    ['kill', 'terminate'],
  ] as const) {
    const kernel = new SteppedKernel({ agents: [{ body: [burst(S)] }] });
    kernel.spawn(0, 1);
    kernel.signal(1, 1, order[0]);
    kernel.signal(2, 1, order[1]);
    kernel.endCall(3, 1, { reason: 'stopped', tokensOut: 0 });
    expect(kernel.process(1).outcome).toBe('killed');
  }
});

test('a call that was stopped is settled to what it used', () => {
  const { all, kernel } = runAgents({
    agents: [{ body: [allocate(800), think(600)], budget: 'team' }],
    kernel: {
      budgets: [
        {
          name: 'team',
          limits: [{ resource: 'tokens', amount: 10_000, window: { kind: 'fixed', lengthUs: HOUR } }],
        },
      ],
      engines: [{ prefillTokensPerSecond: 800, decodeTokensPerSecond: 100 }],
    },
    signals: [[3 * S, 1, 'kill']],
  });
  expect(all('budget.settled')).toMatchObject([{ tokens: 1_000, coreUs: 3 * S }]);
  expect(kernel.snapshot().budgets[0]!.limits).toMatchObject([{ used: 1_000, reserved: 0 }]);
});

test('tools: what runs for a killed process is told to stop and keeps its locks until it says that it did', () => {
  const kernel = new SteppedKernel({
    agents: [{ body: [callTools(tool('write'), tool('write'))] }, { body: [callTools(tool('write'))] }],
    kernel: { tools: [writer] },
  });
  const [first] = kernel.spawn(0, 1);
  expect(first).toMatchObject({ type: 'tool.start', tool: 'write' });
  const { request } = first as unknown as { request: never };
  expect(kernel.spawn(S, 2)).toEqual([]);
  // The second call of the batch, which waited for the lock, is withdrawn and never starts.
  expect(kernel.signal(2 * S, 1, 'kill')).toEqual([{ type: 'tool.stop', request }]);
  expect(kernel.process(1).outcome).toBe('killed');
  expect(kernel.process(2)).toMatchObject({ state: 'waiting', waitingOn: 'lock' });
  const started = kernel.step(3 * S, { type: 'tool.ended', request, ok: false, value: 'stopped' });
  expect(started).toMatchObject([{ type: 'tool.start', identity: { pid: 2 } }]);
});

test('tools: a killed process starts no tool any more, though its own calls free the locks for it', () => {
  const { all } = runAgents({
    agents: [{ body: [callTools(tool('write', {}, { failed: true }), tool('write'))] }],
    kernel: { tools: [{ ...writer, retries: 3, retryWaitUs: 10 * S }] },
    // The first call waits for its repeat and holds the lock, the second waits for the lock.
    signals: [[5 * S, 1, 'kill']],
  });
  expect(all('tool.started')).toHaveLength(1);
});

test('questions: one that is withdrawn is told to the person, a late answer changes nothing', () => {
  const kernel = new SteppedKernel({
    agents: [{ body: [{ kind: 'ask', question: 'Go on?', purpose: 'approve' }] }],
  });
  const [asked] = kernel.spawn(0, 1);
  const { request } = asked as unknown as { request: never };
  expect(kernel.signal(S, 1, 'terminate')).toEqual([{ type: 'person.withdraw', request }]);
  expect(kernel.step(2 * S, { type: 'person.answered', request, decision: 'approve', value: null })).toEqual(
    [],
  );
  expect(kernel.process(1).outcome).toBe('cancelled');
});

test('budget: a waiter that is killed lets the next one of its node go on at once', () => {
  const { all } = runAgents({
    agents: [
      { body: [think(60)], budget: 'team' },
      { body: [think(90)], budget: 'team', atUs: S },
      { body: [think(40)], budget: 'team', atUs: 2 * S },
    ],
    kernel: { budgets: quota },
    signals: [[10 * S, 2, 'kill']],
  });
  expect(all('process.dispatched', 3)).toMatchObject([{ atUs: 10 * S }]);
});

function fail(message: string): never {
  throw new Error(message);
}
