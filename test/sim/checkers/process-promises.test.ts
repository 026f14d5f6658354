/** Processes, cores, calls and times: what each checker catches when it is the only one to watch. */
import {
  bypassed,
  continued,
  dispatched,
  ended,
  migrated,
  ready,
  refused,
  requested,
  restored,
  settled,
  spawned,
  stopped,
  suspended,
  terminated,
  waiting,
} from './stream.ts';
import type { EventBody } from '../../../src/kernel/events.ts';
import { checkCatches, running } from './watch.ts';

checkCatches('transitions', [
  ['process 1 was never spawned', [0, ready(1)]],
  ['pid 1 is used a second time', [0, spawned(1)], [0, spawned(1)]],
  ['pid 0 is not an integer from 1', [0, spawned(0)]],
  ['parent 1 has terminated', [0, spawned(1)], [0, terminated(1)], [1, spawned(2, { parent: 1 })]],
  ['process 1 has terminated', [0, spawned(1)], [0, terminated(1)], [1, dispatched(1, 0, 1)]],
  ['process 1 has terminated', [0, spawned(1)], [0, terminated(1)], [1, terminated(1)]],
  ['process 1 has terminated', [0, spawned(1)], [0, terminated(1)], [1, settled(1, 3)]],
  ["was suspended: it can't be dispatched", [0, spawned(1)], [0, suspended(1)], [1, dispatched(1, 0, 1)]],
  ["was suspended: it can't be ready", [0, spawned(1)], [0, suspended(1)], [1, ready(1)]],
  ["was waiting: it can't be dispatched", [0, spawned(1)], [0, waiting(1, 'tool')], [1, dispatched(1, 0, 1)]],
  ["was ready: it can't be ready", [0, spawned(1)], [0, ready(1)], [1, ready(1)]],
  ["was ready: it can't be continued", [0, spawned(1)], [0, ready(1)], [1, continued(1)]],
  ["was ready: it can't be off its core", [0, spawned(1)], [0, ready(1)], [1, ended(1, 0, 1)]],
  ["was running: it can't be waiting", ...running, [1, waiting(1, 'tool')]],
  ["was running: it can't be terminated", ...running, [1, terminated(1)]],
  ['ends as completed with code "X"', [0, spawned(1)], [0, terminated(1, 'completed', 'X')]],
  ['ends as failed with code ""', [0, spawned(1)], [0, terminated(1, 'failed', '')]],
  ['restored before it does anything', [0, spawned(1)], [0, ready(1)], [0, restored(1)]],
]);

checkCatches('cores', [
  ['core 0 gets process 2 while it runs 1', ...running, [0, spawned(2)], [1, dispatched(2, 0, 1)]],
  ['process 1 gets core 1 while it has core 0', ...running, [1, dispatched(1, 1, 1)]],
  ['core 7 of 3', [0, spawned(1)], [0, dispatched(1, 7, 1)]],
  ['process 1 of engine 0 on core 2 of engine 1', [0, spawned(1)], [0, dispatched(1, 2, 1)]],
  [
    'process 1 runs on core 0 of engine 0, and its call names engine 1',
    [0, spawned(1)],
    [0, { ...requested(1, 1), engine: 1 } as EventBody],
    [0, ready(1)],
    [0, dispatched(1, 0, 1)],
  ],
  ['engine 2 of 2', [0, spawned(1, { engine: 2 })]],
  ['nothing runs on it', [0, spawned(1)], [0, ended(1, 0, 1)]],
  ['nothing runs on it', ...running, [1, ended(1, 0, 1)], [1, ended(1, 0, 1)]],
  ['but runs 1', ...running, [0, spawned(2)], [1, stopped(2, 0, 1)]],
  ['but runs its call 1', ...running, [1, ended(1, 0, 2)]],
  ['ends while core 0 still runs it', ...running, [1, terminated(1)]],
]);

const asking = [
  [0, spawned(1)],
  [0, requested(1, 1, 100)],
  [0, ready(1)],
] as const;

