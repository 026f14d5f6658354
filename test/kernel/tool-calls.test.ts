/** The life of tool calls: approval, locks, slots, time-outs, repeats; and that a failure is a result like another. */
import { expect, test } from 'vitest';

import type { Json, RequestId } from '../../src/kernel/ids.ts';
import type { Effects } from '../../src/kernel/lock-table.ts';
import type { Request } from '../../src/kernel/requests.ts';
import type { ProgramBody, ToolCall } from '../../src/kernel/syscalls.ts';
import type { ToolSpec } from '../../src/kernel/tools.ts';
import { runAgents, type Agent } from '../support/run-agents.ts';
import { SteppedKernel } from '../support/step-kernel.ts';
import { allocate, callTools, failed, ok, SECOND, sleep, tool } from '../support/syscalls.ts';

const S = SECOND;

function spec(name: string, fields: Partial<ToolSpec> = {}): ToolSpec {
  return {
    name,
    description: name,
    parameters: { type: 'object' },
    effects: () => ({ reads: [], writes: [] }),
    ...fields,
  };
}

/** `files`: reads and writes are what its arguments say. */
const files = spec('files', {
  effects: (args) => ({
    reads: (args as Json[] & Effects).reads ?? [],
    writes: (args as Json[] & Effects).writes ?? [],
  }),
});
const access = (effects: Partial<Effects>, script: ToolCall['script'] = {}) => tool('files', effects, script);

const agent = (...calls: ToolCall[]): Agent => ({ body: [callTools(...calls)] });

/** [request, start, end], in seconds, of every call that started, in the order of their starts. */
function spans(all: ReturnType<typeof runAgents>['all']): (readonly [number, number, number])[] {
  const settled = all('tool.settled');
  return all('tool.started').map(({ request, atUs }) => {
    const end = settled.find((event) => event.request === request)!;
    return [request, atUs / S, end.atUs / S];
  });
}

test('a batch runs side by side, its results come in call order', () => {
  const { results, all, end } = runAgents({
    agents: [
      agent(
        tool('a', {}, { durationUs: 3 * S }),
        tool('b', {}, { durationUs: S }),
        tool('c', {}, { durationUs: 2 * S }),
      ),
    ],
    kernel: { tools: [spec('a'), spec('b'), spec('c')] },
  });
  expect(spans(all)).toEqual([
    [1, 0, 3],
    [2, 0, 1],
    [3, 0, 2],
  ]);
  expect(results(1)).toEqual([ok([ok('a done'), ok('b done'), ok('c done')])]);
  expect(end(1).atUs).toBe(3 * S);
});

test('an empty batch has an empty result at once', () => {
  const { results, end } = runAgents({ agents: [agent()] });
  expect(results(1)).toEqual([ok([])]);
  expect(end(1).atUs).toBe(0);
});

test('results join the prompt in call order, unless the program says no', () => {
  const script = { durationUs: S };
  const body = (keepResults?: boolean): ProgramBody =>
    function* () {
      const calls = [
        tool('a', {}, { ...script, result: 'x'.repeat(40) }),
        tool('a', {}, { ...script, result: { y: 1 } }),
      ];
      yield keepResults === undefined
        ? { kind: 'callTools', calls }
        : { kind: 'callTools', calls, keepResults };
    };
  const pages = (keep?: boolean) => {
    const { kernel } = runAgents({
      agents: [{ body: body(keep) }],
      kernel: { tools: [spec('a')] },
      untilUs: S - 1,
    });
    expect(kernel.snapshot().processes[0]!.pages).toBe(0);
    const { store } = runAgents({
      agents: [
        {
          body: function* (sys, state) {
            yield* body(keep)(sys, state);
            yield { kind: 'checkpoint', state: null };
          },
        },
      ],
      kernel: { tools: [spec('a')] },
    });
    return store
      .lastCheckpoint({ run: 'run-1', branch: 'main', pid: 1 as never })!
      .nodes.map(({ tokens, importance }) => [tokens, importance]);
  };
  // 40 characters are 10 tokens; {"y":1} has 7: 2 tokens.
  expect(pages()).toEqual([
    [10, 0.7],
    [2, 0.7],
  ]);
  expect(pages(true)).toEqual([
    [10, 0.7],
    [2, 0.7],
  ]);
  expect(pages(false)).toEqual([]);
});

