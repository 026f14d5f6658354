/** Stored runs whose numbers are those of others go on side by side in one kernel: each knows its own numbers alone. */
import { expect, test } from 'vitest';

import type { Json, Pid } from '../../src/kernel/ids.ts';
import type { KernelEvent } from '../../src/kernel/events.ts';
import type { Input } from '../../src/kernel/inputs.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import { recoveryInput } from '../../src/kernel/recovery.ts';
import type { Request, ToolStart } from '../../src/kernel/requests.ts';
import type { ProgramBody, SyscallResult } from '../../src/kernel/syscalls.ts';
import { checkedSimulation, kernelOf, type AgentRun } from '../support/run-agents.ts';
import {
  acquire,
  callTools,
  failed,
  ok,
  release,
  SECOND,
  send,
  sleep,
  spawn,
  tool,
  waitFor,
} from '../support/syscalls.ts';

const S = SECOND;

/** What storage holds of `run`, a life of its own in which process 1 is its root, when it was cut off at `untilUs`. */
function storedRun(setup: AgentRun, run: string, untilUs: number, store = new MemoryStore()): MemoryStore {
  const simulation = checkedSimulation(kernelOf(setup), { store });
  simulation.spawn(0, { program: 'agent-1', name: run, run, arguments: run });
  simulation.run(untilUs);
  return store;
}

interface Together {
  readonly store: MemoryStore;
  readonly events: readonly KernelEvent[];
  readonly requests: readonly Request[];
  readonly inputs: readonly Input[];
  readonly simulation: ReturnType<typeof checkedSimulation>;
  /** The pid here of a process of a run. */
  readonly pidOf: (run: string, runPid: number) => number;
}

/** One kernel, in which another run has pid 1, goes on with `runs` of `store` at `atUs`. */
function together(
  setup: AgentRun,
  store: MemoryStore,
  runs: readonly string[],
  atUs: number,
  toUs?: number,
): Together {
  const events: KernelEvent[] = [];
  const requests: Request[] = [];
  const inputs: Input[] = [];
  const kernel = kernelOf(setup);
  const idle = { name: 'idle', version: 1, body: sleeping };
  const simulation = checkedSimulation(
    { ...kernel, programs: [...kernel.programs!, idle] },
    {
      store,
      onEvent: (event) => void events.push(event),
      onInput: (input) => void inputs.push(input),
      onOutput: (output) => void requests.push(...output.requests),
    },
  );
  simulation.spawn(0, { program: 'idle', name: 'idle', run: 'idle', arguments: null });
  for (const run of runs) {
    const input = recoveryInput(store, run)!;
    simulation.send(atUs, input);
  }
  simulation.run(toUs);
  return {
    store,
    events,
    requests,
    inputs,
    simulation,
    pidOf: (run, pid) => simulation.kernel.pidOf(run, pid as Pid)!,
  };
}

function* sleeping(): ReturnType<ProgramBody> {
  yield sleep(3_600 * S);
}

const valueOf = (store: MemoryStore, run: string, pid = 1): Json | undefined =>
  store.processes(run).find((process) => process.pid === pid)?.end?.value;

/** Tells who it is, has a child that writes to it and is written to, and calls a tool in each. */
const family: AgentRun = {
  kernel: {
    tools: [
      {
        name: 'write',
        description: 'Writes.',
        parameters: { type: 'object' },
        effects: () => ({ reads: [], writes: [] }),
      },
    ],
  },
  agents: [
    {
      *body(sys) {
        const seen: Json[] = [[sys.pid, sys.parent]];
        const say = (result: unknown): void => void seen.push(result as Json);
        say(yield callTools(tool('write', {}, { result: 'one', durationUs: S })));
        yield sleep(10 * S);
        const child = (yield spawn('child')) as SyscallResult<Pid>;
        say(child);
        say(yield send(2, 'to my child'));
        say(yield { kind: 'receive' });
        say(yield send(3, 'to nobody'));
        say(yield { kind: 'signal', pid: 2 as Pid, signal: 'stop' });
        say(yield { kind: 'signal', pid: 2 as Pid, signal: 'continue' });
        say(yield waitFor(2));
        say(yield waitFor(2));
        return seen;
      },
    },
  ],
  programs: {
    *child(sys) {
      const mail = (yield { kind: 'receive' }) as SyscallResult<Json>;
      yield callTools(tool('write', {}, { result: 'two', durationUs: S }));
      yield send(sys.parent, { said: [sys.pid, sys.parent], mail: mail as unknown as Json });
      yield sleep(5 * S);
      return 'child';
    },
  },
};

