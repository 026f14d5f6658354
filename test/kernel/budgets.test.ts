/** The budget tree: reserving along a path, waiters, the quota, and the mistakes that must not come back. Worked by hand. */
import { expect, test } from 'vitest';

import { defaultQuota, hourUs } from '../../src/kernel/budget-limits.ts';
import { BudgetTree } from '../../src/kernel/budgets.ts';
import { ask, fixed, one, sliding, taken, tokens, total, usageOf } from './budget-support.ts';

// ---- Reserving and settling ------------------------------------------------------------------------------------------

test('a ticket says what was reserved, where and when', () => {
  const tree = new BudgetTree([{ name: 'org' }, { name: 'team', parent: 'org' }]);
  const amounts = { tokens: 5, calls: 1, microDollars: 70, coreUs: 900 };
  const result = tree.reserve(1, amounts, 40, 1);
  if (result.kind !== 'reserved') throw new Error(result.kind);
  const { node, atUs, seq, tokens, calls, microDollars, coreUs } = result.reservation;
  expect({ tokens, calls, microDollars, coreUs }).toEqual(amounts);
  expect([node, atUs, seq]).toEqual([1, 40, 1]);
});

test('a reservation counts in full until it is settled, then what was used', () => {
  const { take, settle, usage, asks } = one(tokens(100, fixed(1000)));
  const first = take(80, 10);
  expect(usage(10)).toEqual([0, 80]);
  expect(asks(21, 20)).toEqual({ kind: 'waits', node: 0, retryAtUs: 1000 });
  expect(settle(first, 30, 500)).toEqual([]);
  expect(usage(500)).toEqual([30, 0]);
  take(70, 500);
  expect(usage(500)).toEqual([30, 70]);
});

test('a reservation holds at the node and at every ancestor, or nowhere', () => {
  const tree = new BudgetTree([
    { name: 'agent', parent: 'team', limits: [tokens(100, fixed(1000))] },
    { name: 'org', limits: [tokens(70, fixed(1000))] },
    { name: 'team', parent: 'org' },
    { name: 'other', parent: 'org', limits: [tokens(100, fixed(1000))] },
  ]);
  const ticket = taken(tree, 0, 60, 0);
  expect([usageOf(tree, 0, 0), usageOf(tree, 1, 0), usageOf(tree, 3, 0)]).toEqual([
    [0, 60],
    [0, 60],
    [0, 0],
  ]);
  // `other` has room, `org` has not: nothing is reserved at either.
  expect(tree.reserve(3, ask({ tokens: 20 }), 0, 1)).toEqual({ kind: 'waits', node: 1, retryAtUs: 1000 });
  expect([usageOf(tree, 1, 0), usageOf(tree, 3, 0)]).toEqual([
    [0, 60],
    [0, 0],
  ]);
  tree.settle(ticket, ask({ tokens: 10 }), 5);
  expect([usageOf(tree, 0, 5), usageOf(tree, 1, 5)]).toEqual([
    [10, 0],
    [10, 0],
  ]);
  tree.checkInvariants(5);
});

test('each resource has limits of its own', () => {
  const hour = fixed(hourUs);
  const tree = new BudgetTree([
    {
      name: 'one',
      limits: [
        tokens(1000, hour),
        { resource: 'calls', amount: 2, window: hour },
        { resource: 'microDollars', amount: 50, window: total },
        { resource: 'coreUs', amount: 9000, window: sliding(60) },
      ],
    },
  ]);
  const result = tree.reserve(0, { tokens: 10, calls: 1, microDollars: 30, coreUs: 5000 }, 7, 1);
  expect(result.kind).toBe('reserved');
  expect(tree.reserve(0, ask({ calls: 2 }), 7, 1)).toEqual({ kind: 'waits', node: 0, retryAtUs: hourUs });
  expect(tree.reserve(0, ask({ microDollars: 21 }), 7, 1)).toEqual({
    kind: 'waits',
    node: 0,
    retryAtUs: Infinity,
  });
  expect(tree.reserve(0, ask({ coreUs: 4001 }), 7, 1)).toEqual({ kind: 'waits', node: 0, retryAtUs: 67 });
  expect(tree.usage(0, 7)).toEqual([
    { resource: 'tokens', window: hour, limit: 1000, used: 0, reserved: 10, windowStartUs: 0 },
    { resource: 'calls', window: hour, limit: 2, used: 0, reserved: 1, windowStartUs: 0 },
    { resource: 'microDollars', window: total, limit: 50, used: 0, reserved: 30, windowStartUs: 0 },
    { resource: 'coreUs', window: sliding(60), limit: 9000, used: 0, reserved: 5000, windowStartUs: 0 },
  ]);
});

