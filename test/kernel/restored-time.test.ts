/** Time after a crash: what a process waited for goes on from where it was, and its program sees the times that it saw before. */
import { expect, test } from 'vitest';

import type { Json } from '../../src/kernel/ids.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import type { ProgramBody, Syscall } from '../../src/kernel/syscalls.ts';
import { live } from '../support/lives.ts';
import type { AgentRun } from '../support/run-agents.ts';
import { burst, callTools, failed, ok, SECOND, send, sleep, spawn, tool } from '../support/syscalls.ts';

const S = SECOND;

/** A first life of so many inputs, and a second one from `fromUs`: the second's events of process 1, by type and time. */
function crashed(setup: AgentRun, steps: number, fromUs: number) {
  const store = new MemoryStore();
  live(setup, store, { steps });
  const { events } = live(setup, store, { fromUs });
  const endUs = events.find((event) => event.type === 'process.terminated' && event.pid === 1)?.atUs;
  return { store, events, endUs, end: store.processes('run-1')[0]!.end };
}

const receive = { kind: 'receive', timeoutUs: 10 * S } as const;
const agent = (...body: readonly Syscall[]): AgentRun => ({ agents: [{ body }] });

test.each<readonly [string, Syscall]>([
  ['sleep', sleep(10 * S)],
  ['receive with a time limit', receive],
])('%s: what had passed before the crash has passed', (_, waits) => {
  // Behind a start, another wait, a model call, and a checkpoint.
  const save = { kind: 'checkpoint', state: null } as const;
  const saving: ProgramBody = function* (_sys, state) {
    if (state === undefined) {
      yield sleep(2 * S);
      yield save;
    }
    yield waits;
  };
  const cases: readonly (readonly [setup: AgentRun, steps: number, askedUs: number])[] = [
    [agent(waits), 1, 0],
    [agent(sleep(2 * S), waits), 2, 2 * S],
    [agent(burst(2 * S), waits), 2, 2 * S],
    [{ agents: [{ body: saving }] }, 3, 2 * S],
    // Asked for, but not acknowledged: nobody knows when it would have been.
    [{ agents: [{ body: saving }], flushUs: S }, 2, 2 * S],
  ];
  for (const [setup, steps, askedUs] of cases) {
    expect(crashed(setup, steps, askedUs + 9 * S).endUs).toBe(askedUs + 10 * S);
    expect(crashed(setup, steps, askedUs + 10 * S).endUs).toBe(askedUs + 10 * S);
    expect(crashed(setup, steps, askedUs + 15 * S).endUs).toBe(askedUs + 15 * S);
  }
});

test('a crash after another: a wait goes on from the time of the first life', () => {
  const store = new MemoryStore();
  const setup = agent(sleep(10 * S));
  live(setup, store, { steps: 1 });
  for (const fromUs of [3 * S, 6 * S, 9 * S]) live(setup, store, { steps: 1, fromUs });
  expect(live(setup, store, { fromUs: 9 * S }).nowUs).toBe(10 * S);
});

test('a message that comes in the time that is left is received, a later one is not', () => {
  for (const [sentUs, result] of [
    [9 * S, ok({ from: 2, message: 'hello' })],
    [11 * S, failed('TIMEOUT')],
  ] as const) {
    const body: ProgramBody = function* () {
      return (yield receive) as never;
    };
    const writer = [sleep(sentUs), send(1, 'hello')];
    const setup: AgentRun = { agents: [{ body }, { body: writer, capabilities: { send: 'all' } }] };
    expect(crashed(setup, 2, 8 * S).end?.value).toEqual(result);
  }
});

// ---- Stopped meanwhile -----------------------------------------------------------------------------------------------------

/** It is stopped at 2 s and continued at 20 s, whatever the crash falls into. */
const stopped = (body: ProgramBody): AgentRun => ({
  agents: [{ body }],
  signals: [
    [2 * S, 1, 'stop'],
    [20 * S, 1, 'continue'],
  ],
});

