/** Locks and semaphores outlive a crash: who held one holds it still, and nobody else is given it meanwhile. */
import { expect, test } from 'vitest';

import type { KernelEvent } from '../../src/kernel/events.ts';
import type { Json, Pid } from '../../src/kernel/ids.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import { recoveryInput } from '../../src/kernel/recovery.ts';
import type { Acquired } from '../../src/kernel/syscalls.ts';
import { live } from '../support/lives.ts';
import { checkedSimulation, kernelOf, type AgentRun } from '../support/run-agents.ts';
import {
  acquire,
  burst,
  failed,
  ok,
  release,
  SECOND,
  semOpen,
  semPost,
  semWait,
  sleep,
  spawn,
  waitFor,
} from '../support/syscalls.ts';

const S = SECOND;

function valueOf(store: MemoryStore, pid: number): unknown {
  const all = store.runs().flatMap(({ run }) => store.processes(run));
  return all.find((process) => process.pid === pid)?.end?.value;
}

/** Three runs take the same lock in turn, twice, and note what they were told. */
const turns: AgentRun = {
  agents: [0, 1, 2].map((index) => ({
    priority: 50 - index,
    body: function* (sys, state) {
      const seen = (state as { tokens: number[]; at: number[] } | undefined) ?? { tokens: [], at: [] };
      while (seen.tokens.length < 2) {
        yield sleep((index + 1) * S);
        const got = yield acquire('a');
        if (!got.ok) return got.code;
        const { token, ownerEnded } = got.value as Acquired;
        if (ownerEnded) return 'lost';
        seen.tokens.push(token);
        yield burst(3 * S);
        yield release('a');
        seen.at.push(sys.now);
        if (index === 1) yield { kind: 'checkpoint', state: JSON.parse(JSON.stringify(seen)) as Json };
      }
      return seen.tokens;
    },
  })),
};

test('a crash at every step of a run over one lock: each has it once at a time, and nobody loses it', () => {
  const whole = new MemoryStore();
  const { steps } = live(turns, whole);
  expect([1, 2, 3].map((pid) => valueOf(whole, pid))).toEqual([
    [1, 4],
    [2, 5],
    [3, 6],
  ]);
  expect(steps).toBeGreaterThan(15);
  for (let crash = 3; crash < steps; crash++) {
    const store = new MemoryStore();
    const first = live(turns, store, { steps: crash });
    const second = live(turns, store, { steps: 4, fromUs: first.nowUs });
    live(turns, store, { fromUs: second.nowUs });
    const tokens = [1, 2, 3].flatMap((pid) => valueOf(store, pid) as number[]);
    // Who waits asks again, so that the order may differ.
    expect(
      tokens.toSorted((a, b) => a - b),
      `after a crash at step ${crash}`,
    ).toEqual([1, 2, 3, 4, 5, 6]);
  }
});

const held: AgentRun = {
  agents: [
    { body: [acquire('a'), acquire('b'), release('b'), sleep(10 * S), release('a')] },
    { priority: 10, body: [sleep(S), acquire('a')] },
  ],
};

test('what a run holds that is still to be restored is not given to others', () => {
  const store = new MemoryStore();
  live(held, store, { steps: 3 });
  const events: KernelEvent[] = [];
  const simulation = checkedSimulation(kernelOf(held), {
    store,
    onEvent: (event) => void events.push(event),
  });
  // The other run first, a minute before its owner.
  simulation.send(2 * S, recoveryInput(store, 'run-2')!);
  simulation.run(60 * S);
  expect(simulation.kernel.snapshot().locks).toEqual([
    { lock: 'a', owner: 1, token: 1, ownerEnded: false, waiters: [2] },
  ]);
  simulation.send(60 * S, recoveryInput(store, 'run-1')!);
  simulation.run();
  simulation.checkers.finish(true);
  // It is lent the priority of who waited for it before it was there.
  expect(events.find(({ type }) => type === 'process.boosted')).toMatchObject({ pid: 1, priority: 10 });
  expect(store.history('run-2', { branch: 'main' }).at(-1)).toMatchObject({
    atUs: 60 * S,
    result: ok({ lock: 'a', token: 3, ownerEnded: false }),
  });
});

