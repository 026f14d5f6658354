/** The windows of a limit, fixed, sliding and total, and what an overrun does to them. Worked by hand. */
import { expect, test } from 'vitest';

import { hourUs } from '../../src/kernel/budget-limits.ts';
import { BudgetTree } from '../../src/kernel/budgets.ts';
import { ask, fixed, one, sliding, tokens, total } from './budget-support.ts';

// ---- Fixed windows ---------------------------------------------------------------------------------------------------

test('fixed windows begin at multiples of their length from time 0, not at the first use', () => {
  const { take, asks, tree } = one(tokens(100, fixed(1000)));
  take(100, 3999);
  expect(tree.usage(0, 3999)[0]).toMatchObject({ reserved: 100, windowStartUs: 3000 });
  expect(asks(1, 3999)).toEqual({ kind: 'waits', node: 0, retryAtUs: 4000 });
  expect(asks(100, 4000).kind).toBe('reserved');
  expect(tree.usage(0, 4000)[0]).toMatchObject({ reserved: 100, windowStartUs: 4000 });
});

test('what is left over goes back to its window, and nowhere when that window is over', () => {
  const { take, settle, usage } = one(tokens(100, fixed(1000)));
  const old = take(100, 900);
  const young = take(60, 1100); // the old reservation does not weigh on the new window
  settle(old, 10, 1200);
  expect(usage(1200)).toEqual([0, 60]);
  settle(young, 10, 1300);
  expect(usage(1300)).toEqual([10, 0]);
});

test('an overrun is debited at once from the current window', () => {
  const { take, settle, usage, asks } = one(tokens(100, fixed(1000)));
  const ticket = take(20, 0);
  expect(settle(ticket, 50, 10)).toEqual([{ node: 0, resource: 'tokens', amount: 30 }]);
  expect(usage(10)).toEqual([50, 0]);
  expect(asks(51, 10).kind).toBe('waits');
});

test('an overrun of a reservation from an old window is debited from the current one', () => {
  const { take, settle, usage } = one(tokens(100, fixed(1000)));
  const ticket = take(20, 900);
  settle(ticket, 50, 1500);
  expect(usage(1500)).toEqual([30, 0]);
});

test('what the current window cannot hold is debited from the next ones, which never hold more than their limit', () => {
  const { take, settle, usage, asks, tree } = one(tokens(100, fixed(1000)));
  settle(take(100, 0), 330, 10);
  expect(usage(10)).toEqual([330, 0]);
  // 100 are held by this window, 100 by the next, 100 by the one after, 30 by the fourth.
  expect(asks(70, 10)).toEqual({ kind: 'waits', node: 0, retryAtUs: 3000 });
  expect(asks(71, 10)).toEqual({ kind: 'waits', node: 0, retryAtUs: 4000 });
  expect(asks(0, 2999)).toEqual({ kind: 'waits', node: 0, retryAtUs: 3000 });
  expect(usage(3000)).toEqual([30, 0]);
  expect(asks(71, 3000)).toEqual({ kind: 'waits', node: 0, retryAtUs: 4000 });
  expect(asks(70, 3000).kind).toBe('reserved');
  tree.checkInvariants(3000);
});

test('an overrun beside open reservations: what they leave over pays for it first', () => {
  const { take, settle, usage } = one(tokens(100, fixed(1000)));
  const open = take(60, 0);
  settle(take(40, 0), 70, 1);
  expect(usage(1)).toEqual([70, 60]); // 30 more than the window holds
  settle(open, 10, 2);
  expect(usage(2)).toEqual([80, 0]); // nothing is owed any more
  expect(usage(1000)).toEqual([0, 0]);
});

test('an overrun beside a reservation that is open when the window rolls is owed in full', () => {
  const { take, settle, usage } = one(tokens(100, fixed(1000)));
  const open = take(60, 0);
  settle(take(40, 0), 70, 1);
  expect(usage(1000)).toEqual([30, 0]);
  settle(open, 10, 1001); // too late: the window it came from is over
  expect(usage(1001)).toEqual([30, 0]);
});

test('overruns are told for each node that limits the resource, from the node up', () => {
  const tree = new BudgetTree([
    { name: 'org', limits: [tokens(100, fixed(1000)), tokens(500, total)] },
    { name: 'team', parent: 'org' },
    {
      name: 'agent',
      parent: 'team',
      limits: [{ resource: 'calls', amount: 5, window: total }, tokens(50, total)],
    },
  ]);
  const result = tree.reserve(2, ask({ tokens: 10, calls: 1 }), 0, 1);
  if (result.kind !== 'reserved') throw new Error(result.kind);
  expect(tree.settle(result.reservation, ask({ tokens: 13, calls: 2, coreUs: 9 }), 0)).toEqual([
    { node: 2, resource: 'tokens', amount: 3 },
    { node: 2, resource: 'calls', amount: 1 },
    { node: 0, resource: 'tokens', amount: 3 },
  ]);
});

