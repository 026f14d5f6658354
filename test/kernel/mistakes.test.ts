/**
 * The mistakes of the source systems (design, section 9) that concern the kernel, its tools and its storage: each as a test that fails on the
 * mistake. docs/decisions/mistakes.md says which tests there are for which.
 */
import { expect, test } from 'vitest';

import { builtInTools } from '../../src/agents/tools/built-in.ts';
import { defaultQuota } from '../../src/kernel/budget-limits.ts';
import { KernelError } from '../../src/kernel/errors.ts';
import type { Json } from '../../src/kernel/ids.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import { recoveryInput } from '../../src/kernel/recovery.ts';
import type { Request } from '../../src/kernel/requests.ts';
import type { ProgramBody, Syscall, SyscallResult } from '../../src/kernel/syscalls.ts';
import type { ToolSpec } from '../../src/kernel/tools.ts';
import { schedulingPolicies } from '../../src/policies/scheduling/index.ts';
import { kernelPagingPolicies } from '../support/kernel-paging.ts';
import { checkedSimulation, kernelOf, runAgents, type AgentRun } from '../support/run-agents.ts';
import { SteppedKernel } from '../support/step-kernel.ts';
import {
  allocate,
  burst,
  callTools,
  failed,
  HOUR,
  MINUTE,
  ok,
  SECOND,
  sleep,
  think,
  tool,
} from '../support/syscalls.ts';

const S = SECOND;
const quota = [{ name: 'team', limits: defaultQuota }];

for (const [name, paging] of Object.entries(kernelPagingPolicies)) {
  test(`a page larger than memory neither loops for ever nor empties memory first (${name})`, () => {
    const { results, kernel, all } = runAgents({
      agents: [
        { body: [allocate(200, { text: 'kept' }), think(10), sleep(99 * S)] },
        {
          atUs: 20 * S,
          body: [allocate(1_001), allocate(700), allocate(400), think(10), { kind: 'exit', value: null }],
        },
      ],
      kernel: { paging, engines: [{ memoryTokens: 1_000 }] },
      untilUs: 50 * S,
    });
    expect(results(2)).toEqual([
      failed('CONTEXT_TOO_LARGE', '1001'),
      ok(1),
      ok(2),
      failed('CONTEXT_TOO_LARGE', '1110'),
    ]);
    expect(all('page.evicted')).toEqual([]);
    // A policy of segments would not keep a page of more than a quarter.
    expect(kernel.snapshot().engines[0]!.residentTokens).toBe(200);
  });
}

test('system pages are not evicted: who needs their room waits', () => {
  const system = allocate(600, { text: 'You are an agent.', pinned: true, importance: 1 });
  for (const paging of Object.values(kernelPagingPolicies)) {
    const { all } = runAgents({
      agents: [
        { body: [system, think(10), sleep(MINUTE), think(10)] },
        { atUs: 5 * S, body: [allocate(450), think(10)] },
      ],
      kernel: { paging, engines: [{ memoryTokens: 1_000 }] },
    });
    expect(all('page.evicted')).toEqual([]);
    expect(all('process.dispatched', 1)[1]).toMatchObject({
      newTokens: 0,
      repeatedTokens: 0,
      cachedTokens: 600,
    });
    expect(all('process.dispatched', 2)[0]!.atUs).toBeGreaterThan(MINUTE);
  }
});

test('a terminated agent does not run again, and does not keep its pages', () => {
  const { all, kernel, end } = runAgents({
    agents: [
      { body: [allocate(300), burst(10 * S), burst(10 * S)] },
      { body: [allocate(300), burst(30 * S)] },
    ],
    kernel: { engines: [{ cores: 2 }] },
    signals: [
      [4 * S, 1, 'terminate'],
      [5 * S, 1, 'continue'],
      [6 * S, 1, 'kill'],
    ],
    untilUs: 20 * S,
  });
  const { seq } = end(1);
  expect(all('process.dispatched', 1).filter((event) => event.seq > seq)).toEqual([]);
  expect(all('process.ready', 1).filter((event) => event.seq > seq)).toEqual([]);
  expect(kernel.snapshot().processes[0]).toMatchObject({ state: 'terminated', pages: 0, promptTokens: 0 });
  expect(kernel.snapshot().engines[0]!.residentTokens).toBe(300);
});

