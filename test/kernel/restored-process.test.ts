/** What a process sees that was restored: its time, chance, prompt and budgets as they were; and what it is when its program has changed. */
import { expect, test } from 'vitest';

import type { BudgetWindow } from '../../src/kernel/budget-limits.ts';
import type { Json, Pid } from '../../src/kernel/ids.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import { recoveryInput } from '../../src/kernel/recovery.ts';
import type { Program, ProgramBody } from '../../src/kernel/syscalls.ts';
import { checkedSimulation, kernelOf, runAgents, type AgentRun } from '../support/run-agents.ts';
import {
  allocate,
  burst,
  callTools,
  failed,
  HOUR,
  ok,
  onPage,
  SECOND,
  send,
  sleep,
  spawn,
  think,
  tool,
  waitFor,
} from '../support/syscalls.ts';

import { live } from '../support/lives.ts';

const S = SECOND;

test('time and chance are what they were, as long as the history lasts', () => {
  const clock: ProgramBody = function* (sys, state) {
    const seen: Json[] = [...((state as Json[] | undefined) ?? [])];
    if (state === undefined) {
      seen.push(sys.now, sys.random.next());
      yield sleep(2 * S);
      seen.push(sys.now, sys.random.next());
      yield { kind: 'checkpoint', state: seen };
    }
    seen.push(sys.now, sys.random.next());
    yield sleep(3 * S);
    seen.push(sys.now, sys.random.next());
    yield burst(60 * S);
    return seen;
  };
  const withoutCheckpoint: ProgramBody = function* (sys) {
    const seen: Json[] = [sys.now, sys.random.next()];
    yield sleep(2 * S);
    seen.push(sys.now, sys.random.next());
    yield burst(60 * S);
    return seen;
  };
  for (const [body, steps] of [
    [clock, 4],
    [withoutCheckpoint, 2],
  ] as const) {
    const setup: AgentRun = { agents: [{ atUs: S, body }] };
    const whole = new MemoryStore();
    live(setup, whole);
    // In the burst, everything before it is history.
    const store = new MemoryStore();
    const first = live(setup, store, { steps });
    expect(first.kernel.snapshot().processes[0]).toMatchObject({ state: 'running' });
    live(setup, store, { fromUs: first.nowUs + 100 * S });
    expect(store.processes('run-1')[0]!.end!.value).toEqual(whole.processes('run-1')[0]!.end!.value);
  }
});

test('the prompt is what it was: the same pages, importance and pins, cold', () => {
  const store = new MemoryStore();
  const setup: AgentRun = {
    agents: [
      {
        body: function* (_, state) {
          if (state === undefined) {
            yield allocate(200, { text: 'system', pinned: true, importance: 1 });
            yield { kind: 'allocate', tokens: 10, blocks: { space: 's', first: 5, count: 20 } };
            yield allocate(70);
            yield { kind: 'checkpoint', state: 1 };
          }
          yield allocate(30, { text: 'tail' });
          yield think(10, { keepAnswer: true, script: { tokensOut: 10, text: 'answer' } });
          yield sleep(S);
          yield think(10);
        },
      },
    ],
  };
  // The first call has ended: it sleeps.
  const first = live(setup, store, { steps: 3 });
  expect(first.kernel.snapshot().processes[0]).toMatchObject({
    promptTokens: 510,
    waitingOn: 'timer',
    pages: 24,
  });
  const second = live(setup, store, { steps: 1, fromUs: first.nowUs });
  expect(second.kernel.snapshot().processes[0]).toMatchObject({
    promptTokens: 510,
    waitingOn: 'timer',
    pages: 24,
    residentTokens: 0,
  });
  const third = live(setup, store, { fromUs: first.nowUs });
  expect(third.events.find(({ type }) => type === 'process.dispatched')).toMatchObject({
    newTokens: 510,
    cachedTokens: 0,
  });
});

test('pages are named as before, though the memory numbers them anew', () => {
  const pins: ProgramBody = function* () {
    const page = (yield allocate(40)) as { value: number };
    yield onPage('pin', page.value);
    yield sleep(5 * S);
    const results: Json[] = [
      (yield onPage('unpin', page.value)) as never,
      (yield onPage('free', page.value)) as never,
    ];
    return results;
  };
  // Agent 1 takes the first page number in the first life, and is gone in the second.
  const setup: AgentRun = { agents: [{ body: [allocate(10), sleep(S)] }, { body: pins }] };
  const store = new MemoryStore();
  const first = live(setup, store, { steps: 3 });
  expect(first.nowUs).toBe(S);
  live(setup, store, { fromUs: first.nowUs });
  expect(store.processes('run-2')[0]!.end).toMatchObject({ outcome: 'completed', value: [ok(), ok()] });
});