// ---- Sliding windows -------------------------------------------------------------------------------------------------

test('in a sliding window an amount counts for one length from its reservation, the end excluded', () => {
  const { take, asks, usage } = one(tokens(100, sliding(1000)));
  take(60, 100);
  take(40, 300);
  expect(asks(1, 1099)).toEqual({ kind: 'waits', node: 0, retryAtUs: 1100 });
  expect(asks(61, 1099)).toEqual({ kind: 'waits', node: 0, retryAtUs: 1300 });
  expect(usage(1100)).toEqual([0, 40]);
  take(60, 1100);
  expect(usage(1300)).toEqual([0, 60]);
});

test('in a sliding window the rest goes back to the instant it came from, until that has slid out', () => {
  const { take, settle, usage, asks, tree } = one(tokens(100, sliding(1000)));
  const first = take(70, 100);
  const second = take(30, 200);
  settle(first, 20, 600);
  expect(usage(600)).toEqual([20, 30]);
  take(50, 600);
  expect(asks(20, 600)).toEqual({ kind: 'waits', node: 0, retryAtUs: 1100 });
  expect(usage(1250)).toEqual([0, 50]);
  settle(second, 0, 1250); // it slid out at 1200
  expect(usage(1250)).toEqual([0, 50]);
  tree.checkInvariants(1250);
});

test('in a sliding window an overrun counts from its settlement', () => {
  const { take, settle, usage } = one(tokens(100, sliding(1000)));
  settle(take(20, 0), 50, 400);
  expect(usage(400)).toEqual([50, 0]);
  expect(usage(1000)).toEqual([30, 0]);
  expect(usage(1400)).toEqual([0, 0]);
});

test('in a sliding window debt takes the room that comes free, and fills one window after another', () => {
  const { take, settle, usage, asks, tree } = one(tokens(100, sliding(1000)));
  settle(take(100, 0), 250, 10); // 150 are owed
  expect(usage(999)).toEqual([250, 0]);
  expect(usage(1000)).toEqual([150, 0]); // 100 left, 100 of the debt took their place
  expect(asks(50, 1000)).toEqual({ kind: 'waits', node: 0, retryAtUs: 2000 });
  expect(asks(51, 1000)).toEqual({ kind: 'waits', node: 0, retryAtUs: 3000 });
  expect(usage(2000)).toEqual([50, 0]);
  expect(usage(3000)).toEqual([0, 0]);
  tree.checkInvariants(3000);
});

test('a sliding window of many entries forgets those that left', () => {
  const { take, settle, usage, tree } = one(tokens(100, sliding(100)));
  for (let atUs = 0; atUs < 5000; atUs++) settle(take(1, atUs), 1, atUs);
  expect(usage(4999)).toEqual([100, 0]);
  tree.checkInvariants(4999);
  expect(JSON.stringify(tree.save()).length).toBeLessThan(2000);
});

// ---- Total limits, and what never fits ---------------------------------------------------------------------------------

test('a total limit never rolls', () => {
  const { take, settle, usage } = one(tokens(100, total));
  settle(take(60, 0), 60, 1);
  expect(usage(1_000 * hourUs)).toEqual([60, 0]);
});

test('a total limit: what settled use leaves no room for never fits, what only reservations stand before waits for a settlement', () => {
  const { take, settle, asks } = one(tokens(100, total));
  const open = take(50, 0);
  settle(take(30, 0), 30, 0);
  expect(asks(70, 1)).toEqual({ kind: 'waits', node: 0, retryAtUs: Infinity });
  expect(asks(71, 1)).toEqual({ kind: 'never', node: 0, resource: 'tokens', limit: 100, asked: 71 });
  settle(open, 50, 2);
  expect(asks(21, 2)).toEqual({ kind: 'never', node: 0, resource: 'tokens', limit: 100, asked: 21 });
  expect(asks(20, 2).kind).toBe('reserved');
});

test('an overdrawn total limit admits nothing any more, not even a call that asks for none of it', () => {
  const { take, settle, asks } = one(tokens(100, total));
  settle(take(100, 0), 101, 0);
  expect(asks(0, 1)).toEqual({ kind: 'never', node: 0, resource: 'tokens', limit: 100, asked: 0 });
});

test.each([fixed(1000), sliding(1000), total])(
  'more than a whole window holds never fits: $kind',
  (window) => {
    const { asks } = one(tokens(100, window));
    expect(asks(101, 5)).toEqual({ kind: 'never', node: 0, resource: 'tokens', limit: 100, asked: 101 });
    expect(asks(100, 5).kind).toBe('reserved');
  },
);

test.each([fixed(1000), sliding(1000), total])(
  'a limit of 0 admits what asks for nothing, until it is overdrawn: $kind',
  (window) => {
    const { take, settle, asks } = one(tokens(0, window));
    expect(asks(1, 0).kind).toBe('never');
    settle(take(0, 0), 1, 1);
    expect(asks(0, 50_000).kind).toBe('never');
  },
);
