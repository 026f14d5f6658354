/** Tools and messages: what their checkers catch, and what they let pass. */
import {
  answered,
  asked,
  received,
  restored,
  sent,
  spawned,
  terminated,
  toolEnded,
  toolLate,
  toolSettled,
  toolStarted,
} from './stream.ts';
import { checkAccepts, checkCatches } from './watch.ts';

checkCatches('tools', [
  ['ends, ok: false, with code ""', [0, toolStarted(1, 1)], [0, toolEnded(1, 1, { ok: false })]],
  [
    'ends, ok: true, with code "X"',
    [0, toolStarted(1, 1)],
    [0, toolEnded(1, 1, { code: 'X' as 'TOOL_FAILED' })],
  ],
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
  ['is late, but had not ended', [0, toolStarted(1, 1)], [0, toolLate(1)]],
  ['is late, but had not ended', [0, toolLate(1)]],
  ['is late a second time', [0, toolStarted(1, 1)], [0, toolEnded(1, 1)], [0, toolLate(1)], [0, toolLate(1)]],
  ['request 1 was search, not mail', [0, toolStarted(1, 1)], [0, toolEnded(1, 1)], [0, toolLate(1, 'mail')]],
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
  ['nothing is on its way to it', [0, received(2, 1, 1)]],
  ['nothing is on its way to it', [0, sent(1, 2, 1)], [1, received(2, 1, 1)], [1, received(2, 1, 2)]],
  ['receives message 1, of 3, before message 1, of 1', [0, sent(1, 2, 1)], [1, received(2, 3, 1)]],
  ['nothing is on its way to it', [0, sent(1, 3, 1)], [1, received(2, 1, 1)]],
  // The last one first, be it of another sender or of the same.
  [
    'process 2 receives message 2, of 3, before message 1, of 1',
    [0, sent(1, 2, 1)],
    [0, sent(3, 2, 2)],
    [1, received(2, 3, 2)],
  ],
  [
    'process 2 receives message 2, of 1, before message 1, of 1',
    [0, sent(1, 2, 1)],
    [0, sent(1, 2, 2)],
    [1, received(2, 1, 2)],
  ],
  ['message 1 to process 2 is its message 2', [0, sent(1, 2, 1)], [0, sent(3, 2, 1)]],
  ['before message 1, of 5', [0, spawned(2)], [0, restored(2, [5, 1])], [0, received(2, 1, 2)]],
]);

checkAccepts('messages', [
  [
    [0, spawned(2)],
    [0, restored(2, [5, 1])],
    [0, sent(5, 2, 3)],
    [0, received(2, 5, 1)],
    [0, received(2, 1, 2)],
    [0, received(2, 5, 3)],
  ],
]);

checkCatches('people', [
  ['request 1 is asked a second time', [0, asked(1, 1)], [0, asked(2, 1)]],
  ['request 1 is answered, but is not open', [0, answered(1, 1, 'answer')]],
  [
    'request 1 is answered, but is not open',
    [0, asked(1, 1)],
    [1, answered(1, 1, 'deny')],
    [2, answered(1, 1, 'approve')],
  ],
  ['request 1 of process 1 is answered to process 2', [0, asked(1, 1)], [1, answered(2, 1, 'approve')]],
  ['is answered with "perhaps"', [0, asked(1, 1)], [1, answered(1, 1, 'perhaps')]],
  ['starts while somebody is asked about it', [0, asked(1, 1)], [0, toolStarted(1, 1)]],
  ['(search) starts, decision: deny', [0, asked(1, 1)], [1, answered(1, 1, 'deny')], [1, toolStarted(1, 1)]],
  ['(pay) starts, decision: nobody was asked', [0, toolStarted(1, 1, { tool: 'pay' })]],
  [
    'was approved for process 1, not for 2',
    [0, asked(1, 1)],
    [1, answered(1, 1, 'edit')],
    [1, toolStarted(2, 1)],
  ],
]);