test('two runs of the same pids go on in one kernel, each with its own numbers', () => {
  const store = storedRun(family, 'a', 5 * S);
  storedRun(family, 'b', 5 * S, store);
  const alone = storedRun(family, 'c', 60 * S);
  const { events, requests, inputs, simulation, pidOf } = together(
    family,
    store,
    ['a', 'b'],
    20 * S,
    100 * S,
  );
  const said = JSON.parse(JSON.stringify(valueOf(alone, 'c'))) as Json[];
  expect(said[2]).toEqual(ok(2));
  expect(said[4]).toEqual(
    ok({ from: 2, message: { said: [2, 1], mail: ok({ from: 1, message: 'to my child' }) } }),
  );
  for (const run of ['a', 'b']) {
    expect(valueOf(store, run)).toEqual(said);
    expect(store.processes(run).map(({ pid, parent }) => [pid, parent])).toEqual([
      [1, 0],
      [2, 1],
    ]);
  }
  const told = events.flatMap((event) =>
    event.type === 'process.spawned' ? [[event.run, event.pid, event.runPid, event.parent]] : [],
  );
  expect(told).toEqual([
    ['idle', 1, undefined, 0],
    ['a', 2, 1, 0],
    ['b', 3, 1, 0],
    ['a', 4, 2, 2],
    ['b', 5, 2, 3],
  ]);
  expect(['a', 'b'].map((run) => [pidOf(run, 1), pidOf(run, 2), pidOf(run, 4)])).toEqual([
    [2, 4, undefined],
    [3, 5, undefined],
  ]);
  // The inputs are all that a recording needs.
  const again = new Kernel(simulation.kernel.options);
  const replayed = inputs.flatMap((input) => [
    ...again.step(JSON.parse(JSON.stringify(input)) as Input).events,
  ]);
  expect(replayed).toEqual(events);
  const starts = requests.filter((request): request is ToolStart => request.type === 'tool.start');
  expect(starts.map(({ pid, identity }) => [pid, identity.run, identity.pid])).toEqual([
    [4, 'a', 2],
    [5, 'b', 2],
  ]);
});

test('what a run with numbers of its own has stored goes on again, in a kernel where they are free and in one where they are not', () => {
  const store = storedRun(family, 'a', 5 * S);
  together(family, store, ['a'], 6 * S, 12 * S);
  expect(store.processes('a').map(({ pid, end }) => [pid, end?.outcome])).toEqual([
    [1, undefined],
    [2, undefined],
  ]);
  together(family, store, ['a'], 12 * S, 13 * S);
  const simulation = checkedSimulation(kernelOf(family), { store });
  simulation.send(14 * S, recoveryInput(store, 'a')!);
  simulation.run();
  expect(valueOf(store, 'a')).toEqual(valueOf(storedRun(family, 'c', 60 * S), 'c'));
});

