/** Load control: processes are kept out or suspended instead of thrashing, and nobody is forgotten. */
import { expect, test } from 'vitest';

import type { CreateLoadControlPolicy, LoadControlPolicy } from '../../src/kernel/contracts.ts';
import type { PreemptionCapability } from '../../src/kernel/engine-options.ts';
import type { Pid } from '../../src/kernel/ids.ts';
import { pageFaultFrequency } from '../../src/policies/load-control/page-fault-frequency.ts';
import { pauseAndRestore } from '../../src/policies/load-control/pause-and-restore.ts';
import { workingSet } from '../../src/policies/load-control/working-set.ts';
import { lru } from '../../src/policies/paging/lru.ts';
import { fifo } from '../../src/policies/scheduling/fifo.ts';
import { roundRobinWith } from '../../src/policies/scheduling/round-robin.ts';
import { gantt } from '../support/gantt.ts';
import { runAgents, type Agent } from '../support/run-agents.ts';
import { allocate, burst, HOUR, SECOND, sleep, think } from '../support/syscalls.ts';

const S = SECOND;

test.each([
  ['working set', workingSet],
  ['page-fault frequency', pageFaultFrequency],
  ['pause and restore', pauseAndRestore],
])('%s: what would thrash runs one after another', (_name, control) => {
  // Four agents of 40 tokens of context, three quarters of which are of one kind; memory for two; slices that end long before a call does.
  const agent: Agent = { body: [allocate(400), think(100), think(100), think(100)] };
  const run = (loadControl: CreateLoadControlPolicy | undefined) =>
    runAgents({
      agents: [agent, agent, agent, agent],
      kernel: {
        scheduling: roundRobinWith({ sliceUs: 200_000 }),
        paging: lru,
        residency: 'prefix',
        engines: [{ memoryTokens: 1_100, prefillTokensPerSecond: 1_000, decodeTokensPerSecond: 100 }],
        ...(loadControl === undefined ? {} : { loadControl }),
      },
    });
  const tokens = (ran: ReturnType<typeof run>) =>
    ran.all('page.faulted').reduce((sum, event) => sum + (event.kind === 'capacity' ? event.tokens : 0), 0);
  const wild = run(undefined);
  const controlled = run(control);
  expect(tokens(wild)).toBeGreaterThan(10_000);
  expect(tokens(controlled)).toBeLessThan(tokens(wild) / 5);
  for (const pid of [1, 2, 3, 4]) expect(controlled.end(pid).outcome).toBe('completed');
  expect(controlled.end(4).atUs).toBeLessThan(wild.end(4).atUs / 2);
});

test('working set: one that is alone always starts, whatever it asks for', () => {
  const { end } = runAgents({
    agents: [{ body: [allocate(900), think(100)] }],
    kernel: { loadControl: workingSet, engines: [{ memoryTokens: 1_000 }] },
  });
  expect(end(1).outcome).toBe('completed');
});

test('working set: one that is kept out waits on memory and starts when the others are done', () => {
  const { all } = runAgents({
    agents: [
      { body: [allocate(500), burst(10 * S, { maxOutput: 100 })] },
      { atUs: S, body: [allocate(500), burst(S, { maxOutput: 100 })] },
    ],
    kernel: { loadControl: workingSet, scheduling: fifo, engines: [{ memoryTokens: 1_000, cores: 2 }] },
  });
  expect(all('process.waiting', 2)).toMatchObject([{ on: 'memory', atUs: S }]);
  expect(all('process.dispatched', 2)).toMatchObject([{ atUs: 10 * S }]);
});

/** Says what the test says. */
function told(policy: Partial<LoadControlPolicy>): CreateLoadControlPolicy {
  return () => ({
    name: 'told',
    mayStart: () => true,
    toSuspend: () => undefined,
    recheckUs: () => Infinity,
    ...policy,
  });
}

/** Suspends pid 1 once, when the second call starts; lets it on from `untilUs`, asked every second. */
function suspendsOnce(untilUs: number): CreateLoadControlPolicy {
  let starts = 0;
  return told({
    toSuspend: () => (++starts === 2 ? (1 as Pid) : undefined),
    mayStart: (pid, nowUs) => pid !== 1 || starts < 2 || nowUs >= untilUs,
    recheckUs: () => S,
  });
}