/** Sleeps, and looks at the time between; for a time below 0 it is a model call that takes as long. */
const napping = (...napsUs: readonly number[]): ProgramBody =>
  function* (sys) {
    const seen: Json[] = [sys.now];
    for (const us of napsUs) {
      yield us < 0 ? burst(-us) : sleep(us);
      seen.push(sys.now);
    }
    // The times are in the arguments, so that other times would be another history.
    yield { kind: 'remember', scope: 's', text: JSON.stringify(seen) };
    yield sleep(S);
    return [...seen, sys.now];
  };

test.each([
  ['a sleep that ends while it is stopped', napping(5 * S, 5 * S), [0, 20 * S, 25 * S, 26 * S]],
  ['a sleep that outlasts the stop', napping(S, 30 * S), [0, S, 31 * S, 32 * S]],
  // Timers come last of what is due at one instant, ends of calls first.
  ['a stop just before a result', napping(2 * S, 7 * S), [0, 20 * S, 27 * S, 28 * S]],
  ['a stop just after a result', napping(-2 * S, 7 * S), [0, 2 * S, 20 * S, 21 * S]],
] as const)('%s: a crash at every step changes no time', (_, body, expected) => {
  const setup = stopped(body);
  const whole = new MemoryStore();
  const { steps } = live(setup, whole);
  expect(whole.processes('run-1')[0]!.end!.value).toEqual(expected);
  for (let crash = 1; crash < steps; crash++) {
    const store = new MemoryStore();
    const first = live(setup, store, { steps: crash });
    // Due at this instant, and lost in the crash.
    const isStopped = first.events.some(({ type }) => type === 'signal.delivered');
    if (first.nowUs === 2 * S && !isStopped) continue;
    const second = live(setup, store, { steps: 1, fromUs: first.nowUs });
    live(setup, store, { fromUs: second.nowUs });
    expect(store.processes('run-1')[0]!.end!.value, `after a crash at step ${crash}`).toEqual(expected);
  }
});

test('stopped by another process in the very step of the restore: its wait began when it did', () => {
  const setup: AgentRun = {
    agents: [
      {
        body: function* () {
          const child = (yield spawn('child')) as { value: number };
          yield sleep(S);
          yield { kind: 'signal', pid: child.value as never, signal: 'stop' };
          yield sleep(S);
          yield { kind: 'signal', pid: child.value as never, signal: 'continue' };
          return (yield { kind: 'wait', pid: child.value as never }) as never;
        },
      },
    ],
    programs: { child: napping(S / 2, 30 * S) },
  };
  const store = new MemoryStore();
  // The child's first nap is over.
  const first = live(setup, store, { steps: 2 });
  expect(first.nowUs).toBe(S / 2);
  const second = live(setup, store, { steps: 3, fromUs: 10 * S });
  live(setup, store, { fromUs: second.nowUs });
  const seen = [0, S / 2, 30.5 * S, 31.5 * S];
  expect(store.processes('run-1')[1]!.end!.value).toEqual(seen);
});

// ---- The time that a program sees ------------------------------------------------------------------------------------------

test('two crashes, the first before it had any result: its program sees the same times', () => {
  const setup: AgentRun = { agents: [{ atUs: S, body: napping(5 * S) }] };
  const store = new MemoryStore();
  live(setup, store, { steps: 1 });
  live(setup, store, { steps: 2, fromUs: 3 * S });
  live(setup, store, { fromUs: 7 * S });
  expect(store.processes('run-1')[0]!.end).toMatchObject({
    outcome: 'completed',
    // The memory is stored after the second crash.
    value: [S, 6 * S, 8 * S],
  });
});

test('a batch of calls that holds a time is asked for again as it was', () => {
  const body: ProgramBody = function* (sys) {
    return (yield callTools(tool('write', { at: sys.now }))) as never;
  };
  const setup: AgentRun = {
    agents: [{ atUs: S, body }],
    kernel: { tools: [{ name: 'write', description: 'writes', parameters: { type: 'object' } }] },
  };
  // It has started: the journal tells of it.
  const { end } = crashed(setup, 1, 2 * S);
  expect(end).toMatchObject({ outcome: 'completed', value: ok([failed('TOOL_INTERRUPTED') as Json]) });
});
