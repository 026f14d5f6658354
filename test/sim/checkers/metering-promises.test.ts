/** What a call reserves and settles, and whose turn it is at a budget: what their checkers catch, and what they let pass. */
import {
  dispatched,
  ended,
  queued,
  refused,
  requested,
  reserved,
  settled,
  spawned,
  stopped,
  suspended,
  terminated,
  type Timed,
} from './stream.ts';
import { checkAccepts, checkCatches } from './watch.ts';

/** A call of 100 prompt tokens, 40 of them cached, and up to 20 of answer: 300 micro-dollars at most, 200 µs of prefill. */
const asks: readonly Timed[] = [
  [0, spawned(1)],
  [0, requested(1, 1, 100, 20)],
];
const most = { microDollars: 300, coreUs: 500 };
const begun: readonly Timed[] = [
  ...asks,
  [0, reserved(1, 120, most)],
  [0, dispatched(1, 0, 1, { newTokens: 60, cachedTokens: 40 })],
];
const took = { tokensIn: 100, tokensCached: 40, tokensOut: 10 };
const cost = 60 * 2 + 40 * 1 + 10 * 5;
const paid = { microDollars: cost, coreUs: 70 };

checkCatches('metering', [
  ['reserves, but asks for no call', [0, spawned(1)], [0, reserved(1, 0)]],
  ['reserves 1 tokens for a prompt of 100 and an answer of 20', ...asks, [0, reserved(1, 1, most)]],
  ['reserves 100 tokens for a prompt of 100', ...asks, [0, reserved(1, 100, most)]],
  [
    'reserves 200 microDollars and may cost 300',
    ...asks,
    [0, reserved(1, 120, { microDollars: 200, coreUs: 500 })],
  ],
  [
    'reserves 199 µs, and its prompt may take 200',
    ...asks,
    [0, reserved(1, 120, { microDollars: 300, coreUs: 199 })],
  ],
  [
    'settles 0 tokens and took 100 of prompt and 10 of answer',
    ...begun,
    [70, settled(1, 0, paid)],
    [70, ended(1, 0, 1, { ...took, microDollars: cost })],
  ],
  [
    'settles 0 microDollars: 100 tokens of prompt (40 cached) and 10 of answer cost 210',
    ...begun,
    [70, settled(1, 110, { coreUs: 70 })],
    [70, ended(1, 0, 1, took)],
  ],
  [
    'settles 69 µs and was on a core for 70',
    ...begun,
    [70, settled(1, 110, { ...paid, coreUs: 69 })],
    [70, ended(1, 0, 1, { ...took, microDollars: cost })],
  ],
  ['cost 0 microDollars and settled 210', ...begun, [70, settled(1, 110, paid)], [70, ended(1, 0, 1, took)]],
  [
    'settles 110 tokens and took 101 of prompt',
    ...begun,
    [70, settled(1, 110, paid)],
    [70, ended(1, 0, 1, { ...took, tokensIn: 101, microDollars: cost })],
  ],
  [
    'found 101 of 100 prompt tokens',
    ...begun,
    [70, settled(1, 110, paid)],
    [70, ended(1, 0, 1, { ...took, tokensCached: 101, microDollars: cost })],
  ],
  ['ends and was not settled', ...begun, [70, ended(1, 0, 1, { ...took, microDollars: cost })]],
  // A call that never started took nothing.
  [
    'settles 5 tokens and took 0 of prompt and 0 of answer',
    ...asks,
    [0, reserved(1, 120, most)],
    [1, settled(1, 5)],
  ],
  // A stretch that is settled by itself: its prompt, and the answer so far.
  [
    'settles 100 tokens and took 100 of prompt and 4 of answer',
    ...begun,
    [70, stopped(1, 0, 1, { tokensOut: 4 })],
    [70, settled(1, 100, paid)],
  ],
  [
    'reserves 501 µs after 500',
    ...begun,
    [70, stopped(1, 0, 1, { tokensOut: 4 })],
    [70, settled(1, 104, { microDollars: 180, coreUs: 70 })],
    [70, reserved(1, 120, { microDollars: 300, coreUs: 501 })],
  ],
  ['settled a call that has not ended', ...begun, [70, settled(1, 110, paid)], [70, terminated(1)]],
]);