test('a node that lacks room in two windows waits for the later one', () => {
  const { take, asks } = one(tokens(50, fixed(100)), tokens(60, fixed(1000)));
  take(50, 0);
  expect(asks(10, 0)).toEqual({ kind: 'waits', node: 0, retryAtUs: 100 });
  expect(asks(11, 0)).toEqual({ kind: 'waits', node: 0, retryAtUs: 1000 });
});

test('a failed call is settled like another: only the rest goes back', () => {
  const { take, settle, usage } = one(tokens(100, fixed(1000)));
  settle(take(100, 0), 40, 1);
  expect(usage(1)).toEqual([40, 0]);
});

test('what an ancestor can never hold fails at once, though the node itself would only have to wait', () => {
  const tree = new BudgetTree([
    { name: 'org', limits: [tokens(50, fixed(1000))] },
    { name: 'agent', parent: 'org', limits: [tokens(100, fixed(1000))] },
  ]);
  taken(tree, 1, 45, 0);
  expect(tree.reserve(1, ask({ tokens: 60 }), 0, 1)).toEqual({
    kind: 'never',
    node: 0,
    resource: 'tokens',
    limit: 50,
    asked: 60,
  });
});

// ---- Waiters ---------------------------------------------------------------------------------------------------------

const family = [
  { name: 'org', limits: [tokens(100, fixed(1000))] },
  { name: 'team', parent: 'org', limits: [tokens(100, fixed(1000))] },
  { name: 'agent', parent: 'team' },
  { name: 'sister', parent: 'org' },
  { name: 'stranger' },
];

test('a first waiter is not overtaken by a later and smaller one, at any depth', () => {
  const tree = new BudgetTree(family);
  const open = taken(tree, 1, 50, 0);
  expect(tree.reserve(1, ask({ tokens: 60 }), 0, 10)).toMatchObject({ kind: 'waits', node: 1 });
  tree.addWaiter(1, 10, 7);
  // 11 would fit, but stands behind 10; 9 came before it.
  expect(tree.reserve(2, ask({ tokens: 1 }), 0, 11)).toEqual({ kind: 'waits', node: 1, retryAtUs: Infinity });
  expect(tree.reserve(2, ask({ tokens: 1 }), 0, 9).kind).toBe('reserved');
  // Paths that don't contain the node are free.
  expect(tree.reserve(3, ask({ tokens: 1 }), 0, 12).kind).toBe('reserved');
  expect(tree.reserve(4, ask({ tokens: 1 }), 0, 13).kind).toBe('reserved');
  // The first waiter does not stand in its own way.
  tree.settle(open, ask({}), 1);
  expect(tree.reserve(1, ask({ tokens: 60 }), 1, 10).kind).toBe('reserved');
  tree.removeWaiter(1, 10);
  expect(tree.reserve(2, ask({ tokens: 1 }), 1, 11).kind).toBe('reserved');
});

test('waiters stand in the order of their numbers, whenever they came', () => {
  const tree = new BudgetTree(family);
  expect([tree.firstWaiter(1), tree.nodesWithWaiters()]).toEqual([-1, []]);
  for (const seq of [30, 10, 40, 20]) tree.addWaiter(1, seq, seq + 1);
  tree.addWaiter(0, 5, 99);
  expect([tree.firstWaiter(1), tree.firstWaiter(0), tree.nodesWithWaiters()]).toEqual([11, 99, [0, 1]]);
  tree.checkInvariants(0);
  const left: number[] = [];
  for (const seq of [10, 30, 20, 40]) {
    tree.removeWaiter(1, seq);
    left.push(tree.firstWaiter(1));
  }
  expect(left).toEqual([21, 21, 41, -1]);
  expect(tree.nodesWithWaiters()).toEqual([0]);
  // Who does not wait there cannot leave.
  for (const seq of [4, 6]) tree.removeWaiter(0, seq);
  tree.removeWaiter(1, 40);
  tree.removeWaiter(3, 40);
  expect([tree.firstWaiter(0), tree.nodesWithWaiters()]).toEqual([99, [0]]);
  expect(() => tree.addWaiter(0, 5, 99)).toThrow('waits here already');
});

test('a queue of many waiters, first in first out', () => {
  const tree = new BudgetTree(family);
  for (let seq = 1; seq <= 1000; seq++) tree.addWaiter(0, seq, seq);
  for (let seq = 1; seq <= 1000; seq++) {
    expect(tree.firstWaiter(0)).toBe(seq);
    tree.removeWaiter(0, seq);
    tree.addWaiter(0, 1000 + seq, 1000 + seq);
  }
  tree.checkInvariants(0);
  expect(tree.firstWaiter(0)).toBe(1001);
});

// ---- The source system's quota -----------------------------------------------------------------------------------------