test('what a run has given back since it was restored is not taken from the one that is restored later', () => {
  const store = new MemoryStore();
  live(held, store, { steps: 3 });
  // Both as the crash left them.
  const [first, second] = ['run-1', 'run-2'].map((run) => recoveryInput(store, run)!);
  const simulation = checkedSimulation(kernelOf(held), { store });
  simulation.send(2 * S, first!);
  simulation.run(20 * S);
  simulation.send(20 * S, second!);
  simulation.run();
  simulation.checkers.finish(true);
  expect(store.history('run-2').at(-1)).toMatchObject({
    kind: 'acquire',
    atUs: 20 * S,
    result: { ok: true },
  });
});

test('an owner that ended is remembered through a crash', () => {
  const setup: AgentRun = {
    agents: [{ body: [acquire('a')] }, { body: [sleep(5 * S), acquire('a')] }],
  };
  const store = new MemoryStore();
  live(setup, store, { steps: 2 });
  live(setup, store, { fromUs: 2 * S });
  expect(store.history('run-2').at(-1)!.result).toEqual(ok({ lock: 'a', token: 2, ownerEnded: true }));
});

test('a process is not restored while another holds what it held', () => {
  const store = new MemoryStore();
  live(held, store, { steps: 3 });
  const simulation = checkedSimulation(kernelOf(held));
  simulation.spawn(0, { name: 'other', run: 'other', program: 'agent-1', arguments: null });
  simulation.run(S);
  // From a store of its own, whose processes have other pids.
  const input = recoveryInput(store, 'run-1')!;
  const [one] = input.processes;
  const processes = [{ ...one!, started: { ...one!.started, pid: 7 as Pid } }];
  const locks = [{ lock: 'a', owner: 7 as Pid, token: 1 }];
  expect(() => simulation.kernel.step({ ...input, processes, lastPid: 7, locks, atUs: 2 * S })).toThrow(
    'lock: "a" is not allowed; allowed: a lock that process 7 can have back (process 1 holds it)',
  );
});

test('priority is lent again after a restore', () => {
  const setup: AgentRun = {
    agents: [
      { priority: 80, body: [acquire('a'), sleep(10 * S), release('a')] },
      { priority: 10, body: [acquire('a')] },
    ],
  };
  const store = new MemoryStore();
  live(setup, store, { steps: 2 });
  const { events } = live(setup, store, { fromUs: 2 * S });
  expect(events.filter(({ type }) => type === 'process.boosted')).toMatchObject([{ pid: 1, priority: 10 }]);
});

test('semaphores count on: by all that the processes of the run did, those that have ended included', () => {
  const setup: AgentRun = {
    agents: [
      {
        body: [
          semOpen('s', 1),
          spawn('poster'),
          waitFor(2),
          semWait('s'),
          sleep(5 * S),
          semWait('s'),
          semWait('s'),
          semWait('s', 0),
        ],
      },
    ],
    programs: { poster: [semPost('s'), semPost('s'), sleep(S)] },
  };
  const whole = new MemoryStore();
  const { steps } = live(setup, whole);
  const results = (store: MemoryStore) =>
    store.history('run-1', { pid: 1 as Pid }).map(({ result }) => result);
  expect(results(whole).slice(-4)).toEqual([
    ok(),
    ok({ semaphore: 's', count: 1 }),
    ok({ semaphore: 's', count: 0 }),
    failed('TIMEOUT'),
  ]);
  for (let crash = 1; crash < steps; crash++) {
    const store = new MemoryStore();
    const first = live(setup, store, { steps: crash });
    live(setup, store, { fromUs: first.nowUs });
    expect(results(store).slice(-4), `after a crash at step ${crash}`).toEqual(results(whole).slice(-4));
  }
});

test('who gives up after a time has waited before the crash, too', () => {
  const setup: AgentRun = {
    agents: [{ body: [acquire('a'), sleep(60 * S)] }, { body: [acquire('a', 10 * S)] }],
  };
  const store = new MemoryStore();
  live(setup, store, { steps: 2 });
  live(setup, store, { fromUs: 4 * S });
  expect(store.history('run-2').at(-1)).toMatchObject({ atUs: 10 * S, result: failed('TIMEOUT') });
});
