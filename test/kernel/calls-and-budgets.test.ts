/** Model calls against budgets, end to end: what can never fit, what waits, what is settled to how much. */
import { expect, test } from 'vitest';

import type { BudgetLimit, BudgetNodeSpec, BudgetResource } from '../../src/kernel/budget-limits.ts';
import type { EngineOptions } from '../../src/kernel/engine-options.ts';
import { fifo } from '../../src/policies/scheduling/fifo.ts';
import { runAgents, type Agent } from '../support/run-agents.ts';
import { SteppedKernel } from '../support/step-kernel.ts';
import { allocate, burst, failed, HOUR, MINUTE, SECOND, think } from '../support/syscalls.ts';

const S = SECOND;

function fixed(resource: BudgetResource, amount: number, lengthUs = HOUR): BudgetLimit {
  return { resource, amount, window: { kind: 'fixed', lengthUs } };
}
const sliding = (resource: BudgetResource, amount: number, lengthUs = HOUR): BudgetLimit => ({
  resource,
  amount,
  window: { kind: 'sliding', lengthUs },
});
const total = (resource: BudgetResource, amount: number): BudgetLimit => ({
  resource,
  amount,
  window: { kind: 'total' },
});
const node = (name: string, limits: readonly BudgetLimit[], parent?: string): BudgetNodeSpec => ({
  name,
  limits,
  ...(parent === undefined ? {} : { parent }),
});

/** Arrival, budget node and answer tokens of its calls, each of which takes 1 s. */
function caller(atUs: number, budget: string, ...tokens: number[]): Agent {
  return {
    atUs,
    budget,
    body: tokens.map((maxOutput) => burst(S, { maxOutput, script: { tokensOut: maxOutput, durationUs: S } })),
  };
}
const dispatches = (all: ReturnType<typeof runAgents>['all'], pid: number) =>
  all('process.dispatched', pid).map(({ atUs }) => atUs);

// ---- Never ---

test.each(['fixed', 'sliding', 'total'] as const)(
  'what no window can ever hold fails at once: BUDGET_EXCEEDED (%s)',
  (kind) => {
    const limit = { fixed, sliding, total }[kind]('tokens', 100);
    const { results, end } = runAgents({
      agents: [caller(0, 'team', 101, 100)],
      kernel: { budgets: [node('team', [limit])] },
    });
    expect(results(1)).toEqual([
      failed('BUDGET_EXCEEDED', '101 tokens; allowed: what budget team of 100 can ever give'),
      expect.objectContaining({ ok: true }),
    ]);
    expect(end(1).outcome).toBe('completed');
  },
);

test('a total that is used up fails, it does not wait for ever', () => {
  const { results } = runAgents({
    agents: [caller(0, 'team', 60, 60, 40)],
    kernel: { budgets: [node('team', [total('tokens', 100)])] },
  });
  expect(results(1).map((result) => result.ok)).toEqual([true, false, true]);
});

test('a limit of an ancestor counts, too, and is named', () => {
  const { results } = runAgents({
    agents: [caller(0, 'agent', 200)],
    kernel: {
      budgets: [
        node('org', [fixed('tokens', 150)]),
        node('team', [], 'org'),
        node('agent', [fixed('tokens', 500)], 'team'),
      ],
    },
  });
  expect(results(1)).toEqual([failed('BUDGET_EXCEEDED', 'budget org of 150')]);
});

// ---- Waiting -----------------------------------------------------------------------------------------------------------

test('out of budget, a call waits until the window rolls, to the microsecond', () => {
  const { all, end } = runAgents({
    agents: [caller(10 * S, 'team', 60, 60)],
    kernel: { budgets: [node('team', [fixed('tokens', 100)])] },
  });
  expect(dispatches(all, 1)).toEqual([10 * S, HOUR]);
  expect(all('process.waiting').map(({ atUs, on }) => [atUs, on])).toEqual([[11 * S, 'budget']]);
  expect(end(1).outcome).toBe('completed');
});

