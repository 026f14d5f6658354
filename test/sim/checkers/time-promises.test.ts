/** Slices, signals and waits: what their checkers catch, and what they let pass. */
import { expect, test } from 'vitest';

import {
  answered,
  asked,
  continued,
  dispatched,
  ended,
  queued,
  ready,
  received,
  requested,
  reserved,
  restored,
  sent,
  signalled,
  spawned,
  stopped,
  stream,
  suspended,
  terminated,
  toolEnded,
  toolStarted,
  waiting,
  type Timed,
} from './stream.ts';
import { checkAccepts, checkCatches, setup, violationOf } from './watch.ts';
import { createCheckers } from '../../../src/sim/checkers/checkers.ts';

/** Both cores of the engine are taken at 0; its slice is 500 µs. */
const busy: readonly Timed[] = [
  ...[1, 2, 3, 4].map((pid): Timed => [0, spawned(pid)]),
  [0, dispatched(1, 0, 1)],
  [0, dispatched(2, 1, 1)],
];

checkCatches('slices', [
  [
    'process 1 keeps core 0 beyond its slice, which ended at 500 µs: process 3 is ready',
    ...busy,
    [10, ready(3)],
    [501, spawned(5)],
  ],
  // One made way, the other did not, though two were ready.
  [
    'process 2 keeps core 1 beyond its slice, which ended at 1000 µs',
    ...busy,
    [600, ready(3)],
    [600, ready(4)],
    [700, stopped(1, 0, 1, { by: 'priority' })],
    [700, dispatched(3, 0, 1)],
    [1100, spawned(5)],
  ],
  // Bringing the context back (100 tokens: 200 µs) is no use of the slice.
  [
    'beyond its slice, which ended at 700 µs',
    [0, spawned(1)],
    [0, spawned(2)],
    [0, spawned(3)],
    [0, dispatched(1, 0, 1, { repeatedTokens: 100 })],
    [0, dispatched(2, 1, 1, { repeatedTokens: 100 })],
    [10, ready(3)],
    [699, spawned(4)],
    [701, spawned(5)],
  ],
  // At the very end of its slice somebody stood ready before.
  ['which ended at 500 µs', ...busy, [499, ready(3)], [500, spawned(5)], [501, spawned(6)]],
  [
    'makes way for its slice, which ends at 500 µs',
    ...busy,
    [10, ready(3)],
    [400, stopped(1, 0, 1, { by: 'slice' })],
  ],
]);

checkAccepts('slices', [
  [...busy, [10, ready(3)], [500, stopped(1, 0, 1)], [500, stopped(2, 1, 1)], [900, spawned(5)]],
  // Nobody is ready at the end of the slice: a new one begins. Who comes at that instant may have come after.
  [...busy, [500, ready(3)], [999, spawned(5)]],
  [...busy, [501, ready(3)], [999, spawned(5)]],
  // A core is idle: who is ready is held up by something else, or gets that one.
  [...busy, [400, ended(2, 1, 1)], [400, ready(3)], [900, spawned(5)]],
  // Somebody waits for memory.
  [...busy, [10, ready(3)], [10, ready(4)], [10, waiting(4, 'memory')], [900, spawned(5)]],
  // The other engine tells no slice.
  [
    [0, spawned(1, { engine: 1 })],
    [0, spawned(2, { engine: 1 })],
    [0, dispatched(1, 2, 1)],
    [0, ready(2)],
    [9000, spawned(3)],
  ],
]);

checkCatches('signals', [
  [
    'process 1 is told to stop, and is not suspended',
    [0, spawned(1)],
    [0, signalled(1, 'stop')],
    [1, spawned(2)],
  ],
  ['process 1 is told to kill, and lives', [0, spawned(1)], [0, signalled(1, 'kill')], [1, spawned(2)]],
  ['process 1 is told to terminate, and lives', [0, spawned(1)], [0, signalled(1, 'terminate')]],
  // Nothing takes it back.
  [
    'process 1 is told to terminate, and lives',
    [0, spawned(1)],
    [0, signalled(1, 'terminate')],
    [0, signalled(1, 'continue')],
  ],
  [
    'process 1 is told to stop, and is not suspended',
    [0, spawned(1)],
    [0, dispatched(1, 0, 1)],
    [1, signalled(1, 'stop')],
    [2, stopped(1, 0, 1, { by: 'signal' })],
    [2, ready(1)],
  ],
  [
    'load control stops process 1, which is not suspended',
    [0, spawned(1)],
    [0, dispatched(1, 0, 1)],
    [2, stopped(1, 0, 1, { by: 'load-control' })],
    [2, ready(1)],
  ],
  [
    'process 1 goes on, and was told to stop',
    [0, spawned(1)],
    [0, signalled(1, 'stop')],
    [0, suspended(1)],
    [1, continued(1)],
  ],
  ['is suspended by signal, and was told nothing', [0, spawned(1)], [0, suspended(1)]],
  [
    'is suspended by load-control, and was told stop',
    [0, spawned(1)],
    [0, signalled(1, 'stop')],
    [0, suspended(1, 'load-control')],
  ],
  ['ends as killed, and was told nothing', [0, spawned(1)], [0, terminated(1, 'killed')]],
  [
    'ends as completed, and was told terminate',
    [0, spawned(1)],
    [0, signalled(1, 'terminate')],
    [0, terminated(1)],
  ],
  [
    'is stopped by slice, told by a signal: true',
    [0, spawned(1)],
    [0, dispatched(1, 0, 1)],
    [1, signalled(1, 'stop')],
    [1, stopped(1, 0, 1)],
  ],
]);

