/** Calls whose request names an engine: they run there and nowhere else, in its window and at its prices. */
import { expect, test } from 'vitest';

import type { EngineOptions } from '../../src/kernel/engine-options.ts';
import { runAgents } from '../support/run-agents.ts';
import { allocate, SECOND as S, think } from '../support/syscalls.ts';

/** A dollar for a million of either token, times `dollars`. */
const engine = (
  name: string,
  dollars: number,
  options: Partial<EngineOptions> = {},
): Partial<EngineOptions> => ({
  name,
  memoryTokens: Infinity,
  prefillTokensPerSecond: 1_000,
  decodeTokensPerSecond: 10,
  preemption: 'none',
  prices: { input: dollars * 1e6, cachedInput: dollars * 1e5, output: dollars * 1e6 },
  ...options,
});
const asking = (model: string, tokensOut = 10) => think(tokensOut, { request: { model } });
const engines = [engine('small', 1), engine('large', 10)];

test('each call is reserved, run and billed on the engine that it names; one that names none goes back', () => {
  const ran = runAgents({
    agents: [
      { body: [allocate(100), asking('large'), think(10), think(10), asking('large'), asking('elsewhere')] },
    ],
    kernel: { residency: 'prefix', engines, budgets: [{ name: 'root' }] },
  });
  expect(ran.all('call.requested').map(({ engine: place }) => place)).toEqual([1, 0, undefined, 1, 0]);
  expect(ran.all('process.migrated').map(({ to }) => to)).toEqual([1, 0, 1, 0]);
  // Cores are numbered in the order of their engines.
  expect(ran.all('process.dispatched').map(({ core }) => core)).toEqual([1, 0, 0, 1, 0]);
  expect(ran.all('budget.reserved').map(({ microDollars }) => microDollars)).toEqual([
    1_100, 110, 110, 1_100, 110,
  ]);
  // What nobody uses any more leaves a memory without end.
  expect(ran.all('call.ended').map(({ microDollars }) => microDollars)).toEqual([1_100, 110, 20, 1_100, 110]);
});

test('the window is that of the engine that is named', () => {
  const ran = runAgents({
    agents: [{ body: [allocate(100), asking('large'), asking('small')] }],
    kernel: { engines: [engine('small', 1, { windowTokens: 105 }), engine('large', 10)] },
  });
  expect(ran.results(1).slice(1)).toMatchObject([{ ok: true }, { ok: false, code: 'WINDOW_EXCEEDED' }]);
  expect(ran.all('process.migrated')).toHaveLength(1);
});

test('a budget that pays for the small model alone refuses the large one', () => {
  const ran = runAgents({
    agents: [{ body: [allocate(100), asking('large'), asking('small')] }],
    kernel: {
      engines,
      budgets: [
        { name: 'root', limits: [{ resource: 'microDollars', amount: 500, window: { kind: 'total' } }] },
      ],
    },
  });
  expect(ran.results(1).slice(1)).toMatchObject([{ ok: false, code: 'BUDGET_EXCEEDED' }, { ok: true }]);
});

test('who names a busy engine waits for it while another idles, whatever the queues are', () => {
  for (const queues of [{}, { queues: 'one' }, { steal: true }] as const) {
    const ran = runAgents({
      agents: [{ body: [asking('large', 50)] }, { body: [asking('large', 10)] }],
      kernel: { engines, ...queues },
    });
    expect(ran.all('process.dispatched').map(({ pid, core, atUs }) => [pid, core, atUs / S])).toEqual([
      [1, 1, 0],
      [2, 1, 5],
    ]);
  }
});

test('a call that its budget degrades runs beside the engine that it names', () => {
  const cheaper = { model: 'tiny', prices: { input: 1e5, cachedInput: 1e4, output: 1e5 } };
  const ran = runAgents({
    agents: [{ body: [allocate(100), asking('large')] }],
    kernel: {
      engines,
      budgets: [
        {
          name: 'root',
          limits: [{ resource: 'microDollars', amount: 500, window: { kind: 'total' } }],
          whenExhausted: 'degrade',
          degradeTo: cheaper,
        },
      ],
    },
  });
  expect(ran.all('call.degraded')).toMatchObject([{ model: 'tiny' }]);
  expect(ran.all('call.ended')).toMatchObject([{ core: 1, microDollars: 11 }]);
});
