/** Bad input to a budget tree gets one clear line; misuse stops the program. */
import { expect, test } from 'vitest';

import { BudgetTree } from '../../src/kernel/budgets.ts';
import { ask, fixed, one, tokens, total } from './budget-support.ts';

test('a reservation is settled once, by whoever has the ticket', () => {
  const { tree, take, settle } = one(tokens(100, fixed(1000)));
  const ticket = take(10, 0);
  settle(ticket, 5, 1);
  expect(() => settle(ticket, 5, 2)).toThrow('settled already');
  expect(() => tree.settle({ ...ask({ tokens: 5 }), node: 0, seq: 9, atUs: 0 }, ask({}), 2)).toThrow(
    'not a reservation',
  );
});

test('time does not go back, and is a number', () => {
  const { asks } = one(tokens(100, fixed(1000)));
  asks(1, 500);
  expect(() => asks(1, 499)).toThrow('time went back: 499 < 500');
  expect(() => asks(1, NaN)).toThrow('time went back');
});

test('names and indexes', () => {
  const tree = new BudgetTree([
    { name: 'leaf', parent: 'root' },
    { name: 'root' },
    { name: 'late', parent: 'leaf', limits: [tokens(5, total)] },
  ]);
  expect([tree.find('late'), tree.find('nobody')]).toEqual([2, -1]);
  expect([tree.size, tree.indexOf('late'), tree.nameOf(2), tree.parentOf(2), tree.parentOf(1)]).toEqual([
    3,
    2,
    'late',
    0,
    -1,
  ]);
  expect(tree.reserve(2, ask({ tokens: 6 }), 0, 1).kind).toBe('never');
  expect(() => tree.indexOf('nobody')).toThrow(
    expect.objectContaining({
      code: 'UNKNOWN_BUDGET',
      message: 'budget: "nobody" is not allowed; allowed: the name of a budget',
    }),
  );
  expect(() => tree.nameOf(3)).toThrow('no budget node 3');
});

const limited = (limit: unknown): unknown[] => [{ name: 'a', limits: [limit] }];
test.each<[string, unknown]>([
  [
    'budgets[0]: 5 is not allowed; allowed: a node: { name, parent?, limits?, whenExhausted?, degradeTo? }',
    [5],
  ],
  [
    'budgets[1].name: "" is not allowed; allowed: a text of at least one character',
    [{ name: 'a' }, { name: '' }],
  ],
  [
    'budgets[1].name: "a" is not allowed; allowed: a name that no other budget has',
    [{ name: 'a' }, { name: 'a' }],
  ],
  ['budget a, parent: "b" is not allowed; allowed: the name of another budget', [{ name: 'a', parent: 'b' }]],
  [
    'budgets, parents: "a -> a" is not allowed; allowed: a tree: no budget is its own ancestor',
    [{ name: 'a', parent: 'a' }],
  ],
  [
    'budgets, parents: "b -> c -> b" is not allowed; allowed: a tree: no budget is its own ancestor',
    [{ name: 'root' }, { name: 'a', parent: 'b' }, { name: 'b', parent: 'c' }, { name: 'c', parent: 'b' }],
  ],
  [
    'budget a, limits: 3 is not allowed; allowed: a list of { resource, amount, window }',
    [{ name: 'a', limits: 3 }],
  ],
  ['budget a, limits[0]: null is not allowed; allowed: { resource, amount, window }', limited(null)],
  [
    'budget a, limits[0].resource: "pages" is not allowed; allowed: tokens, calls, microDollars, coreUs',
    limited({ resource: 'pages', amount: 1, window: total }),
  ],
  ...[-1, NaN, Infinity, 1.5, '7'].map((amount): [string, unknown] => [
    `budget a, limits[0].amount: ${JSON.stringify(amount) === 'null' ? amount : JSON.stringify(amount)} is not allowed; allowed: an integer, 0 or more`,
    limited({ resource: 'tokens', amount, window: total }),
  ]),
  ...[0, -60, 1.5, Infinity, undefined].map((lengthUs): [string, unknown] => [
    `budget a, limits[0].window.lengthUs: ${lengthUs} is not allowed; allowed: an integer above 0`,
    limited({ resource: 'tokens', amount: 1, window: { kind: 'sliding', lengthUs } }),
  ]),
  [
    'budget a, limits[0].window: undefined is not allowed; allowed: { kind, lengthUs }',
    limited({ resource: 'tokens', amount: 1 }),
  ],
  [
    'budget a, limits[0].window.kind: "hour" is not allowed; allowed: total, fixed, sliding',
    limited({ resource: 'tokens', amount: 1, window: { kind: 'hour' } }),
  ],
  [
    'budget a, limits[1]: "tokens fixed 60" is not allowed; allowed: one limit for each resource and window',
    [{ name: 'a', limits: [tokens(1, fixed(60)), tokens(2, fixed(60))] }],
  ],
])('one clear line: %s', (message, nodes) => {
  expect(() => new BudgetTree(nodes as never)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
  );
});
