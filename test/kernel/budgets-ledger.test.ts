/** The ledger of a budget tree survives a restart. */
import { expect, test } from 'vitest';

import { BudgetTree } from '../../src/kernel/budgets.ts';
import { ask, fixed, sliding, taken, tokens, total, usageOf } from './budget-support.ts';

const ledgerNodes = [
  { name: 'org', limits: [tokens(100, fixed(1000)), tokens(300, total)] },
  { name: 'agent', parent: 'org', limits: [tokens(100, sliding(1000))] },
];
const reloaded = (
  tree: BudgetTree,
  nodes: ConstructorParameters<typeof BudgetTree>[0] = ledgerNodes,
): BudgetTree => {
  const fresh = new BudgetTree(nodes);
  fresh.load(JSON.parse(JSON.stringify(tree.save())));
  fresh.checkInvariants(2000);
  return fresh;
};
const ledgerTree = (): BudgetTree => {
  const tree = new BudgetTree(ledgerNodes);
  tree.settle(taken(tree, 1, 50, 1500), ask({ tokens: 20 }), 1600);
  taken(tree, 1, 30, 1700); // still open
  return tree;
};

test('a saved ledger is the same after the restart; what was open at the crash settles in full', () => {
  const tree = reloaded(ledgerTree());
  const usage = [0, 1].map((node) => tree.usage(node, 2400).map(({ used, reserved }) => [used, reserved]));
  expect(usage).toEqual([
    [
      [0, 0],
      [50, 0],
    ],
    [[50, 0]],
  ]);
  expect(tree.usage(1, 2500)[0]!.used).toBe(30);
  expect(tree.usage(1, 2700)[0]!.used).toBe(0);
});

test('fixed windows and debts survive a restart', () => {
  const nodes = [{ name: 'one', limits: [tokens(100, fixed(1000))] }];
  const tree = new BudgetTree(nodes);
  tree.settle(taken(tree, 0, 50, 1500), ask({ tokens: 230 }), 1600);
  const fresh = new BudgetTree(nodes);
  fresh.load(tree.save());
  expect(fresh.reserve(0, ask({ tokens: 70 }), 1600, 1)).toEqual({ kind: 'waits', node: 0, retryAtUs: 3000 });
  fresh.checkInvariants(1600);
});

test('amounts may be changed between save and load: what was used stays used', () => {
  const changed = (amount: number): readonly [number, number] =>
    usageOf(
      reloaded(ledgerTree(), [{ name: 'org' }, { name: 'agent', limits: [tokens(amount, sliding(1000))] }]),
      1,
      2000,
    );
  expect(changed(1000)).toEqual([50, 0]);
  expect(changed(10)).toEqual([50, 0]); // 40 of them are owed now
});

test('a limit that is new starts empty, one that is gone is forgotten', () => {
  const tree = reloaded(ledgerTree(), [
    { name: 'org', limits: [tokens(100, fixed(500)), tokens(300, total)] },
    { name: 'agent' },
  ]);
  expect(tree.usage(0, 2000).map(({ used }) => used)).toEqual([0, 50]);
});

test.each<[string, (state: { v: number; atUs: number; nodes: unknown[] }) => unknown]>([
  ['budget ledger, v: undefined is not allowed; allowed: 1', () => 'nothing'],
  ['budget ledger, v: 2 is not allowed; allowed: 1', (state) => ({ ...state, v: 2 })],
  ['budget ledger, atUs: -1 is not allowed', (state) => ({ ...state, atUs: -1 })],
  ['budget ledger, nodes: 3 is not allowed; allowed: a list', (state) => ({ ...state, nodes: 3 })],
  [
    'budget ledger, name: "nobody" is not allowed; allowed: the name of a budget',
    (state) => ({ ...state, nodes: [...state.nodes, { name: 'nobody', limits: [] }] }),
  ],
  [
    'budget ledger, limits: 1 is not allowed',
    (state) => ({ ...state, nodes: [...state.nodes, { name: 'org', limits: [1] }] }),
  ],
  [
    'budget ledger, used: -5 is not allowed; allowed: an integer, 0 or more',
    (state) => withAccount(state, 'org', 'tokens total', { startUs: 0, used: -5 }),
  ],
  [
    'budget ledger, startUs: 7 is not allowed; allowed: 0',
    (state) => withAccount(state, 'org', 'tokens total', { startUs: 7, used: 5 }),
  ],
  [
    'budget ledger, startUs: 7 is not allowed; allowed: a multiple of 1000',
    (state) => withAccount(state, 'org', 'tokens fixed 1000', { startUs: 7, used: 5 }),
  ],
  [
    'budget ledger, entries: undefined is not allowed',
    (state) => withAccount(state, 'agent', 'tokens sliding 1000', { debt: 0 }),
  ],
  [
    'budget ledger, entries: [4,1] is not allowed',
    (state) =>
      withAccount(state, 'agent', 'tokens sliding 1000', {
        debt: 0,
        entries: [
          [5, 1],
          [4, 1],
        ],
      }),
  ],
  [
    'budget ledger, debt: null is not allowed',
    (state) => withAccount(state, 'agent', 'tokens sliding 1000', { debt: null, entries: [] }),
  ],
])('a broken ledger is refused in one line, and nothing is half done: %s', (message, breaks) => {
  const broken = breaks(ledgerTree().save() as never) as never;
  const tree = new BudgetTree(ledgerNodes);
  expect(() => tree.load(broken)).toThrow(message);
  expect([0, 1].map((node) => usageOf(tree, node, 0))).toEqual([
    [0, 0],
    [0, 0],
  ]);
});

function withAccount(state: object, name: string, limit: string, account: object): object {
  return {
    ...state,
    nodes: [
      { name: 'org', limits: [{ limit: 'tokens fixed 1000', account: { startUs: 1000, used: 9 } }] },
      { name, limits: [{ limit, account }] },
    ],
  };
}

test('a ledger is not loaded over open reservations', () => {
  const tree = ledgerTree();
  expect(() => tree.load(tree.save())).toThrow('while something is reserved');
});