/** They draw, or put newcomers further back the fewer there are. */
const inOtherOrder = ['lottery', 'random', 'cfs'];

for (const [name, scheduling] of Object.entries(schedulingPolicies)) {
  test(`equal priorities do not crash the queue: they run in the order in which they became ready (${name})`, () => {
    const { all } = runAgents({
      agents: Array.from({ length: 200 }, () => ({ body: [burst(1_000)] })),
      kernel: { scheduling },
    });
    const order = all('process.dispatched').map(({ pid }) => pid);
    expect(inOtherOrder.includes(name) ? order.toSorted((a, b) => a - b) : order).toEqual(
      Array.from({ length: 200 }, (_, index) => index + 1),
    );
  });
}

test('an agent out of quota does not spin, and does not block the others', () => {
  const { all, events, kernel } = runAgents({
    agents: [
      {
        budget: 'team',
        priority: 0,
        body: [
          think(90_000, { script: { tokensOut: 90_000, durationUs: S } }),
          think(90_000, { script: { tokensOut: 90_000, durationUs: S } }),
        ],
      },
      { atUs: 2 * S, budget: 'other', priority: 90, body: [burst(S), burst(S)] },
    ],
    kernel: { budgets: [...quota, { name: 'other', limits: defaultQuota }] },
  });
  expect(all('process.dispatched', 2).map(({ atUs }) => atUs)).toEqual([2 * S, 3 * S]);
  expect(all('process.dispatched', 1).map(({ atUs }) => atUs)).toEqual([0, HOUR]);
  // It waits, and nothing at all happens to it meanwhile.
  expect(
    events.filter((event) => 'pid' in event && event.pid === 1 && event.atUs > S && event.atUs < HOUR),
  ).toEqual([]);
  expect(kernel.alive).toBe(0);
});

test('what an agent used in all its life is not compared with an hourly quota', () => {
  const hourly = (): Syscall[] => [
    think(70_000, { script: { tokensOut: 70_000, durationUs: S } }),
    sleep(HOUR),
  ];
  const { all, kernel } = runAgents({
    agents: [{ budget: 'team', body: [...hourly(), ...hourly(), ...hourly(), ...hourly()] }],
    kernel: { budgets: quota },
  });
  // 280,000 tokens in all, 70,000 in each hour: it never waits for budget.
  expect(all('process.waiting').filter(({ on }) => on === 'budget')).toEqual([]);
  expect(kernel.snapshot().processes[0]!.usage.tokensOut).toBe(280_000);
});

test('a negative request does not raise the quota', () => {
  const { results, kernel } = runAgents({
    agents: [
      {
        budget: 'team',
        body: [
          think(-50_000),
          think(10, { promptTokens: -50_000 }),
          allocate(-50_000),
          think(100_000, { script: { tokensOut: 1, durationUs: S } }),
          think(100_000),
        ],
      },
    ],
    kernel: { budgets: quota, engines: [{ memoryTokens: 1_000_000 }] },
    untilUs: MINUTE,
  });
  expect(results(1).map((result) => (result.ok ? 'ok' : result.code))).toEqual([
    'INVALID_ARGUMENT',
    'INVALID_ARGUMENT',
    'INVALID_ARGUMENT',
    'ok',
  ]);
  expect(kernel.snapshot().budgets[0]!.limits).toMatchObject([{ used: 1, limit: 100_000 }, { used: 1 }]);
  expect(kernel.snapshot().processes[0]).toMatchObject({ waitingOn: 'budget' });
});