test('the default quota is 100,000 tokens and 1,000 calls in fixed hours', () => {
  const tree = new BudgetTree([{ name: 'agent', limits: defaultQuota }]);
  expect(tree.reserve(0, ask({ tokens: 100_001 }), 0, 1)).toMatchObject({ kind: 'never', limit: 100_000 });
  expect(tree.reserve(0, ask({ calls: 1_001 }), 0, 1)).toMatchObject({ kind: 'never', limit: 1_000 });
  expect(tree.reserve(0, ask({ tokens: 100_000, calls: 1_000 }), hourUs - 1, 1).kind).toBe('reserved');
  expect(tree.reserve(0, ask({ tokens: 1 }), hourUs - 1, 1)).toMatchObject({
    kind: 'waits',
    retryAtUs: hourUs,
  });
  expect(tree.reserve(0, ask({ tokens: 1 }), hourUs, 1).kind).toBe('reserved');
});

test('the quota of a node is the nearest token limit of an hour, its own or above', () => {
  const tree = new BudgetTree([
    { name: 'org', limits: defaultQuota },
    { name: 'team', parent: 'org', limits: [tokens(10, total), tokens(20, fixed(60))] },
    { name: 'agent', parent: 'team', limits: [tokens(900, fixed(hourUs)), tokens(500, sliding(hourUs))] },
    { name: 'stranger' },
  ]);
  expect([0, 1, 2, 3].map((node) => tree.quotaNode(node))).toEqual([0, 0, 2, -1]);
  expect([0, 1, 2, 3].map((node) => tree.quotaLimit(node))).toEqual([100_000, 100_000, 500, Infinity]);
  expect([0, 1, 3].map((node) => tree.rollsUs(node, 5))).toEqual([hourUs, hourUs, Infinity]);
  expect(tree.rollsUs(0, hourUs)).toBe(2 * hourUs);
});

test('a sliding quota rolls when its oldest use slides out', () => {
  const { tree, take } = one(tokens(100, sliding(hourUs)));
  expect(tree.rollsUs(0, 5)).toBe(5 + hourUs);
  take(1, 7);
  take(1, 9);
  expect(tree.rollsUs(0, 100)).toBe(7 + hourUs);
  expect(tree.rollsUs(0, 7 + hourUs)).toBe(9 + hourUs);
});

// ---- Mistakes of the source systems, not to be repeated ------------------------------------------------------------------

test('an agent out of quota does not block the others: only those who need its node wait with it', () => {
  const tree = new BudgetTree([
    { name: 'org', limits: [tokens(1_000_000, fixed(hourUs))] },
    { name: 'greedy', parent: 'org', limits: defaultQuota },
    { name: 'modest', parent: 'org', limits: defaultQuota },
    { name: 'greedy child', parent: 'greedy' },
  ]);
  taken(tree, 1, 100_000, 0);
  const refused = tree.reserve(1, ask({ tokens: 1000, calls: 1 }), 0, 1);
  expect(refused).toEqual({ kind: 'waits', node: 1, retryAtUs: hourUs }); // no reason to try before
  tree.addWaiter(1, 1, 1);
  expect(tree.reserve(3, ask({ tokens: 0 }), 0, 2)).toMatchObject({ kind: 'waits', node: 1 });
  for (let seq = 3; seq < 20; seq++) taken(tree, 2, 5000, 0, seq);
});

test('who lacks room at its own node and above waits at its own, where it is in nobody else’s way', () => {
  const tree = new BudgetTree([
    { name: 'org', limits: [tokens(100, fixed(1000))] },
    { name: 'team', parent: 'org', limits: [tokens(80, fixed(5000))] },
    { name: 'other', parent: 'org' },
  ]);
  taken(tree, 1, 80, 0);
  expect(tree.reserve(1, ask({ tokens: 50 }), 0, 1)).toEqual({ kind: 'waits', node: 1, retryAtUs: 5000 });
  tree.addWaiter(1, 1, 1);
  taken(tree, 2, 20, 0, 2);
});

test('tokens of a lifetime are not compared with an hourly quota', () => {
  const { take, settle, usage } = one(...defaultQuota);
  for (let hour = 0; hour < 50; hour++) {
    settle(take(100_000, hour * hourUs), 100_000, hour * hourUs + 1);
    expect(usage(hour * hourUs + 1)).toEqual([100_000, 0]);
  }
});

test.each([-1, -100_000, NaN, Infinity, -Infinity, 0.5, 2 ** 53])(
  'a request of %d does not raise the quota: it stops the program',
  (amount) => {
    const { tree, take, usage } = one(tokens(100, fixed(1000)));
    const open = take(10, 0);
    for (const resource of ['tokens', 'calls', 'microDollars', 'coreUs'] as const) {
      expect(() => tree.reserve(0, ask({ [resource]: amount }), 0, 1)).toThrow(
        `asked ${resource}: ${amount} is not`,
      );
      expect(() => tree.settle(open, ask({ [resource]: amount }), 0)).toThrow(
        `used ${resource}: ${amount} is not`,
      );
    }
    expect(usage(0)).toEqual([0, 10]);
    tree.checkInvariants(0);
  },
);
