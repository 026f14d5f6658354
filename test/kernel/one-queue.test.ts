/** One ready queue for several engines: who goes where, when, and what it costs. */
import { expect, test } from 'vitest';

import type { CreatePagingPolicy, CreateSchedulingPolicy } from '../../src/kernel/contracts.ts';
import type { EngineOptions } from '../../src/kernel/engine-options.ts';
import { lru } from '../../src/policies/paging/lru.ts';
import { fifo } from '../../src/policies/scheduling/fifo.ts';
import { priorityDefaults, priorityWith } from '../../src/policies/scheduling/priority.ts';
import { priorityNonpreemptive as staticPriority } from '../../src/policies/scheduling/static-priority.ts';
import { roundRobinWith } from '../../src/policies/scheduling/round-robin.ts';
import type { Pid } from '../../src/kernel/ids.ts';
import type { KernelOptionsInput } from '../../src/kernel/options.ts';
import { runAgents, type Agent, type Ran } from '../support/run-agents.ts';
import { allocate, burst, onPage, SECOND as S, sleep, touch } from '../support/syscalls.ts';
import { page } from './memory/scenario.ts';

/** A token takes a millisecond to prefill. */
const engine = (name: string, options: Partial<EngineOptions> = {}): Partial<EngineOptions> => ({
  name,
  memoryTokens: 100_000,
  prefillTokensPerSecond: 1_000,
  ...options,
});

const oneQueue = (kernel: Partial<KernelOptionsInput> = {}): Partial<KernelOptionsInput> => ({
  queues: 'one',
  residency: 'prefix',
  scheduling: fifo,
  engines: [engine('a'), engine('b')],
  ...kernel,
});

/** [pid, core, from, to] of every stretch in the order of their starts, seconds. */
function stretches({ events }: Ran): number[][] {
  const open = new Map<number, number[]>();
  const all: number[][] = [];
  for (const event of events) {
    if (event.type === 'process.dispatched') {
      const stretch = [event.pid, event.core, event.atUs / S];
      open.set(event.pid, stretch);
      all.push(stretch);
    } else if (event.type === 'call.ended' || event.type === 'call.stopped')
      open.get(event.pid)!.push(event.atUs / S);
  }
  return all;
}

const moves = ({ all }: Ran) =>
  all('process.migrated').map(({ pid, from, to, lostTokens, atUs }) => [pid, from, to, lostTokens, atUs / S]);

test('who was placed on a busy engine starts on an idle one; with queues of their own it waits', () => {
  const agents: Agent[] = [
    { body: [allocate(100), burst(10 * S)] },
    { body: [allocate(100), burst(4 * S)] },
    { body: [allocate(100), burst(5 * S)] },
  ];
  const together = runAgents({ agents, kernel: oneQueue() });
  expect(stretches(together)).toEqual([
    [1, 0, 0, 10],
    [2, 1, 0, 4],
    [3, 1, 4, 9],
  ]);
  expect(moves(together)).toEqual([[3, 0, 1, 0, 4]]);
  const { queues: _, ...kernel } = oneQueue();
  const apart = runAgents({ agents, kernel });
  expect(stretches(apart)).toEqual([
    [1, 0, 0, 10],
    [2, 1, 0, 4],
    [3, 0, 10, 15],
  ]);
});

/** Agent 1 has 1,000 tokens on engine a, and asks for a core again at 2 s; agent 3 has that engine from 1.5 s on, for `us`; engine b is idle. */
const returning = (us: number, own: Agent['body'] = [page('context', 1_000)]): Agent[] => [
  { engine: 'a', body: [...(own as []), burst(S), sleep(S), burst(S), sleep(20 * S)] },
  { engine: 'b', body: [burst(S)] },
  { engine: 'a', atUs: 1.5 * S, body: [burst(us)] },
];

