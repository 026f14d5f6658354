/** What a budget node does to a call that its limits refuse: throttle, degrade, suspend, stop. End to end, worked by hand. */
import { expect, test } from 'vitest';

import type { BudgetLimit, BudgetNodeSpec, BudgetResource } from '../../src/kernel/budget-limits.ts';
import type { CheaperModel, ExhaustionRule } from '../../src/kernel/budget-rules.ts';
import { runAgents, type Agent, type Ran } from '../support/run-agents.ts';
import { SteppedKernel } from '../support/step-kernel.ts';
import { allocate, burst, failed, HOUR, MINUTE, SECOND, think } from '../support/syscalls.ts';

const S = SECOND;

function limit(
  amount: number,
  kind: 'fixed' | 'sliding' = 'fixed',
  resource: BudgetResource = 'tokens',
): BudgetLimit {
  return { resource, amount, window: { kind, lengthUs: HOUR } };
}
const total = (amount: number, resource: BudgetResource = 'tokens'): BudgetLimit => ({
  resource,
  amount,
  window: { kind: 'total' },
});
const node = (
  whenExhausted: ExhaustionRule,
  limits: readonly BudgetLimit[],
  fields: Partial<BudgetNodeSpec> = {},
): BudgetNodeSpec => ({ name: 'team', limits, whenExhausted, ...fields });

/** Calls of 1 s each, which reserve and use so many tokens. */
function caller(atUs: number, budget: string, ...tokens: number[]): Agent {
  return {
    atUs,
    budget,
    body: tokens.map((maxOutput) => burst(S, { maxOutput, script: { tokensOut: maxOutput, durationUs: S } })),
  };
}
const dispatches = ({ all }: Ran, pid: number) => all('process.dispatched', pid).map(({ atUs }) => atUs);

// ---- Throttle ----------------------------------------------------------------------------------------------------------

test('throttle: a call starts when those before it are paid for at the rate of the limit', () => {
  const run = runAgents({
    agents: [caller(0, 'team', 20, 10, 30, 40)],
    kernel: { budgets: [node('throttle', [limit(100)])] },
  });
  // 100 tokens an hour: 20 are paid for after 12 min, 30 after 18, 60 after 36.
  expect(dispatches(run, 1)).toEqual([0, 12 * MINUTE, 18 * MINUTE, 36 * MINUTE]);
  expect(run.all('budget.throttled').map(({ node: at, untilUs }) => [at, untilUs])).toEqual(
    [12, 18, 36].map((minutes) => ['team', minutes * MINUTE]),
  );
  expect(run.end(1).outcome).toBe('completed');
});

test('throttle: what was not asked for may be used later in a fixed window, at once; in a sliding one it is lost', () => {
  const agents = [caller(30 * MINUTE, 'team', 20, 20, 20, 20)];
  const [fixed, sliding] = (['fixed', 'sliding'] as const).map((kind) =>
    dispatches(runAgents({ agents, kernel: { budgets: [node('throttle', [limit(100, kind)])] } }), 1),
  );
  const half = 30 * MINUTE;
  expect(fixed).toEqual([half, half + S, half + 2 * S, 36 * MINUTE]);
  expect(sliding).toEqual([half, half + 12 * MINUTE, half + 24 * MINUTE, half + 36 * MINUTE]);
});

test('throttle: what a call gives back brings the next one forward', () => {
  const run = runAgents({
    agents: [
      {
        budget: 'team',
        body: [burst(MINUTE, { maxOutput: 50, script: { tokensOut: 10, durationUs: MINUTE } })],
      },
      caller(S, 'team', 10),
    ],
    kernel: { budgets: [node('throttle', [limit(100)])], engines: [{ cores: 2 }] },
  });
  expect(run.all('budget.throttled', 2)).toMatchObject([{ untilUs: 30 * MINUTE }]);
  expect(dispatches(run, 2)).toEqual([6 * MINUTE]);
});

test('throttle: at the limit itself a call waits for less than the time that it is paid for in', () => {
  const run = runAgents({
    agents: [caller(0, 'team', 60, 50)],
    kernel: { budgets: [node('throttle', [limit(100)])] },
  });
  // Paid for at 36 min; the 50 don't fit into this hour, and would be paid for in 30 min.
  expect(dispatches(run, 1)).toEqual([0, HOUR]);
});