test.each([
  'process.exit(1)',
  'globalThis.leak = 1',
  'constructor.constructor("return 1")()',
  '(() => 7)()',
  '1; 2',
  'import("node:fs")',
])('the calculator is not eval: %s', (expression) => {
  const { results } = runAgents({
    agents: [{ body: [{ kind: 'callTools', calls: [{ tool: 'calculator', arguments: { expression } }] }] }],
    kernel: { tools: builtInTools.map(({ spec }) => spec) },
    tools: builtInTools,
  });
  expect(results(1)).toEqual([ok([failed('TOOL_FAILED', 'expression') as Json])]);
  expect((globalThis as { leak?: unknown }).leak).toBeUndefined();
});

const flaky: ToolSpec = {
  name: 'flaky',
  description: 'fails',
  parameters: { type: 'object' },
  effects: () => ({ reads: [], writes: [] }),
};

test('a tool error does not count as success', () => {
  const { results, all, store } = runAgents({
    agents: [
      {
        body: [
          callTools(
            tool('flaky', {}, { failed: true, result: 'Error: no route' }),
            tool('flaky', {}, { result: 'Error: is only a word here' }),
          ),
        ],
      },
    ],
    kernel: { tools: [flaky] },
  });
  expect(results(1)).toEqual([
    ok([failed('TOOL_FAILED', 'no route') as Json, ok('Error: is only a word here')]),
  ]);
  expect(all('tool.ended').map((event) => event.ok)).toEqual([false, true]);
  expect(store.audit('run-1').map(({ record }) => record.output)[0]).toBe('error/TOOL_FAILED');
});

test('one failed tool does not kill the run', () => {
  const bad: ToolSpec[] = [
    flaky,
    { ...flaky, name: 'slow', timeoutUs: S },
    { ...flaky, name: 'asks', approval: true },
  ];
  const { end, results } = runAgents({
    agents: [
      {
        body: [
          callTools(
            tool('flaky', {}, { failed: true }),
            tool('slow', {}, { durationUs: HOUR }),
            tool('nobody'),
          ),
          think(10),
        ],
      },
    ],
    kernel: { tools: bad },
  });
  expect(results(1)[0]).toEqual(
    ok([failed('TOOL_FAILED') as Json, failed('TOOL_TIMEOUT') as Json, failed('UNKNOWN_TOOL') as Json]),
  );
  expect(end(1).outcome).toBe('completed');
});

test('cancelled is cancelled: not failed, not completed, not out of iterations', () => {
  for (const body of [
    [burst(9 * S)],
    [sleep(9 * S)],
    [callTools(tool('flaky', {}, { durationUs: 9 * S }))],
  ]) {
    const { end, store } = runAgents({
      agents: [{ body: [...body, ...body] }],
      kernel: { tools: [flaky] },
      signals: [[5 * S, 1, 'terminate']],
    });
    expect(end(1)).toMatchObject({ outcome: 'cancelled', code: '' });
    expect(store.processes('run-1')[0]!.end).toMatchObject({ outcome: 'cancelled', value: null });
  }
});

const counting: ProgramBody = function* (sys, state) {
  let count = (state as number | undefined) ?? 0;
  for (; count < 3; count++) {
    yield { kind: 'checkpoint', state: count + 1 };
    yield sleep(S);
  }
  return [sys.args, count];
};

test('runs do not restore each other’s checkpoints, and a run without an id does not start', () => {
  const setup: AgentRun = {
    agents: [
      { body: counting, args: 'ann', name: 'same name' },
      { atUs: 1_500_000, body: counting, args: 'bob', name: 'same name' },
    ],
  };
  const { store } = runAgents({ ...setup, untilUs: 1_700_000 });
  const saved = ['run-1', 'run-2'].map((run) => recoveryInput(store, run)!.processes[0]!.checkpoint!.state);
  expect(saved).toEqual([2, 1]);
  const simulation = checkedSimulation(kernelOf(setup), { store });
  for (const run of ['run-1', 'run-2']) simulation.send(2 * S, recoveryInput(store, run)!);
  simulation.run();
  expect(['run-1', 'run-2'].map((run) => store.processes(run)[0]!.end!.value)).toEqual([
    ['ann', 3],
    ['bob', 3],
  ]);
  const kernel = new SteppedKernel({ agents: [{ body: counting, run: '' }] });
  expect(() => kernel.spawn(0, 1)).toThrow(KernelError);
  expect(() => store.history('')).toThrow(KernelError);
});

