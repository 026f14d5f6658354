/** Budget nodes that join and leave the tree of a kernel at work, and what runs have spent before it came to know of them. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { BudgetNodeSpec } from '../../src/kernel/budget-limits.ts';
import type { KernelEvent } from '../../src/kernel/events.ts';
import type { Json, Pid } from '../../src/kernel/ids.ts';
import { MemoryStore } from '../../src/kernel/memory-store.ts';
import { recoveryInput, restoredBudgets } from '../../src/kernel/recovery.ts';
import type { LedgerRecord } from '../../src/kernel/records.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { checkedSimulation, kernelOf, type AgentRun } from '../support/run-agents.ts';
import { callTools, failed, HOUR, MINUTE, ok, SECOND, sleep, think, tool } from '../support/syscalls.ts';
import { heldAt } from '../support/booked.ts';

const S = SECOND;

const hour = (amount: number) => ({
  resource: 'tokens' as const,
  amount,
  window: { kind: 'fixed' as const, lengthUs: HOUR },
});
const total = (amount: number) => ({
  resource: 'tokens' as const,
  amount,
  window: { kind: 'total' as const },
});

const caller: AgentRun = {
  kernel: { budgets: [{ name: 'all' }] },
  agents: [
    {
      *body() {
        const first = yield think(50);
        yield sleep(10 * S);
        const second = yield think(50);
        return [first, second].map((result) => (result as { ok: boolean }).ok);
      },
    },
  ],
};

const tenant: BudgetNodeSpec = { name: 'tenant', parent: 'all', limits: [hour(1_000)] };
const own: BudgetNodeSpec = { name: 'own', parent: 'tenant', limits: [total(60)] };
const root = { program: 'agent-1', name: 'a', arguments: null, budget: 'own' };

function used(kernel: Kernel): Record<string, number> {
  return Object.fromEntries(
    kernel.snapshot().budgets.map(({ name, limits: [limit] }) => [name, limit?.used ?? -1]),
  );
}

test('a run brings its own node, which the tree keeps while others share what is above it', () => {
  const events: KernelEvent[] = [];
  const simulation = checkedSimulation(kernelOf(caller), { onEvent: (event) => void events.push(event) });
  simulation.spawn(0, { ...root, run: 'a', budgets: [own, tenant] });
  simulation.spawn(1, { ...root, run: 'b', budget: 'of b', budgets: [tenant, { ...own, name: 'of b' }] });
  simulation.run();
  const { store, kernel } = simulation;
  // The second call asks for more than the run has left.
  for (const run of ['a', 'b']) expect(store.processes(run)[0]!.end!.value).toEqual([true, false]);
  expect(used(kernel)).toEqual({ all: -1, own: 50, tenant: 100, 'of b': 50 });
  expect(events.filter(({ type }) => type === 'budget.added')).toMatchObject([
    { node: 'own', definition: own },
    { node: 'tenant', definition: tenant },
    { node: 'of b' },
  ]);
  expect(store.ledger({ run: 'b' }).map(({ node }) => node)).toEqual(['of b', 'of b']);
});

test('what can be no node is refused in one line, and nothing has changed', () => {
  const simulation = checkedSimulation(kernelOf(caller));
  const { kernel } = simulation;
  kernel.step({ atUs: 0, type: 'budgets.added', budgets: [tenant] });
  const refused = (budgets: readonly unknown[], words: string): void => {
    const spawn = { ...root, type: 'process.spawned' as const, run: 'a', budget: 'tenant', atUs: 1 };
    expect(() => kernel.step({ ...spawn, budgets: budgets as BudgetNodeSpec[] })).toThrow(words);
    expect(() =>
      kernel.step({ atUs: 1, type: 'budgets.added', budgets: budgets as BudgetNodeSpec[] }),
    ).toThrow(words);
  };
  refused(
    [{ ...tenant, limits: [hour(2_000)] }],
    'budget: "tenant" is not allowed; allowed: a name that no other budget has, or the definition that it has',
  );
  refused([{ name: 'own', parent: 'nobody' }], 'budget own, parent: "nobody" is not allowed');
  refused([own, own], 'budgets[1].name: "own" is not allowed; allowed: a name that no other budget has');
  refused([null], 'budgets[0]: null is not allowed; allowed: a node');
  refused([{ ...own, limits: [{ ...total(1), amount: -1 }] }], 'amount: -1 is not allowed');
  refused([{ ...own, colour: 'red' }], 'colour');
  refused([own, { ...own, name: 'x', whenExhausted: 'never' }], 'whenExhausted: "never" is not allowed');
  expect(kernel.snapshot().budgets.map(({ name }) => name)).toEqual(['all', 'tenant']);
  expect(() => kernel.step({ ...root, type: 'process.spawned', run: 'a', atUs: 1 })).toThrow(
    'budget: "own" is not a node; allowed: all, tenant',
  );
});

test('a run that is restored later brings what it has spent: each call once, those without a known end in full', () => {
  const store = new MemoryStore();
  const first = checkedSimulation(kernelOf(caller), { store });
  first.spawn(0, { ...root, run: 'a', budgets: [tenant, { ...own, limits: [total(1_000)] }] });
  // The second call is under way.
  while (store.ledger().length < 3) first.stepOnce();
  expect(store.ledger().map(({ what }) => what)).toEqual(['reserved', 'settled', 'reserved']);
  const ledger = store.ledger({ run: 'a' });
  const input = { ...recoveryInput(store, 'a')!, budgets: [tenant, { ...own, limits: [total(1_000)] }] };
  const simulation = checkedSimulation(kernelOf(caller), { store });
  const { kernel } = simulation;
  expect(() => kernel.step({ ...input, ledger, budgets: [], atUs: 20 * S })).toThrow(
    'budget: "own" is not a node; allowed: all',
  );
  expect(() => kernel.step({ ...input, ledger, atUs: 1 })).toThrow(
    /^ledger\[\d\]\.atUs: \d+ is not allowed; allowed: up to now, 1$/,
  );
  expect(() => kernel.step({ ...input, ledger: [{ ...ledger[0]!, run: 'b' }], atUs: 20 * S })).toThrow(
    'ledger[0].run: "b" is not allowed; allowed: the run that is restored, "a"',
  );
  simulation.send(20 * S, { ...input, ledger });
  simulation.run();
  // 50 of the first, 50 of what was under way, 50 of what was asked again.
  expect(used(kernel)).toEqual({ all: -1, tenant: 150, own: 150 });
  const [process] = kernel.snapshot().processes;
  expect(process!.usage).toMatchObject({ tokensOut: 150, calls: 2 });
  // Told again, it is nothing new, and a node that is new to it has all of it.
  const again = store.ledger({ run: 'a' });
  kernel.step({ atUs: 60 * S, type: 'budgets.added', budgets: [tenant], ledger: again });
  expect(used(kernel)).toEqual({ all: -1, tenant: 150, own: 150 });
});

test('a run of another kernel keeps its names for budgets', () => {
  const setup: AgentRun = {
    ...caller,
    kernel: {
      budgets: [
        { name: 'run', limits: [total(1_000)] },
        { name: 'part', parent: 'run' },
      ],
    },
    agents: [
      {
        *body() {
          yield think(50);
          yield sleep(10 * S);
          yield { kind: 'spawn', program: 'child', arguments: null, budget: 'part' };
          const refused = yield { kind: 'spawn', program: 'child', arguments: null, budget: 'all' };
          yield { kind: 'wait', pid: 0 };
          return refused as unknown as Json;
        },
      },
    ],
    programs: {
      *child() {
        yield think(20);
      },
    },
  };
  const store = new MemoryStore();
  const first = checkedSimulation(kernelOf(setup), { store });
  first.spawn(0, { ...root, run: 'a', budget: 'run' });
  first.run(5 * S);
  const kernel = { ...kernelOf(setup), budgets: [{ name: 'all' }] };
  const second = checkedSimulation(kernel, { store });
  second.spawn(0, { ...root, run: 'b', budget: 'all' });
  second.send(20 * S, {
    ...recoveryInput(store, 'a')!,
    budgets: [tenant, { name: 'a/run', parent: 'tenant' }, { name: 'a/part', parent: 'a/run' }],
    budgetNames: { run: 'a/run', part: 'a/part' },
    ledger: store.ledger({ run: 'a' }),
  });
  second.run();
  expect(used(second.kernel)).toMatchObject({ tenant: 70 });
  expect(store.processes('a').map(({ budget }) => budget)).toEqual(['run', 'part']);
  expect(store.ledger({ run: 'a' }).map(({ node }) => node)).toEqual(['run', 'run', 'part', 'part']);
  expect(store.processes('a')[0]!.end!.value).toEqual(
    failed('NOT_PERMITTED', 'budget: "all" is not below that of process 1; allowed: run and below'),
  );
  // And at home it goes on with them.
  const home = new Kernel({ ...kernelOf(setup), ledger: store.ledger({ run: 'a' }) });
  expect(used(home)['run']).toBe(70);
});

// ---- Late bookings, at random ------------------------------------------------------------------------------------------

const nodes: readonly BudgetNodeSpec[] = [
  {
    name: 'top',
    limits: [
      hour(1_000_000),
      total(1_000_000),
      { resource: 'tokens', amount: 1_000_000, window: { kind: 'sliding', lengthUs: HOUR } },
    ],
  },
  {
    name: 'left',
    parent: 'top',
    limits: [{ ...hour(1_000_000), window: { kind: 'sliding', lengthUs: 7 * MINUTE } }],
  },
  { name: 'right', parent: 'top', limits: [hour(1_000_000), { ...total(900_000), resource: 'calls' }] },
];

const calls = fc.array(
  fc.record({
    run: fc.constantFrom('a', 'b', 'c'),
    node: fc.constantFrom('top', 'left', 'right'),
    atUs: fc.integer({ min: 0, max: 3 * HOUR }),
    lastsUs: fc.integer({ min: 0, max: 90 * MINUTE }),
    reserved: fc.integer({ min: 0, max: 5_000 }),
    used: fc.integer({ min: 0, max: 5_000 }),
    isOpen: fc.boolean(),
  }),
  { minLength: 1, maxLength: 25, size: 'max' },
);

/** In the order of time, with what was used within what was reserved. */
function ledgerOf(drawn: typeof calls extends fc.Arbitrary<infer List> ? List : never): LedgerRecord[] {
  const rest = {
    v: 1,
    type: 'ledger' as const,
    pid: 1 as Pid,
    tokensCached: 0,
    tokensOut: 0,
    calls: 1,
    microDollars: 0,
    coreUs: 0,
  };
  const records = drawn.flatMap(
    ({ run, node, atUs, lastsUs, reserved, used: taken, isOpen }, index): LedgerRecord[] => {
      const call = { ...rest, run, node, n: index + 1, reservedUs: atUs, seq: index + 1 };
      const settled = {
        ...call,
        what: 'settled' as const,
        tokens: Math.min(reserved, taken),
        atUs: atUs + lastsUs,
      };
      return [{ ...call, what: 'reserved', tokens: reserved, atUs }, ...(isOpen ? [] : [settled])];
    },
  );
  return records.sort((one, other) => one.atUs - other.atUs);
}