test('a refused call is a result in its place, and the others run', () => {
  const { results, all } = runAgents({
    agents: [
      {
        capabilities: { tools: ['a', 'typed'] },
        body: [
          callTools(
            tool('nobody'),
            tool('a'),
            tool('b'),
            tool('typed', { city: 7 }),
            tool('typed', { city: 'Ghent' }),
          ),
        ],
      },
    ],
    kernel: {
      tools: [
        spec('a'),
        spec('b'),
        spec('typed', {
          parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
        }),
      ],
    },
  });
  expect(results(1)).toEqual([
    ok([
      failed('UNKNOWN_TOOL', '"nobody" is not registered; allowed: a, b, typed') as Json,
      ok('a done'),
      failed('NOT_PERMITTED', 'allowed: a, typed') as Json,
      failed('TOOL_ARGUMENTS', 'city: 7 is not allowed') as Json,
      ok('typed done'),
    ]),
  ]);
  expect(all('tool.refused').map(({ index, code }) => [index, code])).toEqual([
    [0, 'UNKNOWN_TOOL'],
    [2, 'NOT_PERMITTED'],
    [3, 'TOOL_ARGUMENTS'],
  ]);
  expect(all('tool.started').map(({ index }) => index)).toEqual([1, 4]);
});

test('a batch of refused calls only has its results at once', () => {
  const { results, end } = runAgents({ agents: [agent(tool('x'), tool('y'))] });
  expect(results(1)).toEqual([ok([failed('UNKNOWN_TOOL') as Json, failed('UNKNOWN_TOOL') as Json])]);
  expect(end(1).atUs).toBe(0);
});

test("a tool's failure is a result; the agent goes on", () => {
  const { results, all, end } = runAgents({
    agents: [
      { body: [callTools(tool('a', {}, { failed: true, result: 'no such file' }), tool('a')), sleep(S)] },
    ],
    kernel: { tools: [spec('a')] },
  });
  expect(results(1)).toEqual([ok([failed('TOOL_FAILED', 'no such file') as Json, ok('a done')]), ok()]);
  expect(all('tool.ended').map((event) => [event.ok, event.code])).toEqual([
    [false, 'TOOL_FAILED'],
    [true, ''],
  ]);
  expect(end(1).outcome).toBe('completed');
});

// ---- Locks -------------------------------------------------------------------------------------------------------------

test.each([
  ['two writes of one resource', { writes: ['x'] }, { writes: ['x'] }, true],
  ['a write, then a read', { writes: ['x'] }, { reads: ['x'] }, true],
  ['a read, then a write', { reads: ['x'] }, { writes: ['x'] }, true],
  ['two reads', { reads: ['x'] }, { reads: ['x'] }, false],
  ['writes of different resources', { writes: ['x'] }, { writes: ['y'] }, false],
  ['no effects', {}, {}, false],
] as const)('%s: one after another? of one batch and of two processes', (_, first, second, isSerial) => {
  const kernel = { tools: [files] };
  const expected = isSerial
    ? [
        [1, 0, 1],
        [2, 1, 2],
      ]
    : [
        [1, 0, 1],
        [2, 0, 1],
      ];
  expect(spans(runAgents({ agents: [agent(access(first), access(second))], kernel }).all)).toEqual(expected);
  const { all } = runAgents({ agents: [agent(access(first)), agent(access(second))], kernel });
  expect(spans(all)).toEqual(expected);
  expect(all('process.waiting', 2).map(({ on }) => on)).toEqual(isSerial ? ['lock', 'tool'] : ['tool']);
});

test('unknown effects are an exclusive write on the server', () => {
  const server = ({ effects: _effects, ...fields }: ToolSpec): ToolSpec => ({ ...fields, server: 'mail' });
  const tools = [server(spec('read')), server(spec('send')), spec('other'), spec('alone')].map((one) =>
    one.name === 'alone' ? (({ effects: _effects, ...rest }) => rest)(one) : one,
  );
  const { all } = runAgents({
    agents: [agent(tool('read'), tool('send'), tool('other'), tool('alone'), tool('alone'))],
    kernel: { tools },
  });
  expect(spans(all)).toEqual([
    [1, 0, 1],
    [3, 0, 1],
    [4, 0, 1],
    [2, 1, 2],
    [5, 1, 2],
  ]);
  expect(all('tool.started', 1)[0]).toMatchObject({ writes: ['mail'] });
});