checkAccepts('metering', [
  [...begun, [70, settled(1, 110, paid)], [70, ended(1, 0, 1, { ...took, microDollars: cost })]],
  // Resumed: its prompt is paid once, its time on cores added up.
  [
    ...begun,
    [40, stopped(1, 0, 1, { tokensOut: 4 })],
    [60, dispatched(1, 1, 1, { cachedTokens: 100 })],
    [90, settled(1, 110, paid)],
    [90, ended(1, 1, 1, { ...took, microDollars: cost })],
  ],
  // Continued: reserved and paid anew, with the partial answer as a part of the prompt.
  [
    ...begun,
    [70, stopped(1, 0, 1, { tokensOut: 4 })],
    [70, settled(1, 104, { microDollars: 180, coreUs: 70 })],
    [70, reserved(1, 120, most)],
    [80, dispatched(1, 0, 1, { cachedTokens: 100, repeatedTokens: 4 })],
    [90, settled(1, 110, { microDollars: 138, coreUs: 10 })],
    [90, ended(1, 0, 1, { tokensIn: 204, tokensCached: 140, tokensOut: 10, microDollars: 318 })],
  ],
  // The model server's own count is what is paid for; nothing is judged of a call without a reservation.
  [
    ...begun,
    [70, settled(1, 310, { microDollars: 610, coreUs: 70 })],
    [70, ended(1, 0, 1, { tokensIn: 300, tokensCached: 40, tokensOut: 10, microDollars: 610 })],
  ],
  [...asks, [0, dispatched(1, 0, 1)], [5, ended(1, 0, 1)]],
]);

/** 1 asked first, 2 second; 1 waits at the root, which is above both. */
const team = { budget: 'team' };
const waits: readonly Timed[] = [
  [0, spawned(1, team)],
  [0, spawned(2)],
  [0, spawned(3, { budget: 'free' })],
  [0, requested(1, 1)],
  [0, requested(2, 1)],
  [0, requested(3, 1)],
  [0, queued(1, 'root')],
];

checkCatches('budget-queue', [
  ['process 2 overtakes process 1, which waits at budget root', ...waits, [1, reserved(2, 10)]],
  [
    'process 4 overtakes process 1, which waits at budget root',
    ...waits,
    [1, spawned(4, team)],
    [1, requested(4, 1)],
    [1, reserved(4, 10, { node: 'team' })],
  ],
  // Whoever was called away takes its old place.
  [
    'process 2 overtakes process 1',
    ...waits,
    [1, queued(2)],
    [1, suspended(1)],
    [2, queued(1)],
    [2, reserved(2, 10)],
  ],
  ['of budget team waits at budget once, which is not above it', ...waits, [1, queued(1, 'once')]],
  ['waits at budget root, but asks for no call', [0, spawned(1)], [0, queued(1)]],
]);

checkAccepts('budget-queue', [
  [...waits, [1, queued(2)], [2, reserved(1, 10)], [2, reserved(2, 10)]],
  // Who waits further down, or somewhere else, is in nobody's way; nor is who waits no more.
  [...waits, [1, queued(1, 'team')], [1, reserved(2, 10)]],
  [...waits, [1, reserved(3, 10, { node: 'free' })]],
  [...waits, [1, suspended(1)], [1, reserved(2, 10)]],
  [...waits, [1, refused(1, 1)], [1, reserved(2, 10)]],
  [...waits, [1, terminated(1)], [1, reserved(2, 10)]],
  // Its call is older.
  [...waits, [1, reserved(1, 10)], [1, queued(2)], [2, settled(1, 0)], [3, reserved(1, 10)]],
]);