test('a process waits for the engine that has its context as long as its prefill elsewhere takes', () => {
  const ran = runAgents({ agents: returning(10 * S), kernel: oneQueue(), untilUs: 10 * S });
  // 1,000 tokens: 1 s, from 2 s on.
  expect(moves(ran)).toEqual([[1, 0, 1, 1_000, 3]]);
  expect(stretches(ran).filter(([pid]) => pid === 1)).toEqual([
    [1, 0, 0, 1],
    [1, 1, 3, 5],
  ]);
  expect(ran.all('process.dispatched', 1)[1]).toMatchObject({
    repeatedTokens: 1_000,
    newTokens: 0,
    cachedTokens: 0,
  });
  expect(ran.all('page.faulted', 1)[1]).toMatchObject({
    engine: 1,
    kind: 'capacity',
    tokens: 1_000,
    atUs: 3 * S,
  });
  expect(ran.all('call.ended', 1)[1]).toMatchObject({ repeatedPrefillUs: S });
  // What it left stays as cache.
  expect(ran.all('page.freed')).toEqual([]);
  expect(ran.kernel.snapshot().engines.map(({ residentTokens }) => residentTokens)).toEqual([1_000, 1_000]);
});

test('when its own engine has a core within that time, it stays', () => {
  const ran = runAgents({ agents: returning(1.25 * S), kernel: oneQueue() });
  expect(moves(ran)).toEqual([]);
  expect(stretches(ran).filter(([pid]) => pid === 1)).toEqual([
    [1, 0, 0, 1],
    [1, 0, 2.75, 3.75],
  ]);
});

test.each([
  [0, 2],
  [0.5, 2.5],
  [3, 5],
])('affinity %s: it goes at %s s', (affinity, atS) => {
  const ran = runAgents({ agents: returning(10 * S), kernel: oneQueue({ affinity }), untilUs: 12 * S });
  expect(moves(ran)).toEqual([[1, 0, 1, 1_000, atS]]);
});

test('what another engine has of the same contents counts: less is lost, and it waits less', () => {
  const agents = returning(10 * S, [page('shared', 600), page('own', 400)]);
  agents[1] = { engine: 'b', body: [page('shared', 600), burst(S), sleep(20 * S)] };
  const ran = runAgents({ agents, kernel: oneQueue(), untilUs: 10 * S });
  expect(moves(ran)).toEqual([[1, 0, 1, 400, 2.4]]);
  expect(ran.all('process.dispatched', 1)[1]).toMatchObject({ repeatedTokens: 400, cachedTokens: 600 });
});

test('who comes back finds what it left, as long as nothing has evicted it', () => {
  const agents: Agent[] = [
    {
      engine: 'a',
      body: [page('context', 1_000), burst(S), sleep(S), burst(S), sleep(S), burst(S), sleep(9 * S)],
    },
    { engine: 'a', atUs: 1.5 * S, body: [burst(4 * S)] },
    { engine: 'b', atUs: 5.5 * S, body: [burst(9 * S)] },
  ];
  const ran = runAgents({ agents, kernel: oneQueue(), untilUs: 12 * S });
  expect(moves(ran)).toEqual([
    [1, 0, 1, 1_000, 3],
    [1, 1, 0, 0, 6],
  ]);
  expect(ran.all('process.dispatched', 1)[2]).toMatchObject({
    core: 0,
    repeatedTokens: 0,
    cachedTokens: 1_000,
  });
});

test('contents that are like no other leave with the process', () => {
  const ran = runAgents({
    agents: returning(10 * S, [allocate(1_000)]),
    kernel: oneQueue(),
    untilUs: 10 * S,
  });
  expect(ran.all('page.freed')).toMatchObject([{ engine: 0, tokens: 1_000, atUs: 3 * S }]);
  expect(ran.all('page.faulted', 1)[1]).toMatchObject({ engine: 1, kind: 'capacity' });
});

test('a slower tier has only what its own engine has computed', () => {
  const tier = { loadTokensPerSecond: 100_000, loadLatencyUs: 1_000 };
  const ran = runAgents({
    agents: returning(10 * S),
    kernel: oneQueue({ engines: [engine('a', tier), engine('b', tier)] }),
    untilUs: 10 * S,
  });
  expect(ran.all('process.dispatched', 1)[1]).toMatchObject({ loadTokens: 0, repeatedTokens: 1_000 });
});