test('a writer that waits is not overtaken by later readers', () => {
  const { all } = runAgents({
    agents: [
      agent(access({ reads: ['x'] }, { durationUs: 4 * S })),
      { ...agent(access({ writes: ['x'] })), atUs: S },
      { ...agent(access({ reads: ['x'] })), atUs: 2 * S },
    ],
    kernel: { tools: [files] },
  });
  expect(spans(all)).toEqual([
    [1, 0, 4],
    [2, 4, 5],
    [3, 5, 6],
  ]);
});

// ---- Slots -------------------------------------------------------------------------------------------------------------

test('a concurrency limit holds over all processes, first come, first served', () => {
  const { all } = runAgents({
    agents: [agent(tool('a'), tool('a'), tool('a')), { ...agent(tool('a')), atUs: 1 }],
    kernel: { tools: [spec('a', { concurrency: 2 })] },
  });
  expect(spans(all)).toEqual([
    [1, 0, 1],
    [2, 0, 1],
    [3, 1, 2],
    [4, 1, 2],
  ]);
});

test('who waits for a slot is not overtaken by one that only then gets its lock', () => {
  const { all } = runAgents({
    agents: [
      agent(access({ writes: ['x'] })),
      { ...agent(access({ writes: ['y'] })), atUs: 1 },
      { ...agent(access({ writes: ['x'] })), atUs: 2 },
    ],
    kernel: { tools: [{ ...files, concurrency: 1 }] },
  });
  expect(spans(all)).toEqual([
    [1, 0, 1],
    [2, 1, 2],
    [3, 2, 3],
  ]);
});

// ---- Time-outs and repeats ---------------------------------------------------------------------------------------------

test('a tool that takes too long is a TOOL_TIMEOUT; its locks are held until it says that it stopped', () => {
  const kernel = new SteppedKernel({
    agents: [{ body: [callTools(tool('slow')), sleep(S)] }, agent(tool('slow'))],
    kernel: { tools: [spec('slow', { timeoutUs: 5 * S, effects: () => ({ reads: [], writes: ['x'] }) })] },
  });
  const [first] = kernel.spawn(0, 1);
  const { request } = first as Extract<Request, { type: 'tool.start' }>;
  const timer = kernel.requests.find(({ type }) => type === 'timer.set') as Extract<
    Request,
    { type: 'timer.set' }
  >;
  expect(timer.atUs).toBe(5 * S);
  kernel.spawn(S, 2);
  expect(kernel.step(5 * S, { type: 'timer.fired', timer: timer.timer })).toEqual([
    { type: 'tool.stop', request },
  ]);
  // The program has its result and goes on; the other still waits.
  expect(kernel.process(1)).toMatchObject({ waitingOn: 'timer' });
  expect(kernel.process(2)).toMatchObject({ waitingOn: 'lock' });
  expect(kernel.records.find((record) => record.type === 'history')).toMatchObject({
    result: ok([failed('TOOL_TIMEOUT', '5000000') as Json]),
  });
  const started = kernel.step(6 * S, { type: 'tool.ended', request, ok: true, value: 'at last' });
  expect(started).toMatchObject([{ type: 'tool.start', identity: { pid: 2 } }]);
});

test('the default time-out is 15 s', () => {
  const { results, all } = runAgents({
    agents: [agent(tool('slow', {}, { durationUs: 60 * S }), tool('quick', {}, { durationUs: 15 * S }))],
    kernel: { tools: [spec('slow'), spec('quick')] },
  });
  // What ends at the very instant has ended.
  expect(results(1)).toEqual([ok([failed('TOOL_TIMEOUT') as Json, ok('quick done')])]);
  expect(all('tool.ended').map(({ atUs }) => atUs)).toEqual([15 * S, 15 * S]);
});

test('repeats wait 1, 2 and 4 s, hold their locks meanwhile, and the last failure is the result', () => {
  const { all, results } = runAgents({
    agents: [
      agent(tool('flaky', {}, { failed: true, result: 'busy', durationUs: 100_000 })),
      { ...agent(tool('flaky')), atUs: S },
    ],
    kernel: { tools: [spec('flaky', { retries: 3, effects: () => ({ reads: [], writes: ['x'] }) })] },
  });
  expect(all('tool.started', 1).map(({ atUs }) => atUs)).toEqual([0, 1_100_000, 3_200_000, 7_300_000]);
  expect(all('tool.ended', 1).map(({ atUs, code }) => [atUs, code])).toEqual([
    [100_000, 'TOOL_FAILED'],
    [1_200_000, 'TOOL_FAILED'],
    [3_300_000, 'TOOL_FAILED'],
    [7_400_000, 'TOOL_FAILED'],
  ]);
  expect(all('process.waiting', 1).map(({ on }) => on)).toEqual([
    'tool',
    'timer',
    'tool',
    'timer',
    'tool',
    'timer',
    'tool',
  ]);
  expect(all('tool.started', 2).map(({ atUs }) => atUs)).toEqual([7_400_000]);
  expect(results(1)).toEqual([ok([failed('TOOL_FAILED', 'busy') as Json])]);
});

