/** Who runs when: Gantt charts worked out by hand. Each agent is a list of bursts, which are model calls of a fixed core time. */
import { expect, test } from 'vitest';

import { defaultQuota, hourUs } from '../../src/kernel/budget-limits.ts';
import { fifo } from '../../src/policies/scheduling/fifo.ts';
import { priority, priorityDefaults, priorityWith } from '../../src/policies/scheduling/priority.ts';
import { roundRobinWith } from '../../src/policies/scheduling/round-robin.ts';
import { gantt } from '../support/gantt.ts';
import { runAgents, type Agent } from '../support/run-agents.ts';
import { SteppedKernel } from '../support/step-kernel.ts';
import { burst, MINUTE, SECOND, sleep, think } from '../support/syscalls.ts';

const S = SECOND;

/** Arrival, priority and bursts, in seconds. */
function agents(
  ...rows: readonly (readonly [atS: number, priority: number, ...bursts: number[]])[]
): Agent[] {
  return rows.map(([atS, own, ...bursts]) => ({
    atUs: atS * S,
    priority: own,
    body: bursts.map((seconds) => burst(seconds * S)),
  }));
}

test('fifo: in order of arrival, each until its burst ends', () => {
  // The textbook's example: bursts of 24, 3 and 3.
  const { events } = runAgents({
    agents: agents([0, 50, 24], [1, 10, 3], [2, 90, 3]),
    kernel: { scheduling: fifo },
  });
  expect(gantt(events)).toEqual([
    [1, 0, 24 * S, 'ended'],
    [2, 24 * S, 27 * S, 'ended'],
    [3, 27 * S, 30 * S, 'ended'],
  ]);
});

test('round-robin: one slice each, whoever is cut goes to the back', () => {
  const { events } = runAgents({
    agents: agents([0, 50, 24], [0, 50, 3], [0, 50, 3]),
    kernel: { scheduling: roundRobinWith({ sliceUs: 4 * S }) },
  });
  // After 10 s agent 1 is alone: its slices run into each other.
  expect(gantt(events)).toEqual([
    [1, 0, 4 * S, 'slice'],
    [2, 4 * S, 7 * S, 'ended'],
    [3, 7 * S, 10 * S, 'ended'],
    [1, 10 * S, 30 * S, 'ended'],
  ]);
});

test('round-robin: who arrives while a lone process runs waits for the end of its current slice', () => {
  const { events } = runAgents({
    agents: agents([0, 50, 20], [9, 50, 2]),
    kernel: { scheduling: roundRobinWith({ sliceUs: 4 * S }) },
  });
  expect(gantt(events)).toEqual([
    [1, 0, 12 * S, 'slice'],
    [2, 12 * S, 14 * S, 'ended'],
    [1, 14 * S, 22 * S, 'ended'],
  ]);
});

test('round-robin: a burst that ends with its slice has ended, it is not preempted', () => {
  const { events } = runAgents({
    agents: agents([0, 50, 4], [0, 50, 4]),
    kernel: { scheduling: roundRobinWith({ sliceUs: 4 * S }) },
  });
  expect(gantt(events)).toEqual([
    [1, 0, 4 * S, 'ended'],
    [2, 4 * S, 8 * S, 'ended'],
  ]);
});

test('round-robin: the next burst of the same process queues behind the others', () => {
  const { events } = runAgents({
    agents: agents([0, 50, 2, 2], [0, 50, 3]),
    kernel: { scheduling: roundRobinWith({ sliceUs: 4 * S }) },
  });
  expect(gantt(events)).toEqual([
    [1, 0, 2 * S, 'ended'],
    [2, 2 * S, 5 * S, 'ended'],
    [1, 5 * S, 7 * S, 'ended'],
  ]);
});

test('priority: smaller runs first, equal ones in the order in which they became ready', () => {
  const { events } = runAgents({
    agents: agents([0, 50, 10], [1, 45, 2], [2, 43, 2], [3, 45, 2], [4, 43, 2]),
  });
  // Nobody is better by more than 10 while agent 1 runs: agents 3 and 5 come to 43 - 8/6 at most.
  expect(gantt(events)).toEqual([
    [1, 0, 10 * S, 'ended'],
    [3, 10 * S, 12 * S, 'ended'],
    [5, 12 * S, 14 * S, 'ended'],
    [2, 14 * S, 16 * S, 'ended'],
    [4, 16 * S, 18 * S, 'ended'],
  ]);
});