test('throttle: an ancestor paces all below it, first come, first served', () => {
  const run = runAgents({
    agents: [caller(0, 'a', 10), caller(S, 'b', 10), caller(2 * S, 'a', 10)],
    kernel: {
      budgets: [node('throttle', [limit(100)]), { name: 'a', parent: 'team' }, { name: 'b', parent: 'team' }],
    },
  });
  expect([1, 2, 3].map((pid) => dispatches(run, pid))).toEqual([[0], [6 * MINUTE], [12 * MINUTE]]);
});

test('throttle: a total has no rate', () => {
  const run = runAgents({
    agents: [caller(0, 'team', 10, 10, 10)],
    kernel: { budgets: [node('throttle', [total(100), limit(3600, 'fixed', 'calls')])] },
  });
  expect(dispatches(run, 1)).toEqual([0, S, 2 * S]);
});

// ---- Degrade -----------------------------------------------------------------------------------------------------------

const prices = { input: 2_000_000, cachedInput: 1_000_000, output: 10_000_000 };
const small: CheaperModel = {
  model: 'small',
  prices: { input: 1_000_000, cachedInput: 100_000, output: 1_000_000 },
};
const money = (amount: number, fields: Partial<BudgetNodeSpec> = {}) =>
  node('degrade', [total(amount, 'microDollars')], { degradeTo: small, ...fields });

test('degrade: when the money is spent, calls go to the cheaper model, at its prices, past the context memory', () => {
  const run = runAgents({
    agents: [
      {
        budget: 'team',
        body: [allocate(100), think(10), think(10, { keepAnswer: true }), think(10), think(10)],
      },
    ],
    kernel: { budgets: [money(620)], engines: [{ prices }] },
  });
  // Reserved 300, used 300; reserved 300, used 200 (the prompt is in memory); then 120 are left: 110 × 1 + 10 × 1.
  expect(run.all('call.ended').map(({ microDollars }) => microDollars)).toEqual([300, 200, 120]);
  expect(run.all('call.degraded').map(({ n, model }) => [n, model])).toEqual([[4, 'small']]);
  expect(run.all('budget.exhausted')).toMatchObject([
    { node: 'team', resource: 'microDollars', asked: 320, rule: 'degrade' },
  ]);
  expect(run.all('budget.reserved').map(({ microDollars }) => microDollars)).toEqual([300, 300, 120]);
  expect(run.all('process.dispatched').map(({ cachedTokens, room }) => [cachedTokens, room])).toEqual([
    [0, 10],
    [100, 10],
    [0, -1],
  ]);
  const [, first, second, third, fourth] = run.results(1);
  expect([first, second]).not.toMatchObject([{ value: { model: 'small' } }, {}]);
  expect(third).toMatchObject({ ok: true, value: { model: 'small', tokensIn: 110, tokensOut: 10 } });
  expect(fourth).toEqual(failed('BUDGET_EXCEEDED'));
  expect(run.kernel.snapshot().budgets[0]!.limits).toMatchObject([{ used: 620, reserved: 0 }]);
});

test('degrade: while running calls may give back enough, the call waits for the better model', () => {
  const cheap = burst(MINUTE, { maxOutput: 30, script: { tokensOut: 1, durationUs: MINUTE } });
  const run = runAgents({
    agents: [
      { budget: 'team', body: [cheap] },
      { atUs: S, budget: 'team', body: [think(10)] },
    ],
    kernel: { budgets: [money(320)], engines: [{ prices, cores: 2 }] },
  });
  expect(dispatches(run, 2)).toEqual([MINUTE]);
  expect(run.all('call.degraded')).toEqual([]);
});