checkAccepts('signals', [
  // A call that is told to stop keeps its core until its end arrives; the stop may be taken back meanwhile.
  [
    [0, spawned(1)],
    [0, dispatched(1, 0, 1)],
    [1, signalled(1, 'stop')],
    [3, signalled(1, 'continue')],
    [5, stopped(1, 0, 1, { by: 'signal' })],
    [5, ready(1)],
  ],
  [
    [0, spawned(1)],
    [0, dispatched(1, 0, 1)],
    [1, signalled(1, 'terminate')],
    [2, signalled(1, 'kill')],
    [5, ended(1, 0, 1)],
    [5, terminated(1, 'killed')],
  ],
  // What it was told before a crash still holds.
  [
    [0, spawned(1)],
    [0, restored(1)],
    [0, suspended(1)],
  ],
]);

const nowhere = 'process 1 is neither ready nor does it run, wait or end';
checkCatches('waits', [
  [nowhere, [0, spawned(1)], [1, spawned(2)]],
  // It ended, or was suspended, and the event is missing.
  [nowhere, [0, spawned(1)], [0, requested(1, 1)], [0, dispatched(1, 0, 1)], [5, ended(1, 0, 1)]],
  ['process 1 waits on tool, but no tool call of it runs', [0, spawned(1)], [0, waiting(1, 'tool')]],
  [
    'process 1 waits on tool, but no tool call of it runs',
    [0, spawned(1)],
    [0, toolStarted(1, 1)],
    [0, waiting(1, 'tool')],
    [5, toolEnded(1, 1)],
  ],
  ['waits on person, but no question of it is open', [0, spawned(1)], [0, waiting(1, 'person')]],
  [
    'waits on person, but no question of it is open',
    [0, spawned(1)],
    [0, asked(1, 1)],
    [0, waiting(1, 'person')],
    [5, answered(1, 1, 'answer')],
  ],
  [
    'waits on message, but 1 messages are there',
    [0, spawned(1)],
    [0, waiting(1, 'message')],
    [5, sent(2, 1, 1)],
  ],
  [
    'waits on child, but no child of it lives',
    [0, spawned(1)],
    [0, spawned(2, { parent: 1 })],
    [0, ready(2)],
    [0, waiting(1, 'child')],
    [5, terminated(2)],
  ],
  ['waits on budget, but its call has no place at any', [0, spawned(1)], [0, waiting(1, 'budget')]],
  [
    'waits on memory, but its call has a place at a budget',
    [0, spawned(1)],
    [0, queued(1)],
    [0, waiting(1, 'memory')],
  ],
  [
    'goes on with 0 tool calls running and 1 open questions',
    [0, spawned(1)],
    [0, asked(1, 1)],
    [0, waiting(1, 'person')],
    [1, requested(1, 2)],
  ],
  [
    'goes on with 1 tool calls running and 0 open questions',
    [0, spawned(1)],
    [0, toolStarted(1, 1)],
    [0, waiting(1, 'tool')],
    [1, waiting(1, 'message')],
  ],
]);

checkAccepts('waits', [
  [
    [0, spawned(1)],
    [0, waiting(1, 'message')],
    [5, sent(2, 1, 1)],
    [5, received(1, 2, 1)],
    [5, waiting(1, 'timer')],
  ],
  [
    [0, spawned(1)],
    [0, waiting(1, 'budget')],
    [0, queued(1)],
    [5, reserved(1, 10)],
    [5, ready(1)],
  ],
  // What comes while it is suspended is delivered when it goes on.
  [
    [0, spawned(1)],
    [0, asked(1, 1)],
    [0, waiting(1, 'person')],
    [1, suspended(1)],
    [5, answered(1, 1, 'answer')],
    [6, continued(1)],
    [6, waiting(1, 'timer')],
  ],
]);

test('waits: when nothing is due any more, nobody is left but who waits for others, or is stopped', () => {
  const last: readonly (readonly [isRight: boolean, ...events: Timed[]])[] = [
    [false, [0, waiting(1, 'timer')]],
    [false, [0, waiting(1, 'storage')]],
    [false, [0, ready(1)]],
    [false, [0, dispatched(1, 0, 1)]],
    [true, [0, terminated(1)]],
    [true, [0, suspended(1)]],
    [true, [0, waiting(1, 'message')]],
    [true, [0, asked(1, 1)], [0, waiting(1, 'person')]],
  ];
  for (const [isRight, ...timed] of last) {
    const finish = (isRunOver: boolean) => () => {
      const checkers = createCheckers({ ...setup, only: ['waits'] });
      for (const event of stream([0, spawned(1)], ...timed)) checkers.onEvent(event);
      checkers.finish(isRunOver);
    };
    expect(finish(false)).not.toThrow();
    if (isRight) expect(finish(true)).not.toThrow();
    else expect(violationOf(finish(true)).message).toContain('nothing is due any more, and process 1');
  }
});
