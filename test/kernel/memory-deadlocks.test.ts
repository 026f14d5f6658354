/** Deadlocks through what processes pin in context memory, and through budgets that calls hold which wait for memory. */
import { expect, test } from 'vitest';

import { rngFor, type Rng } from '../../src/base/rng.ts';
import type { KernelEvent } from '../../src/kernel/events.ts';
import type { Pid } from '../../src/kernel/ids.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import type { Syscall } from '../../src/kernel/syscalls.ts';
import { checkDeadlocks } from '../support/deadlock-search.ts';
import { seedCount } from '../support/seeds.ts';
import { live } from '../support/lives.ts';
import { checkedSimulation, kernelOf, runAgents, type AgentRun } from '../support/run-agents.ts';
import {
  acquire,
  allocate,
  burst,
  callTools,
  failed,
  onPage,
  release,
  SECOND,
  semOpen,
  semPost,
  semWait,
  send,
  sleep,
  spawn,
  tool,
  waitFor,
} from '../support/syscalls.ts';
import { total, tokens } from './budget-support.ts';

const S = SECOND;
const receive: Syscall = { kind: 'receive' };
const engine = { memoryTokens: 100, cores: 2 };
/** `pinned` tokens that it uses in a call and keeps from then on. */
const pins = (pinned: number): Syscall[] => [allocate(pinned, { pinned: true }), burst(S)];
/** A call with `prompt` tokens of prompt and one of answer. */
const calls = (prompt: number): Syscall[] => [allocate(prompt), burst(S)];

function run(setup: AgentRun) {
  const ran = runAgents({ ...setup, kernel: { engines: [engine], ...setup.kernel } });
  checkDeadlocks(ran.kernel);
  return ran;
}

/** When, who with whom, and who gives way. */
const told = (events: readonly KernelEvent[]) =>
  events.flatMap((event) =>
    event.type === 'deadlock.detected'
      ? [[event.atUs / S, event.members.map(({ pid }) => pid), event.victim]]
      : [],
  );

/** The parent pins 60, and waits for a word of its child, which needs 51. */
const parentAndChild: AgentRun = {
  agents: [{ body: [...pins(60), spawn('child'), receive, onPage('unpin', 1)] }],
  programs: { child: [...calls(50), send(1, 'done')] },
};

test('one waits for a message of another, whose call waits for what the one has pinned', () => {
  const { all, events, kernel } = run(parentAndChild);
  expect(told(events)).toEqual([[1, [1, 2], 0]]);
  expect(all('deadlock.detected')[0]!.members).toEqual([
    { pid: 1, on: 'message', what: '', waitsFor: [] },
    { pid: 2, on: 'memory', what: '', waitsFor: [1] },
  ]);
  expect(kernel.snapshot().processes.map(({ isDeadlocked }) => isDeadlocked)).toEqual([true, true]);
});

test('resolved, the call fails, and gives back what was reserved for it', () => {
  const { events, results, kernel, end } = run({ ...parentAndChild, kernel: { deadlocks: 'resolve' } });
  expect(told(events)).toEqual([[1, [1, 2], 2]]);
  expect(results(2)[1]).toEqual(
    failed('DEADLOCK', 'nobody of these goes on unless another does: process 1 (message), 2 (memory)'),
  );
  expect([end(1).outcome, end(2).outcome, kernel.alive]).toEqual(['completed', 'completed', 0]);
});

test('two that have pinned what the other lacks: each waits for memory alone', () => {
  const { all, events } = run({
    agents: [
      { body: [...pins(60), sleep(S), ...calls(15)] },
      { body: [...pins(30), sleep(3 * S), ...calls(15)] },
    ],
  });
  // The first one waits from 2 s on, while the second sleeps.
  expect(told(events)).toEqual([[4, [1, 2], 0]]);
  expect(all('deadlock.detected')[0]!.members.map(({ on, waitsFor }) => [on, waitsFor])).toEqual([
    ['memory', [2]],
    ['memory', [1]],
  ]);
});

