/** The clean run: every checker accepts it, all together and each alone. And the checker of sequence numbers, which needs broken ones. */
import { expect, test } from 'vitest';

import type { KernelEvent } from '../../../src/kernel/events.ts';
import { checkers, type CheckerName } from '../../../src/sim/checkers/checkers.ts';
import {
  answered,
  asked,
  bypassed,
  continued,
  dispatched,
  ended,
  evicted,
  faulted,
  freed,
  loaded,
  overrun,
  queued,
  ready,
  received,
  refused,
  requested,
  reserved,
  restored,
  sent,
  settled,
  signalled,
  spawned,
  stopped,
  suspended,
  terminated,
  toolEnded,
  toolSettled,
  toolStarted,
  waiting,
  stream,
} from './stream.ts';
import { SECOND, setup, violationOf, watch } from './watch.ts';

/** Uses everything that the checkers look at, rightly. */
const clean = stream(
  [0, spawned(1, { budget: 'team' })],
  [0, spawned(2, { parent: 1 })],
  [0, spawned(3, { engine: 1, budget: 'free' })],
  // 1 faults two batches of pages in, is preempted, loses some to 2, gets them back.
  [0, waiting(2, 'timer')],
  [0, waiting(3, 'timer')],
  [0, requested(1, 1, 120, 20)],
  [0, reserved(1, 140, { node: 'team', microDollars: 340, coreUs: 900 })],
  [0, ready(1)],
  [0, faulted(1, 'compulsory', 10, 100)],
  [0, loaded(1, 6, 60)],
  [0, loaded(7, 4, 40)],
  [0, dispatched(1, 0, 1, { newTokens: 120, room: 40 })],
  [100, stopped(1, 0, 1, { by: 'priority', newPrefillUs: 60, tokensOut: 5 })],
  [100, ready(1)],
  [200, requested(2, 1, 190, 20)],
  [200, reserved(2, 210, { microDollars: 480, coreUs: 400 })],
  [200, ready(2)],
  [200, faulted(2, 'compulsory', 19, 190)],
  [200, evicted(5, 3, 30)],
  [200, loaded(20, 19, 190)],
  [200, dispatched(2, 1, 1, { newTokens: 190, room: 20 })],
  // Its answer stays in memory without a load; it used more than it had reserved.
  [300, settled(2, 225, { microDollars: 510, coreUs: 100 })],
  [300, overrun(2, 15)],
  [300, ended(2, 1, 1, { tokensIn: 205, tokensOut: 20, microDollars: 510 })],
  [300, loaded(39, 1, 20)],
  [300, waiting(2, 'lock')],
  [400, evicted(39, 1, 20)],
  [400, evicted(33, 6, 60)],
  [400, faulted(1, 'capacity', 3, 30)],
  [400, faulted(1, 'hole', 1, 10)],
  [400, loaded(5, 3, 30)],
  [400, dispatched(1, 0, 1, { repeatedTokens: 40, cachedTokens: 80, room: 40 })],
  [500, settled(1, 130, { node: 'team', microDollars: 290, coreUs: 200 })],
  [500, ended(1, 0, 1, { tokensIn: 120, repeatedPrefillUs: 100, tokensOut: 10, microDollars: 290 })],
  // Tools: two readers beside each other, then a writer; one fails and is retried, one is settled after its time-out.
  [500, waiting(1, 'tool')],
  [500, toolStarted(1, 1, { reads: ['file'] })],
  [500, toolStarted(2, 2, { reads: ['file'] })],
  [600, toolEnded(1, 1, { ok: false, code: 'TOOL_FAILED' })],
  [600, waiting(1, 'timer')],
  [610, toolStarted(1, 1, { reads: ['file'] })],
  [610, waiting(1, 'tool')],
  [620, toolEnded(1, 1)],
  [620, toolSettled(1)],
  [620, toolEnded(2, 2, { ok: false, code: 'TOOL_TIMEOUT' })],
  [620, waiting(1, 'lock')],
  [700, toolSettled(2)],
  [700, waiting(1, 'tool')],
  [700, toolStarted(1, 3, { tool: 'mail', writes: ['*'] })],
  [700, toolStarted(1, 4, { tool: 'search' })],
  [710, toolSettled(3, 'mail')],
  [710, toolEnded(1, 3, { tool: 'mail' })],
  [710, toolEnded(1, 4)],
  [710, toolSettled(4)],
  [710, sent(1, 3, 1)],
  [710, sent(1, 3, 2)],
  // A person approves a call.
  [710, asked(1, 5)],
  [710, waiting(1, 'person')],
  [720, answered(1, 5, 'approve')],
  [720, toolStarted(1, 5, { tool: 'pay' })],
  [720, waiting(1, 'tool')],
  [730, toolEnded(1, 5, { tool: 'pay' })],
  [730, toolSettled(5, 'pay')],
  [730, waiting(1, 'child')],
  // 3 bypasses its memory, then asks for too much, then is suspended while it waits.
  [800, received(3, 1, 1)],
  [800, received(3, 1, 2)],
  [800, requested(3, 1, 400, 10)],
  [800, bypassed(3, 1, 410)],
  [800, ready(3)],
  [800, faulted(3, 'compulsory', 4, 400)],
  [800, dispatched(3, 2, 1, { newTokens: 400, room: -1 })],
  [900, ended(3, 2, 1, { ok: false, tokensOut: 0 })],
  [900, requested(3, 2, 4000, 10)],
  [900, refused(3, 2)],
  [900, waiting(3, 'message')],
  [950, signalled(3, 'stop')],
  [950, suspended(3)],
  [960, signalled(3, 'continue')],
  [960, continued(3)],
  [960, waiting(3, 'message')],
  [970, signalled(3, 'kill')],
  [970, terminated(3, 'killed')],
  [980, freed(1, 4, 40)],
  [980, terminated(1)],
  // The window has rolled; a reservation that is given back unused counts for nothing.
  [SECOND, requested(2, 5, 0, 900)],
  [SECOND, reserved(2, 900, { microDollars: 4500 })],
  [SECOND, ready(2)],
  // 4 comes later and waits for its turn.
  [SECOND, spawned(4, { budget: 'team' })],
  [SECOND, requested(4, 1, 0, 150)],
  [SECOND, waiting(4, 'budget')],
  [SECOND, queued(4)],
  [SECOND + 1, signalled(2, 'terminate')],
  [SECOND + 1, settled(2, 0)],
  [SECOND + 1, terminated(2, 'cancelled')],
  [SECOND + 1, reserved(4, 150, { node: 'team', microDollars: 750 })],
  [SECOND + 1, ready(4)],
  [SECOND + 2, spawned(9)],
  [SECOND + 2, restored(9)],
  [SECOND + 2, requested(9, 4, 0, 90)],
  [SECOND + 2, reserved(9, 90, { microDollars: 450 })],
  [SECOND + 2, ready(9)],
  [SECOND + 2, dispatched(9, 0, 4, { room: 90 })],
);

