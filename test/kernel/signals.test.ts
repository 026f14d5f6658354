/** stop, continue, terminate and kill, to processes in every state, and what they do to calls, tools, questions and children. */
import { expect, test } from 'vitest';

import type { Pid } from '../../src/kernel/ids.ts';
import type { SignalName } from '../../src/kernel/inputs.ts';
import type { ProgramBody, SyscallResult } from '../../src/kernel/syscalls.ts';
import type { ToolSpec } from '../../src/kernel/tools.ts';
import { gantt } from '../support/gantt.ts';
import { runAgents, type Agent, type AgentRun } from '../support/run-agents.ts';
import { SteppedKernel } from '../support/step-kernel.ts';
import {
  allocate,
  burst,
  callTools,
  failed,
  HOUR,
  ok,
  SECOND,
  send,
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
const room = { engines: [{ memoryTokens: 1_000 }] };

/** Agent 1 at 10 s in each state that a process can be in, and what else it takes to get it there. */
const states: Readonly<Record<string, AgentRun>> = {
  running: { agents: [{ body: [burst(100 * S)] }] },
  'ready in the queue': {
    agents: [
      { priority: 50, body: [burst(S)], atUs: S },
      { priority: 10, body: [burst(100 * S)] },
    ],
  },
  'waiting for a timer': { agents: [{ body: [sleep(100 * S)] }] },
  'waiting for a message': { agents: [{ body: [{ kind: 'receive' }] }] },
  'waiting for a message with a limit': { agents: [{ body: [{ kind: 'receive', timeoutUs: 100 * S }] }] },
  'waiting for a person': {
    agents: [
      { body: [{ kind: 'ask', question: 'Go on?', purpose: 'approve', script: { durationUs: 100 * S } }] },
    ],
  },
  'waiting for a child': {
    agents: [{ body: [spawn('child'), waitFor(0)] }],
    programs: { child: [sleep(100 * S)] },
  },
  'waiting for a tool': {
    agents: [{ body: [callTools(tool('write', {}, { durationUs: 14 * S }))] }],
    kernel: { tools: [writer] },
  },
  'waiting for a lock': {
    agents: [
      { body: [callTools(tool('write', {}, { durationUs: 5 * S }))], atUs: S },
      { body: [callTools(tool('write', {}, { durationUs: 14 * S }))] },
    ],
    kernel: { tools: [writer] },
  },
  'waiting to repeat a tool': {
    agents: [{ body: [callTools(tool('write', {}, { failed: true, durationUs: 9 * S }))] }],
    kernel: { tools: [{ ...writer, retries: 1, retryWaitUs: 5 * S }] },
  },
  'waiting for an approval': {
    agents: [{ body: [callTools(tool('write'))] }],
    kernel: { tools: [{ ...writer, approval: true }], seed: 3 },
  },
  'waiting for budget': {
    agents: [{ body: [think(80), think(80)], budget: 'team' }],
    kernel: { budgets: quota },
  },
  'waiting for memory': {
    agents: [
      { body: [allocate(500), think(300)], atUs: S },
      { body: [allocate(500), burst(100 * S, { maxOutput: 300 })] },
    ],
    kernel: { ...room, engines: [{ memoryTokens: 1_000, cores: 2 }] },
  },
  'waiting for storage': { agents: [{ body: [{ kind: 'checkpoint', state: 1 }] }], flushUs: 100 * S },
};

/** Pid 1 is the first in the list; those that must come before it are later in the list, and earlier in time. */
function pidOf({ agents }: AgentRun): number {
  const first = agents[0]!.atUs ?? 0;
  return agents.filter(({ atUs = 0 }) => atUs < first).length + 1;
}

for (const [state, setup] of Object.entries(states)) {
  const pid = pidOf(setup);
  const at = (signals: readonly (readonly [number, SignalName])[]) =>
    runAgents({ ...setup, signals: signals.map(([atUs, signal]) => [atUs, pid, signal] as const) });

  test(`${state}: it is so`, () => {
    const { kernel } = runAgents({ ...setup, untilUs: 10 * S });
    const process = kernel.snapshot().processes[pid - 1]!;
    const [word, , reason = ''] = state.split(' ');
    expect(process.state).toBe(word);
    if (word === 'waiting')
      expect(state).toContain(
        {
          tool: 'tool',
          timer: state.includes('repeat') ? 'repeat' : 'timer',
          lock: 'lock',
          person: state.includes('approval') ? 'approval' : 'person',
        }[process.waitingOn as string] ?? process.waitingOn,
      );
    else expect(reason === '' || state.includes('queue')).toBe(true);
  });

  for (const [signal, outcome] of [
    ['terminate', 'cancelled'],
    ['kill', 'killed'],
  ] as const) {
    test(`${state}: ${signal} ends it at once as ${outcome}, with nothing left behind`, () => {
      const { end, kernel, all } = at([[10 * S, signal]]);
      expect(end(pid)).toMatchObject({ outcome, atUs: 10 * S });
      const snapshot = kernel.snapshot();
      expect(snapshot.engines[0]!.pinnedTokens).toBe(0);
      expect(snapshot.engines[0]!.roomTokens).toBe(0);
      expect(kernel.alive).toBe(0);
      // Nothing of it is reserved; whoever waited behind it has gone on.
      for (const { limits } of snapshot.budgets) for (const limit of limits) expect(limit.reserved).toBe(0);
      expect(all('process.terminated').filter((event) => event.pid === pid)).toHaveLength(1);
    });
  }

  test(`${state}: stopped and continued, it comes to the same end, later or not`, () => {
    const { end, all } = at([
      [10 * S, 'stop'],
      [500 * S, 'continue'],
    ]);
    expect(all('process.suspended', pid)).toMatchObject([{ atUs: 10 * S, by: 'signal' }]);
    expect(all('process.continued', pid)).toMatchObject([{ atUs: 500 * S }]);
    if (!state.includes('message') || state.includes('limit')) {
      expect(end(pid).outcome).toBe('completed');
      expect(end(pid).atUs).toBeGreaterThanOrEqual(500 * S);
    }
    const stretches = all('process.dispatched', pid).filter(({ atUs }) => atUs > 10 * S && atUs < 500 * S);
    expect(stretches).toEqual([]);
  });

  test(`${state}: killed while it is suspended, it ends`, () => {
    const { end, kernel } = at([
      [10 * S, 'stop'],
      [20 * S, 'kill'],
    ]);
    expect(end(pid)).toMatchObject({ outcome: 'killed', atUs: 20 * S });
    expect(kernel.alive).toBe(0);
  });
}

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

// ---- Families ----------------------------------------------------------------------------------------------------------

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
  expect(value(2)).toEqual([1, 0]);
  expect(end(3)).toMatchObject({ outcome: 'failed', atUs: S });
  expect(end(4)).toMatchObject({ outcome: 'completed', atUs: 10 * S });
  expect(value(4)).toEqual([3, 0]);
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

function fail(message: string): never {
  throw new Error(message);
}
