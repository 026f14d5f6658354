/** Budgets: what their checkers catch, and what they let pass. */
import { dispatched, overrun, ready, reserved, settled, spawned, terminated, type Timed } from './stream.ts';
import { checkAccepts, checkCatches, SECOND } from './watch.ts';

const team = { node: 'team' };

checkCatches('reservations', [
  ['is not settled', [0, spawned(1)], [0, reserved(1, 10)], [0, reserved(1, 10)]],
  ['process 1 of budget team reserves at root', [0, spawned(1, { budget: 'team' })], [0, reserved(1, 10)]],
  ['reserves -1 coreUs', [0, spawned(1)], [0, reserved(1, 10, { coreUs: -1 })]],
  ['has nothing reserved', [0, spawned(1)], [0, reserved(1, 10)], [0, settled(1, 10)], [0, settled(1, 0)]],
  [
    'reserved at team and settles at root',
    [0, spawned(1, { budget: 'team' })],
    [0, reserved(1, 10, team)],
    [0, settled(1, 10)],
  ],
  ['settles -2 tokens', [0, spawned(1)], [0, reserved(1, 10)], [0, settled(1, -2)]],
  [
    'settles 1 tokens above its reservation, and no overrun is told',
    [0, spawned(1)],
    [0, reserved(1, 10)],
    [0, settled(1, 11)],
    [1, ready(1)],
  ],
  [
    'settles 1 tokens above its reservation, and no overrun is told',
    [0, spawned(1)],
    [0, reserved(1, 10)],
    [0, settled(1, 11)],
    [1, overrun(1, 1)],
  ],
  [
    'settles 1 tokens above its reservation, and no overrun is told',
    [0, spawned(1)],
    [0, reserved(1, 10)],
    [0, settled(1, 11)],
    [0, overrun(1, 2)],
  ],
  // At each node above that limits the resource.
  [
    'no overrun is told at root',
    [0, spawned(1, { budget: 'team' })],
    [0, reserved(1, 10, team)],
    [0, settled(1, 11, team)],
    [0, overrun(1, 1, 'tokens', 'team')],
    [1, ready(1)],
  ],
  [
    'an overrun of 1 tokens at once is told of process 1',
    [0, spawned(1)],
    [0, reserved(1, 10)],
    [0, settled(1, 11)],
    [0, overrun(1, 1)],
    [0, overrun(1, 1, 'tokens', 'once')],
  ],
  ['settled no such excess', [0, spawned(1)], [0, reserved(1, 10)], [0, settled(1, 10)], [0, overrun(1, 1)]],
  ['runs without a reservation at team', [0, spawned(1, { budget: 'team' })], [0, dispatched(1, 0, 1)]],
  ['ends with the reservation of event 2', [0, spawned(1)], [0, reserved(1, 10)], [0, terminated(1)]],
]);

checkAccepts('reservations', [
  // A node without limits needs no reservation; a resource that nobody limits has no overrun to tell.
  [
    [0, spawned(1, { budget: 'free' })],
    [0, dispatched(1, 0, 1)],
  ],
  [
    [0, spawned(1)],
    [0, reserved(1, 10)],
    [0, settled(1, 10, { coreUs: 99 })],
  ],
  [
    [0, spawned(1)],
    [0, reserved(1, 10)],
    [0, overrun(1, 5)],
    [0, settled(1, 15)],
  ],
]);

checkCatches('budget-limits', [
  ['budget root then holds 1001 of 1000 (fixed)', [0, reserved(1, 600)], [0, reserved(2, 401)]],
  [
    'budget root then holds 1001 of 1000 (fixed)',
    [0, reserved(1, 600)],
    [5, settled(1, 500)],
    [SECOND - 1, reserved(2, 501)],
  ],
  // What an ancestor's children reserve counts at the ancestor.
  ['budget root then holds 1100 of 1000 (fixed)', [0, reserved(1, 400, team)], [0, reserved(2, 700)]],
  [
    'budget team then holds 501 of 500 (sliding)',
    [600_000, reserved(1, 300, team)],
    [1_599_999, reserved(2, 201, team)],
  ],
  [
    'reserves 1 calls: budget root then holds 5 of 4',
    ...[1, 2, 3, 4].map((pid): Timed => [0, reserved(pid, 1)]),
    [0, reserved(5, 1)],
  ],
  [
    'reserves 1 calls: budget root then holds 5 of 4',
    ...[1, 2, 3, 4].flatMap((pid): Timed[] => [
      [0, reserved(pid, 1)],
      [0, dispatched(pid, 0, 1)],
      [0, settled(pid, 0)],
    ]),
    [0, reserved(5, 1)],
  ],
  // A total never rolls.
  [
    'budget once then holds 91 of 90 (total)',
    [0, reserved(1, 0, { node: 'once', microDollars: 60 })],
    [9 * SECOND, reserved(2, 0, { node: 'once', microDollars: 31 })],
  ],
  // An overrun of 1,400: not even nothing fits into the next window, and the one after has 600 left.
  [
    'budget root then holds 1400 of 1000',
    [0, reserved(1, 1000)],
    [1, settled(1, 2400)],
    [SECOND, reserved(1, 0)],
  ],
  [
    'budget root then holds 1001 of 1000',
    [0, reserved(1, 1000)],
    [1, settled(1, 2400)],
    [2 * SECOND, reserved(2, 601)],
  ],
  // What was reserved in a window that is over does not come back in this one; what it overran is debited to this one.
  [
    'budget root then holds 1001 of 1000',
    [0, reserved(1, 100)],
    [SECOND, settled(1, 150)],
    [SECOND, reserved(2, 951)],
  ],
]);

checkAccepts('budget-limits', [
  [
    [0, reserved(1, 400, team)],
    [0, reserved(2, 400, { node: 'other team' })],
  ],
  [
    [0, reserved(1, 1000)],
    [SECOND, reserved(2, 1000)],
  ],
  [
    [0, reserved(1, 1000)],
    [5, settled(1, 0)],
    [5, reserved(2, 1000)],
  ],
  [
    [600_000, reserved(1, 300, team)],
    [1_600_000, reserved(2, 500, team)],
  ],
  [
    [0, reserved(1, 300, team)],
    [0, reserved(2, 200, team)],
    [1, settled(2, 150, team)],
    [2, reserved(2, 50, team)],
  ],
  // An overrun of 1,400: 1,000 in the next window, 400 in the one after, which has 600 left.
  [
    [0, reserved(1, 1000)],
    [1, settled(1, 2400)],
    [2 * SECOND, reserved(2, 600)],
  ],
]);