test.each<readonly [PreemptionCapability, number, number]>([
  ['resume', 13, 1],
  // The partial answer of 3 s, 300 tokens, is prefilled again in 0.3 s; and each stretch has a reservation of its own.
  ['continue', 13.3, 2],
])(
  '%s: a running call that is suspended goes on when it may, and is paid',
  (preemption, endsAtS, reservations) => {
    const { all, end, events } = runAgents({
      agents: [{ body: [think(600)] }, { atUs: 3 * S, body: [burst(S)] }],
      kernel: {
        loadControl: suspendsOnce(10 * S),
        engines: [{ cores: 2, preemption, prefillTokensPerSecond: 1_000, decodeTokensPerSecond: 100 }],
        budgets: [
          {
            name: 'root',
            limits: [{ resource: 'tokens', amount: 100_000, window: { kind: 'fixed', lengthUs: HOUR } }],
          },
        ],
      },
    });
    expect(gantt(events)).toEqual([
      [1, 0, 3 * S, 'load-control'],
      [1, 10 * S, endsAtS * S, 'ended'],
    ]);
    expect(all('process.suspended')).toMatchObject([{ pid: 1, by: 'load-control', atUs: 3 * S }]);
    expect(all('process.continued')).toMatchObject([{ pid: 1, atUs: 10 * S }]);
    expect(all('budget.reserved', 1)).toHaveLength(reservations);
    expect(end(1)).toMatchObject({ outcome: 'completed', atUs: endsAtS * S });
  },
);

test('none: a running call is not stopped by load control', () => {
  const { events } = runAgents({
    agents: [{ body: [burst(6 * S)] }, { atUs: 3 * S, body: [burst(S)] }],
    kernel: { loadControl: suspendsOnce(10 * S), engines: [{ cores: 2, preemption: 'none' }] },
  });
  expect(gantt(events)).toEqual([[1, 0, 6 * S, 'ended']]);
});

test('one that is suspended in the ready queue leaves it until it may go on', () => {
  // Pid 1 is ready behind pid 2 when pid 3 starts.
  const { all } = runAgents({
    agents: [{ atUs: 1, priority: 90, body: [burst(S)] }, { body: [burst(S), burst(S)] }],
    kernel: {
      loadControl: told({
        toSuspend: (nowUs) => (nowUs === S ? (2 as Pid) : undefined),
        mayStart: (pid, nowUs) => pid !== 2 || nowUs >= 20 * S,
        recheckUs: (nowUs) => 20 * S - nowUs,
      }),
    },
  });
  expect(all('process.suspended')).toMatchObject([{ pid: 2, atUs: S }]);
  expect(all('process.dispatched', 2)).toMatchObject([{ atUs: 20 * S }]);
});

test.each(['stop', 'kill'] as const)('the signal %s to one that load control has suspended', (signal) => {
  const { end, all } = runAgents({
    agents: [{ body: [burst(6 * S)] }, { atUs: 3 * S, body: [burst(S)] }],
    kernel: { loadControl: suspendsOnce(10 * S), engines: [{ cores: 2 }] },
    signals: [
      [5 * S, 1, signal],
      [30 * S, 1, 'continue'],
    ],
  });
  if (signal === 'kill') expect(end(1)).toMatchObject({ outcome: 'killed', atUs: 5 * S });
  // Stopped by a signal, only a signal lets it on.
  else expect(all('process.dispatched', 1).map(({ atUs }) => atUs)).toEqual([0, 30 * S]);
});

test('a signal `continue` does not overrule load control', () => {
  const { all } = runAgents({
    agents: [{ body: [burst(6 * S)] }, { atUs: 3 * S, body: [burst(S)] }],
    kernel: { loadControl: suspendsOnce(10 * S), engines: [{ cores: 2 }] },
    signals: [[5 * S, 1, 'continue']],
  });
  expect(all('process.dispatched', 1).map(({ atUs }) => atUs)).toEqual([0, 10 * S]);
});