checkCatches('migrations', [
  ['process 1 of engine 0 leaves engine 1', ...asking, [1, migrated(1, { from: 1, to: 0 })]],
  ['goes from engine 0 to 0 of 2', ...asking, [1, migrated(1, { to: 0 })]],
  ['goes from engine 0 to 2 of 2', ...asking, [1, migrated(1, { to: 2 })]],
  ['process 1 of engine 1 leaves engine 0', ...asking, [1, migrated(1)], [1, migrated(1)]],
  ['does not stand ready', [0, spawned(1)], [0, requested(1, 1)], [1, migrated(1)]],
  ['does not stand ready', ...asking, [1, waiting(1, 'memory')], [1, migrated(1)]],
  ['does not stand ready', ...asking, [1, suspended(1)], [1, migrated(1)]],
  ['does not stand ready', ...asking, [1, dispatched(1, 0, 1)], [2, migrated(1)]],
  [
    'in the middle of a call',
    ...asking,
    [1, dispatched(1, 0, 1)],
    [2, stopped(1, 0, 1)],
    [2, ready(1)],
    [3, migrated(1)],
  ],
  ['loses 101 tokens of a prompt of 100', ...asking, [1, migrated(1, { lostTokens: 101 })]],
  ['loses -1 tokens', ...asking, [1, migrated(1, { lostTokens: -1 })]],
]);

/** On core 2, the one of engine b, where a switch takes 20 µs, and up to 40. */
const switching = [
  [0, spawned(1, { engine: 1 })],
  [0, requested(1, 1)],
  [0, dispatched(1, 2, 1)],
  [100, ended(1, 2, 1, { switchUs: 0 })],
  [100, spawned(2, { engine: 1 })],
  [100, requested(2, 1)],
  [100, dispatched(2, 2, 1)],
] as const;

checkCatches('switches', [
  [
    'pays 1 µs for a switch on core 2, which takes up to 0',
    ...switching.slice(0, 3),
    [100, ended(1, 2, 1, { switchUs: 1 })],
  ],
  [
    'pays 41 µs for a switch on core 2, which takes up to 40',
    ...switching,
    [200, ended(2, 2, 1, { switchUs: 41 })],
  ],
  [
    'pays 18 µs for a switch on core 2, which costs 20',
    ...switching,
    [200, ended(2, 2, 1, { switchUs: 18 })],
  ],
  ['pays 0 µs', ...switching, [200, ended(2, 2, 1)]],
  ['pays 0 µs', ...switching, [150, stopped(2, 2, 1)]],
  [
    'pays 31 µs for a switch on core 2, which takes up to 30',
    ...switching,
    [110, stopped(2, 2, 1, { switchUs: 10 })],
    [120, dispatched(2, 2, 1)],
    [220, ended(2, 2, 1, { switchUs: 31 })],
  ],
]);

checkCatches('calls', [
  ['asks for call 2 while its call 1 is open', ...running, [1, requested(1, 2)]],
  ['asks for call 1 after 1', ...running, [1, ended(1, 0, 1)], [1, requested(1, 1)]],
  ['call 1 of process 1 is not open', [0, spawned(1)], [0, dispatched(1, 0, 1)]],
  ['call 1 of process 1 is not open', ...running, [1, ended(1, 0, 1)], [2, ended(1, 0, 1)]],
  ['its open one is 1', ...running, [1, stopped(1, 0, 1)], [1, dispatched(1, 0, 2)]],
  ['its open one is 1', ...running, [0, bypassed(1, 2)]],
  [
    'bypasses with 39 tokens: it needs 40',
    [0, spawned(1)],
    [0, requested(1, 1, 30)],
    [0, bypassed(1, 1, 39)],
  ],
  ['was never on a core', [0, spawned(1)], [0, requested(1, 1)], [1, ended(1, 0, 1)]],
  [
    '2 answer tokens after 3',
    ...running,
    [1, stopped(1, 0, 1, { tokensOut: 3 })],
    [1, dispatched(1, 0, 1)],
    [2, ended(1, 0, 1, { tokensOut: 2 })],
  ],
  ['is refused while it runs', ...running, [1, refused(1, 1)]],
]);

checkCatches('splits', [
  [
    '6 µs of switching, prefill and loading in a stretch of 5 µs',
    ...running,
    [5, stopped(1, 0, 1, { newPrefillUs: 1, repeatedPrefillUs: 2, loadUs: 3 })],
  ],
  ['parts of 0, -1, 0 and 0 µs', ...running, [5, ended(1, 0, 1, { newPrefillUs: -1 })]],
  ['parts of 0, 0.5, 0 and 0 µs', ...running, [5, ended(1, 0, 1, { newPrefillUs: 0.5 })]],
]);
