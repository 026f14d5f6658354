/** Engines with queues of their own, and idle ones that steal: from whom, whom, and when. */
import { expect, test } from 'vitest';

import type { Charge, CreateSchedulingPolicy } from '../../src/kernel/contracts.ts';
import type { EngineOptions } from '../../src/kernel/engine-options.ts';
import type { KernelOptionsInput } from '../../src/kernel/options.ts';
import { fifo } from '../../src/policies/scheduling/fifo.ts';
import { runAgents, type Agent, type Ran } from '../support/run-agents.ts';
import { allocate, burst, SECOND as S, sleep } from '../support/syscalls.ts';
import { page } from './memory/scenario.ts';

const engine = (name: string, options: Partial<EngineOptions> = {}): Partial<EngineOptions> => ({
  name,
  memoryTokens: 100_000,
  prefillTokensPerSecond: 1_000,
  ...options,
});

const stealing = (kernel: Partial<KernelOptionsInput> = {}): Partial<KernelOptionsInput> => ({
  steal: true,
  residency: 'prefix',
  scheduling: fifo,
  engines: [engine('a'), engine('b')],
  ...kernel,
});

const moves = ({ all }: Ran) =>
  all('process.migrated').map(({ pid, from, to, lostTokens, atUs }) => [pid, from, to, lostTokens, atUs / S]);
const on = (name: string, us: number, context: Agent['body'] = []): Agent => ({
  engine: name,
  body: [...(context as []), burst(us)],
});

test('an idle engine takes who has stood ready longest elsewhere', () => {
  const agents = [on('a', 10 * S), on('b', 4 * S), on('a', 5 * S), on('a', 5 * S), on('a', 2 * S)];
  const ran = runAgents({ agents, kernel: stealing() });
  expect(moves(ran)).toEqual([
    [3, 0, 1, 0, 4],
    [4, 0, 1, 0, 9],
  ]);
  expect(ran.all('process.dispatched', 5)).toMatchObject([{ core: 0, atUs: 10 * S }]);
});

test('the victim is the longest queue, of several the first', () => {
  const engines = ['a', 'b', 'c', 'd'].map((name) => engine(name));
  const agents = [
    ...['a', 'b', 'c'].map((name) => on(name, 10 * S)),
    on('d', S),
    on('a', 10 * S),
    on('b', 10 * S),
    on('b', 2 * S),
    on('c', 10 * S),
    on('c', 10 * S),
  ];
  const ran = runAgents({ agents, kernel: stealing({ engines }) });
  // At 1 s b and c have two each, a has one.
  expect(moves(ran)[0]).toEqual([6, 1, 3, 0, 1]);
});

test('whoever loses least goes first', () => {
  // Both have stood ready so long that they may leave; process 2 longer.
  const agents: Agent[] = [
    on('b', 8 * S),
    { engine: 'a', body: [page('long', 2_000), burst(S), sleep(0.1 * S), burst(S)] },
    { engine: 'a', body: [page('short', 500), burst(S), sleep(0.1 * S), burst(S)] },
    { engine: 'a', atUs: 0.5 * S, body: [burst(9 * S)] },
  ];
  const ran = runAgents({ agents, kernel: stealing() });
  expect(ran.all('process.ready', 2)[1]!.atUs).toBeLessThan(ran.all('process.ready', 3)[1]!.atUs);
  expect(moves(ran)[0]).toEqual([3, 0, 1, 500, 8]);
});

test('nobody is stolen before it has waited for its engine as long as that is worth', () => {
  const agents: Agent[] = [
    { engine: 'a', body: [page('context', 1_000), burst(S), sleep(S), burst(S)] },
    on('b', S),
    { engine: 'a', atUs: 1.5 * S, body: [burst(10 * S)] },
  ];
  const ran = runAgents({ agents, kernel: stealing() });
  expect(moves(ran)).toEqual([[1, 0, 1, 1_000, 3]]);
  expect(ran.all('process.dispatched', 1)[1]).toMatchObject({ atUs: 3 * S, repeatedTokens: 1_000 });
  const hasty = runAgents({ agents, kernel: stealing({ affinity: 0 }) });
  expect(moves(hasty)).toEqual([[1, 0, 1, 1_000, 2]]);
});

test('calls that have begun, and those for which there is no room, are left alone', () => {
  const agents: Agent[] = [
    { engine: 'a', priority: 50, body: [burst(10 * S)] },
    { engine: 'a', priority: 10, atUs: S, body: [burst(10 * S)] },
    { engine: 'a', priority: 90, body: [allocate(5_000), burst(S)] },
    on('b', 2 * S),
  ];
  const { scheduling: _, ...kernel } = stealing({
    engines: [engine('a'), engine('b', { memoryTokens: 4_000 })],
  });
  const ran = runAgents({ agents, kernel });
  expect(ran.all('call.stopped', 1)).toHaveLength(1);
  expect(moves(ran)).toEqual([]);
});

test('a policy learns of what a process used on other engines when it comes, and of its end wherever it was', () => {
  const told: string[] = [];
  let made = 0;
  const listening: CreateSchedulingPolicy = (context) => {
    const policy = fifo(context);
    const at = 'ab'[made++]!;
    return {
      name: 'listening',
      ready: (pid, sinceUs) => policy.ready(pid, sinceUs),
      pick: (core, nowUs) => policy.pick(core, nowUs),
      charge: (pid, { coreUs }: Charge) => void told.push(`${at}: ${pid} used ${coreUs / S} s`),
      waiting: (pid, nowUs) => policy.waiting(pid, nowUs),
      exited: (pid, nowUs) => {
        told.push(`${at}: ${pid} exited`);
        policy.exited(pid, nowUs);
      },
      slice: (pid) => policy.slice(pid),
    };
  };
  const agents: Agent[] = [
    { engine: 'a', body: [burst(S), sleep(S), burst(2 * S), sleep(S), burst(3 * S)] },
    { engine: 'a', atUs: 1.5 * S, body: [burst(3.25 * S)] },
    { engine: 'b', atUs: 4.5 * S, body: [burst(9 * S)] },
  ];
  const ran = runAgents({ agents, kernel: stealing({ scheduling: listening }) });
  expect(moves(ran).map(([pid, from, to]) => [pid, from, to])).toEqual([
    [1, 0, 1],
    [1, 1, 0],
  ]);
  expect(told.filter((line) => line.includes(': 1 '))).toEqual([
    'a: 1 used 1 s',
    'b: 1 used 1 s',
    'b: 1 used 2 s',
    'a: 1 used 2 s',
    'a: 1 used 3 s',
    'a: 1 exited',
    'b: 1 exited',
  ]);
});

test('options that have no effect are refused', () => {
  const run = (kernel: Partial<KernelOptionsInput>) => () => runAgents({ agents: [], kernel });
  expect(run({ queues: 'one', steal: true })).toThrow('steal');
  expect(run({ affinity: 2 })).toThrow('affinity');
  expect(run({ steal: true, affinity: -1 })).toThrow('affinity');
  expect(run({ queues: 'two' as 'one' })).toThrow('queues');
  expect(run({ steal: 1 as unknown as boolean })).toThrow('steal');
});