test('degrade: where even the cheaper model is too dear, the call waits, or fails as ever', () => {
  const hourly = node('degrade', [limit(100, 'fixed', 'microDollars')], { degradeTo: small });
  const run = runAgents({
    agents: [{ budget: 'team', body: [think(9), think(9), think(10), think(101)] }],
    kernel: { budgets: [hourly], engines: [{ prices }] },
  });
  // 90 of 100 are used, then 9 more; at the full hour there is room for the better model again.
  expect(run.all('call.ended').map(({ atUs, microDollars }) => [atUs >= HOUR, microDollars])).toEqual([
    [false, 90],
    [false, 9],
    [true, 100],
  ]);
  expect(run.results(1)[3]).toEqual(failed('BUDGET_EXCEEDED', '101'));
});

test('degrade: the cheaper model has rates of its own, and a recorded time follows them', () => {
  const fast = { ...small, prefillTokensPerSecond: 1000, decodeTokensPerSecond: 20 };
  const engines = [{ prices, prefillTokensPerSecond: 100, decodeTokensPerSecond: 10 }];
  const run = runAgents({
    agents: [
      {
        budget: 'team',
        body: [
          allocate(100),
          think(20),
          burst(30 * S, { maxOutput: 20, script: { tokensOut: 20, durationUs: 30 * S } }),
        ],
      },
    ],
    kernel: { budgets: [money(250, { degradeTo: fast })], engines },
  });
  // 0.1 s and 1 s instead of 1 s and 2 s; then, with the prompt prefilled again, 1 s of decoding instead of 2 s: half the recorded time.
  expect(run.all('call.ended').map(({ atUs }) => atUs)).toEqual([1_100_000, 16_200_000]);
  expect(run.all('budget.reserved').map(({ coreUs }) => coreUs)).toEqual([1_100_000, 15_100_000]);
});

test('degrade: the audit log names the model', () => {
  const kernel = new SteppedKernel({
    agents: [{ budget: 'team', body: [think(10)] }],
    kernel: { budgets: [money(50)], engines: [{ prices }] },
  });
  expect(kernel.spawn(0, 1)).toMatchObject([{ type: 'call.start', degradedTo: { model: 'small' } }]);
  kernel.endCall(S, 1, { tokensOut: 10 });
  expect(kernel.records).toContainEqual(
    expect.objectContaining({ type: 'audit', action: 'think/small', microDollars: 10 }),
  );
});

test('degrade: a call keeps the model that it began with', () => {
  const run = runAgents({
    agents: [{ budget: 'team', body: [think(20)] }],
    kernel: {
      budgets: [money(250)],
      engines: [{ prices, preemption: 'continue', decodeTokensPerSecond: 10 }],
    },
    signals: [
      [S, 1, 'stop'],
      [10 * S, 1, 'continue'],
    ],
  });
  // 10 tokens cost 100; going on asks for the 200 of a whole answer, and 150 are left.
  expect(run.results(1)).toEqual([failed('BUDGET_EXCEEDED', '200 microDollars')]);
  expect(run.all('call.degraded')).toEqual([]);
});

test('degrade: each node that is spent has its own model, the last one counts', () => {
  const tiny: CheaperModel = { model: 'tiny', prices: { input: 0, cachedInput: 0, output: 100_000 } };
  const run = runAgents({
    agents: [{ budget: 'team', body: [think(10)] }],
    kernel: {
      budgets: [
        money(50, { parent: 'org' }),
        { name: 'org', limits: [total(5, 'microDollars')], whenExhausted: 'degrade', degradeTo: tiny },
      ],
      engines: [{ prices }],
    },
  });
  expect(run.all('call.degraded')).toMatchObject([{ model: 'tiny' }]);
  expect(run.all('call.ended')).toMatchObject([{ microDollars: 1 }]);
});

// ---- Suspend -----------------------------------------------------------------------------------------------------------

test('suspend: the process is suspended until the window rolls', () => {
  const run = runAgents({
    agents: [caller(0, 'team', 60, 60), caller(2 * S, 'team', 10)],
    kernel: { budgets: [node('suspend', [limit(100)])] },
  });
  expect(run.all('process.suspended').map(({ pid, atUs, by }) => [pid, atUs, by])).toEqual([
    [1, S, 'budget'],
  ]);
  expect(run.all('process.continued').map(({ pid, atUs }) => [pid, atUs])).toEqual([[1, HOUR]]);
  expect(dispatches(run, 1)).toEqual([0, HOUR]);
  // It keeps its place: who would fit behind it waits.
  expect(dispatches(run, 2)).toEqual([HOUR + S]);
  expect(run.all('process.waiting', 2)).toMatchObject([{ on: 'budget' }]);
  expect(run.end(1).outcome).toBe('completed');
});