test('a run that has ended goes on in the same kernel as another branch, and a fork of it beside it', () => {
  const setup: AgentRun = {
    agents: [
      {
        *body(sys) {
          const first = yield callTools(tool('write', {}, { result: sys.pid, durationUs: S }));
          yield callTools(tool('write', {}, { result: null, durationUs: 30 * S }));
          return [sys.pid, first as unknown as Json];
        },
      },
    ],
    ...(family.kernel === undefined ? {} : { kernel: family.kernel }),
  };
  const store = storedRun(setup, 'a', 5 * S);
  // The same run under another name, as somebody who imports it has it.
  storedRun(setup, 'b', 5 * S, store);
  const input = recoveryInput(store, 'a')!;
  const { simulation, events } = together(setup, store, ['a'], 20 * S, 60 * S);
  expect(valueOf(store, 'a')).toEqual([1, ok([ok(1)])]);
  const [one] = input.processes;
  const branch = 'again';
  store.append([
    { v: 1, type: 'run.started', run: 'a', branch, atUs: 60 * S },
    { ...one!.started, branch },
    ...one!.history.map((record) => ({ ...record, branch })),
  ]);
  const again = recoveryInput(store, 'a', () => branch)!;
  simulation.send(60 * S, again);
  simulation.send(60 * S, recoveryInput(store, 'b')!);
  expect(() => simulation.kernel.step({ ...again, processes: [], atUs: 60 * S })).toThrow('at least one');
  simulation.run(70 * S);
  // While it is at work nobody can go on with it twice.
  expect(() => simulation.kernel.step({ ...again, atUs: 70 * S })).toThrow(
    'run: "a" is not allowed; allowed: a run that is not at work here',
  );
  simulation.run();
  const ends = store.records('a', branch).filter(({ type }) => type === 'process.ended');
  expect(ends).toMatchObject([{ pid: 1, branch, outcome: 'completed' }]);
  const spawned = events.flatMap((event) => (event.type === 'process.spawned' ? [event.pid] : []));
  expect(spawned).toEqual([1, 2, 3, 4]);
});

test('locks are of runs: a number that another run has, too, owns nothing', () => {
  const setup: AgentRun = {
    agents: [
      {
        *body(sys) {
          const seen: Json[] = [];
          const lock = sys.args as string;
          seen.push((yield acquire(lock)) as unknown as Json);
          yield sleep(10 * S);
          seen.push((yield acquire('a', 0)) as unknown as Json);
          seen.push((yield release(lock)) as unknown as Json);
          yield sleep(10 * S);
          return seen;
        },
      },
    ],
  };
  const store = storedRun(setup, 'a', S);
  storedRun(setup, 'b', S, store);
  const { events } = together(setup, store, ['b', 'a'], 20 * S);
  // It stands with its owner before that is there.
  expect(
    events.flatMap((event) => (event.type === 'lock.restored' ? [[event.lock, event.owner]] : [])),
  ).toEqual([
    ['a', 2],
    ['b', 3],
  ]);
  expect(valueOf(store, 'b')).toEqual([
    ok({ lock: 'b', token: 1, ownerEnded: false }),
    failed('TIMEOUT', 'lock "a" is held by a process of another run'),
    ok({ lock: 'b', token: 1 }),
  ]);
  expect(valueOf(store, 'a')).toEqual([
    ok({ lock: 'a', token: 1, ownerEnded: false }),
    failed('DEADLOCK', 'lock: "a" is held by process 1 itself'),
    ok({ lock: 'a', token: 1 }),
  ]);
});

test('who may write to all runs has no number in another namespace: it is the world there, and only the numbers of the run reach anybody', () => {
  const mayAll = { send: 'all', signal: 'all' } as const;
  const setup: AgentRun = {
    agents: [
      {
        *body() {
          const mail = yield { kind: 'receive' };
          // Pid 1 is another's.
          const sent = yield send(1, 'to myself');
          const stopped = yield { kind: 'signal', pid: 2 as Pid, signal: 'kill' };
          return [mail, sent, stopped] as unknown as Json;
        },
      },
    ],
    programs: {
      *writer() {
        yield sleep(30 * S);
        yield send(2, 'hello');
      },
    },
  };
  const store = new MemoryStore();
  const first = checkedSimulation(kernelOf(setup), { store });
  first.spawn(0, { program: 'agent-1', name: 'a', run: 'a', arguments: null, capabilities: mayAll });
  first.run();
  const simulation = checkedSimulation(kernelOf(setup), { store });
  simulation.spawn(0, { program: 'writer', name: 'w', run: 'w', arguments: null, capabilities: mayAll });
  simulation.send(20 * S, recoveryInput(store, 'a')!);
  simulation.run();
  expect(valueOf(store, 'a')).toEqual([
    ok({ from: 0, message: 'hello' }),
    ok(),
    failed('UNKNOWN_PROCESS', 'pid: 2 is not a process that runs'),
  ]);
  expect(store.processes('w')[0]!.end).toMatchObject({ outcome: 'completed' });
});

