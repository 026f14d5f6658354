/** Context memory: what its checkers catch, and what they let pass. */
import {
  bypassed,
  dispatched,
  ended,
  evicted,
  faulted,
  freed,
  loaded,
  prefetchCancelled,
  prefetched,
  prefetchEnded,
  prefetchUsed,
  ready,
  requested,
  spawned,
  stopped,
  transferred,
} from './stream.ts';
import { checkAccepts, checkCatches, running } from './watch.ts';

checkCatches('residency', [
  [
    '290 resident tokens and 20 of room in 300',
    [0, spawned(1)],
    [0, loaded(1, 1, 290)],
    [0, dispatched(1, 0, 1, { room: 20 })],
  ],
  [
    '281 resident tokens and 20 of room in 300',
    [0, spawned(1)],
    [0, dispatched(1, 0, 1, { room: 20 })],
    [0, loaded(1, 1, 281)],
  ],
  ['301 resident tokens', [0, loaded(1, 1, 200)], [0, loaded(2, 1, 101)]],
  ['pages 3+4: page 5 is resident already', [0, loaded(5, 5, 5)], [0, loaded(3, 4, 4)]],
  ['pages 5+6: page 10 is not resident', [0, loaded(5, 5, 5)], [0, evicted(5, 6, 6)]],
  ['page 5 is not resident', [0, loaded(5, 1, 5)], [0, evicted(5, 1, 5)], [0, freed(5, 1, 5)]],
  ['4 tokens leave, but 5 came in', [0, loaded(5, 1, 5)], [0, evicted(5, 1, 4)]],
  ['engine 1, pages 5+1: page 5 is not resident', [0, loaded(5, 1, 5)], [0, evicted(5, 1, 5, 1)]],
  ['engine 3 of 2', [0, loaded(5, 1, 5, 3)]],
  ['engine 3 of 2', [0, spawned(1, { engine: 3 })]],
  [
    'has room for 19 tokens and may answer 20',
    [0, spawned(1)],
    [0, requested(1, 1, 0, 20)],
    [0, dispatched(1, 0, 1, { room: 19 })],
  ],
  [
    'has room -1, bypass announced: false',
    [0, spawned(1)],
    [0, requested(1, 1)],
    [0, dispatched(1, 0, 1, { room: -1 })],
  ],
  [
    'has room 10, bypass announced: true',
    [0, spawned(1)],
    [0, requested(1, 1)],
    [0, bypassed(1, 1)],
    [0, dispatched(1, 0, 1)],
  ],
]);

checkCatches('residency', [
  ['page 5 is resident already', [0, loaded(5, 1, 5)], [0, prefetched(5, 1, 5)]],
  ['301 resident tokens', [0, loaded(1, 1, 200)], [0, prefetched(2, 1, 101)]],
]);

checkCatches('prefetches', [
  ['engine a transfers already', [0, transferred(1, 100)], [1, transferred(2, 5)]],
  ['engine b has no slower tier', [0, transferred(1, 100, 1)]],
  ['engine 3 of 2', [0, transferred(1, 100, 3)]],
  ['0 tokens: a transfer brings something', [0, transferred(1, 0)]],
  ['engine a has no transfer under way', [0, prefetched(1, 1, 5)]],
  ['engine a has no transfer under way', [0, prefetchEnded(0)]],
  ['engine a has no transfer under way', [0, prefetchCancelled(5)]],
  [
    'engine a has no transfer under way',
    [0, transferred(1, 100)],
    [1, prefetchCancelled(100)],
    [1100, prefetched(1, 1, 100)],
  ],
  [
    'a transfer of 100 tokens that takes until 1100 µs',
    [0, transferred(1, 100)],
    [1099, prefetched(1, 1, 100)],
    [1099, prefetchEnded(100)],
  ],
  [
    '100 tokens were prefetched before their transfer ended',
    [0, transferred(1, 100)],
    [1100, prefetched(1, 1, 100)],
    [1101, ready(1)],
  ],
  [
    '100 tokens were prefetched, 90 are said to be',
    [0, transferred(1, 100)],
    [1100, prefetched(1, 1, 100)],
    [1100, prefetchEnded(90, 10)],
  ],
  [
    '60 tokens were prefetched and 41 declined of 100 transferred',
    [0, transferred(1, 100)],
    [1100, prefetched(1, 1, 60)],
    [1100, prefetchEnded(60, 41)],
  ],
  [
    '61 tokens were used of 60 prefetched',
    [0, transferred(1, 100)],
    [1100, prefetched(1, 1, 60)],
    [1100, prefetchEnded(60, 40)],
    [1200, prefetchUsed(1, 61)],
  ],
  [
    'uses 60 prefetched tokens and finds 59',
    [0, spawned(1)],
    [0, transferred(1, 100)],
    [1100, prefetched(1, 1, 60)],
    [1100, prefetchEnded(60, 40)],
    [1200, prefetchUsed(1, 60)],
    [1200, dispatched(1, 0, 1, { cachedTokens: 59 })],
  ],
]);