test('suspend: continued too early, it is suspended again', () => {
  const run = runAgents({
    agents: [caller(0, 'team', 60, 60)],
    kernel: { budgets: [node('suspend', [limit(100)])] },
    signals: [[30 * S, 1, 'continue']],
  });
  expect(run.all('process.suspended').map(({ atUs }) => atUs)).toEqual([S, 30 * S]);
  expect(run.all('budget.exhausted').map(({ atUs }) => atUs)).toEqual([S, 30 * S]);
  expect(dispatches(run, 1)).toEqual([0, HOUR]);
});

test('suspend: while running calls may give back enough, nobody is suspended', () => {
  const run = runAgents({
    agents: [
      {
        budget: 'team',
        body: [burst(MINUTE, { maxOutput: 60, script: { tokensOut: 10, durationUs: MINUTE } })],
      },
      caller(S, 'team', 60),
    ],
    kernel: { budgets: [node('suspend', [limit(100)])], engines: [{ cores: 2 }] },
  });
  expect(run.all('process.suspended')).toEqual([]);
  expect(dispatches(run, 2)).toEqual([MINUTE]);
});

test('suspend: a stop takes over, and the place is lost until continue', () => {
  const run = runAgents({
    agents: [caller(0, 'team', 60, 60), caller(10 * S, 'team', 30)],
    kernel: { budgets: [node('suspend', [limit(100)])] },
    signals: [
      [5 * S, 1, 'stop'],
      [2 * HOUR, 1, 'continue'],
    ],
  });
  expect(dispatches(run, 2)).toEqual([10 * S]);
  expect(dispatches(run, 1)).toEqual([0, 2 * HOUR]);
  expect(run.all('process.continued', 1).map(({ atUs }) => atUs)).toEqual([2 * HOUR]);
});

test('suspend: who is killed while suspended leaves nothing behind, and the next goes on when it can', () => {
  const run = runAgents({
    agents: [
      caller(0, 'team', 50),
      caller(30 * MINUTE, 'team', 50),
      caller(40 * MINUTE, 'team', 80),
      caller(41 * MINUTE, 'team', 40),
    ],
    kernel: { budgets: [node('suspend', [limit(100, 'sliding')])] },
    signals: [[50 * MINUTE, 3, 'kill']],
  });
  expect(dispatches(run, 4)).toEqual([HOUR]);
  expect(run.end(3).outcome).toBe('killed');
});

test('suspend: a spent total suspends for good, and keeps nobody waiting behind', () => {
  const run = runAgents({
    agents: [caller(0, 'team', 60, 60, 30), caller(2 * S, 'team', 40)],
    kernel: { budgets: [node('suspend', [total(100)])] },
  });
  expect(dispatches(run, 2)).toEqual([2 * S]);
  expect(run.simulation.nowUs).toBe(3 * S);
  expect(run.kernel.snapshot().processes[0]).toMatchObject({ state: 'suspended' });
  // Above the whole limit it is refused, as under every rule but stop.
  const tooMuch = runAgents({
    agents: [caller(0, 'team', 101)],
    kernel: { budgets: [node('suspend', [total(100)])] },
  });
  expect(tooMuch.results(1)).toEqual([failed('BUDGET_EXCEEDED')]);
});

// ---- Stop --------------------------------------------------------------------------------------------------------------

test('stop: the process fails with a code, and keeps nothing reserved', () => {
  const run = runAgents({
    agents: [caller(0, 'team', 60, 60, 10), caller(10 * S, 'team', 40)],
    kernel: { budgets: [node('stop', [limit(100)])] },
  });
  expect(run.end(1)).toMatchObject({
    atUs: S,
    outcome: 'failed',
    code: 'BUDGET_EXHAUSTED',
    message: 'the call asks for 60 tokens; allowed: what is left of budget team',
  });
  expect(run.all('call.refused')).toMatchObject([{ pid: 1, n: 2, code: 'BUDGET_EXHAUSTED' }]);
  expect(run.store.ends('run-1')).toMatchObject([{ outcome: 'failed', atUs: S }]);
  expect(run.kernel.snapshot().budgets[0]!.limits).toMatchObject([{ used: 100, reserved: 0 }]);
  expect(run.end(2).outcome).toBe('completed');
});