test('a repeat that succeeds is a success; a tool without repeats fails at once', () => {
  const kernel = new SteppedKernel({
    agents: [agent(tool('flaky'))],
    kernel: { tools: [spec('flaky', { retries: 2 })] },
  });
  const [first] = kernel.spawn(0, 1);
  const { request, identity } = first as Extract<Request, { type: 'tool.start' }>;
  kernel.step(S, { type: 'tool.ended', request, ok: false, value: 'busy' });
  const { timer } = kernel.requests.find(({ type }) => type === 'timer.set') as Extract<
    Request,
    { type: 'timer.set' }
  >;
  // The same identity: it is the idempotency key.
  expect(kernel.step(2 * S, { type: 'timer.fired', timer })).toMatchObject([
    { type: 'tool.start', request, identity },
  ]);
  kernel.step(3 * S, { type: 'tool.ended', request, ok: true, value: 'fine' });
  expect(kernel.records.find((record) => record.type === 'history')).toMatchObject({
    result: ok([ok('fine')]),
  });
});

test('an end of a call that is over changes nothing', () => {
  const kernel = new SteppedKernel({
    agents: [{ body: [callTools(tool('a')), sleep(S)] }],
    kernel: { tools: [spec('a')] },
  });
  const [first] = kernel.spawn(0, 1);
  const { request } = first as Extract<Request, { type: 'tool.start' }>;
  const end = { type: 'tool.ended', request, ok: true, value: 1 } as const;
  kernel.step(S, end);
  const count = kernel.events.length;
  kernel.step(S, { ...end, value: 2 });
  kernel.step(S, { ...end, request: 99 as RequestId });
  expect(kernel.events.length).toBe(count);
});

// ---- Approval ----------------------------------------------------------------------------------------------------------

function approval(decision: 'approve' | 'edit' | 'deny', value: Json = null) {
  const kernel = new SteppedKernel({
    agents: [{ body: [callTools(tool('mail', { to: 'ann' })), sleep(S)] }],
    kernel: {
      tools: [
        spec('mail', {
          approval: true,
          parameters: { type: 'object', properties: { to: { type: 'string' } } },
        }),
      ],
    },
  });
  const asked = kernel.spawn(0, 1);
  expect(asked).toMatchObject([
    { type: 'person.ask', purpose: 'approve', question: { tool: 'mail', arguments: { to: 'ann' } } },
  ]);
  expect(kernel.process(1).waitingOn).toBe('person');
  const { request } = asked[0] as Extract<Request, { type: 'person.ask' }>;
  const requests = kernel.step(S, { type: 'person.answered', request, decision, value });
  const history = kernel.records.find((record) => record.type === 'history');
  return { requests, result: history?.type === 'history' ? history.result : undefined };
}

test('approval: approved, the call starts as it was asked', () => {
  expect(approval('approve').requests).toMatchObject([{ type: 'tool.start', arguments: { to: 'ann' } }]);
});

test('approval: edited, it starts with the arguments of the person, which are checked', () => {
  expect(approval('edit', { to: 'bob' }).requests).toMatchObject([
    { type: 'tool.start', arguments: { to: 'bob' } },
  ]);
  const { requests, result } = approval('edit', { to: 7 });
  expect(requests).toEqual([]);
  expect(result).toEqual(ok([failed('TOOL_ARGUMENTS', 'to: 7') as Json]));
});

test('approval: denied, it never starts, and the program is told why', () => {
  const { requests, result } = approval('deny', 'not today');
  expect(requests).toEqual([]);
  expect(result).toEqual(ok([failed('TOOL_DENIED', 'not today') as Json]));
});

test('approval: while one call of a batch waits for a person, the others run', () => {
  const { all } = runAgents({
    agents: [agent(tool('mail'), tool('a'))],
    kernel: { tools: [spec('mail', { approval: true }), spec('a')] },
  });
  expect(all('tool.started')[0]).toMatchObject({ tool: 'a', atUs: 0 });
  expect(all('process.waiting').map(({ on }) => on)).toEqual(['tool', 'person', 'tool']);
});