test('page numbers in a saved state are good after a restore, and new pages get new ones', () => {
  const worker: ProgramBody = function* (_, saved): ReturnType<ProgramBody> {
    let page = saved as number | undefined;
    if (page === undefined) {
      yield allocate(30);
      const dropped = (yield allocate(20)) as { value: number };
      page = ((yield allocate(40)) as { value: number }).value;
      yield onPage('drop', dropped.value);
      yield { kind: 'checkpoint', state: page };
    }
    const pinned = yield onPage('pin', page);
    yield sleep(5 * S);
    const next = (yield allocate(10)) as { value: number };
    return [page, pinned.ok, (yield onPage('unpin', page)).ok, next.value];
  };
  // Agent 1 has pages of its own in the first life, and is gone in the second.
  const setup: AgentRun = { agents: [{ body: [allocate(10), sleep(S)] }, { body: worker }] };
  const store = new MemoryStore();
  const first = live(setup, store, { steps: 4 });
  expect(first.nowUs).toBe(S);
  live(setup, store, { fromUs: first.nowUs });
  expect(store.processes('run-2')[0]!.end).toMatchObject({ outcome: 'completed', value: [3, true, true, 4] });
});

// ---- Divergence ----------------------------------------------------------------------------------------------------------

/** Agent 1 is this program when it starts, and that one after the crash. */
function changedProgram(before: ProgramBody, after: ProgramBody, version = 1) {
  const store = new MemoryStore();
  const setup: AgentRun = { agents: [{ body: before }] };
  const first = live(setup, store, { steps: 3 });
  const program: Program = { name: 'agent-1', version, body: after };
  const simulation = checkedSimulation({ ...kernelOf(setup), programs: [program] }, { store });
  const input = recoveryInput(store, 'run-1')!;
  simulation.send(first.nowUs, input);
  return { simulation, store };
}

const before: ProgramBody = function* () {
  yield sleep(S);
  yield sleep(2 * S);
  yield sleep(3 * S);
  return 'end';
};

test.each<readonly [string, ProgramBody, string]>([
  [
    'another kind',
    function* () {
      yield sleep(S);
      yield burst(S);
    },
    'syscall 2 is think, its history holds sleep',
  ],
  [
    'other arguments',
    function* () {
      yield sleep(S);
      yield sleep(9 * S);
    },
    'syscall 2 is sleep, its history holds sleep with other arguments',
  ],
])('a changed program that yields %s fails: PROGRAM_DIVERGED', (_, after, words) => {
  const { simulation, store } = changedProgram(before, after);
  simulation.run();
  expect(store.processes('run-1')[0]!.end).toMatchObject({ outcome: 'failed', value: words });
});

test('a changed program that ends before its history does fails: PROGRAM_DIVERGED', () => {
  const { simulation, store } = changedProgram(before, function* () {
    yield sleep(S);
    return 'too early';
  });
  simulation.run();
  expect(store.processes('run-1')[0]!.end).toMatchObject({
    outcome: 'failed',
    value: expect.stringContaining('its history holds sleep') as string,
  });
});

test('another version of the program restores nothing, and nothing has changed', () => {
  const { simulation } = changedProgram(before, before, 2);
  expect(() => simulation.run()).toThrow('"agent-1" version 1 is not registered');
  expect(simulation.kernel.snapshot().processes).toEqual([]);
});

const tools = [{ name: 'read', description: 'read', parameters: { type: 'object' } }];

test('a script is no argument: a call may be scripted anew', () => {
  const scripted = (text: string): ProgramBody =>
    function* () {
      yield think(10, { script: { tokensOut: 10, text } });
      yield callTools(tool('read', {}, { result: text }));
      yield sleep(S);
    };
  const setup: AgentRun = { agents: [{ body: scripted('a') }], kernel: { tools } };
  const store = new MemoryStore();
  const first = live(setup, store, { steps: 3 });
  live({ ...setup, agents: [{ body: scripted('b') }] }, store, { fromUs: first.nowUs });
  expect(store.processes('run-1')[0]!.end!.outcome).toBe('completed');
});

// ---- Budgets -------------------------------------------------------------------------------------------------------------

test('what was used stays used, and a call without a known end settles in full', () => {
  const limit = { resource: 'tokens', amount: 100, window: { kind: 'fixed', lengthUs: HOUR } } as const;
  const setup: AgentRun = {
    agents: [
      {
        budget: 'team',
        body: [
          burst(S, { maxOutput: 30, script: { tokensOut: 10, durationUs: S } }),
          burst(10 * S, { maxOutput: 50, script: { tokensOut: 20, durationUs: 10 * S } }),
        ],
      },
    ],
    kernel: { budgets: [{ name: 'team', limits: [limit] }] },
  };
  const store = new MemoryStore();
  const first = live(setup, store, { steps: 2 });
  expect(first.kernel.snapshot().budgets[0]!.limits).toMatchObject([{ used: 10, reserved: 50 }]);
  const second = live(setup, store, { steps: 1, fromUs: 5 * S });
  // 10 used, 50 for the call that nobody knows the end of: 50 more don't fit into this hour.
  expect(second.kernel.snapshot().budgets[0]!.limits).toMatchObject([{ used: 60, reserved: 0 }]);
  expect(second.kernel.snapshot().processes[0]).toMatchObject({ waitingOn: 'budget' });
  const third = live(setup, store, { fromUs: 6 * S });
  expect(third.events.find(({ type }) => type === 'process.dispatched')?.atUs).toBe(HOUR);
});

