/** Mistakes that random worlds found, as the smallest scenarios that show them. */
import { expect, test } from 'vitest';

import type { Json, RequestId } from '../../src/kernel/ids.ts';
import type { Syscall } from '../../src/kernel/syscalls.ts';
import { workingSetWith } from '../../src/policies/load-control/working-set.ts';
import { priorityDefaults, priorityWith } from '../../src/policies/scheduling/priority.ts';
import { roundRobinWith } from '../../src/policies/scheduling/round-robin.ts';
import { Simulation } from '../../src/sim/simulation.ts';
import { kernelOf, runAgents, type AgentRun } from '../support/run-agents.ts';
import { SteppedKernel } from '../support/step-kernel.ts';
import {
  allocate,
  burst,
  callTools,
  failed,
  MINUTE,
  ok,
  onPage,
  SECOND,
  sleep,
  spawn,
  think,
  tool,
} from '../support/syscalls.ts';

const huge = Number.MAX_SAFE_INTEGER;

test.each<[string, Syscall, string]>([
  ['a sleep beyond what time can count', sleep(huge), 'us'],
  ['a time limit beyond what time can count', { kind: 'receive', timeoutUs: huge }, 'timeoutUs'],
  ['an answer of more tokens than can be added up', think(huge), 'maxOutput'],
  ['a prompt of more tokens than can be added up', think(1, { promptTokens: huge }), 'promptTokens'],
  ['a page of more tokens than can be added up', allocate(huge), 'tokens'],
  [
    'pages of more tokens together',
    allocate(2, { blocks: { space: 's', first: 0, count: 4_294_967_295 } }),
    'tokens',
  ],
  ['a signal that does not exist', { kind: 'signal', pid: 1 as never, signal: 'dance' as 'stop' }, 'signal'],
])('%s is refused, not believed', (_, syscall, field) => {
  const { results, all } = runAgents({ agents: [{ body: [syscall] }], kernel: { oversize: 'bypass' } });
  expect(results(1)).toEqual([failed('INVALID_ARGUMENT', field)]);
  expect(all('signal.delivered')).toEqual([]);
});

test('a page id between two pages is no page', () => {
  const { results } = runAgents({
    agents: [{ body: [allocate(1), allocate(1), onPage('pin', 1.5), think(1)] }],
  });
  expect(results(1)[2]).toEqual(failed('UNKNOWN_PAGE'));
});

test('who stops its parent stops with it, and goes on with it', () => {
  const { results, end, all } = runAgents({
    agents: [{ capabilities: { signal: 'all' }, body: [spawn('child'), sleep(MINUTE)] }],
    programs: { child: [{ kind: 'signal', pid: 1 as never, signal: 'stop' }, sleep(SECOND)] },
    signals: [[10 * SECOND, 1, 'continue']],
  });
  expect(all('process.suspended').map(({ pid }) => pid)).toEqual([1, 2]);
  expect(results(2)).toEqual([ok(), ok()]);
  expect(end(2).atUs).toBe(11 * SECOND);
});

test('a call that bypasses memory does not wait for it', () => {
  const answer = (tokens: number, durationUs: number) =>
    think(tokens, { script: { tokensOut: 1, durationUs } });
  const { end } = runAgents({
    agents: [
      { body: [answer(10, 10 * SECOND)] },
      { body: [answer(80, SECOND)] },
      // Waits for memory until the second has ended; it is the first that may begin then, but the last, of better priority, is picked.
      { body: [answer(50, SECOND)] },
      { atUs: SECOND / 2, priority: 0, body: [answer(200, SECOND)] },
    ],
    kernel: { engines: [{ cores: 3, memoryTokens: 100, preemption: 'none' }], oversize: 'bypass' },
  });
  expect([end(3).atUs, end(4).atUs]).toEqual([2 * SECOND, 2 * SECOND]);
});

