/** Budgets: what their checkers catch, and what they let pass. */
import {
  degraded,
  dispatched,
  exhausted,
  overrun,
  queued,
  ready,
  refused,
  requested,
  reserved,
  restored,
  settled,
  spawned,
  suspended,
  terminated,
  throttled,
  waiting,
  type Timed,
} from './stream.ts';
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

// ---- What a node does when it is exhausted -----------------------------------------------------------------------------

/** Process 1 has used `used` of the tokens of `node`; process 2 asks it for 60 at `atUs`. */
const asking = (node: string, used = 70, atUs = 10): readonly Timed[] => [
  [0, spawned(1, { budget: node })],
  [0, spawned(2, { budget: node })],
  [0, requested(1, 1, used - 10)],
  [0, reserved(1, used, { node })],
  [5, settled(1, used, { node })],
  [atUs, requested(2, 1, 50)],
];
const stopping = [...asking('stopping'), [10, exhausted(2, 'stopping', 'stop')] satisfies Timed];
const suspend = [...asking('suspending'), [10, exhausted(2, 'suspending', 'suspend')] satisfies Timed];
/** Of 90 micro-dollars 70 are used, and 60 asked for. */
const money: readonly Timed[] = [
  [0, spawned(1, { budget: 'degrading' })],
  [0, requested(1, 1, 0)],
  [0, reserved(1, 0, { node: 'degrading', microDollars: 70 })],
  [5, settled(1, 0, { node: 'degrading', microDollars: 70 })],
  [10, requested(1, 2, 0)],
];
const dear = exhausted(1, 'degrading', 'degrade', { resource: 'microDollars', asked: 60 });

checkCatches('budget-rules', [
  [
    'budget stopping has the rule stop, not suspend',
    ...asking('stopping'),
    [10, exhausted(2, 'stopping', 'suspend')],
  ],
  ['budget root has the rule wait', [0, spawned(1)], [0, requested(1, 1)], [0, exhausted(1, 'root', 'stop')]],
  [
    'is said to ask for 61 tokens, and asks for 60',
    ...asking('stopping'),
    [10, exhausted(2, 'stopping', 'stop', { asked: 61 })],
  ],
  // 40 are left, and with what is only reserved there may be 60.
  ['could give process 2 the 60 tokens', ...asking('stopping', 40), [10, exhausted(2, 'stopping', 'stop')]],
  [
    'could give process 2 the 60 tokens',
    ...asking('stopping').filter(([, { type }]) => type !== 'budget.settled'),
    [10, exhausted(2, 'stopping', 'stop')],
  ],
  // A new window.
  [
    'could give process 2 the 60 tokens',
    ...asking('stopping', 70, SECOND),
    [SECOND, exhausted(2, 'stopping', 'stop')],
  ],
  ['call.refused does not follow', ...stopping, [10, waiting(2, 'budget')]],
  [
    'process.terminated does not follow',
    ...stopping,
    [10, refused(2, 1, 'BUDGET_EXHAUSTED')],
    [10, waiting(2, 'budget')],
  ],
  ['call.refused does not follow', ...stopping, [11, ready(1)]],
  [
    'ends with "PROGRAM_FAILED"',
    ...stopping,
    [10, refused(2, 1, 'BUDGET_EXHAUSTED')],
    [10, terminated(2, 'failed')],
  ],
  [
    'process 1 is stopped, and no budget of it is exhausted',
    [0, spawned(1)],
    [0, terminated(1, 'failed', 'BUDGET_EXHAUSTED')],
  ],
  [
    'process 1 is refused, and no budget of it is exhausted',
    [0, spawned(1)],
    [0, refused(1, 1, 'BUDGET_EXHAUSTED')],
  ],
  ['process 1 is suspended, and no budget of it is exhausted', [0, spawned(1)], [0, suspended(1, 'budget')]],
  ['process 1 is degraded, and no budget of it is exhausted', [0, spawned(1)], [0, degraded(1, 1)]],
  // The next second it could go on: so it takes its place.
  ['budget.queued does not follow', ...suspend, [10, suspended(2, 'budget')], [11, ready(1)]],
  [
    'process 2 waits at budget stopping, whose tokens are spent: its rule is stop',
    ...asking('stopping'),
    [10, waiting(2, 'budget')],
    [10, queued(2, 'stopping')],
  ],
  [
    'process 2 waits at budget suspending, whose tokens are spent: its rule is suspend',
    ...asking('suspending'),
    [10, waiting(2, 'budget')],
    [10, queued(2, 'suspending')],
  ],
  ['call.degraded does not follow', ...money, [10, dear], [10, reserved(1, 0, { node: 'degrading' })]],
  // 70 of 100 are used: the next call is due after 0.7 s.
  [
    'process 2 is 699990 µs early for the tokens of budget paced',
    ...asking('paced'),
    [10, reserved(2, 10, { node: 'paced' })],
  ],
  [
    'process 2 is 2 µs early for the tokens of budget paced',
    ...asking('paced', 70, 699_998),
    [699_998, reserved(2, 10, { node: 'paced' })],
  ],
  ['budget root has the rule wait', [0, spawned(1)], [0, throttled(1, 'root', 9)]],
  ['is paced at paced until 10 µs', ...asking('paced'), [10, throttled(2, 'paced', 10)]],
  ['process 1 of budget root is paced at paced', [0, spawned(1)], [0, throttled(1, 'paced', 9)]],
  // Two calls of 30 at 0.1 and 0.2 s: the second is not paid for before 0.4 s, the first of them and it not before 0.7 s.
  [
    'process 2 is 100000 µs early for the tokens of budget paced sliding',
    [0, spawned(1, { budget: 'paced sliding' })],
    [0, spawned(2, { budget: 'paced sliding' })],
    [100_000, reserved(1, 30, { node: 'paced sliding' })],
    [300_000, reserved(2, 10, { node: 'paced sliding' })],
  ],
]);

checkAccepts('budget-rules', [
  [...stopping, [10, refused(2, 1, 'BUDGET_EXHAUSTED')], [10, terminated(2, 'failed', 'BUDGET_EXHAUSTED')]],
  [...suspend, [10, suspended(2, 'budget')], [10, queued(2, 'suspending')], [11, ready(1)]],
  [...money, [10, dear], [10, degraded(1, 2)], [10, reserved(1, 0, { node: 'degrading', microDollars: 20 })]],
  [...asking('paced', 70, 700_000), [700_000, reserved(2, 10, { node: 'paced' })]],
  // Nothing of what is paced.
  [...asking('paced'), [10, reserved(2, 0, { node: 'paced' })]],
  [
    ...asking('paced'),
    [10, waiting(2, 'budget')],
    [10, queued(2, 'paced')],
    [10, throttled(2, 'paced', 700_000)],
  ],
  // It waits for what may come back.
  [
    ...asking('stopping').filter(([, { type }]) => type !== 'budget.settled'),
    [10, waiting(2, 'budget')],
    [10, queued(2, 'stopping')],
  ],
  // What was used before a crash is in no event.
  [
    [0, spawned(1, { budget: 'stopping' })],
    [0, restored(1)],
    [0, requested(1, 1, 50)],
    [0, exhausted(1, 'stopping', 'stop')],
    [0, refused(1, 1, 'BUDGET_EXHAUSTED')],
    [0, terminated(1, 'failed', 'BUDGET_EXHAUSTED')],
  ],
]);
