/** Deadlocks are told when they close, with their members; by option one of these gives way. Nothing else is taken for one. */
import { expect, test } from 'vitest';

import type { KernelEvent } from '../../src/kernel/events.ts';
import type { ProgramBody, Syscall } from '../../src/kernel/syscalls.ts';
import { runAgents, type AgentRun } from '../support/run-agents.ts';
import { checkDeadlocks } from '../support/deadlock-search.ts';
import {
  acquire,
  callTools,
  failed,
  ok,
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

const S = SECOND;
const receive: Syscall = { kind: 'receive' };

function run(setup: AgentRun) {
  const ran = runAgents(setup);
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

const opposite: AgentRun = {
  agents: [
    { priority: 40, body: [acquire('a'), sleep(S), acquire('b'), release('b'), release('a')] },
    { priority: 60, body: [acquire('b'), sleep(2 * S), acquire('a'), release('a'), release('b')] },
  ],
};

test('two locks in opposite order', () => {
  const { events, all, kernel } = run(opposite);
  expect(told(events)).toEqual([[2, [1, 2], 0]]);
  expect(all('deadlock.detected')[0]!.members).toEqual([
    { pid: 1, on: 'lock', what: 'b', waitsFor: [2] },
    { pid: 2, on: 'lock', what: 'a', waitsFor: [1] },
  ]);
  // It is told, and nothing else happens.
  expect(kernel.alive).toBe(2);
  expect(kernel.snapshot().processes.map(({ isDeadlocked }) => isDeadlocked)).toEqual([true, true]);
});

test('resolved, the least urgent is told so and keeps what it holds; when it ends the other goes on', () => {
  const { events, results, end } = run({ ...opposite, kernel: { deadlocks: 'resolve' } });
  expect(told(events)).toEqual([[2, [1, 2], 2]]);
  expect(results(2)[2]).toEqual(
    failed('DEADLOCK', 'nobody of these goes on unless another does: process 1 (lock b), 2 (lock a)'),
  );
  // Its program goes on without the lock, and releases the other one.
  expect(results(2).slice(3)).toEqual([failed('NOT_OWNER'), ok({ lock: 'b', token: 2 })]);
  expect(results(1)[2]).toEqual(ok({ lock: 'b', token: 3, ownerEnded: false }));
  expect([end(1).outcome, end(1).atUs]).toEqual(['completed', 2 * S]);
});

test('the least urgent gives way, of equals the youngest', () => {
  const victims = (first: number, second: number) =>
    told(
      run({
        agents: opposite.agents.map(({ body }, index) => ({ body, priority: index === 0 ? first : second })),
        kernel: { deadlocks: 'resolve' },
      }).events,
    ).map(([, , victim]) => victim);
  expect([victims(60, 40), victims(40, 60), victims(50, 50)]).toEqual([[1], [2], [2]]);
});

test('who is stopped gives way only where nobody else can', () => {
  const { agents } = opposite;
  const stops = (...pids: number[]) => pids.map((pid) => [1.5 * S, pid, 'stop'] as const);
  const waitsFirst = { agents, kernel: { deadlocks: 'resolve' } } as const;
  // The first, the more urgent one, waits from 1 s on; the second joins it at 2 s.
  expect(told(run({ ...waitsFirst, signals: stops(1) }).events)).toEqual([[2, [1, 2], 2]]);
  const [urgent, other] = agents;
  const turned = [{ ...urgent!, priority: 80 }, other!];
  expect(told(run({ ...waitsFirst, agents: turned }).events)).toEqual([[2, [1, 2], 1]]);
  expect(told(run({ ...waitsFirst, agents: turned, signals: stops(1) }).events)).toEqual([[2, [1, 2], 2]]);
});

/** Each takes the fork on its left, then that on its right. */
const philosopher = (seat: number, seats: number): ProgramBody =>
  function* () {
    const [left, right] = [`fork-${seat}`, `fork-${(seat + 1) % seats}`];
    for (let meals = 0; meals < 3;) {
      yield acquire(left);
      yield sleep(S);
      const second = yield acquire(right);
      if (second.ok) {
        yield sleep(S);
        meals++;
        yield release(right);
      }
      yield release(left);
      // Who had to give way lets the others eat.
      if (!second.ok) yield sleep(5 * S);
    }
    return 'full';
  };
const table = (seats: number): AgentRun['agents'] =>
  Array.from({ length: seats }, (_, seat) => ({ body: philosopher(seat, seats) }));

test('dining philosophers starve, and it is told at the last fork', () => {
  const { events, kernel } = run({ agents: table(5) });
  expect(told(events)).toEqual([[1, [1, 2, 3, 4, 5], 0]]);
  expect(kernel.alive).toBe(5);
});

test('dining philosophers of which one gives way all eat', () => {
  const { events, value, kernel } = run({ agents: table(5), kernel: { deadlocks: 'resolve' } });
  expect(kernel.alive).toBe(0);
  expect([1, 2, 3, 4, 5].map((pid) => value(pid))).toEqual(Array(5).fill('full'));
  expect(told(events)[0]).toEqual([1, [1, 2, 3, 4, 5], 5]);
});

test('a delegation cycle: the parent waits for its child, the child for the lock of its parent', () => {
  const { events, results, all } = run({
    agents: [{ body: [acquire('a'), spawn('child'), waitFor(2), release('a')] }],
    programs: { child: [sleep(S), acquire('a')] },
    kernel: { deadlocks: 'resolve' },
  });
  expect(all('deadlock.detected')[0]!.members).toEqual([
    { pid: 1, on: 'child', what: '', waitsFor: [2] },
    { pid: 2, on: 'lock', what: 'a', waitsFor: [1] },
  ]);
  expect(told(events)).toEqual([[1, [1, 2], 2]]);
  // The child's program ends when its lock is refused.
  expect(results(1)[2]).toMatchObject(ok({ pid: 2, outcome: 'completed', value: null }));
});

test('a delegation cycle by messages: parent and child wait for each other', () => {
  const setup: AgentRun = {
    agents: [{ body: [spawn('child'), waitFor(2)] }, { body: [sleep(9 * S)] }],
    programs: { child: [receive] },
  };
  const { all, events } = run(setup);
  expect(told(events)).toEqual([[0, [1, 2], 0]]);
  expect(all('deadlock.detected')[0]!.members[1]).toEqual({ pid: 2, on: 'message', what: '', waitsFor: [] });
});

test('a cycle through runs, suspended members and any child', () => {
  const { events } = run({
    agents: [
      { body: [acquire('b'), sleep(5 * S), acquire('a')] },
      { body: [acquire('a'), spawn('child'), spawn('child'), waitFor(0)] },
    ],
    programs: { child: [acquire('b')] },
    signals: [[S, 3, 'stop']],
  });
  // Both children wait for the other run's lock: until its owner waits, too, nothing is lost.
  expect(told(events)).toEqual([[5, [1, 2, 3, 4], 0]]);
});

test('who waits behind a deadlock is no member of it', () => {
  const { events } = run({
    ...opposite,
    agents: [...opposite.agents, { body: [sleep(3 * S), acquire('a')] }],
  });
  expect(told(events)).toEqual([[2, [1, 2], 0]]);
});

test('a deadlock that loses a member is over; what is left of a larger one is told again', () => {
  const { events, kernel } = run({
    agents: [{ body: [spawn('idle'), spawn('idle'), receive] }],
    programs: { idle: [receive] },
    signals: [[S, 3, 'kill']],
  });
  expect(told(events)).toEqual([
    [0, [1, 2, 3], 0],
    [1, [1, 2], 0],
  ]);
  expect(kernel.snapshot().processes.map(({ isDeadlocked }) => isDeadlocked)).toEqual([true, true, false]);
});

test('a semaphore that nobody is left to post', () => {
  const { events } = run({
    agents: [{ body: [semOpen('s', 0), spawn('worker'), semWait('s')] }],
    programs: { worker: [sleep(S)] },
  });
  // The worker could have posted, until it ended.
  expect(told(events)).toEqual([[1, [1], 0]]);
});

test('what can come by itself, or from outside, is none', () => {
  const { events } = run({
    agents: [
      // With a time limit.
      { body: [acquire('a'), sleep(S), acquire('b', S)] },
      { body: [acquire('b'), sleep(S), acquire('a')] },
      // A member of the run sleeps, and posts then.
      { body: [semOpen('s', 0), spawn('late'), semWait('s')] },
      // A server: who knows who may come.
      { body: [receive] },
      // A process of another run may send to all.
      { body: [spawn('listener'), receive] },
      { capabilities: { send: 'all' }, body: [sleep(9 * S), send(5, 'x')] },
      // Tools end by themselves.
      { body: [acquire('c'), callTools(tool('edit', {}, { durationUs: 5 * S })), release('c')] },
      { body: [callTools(tool('edit')), acquire('c')] },
    ],
    programs: { late: [sleep(S), semPost('s')], listener: [sleep(S)] },
    kernel: {
      tools: [
        {
          name: 'edit',
          description: 'x',
          parameters: { type: 'object' },
          effects: () => ({ reads: [], writes: ['f'] }),
        },
      ],
      engines: [{ cores: 8 }],
    },
  });
  expect(told(events)).toEqual([]);
});

test('when the last that may send to all runs ends, who waits for messages is looked at again', () => {
  const { events } = run({
    agents: [{ capabilities: { send: 'all' }, body: [sleep(3 * S)] }, { body: [spawn('child'), waitFor(3)] }],
    programs: { child: [receive] },
  });
  expect(told(events)).toEqual([[3, [2, 3], 0]]);
});

test('a family that is killed one after another is no deadlock in between', () => {
  const { events } = run({
    agents: [{ body: [spawn('idle'), spawn('idle'), sleep(9 * S)] }],
    programs: { idle: [receive] },
    signals: [[S, 1, 'kill']],
  });
  expect(told(events)).toEqual([]);
});