test('one that is killed while it is kept out leaves the queue to the next', () => {
  const { all, end } = runAgents({
    agents: [{ body: [burst(10 * S)] }, { atUs: S, body: [burst(S)] }, { atUs: 2 * S, body: [burst(S)] }],
    kernel: {
      loadControl: told({
        mayStart: (pid, nowUs) => pid === 1 || (pid === 3 && nowUs >= 5 * S),
        recheckUs: () => S,
      }),
      scheduling: fifo,
      engines: [{ cores: 2 }],
    },
    signals: [[4 * S, 2, 'kill']],
  });
  expect(end(2).outcome).toBe('killed');
  expect(all('process.dispatched', 3)).toMatchObject([{ atUs: 5 * S }]);
});

test('one that is kept out is asked for again when the policy says so, though nothing else happens', () => {
  const { all } = runAgents({
    agents: [{ body: [burst(S)] }],
    kernel: { loadControl: told({ mayStart: (_, nowUs) => nowUs >= 20 * S, recheckUs: () => 3 * S }) },
  });
  expect(all('process.dispatched')).toMatchObject([{ atUs: 21 * S }]);
});

test('the time for which it is asked again is no reason to go on when nobody is kept out', () => {
  const { simulation } = runAgents({
    agents: [
      { body: [allocate(500), burst(10 * S, { maxOutput: 100 })] },
      { atUs: S, body: [allocate(500), burst(S, { maxOutput: 100 }), sleep(1)] },
    ],
    kernel: { loadControl: workingSet, scheduling: fifo, engines: [{ memoryTokens: 1_000, cores: 2 }] },
  });
  expect(simulation.nowUs).toBe(11 * S + 1);
});

test('one that is kept out does not starve while small ones keep coming', () => {
  const small = Array.from({ length: 40 }, (_, index): Agent => ({
    atUs: index * S,
    body: [allocate(200), burst(2 * S, { maxOutput: 100 })],
  }));
  const { all, end } = runAgents({
    agents: [...small, { atUs: 3 * S + 1, body: [allocate(700), burst(S, { maxOutput: 100 })] }],
    kernel: { loadControl: workingSet, scheduling: fifo, engines: [{ memoryTokens: 1_000, cores: 4 }] },
  });
  const big = all('process.spawned').find(({ name }) => name === 'agent-41')!.pid;
  // It comes when three of them run; those that come later wait behind it.
  expect(end(big).atUs).toBeLessThan(10 * S);
  expect(all('process.terminated')).toHaveLength(41);
});

test('pause and restore: who was let on does not queue between its calls behind those that are kept out', () => {
  const { all } = runAgents({
    agents: [
      { body: [allocate(500), burst(2 * S), sleep(S), burst(2 * S)] },
      { body: [allocate(300), burst(10 * S)] },
      { atUs: S, body: [allocate(400), burst(S)] },
    ],
    kernel: { loadControl: pauseAndRestore, scheduling: fifo, engines: [{ memoryTokens: 1_000, cores: 3 }] },
  });
  expect([1, 2, 3].map((pid) => all('process.dispatched', pid).map(({ atUs }) => atUs / S))).toEqual([
    [0, 3],
    [0],
    [5],
  ]);
});

test('a call that bypasses memory is nobody’s load', () => {
  const { all } = runAgents({
    agents: [
      { body: [allocate(500), burst(10 * S, { maxOutput: 100 })] },
      { atUs: S, body: [burst(5 * S, { maxOutput: 2_000 })] },
      { atUs: 2 * S, body: [allocate(200), burst(S, { maxOutput: 100 })] },
    ],
    kernel: {
      loadControl: workingSet,
      scheduling: fifo,
      oversize: 'bypass',
      engines: [{ memoryTokens: 1_000, cores: 3 }],
    },
  });
  expect([1, 2, 3].map((pid) => all('process.dispatched', pid).map(({ atUs }) => atUs))).toEqual([
    [0],
    [S],
    [2 * S],
  ]);
});
