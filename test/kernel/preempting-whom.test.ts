/** Who makes way for whom: no more than are wanted, those that are due longest first, and nobody for nobody. */
import { expect, test } from 'vitest';

import { workingSetWith } from '../../src/policies/load-control/working-set.ts';
import { gantt } from '../support/gantt.ts';
import { runAgents } from '../support/run-agents.ts';
import { allocate, burst, SECOND, think } from '../support/syscalls.ts';

const S = SECOND;
const stopped = ({ all }: ReturnType<typeof runAgents>) =>
  all('call.stopped').map(({ pid, atUs }) => [pid, atUs / S]);

/** Three cores run agents 1 to 3 for 30 s each; the others arrive at 3 s. */
const arrivals = (...priorities: number[]) =>
  runAgents({
    agents: [
      ...[70, 90, 80].map((priority) => ({ priority, body: [burst(30 * S)] })),
      ...priorities.map((priority) => ({ priority, atUs: 3 * S, body: [burst(S)] })),
    ],
    kernel: { engines: [{ cores: 3 }] },
  });

test('one that is better than all that run takes one core, from the worst of them', () => {
  const run = arrivals(10);
  expect(stopped(run)).toEqual([[2, 3]]);
  expect(gantt(run.events, 1)).toContainEqual([4, 3 * S, 4 * S, 'ended']);
});

test('two take two, and four take all three', () => {
  expect(stopped(arrivals(10, 10))).toEqual([
    [2, 3],
    [3, 3],
  ]);
  expect(stopped(arrivals(10, 10, 10, 10)).map(([pid]) => pid)).toEqual([2, 3, 1]);
});

/** Two agents run, of 600 and 300 tokens; a third waits for memory from 1 s on; a better one arrives at 2 s. */
const behindWaiter = (waiterTokens: number) =>
  runAgents({
    agents: [
      { body: [allocate(600), think(10, { script: { tokensOut: 1, durationUs: 20 * S } })] },
      { body: [allocate(300), think(10, { script: { tokensOut: 1, durationUs: 20 * S } })] },
      { atUs: S, body: [allocate(waiterTokens), think(10, { script: { tokensOut: 1, durationUs: S } })] },
      { atUs: 2 * S, priority: 5, body: [burst(S)] },
    ],
    kernel: { engines: [{ cores: 3, memoryTokens: 1_000 }] },
  });

test('nobody makes way while the first waiter for memory holds the queue and could not start all the same', () => {
  const run = behindWaiter(800);
  expect(stopped(run)).toEqual([]);
  expect(run.all('queue.held')).toMatchObject([{ atUs: 2 * S, pid: 3 }]);
  // The one that arrived waits for memory with it, though it stands ready.
  expect(run.all('process.dispatched', 4)[0]!.atUs).toBeGreaterThanOrEqual(20 * S);
});

test('the first waiter for memory is helped by the stop of a call whose pages it needs', () => {
  const run = behindWaiter(500);
  expect(stopped(run)).toEqual([[1, 2]]);
  expect(run.all('process.dispatched', 3)[0]!.atUs).toBe(2 * S);
});

test('a call that load control would keep out makes nobody give up a core', () => {
  const agent = (atUs: number, priority: number) => ({
    atUs,
    priority,
    body: [allocate(600), think(10, { script: { tokensOut: 1, durationUs: 20 * S } })],
  });
  const run = runAgents({
    agents: [agent(0, 50), agent(S, 50), agent(2 * S, 5)],
    kernel: {
      engines: [{ cores: 2, memoryTokens: 1_000 }],
      loadControl: workingSetWith({ windowUs: 60 * S }),
    },
  });
  expect(stopped(run)).toEqual([]);
  expect(run.all('process.waiting').map(({ pid, on }) => [pid, on])).toEqual([
    [2, 'memory'],
    [3, 'memory'],
  ]);
});
