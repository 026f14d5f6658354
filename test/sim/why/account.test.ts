/** Where the time of a process went: to the microsecond what the metrics say, in stretches without gaps, each with what made it as long as it was. */
import { expect, test } from 'vitest';

import type { KernelEvent } from '../../../src/kernel/events.ts';
import { demoBudgets, demoEngines, runDemo } from '../../../src/sim/demo.ts';
import { Metrics } from '../../../src/sim/metrics/metrics.ts';
import type { TimelineMachine } from '../../../src/sim/timeline/folded-state.ts';
import type { Cause, ProcessAccount } from '../../../src/sim/why/account.ts';
import { AccountReader } from '../../../src/sim/why/account-reader.ts';
import { seedCount } from '../../support/seeds.ts';
import { migrating } from '../migrating-worlds.ts';
import { runWorld } from '../random-world.ts';

interface World {
  readonly machine: TimelineMachine;
  readonly events: readonly KernelEvent[];
}

function randomWorld(seed: number): World {
  const events: KernelEvent[] = [];
  let machine: TimelineMachine | undefined;
  runWorld(seed, {
    ...(seed % 3 === 0 ? { alter: migrating(seed) } : {}),
    onFacts: ({ engines, budgets = [] }) => (machine = { engines, budgets }),
    onEvent: (event) => events.push(event),
  });
  return { machine: machine!, events };
}

function accountOf({ machine, events }: World, pid: number, endUs = events.at(-1)!.atUs): ProcessAccount {
  const reader = new AccountReader(machine, pid);
  for (const event of events) reader.read(event);
  return reader.account(endUs)!;
}

function checkTiling({ stretches, spawnedUs, endUs }: ProcessAccount, what: string): void {
  let atUs = spawnedUs;
  for (const { fromUs, toUs, state, fromIndex, toIndex } of stretches) {
    expect(fromUs, what).toBe(atUs);
    expect(fromIndex, what).toBeLessThanOrEqual(toIndex);
    if (state !== 'running') expect(toUs, what).toBeGreaterThan(fromUs);
    atUs = toUs;
  }
  expect(atUs, what).toBe(endUs);
}

test('whoever it is, wherever the run is cut: the split of the metrics, to the microsecond', () => {
  const kinds = new Set<Cause['kind']>();
  for (let seed = 1; seed <= seedCount(16, 2_000); seed++) {
    const { machine, events: all } = randomWorld(seed);
    for (const events of [all, all.slice(0, Math.ceil(all.length / 2))]) {
      const metrics = new Metrics(machine);
      for (const event of events) metrics.onEvent(event);
      const endUs = events.at(-1)!.atUs + 5;
      for (const { pid, split, turnaroundUs, outcome } of metrics.result(endUs).perProcess) {
        const account = accountOf({ machine, events }, pid, endUs);
        const what = `seed ${seed}, process ${pid} of ${events.length} events`;
        expect(account, what).toMatchObject({ split, turnaroundUs, outcome, downUs: 0 });
        checkTiling(account, what);
        for (const { cause } of account.stretches) kinds.add(cause.kind);
      }
    }
  }
  expect([...kinds].toSorted()).toEqual(
    'budget call child lock memory message person queue storage suspended timer tool'.split(' '),
  );
});

/** One engine of one core, and what happens on it. */
const machine: TimelineMachine = {
  engines: [{ name: 'llm', cores: 1, memoryTokens: 1_000 }],
  budgets: [
    { name: 'all' },
    {
      name: 'team',
      parent: 'all',
      limits: [{ resource: 'calls', amount: 1, window: { kind: 'fixed', lengthUs: 1_000 } }],
    },
  ],
};

function stream(...bodies: readonly (readonly [atUs: number, body: object])[]): KernelEvent[] {
  return bodies.map(([atUs, body], index) => ({ seq: index + 1, atUs, ...body }) as KernelEvent);
}
const spawned = (pid: number, priority = 50): object => ({
  type: 'process.spawned',
  pid,
  run: `run-${pid}`,
  parent: 0,
  name: `agent-${pid}`,
  program: 'p',
  priority,
  engine: 0,
  budget: 'team',
});
const requested = (pid: number): object => ({
  type: 'call.requested',
  pid,
  n: 1,
  promptTokens: 40,
  maxOutput: 10,
});
const amounts = { tokens: 50, microDollars: 0, coreUs: 0, node: 'team' };
const dispatched = (pid: number): object => ({
  type: 'process.dispatched',
  pid,
  core: 0,
  n: 1,
  newTokens: 30,
  repeatedTokens: 0,
  loadTokens: 0,
  cachedTokens: 10,
  room: 10,
});
const spent = { newPrefillUs: 3, repeatedPrefillUs: 0, loadUs: 0, core: 0, n: 1, tokensOut: 4 };
const ended = { ...spent, type: 'call.ended', ok: true, tokensIn: 40, tokensCached: 10, microDollars: 0 };