test('a run that waits for a confirmation is waiting, not completed', () => {
  const mail: ToolSpec = { ...flaky, name: 'mail', approval: true };
  const waits = new SteppedKernel({
    agents: [
      { body: [{ kind: 'ask', question: 'Really?', purpose: 'approve' }] },
      { body: [callTools(tool('mail'))] },
    ],
    kernel: { tools: [mail] },
  });
  waits.spawn(0, 1);
  waits.spawn(0, 2);
  for (const pid of [1, 2])
    expect(waits.process(pid)).toMatchObject({ state: 'waiting', waitingOn: 'person', outcome: '' });
  expect(waits.records.filter(({ type }) => type === 'process.ended')).toEqual([]);
  expect(waits.kernel.alive).toBe(2);
  waits.step(HOUR, { type: 'person.answered', request: 1 as never, decision: 'deny', value: null });
  expect(waits.process(1).outcome).toBe('completed');
});

test.each<readonly [string, readonly string[], readonly string[], readonly string[], readonly string[]]>([
  ['write after write', [], ['x'], [], ['x']],
  ['write after read', ['x'], [], [], ['x']],
  ['read after write', [], ['x'], ['x'], []],
])('%s conflicts do not run in parallel', (_, reads1, writes1, reads2, writes2) => {
  const spec = (name: string, reads: readonly string[], writes: readonly string[]): ToolSpec => ({
    ...flaky,
    name,
    effects: () => ({ reads, writes }),
  });
  const { all } = runAgents({
    agents: [
      { body: [callTools(tool('one'), tool('two'))] },
      { body: [callTools(tool('two'), tool('one'))] },
    ],
    kernel: { tools: [spec('one', reads1, writes1), spec('two', reads2, writes2)] },
  });
  const spans = all('tool.started').map(
    ({ request, tool: name, atUs }) =>
      [name, atUs, all('tool.settled').find((event) => event.request === request)!.atUs] as const,
  );
  for (const [name, fromUs] of spans)
    for (const [other, otherFromUs, otherToUs] of spans)
      if (name !== other) expect(fromUs < otherFromUs || fromUs >= otherToUs).toBe(true);
  expect(spans).toHaveLength(4);
});

test('a tool call without its arguments does not run: they are checked before the call', () => {
  const remove: ToolSpec = {
    ...flaky,
    name: 'remove',
    parameters: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
  };
  const { results, all } = runAgents({
    agents: [{ body: [callTools(tool('remove', {}), tool('remove', null), tool('remove', '{"path":'))] }],
    kernel: { tools: [remove] },
  });
  expect(results(1)).toEqual([ok([0, 1, 2].map(() => failed('TOOL_ARGUMENTS') as Json))]);
  expect(all('tool.started')).toEqual([]);
});

test('a process ends once, in the kernel and in storage', () => {
  const kernel = new SteppedKernel({ agents: [{ body: [burst(S)] }] });
  kernel.spawn(0, 1);
  kernel.signal(1, 1, 'terminate');
  kernel.signal(2, 1, 'kill');
  kernel.endCall(3, 1, { reason: 'completed' });
  for (const signal of ['stop', 'continue', 'terminate', 'kill'] as const) kernel.signal(4, 1, signal);
  const ends = kernel.records.filter((record) => record.type === 'process.ended');
  expect(ends).toHaveLength(1);
  // Two workers that both ran it: the first end stands.
  const store = new MemoryStore();
  store.append(kernel.records);
  expect(() => store.append([{ ...ends[0]!, outcome: 'completed' }])).toThrow(KernelError);
  expect(store.processes('run-1')[0]!.end).toMatchObject({ outcome: 'killed' });
});