test('whatever is told late is booked as if it had been known from the start, once', () => {
  const property = fc.property(
    calls,
    fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 6 }),
    fc.constantFrom('options', 'early', 'late'),
    fc.integer({ min: 5 * HOUR - 30 * MINUTE, max: 5 * HOUR }),
    (drawn, order, newNodes, atUs) => {
      const ledger = ledgerOf(drawn);
      const of = (run: string) => ledger.filter((record) => record.run === run);
      const known = newNodes === 'options' ? of(order[0]!) : [];
      const kernel = new Kernel({
        ...kernelOf({ agents: [] }),
        budgets: newNodes === 'options' ? nodes : [nodes[0]!],
        ledger: known,
      });
      const told = new Set<string>(newNodes === 'options' ? [order[0]!] : []);
      if (newNodes === 'early') kernel.step({ atUs, type: 'budgets.added', budgets: nodes });
      for (const run of order) {
        told.add(run);
        // Nodes that come with a run know no other that was told before: so all of these are told with them.
        kernel.step({
          atUs,
          type: 'budgets.added',
          budgets: nodes,
          ledger: newNodes === 'late' ? ledger.filter((record) => told.has(record.run)) : of(run),
        });
        const whole = restoredBudgets(
          nodes,
          ledger.filter((record) => told.has(record.run)),
        );
        expect(heldAt(kernel['state'].budgets, atUs)).toEqual(heldAt(whole, atUs));
        kernel.checkInvariants();
      }
    },
  );
  fc.assert(property, { seed: 1, numRuns: 150 });
});