test('numbers of processes that have ended are taken, too', () => {
  const setup: AgentRun = {
    agents: [
      {
        capabilities: { signal: 'all' },
        *body(sys) {
          if (sys.args === 'b') yield spawn('child');
          if (sys.args === 'b') yield waitFor(2);
          yield sleep(10 * S);
          return (yield { kind: 'signal', pid: 2 as Pid, signal: 'kill' }) as unknown as Json;
        },
      },
    ],
    programs: {
      *child() {
        yield sleep(1);
        return null;
      },
    },
  };
  const store = storedRun(setup, 'b', S);
  const kernel = kernelOf(setup);
  const simulation = checkedSimulation(kernel, { store });
  const { lastPid, ...input } = recoveryInput(store, 'b')!;
  expect(input.ended).toEqual([2]);
  // Another run that is to have pid 2 is there first.
  const other = storedRun({ agents: [], programs: { 'agent-1': setup.agents[0]!.body } }, 'x', S);
  const { processes, ...rest } = recoveryInput(other, 'x')!;
  const [one] = processes;
  store.append([
    { v: 1, type: 'run.started', run: 'x', branch: 'main', atUs: 0 },
    { ...one!.started, pid: 2 as Pid },
    ...one!.history.map((record) => ({ ...record, pid: 2 as Pid })),
  ]);
  simulation.send(20 * S, {
    ...rest,
    lastPid: 2,
    processes: [{ ...one!, started: { ...one!.started, pid: 2 as Pid } }],
  });
  simulation.send(20 * S, { ...input, lastPid });
  simulation.run();
  const spawned = simulation.kernel.snapshot().processes.map(({ pid, runPid, run }) => [pid, runPid, run]);
  expect(spawned).toEqual([
    [2, 2, 'x'],
    [3, 1, 'b'],
  ]);
  expect(valueOf(store, 'b')).toEqual(failed('UNKNOWN_PROCESS', 'pid: 2 is not a process that runs'));
});

test('a restore of numbers that are none, or are out of all reach', () => {
  const store = storedRun(family, 'a', 5 * S);
  const simulation = checkedSimulation(kernelOf(family), { store });
  const input = recoveryInput(store, 'a')!;
  const [one] = input.processes;
  const withPid = (pid: number, lastPid: number) => ({
    ...input,
    lastPid,
    processes: [{ ...one!, started: { ...one!.started, pid: pid as Pid } }],
    atUs: 20 * S,
  });
  for (const pid of [0, -1, 0.5, 3])
    expect(() => simulation.kernel.step(withPid(pid, 2))).toThrow(
      `pid: ${pid} is not allowed; allowed: an integer from 1 to lastPid, 2`,
    );
  expect(() => simulation.kernel.step({ ...input, processes: [one!, one!], atUs: 20 * S })).toThrow(
    'pid: 1 is not allowed; allowed: a pid that no other process of the run has',
  );
  // It gets a namespace rather than a table of billions.
  simulation.kernel.step(withPid(4_000_000_000, 4_000_000_000));
  expect(simulation.kernel.snapshot().processes).toMatchObject([{ pid: 1, runPid: 4_000_000_000 }]);
});