test('stop: while running calls may give back enough, nobody is stopped', () => {
  const long = (tokensOut: number) =>
    burst(MINUTE, { maxOutput: 60, script: { tokensOut, durationUs: MINUTE } });
  const run = (tokensOut: number) =>
    runAgents({
      agents: [{ budget: 'team', body: [long(tokensOut)] }, caller(S, 'team', 60)],
      kernel: { budgets: [node('stop', [limit(100)])], engines: [{ cores: 2 }] },
    });
  expect(run(40).end(2)).toMatchObject({ outcome: 'completed', atUs: MINUTE + S });
  expect(run(41).end(2)).toMatchObject({ code: 'BUDGET_EXHAUSTED', atUs: MINUTE });
});

test('stop: what could never fit stops, too; `finally` runs, and children go on', () => {
  const seen: string[] = [];
  const run = runAgents({
    agents: [
      {
        budget: 'team',
        *body() {
          try {
            yield { kind: 'spawn', program: 'child', arguments: null, budget: 'free' };
            yield think(101);
          } finally {
            seen.push('finally');
          }
        },
      },
    ],
    programs: { child: [burst(5 * S)] },
    kernel: { budgets: [node('stop', [limit(100)]), { name: 'free', parent: 'team' }] },
  });
  expect(run.end(1).code).toBe('BUDGET_EXHAUSTED');
  expect(run.end(2).outcome).toBe('completed');
  expect(seen).toEqual(['finally']);
});

test('stop: a call that must be paid again, and cannot, ends its process with what it has used settled', () => {
  const run = runAgents({
    agents: [
      { budget: 'team', priority: 90, body: [think(60)] },
      { atUs: 2 * S, budget: 'free', priority: 0, body: [burst(S)] },
    ],
    kernel: {
      budgets: [node('stop', [limit(80)]), { name: 'free' }],
      engines: [{ preemption: 'continue', decodeTokensPerSecond: 30 }],
    },
    signals: [
      [S, 1, 'stop'],
      [10 * S, 1, 'continue'],
    ],
  });
  // 30 tokens in the first second; going on asks for the prompt with them, and for all 60 again.
  expect(run.end(1)).toMatchObject({ code: 'BUDGET_EXHAUSTED', atUs: 10 * S });
  expect(run.kernel.snapshot().budgets[0]!.limits).toMatchObject([{ reserved: 0 }]);
});

// ---- Several nodes -----------------------------------------------------------------------------------------------------

test('the rule of the nearest node that refuses the call applies', () => {
  const budgets = (own: ExhaustionRule, above: ExhaustionRule): BudgetNodeSpec[] => [
    node(above, [limit(100)]),
    { name: 'agent', parent: 'team', limits: [limit(80)], whenExhausted: own },
  ];
  const codeOf = (own: ExhaustionRule, above: ExhaustionRule, ...tokens: number[]) => {
    const run = runAgents({
      agents: [caller(0, 'team', 50), caller(2 * S, 'agent', ...tokens)],
      kernel: { budgets: budgets(own, above) },
    });
    return [run.end(2).code, dispatches(run, 2).at(-1)];
  };
  expect(codeOf('wait', 'stop', 30, 30)).toEqual(['BUDGET_EXHAUSTED', 2 * S]);
  expect(codeOf('wait', 'stop', 50, 40)).toEqual(['', HOUR]);
  expect(codeOf('stop', 'wait', 50, 40)).toEqual(['BUDGET_EXHAUSTED', 2 * S]);
  expect(codeOf('suspend', 'stop', 50, 40)).toEqual(['', HOUR]);
});