test('a call that has begun stays: the slices of those that are bound to one engine alternate there, and nobody makes way elsewhere', () => {
  const agents: Agent[] = [
    { body: [burst(4 * S)] },
    { body: [burst(9 * S)] },
    { atUs: S / 2, body: [burst(4 * S)] },
  ];
  const ran = runAgents({ agents, kernel: oneQueue({ scheduling: roundRobinWith({ sliceUs: S }) }) });
  // At 1 s both slices end; process 3 takes the first core. Process 1 can go on there only, so that process 2 runs on.
  expect(stretches(ran)).toEqual([
    [1, 0, 0, 1],
    [2, 1, 0, 9],
    [3, 0, 1, 2],
    [1, 0, 2, 3],
    [3, 0, 3, 4],
    [1, 0, 4, 5],
    [3, 0, 5, 6],
    [1, 0, 6, 7],
    [3, 0, 7, 8],
  ]);
  expect(moves(ran)).toEqual([]);
});

test('a better one that is bound to another engine lets nobody make way; a better one that is not does', () => {
  const scheduling = priorityWith({ ...priorityDefaults, sliceUs: Infinity });
  const agents: Agent[] = [
    // Preempted on engine a by process 3.
    { engine: 'a', priority: 30, body: [burst(9 * S)] },
    { engine: 'b', priority: 20, body: [burst(3 * S)] },
    { engine: 'a', priority: 0, atUs: S, body: [burst(9 * S)] },
    // Process 1 is better by far.
    { engine: 'b', priority: 60, atUs: 2 * S, body: [burst(9 * S)] },
    // Better than process 4 by enough, and worse than process 1.
    { engine: 'a', priority: 45, atUs: 5 * S, body: [burst(S)] },
  ];
  const ran = runAgents({ agents, kernel: oneQueue({ scheduling }) });
  expect(stretches(ran)).toEqual([
    [1, 0, 0, 1],
    [2, 1, 0, 3],
    [3, 0, 1, 10],
    [4, 1, 3, 5],
    [5, 1, 5, 6],
    [4, 1, 6, 13],
    [1, 0, 10, 18],
  ]);
});

test('its prompt and answer must fit the window, and the memory, as at home', () => {
  const agents: Agent[] = [
    { engine: 'a', body: [allocate(1_000), burst(10 * S)] },
    { engine: 'a', body: [allocate(1_000), burst(S)] },
  ];
  for (const small of [{ windowTokens: 1_000 }, { memoryTokens: 1_000 }]) {
    const ran = runAgents({ agents, kernel: oneQueue({ engines: [engine('a'), engine('b', small)] }) });
    expect(moves(ran)).toEqual([]);
    expect(stretches(ran)[1]).toEqual([2, 0, 10, 11]);
  }
  const roomy = runAgents({
    agents,
    kernel: oneQueue({ engines: [engine('a'), engine('b', { windowTokens: 1_001, memoryTokens: 1_001 })] }),
  });
  expect(stretches(roomy)[1]).toEqual([2, 1, 0, 1]);
});

test('it goes nowhere where it may cost more than is reserved for it under a limit', () => {
  const agents: Agent[] = [
    { engine: 'a', body: [allocate(1_000), burst(10 * S)] },
    { engine: 'a', body: [allocate(1_000), burst(S)] },
  ];
  const dear = { prices: { input: 4_000_000, cachedInput: 300_000, output: 15_000_000 } };
  const engines = [engine('a'), engine('b', dear)];
  const limits = [{ resource: 'microDollars', amount: 1_000_000, window: { kind: 'total' } }] as const;
  const bound = runAgents({ agents, kernel: oneQueue({ engines, budgets: [{ name: 'root', limits }] }) });
  expect(moves(bound)).toEqual([]);
  // Without a limit it may cost what it costs: 1,000 tokens at 4 and one at 15 micro-dollars.
  const free = runAgents({ agents, kernel: oneQueue({ engines }) });
  expect(moves(free)).toHaveLength(1);
  expect(free.all('call.ended', 2)).toMatchObject([{ microDollars: 4_015 }]);
});