test('a sliding window lets a call go on as soon as what it needs has slid out', () => {
  const { all } = runAgents({
    agents: [caller(0, 'team', 40), caller(60 * S, 'team', 50), caller(120 * S, 'team', 50)],
    kernel: { budgets: [node('team', [sliding('tokens', 100)])] },
  });
  // At 120 s 90 are used; the 40 of the start leave after an hour.
  expect([1, 2, 3].map((pid) => dispatches(all, pid))).toEqual([[0], [60 * S], [HOUR]]);
});

test('what a call did not use goes back at its end, and who waits for it goes on then', () => {
  const { all } = runAgents({
    agents: [
      {
        budget: 'team',
        body: [burst(5 * S, { maxOutput: 100, script: { tokensOut: 30, durationUs: 5 * S } })],
      },
      caller(S, 'team', 70),
    ],
    kernel: { budgets: [node('team', [fixed('tokens', 100)])], engines: [{ cores: 2 }] },
  });
  expect(dispatches(all, 2)).toEqual([5 * S]);
});

test("a node's first waiter is not overtaken by one that would fit", () => {
  const { all } = runAgents({
    agents: [caller(0, 'team', 50), caller(2 * S, 'team', 80), caller(3 * S, 'team', 10)],
    kernel: { budgets: [node('team', [fixed('tokens', 100)])] },
  });
  expect(dispatches(all, 2)).toEqual([HOUR]);
  expect(dispatches(all, 3)).toEqual([HOUR + S]);
});

test('who is out of his own budget is in nobody else’s way', () => {
  const { all } = runAgents({
    agents: [caller(0, 'a', 60, 60), caller(2 * S, 'b', 60)],
    kernel: {
      budgets: [
        node('org', [fixed('tokens', 1_000)]),
        node('a', [fixed('tokens', 100)], 'org'),
        node('b', [fixed('tokens', 100)], 'org'),
      ],
    },
  });
  expect(dispatches(all, 1)).toEqual([0, HOUR]);
  expect(dispatches(all, 2)).toEqual([2 * S]);
});

test('a waiter that leaves takes its late retry with it: the next one goes on when it can', () => {
  // Agent 2 needs both entries to leave the window, agent 3 only the first.
  const { all } = runAgents({
    agents: [
      caller(0, 'team', 50),
      caller(30 * MINUTE, 'team', 50),
      caller(40 * MINUTE, 'team', 80),
      caller(41 * MINUTE, 'team', 40),
    ],
    kernel: { budgets: [node('team', [sliding('tokens', 100)])] },
    signals: [[50 * MINUTE, 3, 'kill']],
  });
  expect(dispatches(all, 4)).toEqual([HOUR]);
});

test('a settlement that brings the retry forward is noticed', () => {
  const { all } = runAgents({
    agents: [
      caller(0, 'team', 40),
      {
        atUs: 30 * MINUTE,
        budget: 'team',
        body: [burst(20 * MINUTE, { maxOutput: 60, script: { tokensOut: 5, durationUs: 20 * MINUTE } })],
      },
      caller(31 * MINUTE, 'team', 80),
    ],
    kernel: { budgets: [node('team', [sliding('tokens', 100)])], engines: [{ cores: 2 }] },
  });
  // With all of the 60 reserved it could not go on before 90 min; 5 of them were used.
  expect(dispatches(all, 3)).toEqual([HOUR]);
});

test('when nobody waits for budget any more, nothing is left to wake up for', () => {
  const { simulation } = runAgents({
    agents: [caller(0, 'team', 60, 60)],
    kernel: { budgets: [node('team', [fixed('tokens', 100)])] },
    signals: [[10 * S, 1, 'kill']],
  });
  expect(simulation.nowUs).toBe(10 * S);
});

test('a waiting process is not on a core, and others use it', () => {
  const { all } = runAgents({
    agents: [caller(0, 'team', 60, 60), { atUs: 2 * S, budget: 'free', body: [burst(MINUTE)] }],
    kernel: { budgets: [node('team', [fixed('tokens', 100)]), node('free', [])] },
  });
  expect(dispatches(all, 2)).toEqual([2 * S]);
});

// ---- Resources ---------------------------------------------------------------------------------------------------------

