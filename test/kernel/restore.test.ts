/** A crash at any moment, and what is rebuilt from storage: histories, checkpoints, the budget ledger, the audit log. */
import { expect, test } from 'vitest';

import type { Json, Pid } from '../../src/kernel/ids.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import { recoveryInput } from '../../src/kernel/recovery.ts';
import type { Program, ProgramBody, SyscallResult } from '../../src/kernel/syscalls.ts';
import type { KernelEvent } from '../../src/kernel/events.ts';
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

const S = SECOND;

interface Life {
  readonly events: KernelEvent[];
  readonly kernel: Kernel;
  readonly nowUs: number;
  /** How many inputs the kernel took. */
  readonly steps: number;
}

/** Runs the agents from their start, or from what `store` holds, for at most `steps` inputs. */
function live(
  setup: AgentRun,
  store: MemoryStore,
  { steps = Infinity, fromUs = 0 }: { steps?: number; fromUs?: number } = {},
): Life {
  const events: KernelEvent[] = [];
  const isSecond = store.runs().length > 0;
  const kernel = { ...kernelOf(setup), ledger: store.ledger() };
  const counted = { inputs: 0 };
  const simulation = checkedSimulation(kernel, {
    store,
    onEvent: (event) => void events.push(event),
    onInput: () => void counted.inputs++,
  });
  for (const [index, { body: _, atUs, args, ...fields }] of setup.agents.entries()) {
    const run = `run-${index + 1}`;
    const name = `agent-${index + 1}`;
    if (!isSecond)
      simulation.spawn(atUs ?? 0, { name, run, ...fields, program: name, arguments: args ?? null });
    // Those that arrive after the crash arrive in the second life.
    else if (store.processes(run).length === 0)
      simulation.spawn(Math.max(fromUs, atUs ?? 0), {
        name,
        run,
        ...fields,
        program: name,
        arguments: args ?? null,
      });
    else {
      const input = recoveryInput(store, run);
      if (input !== undefined) simulation.send(fromUs, input);
    }
  }
  for (let isMore = true; isMore && counted.inputs < steps;) isMore = simulation.stepOnce();
  if (steps === Infinity) simulation.checkers.finish();
  return { events, kernel: simulation.kernel, nowUs: simulation.nowUs, steps: counted.inputs };
}