test('what is told late may be more than the limits: nothing more is granted, and the accounts add up', () => {
  const tight = nodes.map((node) => ({
    ...node,
    limits: node.limits!.map((limit) => ({ ...limit, amount: 3_000 })),
  }));
  const property = fc.property(calls, fc.integer({ min: 0, max: 3 * HOUR }), (drawn, soonUs) => {
    const ledger = ledgerOf(drawn);
    const atUs = Math.max(soonUs, ledger.at(-1)!.atUs);
    const kernel = new Kernel({
      ...kernelOf({ agents: [] }),
      budgets: tight,
      ledger: ledger.filter(({ run }) => run === 'a'),
    });
    for (const run of ['b', 'c'])
      kernel.step({
        atUs,
        type: 'budgets.added',
        budgets: [],
        ledger: ledger.filter((record) => record.run === run),
      });
    const { budgets } = kernel['state'];
    for (const step of [0, 1, 5 * MINUTE, HOUR, 3 * HOUR]) {
      kernel.step({ atUs: atUs + step, type: 'budgets.added', budgets: [] });
      kernel.checkInvariants();
    }
    const taken = (node: number) =>
      budgets.usage(node, atUs + 3 * HOUR).find(({ window }) => window.kind === 'total')!.used;
    expect(taken(0)).toBe(
      drawn.reduce(
        (sum, { reserved, used: own, isOpen }) => sum + (isOpen ? reserved : Math.min(own, reserved)),
        0,
      ),
    );
  });
  fc.assert(property, { seed: 2, numRuns: 100 });
});

test('tools that ask for nothing of a budget are not in its way', () => {
  const simulation = checkedSimulation(
    kernelOf({ ...caller, agents: [{ body: [callTools(tool('none'))] }] }),
  );
  simulation.spawn(0, { ...root, run: 'a', budgets: [tenant, { ...own, limits: [total(0)] }] });
  simulation.run();
  expect(simulation.store.history('a')).toMatchObject([{ result: ok([failed('UNKNOWN_TOOL') as Json]) }]);
});