test('the clean run keeps every promise', () => {
  expect(() => watch(clean)).not.toThrow();
});

for (const name of Object.keys(checkers) as CheckerName[]) {
  test(`${name} accepts the clean run, and its beginning wherever it is cut off`, () => {
    for (let length = 1; length <= clean.length; length++) {
      // Two events of one instant may explain each other.
      if (clean[length]?.atUs === clean[length - 1]!.atUs) continue;
      expect(() => watch(clean.slice(0, length), name), `first ${length} events`).not.toThrow();
    }
  });
}

test('each checker says what it watches', () => {
  for (const [name, create] of Object.entries(checkers)) {
    const checker = create({
      engines: setup.engines,
      queues: 'per-engine',
      budgets: [],
      tools: [],
      hasPast: false,
    });
    expect(checker.name).toBe(name);
    expect(checker.promise.length).toBeGreaterThan(20);
  }
});

test('sequence catches gaps, repetitions, and time that goes back or is no integer', () => {
  const [first, second] = stream([5, spawned(1)], [5, ready(1)]) as [KernelEvent, KernelEvent];
  const cases: [says: string, ...events: KernelEvent[]][] = [
    ['number 2 after 0', second],
    ['number 3 after 1', first, { ...second, seq: 3 }],
    ['number 1 after 1', first, { ...second, seq: 1 }],
    ['time 4 after 5', first, { ...second, atUs: 4 }],
    ['time 5.5 is not an integer', first, { ...second, atUs: 5.5 }],
  ];
  for (const [says, ...events] of cases)
    expect(violationOf(() => watch(events, 'sequence')).message).toContain(says);
});
