/** Tools and messages: what their checkers catch, and what they let pass. */
import { received, sent, terminated, toolEnded, toolSettled, toolStarted } from './stream.ts';
import { checkAccepts, checkCatches } from './watch.ts';

checkCatches('tools', [
  ['ends, but does not run', [0, toolStarted(1, 1)], [0, toolEnded(1, 1)], [0, toolEnded(1, 1)]],
  ['ends, but does not run', [0, toolEnded(1, 1)]],
  [
    'request 1 was search for 1, not mail for 1',
    [0, toolStarted(1, 1)],
    [0, toolEnded(1, 1, { tool: 'mail' })],
  ],
  ['request 1 was search for 1, not search for 2', [0, toolStarted(1, 1)], [0, toolEnded(2, 1)]],
  [
    'request 1 was search for 1, not search for 2',
    [0, toolStarted(1, 1)],
    [0, toolEnded(1, 1)],
    [0, toolStarted(2, 1)],
  ],
  ['starts again before it ended', [0, toolStarted(1, 1)], [0, toolStarted(1, 1)]],
  [
    'starts after it was settled',
    [0, toolStarted(1, 1)],
    [0, toolEnded(1, 1)],
    [0, toolSettled(1)],
    [0, toolStarted(1, 1)],
  ],
  ['is settled, but was not started', [0, toolSettled(1)]],
  ['is settled a second time', [0, toolStarted(1, 1)], [0, toolSettled(1)], [0, toolSettled(1)]],
  ['was search, not mail', [0, toolStarted(1, 1)], [0, toolSettled(1, 'mail')]],
  [
    '3 calls of tool search at a time, allowed: 2',
    [0, toolStarted(1, 1)],
    [0, toolStarted(1, 2)],
    [1, toolEnded(1, 1)],
    [1, toolStarted(1, 3)],
  ],
  [
    'process 1 ends, its tool call 2 has not',
    [0, toolStarted(1, 1)],
    [0, toolStarted(1, 2)],
    [0, toolEnded(1, 1)],
    [0, terminated(1)],
  ],
]);

checkCatches('locks', [
  // A call without any key is in nobody's way.
  [
    'starts beside request 2',
    [0, toolStarted(1, 1)],
    [0, toolStarted(1, 2, { reads: ['a'] })],
    [0, toolStarted(1, 3, { writes: ['*'] })],
  ],
  [
    'starts beside request 2',
    [0, toolStarted(1, 1)],
    [0, toolStarted(1, 2, { writes: ['a'] })],
    [0, toolStarted(1, 3, { reads: ['*'] })],
  ],
  [
    'starts beside request 1 (search, reads a, writes )',
    [0, toolStarted(1, 1, { reads: ['a'] })],
    [0, toolStarted(2, 2, { writes: ['b', 'a'] })],
  ],
  [
    'starts beside request 1',
    [0, toolStarted(1, 1, { writes: ['a'] })],
    [0, toolStarted(2, 2, { reads: ['a'] })],
  ],
  [
    'starts beside request 1',
    [0, toolStarted(1, 1, { writes: ['a'] })],
    [0, toolStarted(2, 2, { writes: ['a'] })],
  ],
  [
    'starts beside request 1',
    [0, toolStarted(1, 1, { reads: ['a'] })],
    [0, toolStarted(2, 2, { writes: ['*'] })],
  ],
  [
    'starts beside request 1',
    [0, toolStarted(1, 1, { writes: ['*'] })],
    [0, toolStarted(2, 2, { reads: ['a'] })],
  ],
  [
    'starts beside request 1',
    [0, toolStarted(1, 1, { reads: ['*'] })],
    [0, toolStarted(2, 2, { writes: ['a'] })],
  ],
  [
    'starts beside request 1',
    [0, toolStarted(1, 1, { writes: ['a'] })],
    [0, toolStarted(2, 2, { reads: ['*'] })],
  ],
  [
    'starts beside request 1',
    [0, toolStarted(1, 1, { writes: ['a'] })],
    [5, toolEnded(1, 1)],
    [5, toolStarted(2, 2, { writes: ['a'] })],
  ],
  [
    'starts beside request 2',
    [0, toolStarted(1, 1, { reads: ['a'] })],
    [0, toolStarted(1, 2, { reads: ['a'] })],
    [5, toolSettled(1)],
    [5, toolStarted(2, 3, { writes: ['a'] })],
  ],
]);

checkAccepts('locks', [
  [
    [0, toolStarted(1, 1)],
    [0, toolStarted(1, 2, { writes: ['*'] })],
  ],
  [
    [0, toolStarted(1, 1, { writes: ['a'] })],
    [0, toolStarted(1, 2, { writes: ['b'] })],
    [0, toolStarted(1, 3)],
  ],
  [
    [0, toolStarted(1, 1, { reads: ['*'] })],
    [0, toolStarted(1, 2, { reads: ['a'] })],
  ],
  [
    [0, toolStarted(1, 1, { writes: ['*'] })],
    [0, toolStarted(1, 2)],
  ],
  [
    [0, toolStarted(1, 1, { writes: ['a'] })],
    [1, toolSettled(1)],
    [1, toolStarted(1, 2, { writes: ['a'] })],
  ],
]);

checkCatches('messages', [
  ['receives a message of 1', [0, received(2, 1)]],
  ['receives a message of 1', [0, sent(1, 2)], [1, received(2, 1)], [1, received(2, 1)]],
  ['receives a message of 3', [0, sent(1, 2)], [1, received(2, 3)]],
  ['receives a message of 1', [0, sent(1, 3)], [1, received(2, 1)]],
]);