test('a victim whose program unpins lets the other go on', () => {
  const { events, kernel, end } = run({
    agents: [
      { priority: 40, body: [...pins(60), sleep(S), ...calls(15)] },
      {
        body: function* () {
          for (const syscall of [...pins(30), sleep(3 * S), allocate(15)]) yield syscall;
          for (let result = yield burst(S); !result.ok; result = yield burst(S)) yield onPage('unpin', 1);
        },
      },
    ],
    kernel: { deadlocks: 'resolve' },
  });
  expect(told(events)).toEqual([[4, [1, 2], 2]]);
  expect([kernel.alive, end(1).atUs, end(2).outcome]).toEqual([0, 5 * S, 'completed']);
});

test('memory and a lock: the owner waits for memory, who pins it for the lock', () => {
  const agents: AgentRun['agents'] = [
    { body: [acquire('a'), sleep(2 * S), ...calls(50), release('a')] },
    { body: [...pins(60), sleep(2 * S), acquire('a')] },
  ];
  // Closed by the wait for the lock, at 3 s; the other way round by that for memory.
  expect(told(run({ agents }).events)).toEqual([[3, [1, 2], 0]]);
  const [first, second] = agents;
  const later = { ...first!, body: [acquire('a'), sleep(9 * S), ...calls(50)] };
  expect(told(run({ agents: [later, second!] }).events)).toEqual([[9, [1, 2], 0]]);
});

test('memory and a semaphore, which only who waits for memory could post', () => {
  const { events } = run({
    agents: [{ body: [semOpen('s', 0), ...pins(60), spawn('child'), semWait('s')] }],
    programs: { child: [...calls(50), semPost('s')] },
  });
  expect(told(events)).toEqual([[1, [1, 2], 0]]);
});

test('memory and budget: who holds the budget waits for memory, who pins that for budget', () => {
  const { all, events } = run({
    agents: [
      { budget: 'team', body: [...pins(60), sleep(2 * S), ...calls(10)] },
      { budget: 'team', body: [allocate(50), sleep(2 * S), burst(S)] },
    ],
    kernel: { budgets: [{ name: 'team', limits: [tokens(161, total)] }] },
  });
  // 61 of 161 are spent, 51 are held, and 71 are asked for.
  expect(all('deadlock.detected')[0]!.members).toEqual([
    { pid: 1, on: 'budget', what: 'team', waitsFor: [2] },
    { pid: 2, on: 'memory', what: '', waitsFor: [1] },
  ]);
  expect(told(events)).toEqual([[3, [1, 2], 0]]);
});

test('who needs one of two that pin is held up by both, and resolved one at a time', () => {
  const holder: Syscall[] = [...pins(30), sleep(S), acquire('a'), release('a')];
  const { events, kernel } = run({
    agents: [
      { priority: 10, body: [acquire('a'), sleep(4 * S), ...calls(75), release('a')] },
      { body: holder },
      { body: holder },
    ],
    kernel: { deadlocks: 'resolve' },
  });
  // 60 are pinned, and only without both does the call of 76 fit.
  expect(told(events)).toEqual([
    [4, [1, 2, 3], 3],
    [4, [1, 2], 2],
  ]);
  expect(kernel.alive).toBe(0);
});

test('what goes on beside it is no member, and what is enough without it none', () => {
  const holder = (lock: string): Syscall[] => [...pins(30), sleep(S), acquire(lock), release(lock)];
  const agents: AgentRun['agents'] = [
    { body: [acquire('a'), sleep(4 * S), ...calls(65), release('a')] },
    { body: holder('a') },
    { body: [...pins(30), sleep(20 * S)] },
  ];
  // The call of 66 fits when one of the two has ended.
  const { events, end } = run({ agents });
  expect([told(events), end(1).atUs]).toEqual([[], 22 * S]);
  // One of 76 needs both.
  const larger = { body: [acquire('a'), sleep(4 * S), ...calls(75), release('a')] };
  expect(told(run({ agents: [larger, ...agents.slice(1)] }).events)).toEqual([[4, [1, 2], 0]]);
});