test('one that finds no room on an idle engine keeps its place for its own', () => {
  const agents: Agent[] = [
    { engine: 'a', body: [allocate(100), burst(10 * S)] },
    // Pins most of engine b and sleeps.
    { engine: 'b', body: [allocate(900, { pinned: true }), burst(S), sleep(19 * S)] },
    { engine: 'a', atUs: 2 * S, body: [allocate(500), burst(S)] },
    { engine: 'a', atUs: 3 * S, body: [allocate(50), burst(S)] },
  ];
  const engines = [engine('a', { memoryTokens: 1_000 }), engine('b', { memoryTokens: 1_000 })];
  const ran = runAgents({ agents, kernel: oneQueue({ engines }) });
  expect(stretches(ran)).toEqual([
    [1, 0, 0, 10],
    [2, 1, 0, 1],
    [4, 1, 3, 4],
    [3, 0, 10, 11],
  ]);
});

test('as soon as there is room on the idle engine, it goes there', () => {
  const agents: Agent[] = [
    { engine: 'a', body: [allocate(100), burst(10 * S)] },
    {
      engine: 'b',
      body: [allocate(900, { pinned: true }), burst(S), sleep(4 * S), onPage('unpin', 1), sleep(9 * S)],
    },
    { engine: 'a', atUs: 2 * S, body: [allocate(500), burst(S)] },
  ];
  const engines = [engine('a', { memoryTokens: 1_000 }), engine('b', { memoryTokens: 1_000 })];
  const ran = runAgents({ agents, kernel: oneQueue({ engines }), untilUs: 12 * S });
  expect(stretches(ran).at(-1)).toEqual([3, 1, 5, 6]);
});

test('who comes from another engine does not overtake those that wait for memory there', () => {
  const agents: Agent[] = [
    { engine: 'a', body: [allocate(100), burst(10 * S)] },
    // Pins until 6 s; process 3 waits for that. Nothing runs there.
    {
      engine: 'b',
      body: [allocate(900, { pinned: true }), burst(S), sleep(5 * S), onPage('unpin', 1), sleep(9 * S)],
    },
    { engine: 'b', atUs: 2 * S, body: [allocate(500), burst(S)] },
    { engine: 'a', atUs: 3 * S, body: [allocate(50), burst(S)] },
  ];
  const engines = [engine('a', { memoryTokens: 400 }), engine('b', { memoryTokens: 1_000 })];
  const ran = runAgents({ agents, kernel: oneQueue({ engines }), untilUs: 12 * S });
  expect(stretches(ran).slice(2)).toEqual([
    [3, 1, 6, 7],
    [4, 1, 7, 8],
  ]);
});

test('idle cores of an engine whose queue is held are no cores to wait for: at the end of a slice a process makes way', () => {
  const agents: Agent[] = [
    { engine: 'a', body: [burst(3 * S)] },
    { engine: 'b', body: [allocate(900), burst(9 * S)] },
    { engine: 'b', body: [allocate(500), burst(S)] },
    { engine: 'a', atUs: S / 2, body: [burst(S)] },
  ];
  const engines = [engine('a', { memoryTokens: 400 }), engine('b', { cores: 2, memoryTokens: 1_000 })];
  const ran = runAgents({
    agents,
    kernel: oneQueue({ engines, scheduling: roundRobinWith({ sliceUs: S }) }),
  });
  expect(ran.all('queue.held').length).toBeGreaterThan(0);
  expect(stretches(ran).filter(([pid]) => pid === 1 || pid === 4)).toEqual([
    [1, 0, 0, 1],
    [4, 0, 1, 2],
    [1, 0, 2, 4],
  ]);
});

test('of several idle engines, the one that has most of its context', () => {
  const agents: Agent[] = [
    { engine: 'a', body: [burst(10 * S)] },
    { engine: 'c', body: [page('shared', 600), burst(S), sleep(9 * S)] },
    { engine: 'a', atUs: 2 * S, body: [page('shared', 600), burst(S)] },
  ];
  const engines = ['a', 'b', 'c'].map((name) => engine(name));
  const ran = runAgents({ agents, kernel: oneQueue({ engines }) });
  expect(moves(ran)).toEqual([[3, 0, 2, 0, 2]]);
});

