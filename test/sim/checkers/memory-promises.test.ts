/** Context memory: what its checkers catch, and what they let pass. */
import {
  bypassed,
  dispatched,
  ended,
  evicted,
  faulted,
  freed,
  loaded,
  ready,
  requested,
  spawned,
  stopped,
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