test('a ledger with overruns, late settlements and several stretches of a call adds up to the same', () => {
  const limits = [
    { resource: 'tokens', amount: 1_000, window: { kind: 'fixed', lengthUs: 60 * S } },
    { resource: 'tokens', amount: 1_500, window: { kind: 'sliding', lengthUs: 100 * S } },
    { resource: 'calls', amount: 500, window: { kind: 'total' } },
  ] as const;
  const body = Array.from({ length: 8 }, (_, index) =>
    burst(7 * S, { maxOutput: 100 + 20 * index, script: { tokensOut: 90 + 25 * index, durationUs: 7 * S } }),
  );
  const setup: AgentRun = {
    agents: [
      { budget: 'a', body, priority: 50 },
      { budget: 'b', body, priority: 30, atUs: 3 * S },
    ],
    kernel: {
      budgets: [
        { name: 'org', limits },
        { name: 'a', parent: 'org', limits: [limits[0]] },
        { name: 'b', parent: 'org' },
      ],
      engines: [{ preemption: 'continue' }],
    },
  };
  const store = new MemoryStore();
  const { kernel, nowUs } = live(setup, store);
  const idle = live({ agents: [...setup.agents, { body: [] }], kernel: setup.kernel! }, store, {
    fromUs: nowUs,
  });
  expect(idle.kernel.snapshot().budgets).toEqual(kernel.snapshot().budgets);
});

test.each<BudgetWindow>([
  { kind: 'fixed', lengthUs: HOUR },
  { kind: 'sliding', lengthUs: HOUR },
  { kind: 'total' },
])('a limit ($kind) that was lowered between two lives forgets nothing', (window) => {
  const setup = (amount: number): AgentRun => ({
    agents: [
      {
        budget: 'team',
        // In the hour before the last one it used more than is allowed now, too: that was paid then.
        body: [100, 90, 80].flatMap((tokens) => [think(tokens), sleep(2 * HOUR)]),
      },
    ],
    kernel: { budgets: [{ name: 'team', limits: [{ resource: 'tokens', amount, window }] }] },
  });
  const store = new MemoryStore();
  const first = live(setup(1_000), store, { steps: 6 });
  expect(first.nowUs).toBeGreaterThan(4 * HOUR);
  const inWindow = window.kind === 'total' ? 270 : 80;
  expect(first.kernel.snapshot().budgets[0]!.limits).toMatchObject([{ used: inWindow }]);
  const second = live(setup(50), store, { steps: 1, fromUs: first.nowUs });
  expect(second.kernel.snapshot().budgets[0]!.limits).toMatchObject([
    { used: inWindow, reserved: 0, limit: 50 },
  ]);
});

test('an ended process is not restored, and a run that has ended gives nothing to restore', () => {
  const ran = runAgents({
    agents: [{ body: [spawn('child'), sleep(5 * S)] }],
    programs: { child: [sleep(S)] },
    untilUs: 2 * S,
  });
  expect(recoveryInput(ran.store, 'run-1')!.processes.map(({ started }) => started.pid)).toEqual([1]);
  const ended = runAgents({ agents: [{ body: [sleep(S)] }] });
  expect(recoveryInput(ended.store, 'run-1')).toBeUndefined();
});

test('a restored process may send, spawn and be signalled like any other', () => {
  const setup: AgentRun = {
    agents: [
      {
        body: function* () {
          yield sleep(S);
          const child = (yield spawn('child')) as { value: number };
          yield sleep(S);
          return [
            (yield send(child.value, 'hello')) as never,
            (yield waitFor(child.value)) as never,
            (yield { kind: 'signal', pid: 99 as Pid, signal: 'kill' }) as never,
          ];
        },
      },
    ],
    programs: {
      child: function* () {
        return (yield { kind: 'receive' }) as never;
      },
    },
  };
  const store = new MemoryStore();
  const first = live(setup, store, { steps: 1 });
  live(setup, store, { fromUs: first.nowUs });
  expect(store.processes('run-1')[0]!.end!.value).toEqual([
    ok(),
    ok({ pid: 2, outcome: 'completed', value: ok({ from: 1, message: 'hello' }) }),
    failed('UNKNOWN_PROCESS'),
  ]);
});