test('priority: better by more than 10 preempts at once, by just 10 one microsecond later', () => {
  const { events } = runAgents({ agents: agents([0, 50, 10], [3, 39, 2]) });
  expect(gantt(events)).toEqual([
    [1, 0, 3 * S, 'priority'],
    [2, 3 * S, 5 * S, 'ended'],
    [1, 5 * S, 12 * S, 'ended'],
  ]);
  // Just 10: at its arrival it is not more than 10 better; aging makes it so with the next microsecond.
  const equal = runAgents({ agents: agents([0, 50, 10], [3, 40, 2]) });
  expect(gantt(equal.events)).toEqual([
    [1, 0, 3 * S + 1, 'priority'],
    [2, 3 * S + 1, 5 * S + 1, 'ended'],
    [1, 5 * S + 1, 12 * S, 'ended'],
  ]);
});

test('priority: a running process keeps the aged priority it was dispatched with, a ready one ages by a point in 6 s', () => {
  // Agent 2 arrives at 1 s with 47: it needs 10 points less than 50 and more, that is, 7 points of age: 42 s and 1 µs.
  const { events } = runAgents({ agents: agents([0, 50, 59], [1, 47, 2]) });
  expect(gantt(events)).toEqual([
    [1, 0, 43 * S + 1, 'priority'],
    [2, 43 * S + 1, 45 * S + 1, 'ended'],
    [1, 45 * S + 1, 61 * S, 'ended'],
  ]);
});

test('priority: what waited long before its dispatch keeps the age that it had then', () => {
  // Agent 2 waits 30 s: it is dispatched with 60 - 5 = 55. Agent 3 comes with 46, better by 9: it needs 6 s and 1 µs.
  const { events } = runAgents({ agents: agents([0, 50, 30], [0, 60, 10], [30, 46, 5]) });
  expect(gantt(events)).toEqual([
    [1, 0, 30 * S, 'ended'],
    [2, 30 * S, 36 * S + 1, 'priority'],
    [3, 36 * S + 1, 41 * S + 1, 'ended'],
    [2, 41 * S + 1, 45 * S, 'ended'],
  ]);
});

test('priority: nobody starves, however many urgent ones keep coming', () => {
  const urgent = Array.from({ length: 60 }, (_, index) => [index * 9, 10, 10] as const);
  const { all } = runAgents({ agents: agents(...urgent, [1, 60, 5]) });
  // Fifty points are 300 s: it stands before those that come after 301 s, and the 34 before those take 340 s.
  expect(all('process.spawned', 2)[0]?.priority).toBe(60);
  expect(all('process.dispatched', 2).map(({ atUs }) => atUs)).toEqual([340 * S]);
});

test('priority: the slice of 60 s ends when another is ready, and the cut one re-enters as ready now', () => {
  const { events } = runAgents({ agents: agents([0, 50, 90], [10, 60, 40]) });
  // At 60 s agent 2 has aged to 60 - 50/6 = 51.67, agent 1 is 50 as of now, and is picked again. At 120 s 2 has 41.67.
  expect(gantt(events)).toEqual([
    [1, 0, 60 * S, 'slice'],
    [1, 60 * S, 90 * S, 'ended'],
    [2, 90 * S, 130 * S, 'ended'],
  ]);
  const equal = runAgents({ agents: agents([0, 50, 90], [10, 50, 40]) });
  expect(gantt(equal.events)).toEqual([
    [1, 0, 60 * S, 'slice'],
    [2, 60 * S, 100 * S, 'ended'],
    [1, 100 * S, 130 * S, 'ended'],
  ]);
});

test('priority: without another that is ready, a slice ends unnoticed', () => {
  const { events } = runAgents({ agents: agents([0, 50, 200]) });
  expect(gantt(events)).toEqual([[1, 0, 200 * S, 'ended']]);
});

test('priority: another slice can be set, and it holds to the microsecond', () => {
  const { events } = runAgents({
    agents: agents([0, 50, 1], [0, 50, 1]),
    kernel: { scheduling: priorityWith({ ...priorityDefaults, sliceUs: 300_001 }) },
  });
  expect(gantt(events)).toEqual([
    [1, 0, 300_001, 'slice'],
    [2, 300_001, 600_002, 'slice'],
    [1, 600_002, 900_003, 'slice'],
    [2, 900_003, 1_200_004, 'slice'],
    [1, 1_200_004, 1_500_005, 'slice'],
    [2, 1_500_005, 1_800_006, 'slice'],
    [1, 1_800_006, 1_900_003, 'ended'],
    [2, 1_900_003, 2_000_000, 'ended'],
  ]);
});