function valuesOf(store: MemoryStore): Record<string, Json> {
  const ends = store
    .runs()
    .flatMap(({ run }) =>
      store
        .processes(run)
        .map(({ name, end }) => [name, end === undefined ? 'no end' : [end.outcome, end.value]] as const),
    );
  return Object.fromEntries(ends.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The syscalls that asked for model calls and tools, as `pid/n`. */
function acts(events: readonly KernelEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'call.requested' || event.type === 'tool.started' ? [`${event.pid}/${event.n}`] : [],
  );
}

interface Saved {
  readonly phase: number;
  readonly seen: readonly Json[];
}

/** Does some of everything, in three phases with checkpoints between them, and tells at its end all that it was told. */
const worker: ProgramBody = function* (sys, state) {
  const saved = state as unknown as Saved | undefined;
  const phase = saved?.phase ?? 0;
  const seen: Json[] = [...(saved?.seen ?? [])];
  const told = (result: SyscallResult<unknown>): void =>
    void seen.push(
      result.ok ? ((result.value as { text?: Json } | null)?.text ?? (result.value as Json)) : result.code,
    );
  if (phase < 1) {
    yield allocate(300, { text: 'system', pinned: true, importance: 1 });
    const page = (yield allocate(100)) as { value: number };
    told(yield think(20, { keepAnswer: true, script: { tokensOut: 20, text: 'first' } }));
    told(yield onPage('pin', page.value));
    told(
      yield {
        kind: 'callTools',
        calls: [tool('read', { path: 'a' }), tool('write', { path: 'b' }), tool('nobody')],
      },
    );
    told(yield onPage('unpin', page.value));
    told(yield { kind: 'setImportance', page: page.value as never, importance: 0.1 });
    seen.push(Math.floor(sys.random.next() * 1_000_000));
    yield { kind: 'checkpoint', state: { phase: 1, seen: [...seen] } };
  }
  if (phase < 2) {
    const page = (yield allocate(50, { text: 'more' })) as { value: number };
    told(yield onPage('drop', page.value));
    told(yield sleep(S));
    told(
      yield { kind: 'ask', question: 'Which?', purpose: 'answer', script: { answer: 'blue', durationUs: S } },
    );
    told(yield { kind: 'remember', scope: sys.name, text: 'a blue note' });
    told(yield { kind: 'recall', scope: sys.name, query: 'blue' });
    seen.push(Math.floor(sys.random.next() * 1_000_000));
    yield { kind: 'checkpoint', state: { phase: 2, seen: [...seen] } };
  }
  told(yield think(30, { keepAnswer: true, script: { tokensOut: 30, text: 'second' } }));
  told(yield callTools(tool('write', { path: 'c' })));
  told(yield { kind: 'receive', timeoutUs: S });
  seen.push(Math.floor(sys.random.next() * 1_000_000));
  told(yield think(10, { script: { tokensOut: 10, text: 'third' } }));
  return seen;
};

const tools = ['read', 'write'].map((name) => ({ name, description: name, parameters: { type: 'object' } }));
const work: AgentRun = {
  agents: [{ body: worker }, { atUs: 300_000, body: worker, priority: 40 }],
  kernel: { tools, engines: [{ memoryTokens: 900 }], residency: 'prefix' },
};

test('a crash at every step: the restored processes come to the same end and repeat nothing that had finished', () => {
  const whole = new MemoryStore();
  const { steps } = live(work, whole);
  const expected = valuesOf(whole);
  expect(Object.values(expected).map((end) => (end as Json[])[0])).toEqual(['completed', 'completed']);
  expect(steps).toBeGreaterThan(25);
  for (let crash = 1; crash < steps; crash++) {
    const store = new MemoryStore();
    const first = live(work, store, { steps: crash });
    const done = store.runs().flatMap(({ run }) => store.history(run));
    const second = live(work, store, { fromUs: first.nowUs });
    expect(valuesOf(store), `after a crash at step ${crash}`).toEqual(expected);
    const finished = new Set(done.map(({ pid, n }) => `${pid}/${n}`));
    expect(
      acts(second.events).filter((act) => finished.has(act)),
      `after a crash at step ${crash}`,
    ).toEqual([]);
    for (const { run } of store.runs())
      expect(store.verifyAudit(run).ok, `audit after a crash at step ${crash}`).toBe(true);
    expect(second.kernel.alive).toBe(0);
  }
});

test('two crashes: what the first life and the second did is done', () => {
  const whole = new MemoryStore();
  const { steps } = live(work, whole);
  for (let crash = 3; crash < steps; crash += 7) {
    const store = new MemoryStore();
    const first = live(work, store, { steps: crash });
    const second = live(work, store, { steps: Math.ceil((steps - crash) / 2), fromUs: first.nowUs });
    live(work, store, { fromUs: second.nowUs });
    expect(valuesOf(store), `after crashes at step ${crash} and in the middle of the rest`).toEqual(
      valuesOf(whole),
    );
  }
});

test('restored from a checkpoint: what stands before it is not fed again', () => {
  const address = { run: 'run-1', branch: 'main', pid: 1 as Pid };
  for (let steps = 1; steps < 100; steps++) {
    const store = new MemoryStore();
    const { nowUs } = live(work, store, { steps });
    const saved = store.history('run-1', address).filter(({ kind }) => kind === 'checkpoint');
    if (saved.length < 2) continue;
    const { events } = live(work, store, { fromUs: nowUs });
    expect(events.find((event) => event.type === 'process.restored' && event.pid === 1)).toMatchObject({
      fromCheckpoint: saved[1]!.n,
      replayed: 0,
    });
    return;
  }
  throw new Error('no second checkpoint');
});

// ---- Families ----------------------------------------------------------------------------------------------------------

const family: AgentRun = {
  agents: [
    {
      body: function* (_, state) {
        const children = (state as number[] | undefined) ?? [];
        if (state === undefined) {
          for (const seconds of [1, 3, 8]) {
            const spawned = (yield spawn('child', { arguments: seconds })) as { value: number };
            children.push(spawned.value);
          }
          yield { kind: 'checkpoint', state: [...children] };
        }
        const ends: Json[] = [];
        ends.push((yield waitFor(children[1]!)) as never);
        yield burst(2 * S);
        ends.push((yield waitFor(0)) as never, (yield waitFor(0)) as never, (yield waitFor(0)) as never);
        return ends.map(
          (end) => (end as { value?: { value: Json } }).value?.value ?? (end as { code: Json }).code,
        );
      },
    },
  ],
  programs: {
    child: function* (sys) {
      yield sleep((sys.args as number) * S);
      yield think(5, { script: { tokensOut: 5, durationUs: S } });
      return `slept ${sys.args as number}`;
    },
  },
};

test('a crash at every step of a family: children that ended, that run, and that were told of', () => {
  const whole = new MemoryStore();
  const { steps } = live(family, whole);
  expect(valuesOf(whole)['agent-1']).toEqual([
    'completed',
    ['slept 3', 'slept 1', 'slept 8', 'UNKNOWN_PROCESS'],
  ]);
  for (let crash = 1; crash < steps; crash++) {
    const store = new MemoryStore();
    const first = live(family, store, { steps: crash });
    live(family, store, { fromUs: first.nowUs });
    expect(
      store.processes('run-1').map(({ end }) => end?.value),
      `after a crash at step ${crash}`,
    ).toEqual(whole.processes('run-1').map(({ end }) => end?.value));
  }
});

test('a pid is never used a second time in a run, though its process has ended before the crash', () => {
  const setup: AgentRun = {
    agents: [
      {
        body: function* () {
          yield spawn('child', { arguments: 1 });
          yield waitFor(0);
          yield sleep(5 * S);
          return (yield spawn('child', { arguments: 2 })) as never;
        },
      },
    ],
    programs: { child: [sleep(S)] },
  };
  const store = new MemoryStore();
  const first = live(setup, store, { steps: 2 });
  expect(first.kernel.snapshot().processes.map(({ state }) => state)).toEqual(['waiting', 'terminated']);
  live(setup, store, { fromUs: first.nowUs });
  expect(store.processes('run-1').map(({ pid }) => pid)).toEqual([1, 2, 3]);
  expect(store.processes('run-1')[0]!.end!.value).toEqual(ok(3));
});

test('a run that is restored first takes no pid of one that is restored after it', () => {
  const spawns: ProgramBody = function* () {
    yield sleep(S);
    yield spawn('child');
    yield sleep(9 * S);
  };
  const setup: AgentRun = {
    agents: [{ body: spawns }, { body: [sleep(20 * S)] }],
    programs: { child: [sleep(S)] },
  };
  const store = new MemoryStore();
  // Both sleep. In the second life the first spawns before the second is there.
  const first = live(setup, store, { steps: 2 });
  const simulation = checkedSimulation(kernelOf(setup), { store });
  simulation.send(first.nowUs, recoveryInput(store, 'run-1')!);
  simulation.send(first.nowUs + 5 * S, recoveryInput(store, 'run-2')!);
  simulation.run();
  expect(store.processes('run-1').map(({ pid, end }) => [pid, end?.outcome])).toEqual([
    [1, 'completed'],
    [3, 'completed'],
  ]);
  expect(store.processes('run-2').map(({ pid, end }) => [pid, end?.outcome])).toEqual([[2, 'completed']]);
});

// ---- What a restored process sees -----------------------------------------------------------------------------------------

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