test('while it waits for its own engine nobody makes way for it elsewhere; then somebody does', () => {
  const scheduling = priorityWith({ ...priorityDefaults, sliceUs: Infinity });
  const agents: Agent[] = [
    {
      engine: 'a',
      priority: 10,
      body: [page('context', 1_000), burst(S), sleep(S), burst(S), sleep(20 * S)],
    },
    { engine: 'b', priority: 60, body: [burst(20 * S)] },
    // As urgent as process 1.
    { engine: 'a', priority: 10, atUs: 1.5 * S, body: [burst(10 * S)] },
  ];
  const ran = runAgents({ agents, kernel: oneQueue({ scheduling }), untilUs: 12 * S });
  expect(stretches(ran)).toEqual([
    [1, 0, 0, 1],
    [2, 1, 0, 3],
    [3, 0, 1.5, 11.5],
    [1, 1, 3, 5],
    [2, 1, 5],
  ]);
  expect(ran.all('call.stopped')).toHaveLength(1);
});

test('what the own engine only has to load is worth no more than that', () => {
  // 1,000 tokens: 1 s of prefill, or 0.25 s from the tier, where process 3 drove them out.
  const tier = { loadTokensPerSecond: 4_000, memoryTokens: 1_500 };
  const agents: Agent[] = [
    { engine: 'a', body: [page('context', 1_000), burst(S), sleep(S), burst(S), sleep(20 * S)] },
    { engine: 'b', body: [burst(S)] },
    { engine: 'a', atUs: 1.5 * S, body: [allocate(1_400), burst(10 * S)] },
  ];
  const engines = [engine('a', tier), engine('b')];
  const ran = runAgents({ agents, kernel: oneQueue({ engines }), untilUs: 12 * S });
  expect(moves(ran)).toEqual([[1, 0, 1, 0, 2.75]]);
});

test('the policy is told that who was picked and passed over is ready since it was', () => {
  const told: string[] = [];
  const listening: CreateSchedulingPolicy = (context) => {
    const policy = fifo(context);
    return {
      name: 'listening',
      ready: (pid, sinceUs) => {
        told.push(`${pid} ready since ${sinceUs / S} s`);
        return policy.ready(pid, sinceUs);
      },
      pick: (core, nowUs) => {
        const pid = policy.pick(core, nowUs);
        told.push(`${pid} picked`);
        return pid;
      },
      waiting: (pid, nowUs) => {
        told.push(`${pid} waits`);
        policy.waiting(pid, nowUs);
      },
      exited: (pid, nowUs) => policy.exited(pid, nowUs),
      slice: (pid) => policy.slice(pid),
    };
  };
  runAgents({ agents: returning(10 * S), kernel: oneQueue({ scheduling: listening }), untilUs: 3 * S });
  const [, ...after] = told.slice(told.indexOf('1 ready since 2 s'));
  expect(after).toEqual(['1 picked', '1 ready since 2 s', '1 picked']);
});

test.each([
  ['fifo', fifo],
  ['equal priorities', staticPriority],
])('%s: who was passed over while it waited for its own engine is not overtaken there', (_, scheduling) => {
  const agents: Agent[] = [
    { engine: 'a', body: [page('context', 3_000), burst(S), sleep(S), burst(S), sleep(20 * S)] },
    { engine: 'b', body: [burst(2.5 * S)] },
    { engine: 'a', atUs: 1.5 * S, body: [burst(2 * S)] },
    { engine: 'b', atUs: 2.125 * S, body: [burst(5 * S)] },
    { engine: 'b', atUs: 2.25 * S, body: [burst(5 * S)] },
  ];
  const ran = runAgents({ agents, kernel: oneQueue({ scheduling }), untilUs: 6 * S });
  // At 2.5 s process 1 stands first, and process 4 starts on engine b; at 3.5 s engine a is free.
  expect(stretches(ran).slice(3)).toEqual([
    [4, 1, 2.5],
    [1, 0, 3.5, 4.5],
    [5, 0, 4.5],
  ]);
});