test('a slice that other busy cores slow down is still long enough to get somewhere', () => {
  const long = think(200, { script: { tokensOut: 200 } });
  const setup: AgentRun = {
    agents: [{ body: [allocate(10), long] }, { body: [allocate(10), long] }],
    kernel: {
      // One core at half its speed; a stopped call pays for its answer's tokens again.
      engines: [
        {
          preemption: 'continue',
          throughput: [0.5],
          prefillTokensPerSecond: 1_000,
          decodeTokensPerSecond: 1_000,
        },
      ],
      scheduling: roundRobinWith({ sliceUs: 2_000 }),
    },
    untilUs: 10 * MINUTE,
  };
  const { kernel } = runAgents(setup);
  expect(kernel.alive).toBe(0);
});

test('who waits for memory and is kept out by load control is let on once', () => {
  const answer = (tokens: number, durationUs: number) =>
    think(tokens, { script: { tokensOut: 1, durationUs } });
  const shared = allocate(40, { text: 'shared' });
  const { all, end } = runAgents({
    agents: [
      { body: [allocate(50, { pinned: true }), answer(1, 1), sleep(5 * SECOND), onPage('unpin', 1)] },
      // Too large beside the pinned page; then, as load control counts the shared page twice, beside the third.
      { atUs: SECOND, body: [shared, answer(20, SECOND), sleep(SECOND)] },
      { atUs: 2 * SECOND, body: [shared, answer(5, 8 * SECOND)] },
    ],
    kernel: { engines: [{ cores: 2, memoryTokens: 100 }], loadControl: workingSetWith({ windowUs: SECOND }) },
  });
  expect(all('process.waiting', 2).map(({ on }) => on)).toEqual(['memory', 'memory', 'timer']);
  expect(end(2).atUs).toBe(12 * SECOND);
});

test('the end of a first attempt, told twice, does not pass for the end of the second', () => {
  const spec = {
    name: 'write',
    description: '',
    parameters: { type: 'object' } as Json,
    retries: 1,
    retryWaitUs: 1,
  };
  const agents = [{ body: [callTools(tool('write'))] }, { body: [callTools(tool('write'))] }];
  const kernel = new SteppedKernel({ agents, kernel: { tools: [spec] } });
  const [first] = kernel.spawn(0, 1);
  const { request } = first as { readonly request: RequestId };
  const end = { type: 'tool.ended', request, ok: false, value: 'no', attempt: 0 } as const;
  kernel.spawn(0, 2);
  kernel.step(SECOND, end);
  const { timer } = kernel.requests.find(({ type }) => type === 'timer.set') as never as {
    readonly timer: never;
  };
  expect(kernel.step(SECOND + 1, { type: 'timer.fired', timer })).toMatchObject([
    { type: 'tool.start', request, attempt: 1 },
  ]);
  // The second attempt still runs: the other process must not start beside it.
  expect(kernel.step(2 * SECOND, end)).toEqual([]);
  expect(kernel.step(3 * SECOND, { ...end, ok: true, attempt: 1 })).toMatchObject([
    { type: 'tool.start', identity: { pid: 2 } },
  ]);
});

test('a call that would bypass memory and is refused by its budget leaves no trace in what the next one pays', () => {
  const { results } = runAgents({
    agents: [{ budget: 'small', body: [think(200), allocate(10), think(10)] }],
    kernel: {
      engines: [{ memoryTokens: 100 }],
      oversize: 'bypass',
      budgets: [{ name: 'small', limits: [{ resource: 'tokens', amount: 100, window: { kind: 'total' } }] }],
    },
  });
  expect(results(1).map((result) => (result.ok ? 'ok' : result.code))).toEqual([
    'BUDGET_EXCEEDED',
    'ok',
    'ok',
  ]);
});

