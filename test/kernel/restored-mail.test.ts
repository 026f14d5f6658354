/** Messages and signals outlive a crash: they are in the histories of their senders, and so would never be sent again. */
import { expect, test } from 'vitest';

import type { Json, Pid } from '../../src/kernel/ids.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import type { ProgramBody, SyscallResult } from '../../src/kernel/syscalls.ts';
import { live } from '../support/lives.ts';
import type { AgentRun } from '../support/run-agents.ts';
import { SteppedKernel } from '../support/step-kernel.ts';
import { burst, ok, SECOND, send, sleep, spawn, waitFor } from '../support/syscalls.ts';

const S = SECOND;

const receive = { kind: 'receive' } as const;
const signal = (pid: number, name: 'stop' | 'continue' | 'terminate' | 'kill') =>
  ({ kind: 'signal', pid: pid as Pid, signal: name }) as const;

function valueOf(store: MemoryStore, pid: number): unknown {
  const all = store.runs().flatMap(({ run }) => store.processes(run));
  return all.find((process) => process.pid === pid)?.end?.value;
}

// ---- Messages ------------------------------------------------------------------------------------------------------------

const chat: AgentRun = {
  agents: [
    {
      body: function* (_, state) {
        const seen = [...((state as Json[] | undefined) ?? [])];
        if (state === undefined) {
          yield sleep(2 * S);
          seen.push((yield receive) as never);
          yield { kind: 'checkpoint', state: [...seen] };
        }
        seen.push((yield receive) as never);
        yield sleep(5 * S);
        while (seen.length < 5) {
          const result = yield receive;
          // From another run, at last.
          if (result.ok) seen.push(result as never);
        }
        return seen;
      },
    },
    {
      body: [send(1, 'one'), sleep(S), send(1, 'two'), send(1, ['three']), sleep(S)],
      capabilities: { send: 'all' },
    },
    {
      body: [sleep(4 * S), send(1, { four: 4 }), sleep(20 * S), send(1, 'five')],
      capabilities: { send: 'all' },
    },
  ],
};

test('a crash at every step of a chat: each message arrives once, in order, from other runs too', () => {
  const whole = new MemoryStore();
  const { steps } = live(chat, whole);
  const said = ['one', 'two', ['three'], { four: 4 }, 'five'];
  expect(valueOf(whole, 1)).toEqual(
    said.map((message, index) => ok({ from: index < 3 ? 2 : 3, message: message as Json })),
  );
  expect(steps).toBeGreaterThan(8);
  for (let crash = 3; crash < steps; crash++) {
    const store = new MemoryStore();
    const first = live(chat, store, { steps: crash });
    const second = live(chat, store, { steps: 3, fromUs: first.nowUs });
    live(chat, store, { fromUs: second.nowUs });
    expect(valueOf(store, 1), `after a crash at step ${crash}`).toEqual(valueOf(whole, 1));
  }
});

test('a restored process says whose mail it found', () => {
  const store = new MemoryStore();
  // Three agents are there, and two of the sleepers woke: all is sent, nothing received.
  const first = live(chat, store, { steps: 4 });
  expect(first.kernel.snapshot().processes[0]).toMatchObject({ mail: 3 });
  const second = live(chat, store, { steps: 1, fromUs: first.nowUs });
  expect(second.events.find(({ type }) => type === 'process.restored')).toMatchObject({
    pid: 1,
    mail: [2, 2, 2],
  });
  expect(second.kernel.snapshot().processes[0]).toMatchObject({ mail: 3 });
});

test('a message of the world outlives a crash, received or not', () => {
  const body: ProgramBody = function* () {
    const first = yield receive;
    yield sleep(5 * S);
    return [first, yield receive] as unknown as Json;
  };
  const store = new MemoryStore();
  const setup: AgentRun = {
    agents: [{ body }],
    messages: [
      [S, 1, 'one'],
      [2 * S, 1, { two: 2 }],
    ],
  };
  // The agent is there, the first message received and the second in the mailbox.
  const first = live(setup, store, { steps: 3 });
  const second = live(setup, store, { fromUs: first.nowUs });
  expect(second.events.find(({ type }) => type === 'process.restored')).toMatchObject({ mail: [0] });
  expect(valueOf(store, 1)).toEqual([ok({ from: 0, message: 'one' }), ok({ from: 0, message: { two: 2 } })]);
});

// ---- Signals -------------------------------------------------------------------------------------------------------------

const worker: ProgramBody = function* () {
  yield sleep(4 * S);
  yield burst(S);
  return 'done';
};