test('who finds no room elsewhere lets nobody make way there, however much happens', () => {
  const scheduling = priorityWith({ ...priorityDefaults, sliceUs: Infinity });
  const agents: Agent[] = [
    { engine: 'a', priority: 0, body: [burst(10 * S)] },
    { engine: 'b', body: [allocate(900, { pinned: true }), burst(S), sleep(20 * S)] },
    { engine: 'b', priority: 90, atUs: S, body: [burst(10 * S)] },
    { engine: 'a', priority: 10, atUs: 2 * S, body: [allocate(500), burst(S)] },
    { engine: 'b', atUs: 3 * S, body: Array.from({ length: 9 }, () => sleep(S / 2)) },
  ];
  const engines = [engine('a', { memoryTokens: 1_000 }), engine('b', { memoryTokens: 1_000 })];
  const ran = runAgents({ agents, kernel: oneQueue({ scheduling, engines }), untilUs: 15 * S });
  // Once it is tried.
  expect(ran.all('call.stopped')).toHaveLength(1);
  expect(stretches(ran).at(-1)).toEqual([4, 0, 10, 11]);
});

test('what it has touched is not there: its call pays for that as for any fault, and for nothing else', () => {
  const agents: Agent[] = [
    { engine: 'a', body: [burst(10 * S)] },
    { engine: 'b', body: [page('shared', 600), burst(S), sleep(9 * S)] },
    { engine: 'a', atUs: 2 * S, body: [page('shared', 600), page('own', 1_000), touch(2), burst(S)] },
  ];
  const ran = runAgents({ agents, kernel: oneQueue({ affinity: 0 }) });
  expect(moves(ran)).toEqual([[3, 0, 1, 1_000, 2]]);
  expect(ran.all('process.dispatched', 3)).toMatchObject([
    { newTokens: 0, repeatedTokens: 1_000, cachedTokens: 600 },
  ]);
});

test('the paging policies are told that it has left the one memory and uses the other', () => {
  const told: string[] = [];
  let made = 0;
  const listening: CreatePagingPolicy = (context) => {
    const at = 'ab'[made++]!;
    return Object.assign(lru(context), {
      usedBy: (pid: Pid) => void told.push(`${at}: ${pid} calls`),
      exited: (pid: Pid) => void told.push(`${at}: ${pid} has left`),
    });
  };
  runAgents({ agents: returning(10 * S), kernel: oneQueue({ paging: listening }), untilUs: 6 * S });
  expect(told.filter((line) => line.includes(': 1 '))).toEqual(['a: 1 calls', 'a: 1 has left', 'b: 1 calls']);
});

test('one that has to wait for memory on its own engine goes where there is room', () => {
  const agents: Agent[] = [
    { engine: 'a', body: [allocate(900, { pinned: true }), burst(S), sleep(19 * S)] },
    { engine: 'a', atUs: 2 * S, body: [allocate(500), burst(S)] },
  ];
  const engines = [engine('a', { memoryTokens: 1_000 }), engine('b', { memoryTokens: 1_000 })];
  const ran = runAgents({ agents, kernel: oneQueue({ engines }) });
  expect(moves(ran)).toEqual([[2, 0, 1, 0, 2]]);
  expect(ran.all('process.waiting', 2)).toEqual([]);
});

test('pins go along: the pages are pinned where the process is', () => {
  const ran = runAgents({
    agents: returning(10 * S, [page('context', 1_000, { pinned: true })]),
    kernel: oneQueue(),
    untilUs: 10 * S,
  });
  expect(ran.kernel.snapshot().engines.map(({ pinnedTokens }) => pinnedTokens)).toEqual([0, 1_000]);
});

test('a process is restored on the engine that it was started on', () => {
  const agents = returning(10 * S);
  const ran = runAgents({ agents, kernel: oneQueue(), untilUs: 6 * S });
  expect(moves(ran)).toHaveLength(1);
  expect(ran.store.processes('run-1')[0]).toMatchObject({ engine: 'a' });
});