test('while suspended, what a batch waits for may change: the reason is told when the process goes on', () => {
  const { all } = runAgents({
    agents: [
      { ...agent(access({ writes: ['x'] }, { durationUs: 20 * S, result: 1 })), atUs: S },
      agent(access({ writes: ['x'] }, { durationUs: 5 * S })),
    ],
    kernel: { tools: [{ ...files, timeoutUs: 60 * S }] },
    signals: [
      [2 * S, 2, 'stop'],
      [10 * S, 2, 'continue'],
    ],
  });
  // It got its lock at 5 s, while it was suspended.
  expect(all('process.waiting', 2).map(({ atUs, on }) => [atUs / S, on])).toEqual([
    [1, 'lock'],
    [10, 'tool'],
  ]);
  expect(all('tool.started', 2).map(({ atUs }) => atUs / S)).toEqual([10]);
});

test('a stopped process starts no tool: not when a lock, a slot, its retry or a person says that it may', () => {
  const write = (durationUs: number) => access({ writes: ['x'] }, { durationUs, result: 1 });
  const { all, end } = runAgents({
    agents: [
      agent(write(3 * S), write(3 * S), tool('one', {}, { durationUs: 2 * S }), tool('one'), tool('mail')),
    ],
    kernel: {
      tools: [
        { ...files, timeoutUs: 60 * S },
        spec('one', { concurrency: 1, effects: () => ({ reads: [], writes: [] }) }),
        spec('mail', { approval: true }),
      ],
    },
    signals: [
      [S, 1, 'stop'],
      [4_000 * S, 1, 'continue'],
    ],
  });
  expect(all('person.answered')[0]!.atUs).toBeLessThan(4_000 * S);
  expect(all('tool.started').map(({ atUs, index }) => [atUs / S, index])).toEqual([
    [0, 0],
    [0, 2],
    [4_000, 1],
    [4_000, 3],
    [4_000, 4],
  ]);
  expect(end(1).outcome).toBe('completed');
});

test('a stopped process keeps no lock from others, and is killed without having run', () => {
  const { all, kernel } = runAgents({
    agents: [
      agent(access({ writes: ['x'] }, { durationUs: 5 * S, result: 1 })),
      { ...agent(access({ writes: ['x'] }, { durationUs: S, result: 1 })), atUs: S },
      { ...agent(access({ writes: ['x'] }, { durationUs: S, result: 1 })), atUs: 2 * S },
    ],
    kernel: { tools: [{ ...files, timeoutUs: 60 * S }] },
    signals: [
      [3 * S, 2, 'stop'],
      [10 * S, 2, 'kill'],
    ],
  });
  expect(all('tool.started').map(({ atUs, pid }) => [atUs / S, pid])).toEqual([
    [0, 1],
    [5, 3],
  ]);
  expect(kernel.alive).toBe(0);
});

test('a result that is larger than memory: a line that says so joins the prompt, and the program has it all the same', () => {
  const { results, end } = runAgents({
    agents: [
      {
        body: [
          allocate(10),
          { kind: 'callTools', calls: [tool('a', {}, { result: 'x'.repeat(4_000) })] },
          { kind: 'think', maxOutput: 10, script: { tokensOut: 1 } },
        ],
      },
    ],
    kernel: { tools: [spec('a')], engines: [{ memoryTokens: 500 }] },
  });
  expect(results(1)[1]).toEqual(ok([ok('x'.repeat(4_000))]));
  const line = '[a result of 1000 tokens, larger than the context memory of 500]';
  expect(results(1)[2]).toMatchObject({ ok: true, value: { tokensIn: 10 + Math.ceil(line.length / 4) } });
  expect(end(1).outcome).toBe('completed');
});

test('effects that cannot be told are a failed call, not the end of the agent', () => {
  const effects = (): never => {
    throw new Error('no such table');
  };
  const { results, end, all } = runAgents({
    agents: [{ body: [callTools(tool('a'), tool('b'))] }],
    kernel: { tools: [{ ...spec('a'), effects }, spec('b')] },
  });
  expect(results(1)[0]).toMatchObject({
    ok: true,
    value: [failed('TOOL_FAILED', 'effects of tool a failed: no such table'), { ok: true }],
  });
  expect(all('tool.refused')).toMatchObject([{ tool: 'a', code: 'TOOL_FAILED' }]);
  expect(end(1).outcome).toBe('completed');
});