const quota = [{ name: 'team', limits: defaultQuota }];

test('priority: who used over 30 % of the hourly limit ranks behind its node until the window rolls', () => {
  // Agent 1 has the better priority, but its first call used 40,000 of 100,000 tokens.
  const [big, small] = [
    { maxOutput: 40_000, script: { tokensOut: 40_000, durationUs: 10 * S } },
    burst(10 * S),
  ];
  const { events } = runAgents({
    agents: [
      { priority: 41, body: [burst(0, big), small, sleep(MINUTE), small] },
      { priority: 50, body: [small, small, small] },
    ],
    kernel: { budgets: quota },
  });
  expect(gantt(events)).toEqual([
    [1, 0, 10 * S, 'ended'],
    [2, 10 * S, 20 * S, 'ended'],
    // Agent 2 asks for its next burst at the same instant: agent 1, over its share, stays behind it.
    [2, 20 * S, 30 * S, 'ended'],
    [2, 30 * S, 40 * S, 'ended'],
    [1, 40 * S, 50 * S, 'ended'],
    [1, 110 * S, 120 * S, 'ended'],
  ]);
});

test('priority: the window rolls, and the share is counted anew', () => {
  const big = burst(10 * S, { maxOutput: 40_000, script: { tokensOut: 40_000, durationUs: 10 * S } });
  const untilRoll = sleep(hourUs - 15 * S);
  const { events } = runAgents({
    agents: [
      { priority: 41, body: [big, untilRoll, burst(10 * S), burst(10 * S)] },
      {
        priority: 50,
        body: [sleep(hourUs - 10 * S), burst(5 * S), burst(5 * S), burst(5 * S), burst(5 * S)],
      },
    ],
    kernel: { budgets: quota },
  });
  const from = hourUs - 10 * S;
  expect(gantt(events)).toEqual([
    [1, 0, 10 * S, 'ended'],
    // Ready at hour - 5 s; behind agent 2 until the hour, where agent 2's next call is ready, too.
    [2, from, from + 5 * S, 'ended'],
    [2, from + 5 * S, hourUs, 'ended'],
    [1, hourUs, hourUs + 10 * S, 'ended'],
    [1, hourUs + 10 * S, hourUs + 20 * S, 'ended'],
    [2, hourUs + 20 * S, hourUs + 25 * S, 'ended'],
    [2, hourUs + 25 * S, hourUs + 30 * S, 'ended'],
  ]);
});

test('priority: the quota rule is among the processes of one node, others are not affected', () => {
  const big = burst(10 * S, { maxOutput: 40_000, script: { tokensOut: 40_000, durationUs: 10 * S } });
  const { events } = runAgents({
    agents: [
      { priority: 41, budget: 'team', body: [big, burst(10 * S)] },
      { priority: 50, budget: 'other', body: [burst(10 * S), burst(10 * S)] },
    ],
    kernel: { budgets: [...quota, { name: 'other', limits: defaultQuota }] },
  });
  expect(gantt(events).map(([pid]) => pid)).toEqual([1, 1, 2, 2]);
});

test('priority: who goes over the share in the middle of a call is preempted then, once', () => {
  const long = burst(MINUTE, { maxOutput: 60_000, script: { tokensOut: 60_000, durationUs: MINUTE } });
  const kernel = new SteppedKernel({
    agents: [{ body: [long] }, { body: [burst(S)] }, { budget: 'other', body: [burst(S)] }],
    kernel: { budgets: [...quota, { name: 'other', limits: defaultQuota }] },
  });
  const progress = (atUs: number, tokensOut: number) =>
    kernel.step(atUs, { type: 'call.progress', core: 0 as never, pid: 1 as never, tokensOut });
  kernel.spawn(0, 1);
  kernel.spawn(1 * S, 3);
  expect(progress(2 * S, 30_000)).toEqual([]);
  // Over, but nobody else of its node is ready.
  expect(progress(3 * S, 30_001)).toEqual([]);
  expect(kernel.spawn(4 * S, 2)).toMatchObject([{ type: 'call.stop', pid: 1 }]);
  // The next is whoever stands first, of whatever node; pid 1 ranks behind pid 3, which is of its node.
  expect(kernel.endCall(5 * S, 1, { reason: 'stopped', tokensOut: 31_000 })).toMatchObject([
    { type: 'call.start', pid: 2 },
  ]);
  expect(kernel.endCall(6 * S, 2)).toMatchObject([{ type: 'call.start', pid: 3 }]);
  expect(kernel.endCall(7 * S, 3)).toMatchObject([{ type: 'call.start', pid: 1, resumed: true }]);
  expect(progress(8 * S, 40_000)).toEqual([]);
});

