/** Programs that would go on for ever within one instant come to an end, and the kernel with all others goes on. */
import { expect, test } from 'vitest';

import type { Json, Pid } from '../../src/kernel/ids.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import type { StepOutput } from '../../src/kernel/outbox.ts';
import { historyVersion, type HistoryRecord, type ProcessStarted } from '../../src/kernel/records.ts';
import { hashSyscall } from '../../src/kernel/syscall-hash.ts';
import { defaultCapabilities, type ProgramBody, type SyscallResult } from '../../src/kernel/syscalls.ts';
import { kernelOf, runAgents } from '../support/run-agents.ts';
import { burst, callTools, failed, ok, SECOND, sleep, spawn, tool } from '../support/syscalls.ts';

const S = SECOND;

/** No records, no checkers: they would take most of the time. */
function bareKernel(body: ProgramBody): Kernel {
  return new Kernel({ ...kernelOf({ agents: [{ body }, { body: [burst(S)] }] }), records: false });
}

function start(kernel: Kernel, index: number, atUs = 0): StepOutput {
  const name = `agent-${index}`;
  return kernel.step({
    atUs,
    type: 'process.spawned',
    program: name,
    name,
    run: `${name}/${atUs}`,
    arguments: null,
  });
}

const states = (kernel: Kernel): string[] =>
  kernel.snapshot().processes.map(({ state, outcome }) => outcome || state);

// ---- Syscalls ----------------------------------------------------------------------------------------------------------

test.each<readonly [string, ProgramBody]>([
  [
    'asks for messages without waiting',
    function* () {
      for (;;) {
        yield { kind: 'receive', timeoutUs: 0 };
        yield { kind: 'yieldCore' };
      }
    },
  ],
  [
    'sleeps for no time',
    function* () {
      for (;;) yield sleep(0);
    },
  ],
])('a program that %s for ever fails: ITERATION_LIMIT', (_, body) => {
  const kernel = bareKernel(body);
  start(kernel, 2);
  const { events } = start(kernel, 1, 5);
  expect(events.at(-1)).toMatchObject({
    type: 'process.terminated',
    outcome: 'failed',
    code: 'ITERATION_LIMIT',
    message: 'more than 1000000 syscalls at 5 µs; allowed: as many while time passes',
  });
  expect(states(kernel)).toEqual(['running', 'failed']);
});

test('a million syscalls at one instant are allowed, and another million when time has passed', () => {
  const body: ProgramBody = function* () {
    for (let n = 0; n < 999_999; n++) yield sleep(0);
    yield sleep(S);
    for (let n = 0; n < 1_000_000; n++) yield sleep(0);
  };
  const kernel = bareKernel(body);
  start(kernel, 1);
  expect(states(kernel)).toEqual(['waiting']);
  kernel.step({ atUs: S, type: 'timer.fired', timer: 1 as never });
  expect(states(kernel)).toEqual(['completed']);
});

test('syscalls that a history answers do not count', () => {
  const count = 600_000;
  const body: ProgramBody = function* () {
    for (let n = 0; n < 2 * count; n++) yield sleep(0);
  };
  const address = { v: historyVersion, run: 'r', branch: 'main', pid: 1 as Pid };
  const started: ProcessStarted = {
    ...address,
    type: 'process.started',
    parent: 0,
    name: 'a',
    program: 'agent-1',
    programVersion: 1,
    arguments: null,
    priority: 50,
    budget: 'root',
    engine: 'engine',
    capabilities: defaultCapabilities,
    atUs: 0,
  };
  const hash = hashSyscall(sleep(0));
  const result = { ok: true, value: null } as const;
  const history = Array.from({ length: count }, (_, index): HistoryRecord => ({
    ...address,
    type: 'history',
    n: index + 1,
    kind: 'sleep',
    hash,
    result,
    atUs: 0,
  }));
  const kernel = bareKernel(body);
  const processes = [
    {
      started,
      checkpoint: undefined,
      history,
      endedChildren: [],
      mailbox: [],
      batch: undefined,
      signal: undefined,
      stops: [],
      calls: 0,
      journalled: 0,
    },
  ];
  kernel.step({
    atUs: S,
    type: 'run.restored',
    processes,
    lastPid: 1,
    locks: [],
    lastToken: 0,
    semaphores: [],
  });
  expect(states(kernel)).toEqual(['completed']);
});

// ---- Arguments ---------------------------------------------------------------------------------------------------------

const cycle: Record<string, unknown> = {};
cycle['a'] = cycle;
cycle['b'] = cycle;
let twice: unknown = 1;
for (let level = 0; level < 60; level++) twice = [twice, twice];

test.each<readonly [string, unknown, string]>([
  ['hold themselves', cycle, 'calls[0].arguments: too deeply nested; allowed: at most 64 levels'],
  ['have 2^60 paths', twice, 'calls[0].arguments: too many values; allowed: at most 1000000'],
])('arguments that %s are refused before they are hashed', (_, args, words) => {
  const { results, end } = runAgents({ agents: [{ body: [callTools(tool('a', args as Json)), sleep(S)] }] });
  expect(results(1)).toEqual([failed('INVALID_ARGUMENT', words), ok()]);
  expect(end(1).outcome).toBe('completed');
});

// ---- Processes ---------------------------------------------------------------------------------------------------------

/** Spawns itself; `refusals` are what the kernel said against it. */
function selfSpawning(then: () => ReturnType<ProgramBody>) {
  const refusals: string[] = [];
  const body: ProgramBody = function* () {
    const result = (yield spawn('agent-1')) as SyscallResult<number>;
    if (!result.ok) refusals.push(`${result.code} ${result.message}`);
    yield* then();
  };
  return { kernel: bareKernel(body), refusals };
}

test('a program that spawns itself and ends, for ever: PROCESS_LIMIT', () => {
  const { kernel, refusals } = selfSpawning(function* () {});
  start(kernel, 1, 7);
  expect(refusals).toEqual([
    'PROCESS_LIMIT spawn: 100000 processes were started at 7 µs; allowed: as many while time passes',
  ]);
  expect(kernel.alive).toBe(0);
  const names = kernel.snapshot().processes.map(({ name }) => name.length);
  expect(Math.max(...names.slice(0, 1000))).toBe(200);
  // The next one may start as many again.
  start(kernel, 1, 8);
  expect(refusals).toHaveLength(2);
});

test('generations that live one above the other are limited, so that a signal reaches all of them', () => {
  const { kernel, refusals } = selfSpawning(function* () {
    yield { kind: 'receive' };
  });
  start(kernel, 1);
  expect(refusals).toEqual([
    'PROCESS_LIMIT spawn: 1000 generations live down to process 1000; allowed: up to 1000',
  ]);
  expect(kernel.alive).toBe(1_000);
  kernel.step({ atUs: 1, type: 'signal.sent', pid: 1 as Pid, signal: 'kill' });
  expect(kernel.alive).toBe(0);
});

test('living processes are limited; one that comes from outside is refused, and nothing has changed', () => {
  const { kernel, refusals } = selfSpawning(function* () {});
  // A million of them would take minutes of this test.
  const { state } = kernel as unknown as { state: { alive: number } };
  state.alive = 999_999;
  start(kernel, 1);
  expect(refusals).toEqual(['PROCESS_LIMIT spawn: 1000000 processes live; allowed: up to 1000000']);
  state.alive = 1_000_000;
  expect(() => start(kernel, 1, S)).toThrow(expect.objectContaining({ code: 'PROCESS_LIMIT' }));
  expect(kernel.nowUs).toBe(0);
});