test('calls that run may make room: it is told when the last of them has ended', () => {
  const { events } = run({
    agents: [{ body: [...pins(60), spawn('child'), receive] }, { atUs: S / 2, body: [burst(3 * S)] }],
    programs: { child: calls(50) },
  });
  expect(told(events)).toEqual([[3.5, [1, 2 + 1], 0]]);
});

test('what can come by itself, or from outside, is none', () => {
  const child = { child: calls(50) };
  const waits = (...how: Syscall[]): AgentRun => ({
    agents: [{ body: [...pins(60), spawn('child'), ...how, onPage('unpin', 1)] }],
    programs: child,
  });
  const tools = [
    {
      name: 'edit',
      description: 'x',
      parameters: { type: 'object' },
      effects: () => ({ reads: [], writes: ['f'] }),
    },
  ];
  for (const setup of [
    waits(sleep(9 * S)),
    waits({ kind: 'receive', timeoutUs: 9 * S }),
    waits({ kind: 'ask', question: 'May I?', purpose: 'approve', script: { durationUs: 9 * S } }),
    { ...waits(callTools(tool('edit', {}, { durationUs: 9 * S }))), kernel: { tools } },
    // It is stopped, and somebody may let it go on.
    { ...waits(sleep(9 * S)), signals: [[2 * S, 1, 'stop'] as const] },
  ])
    expect(told(run(setup).events)).toEqual([]);
});

test('pins on another engine are in nobody’s way', () => {
  const engines = ['one', 'two'].map((name) => ({ ...engine, name }));
  const agents = (second: string): AgentRun['agents'] => [
    { engine: 'one', body: [acquire('a'), ...pins(60), sleep(2 * S), acquire('b')] },
    { engine: second, body: [acquire('b'), sleep(S), ...calls(50), release('b')] },
  ];
  expect(told(run({ agents: agents('two'), kernel: { engines } }).events)).toEqual([]);
  expect(told(run({ agents: agents('one'), kernel: { engines } }).events)).toEqual([[3, [1, 2], 0]]);
});

test('a member that is stopped while it waits for memory ends it; it is told again when it goes on', () => {
  const { events, end } = run({
    ...parentAndChild,
    signals: [
      [2 * S, 2, 'stop'],
      [3 * S, 2, 'continue'],
      [5 * S, 1, 'kill'],
    ],
  });
  expect(told(events)).toEqual([
    [1, [1, 2], 0],
    [3, [1, 2], 0],
  ]);
  expect(end(2).outcome).toBe('killed');
});

test('pins that are shared keep nobody out alone', () => {
  // Both have the same 60 tokens pinned; neither could unpin them for the other's sake, and each has room beside them.
  const shared = allocate(60, { pinned: true, text: 'the same' });
  const { events, kernel } = run({
    agents: [
      { body: [shared, burst(S), acquire('a'), sleep(2 * S), ...calls(30)] },
      { body: [shared, burst(S), sleep(S), acquire('a')] },
    ],
    kernel: { residency: 'prefix' },
  });
  expect([told(events), kernel.alive]).toEqual([[], 0]);
});

test('a crash in the middle of a deadlock: of locks it is told again, and what was pinned is in memory no more', () => {
  const setup: AgentRun = {
    agents: [
      { body: [acquire('a'), sleep(S), acquire('b')] },
      { body: [acquire('b'), sleep(2 * S), acquire('a')] },
      ...parentAndChild.agents.map((agent) => ({
        ...agent,
        body: [...pins(60), spawn('child'), receive, onPage('unpin', 1)],
      })),
    ],
    programs: { child: [...calls(50), send(3, 'done')] },
    kernel: { engines: [engine] },
  };
  const store = new MemoryStore();
  const first = live(setup, store);
  expect(told(first.events)).toEqual([
    [1, [3, 4], 0],
    [2, [1, 2], 0],
  ]);
  const second = live(setup, store, { fromUs: 9 * S });
  expect(told(second.events)).toEqual([[9, [1, 2], 0]]);
  expect(second.kernel.snapshot().processes.map(({ pid, state }) => [pid, state])).toEqual([
    [1, 'waiting'],
    [2, 'waiting'],
    [3, 'terminated'],
    [4, 'terminated'],
  ]);
});