test('who waits for memory has been let on: it does not stand behind those that load control still keeps out', () => {
  const answer = (tokens: number, durationUs: number) =>
    think(tokens, { script: { tokensOut: 1, durationUs } });
  const { kernel, all } = runAgents({
    agents: [
      { body: [allocate(50, { pinned: true }), answer(1, 1), sleep(5 * SECOND), onPage('unpin', 1)] },
      { body: [allocate(25), answer(5, 3 * SECOND)] },
      { body: [allocate(10), answer(2, 20 * SECOND)] },
      // Kept out beside the two. When the first of them has ended it is let on, but the pinned page leaves no room.
      { atUs: SECOND, body: [allocate(40), answer(25, SECOND)] },
      // Kept out as long as anybody runs.
      { atUs: 2 * SECOND, body: [allocate(40), answer(50, SECOND)] },
    ],
    kernel: { engines: [{ cores: 3, memoryTokens: 100 }], loadControl: workingSetWith({ windowUs: SECOND }) },
  });
  expect(kernel.alive).toBe(0);
  const started = all('process.dispatched').filter(({ pid }) => pid > 3);
  expect(started.map(({ pid, atUs }) => [pid, Math.floor(atUs / SECOND)])).toEqual([
    [4, 5],
    [5, 20],
  ]);
});

test('while nobody else is ready, slices need no timers, and still end where they would have ended', () => {
  const kernel = kernelOf({
    agents: [{ body: [burst(10 * SECOND)] }, { body: [burst(SECOND)] }],
    kernel: { scheduling: roundRobinWith({ sliceUs: 1_000 }) },
  });
  const stops: number[] = [];
  let timers = 0;
  const simulation = new Simulation({
    kernel,
    onInput: ({ type }) => void (timers += type === 'timer.fired' ? 1 : 0),
    onEvent: (event) => void (event.type === 'call.stopped' && stops.push(event.atUs)),
  });
  const agent = { arguments: null, name: 'agent' };
  simulation.spawn(0, { ...agent, program: 'agent-1', run: 'run-1' });
  simulation.spawn(5_000_500, { ...agent, program: 'agent-2', run: 'run-2' });
  simulation.run(5_002_000);
  // Slices of 1 ms: the second arrives in the one that ends at 5.001 s.
  expect(stops).toEqual([5_001_000, 5_002_000]);
  expect(timers).toBeLessThan(5);
});

test('what is left of a prefill that was slowed down is told in whole µs', () => {
  const { all } = runAgents({
    agents: [
      { priority: 60, body: [allocate(1_001), think(5_000)] },
      // Beside it both work at 0.7 of their speed.
      { priority: 50, body: [burst(50)] },
      { priority: 10, atUs: 101, body: [burst(7)] },
      { priority: 10, atUs: 101, body: [burst(7)] },
      // Stops it in its answer, when it has run alone.
      { priority: 10, atUs: 3_000, body: [burst(7)] },
      { priority: 10, atUs: 3_000, body: [burst(7)] },
    ],
    kernel: {
      engines: [
        {
          cores: 2,
          throughput: [1, 0.7],
          prefillTokensPerSecond: 1_000_000,
          decodeTokensPerSecond: 1_000_000,
        },
      ],
    },
  });
  const told = all('call.stopped', 1).map(({ newPrefillUs }) => newPrefillUs);
  expect(told).toHaveLength(2);
  expect(told.every(Number.isInteger)).toBe(true);
});

test.each(['resume', 'continue'] as const)(
  '%s: a load that was cut off ends before the slice begins',
  (preemption) => {
    const { all } = runAgents({
      agents: [
        { body: [allocate(100), think(1), sleep(10 * SECOND), think(5)] },
        { atUs: 5 * SECOND, body: [allocate(100), think(1)] },
        // In the middle of the load of 1 s: one that outranks the first, and one that is its peer.
        { atUs: 10.5 * SECOND, priority: 0, body: [burst(1_000)] },
        { atUs: 10.5 * SECOND, body: [burst(2 * SECOND)] },
      ],
      kernel: {
        scheduling: priorityWith({ ...priorityDefaults, sliceUs: 1_000 }),
        engines: [
          { memoryTokens: 150, loadTokensPerSecond: 100, decodeTokensPerSecond: 1_000_000, preemption },
        ],
      },
    });
    const starts = all('process.dispatched', 1);
    expect(starts[1]).toMatchObject({ loadTokens: 100 });
    expect(starts.length).toBeLessThan(6);
  },
);