checkAccepts('prefetches', [
  [
    // One transfer after another, one of them cancelled; what is used in two calls.
    [0, spawned(1)],
    [0, transferred(1, 100)],
    [500, prefetchCancelled(100)],
    [600, transferred(1, 100)],
    [1700, evicted(9, 1, 5)],
    [1700, prefetched(1, 1, 60)],
    [1700, prefetched(2, 1, 20)],
    [1700, prefetchEnded(80, 20)],
    [1700, transferred(3, 20)],
    [1800, prefetchUsed(1, 60)],
    [1800, dispatched(1, 0, 1, { cachedTokens: 60 })],
    [1900, ended(1, 0, 1)],
    [2000, prefetchEnded(0, 20)],
    [2000, prefetchUsed(1, 20)],
    [2000, dispatched(1, 0, 2, { cachedTokens: 90 })],
  ],
]);

checkCatches('faults', [
  ['loaded 0 tokens where 5 faulted', [0, spawned(1)], [0, faulted(1, 'compulsory', 1, 5)], [1, ready(1)]],
  [
    'loaded 6 tokens where 5 faulted',
    [0, spawned(1)],
    [0, faulted(1, 'capacity', 1, 5)],
    [0, loaded(1, 1, 6)],
    [1, ready(1)],
  ],
  [
    'loaded 5 tokens where 0 faulted',
    [0, spawned(1)],
    [0, faulted(1, 'hole', 1, 5)],
    [0, loaded(1, 1, 5)],
    [1, ready(1)],
  ],
  [
    'engine 1 loaded 5 tokens where 0 faulted',
    [0, spawned(1)],
    [0, faulted(1, 'compulsory', 1, 5)],
    [0, loaded(1, 1, 5, 1)],
    [0, loaded(1, 1, 5)],
    [1, ready(1)],
  ],
  ['where 0 faulted and 5 were answers', ...running, [1, ended(1, 0, 1)], [1, loaded(1, 1, 6)]],
  ['where 0 faulted and 0 were answers', ...running, [1, ended(1, 0, 1)], [2, loaded(1, 1, 5)]],
  [
    'loaded 5 tokens where 0 faulted',
    [0, spawned(1)],
    [0, requested(1, 1)],
    [0, bypassed(1, 1)],
    [0, faulted(1, 'compulsory', 1, 5)],
    [0, loaded(1, 1, 5)],
  ],
  [
    'faulted 9 tokens and pays for 8',
    [0, spawned(1)],
    [0, requested(1, 1, 9)],
    [0, faulted(1, 'hole', 1, 9)],
    [0, dispatched(1, 0, 1, { newTokens: 8, cachedTokens: 1 })],
  ],
  [
    'faulted 9 tokens and pays for 0',
    [0, spawned(1)],
    [0, requested(1, 1)],
    [0, dispatched(1, 0, 1)],
    [1, stopped(1, 0, 1)],
    [2, faulted(1, 'hole', 1, 9)],
    [2, dispatched(1, 0, 1)],
  ],
  [
    'pays for 8 tokens and finds 2: its prompt has 9',
    [0, spawned(1)],
    [0, requested(1, 1, 9)],
    [0, dispatched(1, 0, 1, { newTokens: 1, repeatedTokens: 3, loadTokens: 4, cachedTokens: 2 })],
  ],
  ['engine 2 of 2', [0, loaded(1, 1, 5, 2)]],
]);

checkAccepts('faults', [
  // What a process touched just before its call that bypasses the memory was loaded.
  [
    [0, spawned(1)],
    [0, faulted(1, 'capacity', 1, 60)],
    [0, loaded(4, 1, 60)],
    [0, requested(1, 1, 81)],
    [0, bypassed(1, 1)],
    [0, faulted(1, 'capacity', 1, 21)],
    [0, faulted(1, 'hole', 1, 60)],
    [0, dispatched(1, 0, 1, { repeatedTokens: 81, room: -1 })],
    [1, ended(1, 0, 1)],
    [1, faulted(1, 'capacity', 1, 21)],
    [1, loaded(5, 1, 21)],
  ],
  // A later stretch may have less to pay for, or more: its partial answer.
  [
    [0, spawned(1)],
    [0, requested(1, 1, 9)],
    [0, dispatched(1, 0, 1, { newTokens: 9 })],
    [1, stopped(1, 0, 1)],
    [2, dispatched(1, 0, 1, { cachedTokens: 5 })],
    [3, stopped(1, 0, 1)],
    [4, dispatched(1, 0, 1, { repeatedTokens: 12 })],
  ],
  [
    [0, spawned(1)],
    [0, requested(1, 1)],
    [0, dispatched(1, 0, 1)],
    [1, ended(1, 0, 1, { tokensOut: 0 })],
    [1, loaded(1, 1, 7)],
  ],
]);

checkAccepts('residency', [
  // Full to the last token.
  [
    [0, spawned(1)],
    [0, loaded(1, 1, 290)],
    [0, dispatched(1, 0, 1, { room: 10 })],
    [1, ended(1, 0, 1)],
    [1, loaded(2, 1, 10)],
  ],
]);