const pick = <Value>(rng: Rng, values: readonly Value[]): Value => values[rng.integer(values.length)]!;

/** An agent that pins, locks, calls, and waits for others, at random. */
function randomBody(rng: Rng, depth = 0): Syscall[] {
  const kinds: readonly (() => Syscall[])[] = [
    () => [allocate(15 + rng.integer(35), { pinned: rng.next() < 0.8 }), burst(rng.integer(3) * S)],
    () => [allocate(15 + rng.integer(35)), burst(S, { maxOutput: 1 + rng.integer(10) })],
    () => [acquire(pick(rng, ['a', 'a', 'b']))],
    () => [release('a')],
    () => [sleep(rng.integer(4) * S)],
    () => [onPage('unpin', 1 + rng.integer(3))],
    () => [semOpen('s', 0), rng.next() < 0.6 ? semWait('s') : semPost('s')],
    () => [rng.next() < 0.5 ? receive : send(1 + rng.integer(6), 'x')],
    () => (depth > 0 ? [] : [spawn('child'), rng.next() < 0.6 ? waitFor(0) : sleep(S)]),
  ];
  return Array.from({ length: 2 + rng.integer(7) }, () => pick(rng, kinds)()).flat();
}

function randomSetup(rng: Rng): AgentRun {
  const engines = Array.from({ length: 1 + rng.integer(2) }, (_, index) => ({
    name: `engine-${index}`,
    memoryTokens: 70 + rng.integer(50),
    cores: 1 + rng.integer(2),
  }));
  const limits = rng.next() < 0.5 ? [] : [tokens(200 + rng.integer(400), total)];
  return {
    agents: Array.from({ length: 2 + rng.integer(4) }, () => ({
      budget: 'team',
      priority: rng.integer(100),
      atUs: rng.integer(2) * S,
      body: randomBody(rng),
    })),
    programs: { child: randomBody(rng, 1) },
    signals: Array.from({ length: rng.integer(3) }, () => [
      (2 + rng.integer(20)) * S,
      1 + rng.integer(5),
      pick(rng, ['stop', 'continue', 'kill'] as const),
    ]),
    kernel: {
      engines,
      budgets: [{ name: 'team', limits }],
      deadlocks: pick(rng, ['report', 'resolve'] as const),
      residency: pick(rng, ['independent', 'prefix'] as const),
      queues: pick(rng, ['per-engine', 'one'] as const),
    },
  };
}

test('random agents that pin memory: what is told after each step is what there is', () => {
  const seen: Record<string, number> = {};
  for (let seed = 1; seed <= seedCount(60, 3_000); seed++) {
    const setup = randomSetup(rngFor(seed, 'memory-deadlocks'));
    try {
      const simulation = checkedSimulation(kernelOf(setup), {
        onStep: checkDeadlocks,
        onEvent(event) {
          if (event.type !== 'deadlock.detected') return;
          const kinds = [...new Set(event.members.map(({ on }) => on))].toSorted().join(' ');
          seen[kinds] = (seen[kinds] ?? 0) + 1;
        },
      });
      for (const [index, { body: _, atUs = 0, ...fields }] of setup.agents.entries()) {
        const name = `agent-${index + 1}`;
        simulation.spawn(atUs, { name, run: name, ...fields, program: name, arguments: null });
      }
      for (const [atUs, pid, signal] of setup.signals!)
        if (pid <= setup.agents.length) simulation.signal(atUs, pid as Pid, signal);
      simulation.run(200 * S);
      simulation.checkers.finish();
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  const throughMemory = Object.entries(seen).filter(([kinds]) => kinds.includes('memory'));
  expect(throughMemory.length).toBeGreaterThan(2);
  expect(throughMemory.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThan(4);
});
