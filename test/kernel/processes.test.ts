/** How processes begin, end, have children, and what their programs may and may not do. */
import { expect, test } from 'vitest';

import { AssertionError } from '../../src/base/assert.ts';
import type { Json, Pid } from '../../src/kernel/ids.ts';
import { transition, type StateName, type Transition } from '../../src/kernel/process-state.ts';
import type { Capabilities, ProgramBody, Syscall, SyscallResult } from '../../src/kernel/syscalls.ts';
import { gantt } from '../support/gantt.ts';
import { runAgents } from '../support/run-agents.ts';
import {
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

test('a program that returns completes with its value, null when it has none', () => {
  const { end, value } = runAgents({
    agents: [
      {
        body: function* () {
          yield sleep(S);
          return { answer: 42 };
        },
      },
      { body: [sleep(S)] },
    ],
  });
  expect(end(1)).toMatchObject({ outcome: 'completed', code: '', atUs: S });
  expect(value(1)).toEqual({ answer: 42 });
  expect(value(2)).toBeNull();
});

test('exit ends the process with the value and the outcome that it says', () => {
  const { end, value, all } = runAgents({
    agents: [
      { body: [{ kind: 'exit', value: 'early' }, burst(S)] },
      { body: [{ kind: 'exit', value: 'no luck', outcome: 'failed' }] },
    ],
  });
  expect([end(1).outcome, value(1)]).toEqual(['completed', 'early']);
  expect([end(2).outcome, value(2)]).toEqual(['failed', 'no luck']);
  expect(all('call.requested')).toEqual([]);
});

test('an exception in a program ends that process alone, as failed, recorded', () => {
  const { end, value, all } = runAgents({
    agents: [
      {
        body: function* () {
          yield sleep(S);
          throw new TypeError('not a number');
        },
      },
      { body: [sleep(2 * S)] },
    ],
  });
  expect(end(1)).toMatchObject({
    outcome: 'failed',
    code: 'PROGRAM_FAILED',
    message: 'not a number',
    atUs: S,
  });
  expect(value(1)).toBe('not a number');
  expect(all('program.failed')).toMatchObject([{ pid: 1, message: 'not a number' }]);
  expect(end(2).outcome).toBe('completed');
});

test('a program that fails says why, with a code of its own; one that completes has none', () => {
  const exit = (fields: object): Syscall => ({
    kind: 'exit',
    value: 'because',
    outcome: 'failed',
    ...fields,
  });
  const { end, results } = runAgents({
    agents: [
      { body: [exit({ code: 'NO_SEATS', message: 'sold out' })] },
      { body: [exit({ value: { left: 0 } })] },
      {
        body: [
          exit({ code: 'no seats' }),
          exit({ outcome: 'completed', code: 'NO_SEATS' }),
          exit({ message: 5 }),
          exit({}),
        ],
      },
    ],
  });
  expect(end(1)).toMatchObject({ outcome: 'failed', code: 'NO_SEATS', message: 'sold out' });
  expect(end(2)).toMatchObject({ code: 'PROGRAM_FAILED', message: '' });
  expect(results(3)).toEqual([
    failed('INVALID_ARGUMENT', 'code: "no seats" is not allowed; allowed: 1 to 64 capital letters'),
    failed('INVALID_ARGUMENT', 'code: "NO_SEATS" is not allowed; allowed: none, unless'),
    failed('INVALID_ARGUMENT', 'message: 5'),
  ]);
  expect(end(3)).toMatchObject({ code: 'PROGRAM_FAILED', message: 'because' });
});

test('a body that throws before it is a generator, or is none, fails its process alone', () => {
  const early = (() => {
    throw new Error('no state');
  }) as unknown as ProgramBody;
  const none = (() => null) as unknown as ProgramBody;
  const { end } = runAgents({ agents: [{ body: early }, { body: none }, { body: [burst(S)] }] });
  expect(end(1)).toMatchObject({ outcome: 'failed', code: 'PROGRAM_FAILED', message: 'no state' });
  expect(end(2)).toMatchObject({ outcome: 'failed', code: 'PROGRAM_FAILED' });
  expect(end(3).outcome).toBe('completed');
});

test.each<readonly [string, unknown]>([
  ['nothing', undefined],
  ['null', null],
  ['a text', 'think'],
  ['an object without a kind', { tokens: 5 }],
  ['a kind that is no text', { kind: 7 }],
])('a program that yields %s ends as failed, alone', (_, yielded) => {
  const { end } = runAgents({ agents: [{ body: [yielded as Syscall] }, { body: [sleep(S)] }] });
  expect(end(1)).toMatchObject({ outcome: 'failed', code: 'PROGRAM_FAILED' });
  expect(end(1).message).toContain('syscall');
  expect(end(2).outcome).toBe('completed');
});

test.each(['reboot', 'constructor', 'toString', '__proto__'])(
  'the syscall "%s" does not exist: INVALID_ARGUMENT',
  (kind) => {
    const { results } = runAgents({ agents: [{ body: [{ kind } as unknown as Syscall, sleep(0)] }] });
    expect(results(1)).toEqual([failed('INVALID_ARGUMENT', `syscall: "${kind}"`), ok()]);
  },
);

test.each<readonly [string, unknown]>([
  ['touch without pages', { kind: 'touch' }],
  ['a page that is no number', { kind: 'touch', pages: ['x'] }],
  ['callTools without calls', { kind: 'callTools' }],
  ['a call that is no object', { kind: 'callTools', calls: [null] }],
  ['a text that is no text', { kind: 'allocate', tokens: 5, text: 7 }],
  ['a hash that is no text', { kind: 'allocate', tokens: 5, hash: {} }],
  ['blocks without a space', { kind: 'allocate', tokens: 5, blocks: { first: 0, count: 1 } }],
  ['a message to nobody', { kind: 'send', message: 1 }],
  ['a message to a word', { kind: 'send', to: 'length', message: 1 }],
  ['a signal that is none', { kind: 'signal', pid: 1, signal: 'hang-up' }],
  ['a scope that is no text', { kind: 'remember', scope: 1, text: 'x' }],
  ['a query that is no text', { kind: 'recall', scope: 'x', query: null }],
  ['a question for no purpose', { kind: 'ask', question: 'x', purpose: 'fun' }],
  ['a spawn without a program', { kind: 'spawn' }],
  ['a negative answer', { kind: 'think', maxOutput: 5, script: { tokensOut: -1 } }],
  ['half a microsecond', { kind: 'think', maxOutput: 5, script: { tokensOut: 1, durationUs: 0.5 } }],
  ['a tool that never ends', { kind: 'callTools', calls: [tool('a', {}, { durationUs: Infinity })] }],
  ['a person out of time', { kind: 'ask', question: 1, purpose: 'answer', script: { durationUs: -5 } }],
  ['an end as killed', { kind: 'exit', value: 1, outcome: 'killed' }],
])('%s is a failed syscall, and the kernel goes on', (_, syscall) => {
  const { results, end } = runAgents({ agents: [{ body: [syscall as Syscall, sleep(S)] }] });
  expect(results(1)[0]).toMatchObject({ ok: false });
  expect(end(1)).toMatchObject({ outcome: 'completed', atUs: S });
});

test('sleep waits to the microsecond; none at all does not wait; a negative one is refused', () => {
  const { all, results, end } = runAgents({
    agents: [{ body: [sleep(0), sleep(1_234_567), sleep(-1), sleep(0.5), sleep(Infinity)] }],
  });
  expect(all('process.waiting')).toMatchObject([{ on: 'timer' }]);
  expect(end(1).atUs).toBe(1_234_567);
  expect(results(1)).toEqual([
    ok(),
    ok(),
    ...[-1, 0.5, Infinity].map((us) => failed('INVALID_ARGUMENT', `us: ${us}`)),
  ]);
});

test('yieldCore lets the others of the same instant go first', () => {
  const order: number[] = [];
  const body: ProgramBody = function* (sys) {
    for (let round = 0; round < 2; round++) {
      order.push(sys.pid);
      yield { kind: 'yieldCore' };
    }
  };
  const parent: ProgramBody = function* (sys, state) {
    yield spawn('child');
    yield* body(sys, state);
  };
  const { all } = runAgents({ agents: [{ body: parent }], programs: { child: body } });
  expect(order).toEqual([1, 2, 1, 2]);
  expect(all('process.waiting')).toEqual([]);
});

test('a program sees who it is, what it was given, the time, and its own stream of chance', () => {
  const body: ProgramBody = function* (sys) {
    yield sleep(3 * S);
    return [sys.pid, sys.parent, sys.name, sys.args, sys.now, sys.random.next() === sys.random.next()];
  };
  const { value } = runAgents({ agents: [{ body, name: 'ann', args: { goal: 'x' }, atUs: S }] });
  expect(value(1)).toEqual([1, 0, 'ann', { goal: 'x' }, 4 * S, false]);
});

test('chance: a stream belongs to its process; what another draws does not move it', () => {
  const draws = (count: number): ProgramBody =>
    function* (sys) {
      const drawn: number[] = [];
      for (let index = 0; index < count; index++) drawn.push(sys.random.next());
      yield sleep(S);
      return drawn;
    };
  const one = runAgents({ agents: [{ body: draws(1) }, { body: draws(3) }] });
  const many = runAgents({ agents: [{ body: draws(9) }, { body: draws(3) }] });
  expect(one.value(2)).toEqual(many.value(2));
  expect(one.value(1)).not.toEqual((one.value(2) as Json[]).slice(0, 1));
  const seeded = runAgents({ agents: [{ body: draws(1) }], kernel: { seed: 2 } });
  expect(seeded.value(1)).not.toEqual(one.value(1));
});

// ---- Children ----------------------------------------------------------------------------------------------------------

const quick: ProgramBody = function* (sys) {
  yield sleep((sys.args as number) * S);
  return `after ${JSON.stringify(sys.args)}`;
};

test('spawn gives the pid, wait the end of the child', () => {
  const { results, all } = runAgents({
    agents: [{ body: [spawn('quick', { arguments: 5 }), waitFor(2)], name: 'boss', priority: 30 }],
    programs: { quick },
  });
  expect(results(1)).toEqual([ok(2), ok({ pid: 2, outcome: 'completed', value: 'after 5' })]);
  expect(all('process.spawned', 2)).toMatchObject([
    { parent: 1, run: 'run-1', name: 'boss/quick', priority: 30, program: 'quick' },
  ]);
  expect(all('process.waiting', 1)).toMatchObject([{ on: 'child', atUs: 0 }]);
});

test('a child that ended before is waited for without waiting; each end is given once', () => {
  const { results, all } = runAgents({
    agents: [
      {
        body: [
          spawn('quick', { arguments: 1 }),
          spawn('quick', { arguments: 2 }),
          sleep(5 * S),
          waitFor(3),
          waitFor(0),
          waitFor(0),
          waitFor(2),
        ],
      },
    ],
    programs: { quick },
  });
  expect(results(1).slice(3)).toEqual([
    ok({ pid: 3, outcome: 'completed', value: 'after 2' }),
    ok({ pid: 2, outcome: 'completed', value: 'after 1' }),
    failed('UNKNOWN_PROCESS'),
    failed('UNKNOWN_PROCESS', 'pid: 2'),
  ]);
  expect(all('process.waiting', 1).map(({ on }) => on)).toEqual(['timer']);
});

test('wait for any child gives the first to end', () => {
  const { results } = runAgents({
    agents: [
      { body: [spawn('quick', { arguments: 9 }), spawn('quick', { arguments: 2 }), waitFor(0), waitFor(0)] },
    ],
    programs: { quick },
  });
  expect(results(1).slice(2)).toMatchObject([{ value: { pid: 3 } }, { value: { pid: 2 } }]);
});

test('however a child ends, the parent is told', () => {
  const { results } = runAgents({
    agents: [
      {
        body: [
          spawn('fails'),
          waitFor(0),
          spawn('quick', { arguments: 9 }),
          { kind: 'signal', pid: 3 as Pid, signal: 'kill' },
          waitFor(0),
          spawn('quick', { arguments: 9 }),
          { kind: 'signal', pid: 4 as Pid, signal: 'terminate' },
          waitFor(4),
        ],
      },
    ],
    programs: {
      quick,
      fails: function* () {
        yield sleep(S);
        throw new Error('broken');
      },
    },
  });
  expect(results(1).filter((_, index) => [1, 4, 7].includes(index))).toEqual([
    ok({ pid: 2, outcome: 'failed', value: 'broken' }),
    ok({ pid: 3, outcome: 'killed', value: null }),
    ok({ pid: 4, outcome: 'cancelled', value: null }),
  ]);
});

test('only the parent waits for a child; nobody waits for what does not exist', () => {
  const { results } = runAgents({
    agents: [
      { body: [spawn('quick', { arguments: 9 }), waitFor(7), waitFor(1)] },
      { atUs: S, body: [waitFor(0), waitFor(2)] },
    ],
    programs: { quick },
  });
  expect(results(1).slice(1)).toEqual([
    failed('UNKNOWN_PROCESS', 'pid: 7'),
    failed('UNKNOWN_PROCESS', 'pid: 1'),
  ]);
  expect(results(3)).toEqual([failed('UNKNOWN_PROCESS', 'pid: 0'), failed('UNKNOWN_PROCESS', 'pid: 2')]);
});

test.each<readonly [string, Parameters<typeof spawn>, string, string]>([
  [
    'an unknown program',
    ['nobody'],
    'UNKNOWN_PROGRAM',
    '"nobody" is not registered; allowed: agent-1, quick',
  ],
  ['a priority out of range', ['quick', { priority: 101 }], 'INVALID_ARGUMENT', 'priority: 101'],
  ['a priority that is no number', ['quick', { priority: Number.NaN }], 'INVALID_ARGUMENT', 'priority: NaN'],
  ['an unknown budget', ['quick', { budget: 'gold' }], 'UNKNOWN_BUDGET', '"gold"'],
])('spawn with %s fails, and there is no child', (_, call, code, words) => {
  const { results, all } = runAgents({ agents: [{ body: [spawn(...call)] }], programs: { quick } });
  expect(results(1)).toEqual([failed(code, words)]);
  expect(all('process.spawned')).toHaveLength(1);
});

// ---- Capabilities ------------------------------------------------------------------------------------------------------

test('a child has the budget node of its parent, or one below it: no other', () => {
  const limit = { resource: 'tokens', amount: 100, window: { kind: 'fixed', lengthUs: HOUR } } as const;
  const budgets = [
    { name: 'org' },
    { name: 'team', parent: 'org', limits: [limit] },
    { name: 'sub', parent: 'team' },
    { name: 'rich', parent: 'org' },
  ];
  const { results, all } = runAgents({
    agents: [
      {
        budget: 'team',
        body: [
          spawn('call'),
          spawn('call', { budget: 'sub' }),
          spawn('call', { budget: 'rich' }),
          spawn('call', { budget: 'org' }),
        ],
      },
    ],
    programs: { call: [think(60)] },
    kernel: { budgets },
  });
  expect(results(1)).toEqual([ok(2), ok(3), failed('NOT_PERMITTED', 'rich'), failed('NOT_PERMITTED', 'org')]);
  expect(all('process.spawned').map(({ budget }) => budget)).toEqual(['team', 'team', 'sub']);
  // They share what their parent may use.
  expect(all('process.dispatched').map(({ pid, atUs }) => [pid, atUs])).toEqual([
    [2, 0],
    [3, HOUR],
  ]);
});

test('capabilities are never widened, over any number of generations', () => {
  const granted: Partial<Capabilities>[] = [];
  const child: ProgramBody = function* (sys) {
    const depth = sys.args as number;
    if (depth < 3) {
      yield spawn('child', {
        arguments: depth + 1,
        capabilities: { tools: 'all', spawn: true, signal: 'all', send: 'all' },
      });
      yield waitFor(0);
    }
    yield callTools(tool('a'), tool('b'));
  };
  const own: Partial<Capabilities> = { tools: ['a'], spawn: true, signal: 'descendants', send: 'run' };
  const { store, results } = runAgents({
    agents: [{ capabilities: own, args: 1, body: child }],
    programs: { child },
    kernel: {
      tools: ['a', 'b'].map((name) => ({ name, description: name, parameters: { type: 'object' } })),
    },
  });
  for (const started of store.processes('run-1')) granted.push(started.capabilities);
  expect(granted).toEqual([own, own, own]);
  expect(results(3)).toEqual([ok([ok('a done'), failed('NOT_PERMITTED') as Json])]);
});

test('a child may be given less', () => {
  const { store, results } = runAgents({
    agents: [
      {
        capabilities: { tools: ['a', 'b'] },
        body: [spawn('child', { capabilities: { tools: ['b', 'c'], spawn: false } }), waitFor(0)],
      },
    ],
    programs: { child: [spawn('child')] },
  });
  expect(store.processes('run-1')[1]!.capabilities).toEqual({
    tools: ['b'],
    spawn: false,
    signal: 'descendants',
    send: 'run',
  });
  expect(results(2)).toEqual([failed('NOT_PERMITTED', 'may not spawn')]);
});

test('a root process has what it was given: all it asks for, and the defaults for the rest', () => {
  const { store } = runAgents({
    agents: [{ body: [] }, { body: [], capabilities: { signal: 'all', send: 'all' } }],
  });
  expect(store.processes('run-1')[0]!.capabilities).toEqual({
    tools: 'all',
    spawn: true,
    signal: 'descendants',
    send: 'run',
  });
  expect(store.processes('run-2')[0]!.capabilities).toEqual({
    tools: 'all',
    spawn: true,
    signal: 'all',
    send: 'all',
  });
});

test('send: within the run, unless the process may send to all', () => {
  const receiver = { body: [{ kind: 'receive', timeoutUs: 5 * S }] as const };
  const { results } = runAgents({
    agents: [
      receiver,
      { body: [send(1, 'hello')] },
      { capabilities: { send: 'all' }, body: [send(1, 'hi')] },
    ],
  });
  expect(results(2)).toEqual([failed('NOT_PERMITTED', 'of another run')]);
  expect(results(3)).toEqual([ok()]);
  expect(results(1)).toEqual([ok({ from: 3, message: 'hi' })]);
});

test('children run on the engine with the fewest processes, side by side with their parent', () => {
  const { events } = runAgents({
    agents: [{ body: [spawn('child'), burst(4 * S), waitFor(0)] }],
    programs: { child: [burst(2 * S)] },
    kernel: { engines: [{ name: 'a' }, { name: 'b' }] },
  });
  expect([gantt(events, 0), gantt(events, 1)]).toEqual([[[1, 0, 4 * S, 'ended']], [[2, 0, 2 * S, 'ended']]]);
});

// ---- States ------------------------------------------------------------------------------------------------------------

test('the transition function: every legal change, and an assertion for every other', () => {
  const legal: Readonly<Record<string, StateName>> = {
    'ready dispatch': 'running',
    'running preempt': 'ready',
    'ready wait': 'waiting',
    'running wait': 'waiting',
    'waiting wait': 'waiting',
    'waiting wake': 'ready',
    'running wake': 'ready',
    'ready suspend': 'suspended',
    'running suspend': 'suspended',
    'waiting suspend': 'suspended',
    'suspended continue': 'ready',
    'ready terminate': 'terminated',
    'running terminate': 'terminated',
    'waiting terminate': 'terminated',
    'suspended terminate': 'terminated',
  };
  const states: StateName[] = ['ready', 'running', 'waiting', 'suspended', 'terminated'];
  const happenings: Transition[] = [
    'dispatch',
    'preempt',
    'wait',
    'wake',
    'suspend',
    'continue',
    'terminate',
  ];
  for (const from of states) {
    for (const happening of happenings) {
      const to = legal[`${from} ${happening}`];
      if (to === undefined)
        expect(() => transition(from, happening), `${from} ${happening}`).toThrow(AssertionError);
      else expect(transition(from, happening)).toBe(to);
    }
  }
});

test('a result of a wait that is too late is no result: the end of a process cancels what it asked for', () => {
  const { results, end } = runAgents({
    agents: [
      { body: [spawn('child'), sleep(S), { kind: 'signal', pid: 2 as Pid, signal: 'kill' }, sleep(10 * S)] },
    ],
    programs: {
      child: function* () {
        const result = (yield sleep(5 * S)) as SyscallResult<null>;
        yield sleep(result.ok ? S : 0);
      },
    },
  });
  expect(end(2)).toMatchObject({ outcome: 'killed', atUs: S });
  expect(results(2)).toEqual([]);
});
