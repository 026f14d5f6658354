/** A crash at any moment, and what is rebuilt from storage: histories, checkpoints, the budget ledger, the audit log. */
import { expect, test } from 'vitest';

import type { Json, Pid } from '../../src/kernel/ids.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import { recoveryInput } from '../../src/kernel/recovery.ts';
import type { ProgramBody, RecalledMemory, SyscallResult } from '../../src/kernel/syscalls.ts';
import type { ToolSpec } from '../../src/kernel/tools.ts';
import type { KernelEvent } from '../../src/kernel/events.ts';
import { checkedSimulation, kernelOf, type AgentRun } from '../support/run-agents.ts';
import {
  allocate,
  burst,
  callTools,
  failed,
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

/** What a program was told, had the write that a crash interrupted acted and said so. */
const asIfWritten = (told: Json): Json =>
  JSON.parse(JSON.stringify(told), (_, value: Json | SyscallResult<Json>) =>
    (value as { code?: Json } | null)?.code === 'TOOL_INTERRUPTED' ? ok('write done') : value,
  ) as Json;

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
    const recalled = (yield {
      kind: 'recall',
      scope: sys.name,
      query: 'blue',
    }) as SyscallResult<RecalledMemory[]>;
    // When it was remembered is later after a crash.
    told(
      recalled.ok ? { ok: true, value: recalled.value.map(({ text, score }) => [text, score]) } : recalled,
    );
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

const tools: ToolSpec[] = [
  {
    name: 'read',
    description: 'reads',
    parameters: { type: 'object' },
    effects: () => ({ reads: ['disk'], writes: [] }),
  },
  // Nothing is known of its effects: it writes.
  { name: 'write', description: 'writes', parameters: { type: 'object' } },
];
const work: AgentRun = {
  agents: [{ body: worker }, { atUs: 300_000, body: worker, priority: 40 }],
  kernel: {
    tools,
    engines: [{ memoryTokens: 900 }],
    residency: 'prefix',
    // Large enough for what crashes cost. What they hold is compared with the ledger in every life.
    budgets: [
      {
        name: 'root',
        limits: [
          { resource: 'tokens', amount: 100_000, window: { kind: 'total' } },
          { resource: 'tokens', amount: 100_000, window: { kind: 'sliding', lengthUs: 700_000 } },
          { resource: 'coreUs', amount: 900 * S, window: { kind: 'fixed', lengthUs: 700_000 } },
          { resource: 'calls', amount: 1_000, window: { kind: 'fixed', lengthUs: 5 * S } },
          { resource: 'microDollars', amount: 10_000_000, window: { kind: 'total' } },
        ],
      },
    ],
  },
};

/** How long each sleep and receive took, by process and syscall, µs. */
function waitsOf(store: MemoryStore): Record<string, number> {
  const waits = store.runs().flatMap(({ run }) => {
    const history = store.history(run);
    const endsUs = new Map(history.map(({ pid, n, atUs }) => [`${pid}/${n}`, atUs]));
    return history
      .filter(({ kind }) => kind === 'sleep' || kind === 'receive')
      .map(({ pid, n, atUs }) => [`${pid}/${n}`, atUs - endsUs.get(`${pid}/${n - 1}`)!] as const);
  });
  return Object.fromEntries(waits);
}

test('a crash at every step: the restored processes come to the same end and repeat nothing that had finished', () => {
  const whole = new MemoryStore();
  const { steps } = live(work, whole);
  const expected = valuesOf(whole);
  expect(Object.values(expected).map((end) => (end as Json[])[0])).toEqual(['completed', 'completed']);
  expect(steps).toBeGreaterThan(25);
  expect(Object.values(waitsOf(whole))).toEqual([S, S, S, S]);
  for (let crash = 1; crash < steps; crash++) {
    const store = new MemoryStore();
    const first = live(work, store, { steps: crash });
    const done = store.runs().flatMap(({ run }) => store.history(run));
    const second = live(work, store, { fromUs: first.nowUs });
    expect(asIfWritten(valuesOf(store)), `after a crash at step ${crash}`).toEqual(expected);
    expect(waitsOf(store), `after a crash at step ${crash}`).toEqual(waitsOf(whole));
    const started = [...first.events, ...second.events].flatMap((event) =>
      event.type === 'tool.started' && event.tool === 'write'
        ? [`${event.pid}/${event.n}/${event.index}`]
        : [],
    );
    expect(new Set(started).size, `after a crash at step ${crash}`).toBe(started.length);
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
    expect(
      asIfWritten(valuesOf(store)),
      `after crashes at step ${crash} and in the middle of the rest`,
    ).toEqual(valuesOf(whole));
  }
});

test('a memory that was stored, but not acknowledged before the crash, is remembered once', () => {
  const store = new MemoryStore();
  const remember = { kind: 'remember', scope: 's', text: 'a blue note' } as const;
  const recall = { kind: 'recall', scope: 's', query: 'blue' } as const;
  const body: ProgramBody = function* () {
    return [(yield remember) as never, (yield recall) as never];
  };
  const setup: AgentRun = { agents: [{ body }], flushUs: S };
  live(setup, store, { steps: 1 });
  expect(store.recall({ scope: 's', query: 'blue', limit: 5 })).toHaveLength(1);
  live(setup, store, { fromUs: 10 * S });
  expect(store.processes('run-1')[0]!.end!.value).toEqual([
    ok(),
    ok([{ text: 'a blue note', score: 1, atUs: 0 }]),
  ]);
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

test('children that have ended are told of in the order of their ends', () => {
  const wait = waitFor(0);
  const setup: AgentRun = {
    agents: [
      {
        body: function* () {
          for (const us of [3 * S, S, 3 * S - 1, 3 * S, S])
            yield spawn('child', { arguments: us, name: `${us}` });
          yield sleep(5 * S);
          const told: SyscallResult<unknown>[] = [];
          for (let child = 0; child < 5; child++) told.push(yield wait);
          return told.map((end) => (end as { value: { pid: number } }).value.pid);
        },
      },
    ],
    programs: {
      child: function* (sys) {
        yield sleep(sys.args as number);
      },
    },
  };
  const whole = new MemoryStore();
  const { steps } = live(setup, whole);
  expect(valuesOf(whole)['agent-1']).toEqual(['completed', [3, 6, 4, 2, 5]]);
  for (let crash = 1; crash < steps; crash++) {
    const store = new MemoryStore();
    const first = live(setup, store, { steps: crash });
    live(setup, store, { fromUs: first.nowUs });
    expect(valuesOf(store), `after a crash at step ${crash}`).toEqual(valuesOf(whole));
  }
});

test('who started a process is told for good, also when that has ended before the crash', () => {
  const setup: AgentRun = {
    agents: [{ body: [spawn('child'), sleep(S)] }],
    programs: {
      child: function* (sys) {
        yield sleep(1_000);
        yield send(sys.parent, 'hello');
        yield sleep(9 * S);
        const late = yield send(sys.parent, 'are you there?');
        return [sys.parent, late as never];
      },
    },
  };
  const whole = new MemoryStore();
  live(setup, whole);
  expect(whole.processes('run-1')[1]!.end).toMatchObject({
    outcome: 'completed',
    value: [1, failed('UNKNOWN_PROCESS')],
  });
  const store = new MemoryStore();
  const first = live(setup, store, { steps: 3 });
  expect(first.kernel.snapshot().processes.map(({ state }) => state)).toEqual(['terminated', 'waiting']);
  const second = live(setup, store, { fromUs: 2 * S });
  expect(valuesOf(store)).toEqual(valuesOf(whole));
  expect(second.events.find(({ type }) => type === 'process.spawned')).toMatchObject({ pid: 2, parent: 1 });
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