test('a stopped child stays stopped after a crash, until it is continued', () => {
  const setup: AgentRun = {
    agents: [
      {
        body: [
          spawn('worker'),
          sleep(S),
          signal(2, 'stop'),
          sleep(20 * S),
          signal(2, 'continue'),
          waitFor(2),
        ],
      },
    ],
    programs: { worker },
  };
  const store = new MemoryStore();
  const first = live(setup, store, { steps: 2 });
  expect(first.kernel.snapshot().processes[1]).toMatchObject({ state: 'suspended' });
  const second = live(setup, store, { fromUs: first.nowUs });
  expect(second.events.filter((event) => 'pid' in event && event.pid === 2).map(({ type }) => type)).toEqual(
    expect.arrayContaining(['process.suspended', 'process.continued', 'process.terminated']),
  );
  expect(second.events.find((event) => event.type === 'call.requested')?.atUs).toBe(21 * S);
  expect(valueOf(store, 2)).toBe('done');
});

test('signals from outside hold as well: the last word counts', () => {
  const setup: AgentRun = {
    agents: [{ body: worker }, { body: worker }],
    signals: [
      [S, 1, 'stop'],
      [S, 2, 'stop'],
      [2 * S, 2, 'continue'],
      [30 * S, 1, 'continue'],
    ],
  };
  const store = new MemoryStore();
  const first = live(setup, store, { steps: 5 });
  expect(first.nowUs).toBe(2 * S);
  const second = live(setup, store, { steps: 2, fromUs: first.nowUs });
  expect(second.kernel.snapshot().processes.map(({ state }) => state)).toEqual(['suspended', 'waiting']);
  const third = live(setup, store, { fromUs: second.nowUs });
  expect([valueOf(store, 1), valueOf(store, 2)]).toEqual(['done', 'done']);
  expect(third.events.find(({ type }) => type === 'process.continued')).toMatchObject({
    pid: 1,
    atUs: 30 * S,
  });
});

test('who stopped itself does not do so again when it is continued', () => {
  const setup: AgentRun = {
    agents: [
      {
        body: function* (sys) {
          const result: SyscallResult<unknown> = yield signal(sys.pid, 'stop');
          return result as never;
        },
      },
    ],
    signals: [[9 * S, 1, 'continue']],
  };
  const store = new MemoryStore();
  const first = live(setup, store, { steps: 1 });
  expect(first.kernel.snapshot().processes[0]).toMatchObject({ state: 'suspended' });
  const second = live(setup, store, { fromUs: S });
  expect(valueOf(store, 1)).toEqual(ok());
  expect(second.events.filter(({ type }) => type === 'signal.delivered')).toMatchObject([
    { signal: 'continue' },
  ]);
});

test.each(['kill', 'terminate'] as const)(
  'a %s that was acknowledged is carried out, with the children',
  (name) => {
    const setup: AgentRun = {
      agents: [
        {
          body: [
            spawn('middle'),
            sleep(S),
            signal(2, name),
            signal(2, 'continue'),
            sleep(20 * S),
            waitFor(2),
          ],
        },
      ],
      programs: {
        middle: [spawn('leaf'), burst(9 * S)],
        leaf: [sleep(3 * S), burst(9 * S)],
      },
    };
    // A model that does not stop at once: the signal is acknowledged, the call goes on.
    const kernel = new SteppedKernel(setup);
    kernel.spawn(0, 1);
    const [sleepTimer] = [kernel.requests.find(({ type }) => type === 'timer.set')];
    expect(sleepTimer).toBeDefined();
    const timers = kernel.requests.filter((request) => request.type === 'timer.set');
    kernel.step(S, { type: 'timer.fired', timer: timers.find(({ atUs }) => atUs === S)!.timer });
    expect(kernel.process(2)).toMatchObject({ state: 'running' });
    expect(kernel.requests.map(({ type }) => type)).toContain('call.stop');
    const store = new MemoryStore();
    store.append(kernel.records);
    const outcome = name === 'kill' ? 'killed' : 'cancelled';
    const second = live(setup, store, { fromUs: 2 * S });
    expect(store.processes('run-1').map(({ end }) => end?.outcome)).toEqual(['completed', outcome, outcome]);
    expect(second.events.filter(({ type }) => type === 'call.requested')).toEqual([]);
    expect(second.events.filter(({ type }) => type === 'process.terminated').map(({ atUs }) => atUs)).toEqual(
      [2 * S, 2 * S, 21 * S],
    );
  },
);