test('calls: the second of one call an hour waits', () => {
  const { all } = runAgents({
    agents: [caller(0, 'team', 1, 1)],
    kernel: { budgets: [node('team', [fixed('calls', 1)])] },
  });
  expect(dispatches(all, 1)).toEqual([0, HOUR]);
});

const prices = { input: 2_000_000, cachedInput: 1_000_000, output: 10_000_000 };

test('money: reserved for a prompt that finds nothing in memory, settled to what it cost', () => {
  const { all, kernel } = runAgents({
    agents: [{ budget: 'team', body: [allocate(100), think(10), think(10)] }],
    kernel: { budgets: [node('team', [fixed('microDollars', 1_000)])], engines: [{ prices }] },
  });
  // 100 × 2 + 10 × 10; the second finds the prompt in memory: 100 × 1 + 10 × 10.
  expect(all('budget.reserved').map(({ microDollars }) => microDollars)).toEqual([300, 300]);
  expect(all('call.ended').map(({ microDollars }) => microDollars)).toEqual([300, 200]);
  expect(kernel.snapshot().processes[0]!.usage.microDollars).toBe(500);
  expect(kernel.snapshot().budgets[0]!.limits).toMatchObject([{ used: 500, reserved: 0 }]);
});

test('money: a fraction of a micro-dollar is rounded up, once for each call', () => {
  const { kernel } = runAgents({
    agents: [{ body: [allocate(1), think(1)] }],
    kernel: { engines: [{ prices: { input: 100_000, cachedInput: 0, output: 100_000 } }] },
  });
  expect(kernel.snapshot().processes[0]!.usage.microDollars).toBe(1);
});

test('time: the longest that a call may take is reserved, the time on the core is settled', () => {
  const engines: Partial<EngineOptions>[] = [{ prefillTokensPerSecond: 100, decodeTokensPerSecond: 10 }];
  const { all } = runAgents({
    agents: [{ budget: 'team', body: [allocate(100), think(100, { script: { tokensOut: 20 } })] }],
    kernel: { budgets: [node('team', [fixed('coreUs', 20 * S)])], engines },
  });
  expect(all('budget.reserved').map(({ coreUs }) => coreUs)).toEqual([11 * S]);
  expect(all('budget.settled').map(({ coreUs }) => coreUs)).toEqual([3 * S]);
});

test('all resources of all nodes on the way up must have room', () => {
  const budgets = [
    node('org', [fixed('calls', 3)]),
    node('a', [fixed('tokens', 100)], 'org'),
    node('b', [fixed('tokens', 100)], 'org'),
  ];
  const { all } = runAgents({
    agents: [caller(0, 'a', 10, 10), caller(10 * S, 'b', 10, 10)],
    kernel: { budgets },
  });
  expect(dispatches(all, 1)).toEqual([0, S]);
  expect(dispatches(all, 2)).toEqual([10 * S, HOUR]);
});

// ---- Settlement --------------------------------------------------------------------------------------------------------

test('a failed call is settled to what it used, the rest goes back', () => {
  const kernel = new SteppedKernel({
    agents: [{ budget: 'team', body: [allocate(10), think(60), think(60)] }],
    kernel: { budgets: [node('team', [fixed('tokens', 100)])] },
  });
  kernel.spawn(0, 1);
  const next = kernel.endCall(S, 1, { reason: 'failed', tokensOut: 20 });
  expect(next).toMatchObject([{ type: 'call.start', identity: { n: 3 } }]);
  expect(kernel.kernel.snapshot().budgets[0]!.limits).toMatchObject([{ used: 30, reserved: 70 }]);
});

test('a call that never started gives everything back', () => {
  const { kernel, all } = runAgents({
    agents: [{ body: [burst(100 * S)] }, { atUs: S, budget: 'team', body: [think(60)] }],
    kernel: {
      scheduling: fifo,
      budgets: [node('root', []), node('team', [fixed('tokens', 100), fixed('calls', 5)])],
    },
    signals: [[2 * S, 2, 'kill']],
  });
  expect(all('budget.settled', 2)).toMatchObject([{ tokens: 0, microDollars: 0, coreUs: 0 }]);
  expect(kernel.snapshot().budgets[1]!.limits).toMatchObject([
    { used: 0, reserved: 0 },
    { used: 0, reserved: 0 },
  ]);
});