test('several cores: the lowest free core is used first, each core has its own slice', () => {
  const { events } = runAgents({
    agents: agents([0, 50, 6], [0, 50, 3], [1, 50, 5], [2, 50, 4]),
    kernel: { scheduling: roundRobinWith({ sliceUs: 4 * S }), engines: [{ cores: 2 }] },
  });
  // 1 is cut at 4 s for 4, which came before it re-entered; 3 is cut at 7 s for 1.
  expect(gantt(events, 0)).toEqual([
    [1, 0, 4 * S, 'slice'],
    [4, 4 * S, 8 * S, 'ended'],
    [3, 8 * S, 9 * S, 'ended'],
  ]);
  expect(gantt(events, 1)).toEqual([
    [2, 0, 3 * S, 'ended'],
    [3, 3 * S, 7 * S, 'slice'],
    [1, 7 * S, 9 * S, 'ended'],
  ]);
});

test('several engines: each has its own queue, and processes go where the fewest are', () => {
  const { events, all } = runAgents({
    agents: [
      ...agents([0, 50, 6], [0, 50, 6], [0, 50, 6]),
      { engine: 'b', body: [burst(2 * S)] },
      { atUs: 8 * S + 1, body: [burst(S)] },
    ],
    kernel: { engines: [{ name: 'a' }, { name: 'b' }], scheduling: fifo },
  });
  expect(all('process.spawned').map(({ engine }) => engine)).toEqual([0, 1, 0, 1, 1]);
  expect(gantt(events, 0)).toEqual([
    [1, 0, 6 * S, 'ended'],
    [3, 6 * S, 12 * S, 'ended'],
  ]);
  expect(gantt(events, 1)).toEqual([
    [2, 0, 6 * S, 'ended'],
    [4, 6 * S, 8 * S, 'ended'],
    [5, 8 * S + 1, 9 * S + 1, 'ended'],
  ]);
});

test('a call takes as long as its prefill and decode at the rates of the engine', () => {
  const engines = [{ prefillTokensPerSecond: 1_000, decodeTokensPerSecond: 50 }];
  const { events, all } = runAgents({
    agents: [{ body: [{ kind: 'allocate', tokens: 2_000 }, think(100), think(50)] }],
    kernel: { engines },
  });
  // 2 s of prefill and 2 s of decode; then the prompt is cached: 1 s of decode.
  expect(gantt(events)).toEqual([
    [1, 0, 4 * S, 'ended'],
    [1, 4 * S, 5 * S, 'ended'],
  ]);
  expect(
    all('call.ended').map(({ newPrefillUs, tokensIn, tokensCached }) => [
      newPrefillUs,
      tokensIn,
      tokensCached,
    ]),
  ).toEqual([
    [2 * S, 2_000, 0],
    [0, 2_000, 2_000],
  ]);
});

test('every policy runs the same work: what is used is the same, only the order differs', () => {
  const work = agents([0, 30, 3, 1, 4], [1, 60, 2, 2], [2, 45, 7], [2, 20, 1, 1, 1]);
  for (const scheduling of [fifo, priority, roundRobinWith({ sliceUs: 700_000 })]) {
    const { events, kernel } = runAgents({ agents: work, kernel: { scheduling } });
    const bars = gantt(events);
    expect(bars.reduce((sum, [, fromUs, toUs]) => sum + toUs - fromUs, 0)).toBe(22 * S);
    expect(bars.at(-1)?.[2]).toBe(22 * S);
    expect(kernel.snapshot().processes.map(({ usage }) => usage.coreUs)).toEqual([
      8 * S,
      4 * S,
      7 * S,
      3 * S,
    ]);
  }
});