test('ready behind others, preempted for another, and what of a budget it waited for', () => {
  const events = stream(
    [0, spawned(1, 90)],
    [0, requested(1)],
    [0, { type: 'budget.reserved', pid: 1, ...amounts }],
    [0, { type: 'process.ready', pid: 1 }],
    [0, dispatched(1)],
    [10, spawned(2, 20)],
    [10, requested(2)],
    [10, { type: 'process.waiting', pid: 2, on: 'budget' }],
    [10, { type: 'budget.queued', pid: 2, node: 'team' }],
    [1_000, { type: 'budget.reserved', pid: 2, ...amounts }],
    [1_000, { type: 'process.ready', pid: 2 }],
    [1_200, { type: 'call.stopped', pid: 1, by: 'slice', ...spent }],
    [1_200, { type: 'process.ready', pid: 1 }],
    [1_200, dispatched(2)],
    [1_500, { ...ended, pid: 2 }],
    [1_500, { type: 'process.terminated', pid: 2, outcome: 'completed', code: '', message: '' }],
    [1_500, dispatched(1)],
    [1_600, { ...ended, pid: 1 }],
    [1_600, { type: 'process.terminated', pid: 1, outcome: 'completed', code: '', message: '' }],
  );
  const short = { resource: 'calls', used: 0, reserved: 1, limit: 1, asked: 1 };
  const second = accountOf({ machine, events }, 2);
  expect(second.stretches).toMatchObject([
    {
      fromUs: 10,
      toUs: 1_000,
      fromIndex: 8,
      toIndex: 11,
      on: 'budget',
      cause: { node: 'team', short, ahead: [], isPaced: false, end: 'rolled', by: 0 },
    },
    {
      fromUs: 1_000,
      toUs: 1_200,
      state: 'ready',
      cause: { behind: [{ pid: 1, priority: 90 }], dispatches: 0, priority: 20 },
    },
    { fromUs: 1_200, toUs: 1_500, running: { newPrefillUs: 3, decodeUs: 297 }, cause: { end: 'completed' } },
  ]);
  expect(accountOf({ machine, events }, 1).stretches.map(({ cause }) => cause)).toMatchObject([
    { kind: 'call', core: 0, end: 'slice', madeWayFor: 2, cachedTokens: 10, newTokens: 30, tokensOut: 4 },
    { kind: 'queue', behind: [{ pid: 2, priority: 20 }], dispatches: 1, after: 'slice' },
    { kind: 'call', end: 'completed', madeWayFor: 0 },
  ]);
});

test('a kernel that crashed is down until another one restores the process', () => {
  const first = stream(
    [0, spawned(1)],
    [0, { type: 'process.waiting', pid: 1, on: 'timer' }],
    [700, spawned(2)],
  );
  const second = stream(
    [5_000, spawned(2)],
    [6_000, spawned(1)],
    [6_000, { type: 'process.restored', pid: 1, fromCheckpoint: 0, replayed: 0, mail: [] }],
    [6_000, { type: 'process.waiting', pid: 1, on: 'timer' }],
    [6_500, { type: 'process.terminated', pid: 1, outcome: 'failed', code: 'X', message: '' }],
  );
  const account = accountOf({ machine, events: [...first, ...second] }, 1);
  expect(account).toMatchObject({ turnaroundUs: 6_500, downUs: 5_300, outcome: 'failed' });
  expect(account.stretches.map(({ state, fromUs, toUs }) => [state, fromUs, toUs])).toEqual([
    ['waiting', 0, 700],
    ['down', 700, 6_000],
    ['waiting', 6_000, 6_500],
  ]);
  checkTiling(account, 'crash');
});

test('the demonstration, which crashes: each of its agents has an account without gaps', () => {
  const events: KernelEvent[] = [];
  const { processes } = runDemo({ print: () => {}, onEvent: (event) => events.push(event) });
  const demo = { machine: { engines: demoEngines, budgets: demoBudgets }, events };
  for (const { pid, outcome, endUs } of processes) {
    const account = accountOf(demo, pid);
    expect(account).toMatchObject({ outcome, endUs });
    checkTiling(account, `process ${pid}`);
    // The second agent had ended before.
    expect(account.downUs > 0).toBe(pid !== 2);
  }
});

test('who is not there has no account', () => {
  const reader = new AccountReader(machine, 7);
  for (const event of stream([0, spawned(1)])) reader.read(event);
  expect(reader.account(10)).toBeUndefined();
});