test('a restored process has its engine, its tools, its limits and its priority', () => {
  const setup: AgentRun = {
    agents: [
      {
        engine: 'b',
        budget: 'team',
        priority: 17,
        name: 'ann',
        args: [1],
        capabilities: { tools: ['flaky'], spawn: false },
        body: [sleep(S), callTools(tool('other')), sleep(MINUTE)],
      },
      { body: [sleep(MINUTE)] },
    ],
    kernel: {
      engines: [{ name: 'a' }, { name: 'b' }],
      budgets: [{ name: 'org' }, { name: 'team', parent: 'org', limits: defaultQuota }],
      tools: [flaky, { ...flaky, name: 'other' }],
    },
  };
  const { store, kernel } = runAgents({ ...setup, untilUs: 500 });
  const before = kernel.snapshot().processes[0]!;
  const simulation = checkedSimulation(kernelOf(setup), { store });
  simulation.send(S, recoveryInput(store, 'run-1')!);
  simulation.run(2 * S);
  const { engine, budget, priority, name, parent } = simulation.kernel.snapshot().processes[0]!;
  expect({ engine, budget, priority, name, parent }).toEqual({
    engine: before.engine,
    budget: 'team',
    priority: 17,
    name: 'ann',
    parent: 0,
  });
  expect(engine).toBe(1);
  expect(store.history('run-1')[1]!.result).toEqual(ok([failed('NOT_PERMITTED') as Json]));
  // Where one of them does not exist any more, it does not go on without.
  for (const changed of [{ engines: [{ name: 'a' }] }, { budgets: [{ name: 'org' }] }]) {
    const other = checkedSimulation({ ...kernelOf(setup), ...changed }, { store });
    other.send(3 * S, recoveryInput(store, 'run-1')!);
    expect(() => other.run()).toThrow(KernelError);
    expect(other.kernel.snapshot().processes).toEqual([]);
  }
});

test('a failed call does not pollute the conversation', () => {
  const kernel = new SteppedKernel({
    agents: [{ body: [allocate(50), think(40, { keepAnswer: true }), think(40)] }],
  });
  kernel.spawn(0, 1);
  kernel.endCall(S, 1, { reason: 'failed', tokensOut: 30, text: 'half an ans', message: 'connection reset' });
  expect(kernel.process(1)).toMatchObject({ pages: 1, promptTokens: 50 });
});

test('a checkpoint failure is not swallowed', () => {
  const body: ProgramBody = function* () {
    const saved = (yield { kind: 'checkpoint', state: 1 }) as SyscallResult<null>;
    if (!saved.ok) throw new Error(`not saved: ${saved.message}`);
  };
  const kernel = new SteppedKernel({ agents: [{ body }] });
  const [asked] = kernel.spawn(0, 1);
  const { request } = asked as Extract<Request, { type: 'storage.request' }>;
  expect(kernel.process(1)).toMatchObject({ state: 'waiting', waitingOn: 'storage' });
  kernel.step(1, { type: 'storage.done', request, ok: false, value: 'disk full' });
  expect(kernel.process(1).outcome).toBe('failed');
  // In virtual time a record that storage refuses stops the run: nothing goes on as if it were saved.
  const store = new MemoryStore();
  const refusing = Object.assign(Object.create(store) as MemoryStore, {
    append: () => {
      throw new KernelError('STORAGE_FAILED', 'disk full');
    },
  });
  const simulation = checkedSimulation(kernelOf({ agents: [{ body }] }), { store: refusing });
  simulation.spawn(0, { program: 'agent-1', name: 'a', run: 'r', arguments: null });
  expect(() => simulation.run()).toThrow('disk full');
});