test('use above the reservation is an overrun: told at every node that limits it, and debited next', () => {
  const kernel = new SteppedKernel({
    agents: [{ budget: 'agent', body: [think(40), think(90)] }],
    kernel: {
      budgets: [node('org', [fixed('tokens', 1_000)]), node('agent', [fixed('tokens', 100)], 'org')],
    },
  });
  kernel.spawn(0, 1);
  // 150 where 40 were reserved: 50 of them are debited to the next hour, so that 90 don't fit there either.
  kernel.endCall(S, 1, { tokensOut: 150 });
  expect(kernel.events.filter(({ type }) => type === 'budget.overrun')).toMatchObject([
    { node: 'agent', resource: 'tokens', amount: 110 },
    { node: 'org', resource: 'tokens', amount: 110 },
  ]);
  expect(kernel.process(1)).toMatchObject({ waitingOn: 'budget' });
  const timer = kernel.requests.find(({ type }) => type === 'timer.set');
  expect(timer).toMatchObject({ atUs: 2 * HOUR });
});

test('what a provider reports counts, not what the kernel expected', () => {
  const kernel = new SteppedKernel({
    agents: [{ budget: 'team', body: [allocate(50), think(40)] }],
    kernel: { budgets: [node('team', [fixed('tokens', 1_000)])], engines: [{ prices }] },
  });
  kernel.spawn(0, 1);
  kernel.endCall(S, 1, { tokensOut: 30, tokensIn: 60, tokensCached: 20 });
  expect(kernel.process(1).usage).toMatchObject({
    tokensIn: 60,
    tokensCached: 20,
    tokensOut: 30,
    microDollars: 40 * 2 + 20 + 300,
  });
  expect(kernel.kernel.snapshot().budgets[0]!.limits).toMatchObject([{ used: 90 }]);
});

test('the rest of a call goes back to the window it came from, and nowhere when that is over', () => {
  const { kernel } = runAgents({
    agents: [
      {
        atUs: HOUR - S,
        budget: 'team',
        body: [burst(2 * S, { maxOutput: 100, script: { tokensOut: 10, durationUs: 2 * S } }), think(100)],
      },
    ],
    kernel: { budgets: [node('team', [fixed('tokens', 100)])] },
  });
  // The new hour is untouched: the second call fits it whole.
  expect(kernel.snapshot().budgets[0]!.limits).toMatchObject([
    { used: 100, reserved: 0, windowStartUs: HOUR },
  ]);
});

test('continue: a call that no longer fits its total when it wants to go on fails with a code', () => {
  const { results, all } = runAgents({
    agents: [
      { priority: 50, budget: 'team', body: [allocate(500), think(300)] },
      { priority: 10, atUs: S, budget: 'free', body: [burst(S)] },
    ],
    kernel: {
      budgets: [node('team', [total('tokens', 1_000)]), node('free', [])],
      engines: [{ preemption: 'continue', prefillTokensPerSecond: 1_000, decodeTokensPerSecond: 100 }],
    },
  });
  // 500 of prompt and 50 of the answer are used; prompt and answer again take 800.
  expect(all('budget.settled', 1)).toMatchObject([{ tokens: 550 }]);
  expect(results(1)[1]).toEqual(failed('BUDGET_EXCEEDED', '800 tokens'));
});

test('continue: each stretch that ran counts as a call, one that did not start does not', () => {
  const { kernel, all } = runAgents({
    agents: [
      { priority: 50, budget: 'team', body: [think(300)] },
      { priority: 10, atUs: S, budget: 'free', body: [burst(10 * S)] },
    ],
    kernel: {
      budgets: [node('team', [fixed('calls', 10)]), node('free', [])],
      engines: [{ preemption: 'continue', decodeTokensPerSecond: 100 }],
    },
    signals: [[2 * S, 1, 'kill']],
  });
  expect(all('budget.settled', 1).map(({ tokens }) => tokens)).toEqual([100, 0]);
  expect(kernel.snapshot().budgets[0]!.limits).toMatchObject([{ used: 1 }]);
});
