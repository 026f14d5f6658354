/** Calls that wait for memory: in which order, and until when. */
import { expect, test } from 'vitest';

import { fifo } from '../../../src/policies/scheduling/fifo.ts';
import type { Syscall } from '../../../src/kernel/syscalls.ts';
import { runAgents, type Agent } from '../../support/run-agents.ts';
import { allocate, burst, onPage, sleep, think } from '../../support/syscalls.ts';

import { memory, page, S } from './scenario.ts';

/** Arrives at `atS`, has `tokens` of its own, calls once for `seconds`. */
const caller = (atS: number, tokens: number, seconds: number, priority = 50): Agent => ({
  atUs: atS * S,
  priority,
  body: [allocate(tokens), burst(seconds * S, { maxOutput: 100 })],
});

test('memory waits: the first is not overtaken by one that would fit', () => {
  const ran = runAgents({
    agents: [caller(0, 500, 10), caller(1, 600, 5), caller(2, 100, 5)],
    ...memory(1_000, { scheduling: fifo }, { cores: 3 }),
  });
  expect([1, 2, 3].map((pid) => ran.all('process.dispatched', pid)[0]!.atUs / S)).toEqual([0, 10, 10]);
});

test('memory waits: several go on, in their order, as room becomes free', () => {
  const ran = runAgents({
    agents: [caller(0, 800, 10), caller(1, 400, 5), caller(2, 400, 7), caller(3, 300, 1)],
    ...memory(1_000, { scheduling: fifo }, { cores: 4 }),
  });
  expect([2, 3, 4].map((pid) => ran.all('process.dispatched', pid)[0]!.atUs / S)).toEqual([10, 10, 15]);
});

test.each<readonly [string, Syscall]>([
  ['unpin', onPage('unpin', 1)],
  ['free', onPage('free', 1)],
  ['drop', onPage('drop', 1)],
  ['truncate', { kind: 'truncate', pages: 0 }],
  ['the end of its process', { kind: 'exit', value: null }],
])('a page that is pinned keeps others waiting until %s', (_, release) => {
  const ran = runAgents({
    agents: [
      { body: [page('a', 600, { pinned: true }), think(10), sleep(20 * S), release, sleep(20 * S)] },
      caller(5, 500, 1),
    ],
    ...memory(1_000),
  });
  const at = ran.all('process.waiting', 1)[0]!.atUs + 20 * S;
  expect(ran.all('process.waiting', 2)).toMatchObject([{ on: 'memory' }]);
  expect(ran.all('process.dispatched', 2)[0]?.atUs).toBe(at);
});

test('who can go on does, though one that waits before it is kept out by pins alone', () => {
  const pinner = (tokens: number, then: readonly Syscall[]): Agent => ({
    body: [allocate(tokens, { pinned: true }), burst(S), ...then],
  });
  const ran = runAgents({
    agents: [
      pinner(500, [sleep(20 * S)]),
      pinner(300, [sleep(8 * S), burst(S, { maxOutput: 300 })]),
      caller(5, 700, 1),
    ],
    ...memory(1_000, { scheduling: fifo }),
  });
  // At 21 s agent 1 ends with its 500; agent 3, the first, still can't go on, agent 2 can, and with its end agent 3, too.
  expect(
    ran
      .all('process.waiting')
      .filter(({ on }) => on === 'memory')
      .map(({ pid }) => pid),
  ).toEqual([3, 2]);
  expect(ran.all('process.dispatched', 2)[1]?.atUs).toBe(21 * S);
  expect(ran.end(3).outcome).toBe('completed');
});