test('suspended by one node, a process may have to wait at another, or be stopped by it', () => {
  const run = (above: ExhaustionRule) =>
    runAgents({
      agents: [caller(0, 'agent', 40, 50), caller(30 * MINUTE, 'team', 60)],
      kernel: {
        budgets: [
          node(above, [{ ...limit(100, 'sliding') }]),
          { name: 'agent', parent: 'team', limits: [limit(50)], whenExhausted: 'suspend' },
        ],
      },
    });
  // At the full hour its own budget has room; the first call leaves the team's window at that instant, too, and 40 are left of it.
  const waits = run('wait');
  expect(waits.all('process.continued', 1).map(({ atUs }) => atUs)).toEqual([HOUR]);
  expect(dispatches(waits, 1)).toEqual([0, 90 * MINUTE]);
  expect(run('stop').end(1)).toMatchObject({ code: 'BUDGET_EXHAUSTED', atUs: HOUR });
});

// ---- After a crash -----------------------------------------------------------------------------------------------------

test('an answer of the cheaper model is kept as such, and stays booked at its price', () => {
  const { store } = runAgents({
    agents: [{ budget: 'team', body: [think(10), think(10)] }],
    kernel: { budgets: [money(110)], engines: [{ prices }] },
  });
  const settled = store.ledger().filter(({ what }) => what === 'settled');
  expect(settled.map(({ microDollars }) => microDollars)).toEqual([100, 10]);
});

// ---- Wrong input -------------------------------------------------------------------------------------------------------

test.each<[string, object]>([
  [
    'budget a, whenExhausted: "explode" is not allowed; allowed: wait, throttle, degrade, suspend, stop',
    { whenExhausted: 'explode' },
  ],
  [
    'budget a, whenExhausted: "stop" is not allowed; allowed: wait: the budget has no limits of its own',
    { whenExhausted: 'stop', limits: [] },
  ],
  [
    'budget a, whenExhausted: "throttle" is not allowed; allowed: a rule that needs no rate: all limits are totals',
    { whenExhausted: 'throttle', limits: [total(5)] },
  ],
  [
    'budget a, degradeTo: undefined is not allowed; allowed: { model, prices, prefillTokensPerSecond?, decodeTokensPerSecond? }',
    { whenExhausted: 'degrade' },
  ],
  [
    'budget a, degradeTo: an object is not allowed; allowed: none where whenExhausted is wait',
    { degradeTo: small },
  ],
  [
    'budget a, degradeTo.model: "" is not allowed; allowed: a text of at least one character',
    { whenExhausted: 'degrade', degradeTo: { ...small, model: '' } },
  ],
  [
    'budget a, degradeTo.price: 3 is not allowed; allowed: the fields model, prices, prefillTokensPerSecond, decodeTokensPerSecond',
    { whenExhausted: 'degrade', degradeTo: { ...small, price: 3 } },
  ],
  [
    'budget a, degradeTo.prices.output: -1 is not allowed; allowed: a finite number of at least 0 (micro-dollars per million tokens)',
    { whenExhausted: 'degrade', degradeTo: { model: 'm', prices: { ...prices, output: -1 } } },
  ],
  [
    'budget a, degradeTo.decodeTokensPerSecond: 0 is not allowed; allowed: a finite number above 0',
    { whenExhausted: 'degrade', degradeTo: { ...small, decodeTokensPerSecond: 0 } },
  ],
  [
    'budget a, degradeTo: "small" is not allowed; allowed: a budget that limits microDollars, or coreUs with rates: a cheaper model saves neither tokens nor calls',
    { whenExhausted: 'degrade', degradeTo: small },
  ],
  [
    'budget a, degradeTo.prices.input: 4000000 is not allowed; allowed: up to 3000000, the price of engine engine',
    {
      whenExhausted: 'degrade',
      limits: [total(5, 'microDollars')],
      degradeTo: { model: 'm', prices: { ...prices, input: 4_000_000 } },
    },
  ],
])('one clear line: %s', (message, fields) => {
  const spec = { name: 'a', limits: [limit(100)], ...fields } as BudgetNodeSpec;
  expect(() => runAgents({ agents: [], kernel: { budgets: [spec] } })).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
  );
});
